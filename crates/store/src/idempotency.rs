//! Idempotent calls: the same key and content give the stored answer; other content is refused, naming the field.

mod content;

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, QueryResult, Statement};
use serde_json::{Value as Json, json};

use self::content::{Content, Stored};

use crate::batch::Batch;
use crate::rows::{self, Cell, Columns, Kind};
use crate::{Error, Tx};

/// A call that changes something: who makes it, under which key, and what it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    caller: String,
    key: String,
    content: Content,
}

impl Call {
    /// A call without fields yet.
    #[must_use]
    pub fn new(caller: &str, key: &str) -> Self {
        Self { caller: caller.to_owned(), key: key.to_owned(), content: Content::default() }
    }

    /// Adds a field by its canonical bytes: equal content has equal bytes.
    #[must_use]
    pub fn field(mut self, name: &str, canonical: impl AsRef<[u8]>) -> Self {
        self.content.field(name, canonical.as_ref());
        self
    }

    /// Adds a list by the canonical bytes of each item's fields, in the order of `fields`: where one of them differs, it is named
    /// with its place, as in `lines[3].quantity`.
    #[must_use]
    pub fn list<I, F>(mut self, name: &str, fields: &[&str], items: I) -> Self
    where
        I: IntoIterator<Item = F>,
        F: IntoIterator,
        F::Item: AsRef<[u8]>,
    {
        self.content.list(name, fields, items);
        self
    }

    /// Who makes it.
    #[must_use]
    pub fn caller(&self) -> &str {
        &self.caller
    }

    /// Under which key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// Why a call is not made.
#[derive(Debug, thiserror::Error)]
pub enum IdempotencyError {
    /// The key was used for a call with other content.
    #[error("use a key again with another {field}")]
    OtherContent {
        /// The first field that differs.
        field: String,
    },
    /// The database refused.
    #[error("look up the key of the call")]
    Store(#[from] Error),
}

impl From<sea_orm::DbErr> for IdempotencyError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// What a call got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It was made now.
    Now(Vec<u8>),
    /// It was made before: this is the answer it got then.
    Before(Vec<u8>),
}

/// What is kept of a call that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    content: Stored,
    /// The answer it got.
    pub answer: Vec<u8>,
}

impl Kept {
    /// Whether the call had a field of this name.
    #[must_use]
    pub fn has_field(&self, name: &str) -> bool {
        self.content.has(name)
    }

    /// Whether the call had this field with this content.
    #[must_use]
    pub fn says(&self, name: &str, canonical: &str) -> bool {
        self.content.says(name, canonical.as_bytes())
    }

    /// The first field, in order of name, in which a call under the same key differs; none where it is the same call.
    #[must_use]
    pub fn first_difference(&self, call: &Call) -> Option<String> {
        self.content.first_difference(&call.content)
    }
}

const KEY: &Columns = &[("caller", Kind::Text), ("key", Kind::Text)];
const KEPT: &Columns = &[("caller", Kind::Text), ("key", Kind::Text), ("fields", Kind::Text), ("answer", Kind::Bytes)];

/// Looks calls up by caller and key, for work that is done for many calls in one commit: what is kept of each, in the
/// order of the calls; nothing where none was made yet. It claims nothing: see [`keep_with`].
///
/// # Errors
/// What the database said.
pub async fn look_up(connection: &impl ConnectionTrait, calls: &[&Call]) -> Result<Vec<Option<Kept>>, Error> {
    let keys: Vec<Json> = calls.iter().map(|call| json!({ "caller": call.caller, "key": call.key })).collect();
    let sql = "SELECT i.caller, i.key, i.fields, i.answer FROM {rows} \
         JOIN idempotency i ON i.caller = r.caller AND i.key = r.key";
    let mut found = BTreeMap::new();
    for row in rows::query(connection, sql, KEY, &keys, []).await? {
        let answer: Option<Vec<u8>> = row.try_get("", "answer")?;
        let kept =
            Kept { content: content(&row)?, answer: answer.ok_or(Error::Corrupt { what: "the answer to a call" })? };
        found.insert((row.try_get::<String>("", "caller")?, row.try_get::<String>("", "key")?), kept);
    }
    Ok(calls.iter().map(|call| found.get(&(call.caller.clone(), call.key.clone())).cloned()).collect())
}

