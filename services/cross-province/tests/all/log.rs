//! A log that somebody has touched says so: every chain, every signature, every body, and where the chains end.

use cross_province::verify_log;
use crossing::NotAuthentic;
use crossing::chain::Wrong;
use store::sea_orm::{ConnectionTrait as _, DbBackend};
use store::{Database, Tx};
use testkit::on_both;

use crate::broken::rests_soon;
use crate::pair::{CARE, Pair, visit};

/// Writes into a database by hand.
async fn writes(database: &Database, sql: &str) -> Result<(), store::Error> {
    let work = |tx: Tx| async move {
        tx.execute_unprepared(sql).await?;
        Ok(())
    };
    database.transaction(work).await
}

/// Does what nobody may: with the guards of the table taken away, as somebody with the database's password can.
async fn tampers(database: &Database, sql: &str) {
    let guards: &[&str] = if database.reader().get_database_backend() == DbBackend::Sqlite {
        &["DROP TRIGGER IF EXISTS message_stays", "DROP TRIGGER IF EXISTS message_no_delete"]
    } else {
        &["DROP TRIGGER IF EXISTS message_stays ON message"]
    };
    for statement in guards.iter().chain(&[sql]) {
        writes(database, statement).await.unwrap();
    }
}

async fn wrong(pair: &Pair) -> Vec<(u64, Wrong)> {
    let found = verify_log(&pair.care.database, CARE.parse().unwrap(), &pair.table).await.unwrap();
    found.into_iter().map(|finding| (finding.sequence, finding.what)).collect()
}

async fn after_two_bills(url: &str) -> Pair {
    let pair = Pair::open(url).await;
    pair.settles("K1", visit("B1", 130_000)).await;
    pair.settles("K2", visit("B2", 50_000)).await;
    rests_soon(&pair).await;
    assert_eq!(wrong(&pair).await, []);
    pair
}

#[test]
fn nobody_changes_a_log_where_its_guards_stand() {
    on_both(|url| async move {
        let pair = after_two_bills(&url).await;
        for sql in ["UPDATE message SET body = NULL WHERE kind = 'confirmed'", "DELETE FROM message WHERE sequence = 1"]
        {
            let refused = writes(&pair.care.database, sql).await.expect_err(sql);
            assert!(format!("{refused:?}").contains("messages are only added"), "{refused:?}");
        }
    });
}

#[test]
fn a_changed_body_a_changed_signature_and_a_changed_header_are_seen() {
    on_both(|url| async move {
        let pair = after_two_bills(&url).await;
        // the receipt of the first bill, with the second's bytes in it
        let first =
            Pair::count(&pair.care.database, "SELECT MIN(sequence) AS n FROM message WHERE kind = 'confirmed'").await;
        let bodies = "UPDATE message SET body = (SELECT m.body FROM message m WHERE m.kind = 'confirmed' ORDER BY m.sequence DESC LIMIT 1) \
             WHERE kind = 'confirmed' AND sequence";
        tampers(&pair.care.database, &format!("{bodies} = {first}")).await;
        assert_eq!(wrong(&pair).await, [(first.unsigned_abs(), Wrong::NotAuthentic(NotAuthentic::Body))]);
        let signatures = "UPDATE message SET signature = (SELECT m.signature FROM message m WHERE m.direction = 'out' AND m.sequence = 1) \
             WHERE direction = 'out' AND sequence = 3";
        tampers(&pair.care.database, signatures).await;
        assert_eq!(wrong(&pair).await.last(), Some(&(3, Wrong::NotAuthentic(NotAuthentic::Signature))));
    });
}

#[test]
fn a_body_that_is_gone_and_may_not_be_is_seen() {
    on_both(|url| async move {
        let pair = after_two_bills(&url).await;
        tampers(&pair.care.database, "UPDATE message SET body = NULL WHERE direction = 'out' AND sequence = 1").await;
        assert_eq!(wrong(&pair).await, [(1, Wrong::NotAuthentic(NotAuthentic::Body))]);
    });
}

#[test]
fn removed_and_exchanged_messages_are_seen_and_so_is_an_end_that_was_cut_off() {
    on_both(|url| async move {
        let pair = after_two_bills(&url).await;
        let theirs = Pair::count(&pair.care.database, "SELECT seen_sequence AS n FROM link").await.unsigned_abs();
        tampers(&pair.care.database, "DELETE FROM message WHERE direction = 'in' AND sequence = 2").await;
        assert_eq!(wrong(&pair).await, [(3, Wrong::Gap { from: 2 })]);
        tampers(&pair.care.database, "DELETE FROM message WHERE direction = 'in' AND sequence >= 3").await;
        assert_eq!(wrong(&pair).await, [(1, Wrong::HeadBeyond { theirs })]);
        let exchanged = "UPDATE message SET header = (SELECT m.header FROM message m WHERE m.direction = 'out' AND m.sequence = 4) \
             WHERE direction = 'out' AND sequence = 3";
        tampers(&pair.care.database, exchanged).await;
        let found: Vec<Wrong> =
            wrong(&pair).await.into_iter().filter(|(at, _)| *at > 2).map(|(_, what)| what).collect();
        assert!(
            found.contains(&Wrong::Route) && found.contains(&Wrong::Broken) && found.contains(&Wrong::IdTwice),
            "{found:?}"
        );
    });
}
