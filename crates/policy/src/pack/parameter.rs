use chrono::NaiveDate;

use super::clause::SourceId;
use super::schema::Spec;
use super::value::Value;
use crate::condition::Condition;

/// A parameter as one division's pack sets it.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) address: String,
    pub(crate) spec: Spec,
    pub(crate) rows: Vec<Row>,
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// A row: its condition and its values by date.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) key: String,
    pub(crate) condition: Condition,
    /// In order of date.
    pub(crate) dated: Vec<Dated>,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// A value from a day on.
#[derive(Clone, Debug)]
pub(crate) struct Dated {
    pub(crate) from: NaiveDate,
    pub(crate) value: Value,
    pub(crate) source: SourceId,
}

impl Row {
    /// The value in force on a day, if the row is set then.
    pub(crate) fn on(&self, date: NaiveDate) -> Option<&Dated> {
        self.dated.iter().rev().find(|dated| dated.from <= date).filter(|dated| dated.value != Value::Unset)
    }
}

impl Parameter {
    /// Whether any row is set on a day.
    pub(crate) fn is_set(&self, date: NaiveDate) -> bool {
        self.rows.iter().any(|row| row.on(date).is_some())
    }

    /// The days on which something changes.
    pub(crate) fn dates(&self) -> impl Iterator<Item = NaiveDate> {
        self.rows.iter().flat_map(|row| row.dated.iter().map(|dated| dated.from))
    }
}
