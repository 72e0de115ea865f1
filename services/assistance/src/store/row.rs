//! Columns of rows, and statements with values.

use chrono::{DateTime, NaiveDate, Utc};
use money::Fen;
use store::Error;
use store::sea_orm::{ConnectionTrait, QueryResult, Statement, Value};
use terms::Name;

pub(super) async fn all(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<QueryResult>, Error> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    Ok(connection.query_all_raw(statement).await?)
}

pub(super) async fn one(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
) -> Result<Option<QueryResult>, Error> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    Ok(connection.query_one_raw(statement).await?)
}

pub(super) async fn execute(tx: &store::Tx, sql: &str, values: Vec<Value>) -> Result<(), Error> {
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(())
}

pub(super) fn text(row: &QueryResult, column: &str) -> Result<String, Error> {
    Ok(row.try_get("", column)?)
}

pub(super) fn int(row: &QueryResult, column: &str) -> Result<i64, Error> {
    Ok(row.try_get("", column)?)
}

pub(super) fn fen(row: &QueryResult, column: &str) -> Result<Fen, Error> {
    int(row, column).map(Fen::new)
}

pub(super) fn flag(row: &QueryResult, column: &str) -> Result<bool, Error> {
    int(row, column).map(|number| number != 0)
}

/// A number that fits another type.
pub(super) fn number<T: TryFrom<i64>>(row: &QueryResult, column: &'static str) -> Result<T, Error> {
    T::try_from(int(row, column)?).map_err(|_| Error::Corrupt { what: column })
}

pub(super) fn name(row: &QueryResult, column: &'static str) -> Result<Name, Error> {
    Name::new(&text(row, column)?).map_err(|_| Error::Corrupt { what: column })
}

pub(super) fn optional_name(row: &QueryResult, column: &'static str) -> Result<Option<Name>, Error> {
    let text: Option<String> = row.try_get("", column)?;
    text.map(|text| Name::new(&text).map_err(|_| Error::Corrupt { what: column })).transpose()
}

pub(super) fn parsed<T: std::str::FromStr>(row: &QueryResult, column: &'static str) -> Result<T, Error> {
    text(row, column)?.parse().map_err(|_| Error::Corrupt { what: column })
}

pub(super) fn optional<T: std::str::FromStr>(row: &QueryResult, column: &'static str) -> Result<Option<T>, Error> {
    let text: Option<String> = row.try_get("", column)?;
    text.map(|text| text.parse().map_err(|_| Error::Corrupt { what: column })).transpose()
}

pub(super) fn date(row: &QueryResult, column: &'static str) -> Result<NaiveDate, Error> {
    parsed(row, column)
}

pub(super) fn moment(row: &QueryResult, column: &'static str) -> Result<DateTime<Utc>, Error> {
    of_micros(int(row, column)?, column)
}

pub(super) fn optional_moment(row: &QueryResult, column: &'static str) -> Result<Option<DateTime<Utc>>, Error> {
    let micros: Option<i64> = row.try_get("", column)?;
    micros.map(|micros| of_micros(micros, column)).transpose()
}

fn of_micros(micros: i64, column: &'static str) -> Result<DateTime<Utc>, Error> {
    DateTime::from_timestamp_micros(micros).ok_or(Error::Corrupt { what: column })
}

/// What one writes as JSON into a text column.
pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| Error::Corrupt { what: "a value" })
}

pub(super) fn json<T: serde::de::DeserializeOwned>(row: &QueryResult, column: &'static str) -> Result<T, Error> {
    serde_json::from_str(&text(row, column)?).map_err(|_| Error::Corrupt { what: column })
}
