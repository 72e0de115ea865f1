//! A bill that comes in fee lines is split by the place of care, with its own catalogue and limits, and decided by the place of insurance.

use ::pb::policy::v1::bill::Costs;
use ::pb::policy::v1::{Bill, CatalogueTerms, FeeLine, FeeLines};
use ::pb::settlement::v1::Outcome;
use ::pb::r#type::v1::{Epidemic, LineClass, LineKind, PersonGroup};
use pb::NotSettledWhy;
use pb::cross_province::v1 as pb;
use pb::settle_bill_response::Outcome as Answer;
use testkit::on_both;
use tonic_types::StatusExt as _;

use crate::pair::{Pair, asks, visit};
use crate::thin::{is_even, outcome, reason};

/// A line of so many fen, with a unit price limit where there is one.
fn line(class: Option<LineClass>, amount: i64, limit: Option<i64>) -> FeeLine {
    let terms = CatalogueTerms { class: class.map(i32::from), price_limit_fen: limit, first_self_paid_rate: None };
    FeeLine {
        item: "X-1".to_owned(),
        kind: LineKind::Drug.into(),
        amount_fen: amount,
        quantity: "1".to_owned(),
        unit_price_fen: Some(amount),
        epidemic: Epidemic::Ordinary.into(),
        service_date: "2026-03-01".to_owned(),
        terms: Some(terms),
    }
}

fn of_lines(id: &str, lines: Vec<FeeLine>) -> Bill {
    let total = lines.iter().map(|line| line.amount_fen).sum();
    Bill { costs: Some(Costs::Lines(FeeLines { lines })), ..visit(id, total) }
}

/// 1,625.00 of class B, 100.00 outside the catalogue, 60.00 above a limit of 40.00.
fn lines() -> Vec<FeeLine> {
    vec![
        line(Some(LineClass::ClassB), 162_500, None),
        line(None, 10_000, None),
        line(Some(LineClass::ClassA), 10_000, Some(4_000)),
    ]
}

async fn settles(pair: &Pair, key: &str, bill: Bill) -> Result<Answer, tonic::Status> {
    Ok(pair.hospital().settle_bill(asks(key, bill)).await?.into_inner().outcome.expect("an outcome"))
}

#[test]
fn lines_are_split_here_and_decided_there() {
    on_both(|url| async move {
        let pair = Pair::open(&url).await;
        let bill = pair.settles("K1", of_lines("B1", lines())).await;
        // class B: 20 % of 1,625.00 first = 325.00, 1,300.00 within scope; with the 40.00 below the limit 1,340.00
        let parts: Vec<_> = bill.lines.iter().map(|line| line.parts.unwrap()).collect();
        let split: Vec<_> = parts
            .iter()
            .map(|p| (p.outside_catalogue_fen, p.over_limit_fen, p.first_self_paid_fen, p.within_scope_fen))
            .collect();
        assert_eq!(split, [(0, 0, 32_500, 130_000), (10_000, 0, 0, 0), (0, 6_000, 0, 4_000)]);
        // 300.00 deductible, 80 % of 1,040.00
        assert_eq!((bill.owed_fen, bill.cash_fen, bill.hospital_fen), (83_200, 182_500 - 83_200, 0));
        assert_eq!((bill.care_policy_version.len(), bill.policy_version.len()), (64, 64));
        assert!(matches!(bill.bill.as_ref().unwrap().costs, Some(Costs::Parts(_))));
        is_even(&pair).await;
        // the same call again is the same bill, and so is the bill when it is asked for
        assert_eq!(pair.settles("K1", of_lines("B1", lines())).await, bill);
        let request = pb::GetBillRequest { bill_id: bill.bill_id.clone() };
        assert_eq!(pair.hospital().get_bill(request).await.unwrap().into_inner().bill, Some(bill));
        let mut other = lines();
        other[1].item = "X-2".to_owned();
        assert_eq!(reason(&settles(&pair, "K1", of_lines("B1", other)).await.unwrap_err()), "KEY_REUSED");
    });
}

#[test]
fn what_the_rules_of_the_place_of_care_refuse_asks_nobody_else() {
    on_both(|url| async move {
        let pair = Pair::open(&url).await;
        let mut request = asks("K1", of_lines("B1", lines()));
        // a retiree is of the employees' scheme
        request.submission.as_mut().unwrap().group = PersonGroup::Retired.into();
        let answer = pair.hospital().settle_bill(request.clone()).await.unwrap().into_inner();
        let Some(Answer::NotSettled(no)) = answer.outcome.clone() else { panic!("settled") };
        assert_eq!((no.why(), no.bill_id.as_str()), (NotSettledWhy::RefusedHere, ""));
        assert!(no.refusal.is_some_and(|refusal| !refusal.causes.is_empty()));
        assert_eq!(outcome(&pair, "K1").await, Outcome::Refused);
        assert_eq!(pair.hospital().settle_bill(request).await.unwrap().into_inner(), answer);
        let nothing = "SELECT COUNT(*) AS n FROM message";
        assert_eq!(Pair::count(&pair.insured.database, nothing).await, 0);
        // set right it is settled under another key, and the first stays what it was
        let right = settles(&pair, "K1", of_lines("B1", lines())).await.unwrap_err();
        assert_eq!(reason(&right), "KEY_REUSED");
        pair.settles("K2", of_lines("B1", lines())).await;
        is_even(&pair).await;
    });
}

#[test]
fn everything_wrong_with_the_lines_is_said_of_the_submission_s_own_fields() {
    on_both(|url| async move {
        let pair = Pair::open(&url).await;
        let mut wrong = lines();
        (wrong[0].amount_fen, wrong[2].item) = (0, String::new());
        let status = settles(&pair, "K1", of_lines("B1", wrong)).await.unwrap_err();
        let fields = status.get_error_details().bad_request().unwrap().field_violations.clone();
        let fields: Vec<_> = fields.iter().map(|field| field.field.as_str()).collect();
        assert!(!fields.is_empty() && fields.iter().all(|field| field.starts_with("submission.bill.")), "{status:?}");
        // without terms a line is looked up in this bureau's catalogue, which has no words of its own here
        let mut unlisted = lines();
        unlisted[0].terms = None;
        let bill = pair.settles("K2", of_lines("B2", unlisted)).await;
        let first = bill.lines[0].parts.unwrap();
        assert_eq!(first.outside_catalogue_fen, 162_500, "what no catalogue lists is the patient's");
    });
}
