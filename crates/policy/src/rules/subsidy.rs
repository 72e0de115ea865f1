//! The government subsidy and its split by level of government; no fen is lost (GX-1, TB-2).

use money::{Fen, Rounding};

use super::contribution::Ask;
use crate::condition::Situation;
use crate::decision::{Cause, Reason, Refusal};
use crate::pack::{Part, Value};
use crate::question::Contribution;

/// The levels of government that bear the subsidy.
const LEVELS: [&str; 4] = ["subsidy_central", "subsidy_province", "subsidy_city", "subsidy_county"];

/// Finds the subsidy and splits it: amounts and shares as set, the rest to the level that takes it. A level's part that nobody has
/// given is not known; it is not zero. So are all of them where no level's part is written at all.
pub(crate) fn split(ask: &mut Ask<'_>, situation: &Situation<'_>, one: &mut Contribution) -> Result<(), Refusal> {
    let subsidy = ask.need("subsidy", situation)?;
    one.subsidy = ask.amount(subsidy)?;
    let mut levels = [Fen::ZERO; 4];
    let (mut given, mut rest, mut any, mut absent) = (Fen::ZERO, None, false, Vec::new());
    for (at, (name, level)) in LEVELS.iter().zip(&mut levels).enumerate() {
        let part = match ask.find(name, situation) {
            Ok(part) => part,
            Err(refusal) if refusal.causes.iter().all(|cause| cause.reason == Reason::AbsentValue) => {
                absent.extend(refusal.causes);
                continue;
            }
            Err(refusal) => return Err(refusal),
        };
        any |= part.is_some();
        match part {
            Some(Value::Part(Part::Amount(fen))) => *level = *fen,
            Some(Value::Part(Part::Share(rate))) => *level = (*rate * one.subsidy).round(Rounding::HalfUp),
            Some(Value::Part(Part::Rest)) if rest.is_some() => {
                return Err(Refusal::of(Reason::NoValue, "two levels of government take the rest of the subsidy"));
            }
            Some(Value::Part(Part::Rest)) => rest = Some((at, *name)),
            _ => {}
        }
        given += *level;
    }
    let left = one.subsidy - given;
    let unwritten = |ask: &Ask<'_>, name: &str| {
        let stem = ask.stems.first().cloned().unwrap_or_default();
        Cause { reason: Reason::NoValue, about: format!("{stem}.{name} on {}", ask.date), cite: Vec::new() }
    };
    if !absent.is_empty() {
        // what is left is not the rest alone
        absent.extend(rest.map(|(_, name)| unwritten(ask, name)));
        one.unknown.extend(absent);
    } else if let Some(level) = rest.and_then(|(at, _)| levels.get_mut(at)).filter(|_| !left.is_negative()) {
        *level = left;
    } else if any && !left.is_zero() {
        return Err(Refusal::of(
            Reason::NoValue,
            format!("the levels of government bear {given} of a subsidy of {}", one.subsidy),
        ));
    } else if !left.is_zero() {
        one.unknown.extend(LEVELS.map(|name| unwritten(ask, name)));
    }
    [one.central, one.province, one.city, one.county] = levels;
    Ok(())
}
