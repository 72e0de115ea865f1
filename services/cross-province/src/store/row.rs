//! Columns of rows, and statements with values.

use chrono::{DateTime, Utc};
use money::Fen;
use prost::Message;
use store::Error;
use store::sea_orm::{ConnectionTrait, QueryResult, Statement, Value};

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

pub(super) async fn execute(tx: &store::Tx, sql: &str, values: Vec<Value>) -> Result<u64, Error> {
    let done = tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(done.rows_affected())
}

pub(super) fn text(row: &QueryResult, column: &str) -> Result<String, Error> {
    Ok(row.try_get("", column)?)
}

pub(super) fn bytes(row: &QueryResult, column: &str) -> Result<Vec<u8>, Error> {
    Ok(row.try_get("", column)?)
}

pub(super) fn int(row: &QueryResult, column: &str) -> Result<i64, Error> {
    Ok(row.try_get("", column)?)
}

pub(super) fn fen(row: &QueryResult, column: &str) -> Result<Fen, Error> {
    int(row, column).map(Fen::new)
}

/// A number that fits another type.
pub(super) fn number<T: TryFrom<i64>>(row: &QueryResult, column: &'static str) -> Result<T, Error> {
    T::try_from(int(row, column)?).map_err(|_| Error::Corrupt { what: column })
}

pub(super) fn parsed<T: std::str::FromStr>(row: &QueryResult, column: &'static str) -> Result<T, Error> {
    text(row, column)?.parse().map_err(|_| Error::Corrupt { what: column })
}

pub(super) fn moment(row: &QueryResult, column: &'static str) -> Result<DateTime<Utc>, Error> {
    DateTime::from_timestamp_micros(int(row, column)?).ok_or(Error::Corrupt { what: column })
}

pub(super) fn sha(row: &QueryResult, column: &'static str) -> Result<[u8; 32], Error> {
    let mut sha = [0; 32];
    hex::decode_to_slice(text(row, column)?, &mut sha).map_err(|_| Error::Corrupt { what: column })?;
    Ok(sha)
}

/// A message in a column of bytes.
pub(super) fn message<M: Message + Default>(row: &QueryResult, column: &'static str) -> Result<M, Error> {
    M::decode(bytes(row, column)?.as_slice()).map_err(|_| Error::Corrupt { what: column })
}

pub(super) fn json<T: serde::de::DeserializeOwned>(row: &QueryResult, column: &'static str) -> Result<T, Error> {
    serde_json::from_str(&text(row, column)?).map_err(|_| Error::Corrupt { what: column })
}

pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| Error::Corrupt { what: "a state" })
}

pub(super) fn micros(moment: DateTime<Utc>) -> Value {
    moment.timestamp_micros().into()
}

/// A whole number that may pass what the database holds; such a one finds nothing.
pub(super) fn whole(number: u64) -> Value {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}
