//! Whatever the line between two provinces does, a bill is in both or in neither once it is whole again.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use pb::cross_province::v1 as pb;
use pb::{ReverseBillRequest, reverse_bill_request};
use store::Database;
use testkit::{Line, on_both};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};

use crate::pair::{Pair, asks, hospital, visit};
use crate::thin::is_even;

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let (end, mut looks) = (Instant::now() + Duration::from_secs(60), interval(Duration::from_millis(50)));
    while !is_so().await {
        assert!(Instant::now() < end, "waited in vain: {what}");
        looks.tick().await;
    }
}

async fn many(database: &Database, sql: &str) -> i64 {
    Pair::count(database, &format!("SELECT COUNT(*) AS n FROM {sql}")).await
}

/// Nothing is under way on either side.
async fn rests(pair: &Pair) -> bool {
    let care = "care_bill WHERE next_at IS NOT NULL OR state IN ('asking', 'confirming', 'cancelling', 'reversing')";
    let insured = "insured_bill WHERE state IN ('settling', 'renewing', 'reversing')";
    many(&pair.care.database, care).await == 0 && many(&pair.insured.database, insured).await == 0
}

/// Waits until nothing is under way.
pub(crate) async fn rests_soon(pair: &Pair) {
    until("both rest", async || rests(pair).await).await;
}

/// Each bill is the same on both sides, each settled one has its one claim, and both journals and logs say the same.
async fn is_sound(pair: &Pair) {
    is_even(pair).await;
    let settled = many(&pair.care.database, "care_bill WHERE state = 'settled'").await;
    assert_eq!(settled, many(&pair.insured.database, "insured_bill WHERE state = 'finished'").await);
    assert_eq!(0, many(&pair.insured.database, "insured_bill WHERE state = 'settled'").await);
    assert_eq!(settled, many(&pair.settlement, "claim WHERE state <> 'reversed'").await);
    let digests = "SELECT CAST(COUNT(DISTINCT digest) AS BIGINT) AS n FROM item";
    assert_eq!(Pair::count(&pair.care.database, digests).await, Pair::count(&pair.insured.database, digests).await);
    logs_are_whole(pair).await;
}

/// A message more on each chain shows what is missing before it, and that is had then.
async fn logs_are_whole(pair: &Pair) {
    pair.settles("K-last", visit("B-last", 1_000)).await;
    let (care, insured) = (&pair.care.database, &pair.insured.database);
    let is_whole = async |from: &Database, to: &Database| {
        let sent = "SELECT CAST(SUM(sent_sequence) AS BIGINT) AS n FROM link";
        let came = "SELECT CAST(MIN(seen_sequence) AS BIGINT) AS n FROM link";
        Pair::count(from, sent).await == Pair::count(to, came).await
    };
    until("the logs are whole", async || is_whole(care, insured).await && is_whole(insured, care).await).await;
}

#[test]
fn an_answer_that_is_lost_is_had_by_asking_again() {
    on_both(|url| async move {
        let pair = Pair::open(&url).await;
        pair.proxy.set(Line::NoAnswers);
        let asking = tokio::spawn({
            let mut hospital = pair.hospital();
            async move { hospital.settle_bill(asks("K1", visit("B1", 130_000))).await }
        });
        // decided there, and not known here
        until("an offer is lost", async || {
            pair.proxy.cuts() > 1 && many(&pair.insured.database, "insured_bill").await == 1
        })
        .await;
        assert_eq!(many(&pair.care.database, "message WHERE direction = 'in'").await, 0);
        pair.proxy.set(Line::Whole);
        let answer = asking.await.unwrap().expect("answered").into_inner();
        assert!(matches!(answer.outcome, Some(pb::settle_bill_response::Outcome::Settled(_))), "{answer:?}");
        rests_soon(&pair).await;
        // the offer that was lost came as the same message: the chain has no gap
        let gaps = "SELECT COUNT(*) AS n FROM link WHERE highest > seen_sequence";
        assert_eq!(Pair::count(&pair.care.database, gaps).await, 0);
        is_sound(&pair).await;
    });
}

#[test]
fn who_is_not_reached_in_time_has_settled_nothing() {
    on_both(|url| async move {
        let pair = Pair::open(&url).await;
        pair.proxy.set(Line::Cut);
        let mut request = tonic::Request::new(asks("K1", visit("B1", 130_000)));
        request.set_timeout(Duration::from_secs(1));
        let late = pair.hospital().settle_bill(request).await.expect_err("nobody answers");
        assert_eq!(late.code(), tonic::Code::DeadlineExceeded);
        until("it lapses", async || many(&pair.care.database, "care_bill WHERE state = 'lapsed'").await == 1).await;
        pair.proxy.set(Line::Whole);
        // the hospital's bill may be settled under another key
        pair.settles("K2", visit("B1", 130_000)).await;
        rests_soon(&pair).await;
        assert_eq!(many(&pair.settlement, "claim").await, 1);
        is_sound(&pair).await;
    });
}

#[test]
fn over_a_line_that_keeps_breaking_every_bill_is_in_both_provinces_or_in_neither() {
    on_both(|url| async move {
        let seed = RandomState::new().hash_one(0);
        println!("the line breaks by seed {seed}");
        let pair = Pair::open(&url).await;
        pair.proxy.set(Line::Breaks(seed));
        let mut calls = JoinSet::new();
        for number in 0..30_i64 {
            let mut hospital = pair.hospital();
            calls.spawn(async move {
                let (key, bill) = (format!("K{number}"), visit(&format!("B{number}"), 30_000 + 1_000 * number));
                // who gets no answer is not sure; a third takes it back by its key, before, while or after it is settled
                let settling = hospital.clone().settle_bill(asks(&key, bill)).await.is_ok();
                if number % 3 == 0 || !settling {
                    let _ = hospital.reverse_bill(undo(&key)).await;
                }
            });
            if number % 4 == 0 {
                let mut hospital = pair.hospital();
                calls.spawn(async move { drop(hospital.reverse_bill(undo(&format!("K{}", number + 1))).await) });
            }
        }
        calls.join_all().await;
        assert!(pair.proxy.cuts() > 3, "the line never broke");
        pair.proxy.set(Line::Whole);
        rests_soon(&pair).await;
        is_sound(&pair).await;
    });
}

fn undo(key: &str) -> ReverseBillRequest {
    ReverseBillRequest {
        idempotency_key: format!("undo-{key}"),
        original: Some(reverse_bill_request::Original::OriginalKey(key.to_owned())),
        institution_id: hospital(),
        reason: "a test".to_owned(),
    }
}
