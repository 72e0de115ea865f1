//! Reports: sums by hand over a handful of claims, as messages and as files.

use ::pb::assistance::v1 as pb;
use ::pb::policy::v1::PayerKind;
use ::pb::settlement::v1 as settlement_pb;
use ::pb::r#type::v1 as type_pb;
use pb::stream_report_response::Part;
use settlement_pb::{Change, ClaimStand, PayerAmount, PayerShare, ThirdSystem};
use testkit::on_both;
use tonic::{Request, Status};
use type_pb::{Care, Category, Scheme};

use crate::support::{World, change, fields, reversed, stand};

/// Where most people of these tests are insured, and the division below it where another is.
const CITY: &str = "370800";
const DISTRICT: &str = "370890";

pub(crate) fn terms(from: &str, to: &str, divisions: &[&str]) -> pb::ReportTerms {
    pb::ReportTerms {
        from_month: from.to_owned(),
        to_month: to.to_owned(),
        divisions: divisions.iter().map(|division| (*division).to_owned()).collect(),
        scheme: None,
    }
}

/// Asks for a report, however long it takes.
pub(crate) fn patient(terms: pb::ReportTerms) -> Request<pb::StreamReportRequest> {
    let mut request = Request::new(pb::StreamReportRequest { terms: Some(terms) });
    request.set_timeout(rpc::limits::DEADLINE_MAX);
    request
}

/// A whole report: rows and sums, indicators, and the end.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) rows: Vec<pb::ReportRow>,
    pub(crate) indicators: Vec<pb::ReportIndicator>,
}

impl World {
    pub(crate) async fn report(&self, terms: pb::ReportTerms) -> Result<Report, Status> {
        let mut stream = self.reports.clone().stream_report(patient(terms)).await?.into_inner();
        let (mut report, mut end) = (Report::default(), None);
        while let Some(message) = stream.message().await? {
            assert_eq!(end, None, "the end is the last message");
            match message.part.unwrap() {
                Part::Row(row) => {
                    assert_eq!(report.indicators, [], "indicators come after the rows");
                    report.rows.push(row);
                }
                Part::Indicator(indicator) => report.indicators.push(indicator),
                Part::End(whole) => end = Some(whole),
            }
        }
        assert_eq!(end.expect("it is whole").rows, report.rows.len() as u64);
        Ok(report)
    }

    async fn export(&self, format: pb::ReportFormat, language: Option<settlement_pb::Language>) -> String {
        let request = pb::ExportReportRequest {
            terms: Some(terms("2022-01", "2022-03", &[CITY])),
            format: format.into(),
            language: language.map(Into::into),
        };
        let mut stream = self.reports.clone().export_report(request).await.unwrap().into_inner();
        let mut bytes = Vec::new();
        while let Some(piece) = stream.message().await.unwrap() {
            assert!(!piece.chunk.is_empty());
            bytes.extend(piece.chunk);
        }
        String::from_utf8(bytes).unwrap()
    }
}

/// What a claim costs and who pays it, in fen: total, within scope, the pooled fund's share, assistance's.
type Amounts = (i64, i64, i64, i64);

fn claim(id: &str, day: &str, (care, category): (Care, Category), amounts: Amounts) -> ClaimStand {
    let (total_fen, within_scope_fen, pooled, assisted) = amounts;
    let share = |payer: &str, amount_fen| PayerShare {
        payer: payer.to_owned(),
        kind: PayerKind::Fund.into(),
        amount_fen,
        within_scope_fen: amount_fen,
    };
    let payers = [share("assistance", assisted), share("pooled_fund", pooled)];
    let third = if category == Category::NoCategory { ThirdSystem::NotConcerned } else { ThirdSystem::Whole };
    ClaimStand {
        division: CITY.to_owned(),
        settled_date: day.to_owned(),
        rules_date: day.to_owned(),
        care: care.into(),
        category: category.into(),
        categories: if category == Category::NoCategory { Vec::new() } else { vec![category.into()] },
        third_system: third.into(),
        total_fen,
        within_scope_fen,
        fund_fen: pooled + assisted,
        cash_fen: total_fen - pooled - assisted,
        payers: payers.into_iter().filter(|share| share.amount_fen > 0).collect(),
        held: if assisted > 0 {
            vec![PayerAmount { payer: "assistance".to_owned(), amount_fen: assisted }]
        } else {
            Vec::new()
        },
        ..stand(id, 0, 0)
    }
}

fn at(division: &str, claim: ClaimStand) -> ClaimStand {
    ClaimStand { division: division.to_owned(), ..claim }
}

