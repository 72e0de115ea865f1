//! A call happens once, whoever repeats it, when and where.

use std::collections::BTreeSet;

use pb::policy::v1::FeeLine;
use pb::policy::v1::bill::Costs;
use pb::settlement::v1::{GetOutcomeRequest, Outcome, ReversalEffect, SettleRequest};
use prost::Message as _;
use testkit::{on_both, on_postgres};
use tokio::task::JoinSet;
use tonic::{Response, Status};

use crate::regression::{at_once, by_hand};
use crate::support::{House, institution};
use crate::world::{
    about, asks, claim_of, count, fields, reason, refund, reversal, reversal_by_key, town, visit, with_lines,
};

async fn outcome(house: &House, key: &str) -> Outcome {
    let request = GetOutcomeRequest { idempotency_key: key.to_owned(), institution_id: institution(1) };
    house.client().get_outcome(request).await.expect("an outcome").into_inner().outcome()
}

#[test]
fn the_same_key_and_content_give_the_same_bytes_whatever_happened_since() {
    on_both(|url| async move {
        let house = town(&url).await;
        let bill = with_lines(&visit("B1", "2035-03-01", 0), &[(10, 10_000), (1, 1_000)]);
        let settle = asks("K1", "p", &bill);
        let first = house.client().settle(settle.clone()).await.expect("settled").into_inner();
        let claim = claim_of(first.clone()).claim_id;
        let refund = refund("F1", &claim, &[(0, 20_000)]);
        let refunded = house.client().refund_lines(refund.clone()).await.expect("refunded").into_inner();
        let reverse = reversal("R1", &claim);
        let reversed = house.client().reverse_claim(reverse.clone()).await.expect("reversed").into_inner();
        for _ in 0..2 {
            let again = house.client().settle(settle.clone()).await.expect("kept").into_inner();
            assert_eq!(again.encode_to_vec(), first.encode_to_vec());
            let again = house.client().refund_lines(refund.clone()).await.expect("kept").into_inner();
            assert_eq!(again.encode_to_vec(), refunded.encode_to_vec());
            let again = house.client().reverse_claim(reverse.clone()).await.expect("kept").into_inner();
            assert_eq!(again.encode_to_vec(), reversed.encode_to_vec());
        }
        assert_eq!(count(&house.database, "SELECT COUNT(*) AS n FROM claim").await, 1);
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn a_refusal_is_kept_for_its_key_and_nothing_else_is() {
    on_both(|url| async move {
        let house = town(&url).await;
        let mut request = asks("K1", "p", &visit("B1", "2035-03-01", 10_000));
        request.submission.as_mut().unwrap().bill.as_mut().unwrap().total_fen = 10_001;
        let first = house.client().settle(request.clone()).await.expect("refused").into_inner();
        assert_eq!(house.client().settle(request.clone()).await.expect("refused").into_inner(), first);
        assert_eq!(outcome(&house, "K1").await, Outcome::Refused);
        // the bill's id is still free, under another key
        house.settles("K2", "p", &visit("B1", "2035-03-01", 10_000)).await;
        house.close().await;
    });
}

#[test]
fn a_key_used_again_with_other_content_is_refused_and_the_field_named() {
    on_both(|url| async move {
        let house = town(&url).await;
        let request = asks("K1", "p", &visit("B1", "2035-03-01", 10_000));
        house.client().settle(request.clone()).await.expect("settled");
        type Change = fn(&mut SettleRequest);
        let changes: [(&str, Change); 7] = [
            ("submission.bill.total_fen", |other| {
                other.submission.as_mut().unwrap().bill.as_mut().unwrap().total_fen += 1;
            }),
            ("submission.bill.parts.within_scope_fen", |other| {
                *other = asks("K1", "p", &visit("B1", "2035-03-01", 10_001));
            }),
            ("submission.bill.from_date", |other| {
                *other = asks("K1", "p", &visit("B1", "2035-03-02", 10_000));
            }),
            ("submission.bill.lines.lines", |other| {
                *other = asks("K1", "p", &with_lines(&visit("B1", "2035-03-01", 0), &[(1, 10_000)]));
            }),
            ("submission.person_facts.age", |other| {
                other.submission.as_mut().unwrap().person_facts.as_mut().unwrap().age = None;
            }),
            ("submission.person_id", |other| {
                other.submission.as_mut().unwrap().person_id = "q".to_owned();
            }),
            ("submission.visit_id", |other| other.submission.as_mut().unwrap().visit_id = "V".to_owned()),
        ];
        for (field, change) in changes {
            let mut other = request.clone();
            change(&mut other);
            let status = house.client().settle(other).await.expect_err("the key is used");
            assert_eq!((reason(&status).as_str(), about(&status, "field").as_str()), ("KEY_REUSED", field));
        }
        let status = house.client().reimburse(by_hand("K1", request.submission, "I1")).await.expect_err("used");
        assert_eq!((reason(&status).as_str(), about(&status, "field").as_str()), ("KEY_REUSED", "method"));
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn of_a_list_the_item_and_the_field_are_named_and_a_decimal_is_the_same_however_it_is_written() {
    on_both(|url| async move {
        let house = town(&url).await;
        let bill = with_lines(&visit("B1", "2035-03-01", 0), &[(10, 10_000), (1, 1_000), (2, 500), (4, 500)]);
        let request = asks("K1", "p", &bill);
        let answer = house.client().settle(request.clone()).await.expect("settled").into_inner();
        let line = |request: &mut SettleRequest, change: fn(&mut FeeLine)| {
            let Some(Costs::Lines(lines)) = &mut request.submission.as_mut().unwrap().bill.as_mut().unwrap().costs
            else {
                panic!("lines")
            };
            change(&mut lines.lines[3]);
        };
        for (field, change) in [
            ("quantity", (|line| line.quantity = "8".to_owned()) as fn(&mut FeeLine)),
            ("item", |line| line.item.push('1')),
            ("terms.price_limit_fen", |line| line.terms.as_mut().unwrap().price_limit_fen = Some(600)),
        ] {
            let mut other = request.clone();
            line(&mut other, change);
            if field == "quantity" {
                line(&mut other, |line| line.unit_price_fen = Some(250));
            }
            let status = house.client().settle(other).await.expect_err("the key is used");
            let named = format!("submission.bill.lines.lines[3].{field}");
            assert_eq!((reason(&status), about(&status, "field")), ("KEY_REUSED".to_owned(), named));
        }
        let mut same = request.clone();
        line(&mut same, |line| {
            line.quantity = "4.0".to_owned();
            line.terms.as_mut().unwrap().first_self_paid_rate = Some("0.000".to_owned());
        });
        assert_eq!(house.client().settle(same).await.expect("the same").into_inner(), answer);
        let claim = claim_of(answer);
        let with = |key: &str, quantity: &str| {
            let mut request = refund(key, &claim.claim_id, &[(1, 1_000), (2, 500)]);
            request.lines[1].quantity = quantity.to_owned();
            request
        };
        let given = house.client().refund_lines(with("F1", "1")).await.expect("refunded").into_inner();
        assert_eq!(house.client().refund_lines(with("F1", "1.000")).await.expect("the same").into_inner(), given);
        let status = house.client().refund_lines(with("F1", "2")).await.expect_err("another quantity");
        assert_eq!(
            (reason(&status), about(&status, "field")),
            ("KEY_REUSED".to_owned(), "lines[1].quantity".to_owned())
        );
        house.close().await;
    });
}

#[test]
fn an_institutions_keys_are_one_namespace_over_all_calls_about_bills() {
    on_both(|url| async move {
        let house = town(&url).await;
        let bill = with_lines(&visit("B1", "2035-03-01", 0), &[(10, 10_000), (1, 1_000)]);
        let claim = house.settles("K1", "p", &bill).await;
        let used = |status: &Status| (reason(status), about(status, "field"));
        let method = ("KEY_REUSED".to_owned(), "method".to_owned());
        let status = house.reverses("K1", &claim).await.expect_err("a settlement's key");
        assert_eq!(used(&status), method);
        let status = house.client().refund_lines(refund("K1", &claim.claim_id, &[(0, 10_000)])).await;
        assert_eq!(used(&status.expect_err("a settlement's key")), method);
        let own = house.client().reverse_claim(reversal_by_key("K1", "K1")).await.expect_err("one key for both");
        assert_eq!(fields(&own), ["original_key"]);
        house.client().refund_lines(refund("F1", &claim.claim_id, &[(0, 10_000)])).await.expect("refunded");
        let other = house.client().refund_lines(refund("F1", &claim.claim_id, &[(1, 1_000)])).await;
        assert_eq!(used(&other.expect_err("other lines")), ("KEY_REUSED".to_owned(), "lines[0].line".to_owned()));
        house.reverses("R1", &claim).await.expect("reversed");
        let status = house.client().settle(asks("R1", "p", &bill)).await.expect_err("a reversal's key");
        assert_eq!(used(&status), method);
        let mut other = reversal("R1", &claim.claim_id);
        other.reason = "another".to_owned();
        let status = house.client().reverse_claim(other).await.expect_err("another reason");
        assert_eq!(used(&status), ("KEY_REUSED".to_owned(), "reason".to_owned()));
        // what settles nothing is not reversed by its key
        let status = house.client().reverse_claim(reversal_by_key("R2", "F1")).await.expect_err("a refund's key");
        assert_eq!((reason(&status).as_str(), about(&status, "state").as_str()), ("WRONG_STATE", "no_settlement"));
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn a_bill_id_is_used_once_by_an_institution_until_it_is_reversed() {
    on_both(|url| async move {
        let house = town(&url).await;
        let bill = visit("B1", "2035-03-01", 10_000);
        let claim = house.settles("K1", "p", &bill).await;
        let status = house.client().settle(asks("K2", "p", &bill)).await.expect_err("a duplicate");
        assert_eq!((reason(&status).as_str(), about(&status, "claim_id")), ("DUPLICATE", claim.claim_id.clone()));
        assert_eq!(outcome(&house, "K2").await, Outcome::NeverSeen);
        let mut elsewhere = asks("K2", "p", &bill);
        elsewhere.submission.as_mut().unwrap().institution_id = institution(2);
        house.client().settle(elsewhere).await.expect("another institution has its own bill ids");
        house.reverses("R1", &claim).await.expect("reversed");
        house.settles("K2", "p", &bill).await;
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn a_reversal_that_comes_before_its_original_refuses_it_for_ever() {
    on_both(|url| async move {
        let house = town(&url).await;
        let bill = visit("B1", "2035-03-01", 10_000);
        assert_eq!(outcome(&house, "K1").await, Outcome::NeverSeen);
        let answer = house.client().reverse_claim(reversal_by_key("R1", "K1")).await.expect("a mark").into_inner();
        assert!(!answer.reversed && answer.claim.is_none());
        assert_eq!(answer.effect(), ReversalEffect::OriginalRefusedFromNowOn);
        assert_eq!(answer.original_key, "K1");
        assert_eq!(outcome(&house, "K1").await, Outcome::Tombstone);
        for _ in 0..2 {
            let status = house.client().settle(asks("K1", "p", &bill)).await.expect_err("reversed before");
            assert_eq!(reason(&status), "REVERSED_BEFORE");
        }
        let again = house.client().reverse_claim(reversal_by_key("R2", "K1")).await.expect("a mark").into_inner();
        assert_eq!((again.reversed, again.effect()), (false, ReversalEffect::OriginalRefusedFromNowOn));
        assert_eq!(count(&house.database, "SELECT COUNT(*) AS n FROM claim").await, 0);
        house.settles("K2", "p", &bill).await;
        house.close().await;
    });
}

#[test]
fn a_claim_is_reversed_once() {
    on_both(|url| async move {
        let house = town(&url).await;
        let claim = house.settles("K1", "p", &visit("B1", "2035-03-01", 10_000)).await;
        let mut tasks = JoinSet::new();
        for number in 0..8 {
            let by_key = reversal_by_key(&format!("R{number}"), "K1");
            let by_id = reversal(&format!("R{number}"), &claim.claim_id);
            let (mut client, request) = (house.client(), if number % 2 == 0 { by_key } else { by_id });
            tasks.spawn(async move { client.reverse_claim(request).await.map(Response::into_inner) });
        }
        let (good, bad): (Vec<_>, Vec<_>) = tasks.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!(good.len(), 1);
        for status in bad.into_iter().map(Result::unwrap_err) {
            assert_eq!((reason(&status).as_str(), about(&status, "state").as_str()), ("WRONG_STATE", "reversed"));
        }
        assert_eq!(outcome(&house, "K1").await, Outcome::Reversed);
        // who asks for the bill again gets what it was told then: it was settled
        house.settles("K1", "p", &visit("B1", "2035-03-01", 10_000)).await;
        assert_eq!(outcome(&house, "K1").await, Outcome::Reversed);
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn sixteen_callers_with_one_key_at_once_get_one_claim_and_one_answer() {
    on_both(|url| async move {
        let house = town(&url).await;
        for round in 0..5 {
            let bill = visit(&format!("B{round}"), "2035-03-01", 10_000);
            let asked = vec![asks(&format!("K{round}"), "p", &bill); 16];
            let answers = at_once(&[&house], asked).await;
            let different: BTreeSet<Vec<u8>> =
                answers.into_iter().map(|answer| answer.expect("settled").encode_to_vec()).collect();
            assert_eq!(different.len(), 1);
        }
        assert_eq!(count(&house.database, "SELECT COUNT(*) AS n FROM claim").await, 5);
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn two_replicas_settle_one_key_once_and_one_bill_once() {
    on_postgres(|url| async move {
        let (house, other) = (town(&url).await, town(&url).await);
        for round in 0..10 {
            let bill = visit(&format!("B{round}"), "2035-03-01", 10_000);
            let asked = vec![asks(&format!("K{round}"), "p", &bill); 8];
            let answers = at_once(&[&house, &other], asked).await;
            let different: BTreeSet<Vec<u8>> =
                answers.into_iter().map(|answer| answer.expect("settled").encode_to_vec()).collect();
            assert_eq!(different.len(), 1);
            let bill = visit(&format!("C{round}"), "2035-03-01", 10_000);
            let asked = (0..4).map(|at| asks(&format!("L{round}-{at}"), "p", &bill)).collect();
            let answers = at_once(&[&house, &other], asked).await;
            let told: Vec<String> = answers.iter().filter_map(|answer| answer.as_ref().err()).map(reason).collect();
            assert_eq!(told, ["DUPLICATE"; 3]);
        }
        assert_eq!(count(&house.database, "SELECT COUNT(*) AS n FROM claim").await, 20);
        assert_eq!(house.is_sound().await, 1);
        other.close().await;
        house.close().await;
    });
}

#[test]
fn a_bill_and_its_reversal_at_two_replicas_at_once_leave_nothing_settled() {
    on_postgres(|url| async move {
        let (house, other) = (town(&url).await, town(&url).await);
        for round in 0..20 {
            let key = format!("K{round}");
            let (mut one, mut two) = (house.client(), other.client());
            let settling = one.settle(asks(&key, "p", &visit(&key, "2035-03-01", 10_000)));
            let reversing = two.reverse_claim(reversal_by_key(&format!("R{round}"), &key));
            let (settled, reversed) = tokio::join!(settling, reversing);
            let reversed = reversed.expect("reversed or marked").into_inner().reversed;
            match settled {
                Ok(_) => assert!(reversed, "what is settled first is reversed"),
                Err(status) => assert_eq!((reason(&status).as_str(), reversed), ("REVERSED_BEFORE", false)),
            }
            let after = if reversed { Outcome::Reversed } else { Outcome::Tombstone };
            assert_eq!(outcome(&house, &key).await, after);
        }
        let standing = "SELECT COUNT(*) AS n FROM claim WHERE state <> 'reversed'";
        assert_eq!(count(&house.database, standing).await, 0);
        house.is_sound().await;
        other.close().await;
        house.close().await;
    });
}
