//! The outbox: what others must hear, written in the commit that made it true and delivered at least once.
//!
//! Events of one key are delivered in the order of their commits: a key has at most one event under way. An event stays
//! until its delivery is recorded; a receiver knows a repeated one by its id.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value};

use crate::{Database, Error, Tx};

/// An event to be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id, the same in every delivery; unique for ever.
    pub id: String,
    /// What it is about: events of one key keep their order.
    pub key: String,
    /// What happened.
    pub topic: String,
    /// The message.
    pub payload: Vec<u8>,
    /// The W3C trace context of the call that made it.
    pub trace_context: Option<String>,
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
    // five values an event; SQLite takes 32,766 values a statement
    for events in events.chunks(6_000) {
        let rows: Vec<String> = (0..events.len())
            .map(|at| at * 5)
            .map(|at| format!("(${}, ${}, ${}, ${}, ${})", at + 1, at + 2, at + 3, at + 4, at + 5))
            .collect();
        let sql = format!("INSERT INTO outbox (id, key, topic, payload, trace_context) VALUES {}", rows.join(", "));
        tx.execute_raw(Statement::from_sql_and_values(backend, sql, events.iter().flat_map(values))).await?;
    }
    Ok(())
}

fn values(event: &Event) -> [Value; 5] {
    let Event { id, key, topic, payload, trace_context } = event.clone();
    [id.into(), key.into(), topic.into(), payload.into(), trace_context.into()]
}

const TAKE: &str = "UPDATE outbox SET lease_owner = $1, lease_until = $2, attempts = attempts + 1 WHERE seq IN (\
     SELECT waiting.seq FROM outbox waiting WHERE waiting.delivered_at IS NULL AND waiting.lease_until <= $3 \
     AND NOT EXISTS (SELECT 1 FROM outbox earlier WHERE earlier.delivered_at IS NULL \
     AND earlier.key = waiting.key AND earlier.seq < waiting.seq) \
     ORDER BY waiting.attempts, waiting.seq LIMIT $4{lock}) \
     RETURNING seq, id, key, topic, payload, trace_context";

/// Takes, under a lease, the oldest waiting event of each key: those tried least first, then the oldest.
///
/// # Errors
/// What the database said.
pub async fn take(database: &Database, turn: Turn<'_>) -> Result<Vec<Event>, Error> {
    database.transaction(|tx| async move { taken(&tx, turn).await.map_err(Error::from) }).await
}

async fn taken(tx: &Tx, turn: Turn<'_>) -> Result<Vec<Event>, DbErr> {
    let backend = tx.get_database_backend();
    let lock = if backend == DbBackend::Postgres { " FOR UPDATE OF waiting SKIP LOCKED" } else { "" };
    let values = [turn.owner.into(), turn.until.into(), turn.now.into(), i64::from(turn.most).into()];
    let rows = tx.query_all_raw(Statement::from_sql_and_values(backend, TAKE.replace("{lock}", lock), values)).await?;
    let mut events: Vec<(i64, Event)> = rows.iter().map(event).collect::<Result<_, _>>()?;
    events.sort_by_key(|(seq, _)| *seq);
    Ok(events.into_iter().map(|(_, event)| event).collect())
}

fn event(row: &QueryResult) -> Result<(i64, Event), DbErr> {
    let event = Event {
        id: row.try_get("", "id")?,
        key: row.try_get("", "key")?,
        topic: row.try_get("", "topic")?,
        payload: row.try_get("", "payload")?,
        trace_context: row.try_get("", "trace_context")?,
    };
    Ok((row.try_get("", "seq")?, event))
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

/// How many events wait, those under a lease too.
///
/// # Errors
/// What the database said.
pub async fn waiting(database: &Database) -> Result<i64, Error> {
    let sql = "SELECT count(*) AS n FROM outbox WHERE delivered_at IS NULL";
    let reader = database.reader();
    let row = reader.query_one_raw(Statement::from_string(reader.get_database_backend(), sql)).await?;
    Ok(row.ok_or(Error::Corrupt { what: "a count" })?.try_get("", "n")?)
}
