//! The real process killed between any two steps of a commit, while it settles and while it reverses.

use pb::settlement::v1::account_service_client::AccountServiceClient;
use pb::settlement::v1::{CreditAccountRequest, MovementKind, Outcome, SettleResponse};
use testkit::{on_postgres, on_sqlite};

use crate::crash::{DAY, Served, outcome, prepared};
use crate::world::{asks, count, reversal_by_key, verified, visit};

/// Every step of a commit, in order, as what writes it names them. On PostgreSQL all that is collected is one statement, so that of its
/// points only the last stands for something.
const POINTS: [&str; 21] = [
    "commit.taken",
    "commit.begun",
    "commit.locked",
    "commit.decided",
    "write.changed",
    "commit.written",
    "write.claims",
    "write.decisions",
    "write.years",
    "write.openings",
    "write.accounts",
    "write.movements",
    "write.bindings",
    "write.invoices",
    "write.evidence",
    "write.holds",
    "write.changes",
    "write.lines",
    "write.entries",
    "commit.kept",
    "commit.committed",
];

/// The one point behind the commit.
const BEHIND: &str = "commit.committed";

#[test]
fn every_failpoint_of_a_commit_is_a_point_of_this_test() {
    let sources = [
        include_str!("../../src/app/commit.rs"),
        include_str!("../../src/store/write.rs"),
        include_str!("../../src/store/one_stop.rs"),
        include_str!("../../src/store/openings.rs"),
        include_str!("../../../../crates/store/src/journal.rs"),
        include_str!("../../../../crates/store/src/outbox.rs"),
        include_str!("../../../../crates/store/src/idempotency.rs"),
    ];
    let literals = sources.iter().flat_map(|source| source.split('"'));
    let is_point = |text: &&str| text.starts_with("commit.") || text.starts_with("write.");
    let mut named: Vec<&str> = literals.filter(is_point).collect();
    let mut tested = POINTS.to_vec();
    named.sort_unstable();
    tested.sort_unstable();
    assert_eq!(named, tested);
}

/// The points that stand for something on a database.
fn points(url: &str) -> Vec<&'static str> {
    let is_one = |point: &str| point.starts_with("write.") && point != "write.changed";
    POINTS.into_iter().filter(|point| url.starts_with("sqlite:") || !is_one(point)).collect()
}

/// An account of 100.00 and a first bill, whose answer has to stay what it was.
async fn begin(url: &str) -> SettleResponse {
    let served = Served::start(url).await;
    let credit = CreditAccountRequest {
        idempotency_key: "credit".to_owned(),
        person_id: "p".to_owned(),
        credit_id: "credit".to_owned(),
        kind: MovementKind::BroughtIn.into(),
        amount_fen: 10_000,
        division: "100000".to_owned(),
        ..CreditAccountRequest::default()
    };
    AccountServiceClient::new(served.channel()).credit_account(credit).await.expect("credited");
    let answer = served.client().settle(asks("K0", "p", &visit("K0", DAY, 20_000))).await.expect("settled");
    served.kill();
    answer.into_inner()
}

/// What was answered is there, and every stored figure is what folding gives.
async fn is_sound(served: &Served, first: &SettleResponse) {
    let again = served.client().settle(asks("K0", "p", &visit("K0", DAY, 20_000))).await.expect("settled");
    assert_eq!(again.into_inner(), *first, "an answer is kept");
    assert_eq!(verified(&served.channel()).await.1, Vec::<String>::new());
}

