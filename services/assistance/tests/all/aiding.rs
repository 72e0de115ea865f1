//! Temporary assistance is paid by the fund of the place where a person is insured, and by no other.

use ::pb::assistance::v1 as pb;
use ::pb::r#type::v1::Category;
use pb::ApplicationState as State;
use pb::application_terms::Wanted;
use testkit::on_both;
use tonic::Status;

use crate::applying::{aid, category, wanting};
use crate::support::{World, fault, fields, key};

fn asking(person: &str, division: &str, year: u32, wanted: Wanted) -> pb::ApplyRequest {
    pb::ApplyRequest {
        idempotency_key: key(),
        person_id: person.to_owned(),
        terms: Some(pb::ApplicationTerms { division: division.to_owned(), year, ..wanting(wanted) }),
        evidence: Vec::new(),
        operator_id: "window".to_owned(),
        remark: String::new(),
    }
}

async fn applies(world: &World, request: pb::ApplyRequest) -> Result<pb::Application, Status> {
    Ok(world.applications.clone().apply(request).await?.into_inner().application.unwrap())
}

#[test]
fn temporary_assistance_is_for_who_is_insured_in_the_place_or_below_it_on_a_day_of_the_year() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let elsewhere = applies(&world, asking("G1", "370800", 2022, aid(100_000))).await.unwrap_err();
        assert_eq!(fields(&elsewhere), ["terms.division"]);
        assert!(format!("{elsewhere:?}").contains("370900"), "where it is, is said: {elsewhere:?}");
        for nowhere in [asking("H1", "370800", 2022, aid(1)), asking("P1", "370800", 2019, aid(1))] {
            assert_eq!(fields(&applies(&world, nowhere).await.unwrap_err()), ["terms.division"]);
        }
        let here = asking("P1", "370800", 2022, aid(100_000));
        let here_again = here.clone();
        let applied = applies(&world, here).await.unwrap();
        assert_eq!(applied.state(), State::Applied);
        let below = applies(&world, asking("D1", "370800", 2022, aid(100_000))).await.unwrap();
        assert_eq!(below.state(), State::Applied, "370890 is a district of 370800");
        // a category is no money, and may be wanted before somebody is insured at all
        let categorised = applies(&world, asking("H1", "370800", 2022, category(Category::LowIncome))).await.unwrap();
        assert_eq!(categorised.state(), State::Applied);
        // enrolment away: nobody is paid for want of an answer, and a call that was answered asks nobody
        let away = world.with_enrolment(Some("http://127.0.0.1:1")).await;
        let unknown = applies(&away, asking("P2", "370800", 2022, aid(1))).await.unwrap_err();
        assert_eq!(fault(&unknown).0, "UNAVAILABLE");
        assert_eq!(applies(&away, here_again).await.unwrap(), applied);
        // not connected: as it was
        let alone = world.with_enrolment(None).await;
        assert_eq!(applies(&alone, asking("G1", "370800", 2022, aid(1))).await.unwrap().state(), State::Applied);
    });
}

#[test]
fn a_place_that_nobody_serves_is_refused_with_everything_that_is_wrong_and_blocks_nothing() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        for wanted in [category(Category::IllnessPoor), aid(77_700)] {
            let refused = applies(&world, asking("P1", "999999", 2022, wanted)).await.unwrap_err();
            let found = fields(&refused);
            assert!(!found.is_empty() && found.iter().all(|field| field == "terms.division"), "{found:?}");
        }
        let nothing = pb::ApplyRequest { operator_id: String::new(), ..asking("P1", "99", 2099, aid(0)) };
        let expected = ["operator_id", "terms.division", "terms.temporary.amount_fen", "terms.year"];
        assert_eq!(fields(&applies(&world, nothing).await.unwrap_err()), expected);
        let right = applies(&world, asking("P1", "370800", 2022, category(Category::IllnessPoor))).await.unwrap();
        assert_eq!(right.state(), State::Applied, "no DUPLICATE");
    });
}
