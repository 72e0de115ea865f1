//! Enrolling, paying, and what is refused.

use ::pb::policy::v1::RefusalReason;
use ::pb::r#type::v1::{Category, EnrolHow, PersonGroup, Scheme, Side};
use pb::enrolment::v1 as pb;
use testkit::on_both;

use crate::support::{World, covered, employee, fault, fields, identity, key, paid, payment, reasons, resident};

#[test]
fn a_premium_is_taken_once_in_the_right_amount_and_booked_by_who_pays() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let person = world.person(1).await;
        let enrolment = world.enrol(&person, resident()).await;
        assert_eq!(enrolment.state(), pb::EnrolmentState::Unpaid);
        let contribution = enrolment.contribution.clone().unwrap();
        // 600 = 300 (half) + 120 (a fifth) + 60 + the rest of 120
        let levels =
            (contribution.central_fen, contribution.province_fen, contribution.city_fen, contribution.county_fen);
        assert_eq!((contribution.own_fen(), contribution.subsidy_fen), (30_000, 60_000));
        assert_eq!(levels, (30_000, 12_000, 6_000, 12_000));
        assert_eq!(contribution.values[0].citation.as_ref().unwrap().cite, ["T-1"]);

        let wrong = payment(29_999, "2021-11-15", pb::PremiumSource::Own);
        let (reason, metadata) = fault(&world.try_pay(&enrolment.enrolment_id, wrong).await.unwrap_err());
        assert_eq!((reason.as_str(), metadata["due_fen"].as_str()), ("WRONG_PREMIUM", "30000"));
        let employer = payment(30_000, "2021-11-15", pb::PremiumSource::Employer);
        let status = world.try_pay(&enrolment.enrolment_id, employer).await.unwrap_err();
        assert_eq!(fields(&status), ["payment.source"]);

        let mut right = payment(30_000, "2021-11-15", pb::PremiumSource::Own);
        right.receipt = "R1".to_owned();
        let request = pb::PayPremiumRequest {
            idempotency_key: key(),
            enrolment_id: enrolment.enrolment_id.clone(),
            payment: Some(right.clone()),
        };
        let answer = world.enrolments.clone().pay_premium(request.clone()).await.unwrap().into_inner();
        let again = world.enrolments.clone().pay_premium(request).await.unwrap().into_inner();
        assert_eq!(answer, again);
        let lines = &answer.entries[0].lines;
        let amount = |account: &str| lines.iter().find(|line| line.account == account).map(|line| line.amount_fen);
        assert_eq!(amount("income:990100:premium_own"), Some(30_000));
        assert_eq!(amount("income:990100:subsidy_central"), Some(30_000));
        assert_eq!(amount("income:990100:subsidy_county"), Some(12_000));
        assert_eq!(amount("fund:990100:pool"), Some(90_000));
        assert_eq!(
            lines.iter().filter(|line| line.side() == Side::Debit).map(|line| line.amount_fen).sum::<i64>(),
            90_000
        );
        let active = paid(answer);
        assert_eq!(active.state(), pb::EnrolmentState::Active);
        assert_eq!(covered(&active), ("2022-01-01".to_owned(), "2022-12-31".to_owned()));

        let (reason, metadata) = fault(&world.try_pay(&enrolment.enrolment_id, right.clone()).await.unwrap_err());
        assert_eq!((reason.as_str(), metadata["state"].as_str()), ("WRONG_STATE", "active"));
        let other = world.person(2).await;
        let other = world.enrol(&other, resident()).await;
        let (reason, metadata) = fault(&world.try_pay(&other.enrolment_id, right).await.unwrap_err());
        assert_eq!((reason.as_str(), metadata["kind"].as_str()), ("DUPLICATE", "receipt"));
        assert_eq!(store::journal::sum(world.database.reader()).await.unwrap(), money::Fen::ZERO);
        assert_eq!(store::journal::balances(world.database.reader()).await.unwrap().len(), 6);
    });
}

