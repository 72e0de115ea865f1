//! Whether the service that keeps a payer's fund can hold its yearly limit: it knows a person's scheme and categories, and one
//! sum a year for each payer, and nothing of the bill.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use money::Fen;
use terms::{Care, Category, Name, Scheme, Word};

use super::builder::{Builder, Place};
use super::layer::{CeilingPeriod, Layer};
use super::rows::{Given, Rows};
use super::tables::CompiledDivision;
use crate::condition::{Condition, DIMENSIONS, Fact};
use crate::pack::{Mechanism, PackDivision, mechanism};
use crate::{Problem, Problems, Severity};

const KIND: &str = "cannot_hold";

impl Builder<'_, '_> {
    /// Refuses a limit that depends on more than scheme and category, is not of a year, or is shared with other payers.
    pub(super) fn check_held(&mut self, layer: &Layer, payer_at: &Mechanism) {
        let Some(payer) = layer.held.filter(|_| is_limited(layer) || has_limit(&layer.shared_ceiling)) else { return };
        let mut conditions = layer.ceiling.iter().chain(layer.ceiling_extra.iter()).map(|row| &row.condition);
        let how = &layer.how;
        let wrong = if has_limit(&layer.shared_ceiling) {
            "is shared with other layers"
        } else if how.ceiling_period != CeilingPeriod::Year {
            "is not of a year"
        } else if how.ceiling_per_disease {
            "is one for each disease"
        } else if how.ceiling_counts_cost {
            "counts costs, not what is paid"
        } else if !conditions.all(is_of_the_person) {
            "depends on more than scheme and category"
        } else {
            return;
        };
        let found = format!("a limit of {}, layer {} of {}, that {wrong}", payer, layer.name, self.place.label());
        let written = ["shared_ceiling", "ceiling"]
            .iter()
            .filter(|name| **name == "ceiling" || has_limit(&layer.shared_ceiling))
            .find_map(|name| self.place.written(&self.place.of_layer(layer.name.as_str(), name)));
        let expected = "one sum a year of what is paid, by scheme and category alone: another service holds it";
        match written {
            Some(parameter) => self.complain_at(parameter, KIND, found, expected),
            None => self.complain_of(payer_at, KIND, found, expected),
        }
    }
}

/// Refuses, on any day, two layers of a held payer with limits of their own, and other payers in its meter.
pub(super) fn check_scheme(
    chain: &[&PackDivision],
    compiled: &CompiledDivision,
    scheme: Scheme,
    problems: &mut Problems,
) {
    let histories: Vec<_> =
        Care::ALL.iter().filter_map(|care| compiled.history(scheme, *care).map(|history| (*care, history))).collect();
    let stretches = || histories.iter().flat_map(|(_, history)| &history.stretches);
    let all = stretches().filter_map(|(_, benefit)| benefit.as_ref()).flat_map(|benefit| &benefit.layers);
    if all.filter(|layer| layer.held.is_some()).count() == 0 {
        return;
    }
    let days: BTreeSet<NaiveDate> = stretches().map(|(day, _)| *day).collect();
    for day in days {
        let benefits = histories.iter().filter_map(|(care, history)| Some((*care, history.on(day)?)));
        let layers: Vec<(Care, &Layer)> =
            benefits.flat_map(|(care, benefit)| benefit.layers.iter().map(move |layer| (care, layer))).collect();
        let mut first: BTreeMap<Name, &Layer> = BTreeMap::new();
        for (care, layer) in &layers {
            let Some(payer) = layer.held else { continue };
            let known = first.entry(payer).or_insert(layer);
            let stranger = layers.iter().any(|(_, other)| other.meter == layer.meter && other.held != layer.held);
            let wrong = if (is_limited(layer) || is_limited(known)) && !is_same(known, layer) {
                "that differs from another of the same payer"
            } else if is_limited(layer) && stranger {
                "whose meter counts another payer too"
            } else {
                continue;
            };
            let place = Place { chain: chain.to_vec(), scheme, care: *care };
            complain(&place, layer, (payer, wrong, day), problems);
        }
    }
}

fn complain(place: &Place<'_>, layer: &Layer, (payer, wrong, day): (Name, &str, NaiveDate), problems: &mut Problems) {
    let beginning = format!("a limit of {payer}, layer {}, {wrong}", layer.name);
    let parameter = place.written(&place.of_layer(layer.name.as_str(), "ceiling"));
    let at = parameter.map(|parameter| (parameter.file.clone(), parameter.line, parameter.column)).or_else(|| {
        let (found, _) = mechanism(&place.chain, &place.of_layer(layer.name.as_str(), "payer"))?;
        Some((found.file.clone(), found.line, found.column))
    });
    let (file, line, column) = at.unwrap_or_default();
    let found = format!("{beginning}, on {day} in {}", place.label());
    let expected = "one meter and one ceiling for all layers of the payer: another service holds it".to_owned();
    let problem = Problem { file, line, column, severity: Severity::Error, kind: KIND, found, expected };
    problems.add_first(problem, &beginning);
}

fn is_limited(layer: &Layer) -> bool {
    has_limit(&layer.ceiling)
}

fn has_limit(rows: &Rows<Fen>) -> bool {
    rows.iter().any(|row| row.value != Given::Is(Fen::UNLIMITED))
}

/// Whether a condition asks for the person's scheme and categories alone.
fn is_of_the_person(condition: &Condition) -> bool {
    let mut named = DIMENSIONS.iter().enumerate().filter(|(at, _)| condition.named & (1 << at) != 0);
    condition.more.is_none() && named.all(|(_, dimension)| dimension.mask & (Scheme::MASK | Category::MASK) != 0)
}

/// Whether two layers count in one meter up to the same ceiling.
fn is_same(one: &Layer, other: &Layer) -> bool {
    let rows =
        |rows: &Rows<Fen>| -> Vec<_> { rows.iter().map(|row| (row.condition.clone(), row.value.clone())).collect() };
    one.meter == other.meter
        && rows(&one.ceiling) == rows(&other.ceiling)
        && rows(&one.ceiling_extra) == rows(&other.ceiling_extra)
}
