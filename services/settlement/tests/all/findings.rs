//! What a hospital's programmer gets wrong: it is said clearly, once, and all of it.

use pb::policy::v1::{CatalogueTerms, FeeLine, FeeLines, bill};
use pb::settlement::v1::{
    Claim, GetClaimRequest, PreSettleRequest, SettleInterimRequest, SettleInterimResponse, SettleRequest, UnlistedWhy,
    pre_settle_response, settle_interim_response,
};
use pb::r#type::v1::{Epidemic, LineKind};
use settlement::catalogue::Catalogue;
use testkit::{on_both, on_postgres};
use tokio::task::JoinSet;
use tonic::Status;

use crate::support::House;
use crate::world::{about, asks, claim_of, count, fields, reason, refund, split, stay, town, visit};

const DAY: &str = "2035-03-01";

fn line(item: &str, kind: LineKind, amount_fen: i64) -> FeeLine {
    let (kind, epidemic) = (kind.into(), Epidemic::Ordinary.into());
    FeeLine { item: item.to_owned(), kind, amount_fen, epidemic, ..FeeLine::default() }
}

/// A line within scope, whose terms a trusted caller hands in.
fn paid(amount_fen: i64) -> FeeLine {
    let class = Some(pb::r#type::v1::LineClass::ClassA.into());
    let terms = CatalogueTerms { class, price_limit_fen: None, first_self_paid_rate: Some("0".to_owned()) };
    FeeLine { terms: Some(terms), ..line("paid", LineKind::Service, amount_fen) }
}

/// A service that the shipped catalogue has, of class A and without a price limit.
fn known() -> String {
    let catalogue = Catalogue::read(&Catalogue::shipped_files()).expect("the catalogue");
    let (place, day) = ("990000".parse().unwrap(), DAY.parse().unwrap());
    let services = catalogue.items(place, day, Some(terms::LineKind::Service), None, 500);
    let of_class_a = services.iter().find(|item| item.class.0 == terms::LineClass::A && item.price_limit.is_none());
    of_class_a.expect("a service").code.to_owned()
}

fn of_lines(key: &str, lines: Vec<FeeLine>) -> SettleRequest {
    let mut request = asks(key, "p", &visit(key, DAY, lines.iter().map(|line| line.amount_fen).sum()));
    request.submission.as_mut().unwrap().bill.as_mut().unwrap().costs = Some(bill::Costs::Lines(FeeLines { lines }));
    request
}

fn unlisted(claim: &Claim) -> Vec<(u32, &str, &str, UnlistedWhy)> {
    claim.unlisted_lines.iter().map(|one| (one.line, one.item.as_str(), one.on_date.as_str(), one.why())).collect()
}

#[test]
fn a_line_whose_item_nobody_knows_is_self_paid_and_the_answer_says_so_and_what_to_do() {
    on_both(|url| async move {
        let house = town(&url).await;
        let typo = format!("{}7", known());
        let lines = vec![paid(50_000), line(&typo, LineKind::Service, 10_000)];
        let request = of_lines("K1", lines);
        let asked = PreSettleRequest { submission: request.submission.clone() };
        let would = house.client().pre_settle(asked).await.expect("pre-settled").into_inner();
        let Some(pre_settle_response::Outcome::Claim(would)) = would.outcome else { panic!("not settled") };
        let claim = claim_of(house.client().settle(request).await.expect("settled").into_inner());
        // (500.00 - 300.00) x 0.8; the other line is paid whole by the person
        assert_eq!(split(&claim), [16_000, 0, 0, 44_000]);
        let expected = [(1, typo.as_str(), DAY, UnlistedWhy::UnknownItem)];
        assert_eq!((unlisted(&would), unlisted(&claim)), (expected.to_vec(), expected.to_vec()));
        let hint = &claim.unlisted_lines[0].hint;
        for what in ["990000", "ListItems", "reverse", "terms"] {
            assert!(hint.contains(what), "{hint}");
        }
        // it is said as long as the claim stands, whatever else becomes of it
        let given_back = refund("F1", &claim.claim_id, &[(0, 10_000)]);
        house.client().refund_lines(given_back).await.expect("refunded");
        let request = GetClaimRequest { claim_id: claim.claim_id, revision: None, with_steps: false };
        let now = house.client().get_claim(request).await.expect("a claim").into_inner().claim.expect("a claim");
        assert_eq!(unlisted(&now), expected);
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn of_a_stay_every_part_names_its_unknown_lines_by_their_place_in_the_whole() {
    on_both(|url| async move {
        let house = town(&url).await;
        let part = |key: &str, from: &str, to: &str| {
            let mut request = of_lines(key, vec![paid(50_000), line(key, LineKind::Service, 100)]);
            let submission = request.submission.as_mut().unwrap();
            submission.stay_id = "S1".to_owned();
            let of_stay = stay(key, (from, to), 50_100);
            let bill = submission.bill.as_mut().unwrap();
            let costs = bill.costs.take();
            *bill = wire::write::bill(&of_stay, true);
            bill.costs = costs;
            request
        };
        let interim = part("K1", "2035-03-01", "2035-03-05");
        let interim = SettleInterimRequest { idempotency_key: "K1".to_owned(), submission: interim.submission };
        house.client().settle_interim(interim).await.expect("settled");
        let whole = house.client().settle(part("K2", "2035-03-06", "2035-03-09")).await.expect("settled").into_inner();
        let expected =
            [(1, "K1", "2035-03-05", UnlistedWhy::UnknownItem), (3, "K2", "2035-03-09", UnlistedWhy::UnknownItem)];
        assert_eq!(unlisted(&claim_of(whole)), expected);
        house.close().await;
    });
}

/// Settles a part of the stay S1 for somebody.
fn part(key: &str, who: &str) -> SettleInterimRequest {
    let mut submission = asks(key, who, &stay(key, ("2035-03-01", "2035-03-05"), 100_000)).submission.unwrap();
    submission.stay_id = "S1".to_owned();
    SettleInterimRequest { idempotency_key: key.to_owned(), submission: Some(submission) }
}

#[track_caller]
fn is_anothers(status: &Status) {
    let said = (reason(status), about(status, "state"), about(status, "field"), about(status, "claim_id"));
    let expected = ["WRONG_STATE", "anothers", "submission.stay_id", ""].map(str::to_owned);
    assert_eq!([said.0, said.1, said.2, said.3], expected);
}

fn claim_of_part(answer: SettleInterimResponse) -> Claim {
    match answer.outcome {
        Some(settle_interim_response::Outcome::Claim(claim)) => claim,
        other => panic!("not settled: {other:?}"),
    }
}

#[test]
fn a_bill_under_another_persons_stay_is_refused_and_says_nothing_of_the_others_claim() {
    on_both(|url| async move {
        let house = town(&url).await;
        let mut client = house.client();
        let first = claim_of_part(client.settle_interim(part("K1", "p")).await.expect("settled").into_inner());
        is_anothers(&client.settle_interim(part("K2", "q")).await.expect_err("another's stay"));
        let last = SettleRequest { idempotency_key: "K3".to_owned(), submission: part("K3", "q").submission };
        is_anothers(&client.settle(last.clone()).await.expect_err("another's stay"));
        let asked = PreSettleRequest { submission: last.submission.clone() };
        is_anothers(&client.pre_settle(asked).await.expect_err("another's stay"));
        // nor once it has ended
        let ends = SettleRequest { idempotency_key: "K4".to_owned(), submission: part("K4", "p").submission };
        let whole = claim_of(client.settle(ends).await.expect("settled").into_inner());
        is_anothers(&client.settle(last.clone()).await.expect_err("another's stay"));
        // billed to the wrong person, reversed, and billed to the right one
        assert_ne!(first.claim_id, whole.claim_id);
        house.reverses("R1", &whole).await.expect("reversed");
        client.settle(last).await.expect("settled");
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn a_stay_begun_for_two_persons_at_two_replicas_at_once_is_one_persons() {
    on_postgres(|url| async move {
        let (house, other): (House, House) = (town(&url).await, town(&url).await);
        for round in 0..12 {
            let mut tasks = JoinSet::new();
            for (house, who) in [(&house, "p"), (&other, "q")] {
                let mut request = part(&format!("{who}{round}"), who);
                request.submission.as_mut().unwrap().stay_id = format!("S{round}");
                let mut client = house.client();
                tasks.spawn(async move { client.settle_interim(request).await });
            }
            let answers = tasks.join_all().await;
            let told: Vec<&Status> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
            assert_eq!(told.len(), 1, "{round}: {answers:?}");
            is_anothers(told[0]);
        }
        assert_eq!(count(&house.database, "SELECT COUNT(*) AS n FROM claim").await, 12);
        house.is_sound().await;
        house.close().await;
        other.close().await;
    });
}

#[test]
fn costs_that_do_not_add_up_are_named_with_all_else_that_is_wrong() {
    on_both(|url| async move {
        let house = town(&url).await;
        // the parts, with a word that is none
        let mut request = asks("K1", "p", &visit("B1", DAY, 10_000));
        let bill = request.submission.as_mut().unwrap().bill.as_mut().unwrap();
        (bill.care, bill.total_fen) = (99, 10_001);
        let status = house.client().settle(request).await.expect_err("two mistakes");
        assert_eq!(fields(&status), ["submission.bill.care", "submission.bill.total_fen"]);
        // the lines, with a key that is none
        let mut request = of_lines("K3", vec![line(&known(), LineKind::Service, 50_000)]);
        request.idempotency_key = String::new();
        request.submission.as_mut().unwrap().bill.as_mut().unwrap().total_fen = 49_999;
        let status = house.client().settle(request).await.expect_err("two mistakes");
        assert_eq!(fields(&status), ["idempotency_key", "submission.bill.total_fen"]);
        // and with a word that is not the catalogue's
        let mut request = of_lines("K2", vec![line(&known(), LineKind::Bed, 50_000)]);
        request.submission.as_mut().unwrap().bill.as_mut().unwrap().total_fen = 49_999;
        let status = house.client().settle(request).await.expect_err("two mistakes");
        let named = ["submission.bill.lines.lines[0].kind", "submission.bill.total_fen"].map(str::to_owned);
        assert_eq!((reason(&status).as_str(), fields(&status)), ("CATALOGUE_MISMATCH", named.to_vec()));
        house.close().await;
    });
}

#[test]
fn who_knows_that_an_item_is_outside_the_catalogue_says_so_with_empty_terms() {
    on_both(|url| async move {
        let house = town(&url).await;
        let mut own = line("a massage", LineKind::Service, 10_000);
        own.terms = Some(CatalogueTerms::default());
        let request = of_lines("K1", vec![paid(50_000), own]);
        let claim = claim_of(house.client().settle(request).await.expect("settled").into_inner());
        assert_eq!((split(&claim), unlisted(&claim)), ([16_000, 0, 0, 44_000], Vec::new()));
        house.close().await;
    });
}
