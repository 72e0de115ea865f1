use std::time::Duration;

use sea_orm::sqlx::error::DatabaseError;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbErr, RuntimeErr, SqlxPostgresConnector, SqlxSqliteConnector,
};

use tokio::time::{Instant, interval};

use crate::Error;

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Embedded, a file.
    Sqlite,
    /// A server.
    Postgres,
}

/// How a database is opened; the default suits a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The most connections that are open, for transactions and for reading each; SQLite has one for transactions.
    pub connections: u32,
    /// How long a statement may take on PostgreSQL.
    pub statement_timeout: Duration,
    /// How long SQLite waits for a lock.
    pub wait: Duration,
    /// How long a caller waits for a free connection, or for one to be made: after it the database counts as away.
    pub acquire: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections: 16,
            statement_timeout: Duration::from_secs(10),
            wait: Duration::from_secs(5),
            acquire: Duration::from_secs(2),
        }
    }
}

/// How many statements a connection to SQLite keeps ready: one over rows is another for each number of rows.
const STATEMENTS: usize = 1024;

/// An open database. Clones share the connections.
#[derive(Clone, Debug)]
pub struct Database {
    kind: Kind,
    writer: DatabaseConnection,
    reader: DatabaseConnection,
}

impl Database {
    /// Opens the database of a URL, `sqlite:<path>` or `postgres://…`; a SQLite file is made where there is none.
    ///
    /// # Errors
    /// [`Error::Url`]; [`Error::Unavailable`] where it cannot be reached.
    pub async fn open(url: &str) -> Result<Self, Error> {
        Self::open_with(url, Settings::default()).await
    }

    /// Opens it with settings of one's own.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub async fn open_with(url: &str, settings: Settings) -> Result<Self, Error> {
        if url.starts_with("sqlite:") {
            sqlite(url, settings).await
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            postgres(url, settings).await
        } else {
            Err(Error::Url)
        }
    }

    /// Which database it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The connections for reading outside a transaction; on SQLite they refuse to write.
    #[must_use]
    pub const fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    pub(crate) const fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`Error::Unavailable`] or what it said.
    pub async fn ping(&self) -> Result<(), Error> {
        self.writer.execute_unprepared("SELECT 1").await?;
        Ok(())
    }

    /// Waits for what is under way and closes every connection, those of clones too.
    ///
    /// # Errors
    /// [`Error::Statement`] where a connection cannot be closed.
    pub async fn close(self) -> Result<(), Error> {
        self.reader.close().await?;
        self.writer.close().await?;
        Ok(())
    }
}

fn unavailable(source: sea_orm::sqlx::Error) -> Error {
    Error::Unavailable(DbErr::Conn(RuntimeErr::SqlxError(source.into())))
}

/// How often a new file that another program is taking into use is tried again.
const AGAIN: Duration = Duration::from_millis(20);

/// The one connection that writes. Of programs that open a new file at once one switches it to its write-ahead log; SQLite tells the
/// others that it is locked instead of letting them wait for that, as it does otherwise.
async fn sqlite_writer(
    options: &SqliteConnectOptions,
    wait: Duration,
) -> Result<sea_orm::sqlx::SqlitePool, sea_orm::sqlx::Error> {
    let until = Instant::now() + wait;
    let mut again = interval(AGAIN);
    loop {
        again.tick().await;
        let one = SqlitePoolOptions::new().max_connections(1).acquire_timeout(wait).idle_timeout(None);
        let is_locked = |error: &sea_orm::sqlx::Error| {
            let code = error.as_database_error().and_then(DatabaseError::code);
            code.is_some_and(|code| code == SQLITE_BUSY)
        };
        match one.max_lifetime(None).connect_with(options.clone()).await {
            Err(error) if is_locked(&error) && Instant::now() < until => {}
            ended => return ended,
        }
    }
}

const SQLITE_BUSY: &str = "5";

async fn sqlite(url: &str, settings: Settings) -> Result<Database, Error> {
    let options: SqliteConnectOptions = url.parse().map_err(unavailable)?;
    let options = options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .statement_cache_capacity(STATEMENTS)
        .busy_timeout(settings.wait);
    let writer = sqlite_writer(&options, settings.wait).await.map_err(unavailable)?;
    let several = SqlitePoolOptions::new().max_connections(settings.connections).acquire_timeout(settings.acquire);
    let reader = several.connect_with(options.pragma("query_only", "ON")).await.map_err(unavailable)?;
    Ok(Database {
        kind: Kind::Sqlite,
        writer: SqlxSqliteConnector::from_sqlx_sqlite_pool(writer),
        reader: SqlxSqliteConnector::from_sqlx_sqlite_pool(reader),
    })
}

/// Transactions find everything by its key. A plan made while a table is small would else read the whole of it once it is large.
const BY_KEY: [(&str, &str); 3] = [("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off")];

async fn postgres(url: &str, settings: Settings) -> Result<Database, Error> {
    let options: PgConnectOptions = url.parse().map_err(unavailable)?;
    let timeout = format!("{}ms", settings.statement_timeout.as_millis());
    let options = options.options([("statement_timeout", timeout.as_str()), ("synchronous_commit", "on")]);
    let pool = |most| PgPoolOptions::new().max_connections(most).acquire_timeout(settings.acquire);
    let by_key = options.clone().options(BY_KEY);
    let writer = pool(settings.connections).connect_with(by_key).await.map_err(unavailable)?;
    let reader = pool(settings.connections).connect_lazy_with(options);
    Ok(Database {
        kind: Kind::Postgres,
        writer: SqlxPostgresConnector::from_sqlx_postgres_pool(writer),
        reader: SqlxPostgresConnector::from_sqlx_postgres_pool(reader),
    })
}
