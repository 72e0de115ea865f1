//! Who says to be in time and is not joins late, and nobody pays where nothing is paid.

use ::pb::policy::v1::RefusalReason;
use ::pb::r#type::v1::EnrolHow;
use pb::enrolment::v1 as pb;
use testkit::on_both;

use crate::mistakes::{correct, end};
use crate::support::{World, covered, employee, key, packs, paid, payment, reasons, resident};

fn switch(enrolment: &pb::Enrolment, to: &str, terms: pb::EnrolmentTerms) -> pb::SwitchSchemeRequest {
    pb::SwitchSchemeRequest {
        idempotency_key: key(),
        enrolment_id: enrolment.enrolment_id.clone(),
        to_date: to.to_owned(),
        terms: Some(terms),
    }
}

fn after_job() -> pb::EnrolmentTerms {
    pb::EnrolmentTerms { how: EnrolHow::AfterEmployee.into(), ..resident() }
}

async fn job(world: &World, number: u32) -> (String, pb::Enrolment) {
    let person = world.person(number).await;
    let job = world.enrol(&person, employee()).await;
    (person, paid(world.pay(&job, "2021-11-15").await))
}

async fn switched(world: &World, job: &pb::Enrolment, to: &str) -> pb::SwitchSchemeResponse {
    world.enrolments.clone().switch_scheme(switch(job, to, after_job())).await.unwrap().into_inner()
}

fn new(answer: pb::SwitchSchemeResponse) -> pb::Enrolment {
    match answer.outcome {
        Some(pb::switch_scheme_response::Outcome::Enrolment(new)) => new,
        other => panic!("not switched: {other:?}"),
    }
}

pub(crate) fn spans(days: &[::pb::r#type::v1::Period]) -> Vec<(&str, &str)> {
    days.iter().map(|days| (days.from_date.as_str(), days.to_date.as_str())).collect()
}

#[test]
fn a_premium_of_the_central_period_that_is_paid_in_the_cover_year_is_late_and_waits() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (one, two, three) = (world.person(1).await, world.person(2).await, world.person(3).await);
        let (early, tardy) = (world.enrol(&one, resident()).await, world.enrol(&two, resident()).await);
        world.noon("2022-01-01");
        // the last day of the year before, and the first day of the year
        assert_eq!(covered(&paid(world.pay(&early, "2021-12-31").await)).0, "2022-01-01");
        let paid_late = paid(world.pay(&tardy, "2022-01-01").await);
        assert_eq!(paid_late.coverage.clone().unwrap().counts_as(), EnrolHow::Late);
        assert_eq!(covered(&paid_late), ("2022-04-01".to_owned(), "2022-12-31".to_owned()));
        world.noon("2022-11-23");
        // three months from 23 November are after the year
        let answer = world.try_enrol(&three, resident()).await;
        let Some(pb::enrol_response::Outcome::Refused(no)) = answer.outcome else { panic!("enrolled") };
        assert_eq!(reasons(&no), [RefusalReason::NotCovered]);
    });
}

#[test]
fn a_renewal_with_terms_of_its_own_and_an_imported_row_are_late_too_where_they_are_paid_late() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (_, enrolment) = world.resident(1).await;
        world.noon("2023-02-10");
        let terms = pb::EnrolmentTerms { cover_year: 2023, ..resident() };
        let (idempotency_key, enrolment_id) = (key(), enrolment.enrolment_id);
        let ask = pb::RenewEnrolmentRequest { idempotency_key, enrolment_id, terms: Some(terms.clone()) };
        let answer = world.enrolments.clone().renew_enrolment(ask).await.unwrap().into_inner();
        let Some(pb::renew_enrolment_response::Outcome::Enrolment(renewed)) = answer.outcome else { panic!("refused") };
        assert_eq!(covered(&paid(world.pay(&renewed, "2023-02-10").await)).0, "2023-05-10");
        let row = pb::ImportRow {
            identity: Some(crate::support::identity(2, "1980-05-06")),
            terms: Some(terms),
            payment: Some(payment(30_000, "2023-02-10", pb::PremiumSource::Own)),
            ..crate::imports::row(1)
        };
        let find = pb::FindPersonRequest {
            document_type: row.identity.as_ref().unwrap().document_type,
            document_number: row.identity.as_ref().unwrap().document_number.clone(),
        };
        let messages = crate::imports::messages("late", &[row], 1, true);
        assert_eq!(crate::imports::import(&world, messages).await.import.unwrap().rows_kept, 1);
        let person = world.people.clone().find_person(find).await.unwrap().into_inner().person.unwrap();
        let benefits = world.intervals(&person.person_id).await;
        assert_eq!(benefits.last().unwrap().1, "2023-05-10", "{benefits:?}");
    });
}

