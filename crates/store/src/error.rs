use std::time::Duration;

use sea_orm::sqlx;
use sea_orm::{DbErr, RuntimeErr};

/// Why the store did not do what it was asked. What the database said is the source and never printed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL names no database that is supported.
    #[error("open a database: the URL begins with neither sqlite: nor postgres:")]
    Url,
    /// The database cannot be reached.
    #[error("reach the database")]
    Unavailable(#[source] DbErr),
    /// A statement was refused.
    #[error("run a statement")]
    Statement(#[source] DbErr),
    /// A constraint or trigger of the database refused what was written.
    #[error("write what the database forbids")]
    Forbidden(#[source] DbErr),
    /// Every attempt met a conflict; nothing was changed.
    #[error("finish a transaction in {attempts} attempts")]
    Contended {
        /// How many attempts were made.
        attempts: u32,
        /// What the last of them met.
        #[source]
        source: Option<DbErr>,
    },
    /// The deadline passed before the commit began; nothing was changed.
    #[error("finish a transaction within {0:?}")]
    Deadline(Duration),
    /// The connection was lost, or the time ran out, while the commit was under way: ask before repeating.
    #[error("learn whether the transaction was committed")]
    UnknownOutcome(#[source] Option<DbErr>),
    /// The transaction was kept beyond its closure; nothing was changed.
    #[error("commit a transaction that is still in use")]
    StillInUse,
    /// What is stored cannot be read back.
    #[error("read {what} as it was stored")]
    Corrupt {
        /// What.
        what: &'static str,
    },
}

impl Error {
    /// What the database said, if it spoke.
    #[must_use]
    pub const fn database(&self) -> Option<&DbErr> {
        match self {
            Self::Unavailable(source) | Self::Statement(source) | Self::Forbidden(source) => Some(source),
            Self::Contended { source, .. } | Self::UnknownOutcome(source) => source.as_ref(),
            _ => None,
        }
    }
}

impl From<DbErr> for Error {
    fn from(source: DbErr) -> Self {
        match said(&source) {
            Said::Forbidden => Self::Forbidden(source),
            Said::Away => Self::Unavailable(source),
            Said::Conflict | Said::Refused => Self::Statement(source),
        }
    }
}

/// What an answer of the database means for the transaction it was given in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// Serialisation failure, deadlock or busy: nothing happened, and another attempt may succeed.
    Conflict,
    /// A constraint or trigger.
    Forbidden,
    /// The connection broke or there was none.
    Away,
    /// Anything else.
    Refused,
}

pub(crate) fn said(error: &DbErr) -> Said {
    let runtime = match error {
        DbErr::Conn(runtime) | DbErr::Exec(runtime) | DbErr::Query(runtime) => runtime,
        DbErr::ConnectionAcquire(_) => return Said::Away,
        _ => return Said::Refused,
    };
    let RuntimeErr::SqlxError(error) = runtime else { return Said::Refused };
    match error.as_ref() {
        sqlx::Error::Database(database) => database.code().map_or(Said::Refused, |code| of_code(&code)),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Said::Away,
        _ => Said::Refused,
    }
}

/// PostgreSQL says five characters, SQLite a number whose low byte is the primary code.
fn of_code(code: &str) -> Said {
    if code.len() == 5 {
        return match code {
            "40001" | "40P01" | "55P03" => Said::Conflict,
            _ if code.starts_with("23") || code == "P0001" => Said::Forbidden,
            _ if code.starts_with("08") || code.starts_with("57P") => Said::Away,
            _ => Said::Refused,
        };
    }
    match code.parse::<u32>().map(|code| code & 0xff) {
        Ok(5 | 6) => Said::Conflict,
        Ok(19) => Said::Forbidden,
        Ok(10 | 14) => Said::Away,
        _ => Said::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_conflict_is_worth_another_attempt() {
        for code in ["40001", "40P01", "55P03", "5", "517", "6"] {
            assert_eq!(of_code(code), Said::Conflict, "{code}");
        }
        for code in ["23505", "P0001", "19", "2067", "1811"] {
            assert_eq!(of_code(code), Said::Forbidden, "{code}");
        }
        for code in ["57P01", "08006", "10", "14"] {
            assert_eq!(of_code(code), Said::Away, "{code}");
        }
        for code in ["57014", "42P01", "1"] {
            assert_eq!(of_code(code), Said::Refused, "{code}");
        }
    }
}
