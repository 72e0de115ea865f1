//! Waiting, suspension, ends and switches as intervals, and what a settlement is told.

use ::pb::policy::v1::RefusalReason;
use ::pb::r#type::v1::{EnrolHow, PersonGroup, Scheme};
use pb::CoverageKind::{Benefit, Suspended, Unpaid, Waiting};
use pb::enrolment::v1 as pb;
use testkit::on_both;

use crate::support::{World, covered, employee, fault, fields, identity, key, paid, reasons, resident};

fn days(kind: pb::CoverageKind, from: &str, to: &str) -> (pb::CoverageKind, String, String) {
    (kind, from.to_owned(), to.to_owned())
}

fn facts(answer: pb::GetCoverageResponse) -> ::pb::policy::v1::PersonFacts {
    match answer.outcome {
        Some(pb::get_coverage_response::Outcome::Person(facts)) => facts,
        other => panic!("not covered: {other:?}"),
    }
}

fn refused(answer: pb::GetCoverageResponse) -> Vec<RefusalReason> {
    match answer.outcome {
        Some(pb::get_coverage_response::Outcome::Refused(refusal)) => reasons(&refusal),
        other => panic!("covered: {other:?}"),
    }
}

fn pause(enrolment: &pb::Enrolment, from: &str) -> pb::SuspendEnrolmentRequest {
    pb::SuspendEnrolmentRequest {
        idempotency_key: key(),
        enrolment_id: enrolment.enrolment_id.clone(),
        from_date: from.to_owned(),
        reason: "the employer is in arrears".to_owned(),
    }
}

fn resume(enrolment: &pb::Enrolment, from: &str) -> pb::ResumeEnrolmentRequest {
    let pb::SuspendEnrolmentRequest { idempotency_key, enrolment_id, from_date, reason } = pause(enrolment, from);
    pb::ResumeEnrolmentRequest { idempotency_key, enrolment_id, from_date, reason }
}

fn end(enrolment: &pb::Enrolment, to: &str, reason: pb::EndReason) -> pb::EndEnrolmentRequest {
    pb::EndEnrolmentRequest {
        idempotency_key: key(),
        enrolment_id: enrolment.enrolment_id.clone(),
        to_date: to.to_owned(),
        reason: reason.into(),
    }
}

#[test]
fn who_joins_late_waits_and_the_waiting_is_an_interval_with_its_clause() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.noon("2022-03-10");
        let person = world.person(1).await;
        let history = Some(pb::InsuranceHistory { broken_years: 2, repaid_years: 1, ..Default::default() });
        let terms = pb::EnrolmentTerms { how: EnrolHow::Late.into(), history, ..resident() };
        let enrolment = world.enrol(&person, terms).await;
        assert_eq!(world.intervals(&person).await, [days(Unpaid, "2022-03-10", "2022-12-31")]);
        assert_eq!(refused(world.coverage(&person, "2022-03-10").await), [RefusalReason::NotCovered]);
        let enrolment = paid(world.pay(&enrolment, "2022-03-10").await);
        // 3 months, one more for each of two broken years, one less for the year repaid: 4 months from 10 March
        assert_eq!(covered(&enrolment), ("2022-07-10".to_owned(), "2022-12-31".to_owned()));
        let expected = [days(Waiting, "2022-03-10", "2022-07-09"), days(Benefit, "2022-07-10", "2022-12-31")];
        assert_eq!(world.intervals(&person).await, expected);
        let waiting = world.coverage(&person, "2022-07-09").await;
        let interval = waiting.interval.clone().unwrap();
        assert_eq!((interval.kind(), interval.cite.as_slice()), (Waiting, &["T-2".to_owned()][..]));
        assert_eq!(interval.clauses[0].clause_id, "T-2");
        // the nearest window: whether the day is inside is the policy's to say
        assert_eq!(facts(waiting).covered.unwrap().from_date, "2022-07-10");
        assert_eq!(refused(world.coverage(&person, "2022-03-09").await), [RefusalReason::NoScheme]);
    });
}

