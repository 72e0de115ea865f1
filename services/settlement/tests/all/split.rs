//! A bill split by the place of care: its own catalogue and price limits, nothing decided, nothing kept.

use pb::policy::v1 as policy_pb;
use pb::policy::v1::{Bill, CatalogueTerms, FeeLine, FeeLines, LineSplit, Parts, RefusalReason, Rule, bill};
use pb::settlement::v1::split_bill_response::Outcome;
use pb::settlement::v1::split_service_client::SplitServiceClient;
use pb::settlement::v1::{Split, SplitBillRequest, UnlistedWhy};
use pb::r#type::v1::{Care, Epidemic, Institution, LineClass, LineKind, PersonGroup, Referral, Scheme};
use testkit::on_both;
use tonic::Status;

use crate::support::{House, shipped};
use crate::world::{count, fields, reason, rows};

const BED: &str = "001109000010000";
const DIALYSIS: &str = "003110000000000";
const ATORVASTATIN: &str = "XC10AAA046A001010100740";

fn line(item: &str, kind: LineKind, (quantity, price): (i64, i64)) -> FeeLine {
    FeeLine {
        item: item.to_owned(),
        kind: kind.into(),
        amount_fen: quantity * price,
        quantity: quantity.to_string(),
        unit_price_fen: Some(price),
        epidemic: Epidemic::Ordinary.into(),
        service_date: "2022-03-05".to_owned(),
        terms: None,
    }
}

/// A stay in March 2022 of somebody who is insured elsewhere; the hospital says neither place nor filing.
fn asks(lines: Vec<FeeLine>) -> SplitBillRequest {
    let bill = Bill {
        bill_id: "B1".to_owned(),
        care: Care::Inpatient.into(),
        institution: Institution::Tertiary.into(),
        referral: Referral::FollowedReferral.into(),
        from_date: "2022-03-01".to_owned(),
        to_date: "2022-03-10".to_owned(),
        total_fen: lines.iter().map(|line| line.amount_fen).sum(),
        costs: Some(bill::Costs::Lines(FeeLines { lines })),
        ..Bill::default()
    };
    SplitBillRequest {
        division: "450000".to_owned(),
        bill: Some(bill),
        scheme: Scheme::Resident.into(),
        group: PersonGroup::Adult.into(),
        policy_version: String::new(),
    }
}

fn stay() -> Vec<FeeLine> {
    let epidemic = FeeLine { epidemic: Epidemic::Epidemic.into(), ..line(BED, LineKind::Bed, (1, 3_000)) };
    vec![
        line(BED, LineKind::Bed, (10, 4_000)),
        line(DIALYSIS, LineKind::Service, (2, 40_000)),
        line(ATORVASTATIN, LineKind::Drug, (3, 500)),
        line("NO-SUCH-ITEM", LineKind::Drug, (1, 2_500)),
        epidemic,
    ]
}

async fn outcome(house: &House, request: SplitBillRequest) -> Result<Outcome, Status> {
    let before = (rows(&house.database).await, keys(house).await);
    let answer = SplitServiceClient::new(house.channel()).split_bill(request).await;
    assert_eq!((rows(&house.database).await, keys(house).await), before, "nothing is kept");
    Ok(answer?.into_inner().outcome.expect("an outcome"))
}

async fn keys(house: &House) -> i64 {
    count(&house.database, "SELECT COUNT(*) AS n FROM idempotency").await
}

async fn splits(house: &House, request: SplitBillRequest) -> Split {
    match outcome(house, request).await.expect("an answer") {
        Outcome::Split(split) => split,
        Outcome::Refused(refusal) => panic!("refused: {refusal:?}"),
    }
}

async fn refuses(house: &House, request: SplitBillRequest) -> policy_pb::Refusal {
    match outcome(house, request).await.expect("an answer") {
        Outcome::Refused(refusal) => refusal,
        Outcome::Split(split) => panic!("split: {split:?}"),
    }
}

async fn fails(house: &House, request: SplitBillRequest) -> Status {
    outcome(house, request).await.expect_err("it cannot be read")
}

fn parts(outside: i64, over: i64, first: i64, within: i64) -> Parts {
    Parts {
        outside_catalogue_fen: outside,
        over_limit_fen: over,
        first_self_paid_fen: first,
        within_scope_fen: within,
        ..Parts::default()
    }
}

