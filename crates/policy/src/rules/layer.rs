//! One layer of the stack: base, deductible, bands, ceilings, payment, meters.

use chrono::NaiveDate;
use money::Fen;
use terms::Name;

use super::ceiling::{self, Ceilings};
use super::held::Held;
use super::payment::Stretch;
use super::ratio::{self, Ratio};
use super::{bands, deductible};
use crate::PayerKind;
use crate::compile::{Base, Layer, Pot};
use crate::condition::Situation;
use crate::decision::{LayerShare, Refusal, Rule, Used};
use crate::facts::{Accumulators, Counts, Parts};
use crate::policy::Policy;
use crate::recorder::Recorder;

/// A layer with every value found for these facts; amounts come later.
#[derive(Clone, Debug)]
pub(crate) struct Resolved<'p> {
    pub(crate) layer: &'p Layer,
    pub(crate) standard: Fen,
    pub(crate) ratio: Ratio<'p>,
    pub(crate) ceilings: Ceilings,
    pub(crate) part: Name,
    /// Whether what it counts is read again: always, but for a batch whose later layers do not look.
    pub(crate) counts: bool,
}

/// What is left of the bill, and what the year holds.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) whole: Parts,
    pub(crate) left: Parts,
    pub(crate) accumulators: Accumulators,
    pub(crate) use_account: bool,
    pub(crate) held: Held,
}

/// Whether a layer applies to these facts: its plan, and its `applies` rows where it has any.
pub(crate) fn applies(policy: &Policy, layer: &Layer, situation: &Situation<'_>) -> Result<bool, Refusal> {
    if layer.how.plan.is_some_and(|plan| !situation.plans.contains(&plan)) {
        return Ok(false);
    }
    if layer.applies.is_empty() {
        return Ok(true);
    }
    layer.applies.pick(situation).map_or(Ok(false), |row| policy.given(row).copied())
}

/// The first layer that applies whose deductible comes off class B costs.
pub(crate) fn off_class_b<'p>(
    policy: &Policy,
    stack: impl Iterator<Item = &'p Layer>,
    situation: &Situation<'_>,
) -> Result<Option<&'p Layer>, Refusal> {
    for layer in stack.filter(|layer| layer.how.off_class_b) {
        if applies(policy, layer, situation)? {
            return Ok(Some(layer));
        }
    }
    Ok(None)
}

/// Finds a layer's values; `None` where it does not apply.
pub(crate) fn resolve<'p>(
    policy: &Policy,
    layer: &'p Layer,
    situation: &Situation<'_>,
    date: NaiveDate,
) -> Result<Option<Resolved<'p>>, Refusal> {
    if !applies(policy, layer, situation)? {
        return Ok(None);
    }
    Ok(Some(Resolved {
        layer,
        standard: deductible::standard(policy, layer, situation)?,
        ratio: ratio::resolve(policy, layer, situation)?,
        ceilings: ceiling::resolve(policy, layer, situation)?,
        part: ceiling::part(layer, situation.disease, date),
        counts: true,
    }))
}

