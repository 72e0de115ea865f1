//! The government subsidy and its split by level of government; no fen is lost (GX-1, TB-2).

use money::{Fen, Rounding};

use super::contribution::Ask;
use crate::condition::Situation;
use crate::decision::{Reason, Refusal};
use crate::pack::{Part, Value};
use crate::question::Contribution;

/// Finds the subsidy and splits it: amounts and shares as set, the rest to the level that takes it.
pub(crate) fn split(ask: &mut Ask<'_>, situation: &Situation<'_>, one: &mut Contribution) -> Result<(), Refusal> {
    let subsidy = ask.need("subsidy", situation)?;
    one.subsidy = ask.amount(subsidy)?;
    let mut levels = [Fen::ZERO; 4];
    let (mut given, mut rest, mut any) = (Fen::ZERO, None, false);
    for (at, (name, level)) in
        ["subsidy_central", "subsidy_province", "subsidy_city", "subsidy_county"].iter().zip(&mut levels).enumerate()
    {
        let part = ask.find(name, situation)?;
        any |= part.is_some();
        match part {
            Some(Value::Part(Part::Amount(fen))) => *level = *fen,
            Some(Value::Part(Part::Share(rate))) => *level = (*rate * one.subsidy).round(Rounding::HalfUp),
            Some(Value::Part(Part::Rest)) if rest.is_some() => {
                return Err(Refusal::of(Reason::NoValue, "two levels of government take the rest of the subsidy"));
            }
            Some(Value::Part(Part::Rest)) => rest = Some(at),
            _ => {}
        }
        given += *level;
    }
    let left = one.subsidy - given;
    if let Some(level) = rest.and_then(|at| levels.get_mut(at)).filter(|_| !left.is_negative()) {
        *level = left;
    } else if any && !left.is_zero() {
        return Err(Refusal::of(
            Reason::NoValue,
            format!("the levels of government bear {given} of a subsidy of {}", one.subsidy),
        ));
    }
    [one.central, one.province, one.city, one.county] = levels;
    Ok(())
}
