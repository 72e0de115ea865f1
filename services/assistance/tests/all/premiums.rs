//! What the assistance fund pays of premiums (SD-2, TB-3): booked once for each enrolment, taken back whole.

use std::collections::BTreeMap;

use ::pb::assistance::v1 as pb;
use ::pb::r#type::v1::{Category, PersonGroup, Scheme, Side};
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
        ..pb::PremiumAssistance::default()
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

    async fn export_of(&self, terms: pb::ReportTerms, format: pb::ReportFormat) -> String {
        let request = pb::ExportReportRequest { terms: Some(terms), format: format.into(), language: None };
        let mut pieces = self.reports.clone().export_report(request).await.unwrap().into_inner();
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.message().await.unwrap() {
            bytes.extend(piece.chunk);
        }
        String::from_utf8(bytes).unwrap()
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
        world.grant("P1", Category::Destitute, "2021-01-01").await;
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
        let due = assistance::premium_assistance(&world.database).await.unwrap();
        assert_eq!(due, [(("E1".to_owned(), "370800".to_owned()), money::Fen::new(-32_000))].into());
        world.take_back(reversing("E1")).await.unwrap();
        assert!(assistance::premium_assistance(&world.database).await.unwrap().is_empty());
    });
}

#[test]
fn many_calls_at_once_book_one_premium() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.grant("P1", Category::Destitute, "2021-01-01").await;
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
        world.grant("P1", Category::Destitute, "2021-01-01").await;
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

/// The premiums of 370890 as they are in the report's file, in each form.
async fn written(world: &World) {
    let text = world.export_of(terms(&["370890"]), pb::ReportFormat::Text).await;
    for part in [
        "2021-11 至 2021-12，参保地 370890（含下级）",
        "月份为结算月份",
        "参保资助（按缴费月份）",
        "370890  2021-11  特困人员：80 人，80 笔（其中按导入类别 0 笔），25,600.00：医疗救助基金 25,600.00",
        "370890  2021-11  低保对象：20 人，20 笔（其中按导入类别 5 笔），6,400.00：医疗救助基金 6,400.00",
        "合计：139 人，139 笔（其中按导入类别 5 笔），44,480.00：医疗救助基金 44,480.00\n\n共 ",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    let csv = world.export_of(terms(&["370890"]), pb::ReportFormat::Csv).await;
    let lines: Vec<&str> = csv.split("\r\n").filter(|line| line.starts_with("premium")).collect();
    let expected = [
        "premium,370890,2021-11,destitute,,80,80,80,80,25600.00,,25600.00,,assistance=25600.00,,,,",
        "premium,370890,2021-11,low_income,,20,20,20,20,6400.00,,6400.00,,assistance=6400.00,,,,",
        "premium,370890,2021-12,destitute,,39,39,39,39,12480.00,,12480.00,,assistance=12480.00,,,,",
        "premium_sum,,,,,139,139,139,139,44480.00,,44480.00,,assistance=44480.00,,,,",
    ];
    assert_eq!(lines, expected);
    let columns = csv.split("\r\n").filter(|line| !line.is_empty()).map(|line| line.split(',').count());
    assert_eq!(columns.collect::<std::collections::BTreeSet<_>>().len(), 1, "one table: {csv}");
    let json = world.export_of(terms(&["370890"]), pb::ReportFormat::Json).await;
    let parts: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |name: &str| parts.iter().filter(|part| part["part"] == name).cloned().collect::<Vec<_>>();
    assert_eq!((of("premium").len(), of("premium")[1]["payers_fen"]["assistance"].as_i64()), (3, Some(640_000)));
    let sum = &of("premium_sum")[0];
    assert_eq!((sum["people"].as_u64(), sum["amount_fen"].as_i64()), (Some(139), Some(4_448_000)));
    assert_eq!(parts.last().unwrap()["part"], "end");
    let employees = pb::ReportTerms { scheme: Some(Scheme::Employee.into()), ..terms(&["370890"]) };
    let employees = world.export_of(employees, pb::ReportFormat::Json).await;
    assert!(!employees.contains("premium"), "nobody assists employees with premiums: {employees}");
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
            if number >= 5 {
                world.grant(&one.person_id, one.category(), "2021-01-01").await;
            }
            world.book(booking(one)).await.unwrap();
        }
        for person in ["P1", "P2", "Y3"] {
            world.grant(person, Category::Destitute, "2021-01-01").await;
        }
        // beside them: another place, another month, one that was taken back, and a second premium of a person
        world.book(booking(premium("X1", "P1"))).await.unwrap();
        let early = pb::PremiumAssistance {
            division: "370890".to_owned(),
            paid_date: "2021-10-31".to_owned(),
            ..premium("X2", "P2")
        };
        world.book(booking(early)).await.unwrap();
        let gone = pb::PremiumAssistance { division: "370890".to_owned(), ..premium("X3", "Y3") };
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
        written(&world).await;
        // TB-3, by the average of what is there
        assert_eq!(total.amount_fen / 139 * 13_945, 446_240_000);
    });
}

