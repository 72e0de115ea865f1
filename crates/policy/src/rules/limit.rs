//! The yearly limit of a payer whose fund another service keeps: what that service holds for a person.

use money::Fen;
use terms::{Care, Word};

use super::{category, ceiling};
use crate::compile::{Given, Layer};
use crate::condition::{Fact, Situation};
use crate::decision::{Reason, Refusal};
use crate::policy::Policy;
use crate::question::LimitFacts;

impl Policy {
    /// The most that a payer whose fund another service keeps pays for a person in a year, in fen, in one scheme: the highest
    /// of the person's categories. `None` where the packs set no limit, zero where it pays nothing under these categories.
    ///
    /// # Errors
    /// A [`Refusal`]: no pack, a payer that is not held, or a limit that nobody has given.
    pub fn yearly_limit(&self, facts: &LimitFacts) -> Result<Option<Fen>, Refusal> {
        let unknown = || Refusal::of(Reason::UnknownDivision, facts.division.to_string());
        let division = self.divisions.get(&facts.division).ok_or_else(unknown)?;
        if !self.held_payers(facts.division).contains(&facts.payer) {
            return Err(Refusal::of(Reason::BadHeld, format!("{}: no payer of that name is held", facts.payer)));
        }
        let benefits = Care::ALL.iter().filter_map(|care| division.history(facts.scheme, *care)?.on(facts.on));
        let layers = benefits.flat_map(|benefit| &benefit.layers).filter(|layer| layer.held == Some(facts.payer));
        let layers: Vec<&Layer> = layers.collect();
        let mut highest = Fen::ZERO;
        for category in category::candidates(&facts.categories) {
            let situation = Situation::new(facts.scheme.bit() | category.bit(), &[]);
            for layer in layers.iter().filter(|layer| may_apply(layer, &situation)) {
                highest = highest.max(ceiling::of_period(self, layer, &situation)?);
            }
        }
        Ok(Some(highest).filter(|highest| *highest < Fen::UNLIMITED))
    }
}

/// Whether a layer applies under some facts that have these words.
fn may_apply(layer: &Layer, situation: &Situation<'_>) -> bool {
    let mut rows = layer.applies.iter().filter(|row| row.condition.allowed & situation.bits == situation.bits);
    layer.applies.is_empty() || rows.any(|row| row.value != Given::Is(false))
}
