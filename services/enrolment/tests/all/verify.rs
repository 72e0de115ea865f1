//! What is stored is proved again, and what was tampered with is found.

use enrolment::Verified;
use store::Tx;
use store::sea_orm::{ConnectionTrait as _, DbBackend};
use testkit::on_both;

use crate::support::{World, employee, paid};

/// Changes the database behind the service's back, past the triggers that forbid it.
async fn tamper(world: &World, table: &'static str, sql: &'static str) {
    let work = |tx: Tx| async move {
        match tx.get_database_backend() {
            DbBackend::Postgres => {
                tx.execute_unprepared(&format!("ALTER TABLE {table} DISABLE TRIGGER ALL")).await?;
                tx.execute_unprepared(sql).await?;
                tx.execute_unprepared(&format!("ALTER TABLE {table} ENABLE TRIGGER ALL")).await?;
            }
            _ => {
                tx.execute_unprepared(&format!("DROP TRIGGER IF EXISTS {table}_no_update")).await?;
                tx.execute_unprepared(&format!("DROP TRIGGER IF EXISTS {table}_no_delete")).await?;
                tx.execute_unprepared(sql).await?;
            }
        }
        Ok::<_, store::Error>(())
    };
    world.database.transaction(work).await.unwrap();
}

async fn verified(world: &World) -> Verified {
    enrolment::verify(&world.database).await.unwrap()
}

/// A resident and an employee who paid: two entries, one credit.
async fn world(url: &str) -> World {
    let world = World::new(url).await;
    world.resident(1).await;
    let person = world.person(2).await;
    let job = world.enrol(&person, employee()).await;
    paid(world.pay(&job, "2021-11-15").await);
    let found = verified(&world).await;
    assert!(found.is_clean(), "{found:?}");
    assert_eq!((found.entries, found.enrolments), (2, 2));
    world
}

#[test]
fn an_amount_that_was_changed_in_the_journal_is_found_and_its_entry_named() {
    on_both(|url| async move {
        let world = world(&url).await;
        let sql =
            "UPDATE journal_line SET amount_fen = amount_fen + 1 WHERE account = 'income:990100:premium_employer'";
        tamper(&world, "journal_line", sql).await;
        let found = verified(&world).await;
        assert!(!found.is_clean());
        assert_eq!(found.journal, money::Fen::new(1));
        assert!(found.differences.iter().any(|one| one.about.starts_with("entry ")), "{found:?}");
        assert!(found.differences.iter().any(|one| one.about.starts_with("enrolment ")), "{found:?}");
    });
}

#[test]
fn an_entry_moved_from_one_source_to_another_balances_and_is_found_by_its_enrolment() {
    on_both(|url| async move {
        let world = world(&url).await;
        let sql = "UPDATE journal_line SET account = 'income:990100:premium_assisted' \
             WHERE account = 'income:990100:premium_employer'";
        tamper(&world, "journal_line", sql).await;
        let found = verified(&world).await;
        assert_eq!((found.found, found.journal), (1, money::Fen::ZERO));
        let one = &found.differences[0];
        assert!(one.stored.contains("premium_assisted") && one.expected.contains("premium_employer"), "{one:?}");
    });
}

#[test]
fn an_enrolment_a_credit_or_a_basis_that_was_changed_is_found() {
    for (table, sql) in [
        ("enrolment", "UPDATE enrolment SET credit_fen = credit_fen + 1 WHERE scheme = 'employee'"),
        ("enrolment", "UPDATE enrolment SET paid = 0 WHERE scheme = 'employee' AND version = 2"),
        ("enrolment", "DELETE FROM enrolment WHERE scheme = 'resident' AND version = 1"),
        ("account_credit", "UPDATE account_credit SET amount_fen = amount_fen - 1"),
        ("basis", "UPDATE basis SET body = body || '00' WHERE hash = (SELECT max(hash) FROM basis)"),
    ] {
        on_both(move |url| async move {
            let world = world(&url).await;
            tamper(&world, table, sql).await;
            assert!(verified(&world).await.found > 0, "{sql}");
        });
    }
}
