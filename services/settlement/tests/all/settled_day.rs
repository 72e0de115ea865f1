//! The day of settlement is the bureau's day of the commit: a past one is not believed, nor where it would change what was
//! reconciled.

use std::sync::Arc;

use pb::settlement::v1::reconciliation_service_client::ReconciliationServiceClient;
use pb::settlement::v1::{ReconcileTotalsRequest, ReconciliationState, Totals};
use pb::r#type::v1::{Care, Period, Scheme};
use rpc::{Fault, Reason};
use settlement::app::{Command, NewBill, Settle, SettledDay, Work};
use settlement::domain::{Kind, Origin, Third};
use store::idempotency::Call;
use testkit::on_both;

use crate::support::{House, institution, name};
use crate::world::{BY_SETTLEMENT, about, asks, count, person, reason, rows, town, visit};

/// A visit on 1 March of a caller who is not trusted, whose day of settlement is said to be this one.
async fn settle(house: &House, key: &str, settled: &str, day: SettledDay) -> Result<(), Fault> {
    let mut bill = visit(key, "2035-03-01", 10_000);
    bill.settled = settled.parse().unwrap();
    let person_facts = person(BY_SETTLEMENT);
    let policy = house.registry.head(person_facts.division).expect("a policy");
    let origin = Origin {
        crossing: None,
        bill: bill.clone(),
        care_division: None,
        catalogue_version: String::new(),
        reimbursement: None,
        unlisted: Vec::new(),
        has_own_categories: false,
    };
    let settle = Settle {
        call: Call::new("claims/test", key),
        kind: Kind::Direct,
        person: name("p"),
        institution: name(&institution(1)),
        visit: String::new(),
        stay: String::new(),
        new: NewBill { person: person_facts, bill, policy: Arc::clone(&policy), has_own_categories: false },
        origin,
        day,
        expected: None,
        clauses: Vec::new(),
    };
    let command = Command::Settle(Box::new(settle));
    house
        .committer
        .commit(Work { command, encode: Arc::new(|_, _| Ok(Vec::new())), third: Third::Whole })
        .await
        .map(drop)
}

async fn settled_on(house: &House, day: &str) -> i64 {
    count(&house.database, &format!("SELECT COUNT(*) AS n FROM claim WHERE settled_date = '{day}'")).await
}

#[test]
fn another_day_of_settlement_than_today_is_not_taken_from_callers_who_are_not_trusted() {
    on_both(|url| async move {
        let house = town(&url).await;
        let before = rows(&house.database).await;
        let fault = settle(&house, "K1", "2035-05-31", SettledDay::Named).await.expect_err("yesterday");
        assert_eq!(fault.reason(), Reason::InvalidFields);
        let fields: Vec<&str> = fault.violations().iter().map(|violation| violation.field.as_str()).collect();
        assert_eq!(fields, ["submission.bill.settled_date"]);
        assert_eq!(rows(&house.database).await, before);
        settle(&house, "K1", "2035-06-01", SettledDay::Named).await.expect("today");
        // midnight between reading and committing: who named no day gets that of the commit, also of the next year
        house.clock.set("2035-12-31T16:00:01Z");
        settle(&house, "K2", "2035-12-31", SettledDay::OfCommit).await.expect("the day of the commit");
        assert_eq!((settled_on(&house, "2035-06-01").await, settled_on(&house, "2036-01-01").await), (1, 1));
        // a call that was made yesterday gets its answer under its key
        settle(&house, "K1", "2035-06-01", SettledDay::Named).await.expect("the answer of before");
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn a_day_that_was_reconciled_with_the_institution_takes_no_more_bills() {
    on_both(|url| async move {
        let house = town(&url).await;
        house.settles("K1", "p", &visit("B1", "2035-03-01", 10_000)).await;
        let totals = Totals {
            scheme: Scheme::Resident.into(),
            care: Care::Outpatient.into(),
            claims: 1,
            total_fen: 10_000,
            cash_fen: 10_000,
            ..Totals::default()
        };
        let day = "2035-03-01".to_owned();
        let request = ReconcileTotalsRequest {
            idempotency_key: "totals".to_owned(),
            institution_id: institution(1),
            settled: Some(Period { from_date: day.clone(), to_date: day }),
            totals: vec![totals],
        };
        let mut books = ReconciliationServiceClient::new(house.channel());
        let made = books.reconcile_totals(request).await.expect("compared").into_inner().reconciliation.unwrap();
        assert_eq!(made.state(), ReconciliationState::Equal);
        let before = rows(&house.database).await;
        let late = asks("K2", "p", &visit("B2", "2035-03-01", 10_000));
        let status = house.client().settle(late.clone()).await.expect_err("reconciled");
        assert_eq!((reason(&status).as_str(), about(&status, "state").as_str()), ("WRONG_STATE", "reconciled"));
        assert_eq!(about(&status, "settled_date"), "2035-03-01");
        assert_eq!(rows(&house.database).await, before);
        // on the day of its commit it counts, and so does a bill of a day that nobody has reconciled
        let mut today = late;
        today.submission.as_mut().unwrap().bill.as_mut().unwrap().settled_date = String::new();
        house.client().settle(today).await.expect("settled");
        house.settles("K3", "p", &visit("B3", "2035-03-02", 10_000)).await;
        assert_eq!((settled_on(&house, "2035-03-01").await, settled_on(&house, "2035-06-01").await), (1, 1));
        house.is_sound().await;
        house.close().await;
    });
}
