//! The scope of each fee line: outside the catalogue, over the price limit, first self-paid share, within scope.

use money::{Fen, Rate, Rounding, Unrounded};
use terms::{Epidemic, LineClass};

use super::bands::overlap;
use crate::Reason;
use crate::compile::{Bands, Scope};
use crate::condition::Situation;
use crate::decision::{LineSplit, Refusal, Rule, Step, Used};
use crate::facts::{Line, Parts};
use crate::pack::{Band, SourceId};
use crate::policy::Policy;
use crate::recorder::Recorder;

/// The lines of a bill, split.
#[derive(Debug, Default)]
pub(crate) struct Split {
    pub(crate) lines: Vec<LineSplit>,
    pub(crate) apart_payer: Option<u16>,
    running: Running,
}

/// Where shares are rounded in the sum of the bill: exact so far, and rounded so far.
#[derive(Debug, Default)]
struct Running {
    exact: Unrounded,
    rounded: Fen,
}

/// The facts about a line with its words added.
pub(crate) fn of_line<'s>(situation: &Situation<'s>, line: &Line) -> Situation<'s> {
    let with_kind = situation.with(line.kind).with(line.epidemic);
    let class = line.class.unwrap_or(LineClass::C);
    Situation { price: line.unit_price, ..with_kind.with(class) }
}

/// Splits every line.
pub(crate) fn split<R: Recorder>(
    policy: &Policy,
    scope: &Scope,
    situation: &Situation<'_>,
    lines: &[Line],
    recorder: &mut R,
) -> Result<Split, Refusal> {
    let mut split = Split { lines: Vec::with_capacity(lines.len()), ..Split::default() };
    for (at, line) in lines.iter().enumerate() {
        let mut splitter =
            Splitter { policy, scope, line, situation: of_line(situation, line), at: u16::try_from(at).ok(), recorder };
        let parts = splitter.split(&mut split)?;
        split.lines.push(parts);
    }
    Ok(split)
}

/// A bill that the place of care has split: only who bears what is apart is asked. What lies apart is of an epidemic, and
/// nobody says which lines it was.
pub(crate) fn of_parts<R: Recorder>(
    policy: &Policy,
    scope: &Scope,
    situation: &Situation<'_>,
    parts: &Parts,
    recorder: &mut R,
) -> Result<Split, Refusal> {
    if parts.apart.is_zero() {
        return Ok(Split::default());
    }
    let (payer, source) = apart_payer(policy, scope, situation)?;
    if R::ON {
        let (used, source) = (Used::Nothing, Some(source));
        let (before, after) = (parts.apart, parts.apart);
        recorder.keep(Step { rule: Rule::BorneApart, layer: None, line: None, used, source, via: None, before, after });
    }
    Ok(Split { apart_payer: Some(payer), ..Split::default() })
}

/// Who bears what is apart of a bill in parts, and where that stands.
pub(crate) fn apart_payer(
    policy: &Policy,
    scope: &Scope,
    situation: &Situation<'_>,
) -> Result<(u16, SourceId), Refusal> {
    let row = scope.borne_apart.pick(&situation.with(Epidemic::Epidemic));
    let row = row.ok_or_else(|| Refusal::of(Reason::NoValue, "scope.borne_apart"))?;
    Ok((*policy.given(row)?, row.source))
}

struct Splitter<'s, R> {
    policy: &'s Policy,
    scope: &'s Scope,
    line: &'s Line,
    situation: Situation<'s>,
    at: Option<u16>,
    recorder: &'s mut R,
}

