//! Care elsewhere by kind of filing: an extra first self-paid share of the amount within scope, before all layers.

use money::{Fen, Rounding};

use crate::compile::Benefit;
use crate::condition::Situation;
use crate::decision::{Refusal, Rule, Step, Used};
use crate::policy::Policy;
use crate::recorder::Recorder;

/// The extra share of `within_scope`, half up to the fen.
pub(crate) fn extra<R: Recorder>(
    policy: &Policy,
    benefit: &Benefit,
    situation: &Situation<'_>,
    within_scope: Fen,
    recorder: &mut R,
) -> Result<Fen, Refusal> {
    let Some(row) = benefit.extra_first_self_paid.pick(situation) else {
        return Ok(Fen::ZERO);
    };
    let rate = *policy.given(row)?;
    let extra = (rate * within_scope).round(Rounding::HalfUp);
    if R::ON && !extra.is_zero() {
        recorder.keep(Step {
            rule: Rule::Elsewhere,
            layer: None,
            line: None,
            used: Used::Rate(rate),
            source: Some(row.source),
            via: None,
            before: within_scope,
            after: within_scope - extra,
        });
    }
    Ok(extra)
}
