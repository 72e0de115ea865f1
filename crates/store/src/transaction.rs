use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sea_orm::prelude::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait as _,
};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::error::{Said, said};
use crate::{Database, Error};

/// How often a transaction is attempted and how long it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts {
    /// The most attempts; at least one is made.
    pub most: u32,
    /// The time for all of them, up to the commit; the commit may take as long again.
    pub deadline: Duration,
    /// The longest wait after the first attempt; it doubles with each, and a part of it is drawn by lot.
    pub backoff: Duration,
}

impl Default for Attempts {
    fn default() -> Self {
        Self { most: 8, deadline: Duration::from_secs(10), backoff: Duration::from_millis(4) }
    }
}

/// A transaction under way: all that the closure of [`Database::transaction`] is given.
#[derive(Clone)]
pub struct Tx {
    inner: Arc<DatabaseTransaction>,
    conflict: Arc<Mutex<Option<DbErr>>>,
}

impl Tx {
    fn noting<T>(&self, result: Result<T, DbErr>) -> Result<T, DbErr> {
        if let Err(error) = &result
            && said(error) == Said::Conflict
        {
            *self.conflict.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
        }
        result
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Tx {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }
    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.noting(self.inner.execute_raw(statement).await)
    }
    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.noting(self.inner.execute_unprepared(sql).await)
    }
    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.noting(self.inner.query_one_raw(statement).await)
    }
    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.noting(self.inner.query_all_raw(statement).await)
    }
}

/// How one attempt ended that gave no result.
enum Ended<E> {
    Conflict(Option<DbErr>),
    Failed(E),
}

impl<E> From<DbErr> for Ended<E>
where
    E: From<Error>,
{
    fn from(error: DbErr) -> Self {
        if said(&error) == Said::Conflict {
            Self::Conflict(Some(error))
        } else {
            Self::Failed(Error::from(error).into())
        }
    }
}

impl Database {
    /// Does the work in one transaction, with the default [`Attempts`].
    ///
    /// The work is done again from the start after a conflict (serialisation, deadlock, busy), so it changes nothing but
    /// through its [`Tx`], and makes no remote call. Where it gives an error, nothing is kept.
    ///
    /// # Errors
    /// What the work gave; [`Error::Contended`], [`Error::Deadline`], [`Error::UnknownOutcome`], or what the database said.
    pub async fn transaction<T, E, F, Fut>(&self, work: F) -> Result<T, E>
    where
        E: From<Error>,
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        self.transaction_with(Attempts::default(), work).await
    }

    /// Does the work in one transaction.
    ///
    /// # Errors
    /// As [`Database::transaction`].
    pub async fn transaction_with<T, E, F, Fut>(&self, attempts: Attempts, work: F) -> Result<T, E>
    where
        E: From<Error>,
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let deadline = Instant::now() + attempts.deadline;
        let late = || E::from(Error::Deadline(attempts.deadline));
        let mut made = 1;
        loop {
            let worked = timeout_at(deadline, self.attempt(&work)).await.map_err(|_| late())?;
            let ended = match worked {
                Ok((value, tx)) => match commit(tx, deadline + attempts.deadline).await {
                    Ok(()) => return Ok(value),
                    Err(ended) => ended,
                },
                Err(ended) => ended,
            };
            match ended {
                Ended::Failed(error) => return Err(error),
                Ended::Conflict(source) if made >= attempts.most => {
                    return Err(Error::Contended { attempts: made, source }.into());
                }
                Ended::Conflict(_) => sleep_until((Instant::now() + wait(attempts.backoff, made)).min(deadline)).await,
            }
            made += 1;
        }
    }

    async fn attempt<T, E, F, Fut>(&self, work: &F) -> Result<(T, DatabaseTransaction), Ended<E>>
    where
        E: From<Error>,
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let inner = Arc::new(self.writer().begin_with_options(options).await?);
        let conflict = Arc::new(Mutex::new(None));
        let result = work(Tx { inner: Arc::clone(&inner), conflict: Arc::clone(&conflict) }).await;
        let conflict = conflict.lock().unwrap_or_else(PoisonError::into_inner).take();
        let inner = Arc::try_unwrap(inner).map_err(|_| Ended::Failed(Error::StillInUse.into()))?;
        match result {
            Ok(value) if conflict.is_none() => Ok((value, inner)),
            Err(error) if conflict.is_none() => {
                // a rollback that fails leaves a connection that rolls back when it is dropped
                let _ = inner.rollback().await;
                Err(Ended::Failed(error))
            }
            _ => {
                let _ = inner.rollback().await;
                Err(Ended::Conflict(conflict))
            }
        }
    }
}

/// Commits in a task of its own: a caller that goes away does not stop a commit that has begun.
async fn commit<E: From<Error>>(tx: DatabaseTransaction, until: Instant) -> Result<(), Ended<E>> {
    let unknown = |source| Ended::Failed(Error::UnknownOutcome(source).into());
    match timeout_at(until, tokio::spawn(tx.commit())).await {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(Ok(Err(error))) if said(&error) == Said::Away => Err(unknown(Some(error))),
        Ok(Ok(Err(error))) => Err(error.into()),
        Ok(Err(_)) | Err(_) => Err(unknown(None)),
    }
}

/// Between a half and the whole of the backoff, doubled for each attempt made, up to a quarter of a second.
fn wait(backoff: Duration, made: u32) -> Duration {
    let doubled = backoff.saturating_mul(1 << made.saturating_sub(1).min(16)).min(Duration::from_millis(250));
    let lot = u32::try_from(RandomState::new().hash_one(made) % 1024).unwrap_or(0);
    doubled / 2 + doubled * lot / 2048
}