/// The Changes of a person, one a claim.
fn told(person: &str, claims: &[ClaimStand]) -> Vec<Change> {
    let of = |(sequence, claim): (u64, &ClaimStand)| {
        let mut change = change(person, sequence, "", &[("X", 0, 0)]);
        for year in &mut change.years {
            year.claims = vec![claim.clone()];
        }
        change
    };
    (1..).zip(claims).map(of).collect()
}

/// P1 is destitute and has bills in two months; a bill of P2 was computed anew when a category came, and another one without a
/// category; of P3, in a district, one was reversed; P4 lives elsewhere; P5 is an employee, later.
async fn handmade(world: &World) {
    let inpatient = |category| (Care::Inpatient, category);
    let none = Category::NoCategory;
    let first = claim("C3", "2022-01-31", inpatient(none), (50_000, 50_000, 20_000, 0));
    let anew = ClaimStand {
        revision: 1,
        cause: settlement_pb::RevisionCause::PersonChanged.into(),
        ..claim("C3", "2022-01-31", inpatient(Category::LowIncome), (50_000, 50_000, 20_000, 15_000))
    };
    let lives = at(DISTRICT, claim("C6", "2022-01-02", inpatient(none), (200_000, 180_000, 90_000, 0)));
    let once = at(DISTRICT, claim("C5", "2022-01-01", inpatient(none), (200_000, 180_000, 90_000, 0)));
    let never = ClaimStand { settled_date: "2022-01-01".to_owned(), ..at(DISTRICT, reversed("C5", 0)) };
    let elsewhere = at("370200", claim("C7", "2022-01-01", inpatient(none), (9_000, 9_000, 5_000, 0)));
    let employed = claim("C8", "2022-04-01", (Care::Outpatient, none), (7_000, 7_000, 4_000, 0));
    let employed = ClaimStand { scheme: Scheme::Employee.into(), ..employed };
    let people = [
        (
            "P1",
            vec![
                claim("C1", "2022-01-05", inpatient(Category::Destitute), (100_000, 90_000, 60_000, 10_000)),
                claim("C2", "2022-02-28", (Care::Chronic, Category::Destitute), (40_000, 40_000, 25_000, 5_000)),
            ],
        ),
        ("P2", vec![first, anew, claim("C4", "2022-01-01", (Care::Outpatient, none), (1_000, 1_000, 0, 0))]),
        ("P3", vec![once, never, lives]),
        ("P4", vec![elsewhere]),
        ("P5", vec![employed]),
    ];
    let changes: Vec<Change> = people.iter().flat_map(|(person, claims)| told(person, claims)).collect();
    let kept = world.post(&changes).await;
    assert!(kept.iter().all(|one| *one == pb::PostOutcome::Kept), "{kept:?}");
}

/// A row in short: place, month, category, then people, bills, assisted people and bills, total, scope, funds and cash in yuan.
fn short(row: &pb::ReportRow) -> String {
    let sum = row.sum.clone().unwrap();
    let category = row.category.map(|_| row.category().as_str_name()).unwrap_or("*");
    let or_all = |text: &str| if text.is_empty() { "*".to_owned() } else { text.to_owned() };
    format!(
        "{} {} {category}: {}/{} {}/{} {} {} {} {}",
        or_all(&row.division),
        or_all(&row.month),
        sum.people,
        sum.bills,
        sum.people_assisted,
        sum.bills_assisted,
        sum.total_fen / 100,
        sum.within_scope_fen / 100,
        sum.fund_fen / 100,
        sum.cash_fen / 100,
    )
}

