//! Rows in bulk: one statement writes or names any number of them, on both databases.

use sea_orm::sea_query::ArrayType;
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
    /// Bytes; rows of them are made of [`Cell`]s.
    Bytes,
}

/// The columns of rows, by name.
pub type Columns = [(&'static str, Kind)];

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Nothing.
    Null,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<Vec<u8>> for Cell {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The most values of one statement on SQLite, which knows no arrays; more rows are taken piece by piece, so that pieces of many
/// rows are one statement that is kept ready.
const VALUES_MOST: usize = 2_000;

/// Rows as something to select from, named `r`, in their order by the column `ordinal`; and the values it needs.
pub(crate) struct Source {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
}

const MIXED: Error = Error::Corrupt { what: "rows: a value is not of its column's kind" };

impl Source {
    pub(crate) fn new(backend: DbBackend, columns: &Columns, rows: Vec<Vec<Cell>>) -> Result<Self, Error> {
        if rows.iter().any(|row| row.len() != columns.len()) {
            return Err(MIXED);
        }
        if backend == DbBackend::Postgres { Self::arrays(columns, rows) } else { Ok(Self::values(columns, rows)) }
    }

    /// An array a column: however many rows there are, it is the same statement.
    fn arrays(columns: &Columns, rows: Vec<Vec<Cell>>) -> Result<Self, Error> {
        let mut held: Vec<Vec<Cell>> = columns.iter().map(|_| Vec::with_capacity(rows.len())).collect();
        for row in rows {
            for (column, cell) in held.iter_mut().zip(row) {
                column.push(cell);
            }
        }
        let (mut arrays, mut names, mut read, mut values) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for ((name, kind), cells) in columns.iter().zip(held) {
            let mut put = |value: Value, array: &str, name: &str| {
                values.push(value);
                arrays.push(format!("${}::{array}[]", values.len()));
                names.push(name.to_owned());
            };
            let gone: Vec<Value> = cells.iter().map(|cell| (*cell == Cell::Null).into()).collect();
            let is_whole = !cells.contains(&Cell::Null);
            let (of, array) = match kind {
                Kind::Text => (ArrayType::String, "TEXT"),
                Kind::Int => (ArrayType::BigInt, "BIGINT"),
                Kind::Bytes => (ArrayType::Bytes, "BYTEA"),
            };
            let cells = cells.into_iter().map(|cell| filled(*kind, cell)).collect::<Result<Vec<_>, _>>()?;
            put(Value::Array(of, Some(Box::new(cells))), array, name);
            // what is nothing travels apart: arrays hold no nulls
            if is_whole {
                read.push((*name).to_owned());
            } else {
                put(Value::Array(ArrayType::Bool, Some(Box::new(gone))), "BOOLEAN", &format!("no_{name}"));
                read.push(format!("CASE WHEN no_{name} THEN NULL ELSE {name} END AS {name}"));
            }
        }
        let (arrays, names, read) = (arrays.join(", "), names.join(", "), read.join(", "));
        let sql =
            format!("(SELECT {read}, ordinal FROM unnest({arrays}) WITH ORDINALITY AS e ({names}, ordinal)) AS r");
        Ok(Self { sql, values })
    }

    /// Every value by itself, without a name: SQLite looks names up one after the other.
    fn values(columns: &Columns, rows: Vec<Vec<Cell>>) -> Self {
        let list = "?, ".repeat(columns.len());
        let lists = (0..rows.len()).map(|ordinal| format!("({list}{ordinal})")).collect::<Vec<_>>().join(", ");
        let named = columns.iter().enumerate().map(|(at, (name, _))| format!("column{} AS {name}", at + 1));
        let named = named.collect::<Vec<_>>().join(", ");
        let sql = format!("(SELECT {named}, column{} AS ordinal FROM (VALUES {lists})) AS r", columns.len() + 1);
        Self { sql, values: rows.into_iter().flatten().map(bound).collect() }
    }
}

/// A statement over rows. The rows' values come first; the statement's own `$1`, `$2`, … are counted on from them.
fn statement(
    backend: DbBackend,
    sql: &str,
    columns: &Columns,
    rows: Vec<Vec<Cell>>,
    own: &[Value],
) -> Result<Statement, Error> {
    let source = Source::new(backend, columns, rows)?;
    let mut sql = counted_on(sql, if own.is_empty() { 0 } else { source.values.len() });
    if backend == DbBackend::Sqlite {
        // SQLite joins in this order then; left to itself it walks the whole table when the rows are many
        sql = sql.replace("{rows} JOIN", "{rows} CROSS JOIN");
    }
    let values = source.values.into_iter().chain(own.iter().cloned());
    Ok(Statement::from_sql_and_values(backend, sql.replace("{rows}", &source.sql), values))
}

/// A statement whose `$1`, `$2`, … are counted on from `from`.
pub(crate) fn counted_on(sql: &str, from: usize) -> String {
    let mut pieces = sql.split('$');
    let mut counted = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|char: char| !char.is_ascii_digit()).unwrap_or(piece.len());
        let (number, rest) = piece.split_at(end);
        let number = number.parse().map_or_else(|_| number.to_owned(), |number: usize| (number + from).to_string());
        counted.extend(["$", &number, rest]);
    }
    counted
}

/// A value of an array, which holds no nulls: what is nothing is something there, and said to be nothing beside it.
fn filled(kind: Kind, cell: Cell) -> Result<Value, Error> {
    match (kind, cell) {
        (Kind::Text, Cell::Null) => Ok(String::new().into()),
        (Kind::Int, Cell::Null) => Ok(0_i64.into()),
        (Kind::Bytes, Cell::Null) => Ok(Vec::<u8>::new().into()),
        (Kind::Text, cell @ Cell::Text(_))
        | (Kind::Int, cell @ Cell::Int(_))
        | (Kind::Bytes, cell @ Cell::Bytes(_)) => Ok(bound(cell)),
        _ => Err(MIXED),
    }
}

fn bound(cell: Cell) -> Value {
    match cell {
        Cell::Text(text) => text.into(),
        Cell::Int(number) => number.into(),
        Cell::Bytes(bytes) => bytes.into(),
        Cell::Null => Value::String(None),
    }
}

/// Rows of JSON objects as cells, in the order of the columns.
pub(crate) fn cells(columns: &Columns, rows: &[Json]) -> Result<Vec<Vec<Cell>>, Error> {
    let cell = |row: &Json, (name, kind): &(&str, Kind)| match (row.get(name), kind) {
        (None | Some(Json::Null), _) => Ok(Cell::Null),
        (Some(Json::String(text)), Kind::Text) => Ok(Cell::Text(text.clone())),
        (Some(Json::Number(number)), Kind::Int) => number.as_i64().map(Cell::Int).ok_or(MIXED),
        _ => Err(MIXED),
    };
    rows.iter().map(|row| columns.iter().map(|column| cell(row, column)).collect()).collect()
}

/// Rows as one statement can take them.
fn pieces(backend: DbBackend, columns: &Columns, mut rows: Vec<Vec<Cell>>) -> Vec<Vec<Vec<Cell>>> {
    let most = if backend == DbBackend::Postgres { usize::MAX } else { VALUES_MOST / columns.len().max(1) };
    let mut pieces = Vec::new();
    while rows.len() > most {
        let rest = rows.split_off(most);
        pieces.push(std::mem::replace(&mut rows, rest));
    }
    if !rows.is_empty() {
        pieces.push(rows);
    }
    pieces
}

/// Writes rows into a table; `end` is what follows the rows, such as a conflict clause. Says how many were written.
///
/// # Errors
/// What the database said; [`Error::Corrupt`] where a value is not of its column's kind.
pub async fn insert(tx: &Tx, table: &str, columns: &Columns, rows: &[Json], end: &str) -> Result<u64, Error> {
    insert_cells(tx, table, columns, cells(columns, rows)?, end).await
}

/// As [`insert`], of rows that hold each column's cell in the columns' order: for what is long, or bytes.
///
/// # Errors
/// As [`insert`].
pub async fn insert_cells(
    tx: &Tx,
    table: &str,
    columns: &Columns,
    rows: Vec<Vec<Cell>>,
    end: &str,
) -> Result<u64, Error> {
    execute_cells(tx, &insertion(table, columns, end), columns, rows).await
}

pub(crate) fn insertion(table: &str, columns: &Columns, end: &str) -> String {
    let names = columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    // SQLite reads ON after a joined SELECT as a join unless a WHERE stands between
    format!("INSERT INTO {table} ({names}) SELECT {names} FROM {{rows}} WHERE true ORDER BY ordinal {end}")
}

/// Runs a query over rows; `{rows}` in it stands for them: something to select from, named `r`, with the column `ordinal` as
/// their order. What is written `{rows} JOIN` goes through the rows first and looks the other table up. The values `$1`, `$2`, …
/// of the query itself are `own`. On SQLite very many rows are asked about piece by piece.
///
/// # Errors
/// As [`insert`].
pub async fn query(
    connection: &impl ConnectionTrait,
    sql: &str,
    columns: &Columns,
    rows: &[Json],
    own: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, Error> {
    let backend = connection.get_database_backend();
    let own: Vec<Value> = own.into_iter().collect();
    let mut found = Vec::new();
    for piece in pieces(backend, columns, cells(columns, rows)?) {
        let statement = statement(backend, sql, columns, piece, &own)?;
        found.append(&mut connection.query_all_raw(statement).await?);
    }
    Ok(found)
}

/// Runs a statement that changes, over rows; as [`query`]. Says how many rows it changed.
///
/// # Errors
/// As [`insert`].
pub async fn execute(tx: &Tx, sql: &str, columns: &Columns, rows: &[Json]) -> Result<u64, Error> {
    execute_cells(tx, sql, columns, cells(columns, rows)?).await
}

pub(crate) async fn execute_cells(tx: &Tx, sql: &str, columns: &Columns, rows: Vec<Vec<Cell>>) -> Result<u64, Error> {
    let backend = tx.get_database_backend();
    let mut changed = 0;
    for piece in pieces(backend, columns, rows) {
        changed += tx.execute_raw(statement(backend, sql, columns, piece, &[])?).await?.rows_affected();
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::counted_on;

    #[test]
    fn numbers_are_counted_on_each_once_and_what_is_no_number_stays() {
        assert_eq!(counted_on("a = $1 AND b = $2 OR c = $12", 10), "a = $11 AND b = $12 OR c = $22");
        assert_eq!(counted_on("$1", 0), "$1");
        assert_eq!(counted_on("nothing", 5), "nothing");
        assert_eq!(counted_on("'5 $' || $3", 1), "'5 $' || $4");
    }
}
