//! Departments' lists, compared with what is known.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use terms::{Category, Division};

use super::category::{Authority, Evidence, Grant, Terms};
use super::words::words;

words! {
    /// What an import does with the differences it finds.
    ImportMode { Check "check", Apply "apply" }
    /// Where an import stands: open until the last row, ending while what a full list lacks is looked for.
    ImportState { Open "open", Ending "ending", Done "done" }
    /// What a row of a list is to what is known.
    DifferenceKind {
        New "new", Ended "ended", Changed "changed", Same "same", UnknownPerson "unknown_person", Rejected "rejected",
    }
}

/// What a list is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List {
    pub(crate) authority: Authority,
    pub(crate) division: Division,
    pub(crate) category: Category,
    pub(crate) treated_as: Option<Category>,
    pub(crate) as_of: NaiveDate,
    pub(crate) is_full: bool,
    pub(crate) mode: ImportMode,
    pub(crate) source: String,
    pub(crate) operator: String,
}

/// How far an import is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Import {
    pub(crate) id: String,
    pub(crate) list: List,
    pub(crate) rows_total: u64,
    pub(crate) rows_read: u64,
    pub(crate) found: BTreeMap<DifferenceKind, u64>,
    pub(crate) state: ImportState,
    pub(crate) begun_at: DateTime<Utc>,
    pub(crate) committed_at: DateTime<Utc>,
}

/// What a row says of its person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// First day; none: the day as of which the list is right.
    pub(crate) from: Option<NaiveDate>,
    pub(crate) to: Option<NaiveDate>,
    pub(crate) evidence: Vec<Evidence>,
}

/// One thing that is wrong with a row, without personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RowProblem {
    pub(crate) field: String,
    pub(crate) reason: String,
    pub(crate) description: String,
}

/// What one row is to what was known; of a full list also what it lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Its place: the row's number, and after the last row what the list lacks.
    pub(crate) position: u64,
    /// The row's number; 0 for what the list lacks.
    pub(crate) row: u64,
    pub(crate) kind: DifferenceKind,
    /// Whom the row names, as far as that is known.
    pub(crate) person: Option<String>,
    pub(crate) before: Option<Grant>,
    /// In a check without a version.
    pub(crate) after: Option<Grant>,
    pub(crate) problems: Vec<RowProblem>,
}

/// What a row is to what is known of its person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Compared {
    New(Terms),
    Same(Box<Grant>),
    Changed(Box<Grant>, Terms),
    Rejected(RowProblem),
}

/// Compares what a row says with the grants that count.
pub(crate) fn compare(list: &List, said: &Said, known: &[Grant]) -> Compared {
    let rejected = |field: &str, reason: &str, description: String| {
        Compared::Rejected(RowProblem { field: field.to_owned(), reason: reason.to_owned(), description })
    };
    let terms = Terms {
        category: list.category,
        treated_as: list.treated_as,
        from: said.from.unwrap_or(list.as_of),
        to: said.to,
        authority: list.authority.clone(),
        evidence: said.evidence.clone(),
    };
    if terms.to.is_some_and(|to| to < terms.from) {
        return rejected("to_date", "invalid_fields", format!("expected a day not before {}", terms.from));
    }
    let overlapping: Vec<&Grant> =
        known.iter().filter(|grant| grant.terms.category == terms.category && grant.terms.overlaps(&terms)).collect();
    let grant = match overlapping.as_slice() {
        [] => return Compared::New(terms),
        [one] => *one,
        [one, ..] => {
            let ids = format!("these days are of several grants of this category: {} and others", one.id);
            return rejected("", "duplicate", ids);
        }
    };
    let begins_so = said.from.map_or(grant.terms.from <= list.as_of, |from| from == grant.terms.from);
    if begins_so && (grant.terms.to, grant.terms.treated_as) == (terms.to, terms.treated_as) {
        return Compared::Same(Box::new(grant.clone()));
    }
    let of = |authority: &Authority| (authority.office, authority.division);
    if of(&grant.terms.authority) != of(&list.authority) {
        return rejected("", "duplicate", format!("another authority has granted it for other days: {}", grant.id));
    }
    let from = said.from.unwrap_or_else(|| grant.terms.from.min(list.as_of));
    let evidence = if said.evidence.is_empty() { grant.terms.evidence.clone() } else { said.evidence.clone() };
    Compared::Changed(Box::new(grant.clone()), Terms { from, evidence, ..terms })
}

/// What a grant that a full list does not name is from the list's day on: it has ended the day before, or never was.
pub(crate) fn ended(list: &List, grant: &Grant) -> (Terms, bool) {
    let eve = list.as_of.pred_opt().unwrap_or(list.as_of);
    let taken_back = grant.terms.from > eve;
    let to = if taken_back { grant.terms.to } else { Some(eve) };
    (Terms { to, ..grant.terms.clone() }, taken_back)
}
