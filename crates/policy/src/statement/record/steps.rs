use chrono::NaiveDate;
use money::{Fen, Rate};
use serde::Serialize;
use terms::Name;

use crate::decision::{self, Rule, Settlement, Used};
use crate::facts::Costs;
use crate::pack::Mark;
use crate::statement::figures::as_yuan;
use crate::statement::source::Source;
use crate::statement::{Lang, Statement};

/// A step with everything it points at.
#[derive(Serialize)]
pub(super) struct Step<'a> {
    rule: Rule,
    layer: Option<Name>,
    /// From 1.
    line: Option<u32>,
    item: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<Rate>,
    #[serde(serialize_with = "as_yuan")]
    before: Fen,
    #[serde(serialize_with = "as_yuan")]
    after: Fen,
    value: Option<Cited<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    share_of: Option<Cited<'a>>,
}

impl<'a> Step<'a> {
    pub(super) fn of(statement: &Statement<'a>, settlement: &Settlement, step: &decision::Step) -> Self {
        let (amount, rate) = match step.used {
            Used::Nothing => (None, None),
            Used::Amount(amount) => (Some(amount.to_string()), None),
            Used::Rate(rate) => (None, Some(rate)),
        };
        let line = match (&statement.bill.costs, step.line) {
            (Costs::Lines(lines), Some(at)) => lines.get(usize::from(at)),
            _ => None,
        };
        let layer = step.layer.and_then(|at| settlement.layers.get(usize::from(at)));
        let cited = |id| statement.source(id).map(|source| Cited::of(&source));
        Self {
            rule: step.rule,
            layer: layer.map(|share| share.layer),
            line: step.line.map(|at| u32::from(at) + 1),
            item: line.map(|line| line.item.as_str()),
            amount,
            rate,
            before: step.before,
            after: step.after,
            value: cited(step.source),
            share_of: cited(step.via),
        }
    }
}

/// A value and where it stands.
#[derive(Serialize)]
pub(in crate::statement) struct Cited<'a> {
    address: &'a str,
    condition: &'a str,
    condition_zh: String,
    value: &'a str,
    since: NaiveDate,
    until: Option<NaiveDate>,
    division: String,
    division_zh: String,
    division_en: String,
    inherited: bool,
    cite: &'a [String],
    mark: Mark,
    source: Option<&'a str>,
    note: Option<&'a str>,
    file: &'a str,
    line: usize,
}

impl<'a> Cited<'a> {
    pub(in crate::statement) fn of(source: &Source<'a>) -> Self {
        let citation = source.citation;
        Self {
            address: &citation.address,
            condition: &citation.row,
            condition_zh: source.condition(Lang::Zh),
            value: &citation.value,
            since: citation.from,
            until: citation.until,
            division: citation.division.to_string(),
            division_zh: source.division(Lang::Zh),
            division_en: source.division(Lang::En),
            inherited: source.is_inherited(),
            cite: &citation.cite,
            mark: citation.mark,
            source: citation.source.as_deref(),
            note: citation.note.as_deref(),
            file: &citation.file,
            line: citation.line,
        }
    }
}
