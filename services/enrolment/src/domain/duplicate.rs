use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use terms::Scheme;

use super::Enrolment;

/// The clauses against being insured twice. No pack holds the rule: it is the same everywhere.
pub(crate) const TWICE: [&str; 2] = ["GX-17", "DM-3.5"];

/// Enrolments of a person that hold on the same day in two schemes or places.
#[derive(Clone, Debug)]
pub(crate) struct Duplicate {
    pub(crate) id: String,
    pub(crate) person: String,
    pub(crate) enrolments: Vec<String>,
    /// The one that stands by the rule.
    pub(crate) standing: String,
    pub(crate) resolved: bool,
    pub(crate) recorded_at: DateTime<Utc>,
}

/// Which enrolment of a duplicate was kept, by whom and why.
#[derive(Clone, Debug)]
pub(crate) struct Resolution {
    pub(crate) kept: String,
    pub(crate) reason: String,
    pub(crate) operator: String,
    pub(crate) recorded_at: DateTime<Utc>,
}

/// The enrolment that stands: employees' insurance before residents', then the one that holds longer without a break,
/// then the one that was recorded first.
pub(crate) fn standing<'e>(enrolments: impl IntoIterator<Item = &'e Enrolment>) -> Option<&'e Enrolment> {
    enrolments.into_iter().min_by_key(|enrolment| {
        let employee = enrolment.terms.scheme == Scheme::Employee;
        let from = enrolment.benefits().first().map(|days| days.from);
        (Reverse(employee), from.is_none(), from, enrolment.recorded_at, enrolment.id.clone())
    })
}
