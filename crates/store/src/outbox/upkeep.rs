use sea_orm::{ConnectionTrait as _, Statement};

use crate::{Database, Error, Tx};

/// How many events are removed in one transaction.
const CHUNK: i64 = 1_000;

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

/// When the oldest waiting event was made, in microseconds since 1970; nothing where none waits.
///
/// # Errors
/// What the database said.
pub async fn oldest_waiting(database: &Database) -> Result<Option<i64>, Error> {
    let sql = "SELECT min(created_at) AS oldest FROM outbox WHERE delivered_at IS NULL";
    let reader = database.reader();
    let row = reader.query_one_raw(Statement::from_string(reader.get_database_backend(), sql)).await?;
    Ok(row.ok_or(Error::Corrupt { what: "a moment" })?.try_get("", "oldest")?)
}

/// Removes the events that were delivered before a moment (microseconds since 1970), some in each transaction; says how many.
/// From then on the table does not know their ids.
///
/// # Errors
/// What the database said; what was removed until then stays removed.
pub async fn prune(database: &Database, before: i64) -> Result<u64, Error> {
    let sql = "DELETE FROM outbox WHERE seq IN (\
         SELECT seq FROM outbox WHERE delivered_at IS NOT NULL AND delivered_at < $1 ORDER BY delivered_at LIMIT $2)";
    let work = |tx: Tx| async move {
        let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, [before.into(), CHUNK.into()]);
        Ok::<u64, Error>(tx.execute_raw(statement).await?.rows_affected())
    };
    let mut removed = 0;
    loop {
        let now = database.transaction(work).await?;
        if now == 0 {
            return Ok(removed);
        }
        removed += now;
    }
}

/// Lets the events of a topic that were delivered since a moment (microseconds since 1970) be delivered again: for a receiver that
/// has lost them. Says how many.
///
/// # Errors
/// What the database said.
pub async fn again(database: &Database, topic: &str, since: i64) -> Result<u64, Error> {
    let sql = "UPDATE outbox SET delivered_at = NULL, lease_owner = NULL, lease_until = 0 \
         WHERE topic = $1 AND delivered_at >= $2";
    let work = |tx: Tx| async move {
        let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, [topic.into(), since.into()]);
        Ok::<u64, Error>(tx.execute_raw(statement).await?.rows_affected())
    };
    database.transaction(work).await
}
