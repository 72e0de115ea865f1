use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use store::sea_orm::{ConnectionTrait as _, DbBackend, DbErr, RuntimeErr, Statement, sqlx};
use store::{Attempts, Database, Error, Kind, Settings, Tx};
use testkit::on_both;
use tokio::sync::Barrier;

use crate::support::{count, opened, raw};

const TABLE: &str = "CREATE TABLE t (n BIGINT PRIMARY KEY)";

#[test]
fn a_transaction_is_kept_whole_or_not_at_all_and_the_database_answers_until_it_is_closed() {
    on_both(|url| async move {
        let database = opened(&url).await;
        database.ping().await.unwrap();
        raw(&database, TABLE).await.unwrap();
        raw(&database, "INSERT INTO t VALUES (1)").await.unwrap();
        let failed: Result<(), Error> = database
            .transaction(|tx| async move {
                tx.execute_unprepared("INSERT INTO t VALUES (2)").await?;
                Err(Error::Url)
            })
            .await;
        assert!(matches!(failed, Err(Error::Url)));
        assert!(matches!(raw(&database, "INSERT INTO t VALUES (1)").await, Err(Error::Forbidden(_))));
        assert_eq!(count(&database, "t").await, 1);
        let kept = database.clone();
        database.close().await.unwrap();
        assert!(matches!(kept.ping().await, Err(Error::Unavailable(_))));
    });
}

#[test]
fn sqlite_is_opened_with_a_log_and_full_flushes_and_its_readers_write_nothing() {
    on_both(|url| async move {
        let database = opened(&url).await;
        if database.kind() == Kind::Sqlite {
            let pragma = |name: &'static str| {
                let database = &database;
                async move {
                    let sql = Statement::from_string(DbBackend::Sqlite, name);
                    database.reader().query_one_raw(sql).await.unwrap().unwrap()
                }
            };
            let mode: String = pragma("PRAGMA journal_mode").await.try_get("", "journal_mode").unwrap();
            let flushes: i64 = pragma("PRAGMA synchronous").await.try_get("", "synchronous").unwrap();
            assert_eq!((mode.as_str(), flushes), ("wal", 2));
            assert!(database.reader().execute_unprepared(TABLE).await.is_err());
        }
    });
}

#[test]
fn a_conflict_is_retried_a_bounded_number_of_times_and_nothing_else_is() {
    on_both(|url| async move {
        let database = opened(&url).await;
        let made = AtomicU32::new(0);
        let attempts = Attempts { most: 3, backoff: Duration::from_millis(1), deadline: Duration::from_secs(60) };
        let broken = || DbErr::Exec(RuntimeErr::SqlxError(sqlx::Error::PoolTimedOut.into()));
        let other: Result<(), Error> = database
            .transaction_with(attempts, |_| {
                made.fetch_add(1, Ordering::SeqCst);
                async move { Err(broken().into()) }
            })
            .await;
        assert!(matches!(other, Err(Error::Unavailable(_))));
        assert_eq!(made.swap(0, Ordering::SeqCst), 1);
        if database.kind() == Kind::Postgres {
            let raise = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$";
            let contended: Result<(), Error> = database
                .transaction_with(attempts, |tx: Tx| {
                    made.fetch_add(1, Ordering::SeqCst);
                    async move { Ok(tx.execute_unprepared(raise).await.map(|_| ())?) }
                })
                .await;
            assert!(matches!(contended, Err(Error::Contended { attempts: 3, .. })), "{contended:?}");
            assert_eq!(made.load(Ordering::SeqCst), 3);
        } else {
            // another program holds the write lock
            let settings = Settings { wait: Duration::from_millis(5), ..Settings::default() };
            let other = Database::open_with(&url, settings).await.unwrap();
            let contended: Result<(), Error> = database
                .transaction_with(attempts, |_| {
                    let other = &other;
                    async move {
                        let result: Result<(), Error> = other.transaction_with(attempts, |_| async { Ok(()) }).await;
                        result
                    }
                })
                .await;
            assert!(matches!(contended, Err(Error::Contended { attempts: 3, .. })), "{contended:?}");
        }
    });
}

#[test]
fn work_beyond_the_deadline_and_a_transaction_that_is_kept_change_nothing() {
    on_both(|url| async move {
        let database = opened(&url).await;
        raw(&database, TABLE).await.unwrap();
        let attempts = Attempts { deadline: Duration::from_millis(200), ..Attempts::default() };
        let late: Result<(), Error> = database
            .transaction_with(attempts, |tx| async move {
                tx.execute_unprepared("INSERT INTO t VALUES (1)").await?;
                std::future::pending().await
            })
            .await;
        assert!(matches!(late, Err(Error::Deadline(_))), "{late:?}");
        let kept: Result<Tx, Error> = database.transaction(|tx| async move { Ok(tx) }).await;
        assert!(matches!(kept, Err(Error::StillInUse)));
        drop(kept);
        raw(&database, "INSERT INTO t VALUES (2)").await.unwrap();
        assert_eq!(count(&database, "t").await, 1);
    });
}

#[test]
fn a_connection_lost_during_the_commit_is_an_unknown_outcome_and_is_not_repeated() {
    on_both(|url| async move {
        let database = opened(&url).await;
        if database.kind() == Kind::Postgres {
            raw(&database, TABLE).await.unwrap();
            raw(
                &database,
                "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$; \
                 CREATE CONSTRAINT TRIGGER die AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED \
                 FOR EACH ROW EXECUTE FUNCTION die()",
            )
            .await
            .unwrap();
            let lost = raw(&database, "INSERT INTO t VALUES (1)").await;
            assert!(matches!(lost, Err(Error::UnknownOutcome(_))), "{lost:?}");
            database.ping().await.unwrap();
        }
    });
}

#[test]
fn two_that_deadlock_both_finish_and_a_statement_without_end_is_stopped() {
    on_both(|url| async move {
        let settings = Settings { statement_timeout: Duration::from_secs(2), ..Settings::default() };
        let database = Database::open_with(&url, settings).await.unwrap();
        if database.kind() == Kind::Postgres {
            raw(&database, "CREATE TABLE t (n BIGINT PRIMARY KEY, times BIGINT); INSERT INTO t VALUES (1, 0), (2, 0)")
                .await
                .unwrap();
            let (made, both) = (Arc::new(AtomicU32::new(0)), Arc::new(Barrier::new(2)));
            let crossing = [[1, 2], [2, 1]].map(|order| {
                let (database, made, both) = (database.clone(), Arc::clone(&made), Arc::clone(&both));
                tokio::spawn(async move { cross(&database, order, &made, &both).await.unwrap() })
            });
            for one in crossing {
                one.await.unwrap();
            }
            assert_eq!((made.load(Ordering::SeqCst), count(&database, "t WHERE times = 2").await), (3, 2));
            assert!(matches!(raw(&database, "SELECT pg_sleep(60)").await, Err(Error::Statement(_))));
        }
    });
}

/// Locks two rows in this order; on the first attempts, each of two tasks holds its first row before it asks for the other.
async fn cross(database: &Database, order: [i64; 2], made: &AtomicU32, both: &Barrier) -> Result<(), Error> {
    let work = |tx: Tx| async move {
        let attempt = made.fetch_add(1, Ordering::SeqCst);
        for (at, n) in order.into_iter().enumerate() {
            tx.execute_unprepared(&format!("UPDATE t SET times = times + 1 WHERE n = {n}")).await?;
            if at == 0 && attempt < 2 {
                both.wait().await;
            }
        }
        Ok(())
    };
    database.transaction(work).await
}
