//! What was a mistake never was: books, reports, credits and coverage say so, and what was known before stays known.

use std::collections::BTreeMap;

use ::pb::settlement::v1::MovementKind;
use ::pb::r#type::v1::{Scheme, Side};
use pb::enrolment::v1 as pb;
use testkit::on_both;

use crate::support::{World, employee, eventually, fault, fields, key, paid, payment, resident};

pub(crate) fn end(enrolment: &pb::Enrolment, to: &str, reason: pb::EndReason) -> pb::EndEnrolmentRequest {
    pb::EndEnrolmentRequest {
        idempotency_key: key(),
        enrolment_id: enrolment.enrolment_id.clone(),
        to_date: to.to_owned(),
        reason: reason.into(),
    }
}

pub(crate) async fn funding(world: &World, scheme: Scheme, known_at: Option<prost_types::Timestamp>) -> pb::Funding {
    let request = pb::GetFundingReportRequest {
        division: "990000".to_owned(),
        scheme: scheme.into(),
        cover_year: 2022,
        known_at,
    };
    world.reports.clone().get_funding_report(request).await.unwrap().into_inner().total.unwrap()
}

/// Debits less credits of the accounts that are not at zero.
async fn books(world: &World) -> BTreeMap<String, i64> {
    let balances = store::journal::balances(world.database.reader()).await.unwrap();
    let net = balances.into_iter().map(|(account, balance)| (account.to_string(), balance.net().get()));
    net.filter(|(_, net)| *net != 0).collect()
}

#[test]
fn an_enrolment_by_mistake_leaves_nothing_but_the_premium_that_is_owed_back() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (person, wrong) = world.resident(1).await;
        let before = world.moment();
        // 300 of the person, 600 of the governments
        assert_eq!(funding(&world, Scheme::Resident, None).await.premium_fen, 30_000);
        let mut calls = world.enrolments.clone();
        let later = calls.end_enrolment(end(&wrong, "2022-03-01", pb::EndReason::Mistake)).await.unwrap_err();
        assert_eq!(fields(&later), ["to_date"]);
        let request = end(&wrong, "", pb::EndReason::Mistake);
        let answer = calls.end_enrolment(request.clone()).await.unwrap().into_inner();
        let again = calls.end_enrolment(request).await.unwrap().into_inner();
        assert_eq!(answer, again);
        let lost: Vec<_> =
            answer.lost_days.iter().map(|days| (days.from_date.as_str(), days.to_date.as_str())).collect();
        assert_eq!(lost, [("2022-01-01", "2022-12-31")]);
        let kinds: Vec<&str> = answer.entries.iter().map(|entry| entry.kind.as_str()).collect();
        assert_eq!(kinds, ["reversal", "owed_back"]);
        let ended = answer.enrolment.unwrap();
        assert_eq!((ended.state(), ended.ended_date.as_str()), (pb::EnrolmentState::Ended, "2021-12-31"));
        let owed =
            BTreeMap::from([("income:990100:premium_own".to_owned(), 30_000), (format!("payable:{person}"), -30_000)]);
        assert_eq!(books(&world).await, owed, "the subsidy is nobody's income any more, and the fund has nothing");
        assert_eq!(funding(&world, Scheme::Resident, None).await, pb::Funding::default());
        assert_eq!(funding(&world, Scheme::Resident, Some(before)).await.premium_fen, 30_000, "as it was known then");
        assert!(world.intervals(&person).await.is_empty());
        // enrolled again, the person is counted once
        let right = world.enrol(&person, resident()).await;
        paid(world.pay(&right, "2021-11-15").await);
        let total = funding(&world, Scheme::Resident, None).await;
        assert_eq!((total.people, total.premium_fen, total.subsidy_fen), (1, 30_000, 60_000));
        assert_eq!(books(&world).await["fund:990100:pool"], -90_000);
        let twice = calls.end_enrolment(end(&wrong, "", pb::EndReason::Mistake)).await.unwrap_err();
        assert_eq!(fault(&twice).1["state"], "ended");
        assert!(enrolment::verify(&world.database).await.unwrap().is_clean());
    });
}