impl<R: Recorder> Splitter<'_, R> {
    fn split(&mut self, bill: &mut Split) -> Result<LineSplit, Refusal> {
        let amount = self.line.amount;
        if let Some(row) = self.scope.borne_apart.pick(&self.situation) {
            bill.apart_payer = Some(*self.policy.given(row)?);
            self.step(Rule::BorneApart, (Used::Nothing, Some(row.source)), amount, amount);
            return Ok(LineSplit {
                parts: Parts { within_scope: amount, ..Parts::default() },
                apart: amount,
                hospital: Fen::ZERO,
            });
        }
        if matches!(self.line.class, None | Some(LineClass::C)) {
            self.step(Rule::OutsideCatalogue, (Used::Nothing, None), amount, Fen::ZERO);
            return Ok(LineSplit {
                parts: Parts { outside_catalogue: amount, ..Parts::default() },
                ..LineSplit::default()
            });
        }
        let over_limit = self.over_limit()?;
        let limited = amount - over_limit;
        let first_self_paid = self.first_self_paid(limited, &mut bill.running)?;
        let parts = Parts {
            outside_catalogue: Fen::ZERO,
            over_limit,
            first_self_paid,
            within_scope: limited - first_self_paid,
            ..Parts::default()
        };
        Ok(LineSplit { parts, apart: Fen::ZERO, hospital: self.borne_by_hospital(over_limit)? })
    }

    /// The catalogue's own limit stands before the pack's.
    fn over_limit(&mut self) -> Result<Fen, Refusal> {
        let (limit, source) = match self.line.price_limit {
            Some(limit) => (Some(limit), None),
            None => match self.scope.price_limit.pick(&self.situation) {
                Some(row) => (*self.policy.given(row)?, Some(row.source)),
                None => (None, None),
            },
        };
        let Some(limit) = limit else { return Ok(Fen::ZERO) };
        let allowed = (self.line.quantity * limit).round(Rounding::HalfUp);
        let over = self.line.amount.above(allowed);
        if !over.is_zero() {
            self.step(Rule::OverLimit, (Used::Amount(limit), source), self.line.amount, allowed);
        }
        Ok(over)
    }

    fn borne_by_hospital(&self, over_limit: Fen) -> Result<Fen, Refusal> {
        let row = self.scope.borne_by_hospital.pick(&self.situation).filter(|_| !over_limit.is_zero());
        let hospital = row.map(|row| self.policy.given(row).copied()).transpose()?.unwrap_or(false);
        Ok(if hospital { over_limit } else { Fen::ZERO })
    }

    fn first_self_paid(&mut self, limited: Fen, running: &mut Running) -> Result<Fen, Refusal> {
        let (exact, rate, source) = match self.line.first_self_paid {
            Some(rate) => (rate * limited, rate, None),
            None => {
                let row = self.scope.first_self_paid.pick(&self.situation);
                let row = row.ok_or_else(|| {
                    Refusal::of(Reason::NoValue, format!("scope.first_self_paid for {}", self.line.item))
                })?;
                let bands: &Bands = self.policy.given(row)?;
                let rate = bands.first().map_or(Rate::ZERO, |band| band.ratio);
                (marginal(bands, self.line.quantity, limited), rate, Some(row.source))
            }
        };
        let share = if self.scope.round_on_bill {
            running.exact = running.exact + exact;
            let total = running.exact.round(self.scope.rounding);
            let share = total - running.rounded;
            running.rounded = total;
            share.min(limited)
        } else {
            exact.round(self.scope.rounding).min(limited)
        };
        if !share.is_zero() {
            self.step(Rule::FirstSelfPaid, (Used::Rate(rate), source), limited, limited - share);
        }
        Ok(share)
    }

    fn step(&mut self, rule: Rule, (used, source): (Used, Option<SourceId>), before: Fen, after: Fen) {
        if R::ON {
            self.recorder.keep(Step { rule, layer: None, line: self.at, used, source, via: None, before, after });
        }
    }
}

/// The share over bands whose ends are prices of a unit.
fn marginal(bands: &[Band], quantity: Rate, amount: Fen) -> Unrounded {
    if let [only] = bands {
        return only.ratio * amount;
    }
    let mut share = Unrounded::ZERO;
    let mut low = Fen::ZERO;
    for band in bands {
        let high = if band.to == Fen::UNLIMITED { band.to } else { (quantity * band.to).round(Rounding::HalfUp) };
        share = share + band.ratio * overlap(low, high, Fen::ZERO, amount);
        low = high;
    }
    share
}
