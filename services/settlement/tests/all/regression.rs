//! The field's known mistakes with several callers and with the books, each by its name, and those found here.

use std::collections::BTreeMap;
use std::sync::Arc;

use money::Fen;
use pb::settlement::v1::{ReimburseRequest, SettleInterimRequest, SettleRequest, settle_interim_response};
use settlement::app::{Bind, Command, Work};
use settlement::domain::Third;
use store::idempotency::Call;
use testkit::{on_both, on_postgres};
use tokio::task::JoinSet;
use tonic::Status;

use crate::support::{House, name};
use crate::world::{
    Held, about, asks, balance, changes, claim_of, count, fields, reason, refund, split, stay, town, until_waiting,
    visit, with_lines,
};

/// Settles all of them at once, each in a task of its own; answers in the order of the requests.
pub(crate) async fn at_once(
    houses: &[&House],
    requests: Vec<SettleRequest>,
) -> Vec<Result<pb::settlement::v1::SettleResponse, Status>> {
    let mut tasks = JoinSet::new();
    for (at, request) in requests.into_iter().enumerate() {
        let mut client = houses[at % houses.len()].client();
        tasks.spawn(async move { (at, client.settle(request).await.map(tonic::Response::into_inner)) });
    }
    let mut answers: BTreeMap<usize, _> = BTreeMap::new();
    while let Some(answer) = tasks.join_next().await {
        let (at, answer) = answer.expect("a call");
        answers.insert(at, answer);
    }
    answers.into_values().collect()
}

