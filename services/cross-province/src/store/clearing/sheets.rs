//! Rows of sheets.

use chrono::NaiveDate;
use crossing::clearing::{Month, Row, RowState};
use money::Fen;
use store::sea_orm::{ConnectionTrait, DbBackend, QueryResult};
use store::{Error, Tx};
use terms::Division;

use super::{Lock, day, row};

/// A row of a sheet.
#[derive(Clone, Debug)]
pub(crate) struct SheetRow {
    pub(crate) month: Month,
    pub(crate) care: Division,
    pub(crate) insured: Division,
    pub(crate) row: Row,
    pub(crate) state: RowState,
    pub(crate) paid_on: Option<NaiveDate>,
    pub(crate) paid_reference: String,
    pub(crate) received_on: Option<NaiveDate>,
}

/// What the items of a month come to, by place of care and of insurance: one walk through the month. A sum of BIGINT is NUMERIC on
/// PostgreSQL, and the cast refuses what does not fit.
const SUMS: &str = "SELECT care, insured, COUNT(*) AS item_count, \
     CAST(SUM(CASE kind WHEN 'settled' THEN owed_fen ELSE 0 END) AS BIGINT) AS settled_fen, \
     CAST(SUM(CASE kind WHEN 'reversed' THEN owed_fen ELSE 0 END) AS BIGINT) AS reversed_fen, \
     CAST(SUM(CASE kind WHEN 'deducted' THEN owed_fen ELSE 0 END) AS BIGINT) AS deducted_fen \
     FROM clearing_item WHERE month = $1";

/// Makes the rows of a month out of its items. The month is locked alone.
pub(crate) async fn make(tx: &Tx, month: Month) -> Result<(), Error> {
    if tx.get_database_backend() == DbBackend::Postgres {
        // all of a month is read: other transactions read by key, and are held to that
        let settings =
            "SET LOCAL enable_seqscan = on; SET LOCAL work_mem = '16MB'; SET LOCAL statement_timeout = '300s'";
        tx.execute_unprepared(settings).await?;
    }
    let sql = format!(
        "INSERT INTO clearing_row (month, care, insured, item_count, settled_fen, reversed_fen, deducted_fen, disputed_count, \
         disputed_fen, state, paid_reference) SELECT CAST($1 AS TEXT), s.care, s.insured, s.item_count, s.settled_fen, s.reversed_fen, \
         s.deducted_fen, 0, 0, 'listed', '' FROM ({SUMS} GROUP BY care, insured) AS s"
    );
    row::execute(tx, &sql, vec![month.to_string().into()]).await.map(|_| ())
}

/// What a place of care has in a month that still declares: how many items, and what they come to.
pub(crate) async fn declared(tx: &Tx, month: Month, care: Division) -> Result<(u64, Fen), Error> {
    let sql = "SELECT COUNT(*) AS n, CAST(COALESCE(SUM(owed_fen), 0) AS BIGINT) AS owed FROM clearing_item WHERE month = $1 AND care = $2";
    let found = row::one(tx, sql, vec![month.to_string().into(), care.to_string().into()]).await?;
    let found = found.ok_or(Error::Corrupt { what: "a count" })?;
    Ok((row::number(&found, "n")?, row::fen(&found, "owed")?))
}

/// The rows of a month, in order.
pub(crate) async fn rows(connection: &impl ConnectionTrait, month: Month) -> Result<Vec<SheetRow>, Error> {
    let sql = "SELECT * FROM clearing_row WHERE month = $1 ORDER BY care, insured";
    row::all(connection, sql, vec![month.to_string().into()]).await?.iter().map(sheet_row).collect()
}

/// As [`rows`], of a month whose sheet is not made yet, by its items of now.
pub(crate) async fn so_far(connection: &impl ConnectionTrait, month: Month) -> Result<Vec<SheetRow>, Error> {
    let sql = format!(
        "SELECT CAST($1 AS TEXT) AS month, s.*, CAST(0 AS BIGINT) AS disputed_count, CAST(0 AS BIGINT) AS disputed_fen, 'listed' AS state, CAST(NULL AS TEXT) AS paid_on, \
         '' AS paid_reference, CAST(NULL AS TEXT) AS received_on FROM ({SUMS} GROUP BY care, insured) AS s ORDER BY care, insured"
    );
    row::all(connection, &sql, vec![month.to_string().into()]).await?.iter().map(sheet_row).collect()
}

/// A row, locked.
pub(crate) async fn get(
    tx: &Tx,
    (month, care, insured): (Month, Division, Division),
) -> Result<Option<SheetRow>, Error> {
    let lock = Lock::Alone.sql(tx.get_database_backend());
    let sql = format!("SELECT * FROM clearing_row WHERE month = $1 AND care = $2 AND insured = $3{lock}");
    let values = vec![month.to_string().into(), care.to_string().into(), insured.to_string().into()];
    row::one(tx, &sql, values).await?.as_ref().map(sheet_row).transpose()
}

/// Keeps a row.
pub(crate) async fn keep(tx: &Tx, kept: &SheetRow) -> Result<(), Error> {
    let sql = "UPDATE clearing_row SET item_count = $4, settled_fen = $5, reversed_fen = $6, deducted_fen = $7, disputed_count = $8, \
         disputed_fen = $9, state = $10, paid_on = $11, paid_reference = $12, received_on = $13 \
         WHERE month = $1 AND care = $2 AND insured = $3";
    let text = |day: Option<NaiveDate>| day.map(|day| day.to_string());
    let values = vec![
        kept.month.to_string().into(),
        kept.care.to_string().into(),
        kept.insured.to_string().into(),
        row::whole(kept.row.count),
        kept.row.settled.get().into(),
        kept.row.reversed.get().into(),
        kept.row.deducted.get().into(),
        row::whole(kept.row.disputed_count),
        kept.row.disputed.get().into(),
        kept.state.word().into(),
        text(kept.paid_on).into(),
        kept.paid_reference.clone().into(),
        text(kept.received_on).into(),
    ];
    row::execute(tx, sql, values).await.map(|_| ())
}

fn sheet_row(found: &QueryResult) -> Result<SheetRow, Error> {
    let state = row::text(found, "state")?;
    Ok(SheetRow {
        month: row::parsed(found, "month")?,
        care: row::parsed(found, "care")?,
        insured: row::parsed(found, "insured")?,
        row: Row {
            count: row::number(found, "item_count")?,
            settled: row::fen(found, "settled_fen")?,
            reversed: row::fen(found, "reversed_fen")?,
            deducted: row::fen(found, "deducted_fen")?,
            disputed_count: row::number(found, "disputed_count")?,
            disputed: row::fen(found, "disputed_fen")?,
        },
        state: RowState::of_word(&state).ok_or(Error::Corrupt { what: "a row's state" })?,
        paid_on: day(found, "paid_on")?,
        paid_reference: row::text(found, "paid_reference")?,
        received_on: day(found, "received_on")?,
    })
}