#[test]
fn suspended_days_are_taken_out_of_the_benefits() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let person = world.person(1).await;
        let enrolment = world.enrol(&person, employee()).await;
        let enrolment = paid(world.pay(&enrolment, "2021-11-15").await);
        let mut calls = world.enrolments.clone();
        let early = calls.resume_enrolment(resume(&enrolment, "2022-02-01")).await.unwrap_err();
        assert_eq!(fault(&early).1["state"], "active");
        let outside = calls.suspend_enrolment(pause(&enrolment, "2023-02-01")).await.unwrap_err();
        assert_eq!(fields(&outside), ["from_date"]);
        let suspended = calls.suspend_enrolment(pause(&enrolment, "2022-03-01")).await.unwrap().into_inner();
        assert_eq!(suspended.enrolment.unwrap().state(), pb::EnrolmentState::Suspended);
        let expected = [days(Benefit, "2022-01-01", "2022-02-28"), days(Suspended, "2022-03-01", "2022-12-31")];
        assert_eq!(world.intervals(&person).await, expected);
        let answer = world.coverage(&person, "2022-03-01").await;
        assert_eq!(answer.interval.as_ref().unwrap().kind(), Suspended);
        assert_eq!(facts(answer).covered.unwrap().to_date, "2022-02-28");
        let wrong = calls.resume_enrolment(resume(&enrolment, "2022-02-01")).await.unwrap_err();
        assert_eq!(fields(&wrong), ["from_date"]);
        let resumed = calls.resume_enrolment(resume(&enrolment, "2022-05-01")).await.unwrap().into_inner();
        assert_eq!(resumed.enrolment.unwrap().state(), pb::EnrolmentState::Active);
        let expected = [
            days(Benefit, "2022-01-01", "2022-02-28"),
            days(Suspended, "2022-03-01", "2022-04-30"),
            days(Benefit, "2022-05-01", "2022-12-31"),
        ];
        assert_eq!(world.intervals(&person).await, expected);
        let ended = calls.end_enrolment(end(&enrolment, "2022-06-30", pb::EndReason::Wish)).await.unwrap().into_inner();
        assert_eq!(ended.enrolment.unwrap().ended_date, "2022-06-30");
        assert_eq!(world.intervals(&person).await[2], days(Benefit, "2022-05-01", "2022-06-30"));
        let again = calls.end_enrolment(end(&enrolment, "2022-06-30", pb::EndReason::Wish)).await.unwrap_err();
        assert_eq!(fault(&again).1["state"], "ended");
        let switched = calls.end_enrolment(end(&enrolment, "2022-06-30", pb::EndReason::Switched)).await.unwrap_err();
        assert_eq!(fields(&switched), ["reason"]);
        let request = pb::ListCoverageIntervalsRequest { person_id: person, page_size: 2, ..Default::default() };
        let page = calls.list_coverage_intervals(request.clone()).await.unwrap().into_inner();
        let next = pb::ListCoverageIntervalsRequest { page_token: page.next_page_token, ..request };
        let last = calls.list_coverage_intervals(next).await.unwrap().into_inner();
        assert_eq!((page.intervals.len(), last.intervals.len(), last.next_page_token.as_str()), (2, 1, ""));
    });
}

