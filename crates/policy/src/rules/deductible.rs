//! The deductible (起付标准): the standard for these facts, and what of it is still due.

use money::{Fen, Rounding};

use crate::compile::{Given, Layer};
use crate::condition::Situation;
use crate::decision::{Refusal, Rule, Used};
use crate::facts::Accumulators;
use crate::policy::Policy;
use crate::recorder::Recorder;

/// The standard: the row's amount, times every factor, not below the floor.
pub(crate) fn standard(policy: &Policy, layer: &Layer, situation: &Situation<'_>) -> Result<Fen, Refusal> {
    let Some(row) = layer.deductible.pick(situation) else {
        return Ok(Fen::ZERO);
    };
    let mut amount = *policy.given(row)?;
    for row in layer.deductible_factor.all(situation) {
        amount = (*policy.given(row)? * amount).round(Rounding::HalfUp);
    }
    if let Some(row) = layer.deductible_floor.pick(situation) {
        amount = amount.max(*policy.given(row)?);
    }
    Ok(amount)
}

/// What is due at this bill: the standard, less what the year has paid where that counts.
pub(crate) fn due(layer: &Layer, standard: Fen, accumulated: &Accumulators) -> Fen {
    if standard.is_zero() || !(layer.how.deductible_yearly || layer.how.top_up) {
        return standard;
    }
    standard.above(accumulated.counts(&layer.deductible_meter, &terms::Name::EMPTY).deductible)
}

/// Keeps the steps that lead to the deductible applied.
pub(crate) fn explain<R: Recorder>(
    layer: &Layer,
    at: usize,
    situation: &Situation<'_>,
    (standard, due, applied, base): (Fen, Fen, Fen, Fen),
    recorder: &mut R,
) {
    if !R::ON {
        return;
    }
    let Some(row) = layer.deductible.pick(situation) else {
        return;
    };
    let Given::Is(mut amount) = row.value else { return };
    recorder.keep(crate::Step {
        rule: Rule::DeductibleStandard,
        layer: u8::try_from(at).ok(),
        line: None,
        used: Used::Amount(amount),
        source: Some(row.source),
        via: row.via,
        before: base,
        after: amount,
    });
    for row in layer.deductible_factor.all(situation) {
        if let Given::Is(factor) = row.value {
            let after = (factor * amount).round(Rounding::HalfUp);
            recorder.layer(at, Rule::DeductibleFactor, (Used::Rate(factor), Some(row.source)), amount, after);
            amount = after;
        }
    }
    if let Some(row) = layer.deductible_floor.pick(situation)
        && let Given::Is(floor) = row.value
    {
        recorder.layer(at, Rule::DeductibleFloor, (Used::Amount(floor), Some(row.source)), amount, standard);
    }
    if due != standard {
        recorder.layer(at, Rule::DeductibleMet, (Used::Amount(standard - due), None), standard, due);
    }
    recorder.layer(at, Rule::Deductible, (Used::Amount(applied), Some(row.source)), base, base - applied);
}
