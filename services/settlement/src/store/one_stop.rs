//! Ends of holds of the third system, and the Changes its keeper is told of.

use std::collections::BTreeSet;

use prost::Message as _;
use sea_orm::{ConnectionTrait, QueryResult, Statement};
use serde_json::{Value as Json, json};
use store::batch::Batch;
use store::outbox::{self, Event};
use store::rows::Kind::{Int, Text};
use store::rows::{self, Columns};
use store::{Error, Tx};
use terms::Name;

use super::row;
use crate::domain::{HoldEnd, Writes};

/// The topic of events that tell a Change.
pub(crate) const CHANGE_TOPIC: &str = "change";

const HOLD_END: &Columns = &[("hold", Text), ("person", Text), ("change", Text), ("ended_at", Int)];

fn end_row(end: &HoldEnd) -> Json {
    json!({ "hold": end.hold, "person": end.person, "change": end.change, "ended_at": end.at.timestamp_micros() })
}

/// Which of these holds were refused.
pub(super) async fn refused(
    connection: &impl ConnectionTrait,
    holds: &BTreeSet<Name>,
) -> Result<BTreeSet<Name>, Error> {
    if holds.is_empty() {
        return Ok(BTreeSet::new());
    }
    let sql = "SELECT h.hold FROM {rows} JOIN hold_end h ON h.hold = r.a WHERE h.change IS NULL";
    let asked: Vec<Json> = holds.iter().map(|hold| json!({ "a": hold })).collect();
    let found = rows::query(connection, sql, &[("a", Text)], &asked, []).await?;
    found.iter().map(|row| row::name(row, "hold")).collect()
}

/// Adds ends of holds, and Changes for the outbox: the lock of a person orders the person's.
pub(super) fn write(batch: &mut Batch, writes: &Writes) -> Result<(), Error> {
    let ends: Vec<Json> = writes.holds.iter().map(end_row).collect();
    batch.insert("write.holds", ("hold_end", HOLD_END), &ends, "")?;
    let trace_context = rpc::trace::parent();
    let event = |change: &wire::change::Change| Event {
        id: change.id.to_string(),
        key: change.person.to_string(),
        topic: CHANGE_TOPIC.to_owned(),
        payload: wire::write::change(change).encode_to_vec(),
        trace_context: trace_context.clone(),
        created_at: change.committed_at.timestamp_micros(),
    };
    outbox::put_with(batch, writes.changes.iter().map(event).collect());
    Ok(())
}

/// Ends a hold as told, unless it has ended: how it has ended.
///
/// # Errors
/// What the database said.
pub async fn end_hold(tx: &Tx, end: &HoldEnd) -> Result<HoldEnd, Error> {
    rows::insert(tx, "hold_end", HOLD_END, &[end_row(end)], "ON CONFLICT (hold) DO NOTHING").await?;
    let sql = "SELECT hold, person, change, ended_at FROM hold_end WHERE hold = $1";
    let backend = tx.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, [end.hold.as_str().into()]);
    let found = tx.query_one_raw(statement).await?.ok_or(Error::Corrupt { what: "a hold's end" })?;
    read(&found)
}

fn read(row: &QueryResult) -> Result<HoldEnd, Error> {
    Ok(HoldEnd {
        hold: row::name(row, "hold")?,
        person: row::name(row, "person")?,
        change: row
            .try_get::<Option<String>>("", "change")?
            .map(|id| Name::new(&id))
            .transpose()
            .map_err(|_| Error::Corrupt { what: "a Change's id" })?,
        at: row::moment(row, "ended_at")?,
    })
}
