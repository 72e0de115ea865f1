//! Policy versions: a bill is decided by the head of its day or by the one it names, and anew by the one that decided it.

use host::{Ids as _, SystemIds};
use pb::settlement::v1::{GetClaimRequest, ReplayClaimRequest};
use policy::PackFile;
use registry::{Change, Publish};
use testkit::on_both;

use crate::support::House;
use crate::world::{BY_SETTLEMENT, asks, changes, claim_of, packs, reason, split, town, until, visit};

/// Publishes the same packs with another ratio out of hospital.
async fn publish(house: &House, ratio: &str) {
    let path = format!("{BY_SETTLEMENT}/resident/outpatient.toml");
    let file = packs().into_iter().find(|file| file.path == path).expect("the pack");
    let file = PackFile { text: file.text.replace("\"0.8\"", &format!("\"{ratio}\"")), ..file };
    let division = BY_SETTLEMENT.parse().unwrap();
    let base = house.registry.head(division).expect("a head").version();
    let change = Change { base: Some(base), files: vec![file], removed: Vec::new() };
    let (operator, reason, source) = ("test".to_owned(), "a test".to_owned(), "a test".to_owned());
    let (id, at) = (SystemIds.next().to_string(), "2035-06-01T02:00:00Z".parse().unwrap());
    let publish = Publish { id, division, change, operator, reason, source, at };
    let prepared = house.registry.prepare(publish).await.expect("prepared");
    let publishing = |tx: store::Tx| {
        let (registry, prepared) = (house.registry.clone(), prepared.clone());
        async move { registry.publish(&tx, &prepared).await }
    };
    house.database.transaction(publishing).await.expect("published");
    until("it is the head", async || house.registry.head(division).is_some_and(|head| head.version() != base)).await;
}

#[test]
fn bills_are_decided_anew_by_the_version_that_decided_them() {
    on_both(|url| async move {
        let house = town(&url).await;
        let first = house.settles("K1", "p", &visit("B1", "2035-03-01", 30_000)).await;
        let second = house.settles("K2", "p", &visit("B2", "2035-03-02", 50_000)).await;
        publish(&house, "0.5").await;
        let third = house.settles("K3", "p", &visit("B3", "2035-03-03", 50_000)).await;
        // 500.00 × 0.8 under the one, 500.00 × 0.5 under the other
        assert_eq!([split(&first)[0], split(&second)[0], split(&third)[0]], [0, 40_000, 25_000]);
        house.close().await;
        // a process that has never heard of the first version
        let house = town(&url).await;
        let answer = house.reverses("R1", &first).await.expect("reversed");
        // (500.00 - 300.00) × 0.8 = 160.00; the third has no deductible either way
        assert_eq!(changes(&answer.adjustments)[0], ("B2".to_owned(), -24_000, 24_000));
        for claim in [&second, &third] {
            let request = ReplayClaimRequest { claim_id: claim.claim_id.clone(), revision: None };
            let replay = house.client().replay_claim(request).await.expect("replayed").into_inner();
            assert!(replay.identical);
            let request = GetClaimRequest { claim_id: claim.claim_id.clone(), revision: None, with_steps: false };
            let got = house.client().get_claim(request).await.expect("a claim").into_inner();
            let version = |claim: &pb::settlement::v1::Claim| claim.decision.as_ref().unwrap().policy_version.clone();
            assert_eq!(version(&got.claim.unwrap()), version(claim));
        }
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn a_bill_names_the_version_that_decides_it_and_one_that_cannot_be_had_is_told() {
    on_both(|url| async move {
        let house = town(&url).await;
        let old = house.registry.head(BY_SETTLEMENT.parse().unwrap()).expect("a head").version();
        publish(&house, "0.5").await;
        let mut request = asks("K1", "p", &visit("B1", "2035-03-01", 130_000));
        request.submission.as_mut().unwrap().policy_version = old.to_string();
        let claim = claim_of(house.client().settle(request).await.expect("settled").into_inner());
        assert_eq!(split(&claim)[0], 80_000);
        let mut request = asks("K2", "p", &visit("B2", "2035-03-01", 130_000));
        request.submission.as_mut().unwrap().policy_version = "0".repeat(64);
        let status = house.client().settle(request).await.expect_err("no such version");
        assert_eq!(reason(&status), "POLICY_VERSION");
        house.is_sound().await;
        house.close().await;
    });
}