#[test]
fn claims_count_as_they_stand_and_people_once_in_each_row_and_each_sum() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        handmade(&world).await;
        let report = world.report(terms("2022-01", "2022-03", &[CITY])).await.unwrap();
        let rows: Vec<String> = report.rows.iter().map(short).collect();
        let expected = [
            // C4, C1, C3 in its second revision, C2, C6; the reversed C5 nowhere
            "370800 2022-01 CATEGORY_NO_CATEGORY: 1/1 0/0 10 10 0 10",
            "370800 2022-01 CATEGORY_DESTITUTE: 1/1 1/1 1000 900 700 300",
            "370800 2022-01 CATEGORY_LOW_INCOME: 1/1 1/1 500 500 350 150",
            "370800 2022-02 CATEGORY_DESTITUTE: 1/1 1/1 400 400 300 100",
            "370890 2022-01 CATEGORY_NO_CATEGORY: 1/1 0/0 2000 1800 900 1100",
            // P1 and P2 once each, though they stand in four rows
            "370800 * *: 2/4 2/3 1910 1810 1350 560",
            "370890 * *: 1/1 0/0 2000 1800 900 1100",
            // P2 has two categories in January
            "* 2022-01 *: 3/4 2/2 3510 3210 1950 1560",
            "* 2022-02 *: 1/1 1/1 400 400 300 100",
            "* 2022-03 *: 0/0 0/0 0 0 0 0",
            "* * CATEGORY_NO_CATEGORY: 2/2 0/0 2010 1810 900 1110",
            "* * CATEGORY_DESTITUTE: 1/2 1/2 1400 1300 1000 400",
            "* * CATEGORY_LOW_INCOME: 1/1 1/1 500 500 350 150",
            "* * *: 3/5 2/3 3910 3610 2250 1660",
        ];
        assert_eq!(rows, expected);
        let destitute = &report.rows[11];
        let cares: Vec<(Care, u64, u64)> = destitute
            .cares
            .iter()
            .map(|one| (one.care(), one.sum.as_ref().unwrap().people, one.sum.as_ref().unwrap().bills))
            .collect();
        assert_eq!(cares, [(Care::Inpatient, 1, 1), (Care::Chronic, 1, 1)]);
        let paid: Vec<(String, i64)> = destitute.sum.clone().unwrap().payers.into_iter().map(paid).collect();
        assert_eq!(paid, [("assistance".to_owned(), 15_000), ("pooled_fund".to_owned(), 85_000)]);
        // inpatient care alone: C1, C3, C6; this place has no target
        let [indicator] = &report.indicators[..] else { panic!("{:?}", report.indicators) };
        let (fund, scope) = (indicator.fund_fen, indicator.within_scope_fen);
        assert_eq!((indicator.division.as_str(), fund, scope), (CITY, 195_000, 320_000));
        assert_eq!((indicator.indicator.as_ref(), indicator.policy_version.as_str()), (None, ""));
    });
}

fn paid(one: PayerAmount) -> (String, i64) {
    (one.payer, one.amount_fen)
}

#[test]
fn a_district_a_scheme_or_an_empty_month_is_reported_alone_and_a_division_named_twice_once() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        handmade(&world).await;
        let rows = async |terms| -> Vec<String> { world.report(terms).await.unwrap().rows.iter().map(short).collect() };
        let nothing = ["* 2022-03 *: 0/0 0/0 0 0 0 0", "* * *: 0/0 0/0 0 0 0 0"];
        assert_eq!(rows(terms("2022-03", "2022-03", &[CITY])).await, nothing);
        let district = rows(terms("2022-01", "2022-01", &[DISTRICT])).await;
        assert_eq!(district.first().unwrap(), "370890 2022-01 CATEGORY_NO_CATEGORY: 1/1 0/0 2000 1800 900 1100");
        assert_eq!(district.last().unwrap(), "* * *: 1/1 0/0 2000 1800 900 1100");
        let twice = world.report(terms("2022-01", "2022-03", &[DISTRICT, CITY, DISTRICT])).await.unwrap();
        assert_eq!(short(twice.rows.last().unwrap()), "* * *: 3/5 2/3 3910 3610 2250 1660");
        let asked: Vec<(&str, i64)> =
            twice.indicators.iter().map(|one| (one.division.as_str(), one.within_scope_fen)).collect();
        assert_eq!(asked, [(DISTRICT, 180_000), (CITY, 320_000)]);
        let scheme = |scheme: Scheme| pb::ReportTerms {
            scheme: Some(scheme.into()),
            ..terms("2022-01", "2022-04", &["370000"])
        };
        let employees = rows(scheme(Scheme::Employee)).await;
        assert_eq!(employees.last().unwrap(), "* * *: 1/1 0/0 70 70 40 30");
        assert_eq!(rows(scheme(Scheme::Resident)).await.last().unwrap(), "* * *: 4/6 2/3 4000 3700 2300 1700");
    });
}

