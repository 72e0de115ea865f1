use store::Database;
use store::migrations::{MigrationError, SHARED, Set, Step, check, migrate};
use testkit::on_both;

use crate::support::{count, raw};

const CHANGED: Step = Step { name: "idempotency", sqlite: "SELECT 2", postgres: "SELECT 2" };

#[test]
fn every_earlier_step_is_brought_up_to_date_and_a_second_run_does_nothing() {
    on_both(|url| async move {
        let database = Database::open(&url).await.unwrap();
        for step in 0..=SHARED.steps.len() {
            let earlier = Set { owner: "store", steps: &SHARED.steps[..step] };
            for table in ["migration", "idempotency", "outbox", "journal_standing", "journal_line", "journal"] {
                raw(&database, &format!("DROP TABLE IF EXISTS {table}")).await.unwrap();
            }
            if database.kind() == store::Kind::Postgres {
                for function in [
                    "journal_balanced",
                    "journal_standing",
                    "journal_append_only",
                    "journal_line_placed",
                    "journal_sealed",
                ] {
                    raw(&database, &format!("DROP FUNCTION IF EXISTS {function}")).await.unwrap();
                }
            }
            assert_eq!(migrate(&database, &[earlier]).await.unwrap(), step);
            let behind = check(&database, &[SHARED]).await;
            assert_eq!(matches!(behind, Err(MigrationError::Behind { .. })), step < SHARED.steps.len());
            assert_eq!(migrate(&database, &[SHARED]).await.unwrap(), SHARED.steps.len() - step);
            assert_eq!(migrate(&database, &[SHARED]).await.unwrap(), 0);
            check(&database, &[SHARED]).await.unwrap();
            assert_eq!(count(&database, "journal").await, 0);
        }
    });
}

#[test]
fn a_newer_database_and_a_changed_step_are_refused() {
    on_both(|url| async move {
        let database = Database::open(&url).await.unwrap();
        assert!(matches!(check(&database, &[SHARED]).await, Err(MigrationError::Behind { applied: 0, .. })));
        migrate(&database, &[SHARED]).await.unwrap();
        let older = Set { owner: "store", steps: &SHARED.steps[..2] };
        let newer = migrate(&database, &[older]).await;
        assert!(matches!(newer, Err(MigrationError::Newer { applied, known: 2, .. }) if applied == SHARED.steps.len()));
        assert!(matches!(check(&database, &[older]).await, Err(MigrationError::Newer { .. })));
        let changed = Set { owner: "store", steps: &[CHANGED; 9] };
        assert!(matches!(migrate(&database, &[changed]).await, Err(MigrationError::Changed { number: 1, .. })));
    });
}

#[test]
fn of_programs_that_migrate_at_once_one_does_and_a_step_that_fails_leaves_nothing() {
    on_both(|url| async move {
        let runs: Vec<_> = (0..4)
            .map(|_| {
                let url = url.clone();
                tokio::spawn(async move {
                    let database = Database::open(&url).await.unwrap();
                    migrate(&database, &[SHARED]).await.unwrap()
                })
            })
            .collect();
        let mut applied = Vec::new();
        for run in runs {
            applied.push(run.await.unwrap());
        }
        applied.sort_unstable();
        assert_eq!(applied, [0, 0, 0, SHARED.steps.len()]);
        let database = Database::open(&url).await.unwrap();
        let good = Step { name: "good", sqlite: "CREATE TABLE g (n BIGINT)", postgres: "CREATE TABLE g (n BIGINT)" };
        let bad = Step { name: "bad", sqlite: "no SQL", postgres: "no SQL" };
        let steps: &'static [Step] = Box::leak(Box::new([good, bad]));
        assert!(migrate(&database, &[Set { owner: "service", steps }]).await.is_err());
        raw(&database, "CREATE TABLE g (n BIGINT)").await.unwrap();
    });
}
