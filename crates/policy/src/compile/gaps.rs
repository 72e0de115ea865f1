//! Combinations of the named dimensions that no row of a parameter covers.

use chrono::NaiveDate;
use money::Fen;
use terms::Name;

use super::builder::Place;
use super::layer::Layer;
use super::rows::{Given, Rows};
use super::tables::Benefit;
use super::universe::{combinations, possible_words, words_of};
use crate::condition::{Condition, DIMENSIONS, Situation};
use crate::pack::in_force;
use crate::{Problem, Problems, Severity};

/// Checks every parameter of a benefit that must have a row for every case.
pub(crate) fn check(place: &Place<'_>, benefit: &Benefit, date: NaiveDate, problems: &mut Problems) {
    let mut check = Check { place, benefit, date, problems };
    let (always, none) = (Rows::empty(), None);
    check.rows("", "stack", &benefit.stack, &always, none);
    check.rows("elsewhere", "extra_first_self_paid", &benefit.extra_first_self_paid, &always, none);
    check.rows("scope", "first_self_paid", &benefit.scope.first_self_paid, &always, none);
    for layer in &benefit.layers {
        check.layer(layer);
    }
}

struct Check<'c, 't> {
    place: &'c Place<'t>,
    benefit: &'c Benefit,
    date: NaiveDate,
    problems: &'c mut Problems,
}

impl Check<'_, '_> {
    fn layer(&mut self, layer: &Layer) {
        let name = layer.name.as_str();
        self.rows(name, "ratio", &layer.ratio, &layer.applies, layer.how.plan);
        self.rows(name, "deductible", &layer.deductible, &layer.applies, layer.how.plan);
        self.rows(name, "bill_ceiling", &layer.bill_ceiling, &layer.applies, layer.how.plan);
        self.rows(name, "ceiling", &layer.ceiling, &layer.applies, layer.how.plan);
        self.rows(name, "shared_ceiling", &layer.shared_ceiling, &layer.applies, layer.how.plan);
    }

    fn rows<T>(&mut self, layer: &str, name: &str, rows: &Rows<T>, applies: &Rows<bool>, plan: Option<Name>) {
        if rows.is_empty() {
            return;
        }
        let conditions: Vec<&Condition> =
            rows.iter().map(|row| &row.condition).chain(applies.iter().map(|row| &row.condition)).collect();
        let covered = |situation: &Situation<'_>| {
            let applied = applies.is_empty() || applies.pick(situation).is_some_and(|row| row.value == Given::Is(true));
            !applied || rows.pick(situation).is_some()
        };
        let plans: Vec<Name> = plan.into_iter().collect();
        let missing = self
            .universe(&conditions, name == "first_self_paid")
            .into_iter()
            .find(|bits| !self.covered_with_more(*bits, &plans, &conditions, &covered));
        if let Some(bits) = missing {
            self.complain(layer, name, bits);
        }
    }

    /// Ages and prices at the ends of every range that is named, diseases that are named, and no disease where the benefit
    /// does not ask for one.
    fn covered_with_more(
        &self,
        bits: u128,
        plans: &[Name],
        conditions: &[&Condition],
        covered: &dyn Fn(&Situation<'_>) -> bool,
    ) -> bool {
        let more = || conditions.iter().filter_map(|condition| condition.more.as_ref());
        let mut ages = vec![0u8];
        ages.extend(more().filter_map(|more| more.age).flat_map(|(from, to)| [from, to.saturating_add(1)]));
        let mut prices = vec![Fen::ZERO];
        prices.extend(more().filter_map(|more| more.price).flat_map(|(from, to)| [from, to]));
        let mut diseases: Vec<Name> = more().flat_map(|more| more.diseases.iter().copied()).collect();
        if diseases.is_empty() || !self.benefit.needs_qualification {
            diseases.push(Name::EMPTY);
        }
        ages.iter().all(|age| {
            prices.iter().all(|price| {
                diseases
                    .iter()
                    .all(|disease| covered(&Situation { bits, age: *age, disease: *disease, plans, price: *price }))
            })
        })
    }

    /// Every possible combination of words in the dimensions that the conditions name.
    fn universe(&self, conditions: &[&Condition], of_lines: bool) -> Vec<u128> {
        let named = conditions.iter().fold(0, |named, condition| named | condition.named);
        let dimensions = DIMENSIONS.iter().enumerate().filter(|(at, _)| named & (1 << at) != 0);
        let lists: Vec<Vec<u128>> =
            dimensions.map(|(_, dimension)| possible_words(self.benefit, dimension, of_lines)).collect();
        combinations(&lists)
    }

    fn complain(&mut self, layer: &str, name: &str, bits: u128) {
        let addresses = if layer.is_empty() { self.place.of_benefit(name) } else { self.place.of_layer(layer, name) };
        let Some(found) = in_force(&self.place.chain, &addresses, self.date) else {
            return;
        };
        let code = self.place.chain.first().map_or(String::new(), |division| division.code.to_string());
        let beginning = format!("no row of {} for {:?} on ", found.parameter.address, words_of(bits).join(" & "));
        let problem = Problem {
            file: found.parameter.file.clone(),
            line: found.parameter.line,
            column: found.parameter.column,
            severity: Severity::Error,
            kind: "gap",
            found: format!("{beginning}{} ({code} {}.{})", self.date, self.benefit.scheme, self.benefit.care),
            expected: "a row that covers it, or all".to_owned(),
        };
        self.problems.add_first(problem, &beginning);
    }
}