#[test]
fn what_a_mistake_credited_is_taken_back_spent_or_not_and_the_employer_is_owed_what_it_paid() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let person = world.person(1).await;
        let job = world.enrol(&person, employee()).await;
        let job = paid(world.pay(&job, "2021-11-15").await);
        let credits = || async {
            let request = pb::ListAccountCreditsRequest { person_id: person.clone(), ..Default::default() };
            world.enrolments.clone().list_account_credits(request).await.unwrap().into_inner().credits
        };
        // of the 1,200 credited, 200 are spent: settlement lets the person owe them
        *world.accounts.balance_fen.lock().unwrap() = 100_000;
        let answer = world.enrolments.clone().end_enrolment(end(&job, "", pb::EndReason::Mistake)).await;
        let answer = answer.unwrap().into_inner();
        assert_eq!((answer.taken_back.len(), answer.taken_back[0].amount_fen), (1, 120_000));
        let owed = books(&world).await;
        assert_eq!((owed["payable:E1"], owed.get("fund:990100:pool")), (-600_000, None));
        let done = || async {
            world.later(1);
            credits().await.into_iter().find_map(|credit| credit.taken_back_fen)
        };
        assert_eq!(eventually(done).await, 120_000);
        let debits = world.accounts.debits.lock().unwrap().clone();
        assert_eq!((debits.len(), debits[0].kind(), debits[0].amount_fen), (1, MovementKind::TakenBack, 120_000));
        assert_eq!((debits[0].division.as_str(), debits[0].payer.as_str()), ("990100", "pool"));
        assert!(credits().await[0].delivered, "the credit itself came first");
        assert!(enrolment::verify(&world.database).await.unwrap().is_clean());
    });
}

#[test]
fn an_end_says_which_covered_days_are_lost_and_books_nothing() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (_, enrolment) = world.resident(1).await;
        let answer = world.enrolments.clone().end_enrolment(end(&enrolment, "2022-05-31", pb::EndReason::Wish)).await;
        let answer = answer.unwrap().into_inner();
        let lost: Vec<_> =
            answer.lost_days.iter().map(|days| (days.from_date.as_str(), days.to_date.as_str())).collect();
        assert_eq!((lost, answer.entries.len()), (vec![("2022-06-01", "2022-12-31")], 0));
        let empty = end(&enrolment, "", pb::EndReason::Wish);
        assert_eq!(fields(&world.enrolments.clone().end_enrolment(empty).await.unwrap_err()), ["to_date"]);
    });
}

#[test]
fn an_employers_premium_nobody_knows_is_no_amount_and_what_an_employer_paid_is_booked_as_its_own() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let there = || pb::EnrolmentTerms { division: "990400".to_owned(), ..employee() };
        let one = world.person(1).await;
        let enrolment = world.enrol(&one, there()).await;
        let contribution = enrolment.contribution.clone().unwrap();
        // 2 % of 60,000 yuan; what the employer owes no document says
        assert_eq!(
            (contribution.employee_fen, contribution.employer_fen, contribution.total_fen),
            (Some(120_000), None, None)
        );
        let unknown = &contribution.unknown[0];
        assert_eq!((unknown.cite.as_slice(), unknown.about.contains("employer_rate")), (&["T-1".to_owned()][..], true));
        let short = payment(119_999, "2021-11-15", pb::PremiumSource::Employer);
        let (reason, metadata) = fault(&world.try_pay(&enrolment.enrolment_id, short).await.unwrap_err());
        assert_eq!((reason.as_str(), metadata["due_fen"].as_str()), ("WRONG_PREMIUM", "120000"));
        // 7 % of 60,000 yuan beside the own part
        let both = payment(540_000, "2021-11-15", pb::PremiumSource::Employer);
        let answer = world.try_pay(&enrolment.enrolment_id, both).await.unwrap();
        let lines = &answer.entries[0].lines;
        let amount = |account: &str| lines.iter().find(|line| line.account == account).map(|line| line.amount_fen);
        assert_eq!(amount("income:990400:premium_own"), Some(120_000));
        assert_eq!(amount("income:990400:premium_employer"), Some(420_000));
        assert_eq!(lines.iter().find(|line| line.side() == Side::Credit).unwrap().amount_fen, 540_000);
        let two = world.person(2).await;
        let enrolment = world.enrol(&two, there()).await;
        let more = payment(120_001, "2021-11-15", pb::PremiumSource::Own);
        assert_eq!(fault(&world.try_pay(&enrolment.enrolment_id, more).await.unwrap_err()).0, "WRONG_PREMIUM");
        let own = payment(120_000, "2021-11-15", pb::PremiumSource::Own);
        paid(world.try_pay(&enrolment.enrolment_id, own).await.unwrap());
        let total = funding(&world, Scheme::Employee, None).await;
        assert_eq!((total.people, total.employee_fen, total.employer_fen), (2, 240_000, 420_000));
        assert_eq!(total.people_employer_unknown, 1, "the report says whose employer's premium is not in it");
        assert!(enrolment::verify(&world.database).await.unwrap().is_clean());
    });
}