fn content(row: &QueryResult) -> Result<Stored, Error> {
    Stored::read(&row.try_get::<String>("", "fields")?).ok_or(Error::Corrupt { what: "the fields of a call" })
}

/// Adds the answers of calls that [`look_up`] did not know to what the commit writes that made them, as the last of it. Unless
/// [`Batch::run`] says that it wrote as many rows, one of the keys was used since: the transaction is then not to be
/// committed, and is begun again.
///
/// # Errors
/// [`Error::Corrupt`] where a call cannot be written down.
pub fn keep_with(batch: &mut Batch, calls: &[(&Call, Vec<u8>)]) -> Result<(), Error> {
    let mut kept: Vec<Vec<Cell>> = Vec::with_capacity(calls.len());
    // in one order, so that commits which meet on two keys wait for each other in turn
    let mut calls: Vec<&(&Call, Vec<u8>)> = calls.iter().collect();
    calls.sort_by(|(a, _), (b, _)| (&a.caller, &a.key).cmp(&(&b.caller, &b.key)));
    for (call, answer) in calls {
        let fields = call.content.text();
        kept.push(vec![call.caller.as_str().into(), call.key.as_str().into(), fields.into(), answer.clone().into()]);
    }
    batch.insert_cells("commit.kept", ("idempotency", KEPT), kept, "ON CONFLICT (caller, key) DO NOTHING");
    Ok(())
}

/// Makes a call once: does the work and keeps its answer in the caller's transaction, or gives the answer kept earlier.
/// Of calls that come at once under one key, one does the work and the others wait for its commit.
///
/// # Errors
/// [`IdempotencyError`], as what the work's errors are made of; or what the work gave. Then nothing is kept.
pub async fn once<E, F, Fut>(tx: &Tx, call: &Call, work: F) -> Result<Answered, E>
where
    E: From<IdempotencyError>,
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<Vec<u8>, E>>,
{
    if let Some(answer) = begin(tx, call).await? {
        return Ok(Answered::Before(answer));
    }
    let answer = work().await?;
    keep(tx, call, &answer).await?;
    Ok(Answered::Now(answer))
}

/// Claims the key; the answer where it is claimed and answered already.
async fn begin(tx: &Tx, call: &Call) -> Result<Option<Vec<u8>>, IdempotencyError> {
    let backend = tx.get_database_backend();
    let fields = call.content.text();
    let sql = "INSERT INTO idempotency (caller, key, fields) VALUES ($1, $2, $3) ON CONFLICT (caller, key) DO NOTHING";
    let values = [call.caller.as_str().into(), call.key.as_str().into(), fields.into()];
    let claimed = tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    if claimed.rows_affected() == 1 {
        return Ok(None);
    }
    let sql = "SELECT fields, answer FROM idempotency WHERE caller = $1 AND key = $2";
    let values = [call.caller.as_str().into(), call.key.as_str().into()];
    let row = tx.query_one_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    let corrupt = || Error::Corrupt { what: "the answer to a call" };
    let row = row.ok_or_else(corrupt)?;
    if let Some(field) = content(&row)?.first_difference(&call.content) {
        return Err(IdempotencyError::OtherContent { field });
    }
    let answer: Option<Vec<u8>> = row.try_get("", "answer")?;
    Ok(Some(answer.ok_or_else(corrupt)?))
}

async fn keep(tx: &Tx, call: &Call, answer: &[u8]) -> Result<(), IdempotencyError> {
    let sql = "UPDATE idempotency SET answer = $3 WHERE caller = $1 AND key = $2";
    let values = [call.caller.as_str().into(), call.key.as_str().into(), answer.to_vec().into()];
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(())
}
