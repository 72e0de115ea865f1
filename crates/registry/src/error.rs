use policy::{Problem, Version};
use store::sea_orm::DbErr;
use terms::Division;

use crate::ChangeError;

/// Why the registry cannot say.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The database refused.
    #[error("read the policy registry")]
    Store(#[from] store::Error),
    /// The process that has the truth did not answer.
    #[error("ask the policy registry")]
    Remote(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What the truth has under a version's name does not have that name.
    #[error("trust the policy version {0}: its content has another hash")]
    Corrupt(Version),
    /// A head's version is nowhere.
    #[error("find the policy version {0}")]
    Missing(Version),
    /// This program cannot compile a version that was published.
    #[error("compile the policy version {version}")]
    Unusable {
        /// The version.
        version: Version,
        /// Its problems.
        #[source]
        problems: policy::Problems,
    },
    /// A change asked of a process that has no database.
    #[error("change the policy registry through a process that does not keep it")]
    NoDatabase,
    /// The Redis URL cannot be read.
    #[error("read the URL of Redis")]
    RedisUrl(#[source] redis::RedisError),
    /// A computation was broken off.
    #[error("finish compiling a policy version")]
    BrokenOff,
}

impl From<DbErr> for RegistryError {
    fn from(error: DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// Why nothing is published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The change cannot be laid over its base.
    #[error("apply the change to its base")]
    Change(#[from] ChangeError),
    /// The packs have errors: all problems, warnings too, in order of file and line.
    #[error("publish packs with errors")]
    Refused(Vec<Problem>),
    /// The base, or the version to be replaced, is not the division's present head.
    #[error("replace a head that has moved")]
    HeadMoved {
        /// What the head is.
        head: Option<Version>,
    },
    /// The version is the division's own head already: nothing would change.
    #[error("replace the head {0} by itself")]
    AlreadyHead(Version),
    /// The packs have no division of this code.
    #[error("publish for {0}, which the packs do not have")]
    UnknownDivision(Division),
    /// The version to return to is unknown.
    #[error("return to the unknown version {0}")]
    UnknownVersion(Version),
    /// Packs whose tree has not exactly one root cannot be seeded.
    #[error("seed packs that do not have one root")]
    NoRoot,
    /// The registry cannot say.
    #[error("look into the policy registry")]
    Registry(#[from] RegistryError),
}

impl From<store::Error> for PublishError {
    fn from(error: store::Error) -> Self {
        Self::Registry(error.into())
    }
}

impl From<DbErr> for PublishError {
    fn from(error: DbErr) -> Self {
        Self::Registry(error.into())
    }
}
