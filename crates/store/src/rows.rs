//! Rows in bulk: one statement writes or names any number of them, sent as one JSON value, on both databases.

use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};
use serde_json::Value as Json;

use crate::{Error, Tx};

/// How a column travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number: counts, fen, microseconds.
    Int,
    /// Bytes, in the JSON value as hexadecimal digits.
    Bytes,
}

/// The columns of rows, by name.
pub type Columns = [(&'static str, Kind)];

/// The rows of the statement's first value (`$1`, a JSON array of objects) as something to select from, named `r`, in
/// their order by the column `ordinal`.
#[must_use]
pub fn source(backend: DbBackend, columns: &Columns) -> String {
    let names = columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    if backend == DbBackend::Postgres {
        // read in one go: an operator for each column would read the whole value again each time
        let kind = |(name, kind): &(&str, Kind)| {
            let kind = if *kind == Kind::Int { "BIGINT" } else { "TEXT" };
            format!("{name} {kind}")
        };
        let kinds = columns.iter().map(kind).collect::<Vec<_>>().join(", ");
        let read = |(name, kind): &(&str, Kind)| match kind {
            Kind::Bytes => format!("decode({name}, 'hex') AS {name}"),
            Kind::Text | Kind::Int => (*name).to_owned(),
        };
        let read = columns.iter().map(read).collect::<Vec<_>>().join(", ");
        return format!(
            "(SELECT {read}, ordinal FROM ROWS FROM (json_to_recordset($1::json) AS ({kinds})) \
             WITH ORDINALITY AS e ({names}, ordinal)) AS r"
        );
    }
    let column = |(name, kind): &(&str, Kind)| match kind {
        Kind::Bytes => format!("unhex(value ->> '{name}') AS {name}"),
        Kind::Text | Kind::Int => format!("value ->> '{name}' AS {name}"),
    };
    let columns = columns.iter().map(column).collect::<Vec<_>>().join(", ");
    format!("(SELECT {columns}, key AS ordinal FROM json_each($1)) AS r")
}

/// Writes rows into a table; `end` is what follows the rows, such as a conflict clause. Says how many were written.
///
/// # Errors
/// What the database said.
pub async fn insert(tx: &Tx, table: &str, columns: &Columns, rows: &[Json], end: &str) -> Result<u64, Error> {
    if rows.is_empty() {
        return Ok(0);
    }
    let backend = tx.get_database_backend();
    let names = columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    // SQLite reads ON after a joined SELECT as a join unless a WHERE stands between
    let sql = format!(
        "INSERT INTO {table} ({names}) SELECT {names} FROM {} WHERE true ORDER BY ordinal {end}",
        source(backend, columns)
    );
    let written = tx.execute_raw(Statement::from_sql_and_values(backend, sql, [json(rows)?])).await?;
    Ok(written.rows_affected())
}

/// Runs a query over rows; `{rows}` in it stands for them (see [`source`]), further values follow as `$2`, `$3`, ….
///
/// # Errors
/// What the database said.
pub async fn query(
    connection: &impl ConnectionTrait,
    sql: &str,
    columns: &Columns,
    rows: &[Json],
    more: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, Error> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let backend = connection.get_database_backend();
    let sql = sql.replace("{rows}", &source(backend, columns));
    let values = std::iter::once(json(rows)?).chain(more);
    Ok(connection.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?)
}

/// Runs a statement that changes, over rows; as [`query`]. Says how many rows it changed.
///
/// # Errors
/// What the database said.
pub async fn execute(tx: &Tx, sql: &str, columns: &Columns, rows: &[Json]) -> Result<u64, Error> {
    if rows.is_empty() {
        return Ok(0);
    }
    let backend = tx.get_database_backend();
    let sql = sql.replace("{rows}", &source(backend, columns));
    let done = tx.execute_raw(Statement::from_sql_and_values(backend, sql, [json(rows)?])).await?;
    Ok(done.rows_affected())
}

fn json(rows: &[Json]) -> Result<Value, Error> {
    serde_json::to_string(rows).map(Value::from).map_err(|_| Error::Corrupt { what: "rows" })
}