#[test]
fn each_line_is_split_by_the_catalogue_and_the_price_limits_of_the_place_of_care() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        let split = splits(&house, asks(stay())).await;
        let whole = |parts| LineSplit { parts: Some(parts), ..LineSplit::default() };
        let apart = LineSplit { apart_fen: 3_000, ..whole(parts(0, 0, 0, 3_000)) };
        let lines = [
            // 10 × 28.00 of 400.00, class A
            whole(parts(0, 12_000, 0, 28_000)),
            // 2 × 380.00 of 800.00, class A
            whole(parts(0, 4_000, 0, 76_000)),
            // 3 × 3.84 = 11.52 of 15.00, class B: 11.52 × 0.15 = 1.728
            whole(parts(0, 348, 173, 979)),
            // in no catalogue
            whole(parts(2_500, 0, 0, 0)),
            // of an epidemic: all of it, over the limit too
            apart,
        ];
        assert_eq!(split.lines, lines);
        assert_eq!(split.parts, Some(Parts { apart_fen: 3_000, ..parts(2_500, 16_348, 173, 107_979) }));
        let steps: Vec<_> = split.steps.iter().map(|step| (step.line.unwrap(), step.rule())).collect();
        let told = [
            (0, Rule::OverLimit),
            (1, Rule::OverLimit),
            (2, Rule::OverLimit),
            (2, Rule::FirstSelfPaid),
            (3, Rule::OutsideCatalogue),
            (4, Rule::BorneApart),
        ];
        assert_eq!(steps, told);
        let cited = &split.citations[split.steps[5].source.expect("a clause") as usize];
        assert_eq!((cited.cite.as_slice(), cited.division.as_str()), (&["GX-19".to_owned()][..], "450000"));
        assert!(split.clauses.iter().any(|clause| clause.clause_id == "GX-19"));
        let [unlisted] = split.unlisted_lines.as_slice() else { panic!("{:?}", split.unlisted_lines) };
        assert_eq!((unlisted.line, unlisted.item.as_str()), (3, "NO-SUCH-ITEM"));
        assert_eq!((unlisted.on_date.as_str(), unlisted.why()), ("2022-03-05", UnlistedWhy::UnknownItem));
        assert_eq!(
            (split.policy_version, split.rules_date),
            (shipped().version().to_string(), "2022-03-10".to_owned())
        );
        assert_eq!((split.catalogue_version.len(), split.split_sha256.len()), (64, 64));
        house.close().await;
    });
}

#[test]
fn the_same_bill_gives_the_same_hash_on_any_day_and_another_bill_another() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        let first = splits(&house, asks(stay())).await;
        assert_eq!(splits(&house, asks(stay())).await, first);
        house.clock.set("2036-01-02T02:00:00Z");
        let named = SplitBillRequest { policy_version: first.policy_version.clone(), ..asks(stay()) };
        assert_eq!(splits(&house, named).await, first, "another day, the version named");
        let elsewhere = SplitBillRequest { division: "370800".to_owned(), ..asks(stay()) };
        let fewer = asks(stay().split_off(1));
        let mut other_word = stay();
        other_word[3].kind = LineKind::Consumable.into();
        let mut hashes = vec![first.split_sha256];
        for request in [elsewhere, fewer, asks(other_word)] {
            hashes.push(splits(&house, request).await.split_sha256);
        }
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), 4);
        house.close().await;
    });
}

#[test]
fn a_bill_in_parts_and_all_else_that_cannot_be_read_is_told_at_once() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        let mut request = asks(Vec::new());
        let bill = request.bill.as_mut().unwrap();
        bill.costs = Some(bill::Costs::Parts(parts(0, 0, 0, 100)));
        bill.total_fen = 100;
        let status = fails(&house, request.clone()).await;
        assert_eq!((reason(&status).as_str(), fields(&status)), ("INVALID_FIELDS", vec!["bill.parts".to_owned()]));
        request.bill.as_mut().unwrap().total_fen = 101;
        (request.division, request.policy_version) = ("45".to_owned(), "head".to_owned());
        (request.scheme, request.group) = (0, 99);
        let told = fields(&fails(&house, request).await);
        let wanted = ["division", "scheme", "group", "policy_version", "bill.parts", "bill.total_fen"];
        assert_eq!(told, wanted);
        house.close().await;
    });
}

#[test]
fn words_that_are_not_the_catalogues_are_a_mismatch() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        let mut lines = stay();
        lines[0].terms = Some(CatalogueTerms { class: Some(LineClass::ClassB.into()), ..CatalogueTerms::default() });
        let status = fails(&house, asks(lines)).await;
        assert_eq!(reason(&status), "CATALOGUE_MISMATCH");
        let wanted = ["class", "price_limit_fen"].map(|field| format!("bill.lines.lines[0].terms.{field}"));
        assert_eq!(fields(&status), wanted);
        house.close().await;
    });
}

#[test]
fn what_the_policy_of_the_place_of_care_says_no_to_is_refused_with_its_clause() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        let nowhere = SplitBillRequest { division: "110000".to_owned(), ..asks(stay()) };
        let group = SplitBillRequest { group: PersonGroup::Retired.into(), ..asks(stay()) };
        for (request, wanted) in [(nowhere, RefusalReason::UnknownDivision), (group, RefusalReason::WrongGroup)] {
            let refusal = refuses(&house, request).await;
            let [cause] = refusal.causes.as_slice() else { panic!("{refusal:?}") };
            assert_eq!(cause.reason(), wanted);
            assert!(!cause.cite.is_empty() && !refusal.clauses.is_empty(), "{refusal:?}");
        }
        house.close().await;
    });
}
