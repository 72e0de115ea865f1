use pb::policy::v1::{Accumulators, Meter};
use pb::settlement::v1::reverse_claim_request::Original;
use pb::settlement::v1::{GetAccumulatorsRequest, GetAccumulatorsResponse, OpenYearRequest, ReverseClaimRequest};
use pb::r#type::v1::Scheme;
use testkit::on_both;

use super::{Accounts, accounts, bind, credit};
use crate::counter::{Paper, fields, said};
use crate::support::{House, institution};

fn start() -> Accumulators {
    let meter = Meter { name: "resident.inpatient.pooled".to_owned(), base_fen: 7, paid_fen: 5, ..Meter::default() };
    Accumulators { admissions: 1, meters: vec![meter], ..Accumulators::default() }
}

fn open(key: &str, person: &str, year: u32) -> OpenYearRequest {
    OpenYearRequest {
        idempotency_key: key.to_owned(),
        person_id: person.to_owned(),
        year,
        accumulators: Some(start()),
        source: "the system before".to_owned(),
        operator_id: "migration".to_owned(),
        division: "370800".to_owned(),
        replaces: String::new(),
    }
}

async fn accumulated(client: &mut Accounts, person: &str, year: u32) -> GetAccumulatorsResponse {
    let asked = GetAccumulatorsRequest { person_id: person.to_owned(), year };
    client.get_accumulators(asked).await.expect("accumulators").into_inner()
}

#[test]
fn a_year_is_opened_once_and_never_behind_a_claim() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        house.clock.set("2022-06-15T02:00:00Z");
        let mut client = accounts(&house);
        let empty = accumulated(&mut client, "P1", 2022).await;
        assert_eq!(
            empty,
            GetAccumulatorsResponse { accumulators: Some(Accumulators::default()), ..Default::default() }
        );
        let opened = client.open_year(open("o", "P1", 2022)).await.expect("opened").into_inner();
        assert_eq!(opened.accumulators, Some(start()));
        assert_eq!(accumulated(&mut client, "P1", 2022).await.accumulators, Some(start()));
        assert_eq!(accumulated(&mut client, "P1", 2022).await.opening_id, opened.opening_id);
        let twice = client.open_year(open("o2", "P1", 2022)).await.expect_err("open");
        assert_eq!(said(&twice, "state"), ("WRONG_STATE".into(), "begun".into()));
        assert_eq!(said(&twice, "opening_id").1, opened.opening_id);
        let other = client.open_year(open("o", "P1", 2023)).await.expect_err("another year");
        assert_eq!(said(&other, "field"), ("KEY_REUSED".into(), "year".into()));
        let hospital = institution(1);
        let paper = Paper { person: "P2", institution: &hospital, bill: "B", scheme: Scheme::Employee, fen: 10_000 };
        paper.settle(&mut house.client()).await;
        let behind = client.open_year(open("o3", "P2", 2022)).await.expect_err("a claim");
        assert_eq!(said(&behind, "state"), ("WRONG_STATE".into(), "begun".into()));
        house.close().await;
    });
}

#[test]
fn a_year_starts_with_meters_and_without_balances() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        house.clock.set("2022-06-15T02:00:00Z");
        let mut client = accounts(&house);
        let nothing = client.open_year(OpenYearRequest::default()).await.expect_err("nothing of it");
        let expected = ["idempotency_key", "person_id", "year", "accumulators", "source", "operator_id", "division"];
        assert_eq!(fields(&nothing), expected);
        let mut wrong = start();
        (wrong.account_fen, wrong.family_account_fen, wrong.meters[0].paid_fen) = (1, 2, -1);
        let wrong = OpenYearRequest { accumulators: Some(wrong), ..open("o", "P1", 2022) };
        let refused = client.open_year(wrong).await.expect_err("balances");
        let expected =
            ["account_fen", "family_account_fen", "meters[0].paid_fen"].map(|field| format!("accumulators.{field}"));
        assert_eq!(fields(&refused), expected);
        house.close().await;
    });
}

#[test]
fn a_meter_or_a_part_that_the_division_does_not_count_in_that_year_is_refused_with_all_else_at_once() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        house.clock.set("2022-06-15T02:00:00Z");
        let mut client = accounts(&house);
        let meter = |name: &str, part: &str| Meter { name: name.to_owned(), part: part.to_owned(), ..Meter::default() };
        let meters = vec![
            meter("resident.inpatient.pooled", ""),
            meter("resident.inpatient.poold", ""),
            Meter { paid_fen: -1, base_fen: 100_000_000_001, ..meter("resident.inpatient.pooled", "M13") },
            meter("", ""),
        ];
        let accumulators = Some(Accumulators { admissions: 367, account_fen: 5, meters, ..Accumulators::default() });
        let wrong = OpenYearRequest { accumulators, source: String::new(), ..open("o", "P1", 2016) };
        let refused = client.open_year(wrong.clone()).await.expect_err("typing errors");
        let below = |field: &str| format!("accumulators.{field}");
        let shape = ["meters[3].name", "admissions", "account_fen", "meters[2].base_fen", "meters[2].paid_fen"];
        let expected: Vec<String> = ["year", "source"].map(str::to_owned).into_iter().chain(shape.map(below)).collect();
        assert_eq!(fields(&refused), expected, "of a year that is none no meter is known");
        let refused = client.open_year(OpenYearRequest { year: 2022, ..wrong }).await.expect_err("typing errors");
        let named = ["meters[1].name", "meters[2].part"];
        let expected: Vec<String> =
            ["source"].map(str::to_owned).into_iter().chain(shape.map(below)).chain(named.map(below)).collect();
        assert_eq!(fields(&refused), expected);
        for (year, division, field) in [(2024, "370800", "year"), (2022, "110000", "division")] {
            let wrong = OpenYearRequest { division: division.to_owned(), ..open("o", "P1", year) };
            assert_eq!(fields(&client.open_year(wrong).await.expect_err("no policy")), [field]);
        }
        assert_eq!(accumulated(&mut client, "P1", 2022).await.opening_id, "");
        client.open_year(open("o", "P1", 2023)).await.expect("the next year can be opened");
        house.close().await;
    });
}

