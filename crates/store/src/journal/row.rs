//! Entries as rows and back. Rows go in as one JSON value a table, so that a commit of any size is one prepared statement.

use std::collections::BTreeMap;

use ledger::{Account, Balance, Draft, Entry, Line};
use money::Fen;
use sea_orm::{DbBackend, QueryResult};
use serde::de::DeserializeOwned;
use serde_json::json;
use terms::{EntryKind, Name, Side};

use crate::Error;

const LINES_SQLITE: &str = "INSERT INTO journal_line (entry, position, account, side, amount_fen) \
     SELECT value ->> 'entry', value ->> 'position', value ->> 'account', value ->> 'side', value ->> 'amount_fen' \
     FROM json_each($1)";

const LINES_POSTGRES: &str = "INSERT INTO journal_line (entry, position, account, side, amount_fen) \
     SELECT entry, position, account, side, amount_fen FROM jsonb_to_recordset($1::jsonb) \
     AS row (entry TEXT, position BIGINT, account TEXT, side TEXT, amount_fen BIGINT)";

const ENTRIES_SQLITE: &str = "INSERT INTO journal (id, kind, date, reference, original, policy, clauses, total_fen, memo, line_count) \
     SELECT value ->> 'id', value ->> 'kind', value ->> 'date', value ->> 'reference', value ->> 'original', \
     value ->> 'policy', value ->> 'clauses', value ->> 'total_fen', value ->> 'memo', value ->> 'line_count' \
     FROM json_each($1) ORDER BY key";

const ENTRIES_POSTGRES: &str = "INSERT INTO journal (id, kind, date, reference, original, policy, clauses, total_fen, memo, line_count) \
     SELECT id, kind, date, reference, original, policy, clauses, total_fen, memo, line_count \
     FROM jsonb_to_recordset($1::jsonb) AS row (ordinal BIGINT, id TEXT, kind TEXT, date TEXT, reference TEXT, \
     original TEXT, policy TEXT, clauses TEXT, total_fen BIGINT, memo TEXT, line_count BIGINT) ORDER BY ordinal";

/// The statements for lines and for entries.
pub(super) const fn inserts(backend: DbBackend) -> (&'static str, &'static str) {
    match backend {
        DbBackend::Postgres => (LINES_POSTGRES, ENTRIES_POSTGRES),
        _ => (LINES_SQLITE, ENTRIES_SQLITE),
    }
}

const NO_JSON: Error = Error::Corrupt { what: "an entry" };

pub(super) fn lines_json(commit: &[Entry]) -> Result<String, Error> {
    let numbered =
        commit.iter().flat_map(|entry| entry.lines.iter().enumerate().map(move |(at, line)| (entry, at, line)));
    let rows = numbered.map(|(entry, position, line)| {
        json!({
            "entry": entry.id, "position": position, "account": line.account.to_string(),
            "side": line.side.to_string(), "amount_fen": line.amount.get(),
        })
    });
    serde_json::to_string(&rows.collect::<Vec<_>>()).map_err(|_| NO_JSON)
}

pub(super) fn entries_json(commit: &[Entry]) -> Result<String, Error> {
    let text = |value: serde_json::Result<String>| value.map_err(|_| NO_JSON);
    let mut rows = Vec::with_capacity(commit.len());
    for (ordinal, entry) in commit.iter().enumerate() {
        rows.push(json!({
            "ordinal": ordinal, "id": entry.id, "kind": entry.kind.to_string(), "date": entry.date.to_string(),
            "reference": entry.reference, "original": entry.original,
            "policy": entry.policy.map(|version| version.to_string()),
            "clauses": text(serde_json::to_string(&entry.clauses))?, "total_fen": entry.total.get(),
            "memo": text(serde_json::to_string(&entry.memo))?, "line_count": entry.lines.len(),
        }));
    }
    text(serde_json::to_string(&rows))
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
