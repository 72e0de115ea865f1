//! Aggregates to watch, never ratios of a bill (SX-5, GX-4).

use money::Rate;
use terms::Scheme;

use super::contribution::Ask;
use crate::condition::Situation;
use crate::decision::{Reason, Refusal};
use crate::pack::Value;
use crate::policy::Policy;
use crate::question::{Indicator, IndicatorFacts};

impl Policy {
    /// How an aggregate compares with its target.
    ///
    /// # Errors
    /// A [`Refusal`]: no pack, no target in force, or nothing to take a share of.
    pub fn indicator(&self, facts: &IndicatorFacts) -> Result<Indicator, Refusal> {
        let mut ask = Ask::new(self, facts.division, Scheme::Resident, "indicator", facts.on)?;
        let target = match ask.need(&facts.name, &Situation::new(0, &[]))? {
            Value::Rate(rate) => *rate,
            _ => Rate::ZERO,
        };
        if facts.fund > facts.within_scope {
            return Err(Refusal::of(
                Reason::SumMismatch,
                format!("funds paid {} of {}", facts.fund, facts.within_scope),
            ));
        }
        let share = Rate::quotient(facts.fund, facts.within_scope);
        let share = share.ok_or_else(|| Refusal::of(Reason::NegativeAmount, "a share of nothing"))?;
        // Compared before rounding: 0.74999999 is below 0.75, though it is shown as 0.75.
        let below = Rate::ONE * facts.fund < target * facts.within_scope;
        Ok(Indicator { share, target, below, values: ask.values })
    }
}
