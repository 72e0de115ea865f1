//! Each verb at its work: what it answers, what it moves, and what it does to the bills behind it, worked out by hand.

use money::Fen;
use pb::settlement::v1::{
    Adjustment, ClaimState, GetClaimRequest, GetOutcomeRequest, Outcome, ReplayClaimRequest, ReversalEffect,
    RevisionCause, SettleInterimRequest, SettleInterimResponse, reimburse_response, settle_interim_response,
};
use policy::{Accumulators, Bill};
use testkit::on_both;

use crate::regression::by_hand;
use crate::support::{House, institution};
use crate::world::{
    BY_SERVICE, BY_SETTLEMENT, about, asks, asks_in, balance, changes, claim_of, count, reason, refund,
    reversal_by_key, split, stay, town, visit, with_lines,
};

/// Each adjustment says why, shows both decisions, and its entries are its sums.
fn explained(adjustments: &[Adjustment], cause: RevisionCause) {
    for adjustment in adjustments {
        assert_eq!(adjustment.cause(), cause);
        let settled = |decision: &Option<pb::policy::v1::Decision>| match decision.clone().unwrap().outcome {
            Some(pb::policy::v1::decision::Outcome::Settled(settlement)) => settlement,
            other => panic!("not settled: {other:?}"),
        };
        let (before, after) = (settled(&adjustment.before), settled(&adjustment.after));
        assert!(!after.steps.is_empty(), "an explanation");
        assert_eq!(adjustment.cash_fen, after.shares.unwrap().cash_fen - before.shares.unwrap().cash_fen);
        assert!(!adjustment.entries.is_empty());
        for entry in &adjustment.entries {
            let sum: i64 = entry.lines.iter().map(signed).sum();
            assert_eq!(sum, 0, "each entry is balanced");
        }
    }
}

fn signed(line: &pb::r#type::v1::JournalLine) -> i64 {
    if line.side() == pb::r#type::v1::Side::Debit { line.amount_fen } else { -line.amount_fen }
}