pub(crate) async fn correct(world: &World, person: &str, died: &str) -> pb::CorrectPersonResponse {
    let request = pb::CorrectPersonRequest {
        idempotency_key: key(),
        person_id: person.to_owned(),
        identity: Some(crate::support::identity(1, "1990-01-01")),
        died_date: died.to_owned(),
        operator_id: "officer".to_owned(),
        reason: "a certificate".to_owned(),
    };
    world.people.clone().correct_person(request).await.unwrap().into_inner()
}

#[test]
fn a_death_recorded_by_mistake_is_undone_and_what_was_known_of_it_stays_known() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (person, enrolment) = world.resident(1).await;
        world.noon("2022-06-01");
        let dead = correct(&world, &person, "2022-05-10").await;
        assert_eq!(dead.ended_enrolment_ids, std::slice::from_ref(&enrolment.enrolment_id));
        let believed_dead = world.moment();
        let is_covered = |answer: &pb::GetCoverageResponse| {
            matches!(answer.outcome, Some(pb::get_coverage_response::Outcome::Person(_)))
        };
        assert!(!is_covered(&world.coverage(&person, "2022-07-01").await));
        // the death was a day later
        let moved = correct(&world, &person, "2022-05-11").await;
        assert_eq!((moved.reopened_enrolment_ids.len(), moved.ended_enrolment_ids.len()), (0, 1));
        assert!(is_covered(&world.coverage(&person, "2022-05-11").await));
        assert!(!is_covered(&world.coverage(&person, "2022-05-12").await));
        // and it was somebody else's
        let alive = correct(&world, &person, "").await;
        assert_eq!(alive.reopened_enrolment_ids, std::slice::from_ref(&enrolment.enrolment_id));
        assert!(is_covered(&world.coverage(&person, "2022-07-01").await));
        assert!(!is_covered(&world.coverage_known(&person, "2022-07-01", Some(believed_dead)).await));
        let get = pb::GetEnrolmentRequest { enrolment_id: enrolment.enrolment_id.clone(), known_at: None };
        let now = world.enrolments.clone().get_enrolment(get).await.unwrap().into_inner().enrolment.unwrap();
        assert_eq!((now.state(), now.ended_date.as_str()), (pb::EnrolmentState::Active, ""));
        // what the person ended by wish stays ended
        world.enrolments.clone().end_enrolment(end(&enrolment, "2022-08-31", pb::EndReason::Wish)).await.unwrap();
        world.noon("2022-10-01");
        correct(&world, &person, "2022-09-30").await;
        assert!(correct(&world, &person, "").await.reopened_enrolment_ids.is_empty());
    });
}

