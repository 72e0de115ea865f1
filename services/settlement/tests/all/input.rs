//! What cannot be read, and what the policy says no to: everything wrong at once, and nothing kept of it.

use std::collections::BTreeMap;

use pb::policy::v1::decision::Outcome as Decided;
use pb::policy::v1::{Bill, CatalogueTerms, Cause, FeeLine, FeeLines, RefusalReason, bill};
use pb::settlement::v1::{SettleInterimRequest, SettleRequest, Submission, settle_response};
use pb::r#type::v1::{Care, Epidemic, Institution, LineKind, Period};
use settlement::catalogue::Catalogue;
use testkit::on_both;
use tonic::Status;

use crate::support::{House, Wish};
use crate::world::{
    BY_SETTLEMENT, about, asks, count, fields, packs, reason, refund, reversal, rows, stay, town, visit, with_lines,
};

/// Somebody with an account and a claim, so that there is something to move.
async fn begun(house: &House) -> BTreeMap<&'static str, i64> {
    house.credit("p", money::Fen::new(100_000)).await;
    house.settles("K0", "p", &visit("B0", "2035-02-01", 10_000)).await;
    rows(&house.database).await
}

async fn keys(house: &House) -> i64 {
    count(&house.database, "SELECT COUNT(*) AS n FROM idempotency").await
}

/// The call fails, and nothing is kept of it, not even its key.
async fn fails(house: &House, request: SettleRequest) -> Status {
    let (before, known) = (rows(&house.database).await, keys(house).await);
    let status = house.client().settle(request).await.expect_err("it cannot be settled");
    assert_eq!((rows(&house.database).await, keys(house).await), (before, known));
    status
}

/// The policy says no; kept is the answer to the key and nothing else.
async fn refused(house: &House, request: SettleRequest) -> Vec<RefusalReason> {
    let (before, known) = (rows(&house.database).await, keys(house).await);
    let answer = house.client().settle(request).await.expect("refused").into_inner();
    assert_eq!((rows(&house.database).await, keys(house).await), (before, known + 1));
    let Some(settle_response::Outcome::Refused(decision)) = answer.outcome else { panic!("not refused: {answer:?}") };
    match decision.outcome {
        Some(Decided::Refused(refusal)) => refusal.causes.iter().map(Cause::reason).collect(),
        other => panic!("not refused: {other:?}"),
    }
}

fn changed(key: &str, change: impl FnOnce(&mut Submission, &mut Bill)) -> SettleRequest {
    let mut request = asks(key, "p", &visit("B1", "2035-03-01", 10_000));
    let submission = request.submission.as_mut().unwrap();
    let mut bill = submission.bill.take().unwrap();
    change(submission, &mut bill);
    submission.bill = Some(bill);
    request
}

