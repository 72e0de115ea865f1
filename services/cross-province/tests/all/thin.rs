//! A bill of another province's patient stands in the books of both provinces, or in neither.

use ::pb::settlement::v1::Outcome;
use pb::cross_province::v1 as pb;
use pb::{CrossBillState, GetOutcomeRequest, ReverseBillRequest, ReverseEffect, reverse_bill_request};
use testkit::on_both;
use tonic_types::StatusExt as _;

use crate::pair::{Pair, asks, hospital, visit};

fn undo(key: &str, original: reverse_bill_request::Original) -> ReverseBillRequest {
    ReverseBillRequest {
        idempotency_key: key.to_owned(),
        original: Some(original),
        institution_id: hospital(),
        reason: "a test".to_owned(),
    }
}

pub(crate) async fn outcome(pair: &Pair, key: &str) -> Outcome {
    let request = GetOutcomeRequest { idempotency_key: key.to_owned(), institution_id: hospital() };
    pair.hospital().get_outcome(request).await.expect("an outcome").into_inner().outcome()
}

pub(crate) fn reason(status: &tonic::Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

/// Nothing is owed between the books of the place of insurance, nor between the provinces.
pub(crate) async fn is_even(pair: &Pair) {
    let cross = Pair::net(&pair.settlement, "cross:%").await + Pair::net(&pair.insured.database, "cross:%").await;
    let province =
        Pair::net(&pair.care.database, "province:%").await + Pair::net(&pair.insured.database, "province:%").await;
    assert_eq!((cross, province), (0, 0));
    let items = "SELECT CAST(COALESCE(SUM(owed_fen), 0) AS BIGINT) AS n FROM item";
    assert_eq!(Pair::count(&pair.care.database, items).await, Pair::count(&pair.insured.database, items).await);
}

#[test]
fn a_bill_of_another_province_stands_in_both_books() {
    on_both(|url| async move {
        let pair = Pair::open(&url).await;
        // 1,300.00 within scope: 300.00 deductible, 80 % of 1,000.00
        let bill = pair.settles("K1", visit("B1", 130_000)).await;
        assert_eq!((bill.owed_fen, bill.cash_fen, bill.hospital_fen), (80_000, 50_000, 0));
        assert_eq!(
            (bill.state(), bill.receipt_sha256.len(), bill.claim_id.is_empty()),
            (CrossBillState::Settled, 64, false)
        );
        assert_eq!(Pair::net(&pair.settlement, "cross:990000").await, -80_000);
        assert_eq!(Pair::net(&pair.insured.database, "province:990000").await, -80_000);
        assert_eq!(Pair::net(&pair.care.database, "province:980000").await, 80_000);
        assert_eq!(Pair::net(&pair.care.database, "payable:%").await, -80_000);
        is_even(&pair).await;
        assert_eq!(outcome(&pair, "K1").await, Outcome::Settled);
        // the same call again is the same bill
        assert_eq!(pair.settles("K1", visit("B1", 130_000)).await, bill);
        assert_eq!(Pair::count(&pair.settlement, "SELECT COUNT(*) AS n FROM claim").await, 1);
    });
}

#[test]
fn a_bill_that_is_taken_back_leaves_nothing_owed_anywhere() {
    on_both(|url| async move {
        let pair = Pair::open(&url).await;
        let bill = pair.settles("K1", visit("B1", 130_000)).await;
        let by_id = undo("R1", reverse_bill_request::Original::BillId(bill.bill_id.clone()));
        let undone = pair.hospital().reverse_bill(by_id.clone()).await.expect("taken back").into_inner();
        assert_eq!(undone.effect(), ReverseEffect::Reversed);
        assert_eq!(pair.hospital().reverse_bill(by_id).await.expect("again").into_inner(), undone);
        for account in ["province:%", "payable:%", "cross:%"] {
            assert_eq!(Pair::net(&pair.care.database, account).await, 0, "{account}");
            assert_eq!(Pair::net(&pair.insured.database, account).await, 0, "{account}");
        }
        is_even(&pair).await;
        assert_eq!(outcome(&pair, "K1").await, Outcome::Reversed);
        assert_eq!(outcome(&pair, "R1").await, Outcome::Reversal);
        // settled anew under another key, the year is as if the first had never been
        let again = pair.settles("K2", visit("B1", 130_000)).await;
        assert_eq!((again.owed_fen, again.cash_fen), (80_000, 50_000));
        is_even(&pair).await;
    });
}

#[test]
fn a_bill_undone_before_it_came_is_never_settled() {
    on_both(|url| async move {
        let pair = Pair::open(&url).await;
        let by_key = undo("R1", reverse_bill_request::Original::OriginalKey("K1".to_owned()));
        let undone = pair.hospital().reverse_bill(by_key).await.expect("a tombstone").into_inner();
        assert_eq!(undone.effect(), ReverseEffect::OriginalRefusedFromNowOn);
        assert_eq!(outcome(&pair, "K1").await, Outcome::Tombstone);
        assert_eq!(outcome(&pair, "R1").await, Outcome::ReversalOfNothing);
        let late = pair.hospital().settle_bill(asks("K1", visit("B1", 130_000))).await.expect_err("undone");
        assert_eq!(reason(&late), "REVERSED_BEFORE");
        assert_eq!(Pair::count(&pair.settlement, "SELECT COUNT(*) AS n FROM claim").await, 0);
        assert_eq!(outcome(&pair, "K2").await, Outcome::NeverSeen);
    });
}

#[test]
fn a_key_is_used_once_and_a_bill_stands_once() {
    on_both(|url| async move {
        let pair = Pair::open(&url).await;
        pair.settles("K1", visit("B1", 130_000)).await;
        let other = pair.hospital().settle_bill(asks("K1", visit("B1", 130_001))).await.expect_err("other content");
        assert_eq!(reason(&other), "KEY_REUSED");
        let twice = pair.hospital().settle_bill(asks("K2", visit("B1", 130_000))).await.expect_err("it stands");
        assert_eq!(reason(&twice), "DUPLICATE");
        is_even(&pair).await;
    });
}

#[test]
fn what_the_other_policy_refuses_is_told_with_its_clause_and_nothing_is_kept() {
    on_both(|url| async move {
        let pair = Pair::open(&url).await;
        let mut bill = visit("B1", 130_000);
        bill.care = ::pb::r#type::v1::Care::Inpatient.into();
        let answer = pair.hospital().settle_bill(asks("K1", bill)).await.expect("answered").into_inner();
        let Some(pb::settle_bill_response::Outcome::NotSettled(no)) = answer.outcome else { panic!("settled") };
        assert_eq!(no.why(), pb::NotSettledWhy::Refused);
        assert!(no.refusal.is_some_and(|refusal| !refusal.causes.is_empty()));
        assert_eq!(outcome(&pair, "K1").await, Outcome::Refused);
        is_even(&pair).await;
    });
}

#[test]
fn two_bills_of_one_person_at_once_are_both_right() {
    on_both(|url| async move {
        let pair = Pair::open(&url).await;
        let (first, second) =
            tokio::join!(pair.settles("K1", visit("B1", 130_000)), pair.settles("K2", visit("B2", 130_000)));
        // the deductible of 300.00 is paid once: 80 % of 1,000.00 and 80 % of 1,300.00, whichever comes first
        let mut owed = [first.owed_fen, second.owed_fen];
        owed.sort_unstable();
        assert_eq!(owed, [80_000, 104_000]);
        is_even(&pair).await;
    });
}
