use pb::policy::v1::{Accumulators, Meter};
use pb::settlement::v1::{GetAccumulatorsRequest, GetClaimRequest, OpenYearRequest, OpenYearResponse, RevisionCause};
use testkit::on_both;

use super::{Accounts, accounts};
use crate::counter::said;
use crate::support::House;
use crate::world::{BY_SETTLEMENT, Held, balance, changes, count, split, town, visit};

const METER: &str = "resident.outpatient.pooled";

/// A start of the year 2035 in the tests' own place, with so much of the deductible met and such costs.
fn start(key: &str, replaces: &str, (deductible_fen, base_fen): (i64, i64)) -> OpenYearRequest {
    let meter = Meter { name: METER.to_owned(), deductible_fen, base_fen, ..Meter::default() };
    OpenYearRequest {
        idempotency_key: key.to_owned(),
        person_id: "p".to_owned(),
        year: 2035,
        accumulators: Some(Accumulators { meters: vec![meter], ..Accumulators::default() }),
        source: "the system before".to_owned(),
        operator_id: "officer".to_owned(),
        division: BY_SETTLEMENT.to_owned(),
        replaces: replaces.to_owned(),
    }
}

async fn opened(client: &mut Accounts, request: OpenYearRequest) -> OpenYearResponse {
    client.open_year(request).await.expect("opened").into_inner()
}

async fn starts(house: &House) -> i64 {
    count(&house.database, "SELECT COUNT(*) AS n FROM opening").await
}

#[test]
fn a_corrected_start_decides_the_years_bills_anew_and_every_start_is_kept() {
    on_both(|url| async move {
        let house = town(&url).await;
        house.credit("p", money::Fen::new(30_000)).await;
        let mut client = accounts(&house);
        let wrong = opened(&mut client, start("o1", "", (10_000, 10_000))).await;
        // 200.00 of the deductible are left: 800.00 × 0.8 = 640.00, 300.00 out of the account, 60.00 in cash
        let first = house.settles("K1", "p", &visit("B1", "2035-03-01", 100_000)).await;
        assert_eq!(split(&first), [64_000, 30_000, 0, 6_000]);
        // 500.00 × 0.8 = 400.00, and 360.00 are left under the ceiling of 1,000.00; the account is empty
        let second = house.settles("K2", "p", &visit("B2", "2035-03-02", 50_000)).await;
        assert_eq!(split(&second), [36_000, 0, 0, 14_000]);
        let right = opened(&mut client, start("o2", &wrong.opening_id, (30_000, 30_000))).await;
        // the first: 1,000.00 × 0.8 = 800.00 and 200.00 out of the account; the second: 200.00 under the ceiling, 100.00 out of
        // the account, 200.00 in cash
        let expected = [("B1".to_owned(), 16_000, -6_000), ("B2".to_owned(), -16_000, 6_000)];
        assert_eq!(changes(&right.adjustments), expected);
        for adjustment in &right.adjustments {
            assert_eq!(adjustment.cause(), RevisionCause::StartCorrected);
            assert!(!adjustment.entries.is_empty() && adjustment.before.is_some() && adjustment.after.is_some());
        }
        assert_eq!(balance(&house.database, "p").await, 0);
        let asked = GetClaimRequest { claim_id: second.claim_id, revision: None, with_steps: false };
        let now = house.client().get_claim(asked).await.expect("a claim").into_inner();
        let last = now.revisions.last().expect("a history");
        assert_eq!((last.revision, last.cause(), last.cause_claim_id.as_str()), (1, RevisionCause::StartCorrected, ""));
        assert_eq!(split(&now.claim.expect("a claim")), [20_000, 10_000, 0, 20_000]);
        // the same call again changes nothing more
        assert_eq!(opened(&mut client, start("o2", &wrong.opening_id, (30_000, 30_000))).await, right);
        assert_eq!(starts(&house).await, 2);
        house.reverses("R1", &first).await.expect("reversed");
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn a_start_is_corrected_by_naming_the_one_that_stands_and_only_where_the_bills_can_be_decided() {
    on_both(|url| async move {
        let house = town(&url).await;
        let mut client = accounts(&house);
        let nobody = client.open_year(start("o0", "nobody", (0, 0))).await.expect_err("no start yet");
        assert_eq!(said(&nobody, "kind"), ("NOT_FOUND".into(), "opening".into()));
        let first = opened(&mut client, start("o1", "", (10_000, 10_000))).await;
        let again = client.open_year(start("o2", "", (30_000, 30_000))).await.expect_err("open");
        assert_eq!(said(&again, "state"), ("WRONG_STATE".into(), "begun".into()));
        assert_eq!(said(&again, "opening_id").1, first.opening_id);
        // before there is a bill, the year simply starts from the new figures
        let second = opened(&mut client, start("o3", &first.opening_id, (20_000, 20_000))).await;
        assert_eq!(second.adjustments, []);
        let asked = GetAccumulatorsRequest { person_id: "p".to_owned(), year: 2035 };
        let now = client.get_accumulators(asked).await.expect("accumulators").into_inner();
        assert_eq!((now.accumulators, now.opening_id.as_str()), (second.accumulators, second.opening_id.as_str()));
        let late = client.open_year(start("o4", &first.opening_id, (0, 0))).await.expect_err("replaced");
        assert_eq!(said(&late, "state"), ("WRONG_STATE".into(), "replaced".into()));
        assert_eq!(said(&late, "opening_id").1, second.opening_id);
        for (key, bill) in [("K1", "B1"), ("K2", "B2")] {
            house.settles(key, "p", &visit(bill, "2035-03-01", 10_000)).await;
        }
        // beside the most that any amount may be, the first bill leaves no room for the second
        let most = start("o5", &second.opening_id, (0, money::Fen::LIMIT.get()));
        let refused = client.open_year(most).await.expect_err("no bill could be decided");
        assert_eq!(said(&refused, "state"), ("WRONG_STATE".into(), "refused".into()));
        assert_eq!(starts(&house).await, 2);
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn the_database_itself_keeps_every_start() {
    on_both(|url| async move {
        let house = town(&url).await;
        opened(&mut accounts(&house), start("o1", "", (10_000, 10_000))).await;
        for sql in ["UPDATE opening SET source = 'x'", "DELETE FROM opening"] {
            assert!(Held::refused(&url, sql).await, "{sql}");
        }
        assert_eq!(starts(&house).await, 1);
        house.close().await;
    });
}
