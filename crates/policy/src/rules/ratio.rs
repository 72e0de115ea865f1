//! The ratio of a layer for these facts: its bands after points, age, own-share factor and upper end.

use std::borrow::Cow;

use money::Rate;

use crate::Reason;
use crate::compile::{Given, Layer};
use crate::condition::Situation;
use crate::decision::{Refusal, Rule, Used};
use crate::pack::{Band, SourceId};
use crate::policy::Policy;
use crate::recorder::Recorder;

/// The bands in force, modified.
#[derive(Clone, Debug)]
pub(crate) struct Ratio<'p> {
    pub(crate) bands: Cow<'p, [Band]>,
    pub(crate) source: SourceId,
}

impl Ratio<'_> {
    /// The ratio of the band that holds the first fen above `from`.
    pub(crate) fn at(&self, from: money::Fen) -> Rate {
        self.bands.iter().find(|band| band.to > from).map_or(Rate::ZERO, |band| band.ratio)
    }
}

/// Finds the bands and modifies them.
pub(crate) fn resolve<'p>(policy: &Policy, layer: &'p Layer, situation: &Situation<'_>) -> Result<Ratio<'p>, Refusal> {
    let address = || format!("{}.ratio", layer.name);
    let row = layer.ratio.pick(situation).ok_or_else(|| Refusal::of(Reason::NoValue, address()))?;
    let bands: &'p [Band] = policy.given(row)?;
    let untouched = layer.ratio_points.is_empty()
        && layer.ratio_per_year_of_age.is_empty()
        && layer.own_share_factor.is_empty()
        && layer.ratio_max.is_empty();
    if untouched {
        return Ok(Ratio { bands: Cow::Borrowed(bands), source: row.source });
    }
    let adjust = Adjust::resolve(policy, layer, situation)?;
    let adjusted: Option<Vec<Band>> =
        bands.iter().map(|band| adjust.apply(band.ratio).map(|ratio| Band { ratio, ..*band })).collect();
    let bands = adjusted.ok_or_else(|| {
        Refusal::of(Reason::NoValue, format!("{}.own_share_factor: more than six decimals", layer.name))
    })?;
    Ok(Ratio { bands: Cow::Owned(bands), source: row.source })
}

struct Adjust {
    points: Rate,
    own_share_factor: Option<Rate>,
    max: Rate,
}

impl Adjust {
    fn resolve(policy: &Policy, layer: &Layer, situation: &Situation<'_>) -> Result<Self, Refusal> {
        let mut points = Rate::ZERO;
        for row in layer.ratio_points.all(situation) {
            points = points + *policy.given(row)?;
        }
        if let Some(row) = layer.ratio_per_year_of_age.pick(situation) {
            points = points + policy.given(row)?.times(i64::from(situation.age));
        }
        let factor = layer.own_share_factor.pick(situation).map(|row| policy.given(row).copied()).transpose()?;
        let max = layer.ratio_max.pick(situation).map(|row| policy.given(row).copied()).transpose()?;
        Ok(Self { points, own_share_factor: factor, max: max.unwrap_or(Rate::ONE) })
    }

    /// `None` where the own share times the factor has more than six decimals.
    fn apply(&self, ratio: Rate) -> Option<Rate> {
        let raised = (ratio + self.points).clamped(Rate::ONE);
        let shared = match self.own_share_factor {
            Some(factor) => Rate::ONE - (Rate::ONE - raised).exact_product(factor)?,
            None => raised,
        };
        Some(shared.clamped(self.max))
    }
}

/// Keeps a step for every modifier that was used.
pub(crate) fn explain<R: Recorder>(layer: &Layer, at: usize, situation: &Situation<'_>, recorder: &mut R) {
    if !R::ON {
        return;
    }
    let zero = money::Fen::ZERO;
    for row in layer.ratio_points.all(situation) {
        if let Given::Is(points) = row.value {
            recorder.layer(at, Rule::RatioPoints, (Used::Rate(points), Some(row.source)), zero, zero);
        }
    }
    let single = [
        (Rule::RatioPerYearOfAge, &layer.ratio_per_year_of_age),
        (Rule::OwnShareFactor, &layer.own_share_factor),
        (Rule::RatioMax, &layer.ratio_max),
    ];
    for (rule, rows) in single {
        if let Some(row) = rows.pick(situation)
            && let Given::Is(rate) = row.value
        {
            recorder.layer(at, rule, (Used::Rate(rate), Some(row.source)), zero, zero);
        }
    }
}