#[test]
fn openimis_two_claims_of_one_person_at_once_lose_no_accumulator_update() {
    on_both(|url| async move {
        let house = town(&url).await;
        let asked = (1..=8).map(|at| asks(&format!("K{at}"), "p", &visit(&format!("B{at}"), "2035-03-01", 10_000)));
        let claims: Vec<_> =
            at_once(&[&house], asked.collect()).await.into_iter().map(Result::unwrap).map(claim_of).collect();
        let sum = |at: usize| claims.iter().map(|claim| split(claim)[at]).sum::<i64>();
        // 8 × 100.00 = 800.00; (800.00 - 300.00) × 0.8 = 400.00 from the fund, 400.00 in cash.
        assert_eq!([sum(0), sum(3)], [40_000, 40_000]);
        let mut places: Vec<u32> = claims.iter().map(|claim| claim.place_in_year).collect();
        places.sort_unstable();
        assert_eq!(places, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(house.is_sound().await, 1);
        house.close().await;
    });
}

#[test]
fn openimis_a_ceiling_of_a_kind_of_care_remembers_earlier_claims() {
    on_both(|url| async move {
        let house = town(&url).await;
        let mut funds = Vec::new();
        for bill in ["B1", "B2", "B3"] {
            funds.push(split(&house.settles(bill, "p", &visit(bill, "2035-03-01", 100_000)).await)[0]);
        }
        // (1000.00 - 300.00) × 0.8 = 560.00; then 800.00 of which 1000.00 - 560.00 = 440.00 are left; then nothing.
        assert_eq!(funds, [56_000, 44_000, 0]);
        // A stay in hospital has a ceiling of its own: (1000.00 - 300.00) × 0.8.
        let bill = stay("B4", ("2035-03-01", "2035-03-05"), 100_000);
        assert_eq!(split(&house.settles("B4", "p", &bill).await)[0], 56_000);
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn openimis_reversing_an_earlier_claim_recomputes_later_ones() {
    on_both(|url| async move {
        let house = town(&url).await;
        let first = house.settles("K1", "p", &visit("B1", "2035-03-01", 30_000)).await;
        let second = house.settles("K2", "p", &visit("B2", "2035-03-02", 100_000)).await;
        let third = house.settles("K3", "p", &visit("B3", "2035-03-03", 50_000)).await;
        // B1 is all deductible; B2 1000.00 × 0.8; B3 400.00, of which the ceiling leaves 200.00.
        assert_eq!([split(&first)[0], split(&second)[0], split(&third)[0]], [0, 80_000, 20_000]);
        let reversed = house.reverses("R1", &first).await.expect("reversed");
        // B2 now bears the deductible: 700.00 × 0.8 = 560.00; B3 then 400.00, and 960.00 is below the ceiling.
        let expected = [("B2".to_owned(), -24_000, 24_000), ("B3".to_owned(), 20_000, -20_000)];
        assert_eq!(changes(&reversed.adjustments), expected);
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn hyperswitch_two_concurrent_refunds_of_60_on_100_do_not_both_succeed() {
    on_both(|url| async move {
        let house = town(&url).await;
        let bill = with_lines(&visit("B1", "2035-03-01", 0), &[(10, 1_000), (1, 50_000)]);
        let claim = house.settles("K1", "p", &bill).await;
        let mut tasks = JoinSet::new();
        for key in ["R1", "R2"] {
            let (mut client, request) = (house.client(), refund(key, &claim.claim_id, &[(0, 6_000)]));
            tasks.spawn(async move { client.refund_lines(request).await });
        }
        let (good, bad): (Vec<_>, Vec<_>) = tasks.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!((good.len(), bad.len()), (1, 1));
        let status = bad.into_iter().next().unwrap().unwrap_err();
        assert_eq!((reason(&status).as_str(), about(&status, "left_fen").as_str()), ("REFUND_EXCEEDS_LINE", "4000"));
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn hospitals_ledgers_a_double_submission_is_counted_once() {
    on_both(|url| async move {
        let house = town(&url).await;
        let bill = visit("B1", "2035-03-01", 100_000);
        let asked = ["K1", "K1", "K2", "K3", "K1"].map(|key| asks(key, "p", &bill)).to_vec();
        let answers = at_once(&[&house], asked).await;
        let standing = count(&house.database, "SELECT COUNT(*) AS n FROM claim").await;
        assert_eq!(standing, 1);
        let settled = answers.iter().filter(|answer| answer.is_ok()).count();
        assert!(
            settled == 1 || settled == 3,
            "{settled} are one key's: {:?}",
            answers.iter().map(|answer| answer.as_ref().err().map(reason)).collect::<Vec<_>>()
        );
        for status in answers.iter().filter_map(|answer| answer.as_ref().err()) {
            assert_eq!(reason(status), "DUPLICATE");
            assert!(!about(status, "claim_id").is_empty());
        }
        let paid = count(&house.database, "SELECT SUM(fund_fen) AS n FROM claim").await;
        assert_eq!(paid, 56_000);
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn mojaloop_ten_bills_at_once_do_not_all_pass_a_ceiling_with_room_for_one() {
    on_both(|url| async move {
        let house = town(&url).await;
        // 300.00 + 1250.00, of which 80 % are the 1000.00 of the year
        let asked = (1..=10).map(|at| asks(&format!("K{at}"), "p", &visit(&format!("B{at}"), "2035-03-01", 155_000)));
        let answers = at_once(&[&house], asked.collect()).await;
        let mut funds: Vec<i64> = answers.into_iter().map(|answer| split(&claim_of(answer.unwrap()))[0]).collect();
        funds.sort_unstable();
        assert_eq!(funds, [0, 0, 0, 0, 0, 0, 0, 0, 0, 100_000]);
        house.is_sound().await;
        house.close().await;
    });
}

fn interim(key: &str, bill: &policy::Bill) -> SettleInterimRequest {
    let mut submission = asks(key, "p", bill).submission.unwrap();
    submission.stay_id = "S1".to_owned();
    SettleInterimRequest { idempotency_key: key.to_owned(), submission: Some(submission) }
}

/// Two parts of one stay come at once, while somebody has the person's account.
async fn two_parts_at_once(url: String, houses: &[&House]) {
    let house = houses[0];
    let before = house.settles("K0", "p", &stay("B0", ("2035-02-01", "2035-02-03"), 100_000)).await;
    assert_eq!(split(&before)[0], 56_000);
    let held = Held::account(&url, "p").await;
    let mut tasks = JoinSet::new();
    for (house, (bill, from)) in houses.iter().cycle().zip([("B1", "2035-03-01"), ("B2", "2035-03-11")]) {
        let (mut client, request) = (house.client(), interim(bill, &stay(bill, (from, "2035-03-20"), 100_000)));
        tasks.spawn(async move { client.settle_interim(request).await });
    }
    if url.starts_with("postgres") {
        // a replica may put both into one commit, which waits once
        until_waiting(&house.database, houses.len().try_into().expect("few")).await;
    }
    held.let_go().await;
    for answer in tasks.join_all().await {
        let outcome = answer.expect("settled").into_inner().outcome.unwrap();
        assert!(matches!(outcome, settle_interim_response::Outcome::Claim(_)), "{outcome:?}");
    }
    let database = &house.database;
    let standing = "SELECT COUNT(*) AS n FROM claim WHERE stay = 'S1' AND state <> 'reversed'";
    assert_eq!(count(database, standing).await, 1, "a stay is one admission");
    // 560.00 and, for both parts with one deductible, (2000.00 - 300.00) × 0.8 = 1360.00
    let paid = "SELECT SUM(fund_fen) AS n FROM claim WHERE state <> 'reversed'";
    assert_eq!(count(database, paid).await, 56_000 + 136_000);
    assert_eq!(house.is_sound().await, 1);
}

#[test]
fn two_parts_of_a_stay_at_once_are_one_admission() {
    on_both(|url| async move {
        let house = town(&url).await;
        two_parts_at_once(url, &[&house]).await;
        house.close().await;
    });
}

#[test]
fn two_parts_of_a_stay_at_two_replicas_are_one_admission() {
    on_postgres(|url| async move {
        let (house, other) = (town(&url).await, town(&url).await);
        two_parts_at_once(url, &[&house, &other]).await;
        other.close().await;
        house.close().await;
    });
}

#[test]
fn two_parts_of_a_stay_in_one_commit_forget_no_earlier_claim() {
    on_both(|url| async move {
        let house = town(&url).await;
        let people: Vec<String> = (1..=12).map(|at| format!("p{at}")).collect();
        for who in &people {
            house
                .settles(&format!("{who}-0"), who, &stay(&format!("{who}-0"), ("2035-02-01", "2035-02-03"), 100_000))
                .await;
        }
        let mut tasks = JoinSet::new();
        for (who, part) in people.iter().flat_map(|who| [(who, 1), (who, 2)]) {
            let bill = format!("{who}-{part}");
            let mut request = interim(&bill, &stay(&bill, ("2035-03-01", "2035-03-20"), 100_000));
            let submission = request.submission.as_mut().unwrap();
            (submission.person_id, submission.stay_id) = (who.clone(), who.clone());
            let mut client = house.client();
            tasks.spawn(async move { client.settle_interim(request).await });
        }
        for answer in tasks.join_all().await {
            answer.expect("settled");
        }
        assert_eq!(house.is_sound().await, 12);
        let paid = "SELECT SUM(fund_fen) AS n FROM claim WHERE state <> 'reversed'";
        assert_eq!(count(&house.database, paid).await, 12 * (56_000 + 136_000));
        house.close().await;
    });
}

#[test]
fn one_bill_id_for_two_persons_at_two_replicas_is_a_duplicate_and_no_defect() {
    on_postgres(|url| async move {
        let (house, other) = (town(&url).await, town(&url).await);
        for round in 0..20 {
            let bill = visit(&format!("B{round}"), "2035-03-01", 50_000);
            let asked = ["p", "q"].map(|who| asks(&format!("{who}{round}"), who, &bill)).to_vec();
            let answers = at_once(&[&house, &other], asked).await;
            let told: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).map(reason).collect();
            assert_eq!(told, ["DUPLICATE"], "{round}");
        }
        house.is_sound().await;
        other.close().await;
        house.close().await;
    });
}

#[test]
fn one_invoice_for_two_persons_at_two_replicas_is_paid_once() {
    on_postgres(|url| async move {
        let (house, other) = (town(&url).await, town(&url).await);
        for round in 0..20 {
            let mut tasks = JoinSet::new();
            for (house, who) in [(&house, "p"), (&other, "q")] {
                let key = format!("{who}{round}");
                let submission = asks(&key, who, &visit(&key, "2035-03-01", 50_000)).submission;
                let request = by_hand(&key, submission, &format!("invoice-{round}"));
                let mut client = house.client();
                tasks.spawn(async move { client.reimburse(request).await });
            }
            let told: Vec<_> =
                tasks.join_all().await.iter().filter_map(|answer| answer.as_ref().err()).map(reason).collect();
            assert_eq!(told, ["DUPLICATE"], "{round}");
        }
        house.is_sound().await;
        other.close().await;
        house.close().await;
    });
}

/// A reimbursement that rests on one invoice.
pub(crate) fn by_hand(
    key: &str,
    submission: Option<pb::settlement::v1::Submission>,
    invoice: &str,
) -> ReimburseRequest {
    let sha256 = format!("{:0>64}", invoice.bytes().map(|byte| format!("{byte:02x}")).collect::<String>());
    ReimburseRequest {
        idempotency_key: key.to_owned(),
        submission,
        reason: pb::settlement::v1::ReimbursementReason::SystemAway.into(),
        remark: String::new(),
        evidence: vec![pb::settlement::v1::Evidence {
            kind: "invoice".to_owned(),
            reference: invoice.to_owned(),
            sha256,
        }],
        payee_reference: "payee".to_owned(),
        operator_id: "officer".to_owned(),
    }
}

#[test]
fn an_account_bound_twice_at_once_is_bound_once_and_its_balance_offered_once() {
    on_postgres(|url| async move {
        let house = town(&url).await;
        house.credit("owner", Fen::new(10_000)).await;
        house.credit("p", Fen::new(1)).await;
        let held = Held::account(&url, "owner").await;
        let mut tasks = JoinSet::new();
        for key in ["X1", "X2"] {
            let committer = house.committer.clone();
            let (owner, relative) = (name("owner"), name("p"));
            let call = Call::new("test", key);
            let bind = Bind { call, owner, relative, relation: "parent".to_owned(), from: None };
            let work =
                Work { command: Command::Bind(bind), encode: Arc::new(|_, _| Ok(Vec::new())), third: Third::Whole };
            tasks.spawn(async move { committer.commit(work).await });
        }
        until_waiting(&house.database, 1).await;
        held.let_go().await;
        let bound = tasks.join_all().await.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!((bound, count(&house.database, "SELECT COUNT(*) AS n FROM binding").await), (1, 1));
        // 300.00: 0.01 from the own account, 100.00 from the relative's, the rest in cash
        let claim = house.settles("K1", "p", &visit("B1", "2035-03-01", 30_000)).await;
        assert_eq!(split(&claim), [0, 1, 10_000, 19_999]);
        assert_eq!(balance(&house.database, "owner").await, 0);
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn amounts_beyond_all_bounds_in_a_stay_break_no_commit() {
    on_both(|url| async move {
        let house = town(&url).await;
        let first = interim("K1", &stay("B1", ("2035-03-01", "2035-03-05"), 100_000));
        house.client().settle_interim(first).await.expect("settled");
        let second = interim("K2", &stay("B2", ("2035-03-06", "2035-03-09"), i64::MAX));
        let answer = house.client().settle_interim(second).await.expect("an answer").into_inner();
        assert!(matches!(answer.outcome, Some(settle_interim_response::Outcome::Refused(_))), "{answer:?}");
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn what_is_reimbursed_is_of_no_stay_and_rests_on_an_invoice_whatever_it_is_called() {
    on_both(|url| async move {
        let house = town(&url).await;
        house
            .client()
            .settle_interim(interim("K1", &stay("B1", ("2035-03-01", "2035-03-05"), 100_000)))
            .await
            .expect("settled");
        let of_a_stay = stay("B2", ("2035-03-06", "2035-03-06"), 10_000);
        let of_a_stay = by_hand("K2", interim("K2", &of_a_stay).submission, "I2");
        let told = house.client().reimburse(of_a_stay).await.expect_err("the stay is the institution's");
        assert_eq!(fields(&told), ["submission.stay_id"]);
        let asks_for = |key: &str, bill: &str, kind: &str, invoice: &str| {
            let mut request = by_hand(key, asks("", "p", &visit(bill, "2035-03-07", 10_000)).submission, "I3");
            request.evidence[0].kind = kind.to_owned();
            request.evidence[0].reference = invoice.to_owned();
            request.evidence[0].sha256 = format!("{:0>64}", key.len());
            request
        };
        let told = house.client().reimburse(asks_for("K3", "B3", "fee_list", "F-1")).await.expect_err("no invoice");
        assert_eq!(fields(&told), ["evidence"]);
        house.client().reimburse(asks_for("K4", "B4", "发票", "FP-1")).await.expect("paid");
        let again = house.client().reimburse(asks_for("K55", "B5", "Invoice", "FP\u{200b}\u{2013}1")).await;
        assert_eq!(reason(&again.expect_err("paid before")), "DUPLICATE");
        house.is_sound().await;
        house.close().await;
    });
}
