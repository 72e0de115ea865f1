//! Coverage of a day as known on another day.

use pb::enrolment::v1 as pb;
use store::sea_orm::ConnectionTrait as _;
use testkit::on_both;

use crate::support::{World, fault, key, resident};

fn is_covered(answer: &pb::GetCoverageResponse) -> bool {
    matches!(answer.outcome, Some(pb::get_coverage_response::Outcome::Person(_)))
}

#[test]
fn coverage_of_a_day_is_what_was_known_of_it_then() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let start = world.moment();
        let person = world.person(1).await;
        let registered = world.moment();
        let enrolment = world.enrol(&person, resident()).await;
        let enrolled = world.moment();
        world.noon("2021-12-20");
        world.pay(&enrolment, "2021-12-20").await;
        let paid = world.moment();
        world.noon("2022-09-01");
        // in September the bureau learns that the person left at the end of May
        let request = pb::EndEnrolmentRequest {
            idempotency_key: key(),
            enrolment_id: enrolment.enrolment_id.clone(),
            to_date: "2022-05-31".to_owned(),
            reason: pb::EndReason::Wish.into(),
        };
        world.enrolments.clone().end_enrolment(request).await.unwrap();
        let ended = world.moment();
        let on = |moment: &prost_types::Timestamp| {
            let (world, person, moment) = (&world, &person, *moment);
            async move { world.coverage_known(person, "2022-07-01", Some(moment)).await }
        };
        assert!(!is_covered(&on(&registered).await));
        assert!(on(&registered).await.enrolment_ids.is_empty());
        assert_eq!(on(&enrolled).await.interval.unwrap().kind(), pb::CoverageKind::Unpaid);
        assert!(is_covered(&on(&paid).await), "a bill settled in July was right by what was known");
        assert!(!is_covered(&on(&ended).await));
        assert!(is_covered(&world.coverage_known(&person, "2022-05-31", Some(ended)).await));
        let unknown =
            pb::GetCoverageRequest { person_id: person, on_date: "2022-07-01".to_owned(), known_at: Some(start) };
        assert_eq!(fault(&world.enrolments.clone().get_coverage(unknown).await.unwrap_err()).0, "NOT_FOUND");
        let get = |known_at| pb::GetEnrolmentRequest { enrolment_id: enrolment.enrolment_id.clone(), known_at };
        let mut calls = world.enrolments.clone();
        let then = calls.get_enrolment(get(Some(enrolled))).await.unwrap().into_inner().enrolment.unwrap();
        assert_eq!(then.state(), pb::EnrolmentState::Unpaid);
        assert_eq!(fault(&calls.get_enrolment(get(Some(registered))).await.unwrap_err()).0, "NOT_FOUND");
        let list = pb::ListEnrolmentsRequest {
            division: "990000".to_owned(),
            states: vec![pb::EnrolmentState::Active.into()],
            known_at: Some(paid),
            ..Default::default()
        };
        assert_eq!(calls.list_enrolments(list.clone()).await.unwrap().into_inner().enrolments.len(), 1);
        let now = pb::ListEnrolmentsRequest { known_at: None, ..list };
        assert!(calls.list_enrolments(now).await.unwrap().into_inner().enrolments.is_empty());
    });
}

#[test]
fn the_database_itself_lets_no_fact_be_changed() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.resident(1).await;
        for sql in [
            "UPDATE enrolment SET paid = 0",
            "DELETE FROM enrolment",
            "UPDATE identity SET born = '2000-01-01'",
            "DELETE FROM basis",
        ] {
            let work = |tx: store::Tx| async move {
                tx.execute_unprepared(sql).await?;
                Ok::<_, store::Error>(())
            };
            let refused = world.database.transaction(work).await;
            assert!(matches!(refused, Err(store::Error::Forbidden(_))), "{sql}: {refused:?}");
        }
    });
}
