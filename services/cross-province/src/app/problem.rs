use std::time::Duration;

use rpc::{Fault, Reason};
use store::idempotency::IdempotencyError;
use store::journal::AppendError;

/// Why something was not done; nothing of it was kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// What the caller reads.
    #[error("answer the call")]
    Fault(#[from] Fault),
    /// The database.
    #[error("use the database")]
    Store(#[from] store::Error),
    /// The call's key.
    #[error("make the call once")]
    Idempotency(#[from] IdempotencyError),
    /// The journal.
    #[error("book the entries")]
    Journal(#[from] AppendError),
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Fault(fault) => fault,
            Problem::Idempotency(IdempotencyError::OtherContent { field }) => Self::key_reused(&field),
            Problem::Store(error)
            | Problem::Idempotency(IdempotencyError::Store(error))
            | Problem::Journal(AppendError::Store(error)) => of_store(error),
            Problem::Journal(error) => Self::internal(error),
        }
    }
}

fn of_store(error: store::Error) -> Fault {
    match error {
        store::Error::Contended { .. } => {
            Fault::new(Reason::Contended, "others kept changing the same bill").because(error)
        }
        store::Error::Unavailable(_) | store::Error::Deadline(_) => {
            Fault::unavailable("the database", Duration::from_secs(1)).because(error)
        }
        store::Error::UnknownOutcome(_) => Fault::late().because(error),
        _ => Fault::internal(error),
    }
}
