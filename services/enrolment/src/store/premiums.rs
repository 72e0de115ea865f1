//! Which entries of premium assistance the assistance service is told of, or has been.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use money::Fen;
use serde_json::json;
use store::sea_orm::{ConnectionTrait, QueryResult};
use store::{Error, Tx};

use super::rows::{self, Of, Table};

const TOLD: Table = Table { name: "premium_told", columns: &[("entry_id", Of::Text), ("recorded_at", Of::Int)] };

/// Entries that book premium assistance or reverse one, and of which nothing was told.
const UNTOLD: &str = "FROM journal j WHERE j.kind IN ('contribution', 'reversal') \
     AND EXISTS (SELECT 1 FROM journal_line l WHERE l.entry = j.id AND l.account LIKE 'income:%:premium_assisted') \
     AND NOT EXISTS (SELECT 1 FROM premium_told t WHERE t.entry_id = j.id)";

/// Records that entries are told of, in the commit that writes their events.
pub(crate) async fn told(tx: &Tx, entries: impl Iterator<Item = &str>, at: DateTime<Utc>) -> Result<(), Error> {
    let row = |entry: &str| json!({"entry_id": entry, "recorded_at": at.timestamp_micros()});
    rows::insert(tx, &TOLD, &entries.map(row).collect::<Vec<_>>()).await
}

/// The first entries nothing was told of, in the order in which they were booked.
pub(crate) async fn untold(connection: &impl ConnectionTrait, most: i64) -> Result<Vec<String>, Error> {
    let sql = format!("SELECT j.id {UNTOLD} ORDER BY j.seq LIMIT $1");
    let found = rows::all(connection, &sql, vec![most.into()]).await?;
    found.iter().map(|row| rows::text(row, "id")).collect()
}

/// The entries of some enrolments nothing was told of, in the order in which they were booked.
pub(crate) async fn untold_of(tx: &Tx, enrolments: BTreeSet<&str>) -> Result<Vec<String>, Error> {
    let sql = format!("SELECT j.id {UNTOLD} AND j.reference IN {} ORDER BY j.seq", rows::among(tx, 1));
    let found = rows::all(tx, &sql, vec![rows::list(enrolments)]).await?;
    found.iter().map(|row| rows::text(row, "id")).collect()
}

/// What is booked of premium assistance by enrolment and place, debits above zero; those at zero left out.
pub(crate) async fn booked(connection: &impl ConnectionTrait) -> Result<BTreeMap<(String, String), Fen>, Error> {
    // the account's code is income:<division>:premium_assisted: the division begins at its 8th character
    let net = "CAST(sum(CASE l.side WHEN 'debit' THEN l.amount_fen ELSE -l.amount_fen END) AS BIGINT)";
    let sql = format!(
        "SELECT j.reference, substr(l.account, 8, 6) AS division, {net} AS net_fen FROM journal_line l \
         JOIN journal j ON j.id = l.entry WHERE l.account LIKE 'income:%:premium_assisted' \
         GROUP BY j.reference, substr(l.account, 8, 6) HAVING {net} <> 0"
    );
    let found = rows::all(connection, &sql, Vec::new()).await?;
    let read = |row: &QueryResult| {
        let of = (rows::text(row, "reference")?, rows::text(row, "division")?);
        Ok((of, Fen::new(rows::int(row, "net_fen")?)))
    };
    found.iter().map(read).collect()
}

/// Whose enrolments some entries are about, each once.
pub(crate) async fn people_of(tx: &Tx, entries: &[String]) -> Result<Vec<String>, Error> {
    let sql = format!(
        "SELECT DISTINCT e.person_id FROM journal j JOIN enrolment e ON e.enrolment_id = j.reference AND e.version = 1 \
         WHERE j.id IN {}",
        rows::among(tx, 1)
    );
    let found = rows::all(tx, &sql, vec![rows::list(entries)]).await?;
    found.iter().map(|row| rows::text(row, "person_id")).collect()
}
