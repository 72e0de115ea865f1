//! The journal in the database: ledger entries as rows, appended and never changed; sums and balances by query.

mod row;

use std::collections::BTreeMap;

use ledger::{Account, Appended, Balance, Entry, JournalError};
use money::Fen;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use crate::batch::Batch;
use crate::{Error, Tx};

/// Why a commit is not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The journal's rules refuse it: an id with other content, or a commit that is there in part.
    #[error("append a commit to the journal")]
    Refused(#[source] JournalError),
    /// The database refused it, or cannot be used.
    #[error("write the journal")]
    Store(#[from] Error),
}

impl From<DbErr> for AppendError {
    fn from(error: DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// Appends the entries of one commit, each with its lines. The same commit again is known.
///
/// The database refuses what does not balance, a claim settled twice, an entry reversed twice and an unknown original.
/// What needs the sums of a claim or an account (overdrafts, refunds beyond what is left) is for the caller, under its lock.
///
/// # Errors
/// [`AppendError`]; the transaction is not to be committed then.
pub async fn append(tx: &Tx, commit: &[Entry]) -> Result<Appended, AppendError> {
    let ids: Vec<&str> = commit.iter().map(|entry| entry.id.as_str()).collect();
    let there = by_ids(tx, &ids).await?;
    for entry in commit {
        if let Some(field) = there.iter().find(|old| old.id == entry.id).and_then(|old| old.first_difference(entry)) {
            return Err(AppendError::Refused(JournalError::OtherContent { field }));
        }
    }
    if there.len() == commit.len() {
        return Ok(Appended::Known);
    }
    if !there.is_empty() {
        return Err(AppendError::Refused(JournalError::PartlyKnown));
    }
    append_new(tx, commit).await?;
    Ok(Appended::Posted)
}

/// Appends entries whose ids are new: made for this commit, or looked up before. An id that is there is [`Error::Forbidden`].
///
/// # Errors
/// What the database said; the transaction is not to be committed then.
pub async fn append_new(tx: &Tx, commit: &[Entry]) -> Result<(), Error> {
    let mut batch = Batch::default();
    append_with(&mut batch, commit)?;
    batch.run(tx, |_| ()).await?;
    Ok(())
}

/// Adds entries whose ids are new to what a commit writes, as [`append_new`] writes them.
///
/// # Errors
/// [`Error::Corrupt`] where an entry cannot be written down.
pub fn append_with(batch: &mut Batch, commit: &[Entry]) -> Result<(), Error> {
    batch.insert_cells("write.lines", ("journal_line", row::LINES), row::line_rows(commit)?, "");
    // the entry's row seals its lines
    batch.insert_cells("write.entries", ("journal", row::ENTRIES), row::entry_rows(commit)?, "");
    Ok(())
}

/// The entries of these ids that are there, in the order in which they were appended.
///
/// # Errors
/// What the database said; [`Error::Corrupt`] where a row is no entry.
pub async fn by_ids(connection: &impl ConnectionTrait, ids: &[&str]) -> Result<Vec<Entry>, Error> {
    let ids = serde_json::to_string(ids).map_err(|_| Error::Corrupt { what: "ids" })?;
    let among = match connection.get_database_backend() {
        DbBackend::Postgres => "SELECT jsonb_array_elements_text($1::jsonb)",
        _ => "SELECT value FROM json_each($1)",
    };
    read(connection, among, ids).await
}

/// Every entry of a claim, bill or enrolment, in the order in which they were appended.
///
/// # Errors
/// As [`by_ids`].
pub async fn by_reference(connection: &impl ConnectionTrait, reference: &str) -> Result<Vec<Entry>, Error> {
    read(connection, "SELECT id FROM journal WHERE reference = $1", reference.to_owned()).await
}

async fn read(connection: &impl ConnectionTrait, among: &str, value: String) -> Result<Vec<Entry>, Error> {
    let backend = connection.get_database_backend();
    let query = |sql: String| Statement::from_sql_and_values(backend, sql, [value.clone().into()]);
    let entries = format!("SELECT * FROM journal WHERE id IN ({among}) ORDER BY seq");
    let lines = format!("SELECT * FROM journal_line WHERE entry IN ({among}) ORDER BY entry, position");
    let entries = connection.query_all_raw(query(entries)).await?;
    let lines = connection.query_all_raw(query(lines)).await?;
    row::entries(&entries, &lines)
}

/// Debits less credits over the whole journal, in fen: zero.
///
/// # Errors
/// What the database said.
pub async fn sum(connection: &impl ConnectionTrait) -> Result<Fen, Error> {
    Ok(balances(connection).await?.values().map(Balance::net).sum())
}

/// Debits less credits, in fen, of the entries appended after a number, and the number of the last of them: for adding up a long
/// journal bit by bit. Begin with 0.
///
/// # Errors
/// What the database said.
pub async fn sum_after(connection: &impl ConnectionTrait, number: i64) -> Result<(Fen, i64), Error> {
    let sql = "SELECT CAST(coalesce(max(j.seq), $1) AS BIGINT) AS last, CAST(coalesce(sum(CASE l.side WHEN 'debit' \
         THEN l.amount_fen WHEN 'credit' THEN -l.amount_fen ELSE 0 END), 0) AS BIGINT) AS net \
         FROM journal j LEFT JOIN journal_line l ON l.entry = j.id WHERE j.seq > $1";
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, [number.into()]);
    let row = connection.query_one_raw(statement).await?.ok_or(Error::Corrupt { what: "a sum" })?;
    Ok((Fen::new(row.try_get("", "net")?), row.try_get("", "last")?))
}

/// The balance of every account that ever moved.
///
/// # Errors
/// As [`by_ids`].
pub async fn balances(connection: &impl ConnectionTrait) -> Result<BTreeMap<Account, Balance>, Error> {
    grouped(connection, "", Vec::new()).await
}

/// The balance of one account; nothing where it never moved.
///
/// # Errors
/// As [`by_ids`].
pub async fn balance(connection: &impl ConnectionTrait, account: &Account) -> Result<Balance, Error> {
    let found = grouped(connection, "WHERE account = $1 ", vec![account.to_string().into()]).await?;
    Ok(found.get(account).copied().unwrap_or_default())
}

async fn grouped(
    connection: &impl ConnectionTrait,
    of: &str,
    values: Vec<sea_orm::Value>,
) -> Result<BTreeMap<Account, Balance>, Error> {
    // a sum of BIGINT is NUMERIC on PostgreSQL: the cast refuses what does not fit
    let side = |side| format!("CAST(coalesce(sum(CASE side WHEN '{side}' THEN amount_fen ELSE 0 END), 0) AS BIGINT)");
    let (debits, credits) = (side("debit"), side("credit"));
    let sql =
        format!("SELECT account, {debits} AS debits, {credits} AS credits FROM journal_line {of}GROUP BY account");
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    let rows = connection.query_all_raw(statement).await?;
    rows.iter().map(row::balance).collect()
}