#[test]
fn a_switch_leaves_no_gap_and_no_overlap_and_refused_nothing_ends() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let person = world.person(1).await;
        let job = world.enrol(&person, employee()).await;
        let unpaid = pb::SwitchSchemeRequest {
            idempotency_key: key(),
            enrolment_id: job.enrolment_id.clone(),
            to_date: "2022-06-15".to_owned(),
            terms: Some(resident()),
        };
        let unpaid = world.enrolments.clone().switch_scheme(unpaid).await.unwrap_err();
        assert_eq!(fault(&unpaid).1["state"], "unpaid");
        let job = paid(world.pay(&job, "2021-11-15").await);
        world.noon("2022-06-15");
        let ask = |terms| pb::SwitchSchemeRequest {
            idempotency_key: key(),
            enrolment_id: job.enrolment_id.clone(),
            to_date: "2022-06-15".to_owned(),
            terms: Some(terms),
        };
        let mut calls = world.enrolments.clone();
        let same = pb::EnrolmentTerms { division: "990200".to_owned(), ..employee() };
        assert_eq!(fields(&calls.switch_scheme(ask(same)).await.unwrap_err()), ["terms.division", "terms.scheme"]);
        let after = pb::EnrolmentTerms { how: EnrolHow::AfterEmployee.into(), ..resident() };
        let unknown = pb::EnrolmentTerms { cover_year: 2019, ..after.clone() };
        let answer = calls.switch_scheme(ask(unknown)).await.unwrap().into_inner();
        assert!(matches!(answer.outcome, Some(pb::switch_scheme_response::Outcome::Refused(_))), "{answer:?}");
        let request = pb::GetEnrolmentRequest { enrolment_id: job.enrolment_id.clone(), known_at: None };
        let still = calls.get_enrolment(request).await.unwrap().into_inner().enrolment.unwrap();
        assert_eq!(still.state(), pb::EnrolmentState::Active);
        let answer = calls.switch_scheme(ask(after)).await.unwrap().into_inner();
        assert_eq!(answer.ended.unwrap().ended_date, "2022-06-15");
        let Some(pb::switch_scheme_response::Outcome::Enrolment(new)) = answer.outcome else { panic!("refused") };
        let new = paid(world.pay(&new, "2022-06-15").await);
        // benefits are due from the month of enrolment, but until the 15th the other scheme held
        assert_eq!(covered(&new), ("2022-06-16".to_owned(), "2022-12-31".to_owned()));
        let expected = [days(Benefit, "2022-01-01", "2022-06-15"), days(Benefit, "2022-06-16", "2022-12-31")];
        assert_eq!(world.intervals(&person).await, expected);
        let schemes = |answer| facts(answer).schemes;
        assert_eq!(schemes(world.coverage(&person, "2022-06-15").await), [i32::from(Scheme::Employee)]);
        assert_eq!(schemes(world.coverage(&person, "2022-06-16").await), [i32::from(Scheme::Resident)]);

        // the switch was a mistake: the job goes on as before, and what was paid for the other is owed back
        let ended = calls.end_enrolment(end(&new, "", pb::EndReason::Mistake)).await.unwrap().into_inner();
        assert_eq!(ended.reopened_enrolment_ids, std::slice::from_ref(&job.enrolment_id));
        assert_eq!(schemes(world.coverage(&person, "2022-06-16").await), [i32::from(Scheme::Employee)]);
        assert_eq!(world.intervals(&person).await, [days(Benefit, "2022-01-01", "2022-12-31")]);
        assert!(enrolment::verify(&world.database).await.unwrap().is_clean());
    });
}

#[test]
fn a_settlement_is_told_age_group_diseases_and_plans_of_the_day() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (person, enrolment) = world.resident(1).await;
        let disease = pb::RecogniseDiseaseRequest {
            idempotency_key: key(),
            person_id: person.clone(),
            disease: "M03900".to_owned(),
            from_date: "2022-03-01".to_owned(),
            operator_id: "officer".to_owned(),
            ..Default::default()
        };
        let mut people = world.people.clone();
        let known = people.recognise_disease(disease.clone()).await.unwrap().into_inner().qualification.unwrap();
        let twice = pb::RecogniseDiseaseRequest { idempotency_key: key(), ..disease };
        assert_eq!(fault(&people.recognise_disease(twice).await.unwrap_err()).0, "DUPLICATE");
        let plan = pb::JoinPlanRequest {
            idempotency_key: key(),
            person_id: person.clone(),
            plan: "civil_servant".to_owned(),
            from_date: "2022-02-01".to_owned(),
            to_date: "2022-02-28".to_owned(),
        };
        people.join_plan(plan).await.unwrap();
        let february = facts(world.coverage(&person, "2022-02-28").await);
        assert_eq!((february.plans, february.diseases), (vec!["civil_servant".to_owned()], vec![]));
        let march = facts(world.coverage(&person, "2022-03-01").await);
        assert_eq!((march.age(), march.group(), march.division.as_str()), (32, PersonGroup::Adult, "990100"));
        assert_eq!((march.plans, march.diseases), (vec![], vec!["M03900".to_owned()]));
        let stop = pb::EndQualificationRequest {
            idempotency_key: key(),
            qualification_id: known.qualification_id,
            to_date: "2022-03-31".to_owned(),
            reason: "healed".to_owned(),
        };
        people.end_qualification(stop).await.unwrap();
        assert!(facts(world.coverage(&person, "2022-04-01").await).diseases.is_empty());
        let request = pb::ListQualificationsRequest { person_id: person.clone(), ..Default::default() };
        assert_eq!(people.list_qualifications(request).await.unwrap().into_inner().qualifications.len(), 2);
        // a death ends what holds beyond it
        world.noon("2022-08-10");
        let request = pb::CorrectPersonRequest {
            idempotency_key: key(),
            person_id: person.clone(),
            identity: Some(identity(1, "1990-01-01")),
            died_date: "2022-08-09".to_owned(),
            operator_id: "officer".to_owned(),
            reason: "death certificate".to_owned(),
        };
        people.correct_person(request).await.unwrap();
        assert_eq!(refused(world.coverage(&person, "2022-08-10").await), [RefusalReason::NoScheme]);
        let request = pb::GetEnrolmentRequest { enrolment_id: enrolment.enrolment_id, known_at: None };
        let ended = world.enrolments.clone().get_enrolment(request).await.unwrap().into_inner().enrolment.unwrap();
        assert_eq!(ended.ended_date, "2022-08-09");
    });
}

