//! Every step that puts something right, taken twice: the same answers, and the same books.

use pb::assistance::v1::{PostChangesRequest, PostOutcome};
use pb::settlement::v1::{Change, GetHoldOutcomeRequest, GetHoldOutcomeResponse, SettleRequest};
use testkit::on_both;
use tonic_types::StatusExt as _;

use crate::cluster::Cluster;
use crate::town::{LARGE, SMALL, bill, reversal};

/// A person with a bill in all three systems, and the hold it used.
async fn settled(cluster: &Cluster, who: &str) -> (SettleRequest, String) {
    let (places, request) = (&cluster.places, bill(who, who, SMALL));
    places.grants(who).await;
    places.settles(&request).await;
    cluster.is_at_rest().await;
    (request, cluster.books.hold_of(who).await)
}

async fn outcome(cluster: &Cluster, hold: &str, who: &str, after: u64) -> GetHoldOutcomeResponse {
    let request = GetHoldOutcomeRequest { hold_id: hold.to_owned(), person_id: who.to_owned(), after_sequence: after };
    cluster.places.one_stop().get_hold_outcome(request).await.expect("an outcome").into_inner()
}

async fn posted(cluster: &Cluster, changes: Vec<Change>) -> Vec<(PostOutcome, u64)> {
    let answer = cluster.places.reservations().post_changes(PostChangesRequest { changes }).await.expect("an answer");
    answer.into_inner().changes.iter().map(|one| (one.outcome(), one.kept_sequence)).collect()
}

#[test]
fn what_became_of_a_hold_is_the_same_however_often_it_is_asked() {
    on_both(|url| async move {
        let cluster = Cluster::open(&url).await;
        let (request, hold) = settled(&cluster, "p").await;
        cluster.places.loses_a_hold("p").await;
        cluster.is_at_rest().await;
        let before = cluster.books.found().await;
        let used = outcome(&cluster, &hold, "p", 0).await;
        assert!(used.used && used.changes.len() == 1 && used.changes[0].hold_id == hold, "{used:?}");
        assert_eq!(outcome(&cluster, &hold, "p", 0).await, used);
        assert!(outcome(&cluster, &hold, "p", 1).await.changes.is_empty(), "it is kept already");
        for _ in 0..2 {
            assert_eq!(outcome(&cluster, "lost-p", "p", 0).await, GetHoldOutcomeResponse::default());
        }
        // the hold was voided once; whoever comes with it again is told so
        let again = cluster.places.reservations().reserve(crate::town::lost_hold("p")).await.expect("an answer");
        let again = again.into_inner().outcome.expect("an outcome");
        assert!(matches!(again, pb::assistance::v1::reserve_response::Outcome::Over(_)), "{again:?}");
        cluster.places.settles(&request).await;
        cluster.is_at_rest().await;
        assert_eq!(cluster.books.found().await, before);
        cluster.books.audited(&cluster.places).await;
    });
}

#[test]
fn a_change_that_comes_twice_is_kept_once() {
    on_both(|url| async move {
        let cluster = Cluster::open(&url).await;
        let (_, hold) = settled(&cluster, "p").await;
        let before = cluster.books.found().await;
        let told = outcome(&cluster, &hold, "p", 0).await.changes;
        for _ in 0..2 {
            assert_eq!(posted(&cluster, told.clone()).await, [(PostOutcome::Known, 1)]);
        }
        let twice_in_one = [told.clone(), told.clone()].concat();
        assert_eq!(posted(&cluster, twice_in_one).await, [(PostOutcome::Known, 1); 2]);
        // the same number with another content is not what was kept
        let mut other = told[0].clone();
        other.years[0].claims[0].held[0].amount_fen += 1;
        assert_eq!(posted(&cluster, vec![other]).await, [(PostOutcome::Refused, 1)]);
        assert_eq!(cluster.books.found().await, before);
        cluster.books.audited(&cluster.places).await;
    });
}

#[test]
fn a_bill_that_is_reversed_twice_is_reversed_once() {
    on_both(|url| async move {
        let cluster = Cluster::open(&url).await;
        let places = &cluster.places;
        places.grants("p").await;
        places.settles(&bill("K1", "p", LARGE)).await;
        places.settles(&bill("K2", "p", SMALL)).await;
        let answer = places.reverses(&reversal("R1", "K1")).await;
        assert_eq!(answer.adjustments.iter().map(|one| one.cash_fen).collect::<Vec<_>>(), [-15_000]);
        cluster.is_at_rest().await;
        let before = cluster.books.found().await;
        assert_eq!(places.reverses(&reversal("R1", "K1")).await, answer);
        let refused = places.settlement().reverse_claim(reversal("R2", "K1")).await.expect_err("refused");
        assert_eq!(refused.get_error_details().error_info().map(|info| info.reason.as_str()), Some("WRONG_STATE"));
        cluster.is_at_rest().await;
        assert_eq!(cluster.books.found().await, before);
        assert_eq!(cluster.books.audited(places).await, (1, 1));
    });
}

#[test]
fn a_year_that_is_decided_anew_twice_is_paid_once() {
    on_both(|url| async move {
        let cluster = Cluster::open(&url).await;
        let places = &cluster.places;
        places.settles(&bill("K1", "p", SMALL)).await;
        cluster.is_at_rest().await;
        let granted = places.grants("p").await;
        assert_eq!(granted.reassessed_years, [crate::town::YEAR]);
        cluster.is_at_rest().await;
        let before = cluster.books.found().await;
        assert_eq!(places.grants("p").await, granted);
        let mut answers = Vec::new();
        for key in ["again", "again", "and-again"] {
            answers.push(places.reassesses(key, "p").await);
        }
        assert!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:?}");
        cluster.is_at_rest().await;
        assert_eq!(cluster.books.found().await, before);
        assert_eq!(cluster.books.audited(places).await, (1, 0));
    });
}
