//! What is credited to a personal account in a year (QN-2, QN-3).

use money::{Fen, Rounding};

use super::contribution::Ask;
use crate::condition::Situation;
use crate::decision::Refusal;
use crate::pack::{Credit, Value};
use crate::question::ContributionFacts;

/// The yearly credit of one person.
pub(crate) fn credit(ask: &mut Ask<'_>, facts: &ContributionFacts, plain: &Situation<'_>) -> Result<Fen, Refusal> {
    Ok(match ask.find("account_credit", plain)? {
        Some(Value::Credit(Credit::Amount(fen))) => *fen,
        Some(Value::Credit(Credit::OfBase(rate))) => (*rate * facts.premium_base).round(Rounding::HalfUp),
        _ => Fen::ZERO,
    })
}