#[test]
fn everything_that_cannot_be_read_is_named_at_once_by_its_path() {
    on_both(|url| async move {
        let house = town(&url).await;
        begun(&house).await;
        let mut request = changed("", |submission, bill| {
            (submission.person_id, submission.institution_id) = (String::new(), "H0000000001".to_owned());
            submission.policy_version = "head".to_owned();
            submission.care_division = "99".to_owned();
            submission.person_facts.as_mut().unwrap().group = 4_711;
            (bill.care, bill.institution, bill.place, bill.filing, bill.referral) = (99, 99, 99, 99, 99);
            (bill.from_date, bill.to_date) = ("2035-02-30".to_owned(), "tomorrow".to_owned());
            bill.bill_id = String::new();
            let line = FeeLine { kind: 99, quantity: "many".to_owned(), ..FeeLine::default() };
            bill.costs = Some(bill::Costs::Lines(FeeLines { lines: vec![line] }));
        });
        let status = fails(&house, request.clone()).await;
        assert_eq!(reason(&status), "INVALID_FIELDS");
        let told = fields(&status);
        let expected = [
            "idempotency_key",
            "submission.person_id",
            "submission.institution_id",
            "submission.policy_version",
            "submission.person_facts.group",
            "submission.care_division",
            "submission.bill.bill_id",
            "submission.bill.care",
            "submission.bill.institution",
            "submission.bill.place",
            "submission.bill.filing",
            "submission.bill.referral",
            "submission.bill.from_date",
            "submission.bill.to_date",
            "submission.bill.lines.lines[0].item",
            "submission.bill.lines.lines[0].kind",
            "submission.bill.lines.lines[0].quantity",
        ];
        for field in expected {
            assert!(told.iter().any(|told| told == field), "{field} is not among {told:?}");
        }
        request.submission = None;
        assert_eq!(fields(&fails(&house, request).await), ["idempotency_key", "submission"]);
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn an_id_that_looks_like_anothers_is_no_id() {
    on_both(|url| async move {
        let house = town(&url).await;
        house.settles("K0", "p", &visit("B77", "2035-03-01", 10_000)).await;
        let odd = [
            "B77 ",
            " B77",
            "\u{ff22}77",
            "B77\u{200b}",
            "B7\u{ad}7",
            "B77\u{3000}",
            "B7  7",
            "B7\u{2060}7",
            "\u{feff}B77",
        ];
        for (at, id) in odd.into_iter().enumerate() {
            let request = changed(&format!("K1-{at}"), |submission, bill| {
                id.clone_into(&mut bill.bill_id);
                id.clone_into(&mut submission.visit_id);
                id.clone_into(&mut submission.stay_id);
            });
            let told = fields(&fails(&house, request).await);
            let expected = ["visit_id", "stay_id", "bill.bill_id"].map(|field| format!("submission.{field}"));
            assert_eq!(told, expected, "{id:?}");
        }
        for (at, id) in ["门诊-001", "B 77", "b77", "B77/2_a"].into_iter().enumerate() {
            house.settles(&format!("K2-{at}"), "p", &visit(id, "2035-03-01", 10_000)).await;
        }
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn quantities_and_amounts_of_no_bill_are_named_beside_other_mistakes_and_refused_alone() {
    on_both(|url| async move {
        let house = town(&url).await;
        let line = |quantity: &str, amount_fen: i64, unit_price_fen: Option<i64>| FeeLine {
            item: "item".to_owned(),
            kind: LineKind::Drug.into(),
            epidemic: Epidemic::Ordinary.into(),
            quantity: quantity.to_owned(),
            amount_fen,
            unit_price_fen,
            ..FeeLine::default()
        };
        let lines = || {
            let lines = vec![line("0", 0, None), line("-1", 10_000, None), line("1", -5, Some(-5)), line("1", 5, None)];
            Some(bill::Costs::Lines(FeeLines { lines }))
        };
        let request = changed("K1", |_, bill| (bill.care, bill.costs) = (99, lines()));
        let line = |at: usize, field: &str| format!("submission.bill.lines.lines[{at}].{field}");
        let expected = [
            "submission.bill.care".to_owned(),
            line(0, "quantity"),
            line(1, "quantity"),
            line(2, "amount_fen"),
            line(2, "unit_price_fen"),
        ];
        let mut told = fields(&fails(&house, request).await);
        told.sort();
        let mut expected = expected.to_vec();
        expected.sort();
        assert_eq!(told, expected);
        // alone they are the policy's to refuse, with its reasons
        let request = changed("K2", |_, bill| bill.costs = lines());
        let answer = house.client().settle(request).await.expect("an answer").into_inner();
        assert!(matches!(answer.outcome, Some(settle_response::Outcome::Refused(_))), "{answer:?}");
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn what_a_line_cannot_be_is_named_with_all_else_that_cannot_be_read() {
    on_both(|url| async move {
        let house = town(&url).await;
        let request = changed("K1", |_, bill| {
            (bill.care, bill.total_fen, bill.to_date) = (99, 0, "2035-06-02".to_owned());
            let terms = CatalogueTerms {
                class: Some(7),
                price_limit_fen: Some(-3),
                first_self_paid_rate: Some("1.5".to_owned()),
            };
            let line = FeeLine {
                item: "item".to_owned(),
                amount_fen: 999,
                quantity: "2".to_owned(),
                unit_price_fen: Some(500),
                terms: Some(terms),
                ..FeeLine::default()
            };
            bill.costs = Some(bill::Costs::Lines(FeeLines { lines: vec![line] }));
        });
        let line = |field: &str| format!("submission.bill.lines.lines[0].{field}");
        let expected = [
            "submission.bill.care".to_owned(),
            line("kind"),
            line("epidemic"),
            line("terms.class"),
            line("amount_fen"),
            line("terms.price_limit_fen"),
            line("terms.first_self_paid_rate"),
            "submission.bill.total_fen".to_owned(),
            "submission.bill.to_date".to_owned(),
        ];
        assert_eq!(fields(&fails(&house, request).await), expected);
        house.close().await;
    });
}

#[test]
fn a_pharmacys_id_bills_as_a_pharmacy_and_a_hospitals_as_a_hospital() {
    on_both(|url| async move {
        let house = town(&url).await;
        for (id, said) in [("P00000000001", Institution::Tertiary), ("H00000000001", Institution::Pharmacy)] {
            let request = changed("K1", |submission, bill| {
                (submission.institution_id, bill.institution) = (id.to_owned(), said.into());
            });
            assert_eq!(fields(&fails(&house, request).await), ["submission.bill.institution"], "{id}");
        }
        // what a pharmacy may bill is the policy's to say
        let request = changed("K2", |submission, bill| {
            submission.institution_id = "P00000000001".to_owned();
            (bill.institution, bill.care) = (Institution::Pharmacy.into(), Care::Inpatient.into());
        });
        assert_eq!(refused(&house, request).await, [RefusalReason::NotAtPharmacy]);
        house.close().await;
    });
}

#[test]
fn institutions_are_an_h_or_a_p_and_eleven_digits() {
    on_both(|url| async move {
        let house = town(&url).await;
        for bad in ["", "H0000000001", "H000000000011", "X00000000001", "h00000000001", "H0000000000a", "Ｈ00000000001"]
        {
            let status = fails(&house, changed("K1", |submission, _| submission.institution_id = bad.to_owned())).await;
            assert_eq!(fields(&status), ["submission.institution_id"], "{bad}");
        }
        house.close().await;
    });
}

#[test]
fn a_bill_of_nothing_cannot_be_read() {
    on_both(|url| async move {
        let house = town(&url).await;
        let status = fails(&house, asks("K1", "p", &visit("B1", "2035-05-02", 0))).await;
        assert_eq!(fields(&status), ["submission.bill.total_fen"]);
        house.close().await;
    });
}

#[test]
fn a_day_of_service_after_today_cannot_be_read() {
    on_both(|url| async move {
        let house = town(&url).await;
        // it is 10 o'clock of 1 June in China
        let status = fails(&house, asks("K1", "p", &visit("B1", "2035-06-02", 10_000))).await;
        assert_eq!(fields(&status), ["submission.bill.settled_date", "submission.bill.to_date"]);
        house.settles("K1", "p", &visit("B1", "2035-06-01", 10_000)).await;
        // half past midnight of 2 June there, and still 1 June in UTC
        house.clock.set("2035-06-01T16:30:00Z");
        house.settles("K2", "p", &visit("B2", "2035-06-02", 10_000)).await;
        house.close().await;
    });
}

#[test]
fn more_lines_than_are_read_and_messages_beyond_the_limit_are_refused_whole() {
    on_both(|url| async move {
        let house = town(&url).await;
        let lines = |many: usize, item: &str| {
            let terms =
                CatalogueTerms { class: Some(1), first_self_paid_rate: Some("0".to_owned()), ..Default::default() };
            let terms = Some(terms);
            let line =
                FeeLine { item: item.to_owned(), kind: 1, amount_fen: 1, terms, epidemic: 1, ..FeeLine::default() };
            changed("K1", |_, bill| {
                bill.total_fen = i64::try_from(many).unwrap();
                bill.costs = Some(bill::Costs::Lines(FeeLines { lines: vec![line; many] }));
            })
        };
        let status = fails(&house, lines(20_001, "x")).await;
        assert_eq!(
            (reason(&status).as_str(), fields(&status)),
            ("INVALID_FIELDS", vec!["submission.bill.lines.lines".to_owned()])
        );
        // 20,000 are read, and the policy takes 10,000
        assert_eq!(refused(&house, lines(20_000, "x")).await, [RefusalReason::TooManyLines]);
        let status = fails(&house, lines(20_000, &"x".repeat(500))).await;
        assert_eq!((reason(&status).as_str(), status.code()), ("TOO_MUCH", tonic::Code::ResourceExhausted));
        house.close().await;
    });
}

#[test]
fn what_the_policy_says_no_to_is_an_answer_that_keeps_nothing() {
    on_both(|url| async move {
        let house = town(&url).await;
        begun(&house).await;
        // one fen above a thousand million yuan
        let limit = asks("K1", "p", &visit("B1", "2035-03-01", money::Fen::LIMIT.get() + 1));
        assert!(refused(&house, limit).await.contains(&RefusalReason::AmountTooLarge));
        let largest = asks("K2", "p", &visit("B1", "2035-03-01", i64::MAX));
        assert!(refused(&house, largest).await.contains(&RefusalReason::AmountTooLarge));
        let smallest = asks("K3", "p", &visit("B1", "2035-03-01", i64::MIN));
        assert!(refused(&house, smallest).await.contains(&RefusalReason::NegativeAmount));
        let sum = changed("K4", |_, bill| bill.total_fen += 1);
        assert_eq!(refused(&house, sum).await, [RefusalReason::SumMismatch]);
        let uncovered = changed("K5", |submission, _| {
            let covered = Period { from_date: "2035-01-01".to_owned(), to_date: "2035-02-28".to_owned() };
            submission.person_facts.as_mut().unwrap().covered = Some(covered);
        });
        assert_eq!(refused(&house, uncovered).await, [RefusalReason::NotCovered]);
        let nowhere = changed("K6", |submission, _| {
            submission.person_facts.as_mut().unwrap().division = "970000".to_owned();
        });
        assert_eq!(refused(&house, nowhere).await, [RefusalReason::UnknownDivision]);
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn facts_of_a_caller_that_is_not_trusted_are_not_allowed() {
    on_both(|url| async move {
        let wish = Wish { trusts_facts: false, packs: Some(packs()), ..Wish::default() };
        let house = House::open_with(&url, wish).await;
        let status = fails(&house, asks("K1", "p", &visit("B1", "2035-03-01", 10_000))).await;
        assert_eq!(reason(&status), "NOT_ALLOWED");
        assert_eq!(about(&status, "field"), "submission.person_facts");
        house.close().await;
    });
}

#[test]
fn lines_that_are_not_what_the_catalogue_says_are_all_named() {
    on_both(|url| async move {
        let house = town(&url).await;
        begun(&house).await;
        let catalogue = Catalogue::read(&Catalogue::shipped_files()).expect("the catalogue");
        let day = "2035-03-01".parse().unwrap();
        let drugs = catalogue.items(BY_SETTLEMENT.parse().unwrap(), day, Some(terms::LineKind::Drug), None, 1);
        let drug = drugs.first().expect("a drug").code.to_owned();
        let bill = with_lines(&visit("B1", "2035-03-01", 0), &[(1, 1_000), (2, 2_000), (3, 3_000), (4, 4_000)]);
        let mut request = asks("K1", "p", &bill);
        let costs = request.submission.as_mut().unwrap().bill.as_mut().unwrap().costs.as_mut();
        let Some(bill::Costs::Lines(lines)) = costs else { panic!("lines") };
        // a bed is no drug, whoever looks it up; the last line's item is none of the catalogue's
        for line in &mut lines.lines[..3] {
            (line.item, line.kind) = (drug.clone(), LineKind::Bed.into());
        }
        lines.lines[1].kind = LineKind::Drug.into();
        (lines.lines[0].terms, lines.lines[1].terms, lines.lines[3].terms) = (None, None, None);
        let status = fails(&house, request).await;
        assert_eq!(reason(&status), "CATALOGUE_MISMATCH");
        let told = fields(&status);
        for (line, is_named) in [(0, true), (1, false), (2, true), (3, false)] {
            let kind = format!("submission.bill.lines.lines[{line}].kind");
            assert_eq!(told.contains(&kind), is_named, "{told:?}");
        }
        house.close().await;
    });
}

#[test]
fn what_is_asked_of_claims_is_read_as_strictly() {
    on_both(|url| async move {
        let house = town(&url).await;
        let bill = with_lines(&visit("B1", "2035-03-01", 0), &[(10, 1_000), (1, 3_000)]);
        let claim = house.settles("K1", "p", &bill).await.claim_id;
        let before = rows(&house.database).await;
        let mut request = reversal("", &claim);
        (request.reason, request.institution_id) = (String::new(), "1".to_owned());
        let status = house.client().reverse_claim(request).await.expect_err("three mistakes");
        assert_eq!(fields(&status), ["idempotency_key", "institution_id", "reason"]);
        let twice = refund("F1", &claim, &[(0, 1_000), (0, 0)]);
        let status = house.client().refund_lines(twice).await.expect_err("two mistakes");
        assert_eq!(fields(&status), ["lines[1].line", "lines[1].amount_fen"]);
        let status = house.client().refund_lines(refund("F1", &claim, &[])).await.expect_err("nothing");
        assert_eq!(fields(&status), ["lines"]);
        let status = house.client().refund_lines(refund("F1", &claim, &[(7, 1)])).await.expect_err("no such line");
        assert_eq!(reason(&status), "INVALID_FIELDS");
        // 10.01 are no whole units of 10.00, and 0.1 % of a unit is no exact quantity of 30.00
        let status = house.client().refund_lines(refund("F1", &claim, &[(1, 1)])).await.expect_err("no exact quantity");
        assert_eq!(reason(&status), "INVALID_FIELDS");
        let mut elsewhere = reversal("R1", &claim);
        elsewhere.institution_id = "H00000000002".to_owned();
        let status = house.client().reverse_claim(elsewhere).await.expect_err("another institution's");
        assert_eq!(reason(&status), "NOT_FOUND");
        let submission = asks("K2", "p", &stay("B2", ("2035-03-01", "2035-03-02"), 10_000)).submission;
        let interim = SettleInterimRequest { idempotency_key: "K2".to_owned(), submission };
        let status = house.client().settle_interim(interim).await.expect_err("no stay");
        assert_eq!(fields(&status), ["submission.stay_id"]);
        assert_eq!(rows(&house.database).await, before);
        house.is_sound().await;
        house.close().await;
    });
}