#[test]
fn a_switch_that_is_dated_back_is_in_time_only_if_it_was_when_it_was_made() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let ((in_time, one), (tardy, two), (_, three)) =
            (job(&world, 1).await, job(&world, 2).await, job(&world, 3).await);
        // three months after 31 January
        world.noon("2022-04-30");
        let enrolment = new(switched(&world, &one, "2022-01-31").await);
        paid(world.pay(&enrolment, "2022-04-30").await);
        assert_eq!(world.intervals(&in_time).await[1].1, "2022-02-01", "no gap");
        world.noon("2022-05-01");
        let answer = switched(&world, &two, "2022-01-31").await;
        assert_eq!(spans(&answer.lost_days), [("2022-02-01", "2022-12-31")]);
        let late = paid(world.pay(&new(answer), "2022-05-01").await);
        assert_eq!(late.coverage.clone().unwrap().counts_as(), EnrolHow::Late);
        assert_eq!(covered(&late).0, "2022-08-01", "{:?}", world.intervals(&tardy).await);
        // too late to be covered at all: refused, and the job goes on
        world.noon("2022-11-23");
        let answer = switched(&world, &three, "2022-01-31").await;
        let Some(pb::switch_scheme_response::Outcome::Refused(no)) = answer.outcome else { panic!("switched") };
        assert_eq!(reasons(&no), [RefusalReason::NotCovered]);
    });
}

#[test]
fn who_comes_with_a_certificate_too_late_joins_late() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.noon("2022-05-01");
        let came = |number: u32, last: &'static str| {
            let world = &world;
            async move {
                let person = world.person(number).await;
                let certificate = pb::TransferCertificate {
                    certificate_id: format!("C{number}"),
                    scheme: ::pb::r#type::v1::Scheme::Resident.into(),
                    to_date: last.to_owned(),
                    account_fen: 0,
                    ..crate::transfers::elsewhere("C")
                };
                let terms = pb::EnrolmentTerms { division: certificate.to_division.clone(), ..after_job() };
                let ask = crate::transfers::confirmed(crate::transfers::taking(&person, &certificate, &terms));
                let answer = world.transfers.clone().transfer_in(ask).await.unwrap().into_inner();
                let Some(pb::transfer_in_response::Outcome::Enrolment(new)) = answer.outcome else { panic!("refused") };
                covered(&paid(world.pay(&new, "2022-05-01").await)).0
            }
        };
        assert_eq!(came(1, "2022-02-01").await, "2022-02-02", "three months to the day");
        assert_eq!(came(2, "2022-01-31").await, "2022-08-01", "a day more");
    });
}

#[test]
fn nobody_is_enrolled_where_the_scheme_pays_nothing() {
    on_both(|url| async move {
        let nothing = packs().into_iter().filter(|file| file.path != "990000/resident/inpatient.toml").collect();
        let world = World::with(&url, nothing).await;
        let person = world.person(1).await;
        let answer = world.try_enrol(&person, resident()).await;
        let Some(pb::enrol_response::Outcome::Refused(no)) = answer.outcome else { panic!("enrolled") };
        assert_eq!(reasons(&no), [RefusalReason::NoBenefit]);
        assert!(no.causes[0].about.contains("enrol in the place"), "{no:?}");
        world.enrol(&person, employee()).await;
    });
}

#[test]
fn a_subsidy_that_no_document_splits_is_said_not_to_be_and_reported_as_nobodys() {
    on_both(|url| async move {
        let mut files = packs();
        let file = files.iter_mut().find(|file| file.path == "990000/resident/contribution.toml").unwrap();
        let cut = |from: &str, to: &str| (file.text.find(from).unwrap(), file.text.find(to).unwrap());
        let (from, to) = cut("[subsidy_central]", "[premium_assistance]");
        file.text.replace_range(from..to, "");
        let world = World::with(&url, files).await;
        let (_, enrolment) = world.resident(1).await;
        let contribution = enrolment.contribution.unwrap();
        assert_eq!((contribution.subsidy_fen, contribution.central_fen, contribution.county_fen), (60_000, 0, 0));
        let unknown: Vec<_> = contribution.unknown.iter().map(|cause| (cause.reason(), cause.about.as_str())).collect();
        let expected = ["central", "province", "city", "county"]
            .map(|level| format!("resident.contribution.subsidy_{level} on 2022-01-01"));
        assert_eq!(unknown, expected.each_ref().map(|about| (RefusalReason::NoValue, about.as_str())));
        let total = crate::mistakes::funding(&world, ::pb::r#type::v1::Scheme::Resident, None).await;
        assert_eq!((total.subsidy_fen, total.subsidy_unsplit_fen, total.central_fen), (60_000, 60_000, 0));
        assert!(enrolment::verify(&world.database).await.unwrap().is_clean());
    });
}

fn is_covered(answer: &pb::GetCoverageResponse) -> bool {
    matches!(answer.outcome, Some(pb::get_coverage_response::Outcome::Person(_)))
}

#[test]
fn a_death_takes_the_days_after_it_also_from_what_had_a_later_end_and_gives_them_back_when_it_is_undone() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (person, enrolment) = world.resident(1).await;
        world.noon("2022-07-15");
        let wish = end(&enrolment, "2022-06-30", pb::EndReason::Wish);
        world.enrolments.clone().end_enrolment(wish).await.unwrap();
        assert!(is_covered(&world.coverage(&person, "2022-06-20").await));
        let dead = correct(&world, &person, "2022-06-15").await;
        assert_eq!(dead.ended_enrolment_ids, std::slice::from_ref(&enrolment.enrolment_id));
        assert_eq!(spans(&dead.lost_days), [("2022-06-16", "2022-06-30")]);
        assert!(is_covered(&world.coverage(&person, "2022-06-15").await));
        assert!(!is_covered(&world.coverage(&person, "2022-06-16").await));
        let alive = correct(&world, &person, "").await;
        assert_eq!(alive.reopened_enrolment_ids, std::slice::from_ref(&enrolment.enrolment_id));
        assert!(is_covered(&world.coverage(&person, "2022-06-30").await));
        assert!(!is_covered(&world.coverage(&person, "2022-07-01").await), "it had ended by wish");
    });
}

