//! What a patient pays as the cost grows, in one situation, and the costs at which something changes.

use std::collections::BTreeSet;

use money::Fen;
use terms::Name;

use crate::PayerKind;
use crate::batch::{Candidate, Room};
use crate::decision::{LayerShare, Shares};
use crate::facts::{Accumulators, Parts};
use crate::pack::Band;
use crate::rules::layer::Resolved;

/// See [`Curve::key`].
pub(super) type Key = (i64, Vec<(Name, Vec<i64>)>);

/// A situation with all values found: the patient's cash as a function of the cost within scope.
///
/// Between two breakpoints it is a straight line, but for rounding.
#[derive(Debug)]
pub(super) struct Curve<'p> {
    pub(super) candidate: Candidate<'p>,
    /// Costs at which something changes, rising, each with the fen before and after it.
    pub(super) points: Vec<Fen>,
}

impl<'p> Curve<'p> {
    pub(super) fn new(candidate: Candidate<'p>, room: &mut Room) -> Self {
        let mut curve = Self { candidate, points: Vec::new() };
        let mut points = BTreeSet::from([Fen::ZERO]);
        for at in 0..curve.candidate.layers.len() {
            for change in curve.changes(at) {
                let Some(cost) = curve.first_cost(at, &change, room) else { continue };
                let near = [-1, 0, 1].map(|step| cost + Fen::new(step));
                points.extend(near.into_iter().filter(|cost| !cost.is_negative() && *cost <= Fen::LIMIT));
            }
        }
        let last = points.last().copied().unwrap_or_default();
        let beyond = last + last + Fen::new(Fen::LIMIT.get() / 1_000_000);
        points.insert(beyond.min(Fen::LIMIT));
        curve.points = points.into_iter().collect();
        curve
    }

    pub(super) fn shares(&self, cost: Fen, room: &mut Room) -> Shares {
        let parts = Parts { within_scope: cost, ..Parts::default() };
        self.candidate.shares(&parts, &Accumulators::default(), room)
    }

    /// What the patient pays.
    pub(super) fn cash(&self, cost: Fen, room: &mut Room) -> Fen {
        self.shares(cost, room).cash
    }

    /// How many fen rounding may move between two costs, or two situations: one for each payer, and one for care elsewhere.
    pub(super) fn noise(&self) -> Fen {
        let payers = self.candidate.layers.iter().filter(|(layer, _)| layer.as_ref().is_some_and(|l| pays(l))).count();
        Fen::new(i64::try_from(payers).unwrap_or(i64::MAX) + 1)
    }

    /// The values that make the curve: situations with the same ones have the same curve.
    pub(super) fn key(candidate: &Candidate<'_>) -> Key {
        let of_layer = |(layer, share): &(Option<Resolved<'_>>, LayerShare)| {
            let mut values = Vec::new();
            if let Some(layer) = layer {
                let ceilings = [layer.ceilings.bill, layer.ceilings.period, layer.ceilings.shared];
                values.push(layer.standard.get());
                values.extend(ceilings.iter().map(|ceiling| ceiling.get()));
                values.extend(layer.ratio.bands.iter().flat_map(|band| [band.to.get(), band.ratio.millionths()]));
            }
            (share.layer, values)
        };
        (candidate.extra.millionths(), candidate.layers.iter().map(of_layer).collect())
    }

    fn changes(&self, at: usize) -> Vec<Change> {
        let Some(Some(layer)) = self.candidate.layers.get(at).map(|(layer, _)| layer.as_ref()) else {
            return Vec::new();
        };
        if !pays(layer) {
            return Vec::new();
        }
        let mut changes = vec![Change::Base(layer.standard + Fen::new(1)), Change::Cut];
        let ends = layer.ratio.bands.iter().map(|band: &Band| band.to).filter(|to| *to != Fen::UNLIMITED);
        let from_deductible = layer.layer.how.bands_from_deductible;
        changes
            .extend(ends.map(|to| if from_deductible { Change::Base(to + layer.standard) } else { Change::Base(to) }));
        let ceilings = [layer.ceilings.bill, layer.ceilings.period, layer.ceilings.shared];
        for ceiling in ceilings.into_iter().filter(|ceiling| *ceiling != Fen::UNLIMITED) {
            changes.push(Change::Computed(ceiling));
            changes.push(Change::Cost(ceiling));
        }
        changes
    }

    /// The smallest cost of the bill at which the change has come; all of them come once and stay.
    fn first_cost(&self, at: usize, change: &Change, room: &mut Room) -> Option<Fen> {
        let mut come = |cost: i64| {
            self.shares(Fen::new(cost), room);
            room.shares.get(at).is_some_and(|share| change.has_come(share))
        };
        let (mut low, mut high) = (0, Fen::LIMIT.get());
        if !come(high) {
            return None;
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if come(middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Some(Fen::new(low))
    }
}

fn pays(layer: &Resolved<'_>) -> bool {
    !matches!(layer.layer.kind, PayerKind::Nobody | PayerKind::Account | PayerKind::FamilyAccount)
}

/// Something that comes about as the cost grows.
#[derive(Clone, Copy, Debug)]
enum Change {
    Base(Fen),
    Cost(Fen),
    Computed(Fen),
    /// A ceiling cuts.
    Cut,
}

impl Change {
    fn has_come(self, share: &LayerShare) -> bool {
        match self {
            Self::Base(base) => share.base >= base,
            Self::Cost(cost) => share.cost >= cost,
            Self::Computed(computed) => share.computed >= computed,
            Self::Cut => share.cost_paid_on < share.cost,
        }
    }
}
