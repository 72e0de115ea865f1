//! A bill of another province's hospital: settled exactly as it was offered, owed to that province, and undone by its key alone.

use pb::settlement::v1::{
    Claim, CrossProvince, OfferedShares, PreSettleRequest, ReversalEffect, SettleRequest, pre_settle_response,
};
use policy::Bill;
use terms::{Filing, Place};
use testkit::on_both;
use tonic::Status;

use crate::support::{House, Wish};
use crate::world::{about, asks, claim_of, count, fields, packs, reason, reversal_by_key, town, visit};

/// The division of the hospital, in another province than [`crate::world::BY_SETTLEMENT`].
const CARE: &str = "980100";

fn elsewhere(id: &str, amount: i64) -> Bill {
    Bill { place: Place::OutOfProvince, filing: Filing::Temporary, ..visit(id, "2035-03-01", amount) }
}

fn crosses(key: &str, bill: &Bill, expected: Option<(i64, i64)>) -> SettleRequest {
    let mut request = asks(key, "p", bill);
    let submission = request.submission.as_mut().expect("a submission");
    submission.care_division = CARE.to_owned();
    let expected = expected.map(|(owed_fen, cash_fen)| OfferedShares { owed_fen, cash_fen });
    submission.cross_province = Some(CrossProvince { bill_id: format!("x-{}", bill.id), expected });
    request
}

async fn offered(house: &House, bill: &Bill) -> (i64, i64) {
    let submission = crosses("", bill, None).submission;
    let answer = house.client().pre_settle(PreSettleRequest { submission }).await.expect("decided").into_inner();
    let Some(pre_settle_response::Outcome::Claim(claim)) = answer.outcome else { panic!("refused: {answer:?}") };
    shares(&claim)
}

/// What is owed, and the cash.
fn shares(claim: &Claim) -> (i64, i64) {
    let decision = claim.decision.as_ref().expect("a decision");
    let Some(pb::policy::v1::decision::Outcome::Settled(settled)) = &decision.outcome else { panic!("refused") };
    let shares = settled.shares.as_ref().expect("shares");
    (shares.total_fen - shares.hospital_fen - shares.cash_fen, shares.cash_fen)
}

async fn net(house: &House, account: &str) -> i64 {
    let signed =
        "SELECT CAST(COALESCE(SUM(CASE side WHEN 'debit' THEN amount_fen ELSE -amount_fen END), 0) AS BIGINT) AS n";
    count(&house.database, &format!("{signed} FROM journal_line WHERE account = '{account}'")).await
}

async fn settles(house: &House, request: SettleRequest) -> Result<Claim, Status> {
    Ok(claim_of(house.client().settle(request).await?.into_inner()))
}

#[test]
fn what_is_paid_is_owed_to_the_province_and_not_to_its_hospital() {
    on_both(|url| async move {
        let house = town(&url).await;
        let bill = elsewhere("B1", 100_000);
        let (owed, cash) = offered(&house, &bill).await;
        // 300.00 deductible, 80 % of the other 700.00
        assert_eq!((owed, cash), (56_000, 44_000));
        let claim = settles(&house, crosses("K1", &bill, Some((owed, cash)))).await.expect("settled");
        assert_eq!(shares(&claim), (owed, cash));
        assert_eq!(net(&house, "cross:980000").await, -owed);
        let payable = "SELECT COUNT(*) AS n FROM journal_line WHERE account LIKE 'payable:%'";
        assert_eq!(count(&house.database, payable).await, 0);
        let undone = house.client().reverse_claim(reversal_by_key("R1", "K1")).await.expect("reversed").into_inner();
        assert_eq!(undone.effect(), ReversalEffect::Reversed);
        assert_eq!(net(&house, "cross:980000").await, 0);
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn a_bill_that_would_be_settled_otherwise_than_offered_is_not_settled_and_its_key_is_free() {
    on_both(|url| async move {
        let house = town(&url).await;
        let bill = elsewhere("B1", 100_000);
        let (owed, cash) = offered(&house, &bill).await;
        let refused = settles(&house, crosses("K1", &bill, Some((owed + 1, cash - 1)))).await.expect_err("changed");
        assert_eq!(reason(&refused), "SHARES_CHANGED");
        assert_eq!((about(&refused, "owed_fen"), about(&refused, "cash_fen")), (owed.to_string(), cash.to_string()));
        assert_eq!(count(&house.database, "SELECT COUNT(*) AS n FROM claim").await, 0);
        assert_eq!(count(&house.database, "SELECT COUNT(*) AS n FROM idempotency WHERE key = 'K1'").await, 0);
        settles(&house, crosses("K1", &bill, Some((owed, cash)))).await.expect("settled under the same key");
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn it_is_taken_back_by_its_key_and_by_nobody_who_only_knows_the_claim() {
    on_both(|url| async move {
        let house = town(&url).await;
        let bill = elsewhere("B1", 100_000);
        let shares = offered(&house, &bill).await;
        let claim = settles(&house, crosses("K1", &bill, Some(shares))).await.expect("settled");
        let refused = house.reverses("R1", &claim).await.expect_err("by the claim's id");
        assert_eq!((reason(&refused).as_str(), about(&refused, "state").as_str()), ("WRONG_STATE", "cross_province"));
        // and one that was undone before it came is never settled
        house.client().reverse_claim(reversal_by_key("R2", "K2")).await.expect("a tombstone");
        let late = settles(&house, crosses("K2", &elsewhere("B2", 5_000), Some((1, 1)))).await.expect_err("undone");
        assert_eq!(reason(&late), "REVERSED_BEFORE");
        house.close().await;
    });
}

#[test]
fn only_who_speaks_with_provinces_may_and_only_with_what_was_offered() {
    on_both(|url| async move {
        let house = town(&url).await;
        let bill = elsewhere("B1", 100_000);
        let unoffered = house.client().settle(crosses("K1", &bill, None)).await.expect_err("no offer");
        assert_eq!(fields(&unoffered), ["submission.cross_province.expected"]);
        let mut nowhere = crosses("K1", &bill, Some((1, -1)));
        nowhere.submission.as_mut().expect("a submission").care_division.clear();
        let refused = house.client().settle(nowhere).await.expect_err("no place of care");
        let all = ["submission.care_division", "submission.cross_province.expected.cash_fen"];
        assert_eq!(fields(&refused), all);
        house.close().await;
        let untrusting = Wish { trusts_cross_province: false, packs: Some(packs()), ..Wish::default() };
        let house = House::open_with(&url, untrusting).await;
        let refused = house.client().settle(crosses("K1", &bill, Some((1, 1)))).await.expect_err("anybody");
        assert_eq!(reason(&refused), "NOT_ALLOWED");
        house.close().await;
    });
}