#[test]
fn a_reversal_gives_accounts_back_and_decides_the_bills_behind_it_anew() {
    on_both(|url| async move {
        let house = town(&url).await;
        let start =
            Accumulators { account: Fen::new(10_000), family_account: Fen::new(5_000), ..Accumulators::default() };
        house.seed("p", 2035, &start).await;
        let first = house.settles("K1", "p", &visit("B1", "2035-03-01", 30_000)).await;
        // all deductible: 100.00 from the own account, 50.00 from the relative's, 150.00 in cash
        assert_eq!(split(&first), [0, 10_000, 5_000, 15_000]);
        let second = house.settles("K2", "p", &visit("B2", "2035-03-02", 100_000)).await;
        assert_eq!(split(&second), [80_000, 0, 0, 20_000]);
        let answer = house.reverses("R1", &first).await.expect("reversed");
        assert_eq!(answer.claim.as_ref().unwrap().state(), ClaimState::Reversed);
        assert!(!answer.entries.is_empty());
        // B2 now: (1000.00 - 300.00) × 0.8 = 560.00; of 440.00 the accounts pay 100.00 and 50.00, cash 290.00
        assert_eq!(changes(&answer.adjustments), [("B2".to_owned(), -24_000, 9_000)]);
        let payers: Vec<_> =
            answer.adjustments[0].payers.iter().map(|payer| (payer.payer.as_str(), payer.amount_fen)).collect();
        assert_eq!(payers, [("account", 10_000), ("family_account", 5_000), ("pooled_fund", -24_000)]);
        explained(&answer.adjustments, RevisionCause::EarlierReversed);
        let request = GetClaimRequest { claim_id: second.claim_id.clone(), revision: None, with_steps: true };
        let got = house.client().get_claim(request).await.expect("a claim").into_inner();
        assert_eq!(split(got.claim.as_ref().unwrap()), [56_000, 10_000, 5_000, 29_000]);
        assert_eq!((got.claim.unwrap().place_in_year, got.revisions.len()), (1, 2));
        assert_eq!(got.revisions[1].cause_claim_id, first.claim_id);
        assert_eq!([balance(&house.database, "p").await, balance(&house.database, "p-relative").await], [0, 0]);
        // the second goes too: all is as if nothing had been
        house.reverses("R2", &second).await.expect("reversed");
        assert_eq!(
            [balance(&house.database, "p").await, balance(&house.database, "p-relative").await],
            [10_000, 5_000]
        );
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn lines_are_refunded_in_part_and_the_bills_behind_follow() {
    on_both(|url| async move {
        let house = town(&url).await;
        let bill = with_lines(&visit("B1", "2035-03-01", 0), &[(10, 1_000), (1, 40_000)]);
        let claim = house.settles("K1", "p", &bill).await;
        // (500.00 - 300.00) × 0.8 = 160.00
        assert_eq!(split(&claim), [16_000, 0, 0, 34_000]);
        house.settles("K2", "p", &visit("B2", "2035-03-02", 10_000)).await;
        let request = refund("F1", &claim.claim_id, &[(0, 6_000)]);
        let answer = house.client().refund_lines(request).await.expect("refunded").into_inner();
        // 440.00 are left: (440.00 - 300.00) × 0.8 = 112.00, cash 328.00; B2 has no deductible either way
        assert_eq!(changes(&[answer.refund.clone().unwrap()]), [("B1".to_owned(), -4_800, -1_200)]);
        assert!(changes(&answer.adjustments).iter().all(|(_, fund, cash)| (*fund, *cash) == (0, 0)));
        let now = answer.claim.unwrap();
        assert_eq!((now.state(), now.revision, now.bill.unwrap().total_fen), (ClaimState::PartlyRefunded, 1, 44_000));
        explained(&[answer.refund.unwrap()], RevisionCause::Refunded);
        // 300.00 are three quarters of the second line: 140.00 are left, all deductible, and 160.00 of it fall to B2
        let request = refund("F2", &claim.claim_id, &[(1, 30_000)]);
        let answer = house.client().refund_lines(request).await.expect("refunded").into_inner();
        assert_eq!(changes(&[answer.refund.unwrap()]), [("B1".to_owned(), -11_200, -18_800)]);
        assert_eq!(changes(&answer.adjustments), [("B2".to_owned(), -8_000, 8_000)]);
        explained(&answer.adjustments, RevisionCause::EarlierRefunded);
        let more = house.client().refund_lines(refund("F3", &claim.claim_id, &[(0, 4_001)])).await.expect_err("more");
        assert_eq!((reason(&more).as_str(), about(&more, "left_fen").as_str()), ("REFUND_EXCEEDS_LINE", "4000"));
        let all = refund("F3", &claim.claim_id, &[(0, 4_000), (1, 10_000)]);
        let all = house.client().refund_lines(all).await.expect_err("everything");
        assert_eq!((reason(&all).as_str(), all.message().contains("ReverseClaim")), ("WRONG_STATE", true));
        // a whole line may go
        house.client().refund_lines(refund("F3", &claim.claim_id, &[(0, 4_000)])).await.expect("refunded");
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn bills_in_parts_have_no_lines_to_refund_and_reversed_ones_none_left() {
    on_both(|url| async move {
        let house = town(&url).await;
        let claim = house.settles("K1", "p", &visit("B1", "2035-03-01", 10_000)).await;
        let status = house.client().refund_lines(refund("F1", &claim.claim_id, &[(0, 1)])).await.expect_err("parts");
        assert_eq!(reason(&status), "WRONG_STATE");
        let bill = with_lines(&visit("B2", "2035-03-01", 0), &[(10, 1_000)]);
        let claim = house.settles("K2", "p", &bill).await;
        house.reverses("R2", &claim).await.expect("reversed");
        let status = house.client().refund_lines(refund("F2", &claim.claim_id, &[(0, 1_000)])).await.expect_err("gone");
        assert_eq!((reason(&status).as_str(), about(&status, "state").as_str()), ("WRONG_STATE", "reversed"));
        house.close().await;
    });
}

async fn part(house: &House, key: &str, bill: &Bill) -> SettleInterimResponse {
    let mut submission = asks(key, "p", bill).submission.unwrap();
    submission.stay_id = "S1".to_owned();
    let request = SettleInterimRequest { idempotency_key: key.to_owned(), submission: Some(submission) };
    house.client().settle_interim(request).await.expect("settled").into_inner()
}

fn part_of(answer: &SettleInterimResponse) -> [i64; 4] {
    match &answer.outcome {
        Some(settle_interim_response::Outcome::Claim(claim)) => split(claim),
        other => panic!("not settled: {other:?}"),
    }
}

async fn last_part(house: &House, key: &str, bill: &Bill) -> pb::settlement::v1::SettleResponse {
    let mut request = asks(key, "p", bill);
    request.submission.as_mut().unwrap().stay_id = "S1".to_owned();
    house.client().settle(request).await.expect("settled").into_inner()
}

#[test]
fn a_long_stay_in_three_settlements_is_one_admission_with_one_deductible() {
    on_both(|url| async move {
        let house = town(&url).await;
        let first = part(&house, "K1", &stay("B1", ("2035-03-01", "2035-03-10"), 100_000)).await;
        let second = part(&house, "K2", &stay("B2", ("2035-03-11", "2035-03-20"), 100_000)).await;
        let last = last_part(&house, "K3", &stay("B3", ("2035-03-21", "2035-03-25"), 50_000)).await;
        // (1000.00 - 300.00) × 0.8; (2000.00 - 300.00) × 0.8; (2500.00 - 300.00) × 0.8
        assert_eq!([part_of(&first)[0], part_of(&second)[0]], [56_000, 136_000]);
        let whole = claim_of(last.clone());
        assert_eq!(split(&whole), [176_000, 0, 0, 74_000]);
        // what each took in is taken back whole: 560.00 and 440.00, 1360.00 and 640.00
        assert_eq!(changes(&second.adjustments), [("B1".to_owned(), -56_000, -44_000)]);
        assert_eq!(changes(&last.adjustments), [("B2".to_owned(), -136_000, -64_000)]);
        let at_once = house.settles("K4", "q", &stay("B4", ("2035-03-01", "2035-03-25"), 250_000)).await;
        assert_eq!(split(&at_once), split(&whole));
        let admitted_once =
            "SELECT COUNT(*) AS n FROM person_year WHERE CAST(state AS TEXT) LIKE '%\"admissions\":1,%'";
        assert_eq!(count(&house.database, admitted_once).await, 2);
        // the stay goes as a whole
        let reversed = house.reverses("R1", &whole).await.expect("reversed");
        assert!(reversed.adjustments.is_empty());
        let standing = "SELECT COUNT(*) AS n FROM claim WHERE person = 'p' AND state <> 'reversed'";
        assert_eq!(count(&house.database, standing).await, 0);
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn a_stay_that_has_ended_is_not_begun_again_with_a_second_deductible() {
    on_both(|url| async move {
        let house = town(&url).await;
        part(&house, "K1", &stay("B1", ("2035-03-01", "2035-03-10"), 100_000)).await;
        let whole = claim_of(last_part(&house, "K2", &stay("B2", ("2035-03-11", "2035-03-20"), 100_000)).await);
        let mut again = asks("K3", "p", &stay("B3", ("2035-03-21", "2035-03-25"), 50_000));
        again.submission.as_mut().unwrap().stay_id = "S1".to_owned();
        let status = house.client().settle(again.clone()).await.expect_err("the stay has ended");
        assert_eq!((reason(&status).as_str(), about(&status, "state").as_str()), ("WRONG_STATE", "ended"));
        assert_eq!(about(&status, "claim_id"), whole.claim_id);
        // once what ended it is taken back, the stay can be settled anew: (500.00 - 300.00) × 0.8
        house.reverses("R1", &whole).await.expect("reversed");
        let anew = house.client().settle(again).await.expect("settled").into_inner();
        assert_eq!(split(&claim_of(anew))[0], 16_000);
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn a_stay_over_the_turn_of_the_year_counts_in_one_year_at_last() {
    on_both(|url| async move {
        let house = town(&url).await;
        house.settles("K0", "p", &stay("B0", ("2034-12-01", "2034-12-05"), 100_000)).await;
        part(&house, "K1", &stay("B1", ("2034-12-20", "2034-12-31"), 100_000)).await;
        house.settles("K9", "p", &stay("B9", ("2035-01-02", "2035-01-03"), 100_000)).await;
        let whole = claim_of(last_part(&house, "K2", &stay("B2", ("2035-01-01", "2035-01-05"), 100_000)).await);
        // (2000.00 - 300.00) × 0.8 in the year of discharge
        assert_eq!((whole.year, split(&whole)[0]), (2035, 136_000));
        let of_year =
            |year: i32| format!("SELECT COUNT(*) AS n FROM claim WHERE year = {year} AND state <> 'reversed'");
        assert_eq!(
            [count(&house.database, &of_year(2034)).await, count(&house.database, &of_year(2035)).await],
            [1, 2]
        );
        assert_eq!(house.is_sound().await, 2);
        house.close().await;
    });
}

#[test]
fn a_stay_is_of_one_person_one_kind_of_care_and_one_form_of_costs() {
    on_both(|url| async move {
        let house = town(&url).await;
        part(&house, "K1", &stay("B1", ("2035-03-01", "2035-03-10"), 100_000)).await;
        let others = [
            asks("K2", "q", &stay("B2", ("2035-03-11", "2035-03-20"), 100_000)),
            asks("K2", "p", &visit("B2", "2035-03-11", 100_000)),
            asks("K2", "p", &with_lines(&stay("B2", ("2035-03-11", "2035-03-20"), 0), &[(1, 100_000)])),
        ];
        for mut other in others {
            other.submission.as_mut().unwrap().stay_id = "S1".to_owned();
            let status = house.client().settle(other).await.expect_err("another stay");
            assert_eq!(reason(&status), "WRONG_STATE");
        }
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn a_reimbursement_is_owed_to_the_person_and_an_invoice_is_paid_once() {
    on_both(|url| async move {
        let house = town(&url).await;
        house.credit("p", Fen::new(10_000)).await;
        let submission = asks("K1", "p", &visit("B1", "2035-03-01", 100_000)).submission;
        let answer =
            house.client().reimburse(by_hand("K1", submission.clone(), "I1")).await.expect("paid").into_inner();
        let Some(reimburse_response::Outcome::Claim(claim)) = answer.outcome else { panic!("not settled") };
        // (1000.00 - 300.00) × 0.8 = 560.00 and 100.00 from the account; 340.00 stay with the person
        assert_eq!((split(&claim), answer.payable_fen), ([56_000, 10_000, 0, 34_000], 66_000));
        let owed: i64 = claim
            .entries
            .iter()
            .flat_map(|entry| &entry.lines)
            .filter(|line| line.account.contains("payable"))
            .map(signed)
            .sum();
        assert_eq!(owed, -66_000, "{:?}", claim.entries);
        let again = asks("K2", "q", &visit("B2", "2035-03-01", 100_000)).submission;
        // however it is written: in small letters, with spaces, in full-width forms, and whatever its content is called
        for (reference, kind) in
            [("I1", "invoice"), ("i1", "Invoice"), (" I 1\u{3000}", "INVOICE "), ("Ｉ１", "ｉnvoice")]
        {
            let mut request = by_hand("K2", again.clone(), reference);
            request.evidence[0].kind = kind.to_owned();
            request.evidence[0].sha256 = "9".repeat(64);
            let status = house.client().reimburse(request).await.expect_err("paid before");
            assert_eq!((reason(&status).as_str(), about(&status, "claim_id")), ("DUPLICATE", claim.claim_id.clone()));
        }
        house.reverses("R1", &claim).await.expect("reversed");
        house.client().reimburse(by_hand("K2", again, "I1")).await.expect("the invoice is free again");
        assert_eq!(balance(&house.database, "p").await, 10_000);
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn a_late_bill_takes_its_place_as_the_policy_orders_the_year() {
    on_both(|url| async move {
        let house = town(&url).await;
        for (division, who, late_fund, changed) in [
            // settled last, it is last: 800.00, of which 1000.00 - 560.00 = 440.00 are left
            (BY_SETTLEMENT, "p", 44_000, Vec::new()),
            // served first, it is first: it bears the deductible, and the other gets the 440.00 that are left
            (BY_SERVICE, "q", 56_000, vec![("q2".to_owned(), -12_000, 12_000)]),
        ] {
            let (early, late) =
                (visit(&format!("{who}2"), "2035-03-10", 100_000), visit(&format!("{who}1"), "2035-03-01", 100_000));
            let first = house.client().settle(asks_in(division, &format!("{who}2"), who, &early)).await.unwrap();
            assert_eq!(split(&claim_of(first.into_inner()))[0], 56_000);
            let answer =
                house.client().settle(asks_in(division, &format!("{who}1"), who, &late)).await.unwrap().into_inner();
            assert_eq!(changes(&answer.adjustments), changed);
            explained(&answer.adjustments, RevisionCause::EarlierAdded);
            let claim = claim_of(answer);
            assert_eq!((split(&claim)[0], claim.place_in_year), (late_fund, if who == "p" { 2 } else { 1 }));
        }
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn what_became_of_a_call_is_told_whichever_it_was() {
    on_both(|url| async move {
        let house = town(&url).await;
        let settled = house.settles("settled", "p", &visit("B1", "2035-03-01", 10_000)).await;
        let lines = with_lines(&visit("B2", "2035-03-01", 0), &[(10, 1_000)]);
        let reversed = house.settles("reversed", "p", &lines).await;
        let give_back = refund("refund", &reversed.claim_id, &[(0, 1_000)]);
        house.client().refund_lines(give_back).await.expect("refunded");
        house.reverses("reversal", &reversed).await.expect("reversed");
        let mut request = asks("refused", "p", &visit("B3", "2035-03-01", 10_000));
        request.submission.as_mut().unwrap().bill.as_mut().unwrap().total_fen = 1;
        house.client().settle(request).await.expect("refused");
        house.client().reverse_claim(reversal_by_key("ahead", "tombstone")).await.expect("a mark");
        let answer = house.client().reverse_claim(reversal_by_key("of-refused", "refused")).await.expect("nothing");
        assert_eq!(answer.into_inner().effect(), ReversalEffect::OriginalWasRefused);
        let by_hand = by_hand("by-hand", asks("", "p", &visit("B4", "2035-03-01", 10_000)).submission, "I1");
        house.client().reimburse(by_hand).await.expect("paid");
        part(&house, "interim", &stay("B5", ("2035-03-01", "2035-03-10"), 100_000)).await;
        for (key, outcome, method, claim) in [
            ("never", Outcome::NeverSeen, "", false),
            ("settled", Outcome::Settled, "Settle", true),
            ("interim", Outcome::Settled, "SettleInterim", true),
            ("by-hand", Outcome::Settled, "Reimburse", true),
            ("reversed", Outcome::Reversed, "Settle", true),
            ("reversal", Outcome::Reversal, "ReverseClaim", true),
            ("refund", Outcome::Refund, "RefundLines", true),
            ("refused", Outcome::Refused, "Settle", false),
            ("tombstone", Outcome::Tombstone, "", false),
            ("ahead", Outcome::ReversalOfNothing, "ReverseClaim", false),
            ("of-refused", Outcome::ReversalOfNothing, "ReverseClaim", false),
        ] {
            let request = GetOutcomeRequest { idempotency_key: key.to_owned(), institution_id: institution(1) };
            let answer = house.client().get_outcome(request).await.expect("an outcome").into_inner();
            assert_eq!((answer.outcome(), answer.method.as_str()), (outcome, method), "{key}");
            assert_eq!((answer.claim.is_some(), answer.message.is_empty()), (claim, false), "{key}");
            if ["reversal", "refund"].contains(&key) {
                let claim = answer.claim.unwrap();
                // as it stands now, not as it stood then
                assert_eq!((claim.claim_id, claim.state), (reversed.claim_id.clone(), ClaimState::Reversed.into()));
            }
            // keys are an institution's own
            let request = GetOutcomeRequest { idempotency_key: key.to_owned(), institution_id: institution(2) };
            let answer = house.client().get_outcome(request).await.expect("an outcome").into_inner();
            assert_eq!(answer.outcome(), Outcome::NeverSeen);
        }
        assert!(!settled.claim_id.is_empty());
        house.close().await;
    });
}

#[test]
fn every_decision_of_a_history_is_replayed_to_the_byte() {
    on_both(|url| async move {
        let house = town(&url).await;
        let first = house.settles("K1", "p", &visit("B1", "2035-03-01", 30_000)).await;
        let second = house.settles("K2", "p", &visit("B2", "2035-03-02", 100_000)).await;
        house.reverses("R1", &first).await.expect("reversed");
        for (claim, revision) in [(&first, None), (&second, Some(0)), (&second, Some(1)), (&second, None)] {
            let request = ReplayClaimRequest { claim_id: claim.claim_id.clone(), revision };
            let replay = house.client().replay_claim(request).await.expect("replayed").into_inner();
            assert!(replay.identical && replay.stored_sha256 == replay.replayed_sha256 && replay.replayed.is_none());
        }
        let request = ReplayClaimRequest { claim_id: second.claim_id, revision: Some(2) };
        assert_eq!(reason(&house.client().replay_claim(request).await.expect_err("no such decision")), "NOT_FOUND");
        house.close().await;
    });
}
