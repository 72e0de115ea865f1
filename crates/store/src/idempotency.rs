//! Idempotent calls: the same key and content give the stored answer; other content is refused, naming the field.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait as _, Statement};
use sha2::{Digest as _, Sha256};

use crate::{Error, Tx};

/// A call that changes something: who makes it, under which key, and what it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    caller: String,
    key: String,
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
        let hash = Sha256::digest(canonical.as_ref()).iter().map(|byte| format!("{byte:02x}")).collect();
        self.fields.insert(name.to_owned(), hash);
        self
    }

    /// The first field, in order of name, whose content is not the same in both, or that only one has.
    fn first_difference(&self, stored: &BTreeMap<String, String>) -> Option<String> {
        let names = self.fields.keys().chain(stored.keys());
        names.filter(|name| self.fields.get(*name) != stored.get(*name)).min().cloned()
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
