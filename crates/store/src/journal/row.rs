//! Entries as rows and back. Rows go in as one JSON value a table, so that a commit of any size is one prepared statement.

use std::collections::BTreeMap;

use ledger::{Account, Balance, Draft, Entry, Line};
use money::Fen;
use sea_orm::QueryResult;
use serde::de::DeserializeOwned;
use terms::{EntryKind, Name, Side};

use crate::Error;
use crate::rows::Kind::{Int, Text};
use crate::rows::{Cell, Columns};

pub(super) const LINES: &Columns =
    &[("entry", Text), ("position", Int), ("account", Text), ("side", Text), ("amount_fen", Int)];

pub(super) const ENTRIES: &Columns = &[
    ("id", Text),
    ("kind", Text),
    ("date", Text),
    ("reference", Text),
    ("original", Text),
    ("policy", Text),
    ("clauses", Text),
    ("total_fen", Int),
    ("memo", Text),
    ("line_count", Int),
];

const NO_JSON: Error = Error::Corrupt { what: "an entry" };

/// The rows of the lines of entries.
pub(super) fn line_rows(commit: &[Entry]) -> Result<Vec<Vec<Cell>>, Error> {
    let mut rows = Vec::new();
    for entry in commit {
        for (position, line) in entry.lines.iter().enumerate() {
            rows.push(vec![
                entry.id.as_str().into(),
                count(position)?,
                line.account.to_string().into(),
                line.side.to_string().into(),
                line.amount.get().into(),
            ]);
        }
    }
    Ok(rows)
}

/// The rows of entries.
pub(super) fn entry_rows(commit: &[Entry]) -> Result<Vec<Vec<Cell>>, Error> {
    let text = |value: serde_json::Result<String>| value.map(Cell::Text).map_err(|_| NO_JSON);
    let row = |entry: &Entry| {
        Ok(vec![
            entry.id.as_str().into(),
            entry.kind.to_string().into(),
            entry.date.to_string().into(),
            entry.reference.as_str().into(),
            entry.original.map(|original| original.to_string()).into(),
            entry.policy.map(|version| version.to_string()).into(),
            text(serde_json::to_string(&entry.clauses))?,
            entry.total.get().into(),
            text(serde_json::to_string(&entry.memo))?,
            count(entry.lines.len())?,
        ])
    };
    commit.iter().map(row).collect()
}

fn count(number: usize) -> Result<Cell, Error> {
    i64::try_from(number).map(Cell::Int).map_err(|_| NO_JSON)
}

/// Entries of their rows, each checked as when it was made.
pub(super) fn entries(entries: &[QueryResult], lines: &[QueryResult]) -> Result<Vec<Entry>, Error> {
    let mut of_entry: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for row in lines {
        of_entry.entry(row.try_get("", "entry")?).or_default().push(line(row)?);
    }
    let entry = |row: &QueryResult| {
        let lines = of_entry.remove(&row.try_get::<String>("", "id")?).unwrap_or_default();
        draft(row, lines)?.seal().map_err(|_| NO_JSON)
    };
    entries.iter().map(entry).collect()
}

fn draft(row: &QueryResult, lines: Vec<Line>) -> Result<Draft, Error> {
    let optional = |column| Ok::<Option<String>, Error>(row.try_get("", column)?);
    Ok(Draft {
        id: name(&row.try_get::<String>("", "id")?)?,
        kind: parsed::<EntryKind>(row, "kind")?,
        date: parsed(row, "date")?,
        reference: name(&row.try_get::<String>("", "reference")?)?,
        original: optional("original")?.map(|text| name(&text)).transpose()?,
        policy: optional("policy")?.map(|text| text.parse().map_err(|_| NO_JSON)).transpose()?,
        clauses: from_json(row, "clauses")?,
        total: Fen::new(row.try_get("", "total_fen")?),
        lines,
        memo: from_json(row, "memo")?,
    })
}

fn line(row: &QueryResult) -> Result<Line, Error> {
    let amount = Fen::new(row.try_get("", "amount_fen")?);
    Ok(Line { account: parsed::<Account>(row, "account")?, side: parsed::<Side>(row, "side")?, amount })
}

pub(super) fn balance(row: &QueryResult) -> Result<(Account, Balance), Error> {
    let (debits, credits) = (Fen::new(row.try_get("", "debits")?), Fen::new(row.try_get("", "credits")?));
    Ok((parsed(row, "account")?, Balance { debits, credits }))
}

fn name(text: &str) -> Result<Name, Error> {
    Name::new(text).map_err(|_| NO_JSON)
}

fn parsed<T: std::str::FromStr>(row: &QueryResult, column: &'static str) -> Result<T, Error> {
    row.try_get::<String>("", column)?.parse().map_err(|_| Error::Corrupt { what: column })
}

fn from_json<T: DeserializeOwned>(row: &QueryResult, column: &'static str) -> Result<T, Error> {
    serde_json::from_str(&row.try_get::<String>("", column)?).map_err(|_| Error::Corrupt { what: column })
}
