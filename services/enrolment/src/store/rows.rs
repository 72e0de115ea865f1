//! Rows in and out: many rows are one statement over one JSON value.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use store::sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value as SqlValue};
use store::{Error, Tx};

/// A column's type: `BIGINT` or `TEXT`.
#[derive(Clone, Copy)]
pub(super) enum Of {
    Text,
    Int,
}

/// A table and the columns that are written.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [(&'static str, Of)],
}

/// Rows a statement takes at once.
const CHUNK: usize = 2_000;

/// Adds rows, each a JSON object of the table's columns.
pub(super) async fn insert(tx: &Tx, table: &Table, rows: &[Value]) -> Result<(), Error> {
    insert_or(tx, table, rows, "").await.map(|_| ())
}

/// Adds rows with what is to happen on a conflict; says how many were added.
pub(super) async fn insert_or(tx: &Tx, table: &Table, rows: &[Value], conflict: &str) -> Result<u64, Error> {
    let backend = tx.get_database_backend();
    let names = table.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let from = match backend {
        DbBackend::Postgres => {
            let typed = |(name, of): &(&str, Of)| match of {
                Of::Text => format!("{name} TEXT"),
                Of::Int => format!("{name} BIGINT"),
            };
            let typed = table.columns.iter().map(typed).collect::<Vec<_>>().join(", ");
            format!("SELECT {names} FROM jsonb_to_recordset($1::jsonb) AS given ({typed})")
        }
        _ => {
            let taken = table.columns.iter().map(|(name, _)| format!("value ->> '{name}'")).collect::<Vec<_>>();
            // WHERE true: without it SQLite reads ON CONFLICT as the condition of a join
            format!("SELECT {} FROM json_each($1) WHERE true", taken.join(", "))
        }
    };
    let sql = format!("INSERT INTO {} ({names}) {from} {conflict}", table.name);
    let mut added = 0;
    for rows in rows.chunks(CHUNK) {
        let rows = serde_json::to_string(rows).map_err(|_| Error::Corrupt { what: "rows" })?;
        let done = tx.execute_raw(Statement::from_sql_and_values(backend, sql.as_str(), [rows.into()])).await?;
        added += done.rows_affected();
    }
    Ok(added)
}

/// A subquery of the texts of the JSON list in parameter `$number`.
pub(super) fn among(connection: &impl ConnectionTrait, number: u8) -> String {
    match connection.get_database_backend() {
        DbBackend::Postgres => format!("(SELECT jsonb_array_elements_text(${number}::jsonb))"),
        _ => format!("(SELECT value FROM json_each(${number}))"),
    }
}

/// Texts as the JSON list [`among`] reads.
pub(super) fn list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> SqlValue {
    Value::Array(texts.into_iter().map(|text| Value::from(text.as_ref())).collect()).to_string().into()
}

pub(super) async fn all(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: Vec<SqlValue>,
) -> Result<Vec<QueryResult>, Error> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    Ok(connection.query_all_raw(statement).await?)
}

pub(super) async fn one(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: Vec<SqlValue>,
) -> Result<Option<QueryResult>, Error> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    Ok(connection.query_one_raw(statement).await?)
}

pub(super) async fn run(tx: &Tx, sql: &str, values: Vec<SqlValue>) -> Result<u64, Error> {
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    Ok(tx.execute_raw(statement).await?.rows_affected())
}

pub(super) fn text(row: &QueryResult, column: &str) -> Result<String, Error> {
    Ok(row.try_get("", column)?)
}

pub(super) fn int(row: &QueryResult, column: &str) -> Result<i64, Error> {
    Ok(row.try_get("", column)?)
}

/// A count or number that is never below zero.
pub(super) fn count(row: &QueryResult, column: &'static str) -> Result<u64, Error> {
    u64::try_from(int(row, column)?).map_err(|_| Error::Corrupt { what: column })
}

pub(super) fn parsed<T: std::str::FromStr>(row: &QueryResult, column: &'static str) -> Result<T, Error> {
    text(row, column)?.parse().map_err(|_| Error::Corrupt { what: column })
}

pub(super) fn optional_date(row: &QueryResult, column: &'static str) -> Result<Option<NaiveDate>, Error> {
    let text: Option<String> = row.try_get("", column)?;
    text.map(|text| text.parse().map_err(|_| Error::Corrupt { what: column })).transpose()
}

pub(super) fn moment(row: &QueryResult, column: &'static str) -> Result<DateTime<Utc>, Error> {
    DateTime::from_timestamp_micros(int(row, column)?).ok_or(Error::Corrupt { what: column })
}

pub(super) fn json<T: serde::de::DeserializeOwned>(row: &QueryResult, column: &'static str) -> Result<T, Error> {
    serde_json::from_str(&text(row, column)?).map_err(|_| Error::Corrupt { what: column })
}

/// What one writes as JSON into a text column.
pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| Error::Corrupt { what: "a value" })
}
