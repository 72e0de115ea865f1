//! The funding report: what came in by level of government and by category.

use std::path::Path;
#[cfg(not(debug_assertions))]
use std::time::Duration;

use ::pb::r#type::v1::Scheme;
use pb::enrolment::v1 as pb;
use policy::Policy;
use serde_json::Value;
use testkit::on_both;
use tokio_stream::iter;

use crate::imports::{messages, row};
use crate::support::World;

/// A district's year as its document gives it.
struct District(Value);

impl District {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/district-2022.json");
        Self(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    }

    fn number(&self, name: &str) -> i64 {
        self.0[name].as_i64().unwrap()
    }

    fn categories(&self) -> Vec<(i32, u32)> {
        let number = |value: &Value| value.as_i64().unwrap();
        let pair = |one: &Value| {
            (i32::try_from(number(&one["number"])).unwrap(), u32::try_from(number(&one["people"])).unwrap())
        };
        self.0["categories"].as_array().unwrap().iter().map(pair).collect()
    }

    fn division(&self) -> String {
        self.0["division"].as_str().unwrap().to_owned()
    }

    /// One row for each person, a `scale`th of the people of each category.
    fn rows(&self, scale: u32) -> Vec<pb::ImportRow> {
        let mut rows = Vec::new();
        for (category, people) in self.categories() {
            for _ in 0..people / scale {
                let mut row = row(u32::try_from(rows.len()).unwrap() + 1);
                let terms = row.terms.as_mut().unwrap();
                terms.division = self.division();
                if category == 1 {
                    row.payment.as_mut().unwrap().amount_fen = self.number("premium_fen");
                } else {
                    terms.categories = vec![category];
                    row.payment = None;
                }
                rows.push(row);
            }
        }
        rows
    }

    async fn report(&self, world: &World) -> pb::GetFundingReportResponse {
        let request = pb::GetFundingReportRequest {
            division: self.division(),
            scheme: Scheme::Resident.into(),
            cover_year: 2022,
            known_at: None,
        };
        world.reports.clone().get_funding_report(request).await.unwrap().into_inner()
    }
}

#[test]
fn a_hundredth_of_the_district_adds_up_by_level_of_government_and_by_category() {
    on_both(|url| async move {
        let district = District::read();
        let world = World::with(&url, Policy::shipped_files()).await;
        let rows = district.rows(100);
        let answer = world.imports.clone().import_people(iter(messages("i1", &rows, 500, true))).await;
        let import = answer.unwrap().into_inner().import.unwrap();
        let people = u64::try_from(rows.len()).unwrap();
        assert_eq!((import.rows_kept, import.rows_rejected), (people, 0));
        let report = district.report(&world).await;
        let total = report.total.unwrap();
        assert_eq!(total.people, people);
        // 610 yuan each: 183 of the district, 305 of the centre, the rest with the province
        let each = i64::try_from(people).unwrap();
        assert_eq!((total.county_fen, total.central_fen), (each * 18_300, each * 30_500));
        assert_eq!((total.province_fen, total.city_fen, total.subsidy_fen), (each * 12_200, 0, each * 61_000));
        let sums = |of: fn(&pb::Funding) -> i64| -> i64 {
            report.categories.iter().map(|one| of(one.funding.as_ref().unwrap())).sum()
        };
        assert_eq!((sums(|one| one.county_fen), sums(|one| one.assisted_fen)), (total.county_fen, total.assisted_fen));
        let by_category: Vec<(i32, u64, u64)> = report
            .categories
            .iter()
            .map(|one| (one.category, one.funding.unwrap().people, one.funding.unwrap().people_assisted))
            .collect();
        let expected: Vec<(i32, u64, u64)> = district
            .categories()
            .into_iter()
            .map(|(category, people)| {
                (category, u64::from(people / 100), if category == 1 { 0 } else { u64::from(people / 100) })
            })
            .collect();
        assert_eq!(by_category, expected);
        assert_eq!(report.divisions.len(), 1);
        let before = pb::GetFundingReportRequest {
            division: district.division(),
            scheme: Scheme::Resident.into(),
            cover_year: 2022,
            known_at: Some(prost_types::Timestamp { seconds: 1_600_000_000, nanos: 0 }),
        };
        let before = world.reports.clone().get_funding_report(before).await.unwrap().into_inner().total.unwrap();
        assert_eq!(before, pb::Funding::default());
    });
}

/// TB-2 and TB-3 from every person of the district, on SQLite. An unoptimised build needs minutes for it:
/// `cargo test --release -p enrolment whole_district`.
#[cfg(not(debug_assertions))]
#[test]
fn the_whole_district_gives_the_figures_of_its_document() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("district.db").display());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let district = District::read();
        let world = World::with(&url, Policy::shipped_files()).await;
        let rows = district.rows(1);
        let mut import = pb::Import::default();
        // several streams of one import, each within the time a call may take
        for (at, part) in rows.chunks(20_000).enumerate() {
            let last = (at + 1) * 20_000 >= rows.len();
            let mut messages = messages("i1", part, 1_000, last);
            messages.iter_mut().for_each(|message| message.rows_total = rows.len() as u64);
            let mut request = tonic::Request::new(iter(messages));
            request.set_timeout(Duration::from_secs(300));
            import = world.imports.clone().import_people(request).await.unwrap().into_inner().import.unwrap();
        }
        assert_eq!((import.rows_kept, import.rows_rejected, import.done), (91_700, 0, true));
        let total = district.report(&world).await.total.unwrap();
        assert_eq!(total.people, 91_700);
        assert_eq!(total.county_fen, district.number("county_fen"), "TB-2");
        assert_eq!(total.assisted_fen, district.number("assisted_fen"), "TB-3");
        assert_eq!(i64::try_from(total.people_assisted).unwrap(), district.number("people_assisted"));
        assert_eq!(total.premium_fen, 91_700 * district.number("premium_fen"));
        assert_eq!(store::journal::sum(world.database.reader()).await.unwrap(), money::Fen::ZERO);
    });
}
