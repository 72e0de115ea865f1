//! Every step made to fail once by the database, or to hang: its caller comes again, or the other side does, and all is whole.

use Who::{Assistance, Settlement};
use pb::settlement::v1::ThirdSystem;
use testkit::{Postgres, on_both, run};
use tokio::task::JoinSet;

use crate::cluster::{Cluster, Who, until};
use crate::town::{SMALL, bill, claim_of};

/// What is written while a bill is settled in all three systems, by whom.
const SETTLING: [(Who, &str); 11] = [
    (Assistance, "hold"),
    (Assistance, "hold_part"),
    (Assistance, "allowance_move"),
    (Settlement, "claim"),
    (Settlement, "decision"),
    (Settlement, "person_year"),
    (Settlement, "journal_line"),
    (Settlement, "journal"),
    (Settlement, "hold_end"),
    (Settlement, "outbox"),
    (Settlement, "idempotency"),
];

/// What assistance writes when it is told of a commit.
const TELLING: [&str; 5] = ["change", "claim_fact", "claim_share", "journal_line", "journal"];

/// What is written while a year is decided anew, by whom.
const DECIDING_ANEW: [(Who, &str); 7] = [
    (Assistance, "hold"),
    (Settlement, "decision"),
    (Settlement, "journal_line"),
    (Settlement, "journal"),
    (Settlement, "hold_end"),
    (Settlement, "outbox"),
    (Settlement, "idempotency"),
];

impl Cluster {
    /// From now on nothing can be added to a table.
    async fn breaks(&self, who: Who, table: &str) {
        let sqlite = format!("CREATE TRIGGER fails BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'a test'); END");
        let postgresql = format!(
            "CREATE OR REPLACE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a test'; END $$; \
             CREATE TRIGGER fails BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fails()"
        );
        self.done(who, if self.is_sqlite() { &sqlite } else { &postgresql }).await;
    }

    async fn is_mended(&self, who: Who, table: &str) {
        let postgresql = format!("DROP TRIGGER fails ON {table}");
        self.done(who, if self.is_sqlite() { "DROP TRIGGER fails" } else { &postgresql }).await;
    }
}

#[test]
fn a_bill_one_step_of_which_fails_is_settled_whole_when_its_caller_comes_again() {
    on_both(|url| async move {
        let cluster = Cluster::open(&url).await;
        for (number, (who, table)) in SETTLING.into_iter().enumerate() {
            let person = format!("p{number}");
            cluster.places.grants(&person).await;
            cluster.is_at_rest_soon().await;
            cluster.breaks(who, table).await;
            let request = bill(&person, &person, SMALL);
            let first = cluster.places.settlement().settle(request.clone()).await;
            cluster.is_mended(who, table).await;
            // where assistance fails two systems are settled, and the third follows
            assert_eq!(first.is_ok(), who == Assistance, "{table}: {first:?}");
            let answer = cluster.places.settles(&request).await;
            assert!(first.is_err() || first.is_ok_and(|first| first.into_inner() == answer), "{table}");
            cluster.is_at_rest_soon().await;
            assert_eq!(cluster.books.audited(&cluster.places).await, (number + 1, 0), "{table}");
        }
    });
}

#[test]
fn a_change_that_cannot_be_kept_at_first_is_told_again() {
    on_both(|url| async move {
        let cluster = Cluster::open(&url).await;
        for (number, table) in TELLING.into_iter().enumerate() {
            let person = format!("p{number}");
            cluster.places.grants(&person).await;
            cluster.is_at_rest_soon().await;
            cluster.breaks(Assistance, table).await;
            cluster.places.settles(&bill(&person, &person, SMALL)).await;
            let is_tried = async || cluster.books.tries(Settlement).await.is_some_and(|tries| tries > 1);
            until("it was told in vain", is_tried).await;
            cluster.is_mended(Assistance, table).await;
            cluster.is_at_rest_soon().await;
            assert_eq!(cluster.books.audited(&cluster.places).await, (number + 1, 0), "{table}");
        }
    });
}

#[test]
fn a_year_that_cannot_be_decided_anew_at_first_is_asked_about_again() {
    on_both(|url| async move {
        let cluster = Cluster::open(&url).await;
        for (number, (who, table)) in DECIDING_ANEW.into_iter().enumerate() {
            let person = format!("p{number}");
            cluster.places.settles(&bill(&person, &person, SMALL)).await;
            cluster.is_at_rest_soon().await;
            cluster.breaks(who, table).await;
            cluster.places.grants(&person).await;
            let is_tried = async || cluster.books.tries(Assistance).await.is_some_and(|tries| tries > 1);
            until("it was asked about in vain", is_tried).await;
            cluster.is_mended(who, table).await;
            cluster.is_at_rest_soon().await;
            assert_eq!(cluster.books.audited(&cluster.places).await, (number + 1, 0), "{table}");
        }
    });
}

#[test]
fn while_assistance_hangs_two_systems_are_settled_and_the_third_follows() {
    on_both(|url| async move {
        let mut cluster = Cluster::open(&url).await;
        cluster.places.grants("p").await;
        cluster.again(Assistance, "reserve.kept").await;
        let request = bill("K1", "p", SMALL);
        let answer = cluster.places.settles(&request).await;
        cluster.has_stopped_at(Assistance, "reserve.kept").await;
        assert_eq!(claim_of(&answer).third_system(), ThirdSystem::Follows);
        cluster.again(Assistance, "").await;
        cluster.is_at_rest_soon().await;
        assert_eq!(cluster.books.audited(&cluster.places).await, (1, 0));
        assert_eq!(cluster.places.settles(&request).await, answer, "the kept answer");
    });
}

#[test]
fn bills_settled_while_the_database_server_fails_are_settled_once() {
    const BILLS: usize = 60;
    let mut server = Postgres::start();
    let url = server.url();
    run(async move {
        let cluster = Cluster::open(&url).await;
        for number in 0..6 {
            cluster.places.grants(&format!("p{number}")).await;
        }
        let mut callers = JoinSet::new();
        for caller in 0..4 {
            let places = cluster.places.clone();
            callers.spawn(async move {
                for number in (caller..BILLS).step_by(4) {
                    let request = bill(&format!("K{number}"), &format!("p{}", number % 6), 50_000);
                    let answer = places.settles(&request).await;
                    assert_eq!(places.settles(&request).await, answer);
                }
            });
        }
        for some in [15, 35] {
            until("some are settled", async || cluster.books.how_many().await >= some).await;
            server.stop();
            server.restart();
        }
        callers.join_all().await;
        cluster.is_at_rest_soon().await;
        assert_eq!(cluster.books.audited(&cluster.places).await, (BILLS, 0));
    });
}