impl Resolved<'_> {
    /// Lets the layer pay its part of what is left.
    pub(crate) fn pay<R: Recorder>(
        &self,
        work: &mut Work,
        earlier: &[LayerShare],
        situation: &Situation<'_>,
        recorder: &mut R,
    ) -> LayerShare {
        let (layer, at) = (self.layer, earlier.len());
        let base = base_amount(layer, work, earlier);
        let own = work.accumulators.counts(&layer.meter, &Name::EMPTY);
        let due = deductible::due(layer, self.standard, &work.accumulators);
        let applied = due.min(base);
        let cost = base - applied;
        recorder.layer(at, Rule::Base, (Used::Nothing, None), base, base);
        deductible::explain(layer, at, situation, (self.standard, due, applied, base), recorder);

        let stretch = Stretch::of(layer, &own, applied);
        let bands = &*self.ratio.bands;
        let computed = self.computed(&stretch, cost, &own);
        self.explain_ratio(at, situation, &stretch, cost, recorder);
        let left = ceiling::left(layer, &self.ceilings, &self.part, &own, &work.accumulators);
        let covered = cost.min(left.cost);
        let within = if covered < cost { self.computed(&stretch, covered, &own) } else { computed };
        let allowed = within.min(left.payment);
        ceiling::explain(layer, at, situation, &self.ceilings, &left, recorder);
        let paid = allowed.min(available(layer, work)).min(self.balance(work, at, recorder));
        let paid = work.held.let_pay(layer, at, paid, recorder);
        let cost_paid_on =
            if paid < within { stretch.smallest_cost(layer, bands, &own, (covered, paid)) } else { covered };
        let paid_within_scope = take(layer, work, paid);
        recorder.layer(at, Rule::Paid, (Used::Amount(paid), Some(self.ratio.source)), computed, paid);
        self.count(work, &Counts { base, deductible: applied, paid, cost: cost_paid_on });
        LayerShare {
            layer: layer.name,
            payer: layer.payer,
            kind: layer.kind,
            base,
            deductible_standard: self.standard,
            deductible: applied,
            cost,
            cost_paid_on,
            ratio: self.ratio.at(stretch.start),
            computed,
            paid,
            paid_within_scope,
        }
    }

    fn computed(&self, stretch: &Stretch, cost: Fen, own: &Counts) -> Fen {
        if self.layer.how.less_paid && self.layer.how.bands_yearly {
            return stretch.payment_of_year(self.layer, &self.ratio.bands, cost).above(own.paid);
        }
        stretch.payment(self.layer, &self.ratio.bands, cost)
    }

    fn explain_ratio<R: Recorder>(
        &self,
        at: usize,
        situation: &Situation<'_>,
        stretch: &Stretch,
        cost: Fen,
        recorder: &mut R,
    ) {
        if !R::ON {
            return;
        }
        ratio::explain(self.layer, at, situation, recorder);
        let mut low = Fen::ZERO;
        for band in self.ratio.bands.iter() {
            let part = bands::overlap(low, band.to, stretch.start, stretch.start + cost);
            if !part.is_zero() {
                let after = (band.ratio * part).round(self.layer.how.rounding);
                recorder.layer(at, Rule::Ratio, (Used::Rate(band.ratio), Some(self.ratio.source)), part, after);
            }
            low = band.to;
        }
    }

    /// An account pays no more than its balance, and nothing where the person does not want it.
    fn balance<R: Recorder>(&self, work: &Work, at: usize, recorder: &mut R) -> Fen {
        let balance = match self.layer.kind {
            PayerKind::Account => work.accumulators.account,
            PayerKind::FamilyAccount => work.accumulators.family_account,
            PayerKind::Nobody => return Fen::ZERO,
            PayerKind::Fund | PayerKind::Hospital | PayerKind::Other => return Fen::UNLIMITED,
        };
        let usable = if work.use_account || self.layer.how.obligatory { balance } else { Fen::ZERO };
        recorder.layer(at, Rule::Balance, (Used::Amount(usable), None), balance, usable);
        usable
    }

    /// Counts in the layer's meters; one that has two roles counts once.
    fn count(&self, work: &mut Work, counts: &Counts) {
        let (layer, accumulators) = (self.layer, &mut work.accumulators);
        match layer.kind {
            PayerKind::Account => accumulators.account -= counts.paid,
            PayerKind::FamilyAccount => accumulators.family_account -= counts.paid,
            PayerKind::Fund | PayerKind::Hospital | PayerKind::Other | PayerKind::Nobody => {}
        }
        if !self.counts {
            return;
        }
        accumulators.add(&layer.meter, &Name::EMPTY, counts);
        if !self.part.is_empty() {
            accumulators.add(&layer.meter, &self.part, counts);
        }
        if let Some(shared) = layer.shared_meter.filter(|shared| *shared != layer.meter) {
            accumulators.add(&shared, &Name::EMPTY, &Counts { base: Fen::ZERO, deductible: Fen::ZERO, ..*counts });
        }
        if layer.deductible_meter != layer.meter {
            let deductible = Counts { deductible: counts.deductible, ..Counts::default() };
            accumulators.add(&layer.deductible_meter, &Name::EMPTY, &deductible);
        }
    }
}

const WITHIN_SCOPE: &[Pot] = &[Pot::WithinScope];

fn pots(layer: &Layer) -> &[Pot] {
    match &layer.how.base {
        Base::Pots(pots) => pots,
        _ => WITHIN_SCOPE,
    }
}

fn pot(parts: &mut Parts, pot: Pot) -> &mut Fen {
    match pot {
        Pot::WithinScope => &mut parts.within_scope,
        Pot::FirstSelfPaid => &mut parts.first_self_paid,
        Pot::OverLimit => &mut parts.over_limit,
        Pot::OutsideCatalogue => &mut parts.outside_catalogue,
    }
}

fn sum(layer: &Layer, mut parts: Parts) -> Fen {
    pots(layer).iter().map(|name| *pot(&mut parts, *name)).sum()
}

fn base_amount(layer: &Layer, work: &Work, earlier: &[LayerShare]) -> Fen {
    let find = |name: &Name| earlier.iter().find(|share| share.layer == *name);
    let of = |name: &Name, figure: fn(&LayerShare) -> Fen| find(name).map_or(Fen::ZERO, figure);
    match &layer.how.base {
        Base::Pots(_) => sum(layer, if layer.how.whole { work.whole } else { work.left }),
        Base::OverCeiling(name) => of(name, |share| share.cost - share.cost_paid_on),
        Base::CutByCeiling(name) => of(name, |share| share.computed.above(share.paid)),
        Base::OwnShareOf(name) => of(name, |share| share.cost_paid_on.above(share.paid)),
        Base::DeductibleOf(name) => of(name, |share| share.deductible),
    }
}

fn available(layer: &Layer, work: &Work) -> Fen {
    sum(layer, work.left)
}

/// Takes the payment out of the pots, in order; what came from within scope.
fn take(layer: &Layer, work: &mut Work, paid: Fen) -> Fen {
    let mut due = paid;
    let mut within_scope = Fen::ZERO;
    for name in pots(layer) {
        let here = pot(&mut work.left, *name);
        let taken = due.min(*here);
        *here -= taken;
        due -= taken;
        if *name == Pot::WithinScope {
            within_scope += taken;
        }
    }
    within_scope
}
