//! Amounts that have to fit what they are amounts of: a fee line its quantity and price, a refund the line.

use money::Rate;
use pb::policy::v1::bill::Costs;
use pb::settlement::v1::{LineRefund, PreSettleRequest, RefundLinesRequest, SettleRequest};
use testkit::on_both;
use tonic_types::StatusExt as _;

use crate::world::{asks, fields, reason, refund, split, town, visit, with_lines};

/// A bill whose lines have these quantities, prices and amounts.
fn lines(key: &str, lines: &[(&str, i64, i64)]) -> SettleRequest {
    let plain: Vec<(i64, i64)> = lines.iter().map(|_| (1, 1)).collect();
    let mut request = asks(key, "p", &with_lines(&visit(key, "2035-03-01", 0), &plain));
    let bill = request.submission.as_mut().unwrap().bill.as_mut().unwrap();
    bill.total_fen = lines.iter().map(|(.., amount)| amount).sum();
    let Some(Costs::Lines(given)) = &mut bill.costs else { panic!("lines") };
    for (line, (quantity, price, amount)) in given.lines.iter_mut().zip(lines) {
        (line.quantity, line.unit_price_fen, line.amount_fen) = ((*quantity).to_owned(), Some(*price), *amount);
    }
    request
}

#[test]
fn a_line_costs_its_quantity_at_its_price_to_the_fen() {
    on_both(|url| async move {
        let house = town(&url).await;
        // 2.5 × 1.01 = 2.525, half up 2.53; 3 × 0.333333 of a unit price of 1.00
        let good = lines("K1", &[("2.5", 101, 253), ("0.333333", 100, 33), ("3", 7, 21)]);
        house.client().settle(good).await.expect("settled");
        let bad = lines("K2", &[("2.5", 101, 252), ("3", 7, 21), ("10", 1_000, 1_000)]);
        let submission = bad.submission.clone();
        for status in [
            house.client().settle(bad).await.expect_err("amounts that do not fit"),
            house.client().pre_settle(PreSettleRequest { submission }).await.expect_err("the same"),
        ] {
            let lines = "submission.bill.lines.lines";
            assert_eq!(fields(&status), [format!("{lines}[0].amount_fen"), format!("{lines}[2].amount_fen")]);
            let details = status.get_error_details();
            let said = &details.bad_request().unwrap().field_violations[1].description;
            assert!(said.contains("1000") && said.contains("10000"), "both figures: {said}");
        }
        house.is_sound().await;
        house.close().await;
    });
}

fn part(line: u32, amount_fen: i64, quantity: &str) -> LineRefund {
    LineRefund { line, amount_fen, quantity: quantity.to_owned() }
}

#[test]
fn a_refund_gives_back_what_its_quantity_costs_and_no_more_of_either_than_is_left() {
    on_both(|url| async move {
        let house = town(&url).await;
        let bill = with_lines(&visit("B1", "2035-03-01", 0), &[(10, 1_000), (4, 10_000), (1, 40_000)]);
        let claim = house.settles("K1", "p", &bill).await;
        let ask = |key: &str, lines: Vec<LineRefund>| RefundLinesRequest { lines, ..refund(key, &claim.claim_id, &[]) };
        for (lines, wrong) in [
            (
                vec![part(0, 1_000, "2"), part(1, 10_000, "1"), part(2, 1, "0.5")],
                vec!["lines[0].amount_fen", "lines[2].amount_fen"],
            ),
            // all of the quantity for a part of the amount, all of the amount for a part of the quantity
            (vec![part(0, 9_000, "10")], vec!["lines[0].quantity"]),
            (vec![part(0, 10_000, "9")], vec!["lines[0].quantity"]),
            (vec![part(1, 10_000, "5"), part(7, 1, "")], vec!["lines[0].quantity", "lines[1].line"]),
            (vec![part(0, 1_000, "-1")], vec!["lines[0].quantity"]),
        ] {
            let status = house.client().refund_lines(ask("F1", lines)).await.expect_err("it does not fit");
            assert_eq!(fields(&status), wrong);
        }
        let answer = house.client().refund_lines(ask("F1", vec![part(0, 3_000, "3"), part(1, 40_000, "4")])).await;
        let now = answer.expect("refunded").into_inner().claim.unwrap().bill.unwrap();
        let Some(Costs::Lines(left)) = now.costs else { panic!("lines") };
        let left: Vec<(Rate, i64)> =
            left.lines.iter().map(|line| (line.quantity.parse().unwrap(), line.amount_fen)).collect();
        assert_eq!(left, [(Rate::ONE.times(7), 7_000), (Rate::ONE, 40_000)]);
        let more = house.client().refund_lines(ask("F2", vec![part(0, 8_000, "8")])).await.expect_err("7 are left");
        assert_eq!(reason(&more), "REFUND_EXCEEDS_LINE");
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn an_age_nobody_knows_is_absent_in_the_claim_as_well() {
    on_both(|url| async move {
        let house = town(&url).await;
        let mut request = asks("K1", "p", &visit("B1", "2035-03-01", 100_000));
        request.submission.as_mut().unwrap().person_facts.as_mut().unwrap().age = None;
        let claim = crate::world::claim_of(house.client().settle(request).await.expect("settled").into_inner());
        assert_eq!((claim.person_facts.as_ref().unwrap().age, split(&claim)[0]), (None, 56_000));
        house.close().await;
    });
}
