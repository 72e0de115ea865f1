use store::sea_orm::{ConnectionTrait as _, Statement};
use store::{Database, Error, Tx, migrations};

/// An open database with the shared tables.
pub(crate) async fn opened(url: &str) -> Database {
    let database = Database::open(url).await.unwrap();
    migrations::migrate(&database, &[migrations::SHARED]).await.unwrap();
    database
}

/// Runs raw SQL in a transaction of its own.
pub(crate) async fn raw(database: &Database, sql: &str) -> Result<(), Error> {
    let work = |tx: Tx| async move {
        tx.execute_unprepared(sql).await?;
        Ok(())
    };
    database.transaction(work).await
}

pub(crate) async fn count(database: &Database, table: &str) -> i64 {
    let reader = database.reader();
    let sql = format!("SELECT count(*) AS n FROM {table}");
    let row = reader.query_one_raw(Statement::from_string(reader.get_database_backend(), sql)).await.unwrap();
    row.unwrap().try_get("", "n").unwrap()
}