async fn killed_while_it_settles(url: String) {
    let database = prepared(&url).await;
    let first = begin(&url).await;
    for point in points(&url) {
        let request = asks(point, "p", &visit(point, DAY, 3_000));
        let mut served = Served::stopping_at(&url, point).await;
        let (mut client, asked) = (served.client(), request.clone());
        let calling = tokio::spawn(async move { client.settle(asked).await });
        served.has_stopped_at(point).await;
        served.kill();
        assert!(calling.await.expect("a call").is_err(), "{point}: nobody was answered");
        let served = Served::start(&url).await;
        let became = outcome(&served, point).await.outcome();
        assert_eq!(became, if point == BEHIND { Outcome::Settled } else { Outcome::NeverSeen }, "{point}");
        for table in ["claim", "idempotency"] {
            let there = count(&database, &format!("SELECT COUNT(*) AS n FROM {table} WHERE key = '{point}'")).await;
            assert_eq!(there, i64::from(point == BEHIND), "{point}: {table}");
        }
        is_sound(&served, &first).await;
        let answer = served.client().settle(request.clone()).await.expect("settled").into_inner();
        assert_eq!(served.client().settle(request).await.expect("settled").into_inner(), answer);
        assert_eq!(count(&database, &format!("SELECT COUNT(*) AS n FROM claim WHERE bill = '{point}'")).await, 1);
        is_sound(&served, &first).await;
        served.kill();
    }
}

async fn killed_while_it_reverses(url: String) {
    let database = prepared(&url).await;
    let first = begin(&url).await;
    for point in points(&url) {
        let served = Served::start(&url).await;
        served.client().settle(asks(point, "p", &visit(point, DAY, 3_000))).await.expect("settled");
        served
            .client()
            .settle(asks(&format!("{point}+"), "p", &visit(&format!("{point}+"), DAY, 3_000)))
            .await
            .unwrap();
        served.kill();
        let request = reversal_by_key(&format!("R-{point}"), point);
        let mut served = Served::stopping_at(&url, point).await;
        let (mut client, asked) = (served.client(), request.clone());
        let calling = tokio::spawn(async move { client.reverse_claim(asked).await });
        served.has_stopped_at(point).await;
        served.kill();
        assert!(calling.await.expect("a call").is_err(), "{point}: nobody was answered");
        let served = Served::start(&url).await;
        let became = outcome(&served, point).await.outcome();
        assert_eq!(became, if point == BEHIND { Outcome::Reversed } else { Outcome::Settled }, "{point}");
        let became = outcome(&served, &request.idempotency_key).await.outcome();
        assert_eq!(became, if point == BEHIND { Outcome::Reversal } else { Outcome::NeverSeen }, "{point}");
        is_sound(&served, &first).await;
        let answer = served.client().reverse_claim(request.clone()).await.expect("reversed").into_inner();
        assert!(answer.reversed && answer.adjustments.len() == 1, "{point}");
        assert_eq!(served.client().reverse_claim(request).await.expect("reversed").into_inner(), answer);
        let reversals = "SELECT COUNT(*) AS n FROM claim WHERE state = 'reversed'";
        let so_far = points(&url).iter().position(|known| *known == point).unwrap() + 1;
        assert_eq!(usize::try_from(count(&database, reversals).await).unwrap(), so_far, "{point}");
        is_sound(&served, &first).await;
        served.kill();
    }
}

/// A program built for release has no failpoints.
const HAS_FAILPOINTS: bool = cfg!(debug_assertions);

#[test]
fn a_process_killed_at_any_point_of_settling_has_settled_all_or_nothing_on_sqlite() {
    if HAS_FAILPOINTS {
        on_sqlite(killed_while_it_settles);
    }
}

#[test]
fn a_process_killed_at_any_point_of_settling_has_settled_all_or_nothing_on_postgresql() {
    if HAS_FAILPOINTS {
        on_postgres(killed_while_it_settles);
    }
}

#[test]
fn a_process_killed_at_any_point_of_reversing_has_reversed_all_or_nothing_on_sqlite() {
    if HAS_FAILPOINTS {
        on_sqlite(killed_while_it_reverses);
    }
}

#[test]
fn a_process_killed_at_any_point_of_reversing_has_reversed_all_or_nothing_on_postgresql() {
    if HAS_FAILPOINTS {
        on_postgres(killed_while_it_reverses);
    }
}
