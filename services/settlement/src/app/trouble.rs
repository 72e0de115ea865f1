use policy::Version;
use rpc::Fault;
use store::idempotency::IdempotencyError;

use crate::domain::Needed;

/// Why a command is not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The caller is told so, and nothing is kept.
    #[error("carry out a command")]
    Fault(#[from] Fault),
    /// A policy version is not at hand; it is fetched outside of the transaction, and the command is tried again.
    #[error("decide under policy version {0}, which is not at hand")]
    NeedVersion(Version),
    /// Somebody used one of the keys meanwhile; the command is tried again.
    #[error("be the first to use a key")]
    KeyTaken,
    /// It needs more of the third system's funds than it comes with; it is to come again with a greater grant.
    #[error("take more of the third system's funds than was granted")]
    Hold(Box<Needed>),
    /// What it did cannot be told to the keeper of the third system.
    #[error("tell the third system of a commit")]
    Untold(#[source] Fault),
    /// The hold it comes with was refused for ever; it is to come again with another.
    #[error("use a hold that was refused")]
    HoldOver,
    /// A defect broke it off; what it had begun is taken back.
    #[error("carry out a command: it panicked")]
    Panicked,
    /// The database.
    #[error("use the database")]
    Store(#[from] store::Error),
}

impl From<sea_orm::DbErr> for Trouble {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

impl From<IdempotencyError> for Trouble {
    fn from(error: IdempotencyError) -> Self {
        match error {
            IdempotencyError::OtherContent { field } => Self::Fault(Fault::key_reused(&field)),
            IdempotencyError::Store(error) => Self::Store(error),
        }
    }
}

impl Trouble {
    /// A defect of the service.
    pub(crate) fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Fault(Fault::internal(source))
    }
}