#[test]
fn who_is_assisted_whole_is_covered_at_once_and_in_part_pays_the_rest() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let person = world.person(1).await;
        let categories = vec![Category::LowIncome.into(), Category::Destitute.into()];
        let answer = world.try_enrol(&person, pb::EnrolmentTerms { categories, ..resident() }).await;
        let account = |line: &::pb::r#type::v1::JournalLine| (line.account.clone(), line.amount_fen);
        let lines: Vec<_> = answer.entries[0].lines.iter().map(account).collect();
        assert!(lines.contains(&("income:990100:premium_assisted".to_owned(), 30_000)), "{lines:?}");
        assert!(!lines.iter().any(|(account, _)| account.ends_with("premium_own")));
        let Some(pb::enrol_response::Outcome::Enrolment(enrolment)) = answer.outcome else { panic!("refused") };
        assert_eq!(enrolment.state(), pb::EnrolmentState::Active);
        assert_eq!(enrolment.payment.unwrap().source(), pb::PremiumSource::Assisted);
        let person = world.person(2).await;
        let categories = vec![Category::LowIncome.into()];
        let enrolment = world.enrol(&person, pb::EnrolmentTerms { categories, ..resident() }).await;
        assert_eq!(enrolment.contribution.as_ref().unwrap().own_fen(), 20_000);
        let entries = world.pay(&enrolment, "2021-11-15").await.entries;
        assert!(
            entries[0].lines.iter().any(|line| line.account.ends_with("premium_assisted") && line.amount_fen == 10_000)
        );
    });
}

#[test]
fn employers_pay_both_parts_and_what_no_pack_knows_is_never_due() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let person = world.person(1).await;
        let enrolment = world.enrol(&person, employee()).await;
        // 8 % and 2 % of 60,000 yuan
        let contribution = enrolment.contribution.clone().unwrap();
        assert_eq!((contribution.employer_fen(), contribution.employee_fen()), (480_000, 120_000));
        let own = payment(120_000, "2021-11-15", pb::PremiumSource::Own);
        assert_eq!(fields(&world.try_pay(&enrolment.enrolment_id, own).await.unwrap_err()), ["payment.source"]);
        assert_eq!(paid(world.pay(&enrolment, "2021-11-15").await).state(), pb::EnrolmentState::Active);

        let person = world.person(2).await;
        let terms = pb::EnrolmentTerms { group: PersonGroup::Flexible.into(), ..employee() };
        let answer = world.try_enrol(&person, terms).await;
        let Some(pb::enrol_response::Outcome::Refused(refusal)) = answer.outcome else { panic!("enrolled") };
        assert_eq!(reasons(&refusal), [RefusalReason::AbsentValue]);
        assert_eq!((refusal.causes[0].cite.as_slice(), refusal.clauses.len()), (&["T-1".to_owned()][..], 1));

        let person = world.person(3).await;
        let terms = pb::EnrolmentTerms { group: PersonGroup::Retired.into(), premium_base_fen: 0, ..employee() };
        let retired = world.try_enrol(&person, terms).await;
        assert!(retired.entries.is_empty(), "nobody pays anything");
        let Some(pb::enrol_response::Outcome::Enrolment(retired)) = retired.outcome else { panic!("refused") };
        assert_eq!(retired.state(), pb::EnrolmentState::Active);
    });
}

#[test]
fn a_second_scheme_or_place_on_the_same_day_is_refused_and_nothing_is_kept() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (person, enrolment) = world.resident(1).await;
        for terms in [employee(), pb::EnrolmentTerms { division: "990200".to_owned(), ..resident() }] {
            let answer = world.try_enrol(&person, terms).await;
            assert_eq!(answer.other.unwrap().enrolment_id, enrolment.enrolment_id);
            let Some(pb::enrol_response::Outcome::Refused(refusal)) = answer.outcome else { panic!("enrolled") };
            assert_eq!(reasons(&refusal), [RefusalReason::TwoSchemes]);
            assert_eq!(refusal.causes[0].cite, ["GX-17", "DM-3.5"]);
        }
        let request = pb::EnrolRequest { idempotency_key: key(), person_id: person.clone(), terms: Some(resident()) };
        let (reason, metadata) = fault(&world.enrolments.clone().enrol(request).await.unwrap_err());
        assert_eq!((reason.as_str(), &metadata["enrolment_id"]), ("DUPLICATE", &enrolment.enrolment_id));
        let elsewhere = pb::EnrolmentTerms { division: "990900".to_owned(), cover_year: 2023, ..resident() };
        let answer = world.try_enrol(&person, elsewhere).await;
        let Some(pb::enrol_response::Outcome::Refused(refusal)) = answer.outcome else { panic!("enrolled") };
        assert_eq!(reasons(&refusal), [RefusalReason::UnknownDivision]);
        let request = pb::ListEnrolmentsRequest { person_id: person, ..Default::default() };
        let list = world.enrolments.clone().list_enrolments(request).await.unwrap().into_inner();
        assert_eq!(list.enrolments.len(), 1);
    });
}

