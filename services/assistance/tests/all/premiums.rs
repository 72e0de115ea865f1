//! What the assistance fund pays of premiums (SD-2, TB-3): booked once for each enrolment, taken back whole.

use std::collections::BTreeMap;

use ::pb::assistance::v1 as pb;
use ::pb::r#type::v1::{Category, Scheme, Side};
use testkit::on_both;
use tonic::Status;

use crate::support::{SHIPPED, World, fault, fields, key};

/// The premium of a destitute resident in 2022, 320 yuan, all of which the fund pays.
fn premium(enrolment: &str, person: &str) -> pb::PremiumAssistance {
    pb::PremiumAssistance {
        enrolment_id: enrolment.to_owned(),
        person_id: person.to_owned(),
        division: "370800".to_owned(),
        cover_year: 2022,
        category: Category::Destitute.into(),
        amount_fen: 32_000,
        policy_version: SHIPPED.version().to_string(),
        paid_date: "2021-11-15".to_owned(),
        categories_handed_in: false,
    }
}

fn booking(assistance: pb::PremiumAssistance) -> pb::BookPremiumAssistanceRequest {
    pb::BookPremiumAssistanceRequest { idempotency_key: key(), assistance: Some(assistance) }
}

fn reversing(enrolment: &str) -> pb::ReversePremiumAssistanceRequest {
    let (enrolment_id, reversed_date) = (enrolment.to_owned(), "2021-12-20".to_owned());
    pb::ReversePremiumAssistanceRequest { idempotency_key: key(), enrolment_id, reversed_date }
}

impl World {
    async fn book(
        &self,
        request: pb::BookPremiumAssistanceRequest,
    ) -> Result<pb::BookPremiumAssistanceResponse, Status> {
        Ok(self.premiums.clone().book_premium_assistance(request).await?.into_inner())
    }

    async fn take_back(
        &self,
        request: pb::ReversePremiumAssistanceRequest,
    ) -> Result<pb::ReversePremiumAssistanceResponse, Status> {
        Ok(self.premiums.clone().reverse_premium_assistance(request).await?.into_inner())
    }

    async fn premium(&self, enrolment: &str) -> Result<pb::GetPremiumAssistanceResponse, Status> {
        let request = pb::GetPremiumAssistanceRequest { enrolment_id: enrolment.to_owned() };
        Ok(self.premiums.clone().get_premium_assistance(request).await?.into_inner())
    }

    async fn premium_report(&self, terms: pb::ReportTerms) -> Result<pb::GetPremiumReportResponse, Status> {
        let request = pb::GetPremiumReportRequest { terms: Some(terms) };
        Ok(self.reports.clone().get_premium_report(request).await?.into_inner())
    }
}

fn terms(divisions: &[&str]) -> pb::ReportTerms {
    pb::ReportTerms {
        from_month: "2021-11".to_owned(),
        to_month: "2021-12".to_owned(),
        divisions: divisions.iter().map(|division| (*division).to_owned()).collect(),
        scheme: None,
    }
}

#[test]
fn a_premium_is_booked_once_for_its_enrolment_and_the_same_call_is_answered_the_same() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let request = booking(premium("E1", "P1"));
        let answer = world.book(request.clone()).await.unwrap();
        let entry = &answer.entries[0];
        let lines: Vec<_> =
            entry.lines.iter().map(|line| (line.account.as_str(), line.side(), line.amount_fen)).collect();
        let expected =
            [("fund:370800:assistance", Side::Debit, 32_000), ("due:370800:premium_assisted", Side::Credit, 32_000)];
        assert_eq!(lines, expected);
        assert_eq!((entry.about_id.as_str(), entry.kind.as_str()), ("E1", "contribution"));
        // the relay of a process that was killed tells it again
        assert_eq!(world.replica().await.book(request.clone()).await.unwrap(), answer);
        let mut other = request;
        other.assistance.as_mut().unwrap().amount_fen = 1;
        assert_eq!(fault(&world.book(other).await.unwrap_err()).0, "KEY_REUSED");
        let (reason, metadata) = fault(&world.book(booking(premium("E1", "P1"))).await.unwrap_err());
        assert_eq!((reason.as_str(), metadata["enrolment_id"].as_str()), ("DUPLICATE", "E1"));

        let found = world.premium("E1").await.unwrap();
        assert_eq!((found.assistance, found.reversed_at), (Some(premium("E1", "P1")), None));
        assert_eq!(fault(&world.premium("E2").await.unwrap_err()).0, "NOT_FOUND");
        let books = BTreeMap::from([
            ("fund:370800:assistance".to_owned(), 32_000),
            ("due:370800:premium_assisted".to_owned(), -32_000),
        ]);
        assert_eq!(world.books().await, books);
    });
}

#[test]
fn many_calls_at_once_book_one_premium() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let mut client = world.premiums.clone();
            calls.spawn(async move { client.book_premium_assistance(booking(premium("E1", "P1"))).await });
        }
        let mut booked = 0;
        while let Some(answered) = calls.join_next().await {
            match answered.unwrap() {
                Ok(_) => booked += 1,
                Err(status) => assert_eq!(fault(&status).0, "DUPLICATE"),
            }
        }
        assert_eq!(booked, 1);
        assert_eq!(world.books().await["fund:370800:assistance"], 32_000);
    });
}

