//! Migrations: numbered steps, applied in order by a command, each named by the checksum of its text.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, TransactionTrait as _};
use sha2::{Digest as _, Sha256};

use crate::{Database, Error};

/// A step: a name and what it says in each database. A published step never changes.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// What it brings.
    pub name: &'static str,
    /// Its statements for SQLite.
    pub sqlite: &'static str,
    /// Its statements for PostgreSQL.
    pub postgres: &'static str,
}

/// The steps of one owner, in order: the shared tables, or a service's own.
#[derive(Clone, Copy, Debug)]
pub struct Set {
    /// Whose steps they are; unique in a database.
    pub owner: &'static str,
    /// The steps.
    pub steps: &'static [Step],
}

macro_rules! step {
    ($name:literal) => {
        Step {
            name: $name,
            sqlite: include_str!(concat!("migrations/sql/", $name, ".sqlite.sql")),
            postgres: include_str!(concat!("migrations/sql/", $name, ".postgres.sql")),
        }
    };
}

/// The tables every service shares.
pub const SHARED: Set = Set {
    owner: "store",
    steps: &[
        step!("idempotency"),
        step!("outbox"),
        step!("journal"),
        step!("outbox_created"),
        step!("journal_sealed"),
        step!("answers_packed"),
        step!("journal_together"),
    ],
};

/// Why a database cannot be brought, or is not, up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// A newer program was here.
    #[error("use a database that is newer: {owner} is at step {applied}, this program knows {known}")]
    Newer {
        /// Whose steps.
        owner: &'static str,
        /// How many are applied.
        applied: usize,
        /// How many this program has.
        known: usize,
    },
    /// A step was changed after it was applied.
    #[error("trust step {number} of {owner}: what was applied is not what this program has")]
    Changed {
        /// Whose step.
        owner: &'static str,
        /// Its number, from 1.
        number: usize,
    },
    /// Steps are missing; the migration command applies them.
    #[error("use a database that is older: {owner} is at step {applied} of {known}; run the migration command")]
    Behind {
        /// Whose steps.
        owner: &'static str,
        /// How many are applied.
        applied: usize,
        /// How many this program has.
        known: usize,
    },
    /// The database refused.
    #[error("migrate the database")]
    Store(#[from] Error),
}

impl From<DbErr> for MigrationError {
    fn from(error: DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// One number for all programs: whoever migrates a PostgreSQL database holds this lock.
const LOCK: i64 = 0x0079_6962_616f;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS migration (owner TEXT NOT NULL, number BIGINT NOT NULL CHECK (number > 0), \
     name TEXT NOT NULL, checksum TEXT NOT NULL, PRIMARY KEY (owner, number))";

/// Applies the steps that are missing, all of them or none, one program at a time; says how many it applied.
///
/// # Errors
/// [`MigrationError`]; the database is as it was.
pub async fn migrate(database: &Database, sets: &[Set]) -> Result<usize, MigrationError> {
    let tx = database.writer().begin().await?;
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
        tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
    }
    tx.execute_unprepared(TABLE).await?;
    let mut count = 0;
    for set in sets {
        let applied = applied(&tx, set).await?;
        for (at, step) in set.steps.iter().enumerate().skip(applied) {
            apply(&tx, set.owner, at, step).await?;
            count += 1;
        }
    }
    tx.commit().await?;
    Ok(count)
}

/// Whether the database is exactly as this program knows it; what a server asks before it serves.
///
/// # Errors
/// [`MigrationError`] says how it differs.
pub async fn check(database: &Database, sets: &[Set]) -> Result<(), MigrationError> {
    let there = is_migrated(database).await?;
    for set in sets {
        let applied = if there { applied(database.reader(), set).await? } else { 0 };
        if applied < set.steps.len() {
            return Err(MigrationError::Behind { owner: set.owner, applied, known: set.steps.len() });
        }
    }
    Ok(())
}

/// Whose steps were applied to the database, in order of name: whose database it is. None of one that was never migrated.
///
/// # Errors
/// What the database said.
pub async fn owners(database: &Database) -> Result<Vec<String>, Error> {
    if !is_migrated(database).await? {
        return Ok(Vec::new());
    }
    let backend = database.reader().get_database_backend();
    let statement = Statement::from_string(backend, "SELECT DISTINCT owner FROM migration ORDER BY owner");
    let rows = database.reader().query_all_raw(statement).await?;
    Ok(rows.iter().map(|row| row.try_get("", "owner")).collect::<Result<_, _>>()?)
}

/// Whether anything was ever applied to it.
async fn is_migrated(database: &Database) -> Result<bool, DbErr> {
    let exists = match database.reader().get_database_backend() {
        DbBackend::Postgres => "SELECT 1 WHERE to_regclass('migration') IS NOT NULL",
        _ => "SELECT 1 FROM sqlite_master WHERE name = 'migration'",
    };
    let statement = Statement::from_string(database.reader().get_database_backend(), exists);
    Ok(database.reader().query_one_raw(statement).await?.is_some())
}

/// How many steps of a set are applied, each found unchanged.
async fn applied(connection: &impl ConnectionTrait, set: &Set) -> Result<usize, MigrationError> {
    let backend = connection.get_database_backend();
    let sql = "SELECT checksum FROM migration WHERE owner = $1 ORDER BY number";
    let rows = connection.query_all_raw(Statement::from_sql_and_values(backend, sql, [set.owner.into()])).await?;
    if rows.len() > set.steps.len() {
        return Err(MigrationError::Newer { owner: set.owner, applied: rows.len(), known: set.steps.len() });
    }
    for (at, (row, step)) in rows.iter().zip(set.steps).enumerate() {
        if row.try_get::<String>("", "checksum")? != checksum(text(step, backend)) {
            return Err(MigrationError::Changed { owner: set.owner, number: at + 1 });
        }
    }
    Ok(rows.len())
}

async fn apply(tx: &impl ConnectionTrait, owner: &str, at: usize, step: &Step) -> Result<(), DbErr> {
    let backend = tx.get_database_backend();
    let text = text(step, backend);
    tx.execute_unprepared(text).await?;
    let number = i64::try_from(at).unwrap_or(i64::MAX).saturating_add(1);
    let sql = "INSERT INTO migration (owner, number, name, checksum) VALUES ($1, $2, $3, $4)";
    let values = [owner.into(), number.into(), step.name.into(), checksum(text).into()];
    tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}

const fn text(step: &Step, backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => step.postgres,
        _ => step.sqlite,
    }
}

fn checksum(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}
