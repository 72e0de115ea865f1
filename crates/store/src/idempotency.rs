//! Idempotent calls: the same key and content give the stored answer; other content is refused, naming the field.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use crate::batch::Batch;
use crate::rows::{self, Cell, Columns, Kind};
use crate::{Error, Tx};

/// A call that changes something: who makes it, under which key, and what it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub(crate) caller: String,
    pub(crate) key: String,
    /// Hash of each field's canonical bytes, in order of name: the content itself is not kept.
    fields: BTreeMap<String, String>,
}

impl Call {
    /// A call without fields yet.
    #[must_use]
    pub fn new(caller: &str, key: &str) -> Self {
        Self { caller: caller.to_owned(), key: key.to_owned(), fields: BTreeMap::new() }
    }

    /// Adds a field by its canonical bytes: equal content has equal bytes.
    #[must_use]
    pub fn field(mut self, name: &str, canonical: impl AsRef<[u8]>) -> Self {
        let hash = hex::encode(Sha256::digest(canonical.as_ref()));
        self.fields.insert(name.to_owned(), hash);
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
        let (mut hash, mut marks, mut count) = (Sha256::new(), String::new(), 0_usize);
        for item in items {
            for content in item {
                let content = content.as_ref();
                hash.update(content.len().to_be_bytes());
                hash.update(content);
                if count < MARKED_MOST {
                    marks.push_str(&format!("{:04x}", mark(content)));
                }
            }
            count += 1;
        }
        let hash = hex::encode(hash.finalize());
        self.fields.insert(
            name.to_owned(),
            [&hash, &fields.join(","), &count.to_string(), &marks].map(String::as_str).join("|"),
        );
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

    /// The first field, in order of name, whose content is not the same in both, or that only one has; `method` before all others,
    /// for another call has other fields anyway.
    fn first_difference(&self, stored: &BTreeMap<String, String>) -> Option<String> {
        let names = self.fields.keys().chain(stored.keys());
        let differ = names.filter(|name| self.fields.get(*name) != stored.get(*name));
        let first = differ.min_by_key(|name| (*name != "method", *name))?;
        let place = self.fields.get(first).zip(stored.get(first)).and_then(|(a, b)| place(a, b));
        Some(place.map_or_else(|| first.clone(), |place| format!("{first}{place}")))
    }
}

/// The most items of a list whose fields are marked: of what differs behind them only the list is named.
const MARKED_MOST: usize = 1_000;
const MARK_DIGITS: usize = 4;

/// What tells fields apart well enough to name the one that differs; whether any does, the hash of the whole says.
fn mark(content: &[u8]) -> u16 {
    let hash = content.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    u16::try_from((hash >> 16) ^ (hash & 0xffff)).unwrap_or_default()
}

/// Where two lists of as many items differ first: `[3].quantity`.
fn place(a: &str, b: &str) -> Option<String> {
    let (mut a, mut b) = (a.splitn(4, '|').skip(1), b.splitn(4, '|').skip(1));
    let (fields, other) = (a.next()?, b.next()?);
    if fields != other || a.next()? != b.next()? {
        return None;
    }
    let (a, b) = (a.next()?.as_bytes(), b.next()?.as_bytes());
    let at = a.chunks(MARK_DIGITS).zip(b.chunks(MARK_DIGITS)).position(|(a, b)| a != b)?;
    let fields: Vec<&str> = fields.split(',').collect();
    fields.get(at % fields.len()).map(|field| format!("[{}].{field}", at / fields.len()))
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
    fields: BTreeMap<String, String>,
    /// The answer it got.
    pub answer: Vec<u8>,
}

impl Kept {
    /// Whether the call had a field of this name.
    #[must_use]
    pub fn has_field(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// Whether the call had this field with this content.
    #[must_use]
    pub fn says(&self, name: &str, canonical: &str) -> bool {
        self.fields.get(name) == Call::new("", "").field(name, canonical).fields.get(name)
    }

    /// The first field, in order of name, in which a call under the same key differs; none where it is the same call.
    #[must_use]
    pub fn first_difference(&self, call: &Call) -> Option<String> {
        call.first_difference(&self.fields)
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
        let fields = serde_json::from_str(&row.try_get::<String>("", "fields")?);
        let answer: Option<Vec<u8>> = row.try_get("", "answer")?;
        let kept = Kept {
            fields: fields.map_err(|_| Error::Corrupt { what: "the fields of a call" })?,
            answer: answer.ok_or(Error::Corrupt { what: "the answer to a call" })?,
        };
        found.insert((row.try_get::<String>("", "caller")?, row.try_get::<String>("", "key")?), kept);
    }
    Ok(calls.iter().map(|call| found.get(&(call.caller.clone(), call.key.clone())).cloned()).collect())
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
        let fields =
            serde_json::to_string(&call.fields).map_err(|_| Error::Corrupt { what: "the fields of a call" })?;
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
    let fields = serde_json::to_string(&call.fields).map_err(|_| Error::Corrupt { what: "the fields of a call" })?;
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
    let stored: String = row.try_get("", "fields")?;
    let stored = serde_json::from_str(&stored).map_err(|_| Error::Corrupt { what: "the fields of a call" })?;
    if let Some(field) = call.first_difference(&stored) {
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