#[test]
fn what_is_taken_back_leaves_nothing_and_may_be_booked_again() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        assert_eq!(fault(&world.take_back(reversing("E1")).await.unwrap_err()).0, "NOT_FOUND");
        let booked = world.book(booking(premium("E1", "P1"))).await.unwrap();
        let request = reversing("E1");
        let answer = world.take_back(request.clone()).await.unwrap();
        assert_eq!(world.take_back(request).await.unwrap(), answer);
        let entry = &answer.entries[0];
        assert_eq!((entry.kind.as_str(), entry.about_id.as_str()), ("reversal", "E1"));
        let (id, original) = (entry.entry_id.as_str(), booked.entries[0].entry_id.as_str());
        let kept = store::journal::by_ids(world.database.reader(), &[id]).await.unwrap().remove(0);
        assert_eq!((kept.original.unwrap().as_str(), kept.date.to_string().as_str()), (original, "2021-12-20"));
        assert!(world.books().await.values().all(|balance| *balance == 0));
        assert!(world.premium("E1").await.unwrap().reversed_at.is_some());
        let (reason, metadata) = fault(&world.take_back(reversing("E1")).await.unwrap_err());
        assert_eq!((reason.as_str(), metadata["state"].as_str()), ("WRONG_STATE", "reversed"));
        // the death was recorded wrongly: the enrolment goes on
        world.book(booking(premium("E1", "P1"))).await.unwrap();
        assert_eq!(fault(&world.book(booking(premium("E1", "P1"))).await.unwrap_err()).0, "DUPLICATE");
        assert_eq!(world.premium("E1").await.unwrap().reversed_at, None);
        assert_eq!(world.books().await["fund:370800:assistance"], 32_000);
    });
}

#[test]
fn everything_that_is_wrong_is_said_at_once_and_a_place_without_a_fund_is_told_apart() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let empty = pb::BookPremiumAssistanceRequest::default();
        assert_eq!(fields(&world.book(empty).await.unwrap_err()), ["assistance", "idempotency_key"]);
        let empty = booking(pb::PremiumAssistance::default());
        let expected = ["amount_fen", "category", "cover_year", "division", "enrolment_id", "paid_date", "person_id"];
        let mut expected: Vec<String> = expected.iter().map(|field| format!("assistance.{field}")).collect();
        expected.push("assistance.policy_version".to_owned());
        assert_eq!(fields(&world.book(empty).await.unwrap_err()), expected);
        let empty = pb::ReversePremiumAssistanceRequest::default();
        let found = fields(&world.take_back(empty).await.unwrap_err());
        assert_eq!(found, ["enrolment_id", "idempotency_key", "reversed_date"]);
        let unknown = pb::PremiumAssistance { division: "990100".to_owned(), ..premium("E1", "P1") };
        assert_eq!(fault(&world.book(booking(unknown)).await.unwrap_err()).0, "UNAVAILABLE");
        let both =
            pb::ReportTerms { scheme: Some(Scheme::Resident.into()), to_month: String::new(), ..terms(&["370800"]) };
        assert_eq!(fields(&world.premium_report(both).await.unwrap_err()), ["terms.scheme", "terms.to_month"]);
        assert!(world.books().await.is_empty());
    });
}

/// TB-3: 13,945 people x 320 yuan = 4,462,400 yuan. Here every hundredth of them, each with a call of its own: 139 people x 320 yuan =
/// 44,480 yuan; the whole number is counted by multiplying in the last line.
#[test]
fn a_report_says_how_many_people_were_assisted_with_premiums_and_with_how_much() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        for number in 0..139 {
            let mut one = premium(&format!("E{number}"), &format!("P{number}"));
            one.division = "370890".to_owned();
            // 100 of November, 20 of them low-income, 5 handed in; 39 of December
            one.category = if number < 20 { Category::LowIncome } else { Category::Destitute }.into();
            one.categories_handed_in = number < 5;
            one.paid_date = if number < 100 { "2021-11-15" } else { "2021-12-31" }.to_owned();
            world.book(booking(one)).await.unwrap();
        }
        // beside them: another place, another month, one that was taken back, and a second premium of a person
        world.book(booking(premium("X1", "P1"))).await.unwrap();
        let early = pb::PremiumAssistance {
            division: "370890".to_owned(),
            paid_date: "2021-10-31".to_owned(),
            ..premium("X2", "P2")
        };
        world.book(booking(early)).await.unwrap();
        let gone = pb::PremiumAssistance { division: "370890".to_owned(), ..premium("X3", "X3") };
        world.book(booking(gone)).await.unwrap();
        world.take_back(reversing("X3")).await.unwrap();

        let report = world.premium_report(terms(&["370890"])).await.unwrap();
        let sum = |sum: &pb::PremiumSum| (sum.people, sum.premiums, sum.premiums_handed_in, sum.amount_fen);
        let rows: Vec<_> = report
            .rows
            .iter()
            .map(|row| (row.month.as_str(), row.category(), sum(row.sum.as_ref().unwrap())))
            .collect();
        let expected = [
            ("2021-11", Category::Destitute, (80, 80, 0, 2_560_000)),
            ("2021-11", Category::LowIncome, (20, 20, 5, 640_000)),
            ("2021-12", Category::Destitute, (39, 39, 0, 1_248_000)),
        ];
        assert_eq!(rows, expected);
        assert!(report.rows.iter().all(|row| row.division == "370890"));
        let total = report.total.unwrap();
        assert_eq!(sum(&total), (139, 139, 5, 4_448_000));
        // the division above holds both places, and the person with two premiums once
        let above = world.premium_report(terms(&["370800", "370890"])).await.unwrap().total.unwrap();
        assert_eq!(sum(&above), (139, 140, 5, 4_480_000));
        // TB-3, by the average of what is there
        assert_eq!(total.amount_fen / 139 * 13_945, 446_240_000);
    });
}
