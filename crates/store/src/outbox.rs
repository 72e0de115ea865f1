//! The outbox: what others must hear, written in the commit that made it true and delivered at least once.
//!
//! Events of one key are delivered in the order of their commits: a key has at most one event under way. An event stays
//! until its delivery is recorded; a receiver knows a repeated one by its id. [`relay`] is what delivers them.

mod relay;
mod upkeep;

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value};

pub use relay::{RelaySettings, Topics, relay};
pub use upkeep::{again, oldest_waiting, prune, waiting};

use crate::batch::Batch;
use crate::rows::{Columns, Kind};
use crate::{Database, Error, Tx};

/// An event to be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id, the same in every delivery; unique for ever.
    pub id: String,
    /// What it is about: events of one key keep their order, so they are delivered one at a time. Many keys with few events
    /// each are quick; one key for all of them is slow.
    pub key: String,
    /// What happened.
    pub topic: String,
    /// The message.
    pub payload: Vec<u8>,
    /// The W3C trace context of the call that made it.
    pub trace_context: Option<String>,
    /// When it was made, in microseconds since 1970.
    pub created_at: i64,
}

/// A relay's turn: who it is, the moment, and how long it keeps what it takes. Moments in microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn<'a> {
    /// The relay's name, another one for each process.
    pub owner: &'a str,
    /// The moment.
    pub now: i64,
    /// Until when no other relay takes the events.
    pub until: i64,
    /// The most events to take.
    pub most: u16,
}

/// Writes events as part of a transaction, in this order.
///
/// # Errors
/// [`Error::Forbidden`] where an id is there already.
pub async fn put(tx: &Tx, events: &[Event]) -> Result<(), Error> {
    let backend = tx.get_database_backend();
    if backend == DbBackend::Postgres {
        // numbers are drawn before the commit: without the lock, a later number of a key could be seen first
        for key in events.iter().map(|event| event.key.as_str()).collect::<BTreeSet<_>>() {
            let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
            tx.execute_raw(Statement::from_sql_and_values(backend, sql, [key.into()])).await?;
        }
    }
    // six values an event; SQLite takes 32,766 values a statement
    for events in events.chunks(5_000) {
        let rows: Vec<String> = (0..events.len())
            .map(|at| at * 6)
            .map(|at| format!("(${}, ${}, ${}, ${}, ${}, ${})", at + 1, at + 2, at + 3, at + 4, at + 5, at + 6))
            .collect();
        let columns = "id, key, topic, payload, trace_context, created_at";
        let sql = format!("INSERT INTO outbox ({columns}) VALUES {}", rows.join(", "));
        tx.execute_raw(Statement::from_sql_and_values(backend, sql, events.iter().flat_map(values))).await?;
    }
    Ok(())
}

/// Adds events to what a commit writes, where the transaction holds already what orders each key: the lock of a person, say.
pub fn put_with(batch: &mut Batch, events: Vec<Event>) {
    let row = |event: Event| {
        let Event { id, key, topic, payload, trace_context, created_at } = event;
        vec![id.into(), key.into(), topic.into(), payload.into(), trace_context.into(), created_at.into()]
    };
    batch.insert_cells("write.changes", ("outbox", EVENTS), events.into_iter().map(row).collect(), "");
}

const EVENTS: &Columns = &[
    ("id", Kind::Text),
    ("key", Kind::Text),
    ("topic", Kind::Text),
    ("payload", Kind::Bytes),
    ("trace_context", Kind::Text),
    ("created_at", Kind::Int),
];

fn values(event: &Event) -> [Value; 6] {
    let Event { id, key, topic, payload, trace_context, created_at } = event.clone();
    [id.into(), key.into(), topic.into(), payload.into(), trace_context.into(), created_at.into()]
}

