//! Case files (`tests/cases/README.md`): one person, one or more bills or a question, and what should come out.

mod bill;
mod expect;
mod fields;
mod person;
mod questions;
mod read;
mod run;
mod what_if;

pub use expect::{Difference, Expected};
pub use read::read;
pub use run::{Answer, BillAnswer};
pub use what_if::WhatIfError;

use crate::{Accumulators, Bill, ContributionFacts, CoverageFacts, IndicatorFacts, Person, WatchFacts};

/// A case as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The file's name, as given.
    pub file: String,
    /// Title.
    pub title: String,
    /// Rule ids it proves.
    pub rules: Vec<String>,
    /// What is asked.
    pub question: Question,
    /// What should come out.
    pub expected: Vec<Expected>,
}

/// What a case asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Bills of a person-year.
    Bills(Box<Bills>),
    /// A year's contribution.
    Contribution(ContributionFacts),
    /// From when to when a person is covered.
    Coverage(CoverageFacts),
    /// Whether a person is on the watch list.
    Watch(WatchFacts),
    /// How an aggregate compares with its target.
    Indicator(IndicatorFacts),
}

/// The bills of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bills {
    /// The person.
    pub person: Person,
    /// The bills, in the order in which they are settled.
    pub bills: Vec<Bill>,
    /// What the year held before.
    pub accumulated: Accumulators,
    /// Bills reversed after all were settled.
    pub reversed: Vec<terms::Name>,
}
