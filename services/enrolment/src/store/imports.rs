//! How far imports are, and the rows they rejected.

use chrono::{DateTime, Utc};
use serde_json::json;
use store::sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Error, Tx};

use super::rows::{self, Of, Table};
use crate::domain::{Import, Reject};

const REJECT: Table = Table {
    name: "import_reject",
    columns: &[("import_id", Of::Text), ("row_number", Of::Int), ("problems", Of::Text)],
};

const ROW: Table =
    Table { name: "import_row", columns: &[("import_id", Of::Text), ("row_number", Of::Int), ("hash", Of::Text)] };

/// Begins an import where nobody has begun it, and locks it.
pub(crate) async fn begin(tx: &Tx, id: &str, source: &str, rows_total: u64, at: DateTime<Utc>) -> Result<(), Error> {
    let sql = "INSERT INTO import (import_id, source, rows_total, rows_read, rows_kept, own_fen, subsidy_fen, assisted_fen, \
               done, begun_at, committed_at) VALUES ($1, $2, $3, 0, 0, 0, 0, 0, 0, $4, $4) \
               ON CONFLICT (import_id) DO UPDATE SET committed_at = import.committed_at";
    let values = vec![id.into(), source.into(), number(rows_total), at.timestamp_micros().into()];
    rows::run(tx, sql, values).await.map(|_| ())
}

/// Moves an import on.
pub(crate) async fn advance(tx: &Tx, import: &Import) -> Result<(), Error> {
    let sql = "UPDATE import SET rows_total = $2, rows_read = $3, rows_kept = $4, own_fen = $5, subsidy_fen = $6, \
               assisted_fen = $7, done = $8, committed_at = $9 WHERE import_id = $1";
    let values = vec![
        import.id.as_str().into(),
        number(import.rows_total),
        number(import.rows_read),
        number(import.rows_kept),
        import.own_fen.into(),
        import.subsidy_fen.into(),
        import.assisted_fen.into(),
        i64::from(import.done).into(),
        import.committed_at.timestamp_micros().into(),
    ];
    rows::run(tx, sql, values).await.map(|_| ())
}

/// Adds rows that were rejected.
pub(crate) async fn reject(tx: &Tx, import: &str, rejects: &[Reject]) -> Result<(), Error> {
    let mut given = Vec::with_capacity(rejects.len());
    for reject in rejects {
        let problems = rows::to_json(&reject.problems)?;
        given.push(json!({"import_id": import, "row_number": reject.row, "problems": problems}));
    }
    rows::insert(tx, &REJECT, &given).await
}

/// Keeps what rows said, by number and hash.
pub(crate) async fn say(tx: &Tx, import: &str, said: impl Iterator<Item = (u64, &str)>) -> Result<(), Error> {
    let row = |(number, hash): (u64, &str)| json!({"import_id": import, "row_number": number, "hash": hash});
    rows::insert(tx, &ROW, &said.map(row).collect::<Vec<_>>()).await
}

/// What rows from one number to another said, as far as it is known.
pub(crate) async fn said(tx: &Tx, import: &str, (first, last): (u64, u64)) -> Result<Vec<(u64, String)>, Error> {
    let sql = "SELECT row_number, hash FROM import_row WHERE import_id = $1 AND row_number BETWEEN $2 AND $3";
    let found = rows::all(tx, sql, vec![import.into(), number(first), number(last)]).await?;
    found.iter().map(|row| Ok((rows::count(row, "row_number")?, rows::text(row, "hash")?))).collect()
}

/// How far an import is, and where its rows are from.
pub(crate) async fn by_id(connection: &impl ConnectionTrait, id: &str) -> Result<Option<(Import, String)>, Error> {
    let row = rows::one(connection, "SELECT * FROM import WHERE import_id = $1", vec![id.into()]).await?;
    row.map(|row| Ok((read(&row)?, rows::text(&row, "source")?))).transpose()
}

/// Rejected rows in order of their numbers, from `offset` on, at most `most`.
pub(crate) async fn rejects(
    connection: &impl ConnectionTrait,
    id: &str,
    (offset, most): (u64, u64),
) -> Result<Vec<Reject>, Error> {
    let sql =
        "SELECT row_number, problems FROM import_reject WHERE import_id = $1 ORDER BY row_number LIMIT $2 OFFSET $3";
    let found = rows::all(connection, sql, vec![id.into(), number(most), number(offset)]).await?;
    let reject =
        |row: &QueryResult| Ok(Reject { row: rows::count(row, "row_number")?, problems: rows::json(row, "problems")? });
    found.iter().map(reject).collect()
}

fn number(number: u64) -> Value {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

fn read(row: &QueryResult) -> Result<Import, Error> {
    Ok(Import {
        id: rows::text(row, "import_id")?,
        rows_total: rows::count(row, "rows_total")?,
        rows_read: rows::count(row, "rows_read")?,
        rows_kept: rows::count(row, "rows_kept")?,
        own_fen: rows::int(row, "own_fen")?,
        subsidy_fen: rows::int(row, "subsidy_fen")?,
        assisted_fen: rows::int(row, "assisted_fen")?,
        done: rows::int(row, "done")? == 1,
        begun_at: rows::moment(row, "begun_at")?,
        committed_at: rows::moment(row, "committed_at")?,
    })
}