#[test]
fn two_calls_at_once_enrol_a_person_once() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let person = world.person(1).await;
        let ask = |terms: pb::EnrolmentTerms| {
            let mut enrolments = world.enrolments.clone();
            let request = pb::EnrolRequest { idempotency_key: key(), person_id: person.clone(), terms: Some(terms) };
            async move { enrolments.enrol(request).await.unwrap().into_inner().outcome.unwrap() }
        };
        let (one, two) = tokio::join!(ask(resident()), ask(employee()));
        let enrolled = [one, two].iter().filter(|one| matches!(one, pb::enrol_response::Outcome::Enrolment(_))).count();
        assert_eq!(enrolled, 1);
    });
}

#[test]
fn unreadable_terms_are_listed_whole() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let terms = pb::EnrolmentTerms {
            division: "12".to_owned(),
            scheme: Scheme::Resident.into(),
            group: PersonGroup::Active.into(),
            cover_year: 22,
            how: 77,
            enrolled_date: "2021-11-16".to_owned(),
            categories: vec![0],
            premium_base_fen: -1,
            county: Some(0),
            history: Some(pb::InsuranceHistory { broken_years: 1, repaid_years: 2, ..Default::default() }),
            ..Default::default()
        };
        let request = pb::EnrolRequest { idempotency_key: key(), person_id: "p".to_owned(), terms: Some(terms) };
        let expected = [
            "terms.categories[0]",
            "terms.county",
            "terms.cover_year",
            "terms.division",
            "terms.enrolled_date",
            "terms.group",
            "terms.history.repaid_years",
            "terms.how",
            "terms.premium_base_fen",
        ];
        assert_eq!(fields(&world.enrolments.clone().enrol(request).await.unwrap_err()), expected);
        let request = pb::EnrolRequest { idempotency_key: key(), person_id: "p".to_owned(), terms: Some(resident()) };
        assert_eq!(fault(&world.enrolments.clone().enrol(request).await.unwrap_err()).0, "NOT_FOUND");
    });
}

#[test]
fn a_newborn_benefits_from_birth_within_the_set_days_and_is_late_after_them() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (parent, _) = world.resident(1).await;
        world.noon("2022-05-31");
        let terms =
            |how: EnrolHow| pb::EnrolmentTerms { group: PersonGroup::Newborn.into(), how: how.into(), ..resident() };
        let ask = |number: u32, born: &str, terms| pb::EnrolNewbornRequest {
            idempotency_key: key(),
            identity: Some(identity(number, born)),
            parent_person_id: parent.clone(),
            terms: Some(terms),
        };
        let enrolled = |answer: pb::EnrolNewbornResponse| match answer.outcome {
            Some(pb::enrol_newborn_response::Outcome::Enrolment(enrolment)) => (enrolment, answer.person.unwrap()),
            other => panic!("not enrolled: {other:?}"),
        };
        let mut calls = world.enrolments.clone();
        // 31 May is the 90th day after 2 March
        let answer = calls.enrol_newborn(ask(11, "2022-03-02", terms(EnrolHow::NewBirth))).await.unwrap().into_inner();
        let (enrolment, child) = enrolled(answer);
        let enrolment = paid(world.pay(&enrolment, "2022-05-31").await);
        assert_eq!(covered(&enrolment), ("2022-03-02".to_owned(), "2022-12-31".to_owned()));
        assert_eq!(world.coverage(&child.person_id, "2022-03-02").await.enrolment_ids, [enrolment.enrolment_id]);

        let answer = calls.enrol_newborn(ask(12, "2022-03-01", terms(EnrolHow::NewBirth))).await.unwrap().into_inner();
        let (late, sibling) = enrolled(answer);
        let late = paid(world.pay(&late, "2022-05-31").await);
        assert_eq!(late.coverage.as_ref().unwrap().counts_as(), EnrolHow::Late);
        // three months of waiting from 31 May
        assert_eq!(covered(&late).0, "2022-08-31");
        assert_eq!(child.household_id, sibling.household_id);
        let request = pb::GetHouseholdRequest { household_id: child.household_id, ..Default::default() };
        let home = world.people.clone().get_household(request).await.unwrap().into_inner().household.unwrap();
        assert_eq!(home.members.len(), 3);

        let wrong = ask(13, "2022-05-01", terms(EnrolHow::Late));
        assert_eq!(fields(&calls.enrol_newborn(wrong).await.unwrap_err()), ["terms.how"]);
        let nowhere = pb::EnrolmentTerms { division: "990900".to_owned(), ..terms(EnrolHow::NewBirth) };
        let answer = calls.enrol_newborn(ask(13, "2022-05-01", nowhere)).await.unwrap().into_inner();
        assert!(answer.person.is_none());
        let find = pb::FindPersonRequest {
            document_type: pb::DocumentType::Passport.into(),
            document_number: "P00000013".to_owned(),
        };
        assert_eq!(fault(&world.people.clone().find_person(find).await.unwrap_err()).0, "NOT_FOUND");
    });
}