/// What waits of a key, in order, the first `most`.
///
/// # Errors
/// What the database said.
pub async fn waiting_of(connection: &impl ConnectionTrait, key: &str, most: u16) -> Result<Vec<Event>, Error> {
    let sql = "SELECT seq, attempts, id, key, topic, payload, trace_context, created_at FROM outbox \
         WHERE key = $1 AND delivered_at IS NULL ORDER BY seq LIMIT $2";
    let values = [key.into(), i64::from(most).into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    let rows = connection.query_all_raw(statement).await?;
    rows.iter().map(|row| Ok(read(row)?.event)).collect()
}

/// An event by its id, delivered or not; none where it never was, or was removed long after its delivery.
///
/// # Errors
/// What the database said.
pub async fn by_id(connection: &impl ConnectionTrait, id: &str) -> Result<Option<Event>, Error> {
    let sql = "SELECT seq, attempts, id, key, topic, payload, trace_context, created_at FROM outbox WHERE id = $1";
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, [id.into()]);
    let row = connection.query_one_raw(statement).await?;
    row.map(|row| Ok(read(&row)?.event)).transpose()
}

const TAKE: &str = "UPDATE outbox SET lease_owner = $1, lease_until = $2, attempts = attempts + 1 WHERE seq IN (\
     SELECT waiting.seq FROM outbox waiting WHERE waiting.delivered_at IS NULL AND waiting.lease_until <= $3{topics} \
     AND NOT EXISTS (SELECT 1 FROM outbox earlier WHERE earlier.delivered_at IS NULL \
     AND earlier.key = waiting.key AND earlier.seq < waiting.seq) \
     ORDER BY waiting.attempts, waiting.seq LIMIT $4{lock}) \
     RETURNING seq, attempts, id, key, topic, payload, trace_context, created_at";

/// An event that was taken, and how often it has been, this time included.
struct Taken {
    event: Event,
    seq: i64,
    attempts: i64,
}

/// Takes, under a lease, the oldest waiting event of each key: those tried least first, then the oldest.
///
/// # Errors
/// What the database said.
pub async fn take(database: &Database, turn: Turn<'_>) -> Result<Vec<Event>, Error> {
    Ok(taken(database, turn, Topics::All).await?.into_iter().map(|taken| taken.event).collect())
}

async fn taken(database: &Database, turn: Turn<'_>, topics: Topics) -> Result<Vec<Taken>, Error> {
    database.transaction(|tx| async move { taken_in(&tx, turn, topics).await.map_err(Error::from) }).await
}

async fn taken_in(tx: &Tx, turn: Turn<'_>, topics: Topics) -> Result<Vec<Taken>, DbErr> {
    let backend = tx.get_database_backend();
    let lock = if backend == DbBackend::Postgres { " FOR UPDATE OF waiting SKIP LOCKED" } else { "" };
    let sql = TAKE.replace("{lock}", lock).replace("{topics}", &topics.clause());
    let values = [turn.owner.into(), turn.until.into(), turn.now.into(), i64::from(turn.most).into()];
    let rows = tx.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    let mut taken: Vec<Taken> = rows.iter().map(read).collect::<Result<_, _>>()?;
    taken.sort_by_key(|taken| taken.seq);
    Ok(taken)
}

fn read(row: &QueryResult) -> Result<Taken, DbErr> {
    let event = Event {
        id: row.try_get("", "id")?,
        key: row.try_get("", "key")?,
        topic: row.try_get("", "topic")?,
        payload: row.try_get("", "payload")?,
        trace_context: row.try_get("", "trace_context")?,
        created_at: row.try_get("", "created_at")?,
    };
    Ok(Taken { event, seq: row.try_get("", "seq")?, attempts: row.try_get("", "attempts")? })
}

/// Records that an event was delivered, if the relay still holds it; says whether it did.
///
/// # Errors
/// What the database said.
pub async fn delivered(database: &Database, turn: Turn<'_>, id: &str) -> Result<bool, Error> {
    let sql = "UPDATE outbox SET delivered_at = $1 WHERE id = $2 AND lease_owner = $3 AND delivered_at IS NULL";
    let work = |tx: Tx| async move {
        let values = [turn.now.into(), id.into(), turn.owner.into()];
        let done = tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
        Ok(done.rows_affected() == 1)
    };
    database.transaction(work).await
}
