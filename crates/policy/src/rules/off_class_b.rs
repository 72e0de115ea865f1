//! The deductible taken off class B costs before their first self-paid share (`domain.md` 8: 72.00 yuan between the two).

use money::{Fen, Rate, Rounding};
use terms::LineClass;

use super::scope::of_line;
use crate::compile::{Given, Layer, Scope};
use crate::condition::Situation;
use crate::decision::{LineSplit, Rule, Step, Used};
use crate::facts::Line;
use crate::recorder::Recorder;

/// Takes `due` off the class B lines, the highest share first, and lowers their first self-paid shares.
pub(crate) fn apply<R: Recorder>(
    layer: &Layer,
    scope: &Scope,
    due: Fen,
    situation: &Situation<'_>,
    lines: &[Line],
    splits: &mut [LineSplit],
    recorder: &mut R,
) {
    let mut of_class_b: Vec<(usize, Rate, &Line)> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.class == Some(LineClass::B))
        .map(|(at, line)| (at, share(scope, situation, line), line))
        .collect();
    of_class_b.sort_by_key(|(at, share, _)| (std::cmp::Reverse(*share), *at));
    let mut left = due;
    for (at, share, _) in of_class_b {
        let Some(split) = splits.get_mut(at).filter(|split| split.apart.is_zero()) else {
            continue;
        };
        let limited = split.parts.first_self_paid + split.parts.within_scope;
        let taken = left.min(limited);
        left -= taken;
        let lower = (share * (limited - taken)).round(Rounding::HalfUp).min(split.parts.first_self_paid);
        if R::ON && lower != split.parts.first_self_paid {
            let (before, line) = (split.parts.first_self_paid, u16::try_from(at).ok());
            let used = Used::Amount(taken);
            recorder.keep(Step {
                rule: Rule::OffClassB,
                layer: None,
                line,
                used,
                source: layer.deductible.pick(situation).map(|row| row.source),
                via: None,
                before,
                after: lower,
            });
        }
        split.parts.within_scope += split.parts.first_self_paid - lower;
        split.parts.first_self_paid = lower;
    }
}

fn share(scope: &Scope, situation: &Situation<'_>, line: &Line) -> Rate {
    let of_pack = || match scope.first_self_paid.pick(&of_line(situation, line)).map(|row| &row.value) {
        Some(Given::Is(bands)) => bands.first().map_or(Rate::ZERO, |band| band.ratio),
        _ => Rate::ZERO,
    };
    line.first_self_paid.unwrap_or_else(of_pack)
}