#[test]
fn a_renewal_takes_the_terms_over_and_a_second_one_is_there_already() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (_, enrolment) = world.resident(1).await;
        world.noon("2022-10-10");
        let ask = || pb::RenewEnrolmentRequest {
            idempotency_key: key(),
            enrolment_id: enrolment.enrolment_id.clone(),
            terms: None,
        };
        let answer = world.enrolments.clone().renew_enrolment(ask()).await.unwrap().into_inner();
        let Some(pb::renew_enrolment_response::Outcome::Enrolment(renewed)) = answer.outcome else { panic!("refused") };
        let terms = renewed.terms.clone().unwrap();
        assert_eq!(
            (terms.cover_year, terms.enrolled_date.as_str(), terms.how()),
            (2023, "2022-10-10", EnrolHow::CentralPeriod)
        );
        let paid = paid(world.pay(&renewed, "2022-10-10").await);
        assert_eq!(covered(&paid).0, "2023-01-01");
        assert_eq!(fault(&world.enrolments.clone().renew_enrolment(ask()).await.unwrap_err()).0, "DUPLICATE");
        let other = pb::RenewEnrolmentRequest { terms: Some(resident()), ..ask() };
        assert_eq!(fields(&world.enrolments.clone().renew_enrolment(other).await.unwrap_err()), ["terms.cover_year"]);
    });
}

#[test]
fn a_renewal_for_a_year_that_is_over_is_refused_with_its_clause() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (_, resident) = world.resident(1).await;
        let person = world.person(2).await;
        let job = world.enrol(&person, employee()).await;
        let job = paid(world.pay(&job, "2021-11-15").await);
        world.noon("2024-02-01");
        for enrolment in [resident, job] {
            let (idempotency_key, enrolment_id) = (key(), enrolment.enrolment_id);
            let ask = pb::RenewEnrolmentRequest { idempotency_key, enrolment_id, terms: None };
            let answer = world.enrolments.clone().renew_enrolment(ask).await.unwrap().into_inner();
            let Some(pb::renew_enrolment_response::Outcome::Refused(no)) = answer.outcome else { panic!("renewed") };
            assert_eq!(reasons(&no), [RefusalReason::BadDates]);
            assert!(!no.causes[0].cite.is_empty(), "{no:?}");
        }
    });
}

#[test]
fn who_is_older_than_a_year_is_no_newborn_and_nobody_is_enrolled_before_birth() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (parent, _) = world.resident(1).await;
        world.noon("2022-05-31");
        let terms =
            pb::EnrolmentTerms { group: PersonGroup::Newborn.into(), how: EnrolHow::NewBirth.into(), ..resident() };
        let ask = |number: u32, born: &str, terms: &pb::EnrolmentTerms| pb::EnrolNewbornRequest {
            idempotency_key: key(),
            identity: Some(identity(number, born)),
            parent_person_id: parent.clone(),
            terms: Some(terms.clone()),
        };
        let mut calls = world.enrolments.clone();
        for born in ["1990-01-01", "2021-05-31"] {
            assert_eq!(
                fields(&calls.enrol_newborn(ask(2, born, &terms)).await.unwrap_err()),
                ["terms.group"],
                "{born}"
            );
        }
        let early = pb::EnrolmentTerms { enrolled_date: "2022-03-01".to_owned(), ..terms.clone() };
        assert_eq!(
            fields(&calls.enrol_newborn(ask(2, "2022-03-02", &early)).await.unwrap_err()),
            ["terms.enrolled_date"]
        );
        // the last day of its first year; after the set days it is late
        let answer = calls.enrol_newborn(ask(2, "2021-06-01", &terms)).await.unwrap().into_inner();
        assert!(matches!(answer.outcome, Some(pb::enrol_newborn_response::Outcome::Enrolment(_))), "{answer:?}");
        // the other door
        let request = pb::EnrolRequest { idempotency_key: key(), person_id: parent, terms: Some(terms) };
        assert_eq!(fields(&calls.enrol(request).await.unwrap_err()), ["terms.group"]);
    });
}