#[test]
fn the_receipt_of_a_mistake_is_free_again_once() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let mut enrolments = Vec::new();
        for number in 1..=3 {
            let person = world.person(number).await;
            enrolments.push(world.enrol(&person, resident()).await);
        }
        let pay = |enrolment: usize, receipt: &str| {
            let mut payment = payment(30_000, "2021-11-15", pb::PremiumSource::Own);
            payment.receipt = receipt.to_owned();
            world.try_pay(&enrolments[enrolment].enrolment_id, payment)
        };
        paid(pay(0, "R 1").await.unwrap());
        let used = |status: &tonic::Status| {
            let (reason, metadata) = fault(status);
            assert_eq!((reason.as_str(), metadata["kind"].as_str()), ("DUPLICATE", "receipt"));
        };
        used(&pay(1, "r1").await.unwrap_err());
        let request = end(&enrolments[0], "", pb::EndReason::Mistake);
        world.enrolments.clone().end_enrolment(request).await.unwrap();
        paid(pay(1, "r1").await.unwrap());
        used(&pay(2, "R1").await.unwrap_err());
        let request = end(&enrolments[1], "", pb::EndReason::Mistake);
        world.enrolments.clone().end_enrolment(request).await.unwrap();
        paid(pay(2, "R1").await.unwrap());
        assert!(enrolment::verify(&world.database).await.unwrap().is_clean());
    });
}

#[test]
fn who_dies_before_the_cover_begins_owed_nothing_and_is_counted_nowhere_until_the_death_is_undone() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let person = world.person(1).await;
        let job = world.enrol(&person, employee()).await;
        let job = paid(world.pay(&job, "2021-11-15").await);
        let before = funding(&world, Scheme::Employee, None).await;
        assert_eq!((before.people, before.credit_fen), (1, 120_000));
        let (alive, there) = (world.moment(), books(&world).await);
        world.noon("2021-12-20");
        let kinds = |answer: &pb::CorrectPersonResponse| -> Vec<String> {
            answer.entries.iter().map(|entry| entry.kind.clone()).collect()
        };
        let dead = correct(&world, &person, "2021-12-10").await;
        assert_eq!(dead.ended_enrolment_ids, std::slice::from_ref(&job.enrolment_id));
        assert_eq!(kinds(&dead), ["reversal", "owed_back"]);
        assert_eq!(funding(&world, Scheme::Employee, None).await, pb::Funding::default());
        assert_eq!(funding(&world, Scheme::Employee, Some(alive)).await, before, "as it was known then");
        let owed = books(&world).await;
        assert_eq!((owed["payable:E1"], owed.get("fund:990100:pool")), (-600_000, None));
        assert!(enrolment::verify(&world.database).await.unwrap().is_clean());
        // it was somebody else's: all is as it was
        let undone = correct(&world, &person, "").await;
        assert_eq!(kinds(&undone), ["reversal", "contribution"]);
        assert_eq!(books(&world).await, there);
        assert_eq!(funding(&world, Scheme::Employee, None).await, before);
        assert_eq!(funding(&world, Scheme::Employee, Some(alive)).await, before);
        assert!(enrolment::verify(&world.database).await.unwrap().is_clean());
        let request = pb::ListAccountCreditsRequest { person_id: person.clone(), ..Default::default() };
        let credits = world.enrolments.clone().list_account_credits(request).await.unwrap().into_inner().credits;
        let told: Vec<_> = credits.iter().map(|credit| (credit.amount_fen, credit.taken_back)).collect();
        assert_eq!(told, [(120_000, true), (120_000, false)]);
        // and after all it was the person's own, on the first day of the cover
        world.noon("2022-01-20");
        let dead = correct(&world, &person, "2022-01-01").await;
        assert_eq!(kinds(&dead), Vec::<String>::new());
        assert_eq!(funding(&world, Scheme::Employee, None).await, before, "the cover had begun");
        assert!(enrolment::verify(&world.database).await.unwrap().is_clean());
    });
}
