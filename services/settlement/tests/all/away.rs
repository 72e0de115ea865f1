//! The database away: callers are told in time and truly, and nobody has to start anything again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pb::settlement::v1::{GetOutcomeRequest, Outcome};
use testkit::{Postgres, on_both};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::support::{House, institution};
use crate::world::{Held, asks, claim_of, count, reason, split, town, until, visit};

const DAY: &str = "2035-03-01";
/// Long before a caller that names no deadline gives up: two seconds for a connection, and some for a busy machine.
const IN_TIME: Duration = Duration::from_millis(4_900);

/// Starting and stopping takes a while in which nobody else is to wait.
async fn with(mut server: Postgres, what: fn(&mut Postgres)) -> Postgres {
    let done = tokio::task::spawn_blocking(move || {
        what(&mut server);
        server
    });
    done.await.expect("done")
}

#[test]
fn a_database_that_is_stopped_makes_the_service_unavailable_in_time_and_comes_back_by_itself() {
    let server = Postgres::start();
    testkit::run(async move {
        let house = town(&server.url()).await;
        let claim = house.settles("K1", "p", &visit("K1", DAY, 100_000)).await;
        let server = with(server, Postgres::stop).await;
        for number in 0..3 {
            let key = format!("away-{number}");
            let began = Instant::now();
            let status = house.client().settle(asks(&key, "p", &visit(&key, DAY, 50_000))).await.expect_err("away");
            assert_eq!((reason(&status).as_str(), began.elapsed() < IN_TIME), ("UNAVAILABLE", true));
            let began = Instant::now();
            let status = house.reverses(&format!("R{number}"), &claim).await.expect_err("away");
            assert_eq!((reason(&status).as_str(), began.elapsed() < IN_TIME), ("UNAVAILABLE", true));
        }
        let _server = with(server, Postgres::restart).await;
        let request = asks("away-0", "p", &visit("away-0", DAY, 50_000));
        until("it settles again", async || house.client().settle(request.clone()).await.is_ok()).await;
        assert_eq!(count(&house.database, "SELECT COUNT(*) AS n FROM claim").await, 2);
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn a_database_that_hangs_keeps_no_caller_beyond_the_deadline_and_no_bill_is_settled_twice() {
    let server = Postgres::start();
    testkit::run(async move {
        let house = town(&server.url()).await;
        house.settles("K0", "p", &visit("K0", DAY, 100_000)).await;
        let server = with(server, Postgres::pause).await;
        let mut callers = JoinSet::new();
        // more than there are connections
        for number in 1..=40 {
            let key = format!("K{number}");
            let mut request = tonic::Request::new(asks(&key, &format!("p{number}"), &visit(&key, DAY, 50_000)));
            request.set_timeout(Duration::from_millis(1_500));
            let mut client = house.client();
            callers.spawn(async move {
                let began = Instant::now();
                let status = client.settle(request).await.expect_err("nothing answers");
                (reason(&status), began.elapsed() < IN_TIME)
            });
        }
        for (reason, in_time) in callers.join_all().await {
            assert!(in_time && ["UNAVAILABLE", "DEADLINE"].contains(&reason.as_str()), "{reason}, {in_time}");
        }
        let _server = with(server, Postgres::resume).await;
        for number in 1..=40 {
            let key = format!("K{number}");
            let request = asks(&key, &format!("p{number}"), &visit(&key, DAY, 50_000));
            until("the same key is answered", async || house.client().settle(request.clone()).await.is_ok()).await;
        }
        assert_eq!(count(&house.database, "SELECT COUNT(*) AS n FROM claim").await, 41);
        house.is_sound().await;
        house.close().await;
    });
}

/// Keys, and for each nothing where its bill was settled, else the reason.
type Said = Vec<(String, Option<String>)>;

/// Settles bill after bill and notes what was said.
async fn call_on(house: Arc<House>, caller: u64, is_over: Arc<AtomicBool>, said: Arc<Mutex<Said>>) {
    for number in 0.. {
        if is_over.load(Ordering::SeqCst) {
            return;
        }
        let key = format!("K{caller}-{number}");
        let request = asks(&key, &format!("p{}", caller % 3), &visit(&key, DAY, 10_000));
        let answer = house.client().settle(request).await;
        said.lock().unwrap().push((key, answer.err().map(|status| reason(&status))));
    }
}

#[test]
fn a_database_stopped_under_load_holds_all_that_was_answered_and_nothing_that_was_called_unavailable() {
    let server = Postgres::start();
    testkit::run(async move {
        let house = Arc::new(town(&server.url()).await);
        let (is_over, said): (Arc<AtomicBool>, Arc<Mutex<Said>>) = Default::default();
        let mut callers = JoinSet::new();
        for caller in 0..8 {
            callers.spawn(call_on(Arc::clone(&house), caller, Arc::clone(&is_over), Arc::clone(&said)));
        }
        let answered = || said.lock().unwrap().iter().filter(|(_, reason)| reason.is_none()).count();
        let mut server = server;
        for round in 1..=4 {
            until("bills are settled", async || answered() >= round * 20).await;
            server = with(server, Postgres::stop).await;
            server = with(server, Postgres::restart).await;
        }
        until("bills are settled at last", async || answered() >= 100).await;
        is_over.store(true, Ordering::SeqCst);
        callers.join_all().await;
        let said = said.lock().unwrap().clone();
        for (key, reason) in &said {
            let request = GetOutcomeRequest { idempotency_key: key.clone(), institution_id: institution(1) };
            let outcome = house.client().get_outcome(request).await.expect("an outcome").into_inner().outcome();
            match reason.as_deref() {
                None => assert_eq!(outcome, Outcome::Settled, "{key}"),
                Some("UNAVAILABLE" | "CONTENDED") => assert_eq!(outcome, Outcome::NeverSeen, "{key}"),
                // nobody knows: the same key tells
                Some("DEADLINE") => {}
                Some(other) => panic!("{key}: {other}"),
            }
        }
        house.is_sound().await;
        drop(said);
        Arc::into_inner(house).expect("all callers have ended").close().await;
        drop(server);
    });
}

#[test]
fn a_call_that_got_no_answer_in_time_goes_on_and_is_found_by_its_key() {
    on_both(|url| async move {
        let house = town(&url).await;
        house.settles("K0", "p", &visit("B0", DAY, 30_000)).await;
        let held = Held::account(&url, "p").await;
        let asked = asks("K1", "p", &visit("B1", DAY, 10_000));
        let mut request = tonic::Request::new(asked.clone());
        request.set_timeout(Duration::from_millis(500));
        let status = house.client().settle(request).await.expect_err("late");
        assert_eq!(reason(&status), "DEADLINE");
        held.let_go().await;
        let outcome = GetOutcomeRequest { idempotency_key: "K1".to_owned(), institution_id: institution(1) };
        until("it is settled", async || {
            let outcome = house.client().get_outcome(outcome.clone()).await.expect("an outcome").into_inner();
            outcome.outcome() == Outcome::Settled
        })
        .await;
        // 100.00 × 0.8, once
        let claim = claim_of(house.client().settle(asked).await.expect("settled").into_inner());
        assert_eq!(split(&claim)[0], 8_000);
        assert_eq!(count(&house.database, "SELECT COUNT(*) AS n FROM claim").await, 2);
        house.is_sound().await;
        house.close().await;
    });
}