#[test]
fn a_death_before_a_switch_ends_both_and_undone_both_are_as_they_were() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (person, job) = job(&world, 1).await;
        world.noon("2022-07-05");
        let enrolment = new(switched(&world, &job, "2022-06-30").await);
        paid(world.pay(&enrolment, "2022-07-05").await);
        let before = world.intervals(&person).await;
        let dead = correct(&world, &person, "2022-06-15").await;
        assert_eq!(spans(&dead.lost_days), [("2022-06-16", "2022-06-30"), ("2022-07-01", "2022-12-31")]);
        // what was paid for the residents' insurance was due from nobody
        let kinds: Vec<&str> = dead.entries.iter().map(|entry| entry.kind.as_str()).collect();
        assert_eq!((dead.ended_enrolment_ids.len(), kinds), (2, vec!["reversal", "owed_back"]));
        assert_eq!(world.intervals(&person).await.last().unwrap().2, "2022-06-15");
        assert!(enrolment::verify(&world.database).await.unwrap().is_clean());
        let alive = correct(&world, &person, "").await;
        assert_eq!((alive.reopened_enrolment_ids.len(), alive.lost_days.len()), (2, 0));
        assert_eq!(world.intervals(&person).await, before);
        assert!(enrolment::verify(&world.database).await.unwrap().is_clean());
    });
}

#[test]
fn a_death_before_a_transfer_names_what_was_taken_along() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (person, enrolment) = world.resident(1).await;
        world.noon("2022-07-05");
        let ask = pb::TransferOutRequest {
            to_division: "990200".to_owned(),
            to_date: "2022-06-30".to_owned(),
            ..crate::transfers::out(&enrolment)
        };
        let answer = world.transfers.clone().transfer_out(ask).await.unwrap().into_inner();
        assert_eq!(spans(&answer.lost_days), [("2022-07-01", "2022-12-31")]);
        let dead = correct(&world, &person, "2022-06-15").await;
        assert_eq!(dead.standing_transfer_ids, [answer.transfer.unwrap().transfer_id]);
        assert_eq!(spans(&dead.lost_days), [("2022-06-16", "2022-06-30")]);
        assert!(!is_covered(&world.coverage(&person, "2022-06-16").await));
        let mistake = end(&enrolment, "", pb::EndReason::Mistake);
        let status = world.enrolments.clone().end_enrolment(mistake).await.unwrap_err();
        assert_eq!(crate::support::fault(&status).0, "WRONG_STATE", "the certificate is out");
        // on the last day that the certificate says nothing stands against it
        assert!(correct(&world, &person, "2022-06-30").await.standing_transfer_ids.is_empty());
        assert!(is_covered(&world.coverage(&person, "2022-06-30").await));
        assert!(enrolment::verify(&world.database).await.unwrap().is_clean());
    });
}

#[test]
fn a_suspension_says_which_covered_days_are_lost() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (_, job) = job(&world, 1).await;
        let ask = pb::SuspendEnrolmentRequest {
            idempotency_key: key(),
            enrolment_id: job.enrolment_id,
            from_date: "2022-03-01".to_owned(),
            reason: "arrears".to_owned(),
        };
        let answer = world.enrolments.clone().suspend_enrolment(ask).await.unwrap().into_inner();
        assert_eq!(spans(&answer.lost_days), [("2022-03-01", "2022-12-31")]);
    });
}