#[test]
fn funds_are_compared_with_the_target_of_the_division_where_it_has_one() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let care = (Care::Inpatient, Category::NoCategory);
        // SX-5: about 75 %; 749.99 of 1,000.00 is below
        let below = at("140000", claim("C1", "2022-01-01", care, (100_000, 100_000, 74_999, 0)));
        let other = (Care::Chronic, Category::NoCategory);
        let not_inpatient = at("140000", claim("C2", "2022-02-01", other, (100_000, 100_000, 100_000, 0)));
        world.post(&told("P1", &[below, not_inpatient])).await;
        let report = world.report(terms("2022-01", "2022-02", &["140000", "450000"])).await.unwrap();
        let found = |at: usize| report.indicators[at].indicator.clone();
        let found_below = found(0).unwrap();
        let (share, target) = (found_below.share_rate.as_str(), found_below.target_rate.as_str());
        assert_eq!((share, target, found_below.below), ("0.75", "0.75", true), "compared before it is rounded");
        // a target, and no cost
        assert_eq!((found(1), report.indicators[1].within_scope_fen), (None, 0));
        assert_eq!(report.indicators.iter().filter(|one| one.policy_version.len() == 64).count(), 2);
    });
}

#[test]
fn every_mistake_of_a_question_is_named_at_once() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let wrong = async |terms| fields(&world.report(terms).await.unwrap_err());
        let many = [CITY, "37", "3708000"];
        let expected = ["terms.divisions[1]", "terms.divisions[2]", "terms.from_month", "terms.to_month"];
        assert_eq!(wrong(terms("2022-13", "2022", &many)).await, expected);
        assert_eq!(wrong(terms("2022-02", "2022-01", &[])).await, ["terms.divisions", "terms.to_month"]);
        assert_eq!(wrong(terms("2010-01", "2020-01", &[CITY])).await, ["terms.to_month"]);
        world.report(terms("2010-01", "2019-12", &[CITY])).await.unwrap();
        let nothing = pb::ExportReportRequest { language: Some(9), ..Default::default() };
        let status = world.reports.clone().export_report(nothing).await.unwrap_err();
        assert_eq!(fields(&status), ["format", "language", "terms"]);
        let scheme = pb::ReportTerms { scheme: Some(0), ..terms("2022-01", "2022-01", &[CITY]) };
        assert_eq!(wrong(scheme).await, ["terms.scheme"]);
    });
}

#[test]
fn a_report_is_written_as_text_in_two_languages_as_csv_and_as_json() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        handmade(&world).await;
        let chinese = world.export(pb::ReportFormat::Text, None).await;
        for part in [
            "2022-01 至 2022-03，参保地 370800（含下级）",
            "370800  2022-01  特困人员\n  住院：1 人，1 人次；其中救助 1 人，1 人次；总费用 1,000.00，政策范围内 900.00，基金支付 700.00，个人现金 300.00\n    医疗救助基金 100.00，",
            "总计\n",
            "370800：住院政策范围内费用 3,200.00，基金支付 1,950.00，无可比指标",
            "\n共 14 行",
        ] {
            assert!(chinese.contains(part), "{part} is missing in {chinese}");
        }
        let english = world.export(pb::ReportFormat::Text, Some(settlement_pb::Language::En)).await;
        for part in
            ["370800  2022-01  destitute\n  inpatient care: 1 people, 1 bills; assisted 1 people", "All\n", "14 rows"]
        {
            assert!(english.contains(part), "{part} is missing in {english}");
        }
        let csv = world.export(pb::ReportFormat::Csv, None).await;
        let lines: Vec<&str> = csv.split("\r\n").collect();
        let columns = lines[0].split(',').count();
        assert!(lines[0].starts_with("part,division,month,category,care,people,bills,"), "{csv}");
        assert!(lines.iter().filter(|line| !line.is_empty()).all(|line| line.split(',').count() == columns), "{csv}");
        let destitute = "row,370800,2022-01,destitute,inpatient,1,1,1,1,1000.00,900.00,700.00,300.00,assistance=100.00 pooled_fund=600.00,,,,";
        assert!(lines.contains(&destitute), "{csv}");
        assert!(
            lines
                .contains(&"sum,,,,,3,5,2,3,3910.00,3610.00,2250.00,1660.00,assistance=300.00 pooled_fund=1950.00,,,,"),
            "{csv}"
        );
        assert!(lines.contains(&"indicator,370800,,,,,,,,,3200.00,1950.00,,,,,,"), "{csv}");
        let json = world.export(pb::ReportFormat::Json, None).await;
        let parts: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(parts.len(), 16, "14 rows, an indicator, the end");
        assert_eq!((&parts[13]["sum"]["people"], &parts[13]["division"]), (&3.into(), &serde_json::Value::Null));
        assert_eq!(parts[1]["cares"][0]["sum"]["payers_fen"]["assistance"], 10_000);
        assert_eq!((parts[14]["part"].as_str(), parts[15]["rows"].as_u64()), (Some("indicator"), Some(14)));
    });
}