#[test]
fn what_the_service_can_know_itself_is_not_believed_and_all_of_it_is_said_at_once() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let made_up = pb::PremiumAssistance {
            category: Category::NoCategory.into(),
            policy_version: "0".repeat(64),
            paid_date: "2031-11-10".to_owned(),
            ..premium("E1", "P1")
        };
        let expected = ["assistance.category", "assistance.paid_date", "assistance.policy_version"];
        assert_eq!(fields(&world.book(booking(made_up)).await.unwrap_err()), expected);
        // nobody granted P1 anything, and 999.99 yuan are more than the premium of 320
        let too_much = pb::PremiumAssistance { amount_fen: 99_999, ..premium("E1", "P1") };
        let expected = ["assistance.amount_fen", "assistance.category"];
        assert_eq!(fields(&world.book(booking(too_much.clone())).await.unwrap_err()), expected);
        world.grant("P1", Category::Destitute, "2021-11-16").await;
        world.grant("P1", Category::LowIncome, "2021-01-01").await;
        // a day too early, and for the amount
        let expected = ["assistance.amount_fen", "assistance.paid_date"];
        assert_eq!(fields(&world.book(booking(too_much)).await.unwrap_err()), expected);
        let early = pb::PremiumAssistance { enrolled_date: "2021-11-15".to_owned(), ..premium("E1", "P1") };
        assert_eq!(fields(&world.book(booking(early)).await.unwrap_err()), ["assistance.enrolled_date"]);
        // what the fund pays for the low-income there no document says
        let unsaid = pb::PremiumAssistance { category: Category::LowIncome.into(), ..premium("E1", "P1") };
        assert_eq!(fields(&world.book(booking(unsaid)).await.unwrap_err()), ["assistance.category"]);
        // one fen less than all of it
        let less = pb::PremiumAssistance {
            amount_fen: 31_999,
            group: Some(PersonGroup::Adult.into()),
            enrolled_date: "2021-11-16".to_owned(),
            ..premium("E1", "P1")
        };
        assert_eq!(fields(&world.book(booking(less.clone())).await.unwrap_err()), ["assistance.amount_fen"]);
        assert!(world.books().await.is_empty());
        // the bank took it a day before the person was enrolled
        world.book(booking(pb::PremiumAssistance { amount_fen: 32_000, ..less })).await.unwrap();
        assert_eq!(world.books().await["fund:370800:assistance"], 32_000);
    });
}

#[test]
fn a_grant_that_was_taken_back_since_is_what_the_premium_was_decided_by_and_a_call_that_was_answered_is_not_checked_again()
 {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let grant = world.grant("P1", Category::Destitute, "2021-01-01").await;
        let request = booking(premium("E1", "P1"));
        let correction = pb::CorrectCategoryRequest {
            idempotency_key: key(),
            grant_id: grant.grant_id,
            version: grant.version,
            correction: Some(pb::correct_category_request::Correction::TakenBack(true)),
            operator_id: "officer".to_owned(),
            reason: "another person's".to_owned(),
            ..Default::default()
        };
        world.categories.clone().correct_category(correction).await.unwrap();
        let answer = world.book(request.clone()).await.unwrap();
        world.noon("2021-11-14");
        assert_eq!(world.book(request).await.unwrap(), answer, "the clock was set back");
    });
}

#[test]
fn a_category_that_was_handed_in_needs_no_grant_where_the_service_trusts_that_and_one_where_it_does_not() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let strict = world.distrusting().await;
        let given = |enrolment: &str| pb::PremiumAssistance { categories_handed_in: true, ..premium(enrolment, "P1") };
        assert_eq!(fields(&strict.book(booking(given("E1"))).await.unwrap_err()), ["assistance.category"]);
        world.book(booking(given("E1"))).await.unwrap();
        // the amount is the policy's all the same
        let more = pb::PremiumAssistance { amount_fen: 32_001, ..given("E2") };
        assert_eq!(fields(&world.book(booking(more)).await.unwrap_err()), ["assistance.amount_fen"]);
        world.grant("P1", Category::Destitute, "2021-01-01").await;
        strict.book(booking(given("E2"))).await.unwrap();
    });
}

#[test]
fn nothing_is_taken_back_before_it_was_paid_or_in_the_future() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.grant("P1", Category::Destitute, "2021-01-01").await;
        world.book(booking(premium("E1", "P1"))).await.unwrap();
        let on = |day: &str| pb::ReversePremiumAssistanceRequest { reversed_date: day.to_owned(), ..reversing("E1") };
        // paid on 15 November 2021; today is 10 October 2022
        for day in ["2020-01-01", "2021-11-14", "2022-10-11"] {
            assert_eq!(fields(&world.take_back(on(day)).await.unwrap_err()), ["reversed_date"], "{day}");
        }
        assert_eq!(world.books().await["fund:370800:assistance"], 32_000);
        world.take_back(on("2021-11-15")).await.unwrap();
        assert!(world.books().await.values().all(|balance| *balance == 0));
    });
}