/// Clauses of an answer, and of its refusal where it is one.
fn cited(answer: &pb::GetCoverageResponse) -> (Vec<String>, Option<Vec<String>>) {
    let explained = |refusal: &::pb::policy::v1::Refusal| {
        assert_eq!(refusal.clauses.len(), refusal.causes[0].cite.len(), "each clause is explained");
        refusal.causes[0].cite.clone()
    };
    match &answer.outcome {
        Some(pb::get_coverage_response::Outcome::Refused(refusal)) => (answer.cite.clone(), Some(explained(refusal))),
        _ => (answer.cite.clone(), None),
    }
}

#[test]
fn every_answer_for_a_day_without_coverage_says_the_clause_that_asks_for_it() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        // never enrolled: the clauses by which benefits begin in the nation
        let nobody = world.person(1).await;
        let answer = world.coverage(&nobody, "2022-03-01").await;
        assert_eq!(refused(answer.clone()), [RefusalReason::NoScheme]);
        assert_eq!(cited(&answer), (vec!["T-2".to_owned()], Some(vec!["T-2".to_owned()])));
        assert_eq!(answer.clauses[0].clause_id, "T-2");
        // enrolled in another year: those of the place
        let (person, enrolment) = world.resident(2).await;
        let answer = world.coverage(&person, "2024-03-01").await;
        assert_eq!(cited(&answer), (vec!["T-2".to_owned()], Some(vec!["T-2".to_owned()])));
        // not paid: the clause of the premium
        let unpaid = world.person(3).await;
        world.enrol(&unpaid, resident()).await;
        let answer = world.coverage(&unpaid, "2022-03-01").await;
        assert_eq!(cited(&answer), (vec!["T-1".to_owned()], Some(vec!["T-1".to_owned()])));
        // suspended
        let mut calls = world.enrolments.clone();
        calls.suspend_enrolment(pause(&enrolment, "2022-03-01")).await.unwrap();
        let answer = world.coverage(&person, "2022-03-01").await;
        assert_eq!(answer.interval.as_ref().unwrap().cite, ["T-2"]);
        assert_eq!((cited(&answer).0, answer.clauses.len()), (vec!["T-2".to_owned()], 1));
        // enrolled, paid later without a wait: no interval holds the days before
        world.noon("2022-03-10");
        let between = world.person(4).await;
        let terms = pb::EnrolmentTerms { group: PersonGroup::Retired.into(), premium_base_fen: 0, ..employee() };
        world.enrol(&between, terms).await;
        let answer = world.coverage(&between, "2022-03-09").await;
        assert_eq!(answer.cite, ["T-2"]);
    });
}

#[test]
fn who_has_not_paid_is_cited_the_nations_clauses_and_those_of_the_own_place_alone() {
    on_both(|url| async move {
        let world = World::with(&url, policy::Policy::shipped_files()).await;
        for (number, division, own, foreign) in
            [(1, "370890", ["TB-", "SD-"], ["SX-", "GX-", "QN-"]), (2, "450000", ["GX-", "GX-"], ["SX-", "TB-", "SD-"])]
        {
            let person = world.person(number).await;
            world.enrol(&person, pb::EnrolmentTerms { division: division.to_owned(), ..resident() }).await;
            let answer = world.coverage(&person, "2022-03-01").await;
            let interval = answer.interval.unwrap();
            assert_eq!(interval.kind(), Unpaid);
            for cite in [&answer.cite, &interval.cite] {
                let begins = |with: &str| cite.iter().any(|id| id.starts_with(with));
                assert!(own.iter().any(|with| begins(with)), "{division}: {cite:?}");
                assert!(!foreign.iter().any(|with| begins(with)), "{division}: {cite:?}");
            }
            assert_eq!(answer.clauses.len(), answer.cite.len());
        }
    });
}
