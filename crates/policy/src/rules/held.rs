//! Payers whose fund another service keeps: what they let a bill take, and what they paid.

use std::collections::{BTreeMap, BTreeSet};

use money::Fen;
use terms::{Division, Name};

use crate::compile::Layer;
use crate::decision::{Reason, Refusal, Rule, Settlement, Used};
use crate::facts::{Accumulators, Facts, HeldShare, Period};
use crate::policy::Policy;
use crate::question::PaidBefore;
use crate::recorder::Recorder;

/// What is left of each share that a payer's fund lets a bill take; several layers of one payer share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held(Vec<(HeldShare, Fen)>);

impl Held {
    /// Nothing of it used.
    pub(crate) fn of(shares: &[HeldShare]) -> Self {
        Self(shares.iter().map(|share| (*share, share.most)).collect())
    }

    /// The same in room that is used again.
    pub(crate) fn begin(&mut self, shares: &[HeldShare]) {
        self.0.clear();
        self.0.extend(shares.iter().map(|share| (*share, share.most)));
    }

    /// What of a payment the payer's fund lets the layer pay. A step is kept where that is less.
    pub(crate) fn let_pay<R: Recorder>(&mut self, layer: &Layer, at: usize, paid: Fen, recorder: &mut R) -> Fen {
        if self.0.is_empty() {
            return paid;
        }
        let Some((share, left)) = self.0.iter_mut().find(|(share, _)| layer.held == Some(share.payer)) else {
            return paid;
        };
        let allowed = paid.min(*left);
        if allowed < paid {
            recorder.layer(at, Rule::Held, (Used::Amount(share.most), None), paid, allowed);
        }
        *left -= allowed;
        allowed
    }
}

impl Policy {
    /// Of what a year starts from, what payers whose fund another service keeps have paid, in fen: what the meters hold that
    /// only layers of theirs count in, all schemes together; and the scheme of the first of these meters that is known.
    #[must_use]
    pub fn paid_before(&self, division: Division, days: Period, start: &Accumulators) -> PaidBefore {
        let mut payers: BTreeMap<Name, BTreeSet<Option<Name>>> = BTreeMap::new();
        let mut scheme = None;
        for (of, layer) in self.divisions.get(&division).into_iter().flat_map(|division| division.layers(days)) {
            payers.entry(layer.meter).or_default().insert(layer.held);
            if start.meters.iter().any(|meter| meter.name == layer.meter) {
                scheme = scheme.or(Some(of));
            }
        }
        let mut held: BTreeMap<Name, Fen> = BTreeMap::new();
        for meter in start.meters.iter().filter(|meter| meter.part.is_empty()) {
            let payers: Vec<&Option<Name>> = payers.get(&meter.name).into_iter().flatten().collect();
            if let [Some(payer)] = payers.as_slice()
                && meter.counts.paid > Fen::ZERO
            {
                *held.entry(*payer).or_default() += meter.counts.paid;
            }
        }
        PaidBefore { scheme, held }
    }

    /// What the payers whose fund another service keeps pay of a settlement, by name, in fen; who pays nothing is left out.
    #[must_use]
    pub fn held(&self, settlement: &Settlement) -> BTreeMap<Name, Fen> {
        let mut shares: BTreeMap<Name, Fen> = BTreeMap::new();
        for layer in settlement.layers.iter().filter(|layer| !layer.paid.is_zero()) {
            if let Some(payer) = self.payer(layer.payer).filter(|payer| payer.held_by.is_some()) {
                *shares.entry(payer.name).or_default() += layer.paid;
            }
        }
        shares
    }

    /// The payers of a division and those above it whose fund another service keeps, in order of name.
    #[must_use]
    pub fn held_payers(&self, division: Division) -> Vec<Name> {
        let mut nearest: BTreeMap<Name, bool> = BTreeMap::new();
        for payer in self.chain(division).iter().flat_map(|division| division.payers.values()) {
            nearest.entry(payer.name).or_insert(payer.held_by.is_some());
        }
        nearest.into_iter().filter(|(_, held)| *held).map(|(name, _)| name).collect()
    }

    /// Refuses a share of a payer whose fund no other service keeps: the cap would be without effect.
    pub(crate) fn check_held(&self, facts: &Facts) -> Result<(), Refusal> {
        if facts.held.is_empty() {
            return Ok(());
        }
        let payers = self.held_payers(facts.person.division);
        match facts.held.iter().find(|share| !payers.contains(&share.payer)) {
            Some(share) => {
                Err(Refusal::of(Reason::BadHeld, format!("held {}: no payer of that name is held", share.payer)))
            }
            None => Ok(()),
        }
    }
}
