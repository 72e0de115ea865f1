//! The database parts every service shares: opening, transactions, migrations, idempotent calls, the outbox, the journal.
//!
//! * [`Database`] is SQLite (one writer, several readers, WAL, synchronous FULL) or PostgreSQL (a pool), by its URL.
//! * [`Database::transaction`] retries what is known not to have happened, a bounded number of times; a commit whose
//!   outcome is unknown is [`Error::UnknownOutcome`] and is never repeated.
//! * [`migrations`] bring a database up to date by command; a server only checks.
//! * [`idempotency`], [`outbox`] and [`journal`] are functions over a [`Tx`], so that they are part of the caller's commit.
//!
//! Invariant: money is whole fen in BIGINT columns; there is no decimal column and no float.
//! Invariant: journal rows are only ever added, and the database itself refuses an entry that does not balance.
//! Invariant: it reads no clock and no environment; moments are handed in, in microseconds since 1970.
//! Invariant: it knows no scheme, no rule and no service, and makes no remote call but to its database.

pub mod batch;
mod database;
mod error;
pub mod idempotency;
pub mod journal;
pub mod migrations;
pub mod outbox;
pub mod rows;
mod transaction;

pub use database::{Database, Kind, Settings};
pub use error::Error;
pub use sea_orm;
pub use transaction::{Attempts, Tx};
