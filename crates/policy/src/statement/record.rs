//! The canonical form of a statement, field by field. Amounts are decimal strings in yuan; nothing is a float.

mod facts;
mod figures;
mod steps;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;

use super::national::NationalResult;
use super::{Lang, Statement, others, refusal};
use crate::decision::{self, Outcome, Refusal};
use crate::pack::Clause;
use crate::statement::source::Source;

use facts::{BillFacts, PersonFacts};
use figures::{After, Layer, Line, Payer};
use steps::{Cited, Step};

pub(super) use steps::Cited as CitedValue;

/// Everything a statement says.
#[derive(Serialize)]
pub(super) struct Record<'a> {
    /// The form of this record; raised when a field changes its meaning.
    form: u8,
    version: String,
    date: NaiveDate,
    outcome: &'static str,
    person: PersonFacts<'a>,
    bill: BillFacts<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settlement: Option<Settled<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Vec<Cause<'a>>>,
    /// Whether the third system was away, and its share follows.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    third_system_follows: bool,
    /// What payers behind the decision promise and have paid; not in any share above.
    #[serde(skip_serializing_if = "Option::is_none")]
    other_payers: Option<others::Record>,
    assumed: Vec<Cited<'a>>,
    clauses: BTreeMap<&'a str, &'a Clause>,
}

#[derive(Serialize)]
struct Settled<'a> {
    category: String,
    national: NationalResult,
    setldetail: Vec<Payer>,
    lines: Vec<Line<'a>>,
    layers: Vec<Layer>,
    accumulated: After,
    /// What came back to the own account and paid what its owner owed: the balance in `accumulated` is before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    account_repaid: Option<String>,
    steps: Vec<Step<'a>>,
}

#[derive(Serialize)]
pub(super) struct Cause<'a> {
    reason: &'static str,
    zh: &'static str,
    en: &'static str,
    about: &'a str,
    cite: &'a [String],
    next_zh: &'static str,
    next_en: &'static str,
}

impl<'a> Record<'a> {
    pub(super) fn of(statement: &Statement<'a>) -> Self {
        let (settlement, refused) = match &statement.decision.outcome {
            Outcome::Settled(_) => (Settled::of(statement), None),
            Outcome::Refused(refusal) => (None, Some(causes(refusal))),
        };
        Self {
            form: 1,
            version: statement.decision.version.to_string(),
            date: statement.decision.date,
            outcome: if refused.is_some() { "refused" } else { "settled" },
            person: PersonFacts::of(statement),
            bill: BillFacts::of(statement.bill),
            settlement,
            refusal: refused,
            third_system_follows: others::is_to_follow(statement.held),
            other_payers: others::record(statement.others),
            assumed: cited(&statement.assumed()),
            clauses: statement.clauses(),
        }
    }
}

impl<'a> Settled<'a> {
    fn of(statement: &Statement<'a>) -> Option<Self> {
        let settlement = statement.decision.settlement()?;
        Some(Self {
            category: settlement.category.to_string(),
            national: statement.national(),
            setldetail: super::explain::payments(statement, settlement, Lang::Zh).iter().map(Payer::of).collect(),
            lines: figures::lines(statement.bill, settlement),
            layers: settlement.layers.iter().map(|share| Layer::of(statement.policy, share)).collect(),
            accumulated: After::of(&settlement.accumulators),
            account_repaid: (!statement.repaid.is_zero()).then(|| statement.repaid.to_string()),
            steps: settlement.steps.iter().map(|step| Step::of(statement, settlement, step)).collect(),
        })
    }
}

/// The reasons of a refusal.
pub(super) fn causes(refused: &Refusal) -> Vec<Cause<'_>> {
    refused.causes.iter().map(Cause::of).collect()
}

impl<'a> Cause<'a> {
    fn of(cause: &'a decision::Cause) -> Self {
        let reason = cause.reason;
        Self {
            reason: reason.word(),
            zh: reason.zh(),
            en: reason.en(),
            about: &cause.about,
            cite: &cause.cite,
            next_zh: refusal::next(reason, Lang::Zh),
            next_en: refusal::next(reason, Lang::En),
        }
    }
}

/// Values with where they stand.
pub(super) fn cited<'a>(sources: &[Source<'a>]) -> Vec<Cited<'a>> {
    sources.iter().map(Cited::of).collect()
}