/// What the ways of enrolling say of insurance that stopped three weeks before.
fn lately() -> Option<pb::InsuranceHistory> {
    Some(pb::InsuranceHistory { employee_ended_date: "2024-12-10".to_owned(), ..Default::default() })
}

#[test]
fn an_employee_of_a_new_job_is_enrolled_in_the_packs_that_ship_and_goes_on_next_year() {
    on_both(|url| async move {
        let world = World::with(&url, policy::Policy::shipped_files()).await;
        world.noon("2025-01-02");
        for (number, how) in [(1, EnrolHow::AfterResident), (2, EnrolHow::AfterEmployee)] {
            let person = world.person(number).await;
            let job =
                pb::EnrolmentTerms { division: "370890".to_owned(), cover_year: 2025, how: how.into(), ..employee() };
            // an employee who comes late waits, for a time no document says
            let late = pb::EnrolmentTerms { how: EnrolHow::Late.into(), ..job.clone() };
            let answer = world.try_enrol(&person, late).await;
            let Some(pb::enrol_response::Outcome::Refused(refusal)) = answer.outcome else { panic!("enrolled") };
            assert_eq!(reasons(&refusal), [RefusalReason::AbsentValue]);
            assert_eq!((refusal.causes[0].cite.as_slice(), refusal.clauses.len()), (&["DM-3.3".to_owned()][..], 1));
            let enrolment = world.enrol(&person, pb::EnrolmentTerms { history: lately(), ..job }).await;
            let active = paid(world.pay(&enrolment, "2025-01-02").await);
            assert_eq!(covered(&active), ("2025-01-01".to_owned(), "2025-12-31".to_owned()));
            let mut calls = world.enrolments.clone();
            let renew =
                pb::RenewEnrolmentRequest { idempotency_key: key(), enrolment_id: active.enrolment_id, terms: None };
            let answer = calls.renew_enrolment(renew).await.unwrap().into_inner();
            let Some(pb::renew_enrolment_response::Outcome::Enrolment(next)) = answer.outcome else {
                panic!("refused: {answer:?}")
            };
            let next = paid(world.pay(&next, "2025-01-02").await);
            assert_eq!(covered(&next), ("2026-01-01".to_owned(), "2026-12-31".to_owned()));
        }
    });
}

#[test]
fn whatever_is_enrolled_in_the_packs_that_ship_can_be_paid() {
    on_both(|url| async move {
        let world = World::with(&url, policy::Policy::shipped_files()).await;
        world.noon("2025-01-02");
        let divisions = policy::Policy::compile(&policy::Policy::shipped_files()).unwrap();
        let divisions: Vec<String> = divisions.divisions().map(|pack| pack.code.to_string()).collect();
        let (mut number, mut enrolled) = (0, 0);
        for division in divisions {
            for group in <terms::PersonGroup as terms::Word>::ALL {
                for how in <terms::EnrolHow as terms::Word>::ALL {
                    number += 1;
                    let born = if *group == terms::PersonGroup::Newborn { "2024-12-01" } else { "1990-01-01" };
                    let request = pb::RegisterPersonRequest {
                        idempotency_key: key(),
                        identity: Some(identity(number, born)),
                        ..Default::default()
                    };
                    let person = world.people.clone().register_person(request).await.unwrap().into_inner().person;
                    let terms = pb::EnrolmentTerms {
                        division: division.clone(),
                        scheme: wire::write::word(group.scheme()),
                        group: wire::write::word(*group),
                        how: wire::write::word(*how),
                        cover_year: 2025,
                        premium_base_fen: 6_000_000,
                        history: lately(),
                        ..Default::default()
                    };
                    let answer = world.try_enrol(&person.unwrap().person_id, terms).await;
                    let Some(pb::enrol_response::Outcome::Enrolment(enrolment)) = answer.outcome else { continue };
                    enrolled += 1;
                    if enrolment.state() == pb::EnrolmentState::Unpaid {
                        assert_eq!(paid(world.pay(&enrolment, "2025-01-02").await).state(), pb::EnrolmentState::Active);
                    }
                }
            }
        }
        assert!(enrolled > 100, "{enrolled} of {number}");
    });
}
