//! Ceilings (最高支付限额): of a bill, of a period, shared by several layers.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};
use money::Fen;
use terms::Name;

use crate::compile::{CeilingPeriod, Given, Layer, Rows};
use crate::condition::Situation;
use crate::decision::{Refusal, Rule, Used};
use crate::facts::{Accumulators, Counts};
use crate::policy::Policy;
use crate::recorder::Recorder;

/// The ceilings in force for these facts; unlimited where none is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ceilings {
    pub(crate) bill: Fen,
    pub(crate) period: Fen,
    pub(crate) shared: Fen,
}

/// How much of the ceilings is left, as payment and as cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Left {
    pub(crate) payment: Fen,
    pub(crate) cost: Fen,
    /// What the period's ceiling has counted already.
    pub(crate) counted: Fen,
    /// What the shared ceiling has counted already.
    pub(crate) shared_counted: Fen,
}

/// Finds the ceilings.
pub(crate) fn resolve(policy: &Policy, layer: &Layer, situation: &Situation<'_>) -> Result<Ceilings, Refusal> {
    let pick = |rows: &Rows<Fen>| picked(policy, rows, situation);
    let period = of_period(policy, layer, situation)?;
    Ok(Ceilings { bill: pick(&layer.bill_ceiling)?, period, shared: pick(&layer.shared_ceiling)? })
}

/// The ceiling of the layer's period with what is added to it; unlimited where none is in force.
pub(crate) fn of_period(policy: &Policy, layer: &Layer, situation: &Situation<'_>) -> Result<Fen, Refusal> {
    let mut period = picked(policy, &layer.ceiling, situation)?;
    if period != Fen::UNLIMITED {
        for row in layer.ceiling_extra.all(situation) {
            period += *policy.given(row)?;
        }
    }
    Ok(period)
}

fn picked(policy: &Policy, rows: &Rows<Fen>, situation: &Situation<'_>) -> Result<Fen, Refusal> {
    rows.pick(situation).map_or(Ok(Fen::UNLIMITED), |row| policy.given(row).copied())
}

/// The part of the meter that the period's ceiling counts in; empty for a person's whole year.
pub(crate) fn part(layer: &Layer, disease: Name, date: NaiveDate) -> Name {
    if layer.how.ceiling_period == CeilingPeriod::Year && !layer.how.ceiling_per_disease {
        return Name::EMPTY;
    }
    let period = match layer.how.ceiling_period {
        CeilingPeriod::Year => String::new(),
        CeilingPeriod::Quarter => format!("Q{}", date.month0() / 3 + 1),
        CeilingPeriod::Month => format!("M{:02}", date.month()),
    };
    let disease = if disease.is_empty() { "no_disease" } else { disease.as_str() };
    let text = match (layer.how.ceiling_per_disease, period.is_empty()) {
        (false, _) => period,
        (true, true) => disease.to_owned(),
        (true, false) => format!("{disease}/{period}"),
    };
    Name::new(&text).unwrap_or(Name::EMPTY)
}

/// Every part that [`part`] can give for a layer beside the whole; none where its ceiling is for a person's whole year.
pub(crate) fn parts(layer: &Layer, groups: &BTreeSet<Name>) -> BTreeSet<Name> {
    let mut parts = BTreeSet::new();
    for month in 1..=12 {
        let Some(day) = NaiveDate::from_ymd_opt(2000, month, 1) else { continue };
        parts.extend(groups.iter().copied().chain([Name::EMPTY]).map(|disease| part(layer, disease, day)));
    }
    parts.remove(&Name::EMPTY);
    parts
}

/// What the ceilings leave for this bill.
pub(crate) fn left(layer: &Layer, ceilings: &Ceilings, part: &Name, own: &Counts, accumulated: &Accumulators) -> Left {
    let in_period = if part.is_empty() { *own } else { accumulated.counts(&layer.meter, part) };
    let shared = match &layer.shared_meter {
        Some(meter) if ceilings.shared != Fen::UNLIMITED => accumulated.counts(meter, &Name::EMPTY),
        _ => Counts::default(),
    };
    let counted = |counts: &Counts| {
        if layer.how.ceiling_counts_cost { counts.cost } else { counts.paid }
    };
    let (counted, shared_counted) = (counted(&in_period), counted(&shared));
    let both = ceilings.period.above(counted).min(ceilings.shared.above(shared_counted));
    let (payment, cost) = if layer.how.ceiling_counts_cost { (Fen::UNLIMITED, both) } else { (both, Fen::UNLIMITED) };
    Left { payment: payment.min(ceilings.bill), cost, counted, shared_counted }
}

/// Keeps a step for every ceiling in force: its value, and what was counted and is left of it.
pub(crate) fn explain<R: Recorder>(
    layer: &Layer,
    at: usize,
    situation: &Situation<'_>,
    ceilings: &Ceilings,
    left: &Left,
    recorder: &mut R,
) {
    if !R::ON {
        return;
    }
    if ceilings.period != Fen::UNLIMITED {
        for row in layer.ceiling_extra.all(situation) {
            if let Given::Is(extra) = row.value {
                recorder.layer(at, Rule::CeilingExtra, (Used::Amount(extra), Some(row.source)), Fen::ZERO, extra);
            }
        }
    }
    for (rule, rows, in_force, counted) in [
        (Rule::BillCeiling, &layer.bill_ceiling, ceilings.bill, Fen::ZERO),
        (Rule::Ceiling, &layer.ceiling, ceilings.period, left.counted),
        (Rule::SharedCeiling, &layer.shared_ceiling, ceilings.shared, left.shared_counted),
    ] {
        if let Some(row) = rows.pick(situation)
            && let Given::Is(ceiling) = row.value
            && ceiling != Fen::UNLIMITED
        {
            recorder.layer(at, rule, (Used::Amount(ceiling), Some(row.source)), counted, in_force.above(counted));
        }
    }
}