#[test]
fn a_year_cannot_start_with_more_paid_than_there_were_costs_or_than_the_policy_lets_be_paid() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        house.clock.set("2022-06-15T02:00:00Z");
        let mut client = accounts(&house);
        let asked = |key: &str, name: &str, base_fen: i64, paid_fen: i64| {
            let meter = Meter { name: name.to_owned(), base_fen, paid_fen, ..Meter::default() };
            let accumulators = Accumulators { meters: vec![meter], ..Accumulators::default() };
            OpenYearRequest { accumulators: Some(accumulators), ..open(key, key, 2021) }
        };
        let paid = ["accumulators.meters[0].paid_fen"];
        let beyond = client.open_year(asked("a", "resident.inpatient.pooled", 4, 5)).await.expect_err("of no costs");
        assert_eq!(fields(&beyond), paid);
        // serious illness insurance pays 300,000.00 a year there until 2022
        let (base, ceiling) = (90_000_000_000, 30_000_000);
        let beyond = asked("b", "resident.serious_illness", base, ceiling + 1);
        assert_eq!(fields(&client.open_year(beyond).await.expect_err("beyond the ceiling")), paid);
        client.open_year(asked("c", "resident.serious_illness", base, ceiling)).await.expect("the ceiling is reached");
        // the deductible and the costs paid on are parts of the costs looked at
        let parts = |key: &str, deductible_fen: i64, cost_fen: i64| {
            let name = "resident.inpatient.pooled".to_owned();
            let meter = Meter { name, deductible_fen, cost_fen, base_fen: 100_000, ..Meter::default() };
            let accumulators = Accumulators { meters: vec![meter], ..Accumulators::default() };
            OpenYearRequest { accumulators: Some(accumulators), ..open(key, key, 2021) }
        };
        for (deductible, cost, field) in [
            (100_001, 0, "accumulators.meters[0].deductible_fen"),
            (0, 100_001, "accumulators.meters[0].cost_fen"),
            (40_000, 60_001, "accumulators.meters[0].cost_fen"),
        ] {
            let beyond = client.open_year(parts("d", deductible, cost)).await.expect_err("more than there were costs");
            assert_eq!(fields(&beyond), [field], "{deductible} and {cost}");
        }
        client.open_year(parts("d", 40_000, 60_000)).await.expect("all of the costs");
        house.close().await;
    });
}

#[test]
fn accumulators_come_with_the_balances_of_now_and_the_last_claim_that_stands() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        house.clock.set("2022-06-15T02:00:00Z");
        let mut client = accounts(&house);
        let (mut settlements, hospital) = (house.client(), institution(1));
        let paper = Paper { person: "P1", institution: &hospital, bill: "B1", scheme: Scheme::Employee, fen: 10_000 };
        let first = paper.settle(&mut settlements).await;
        let second = Paper { bill: "B2", ..paper }.settle(&mut settlements).await;
        client.credit_account(credit("c", "P1", "credit-1", 300)).await.expect("credited");
        for (owner, amount) in [("mother", 40), ("father", 2)] {
            client.credit_account(credit(owner, owner, owner, amount)).await.expect("credited");
            client.bind_family_account(bind(&format!("b-{owner}"), owner, "P1", "")).await.expect("bound");
        }
        let now = accumulated(&mut client, "P1", 2022).await;
        let held = now.accumulators.expect("accumulators");
        assert_eq!((held.account_fen, held.family_account_fen, held.admissions), (300, 42, 2));
        assert_eq!((now.claims, now.last_claim_id), (2, second.claim_id.clone()));
        let reverse = ReverseClaimRequest {
            idempotency_key: "r".to_owned(),
            institution_id: hospital.clone(),
            reason: "test".to_owned(),
            original: Some(Original::ClaimId(second.claim_id)),
        };
        settlements.reverse_claim(reverse).await.expect("reversed");
        let now = accumulated(&mut client, "P1", 2022).await;
        assert_eq!((now.claims, now.last_claim_id), (1, first.claim_id));
        house.close().await;
    });
}
