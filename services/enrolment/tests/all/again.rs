//! Who comes back in a cover year whose premium stands pays no second one, and nobody books a second one either.

use ::pb::r#type::v1::{Category, EnrolHow, Scheme};
use pb::enrolment::v1 as pb;
use testkit::on_both;

use crate::assisted::{came_in, told};
use crate::imports::{import, messages, row};
use crate::mistakes::{correct, end, funding};
use crate::support::{World, covered, employee, fault, key, paid, payment, resident};

/// Ends an enrolment by wish.
async fn gives_up(world: &World, enrolment: &pb::Enrolment, to: &str) {
    world.enrolments.clone().end_enrolment(end(enrolment, to, pb::EndReason::Wish)).await.unwrap();
}

fn late() -> pb::EnrolmentTerms {
    pb::EnrolmentTerms { how: EnrolHow::Late.into(), ..resident() }
}

/// That nothing is due and nothing was booked, because the premium of another enrolment stands.
#[track_caller]
fn rests_on(enrolment: &pb::Enrolment, first: &pb::Enrolment) {
    assert_eq!(enrolment.premium_enrolment_id, first.enrolment_id);
    assert_eq!(enrolment.state(), pb::EnrolmentState::Active);
    let contribution = enrolment.contribution.as_ref().unwrap();
    let amounts = [
        contribution.premium_fen,
        contribution.subsidy_fen,
        contribution.assisted_fen,
        contribution.own_fen(),
        contribution.employer_fen(),
        contribution.employee_fen(),
        contribution.credit_fen,
        contribution.total_fen(),
    ];
    assert_eq!(amounts, [0; 8]);
    let said = contribution.values.iter().filter_map(|value| value.citation.as_ref());
    let said: Vec<&str> = said.filter(|one| one.value == first.enrolment_id).map(|one| one.source.as_str()).collect();
    assert!(said.len() == 1 && said[0].contains("one premium"), "the answer explains itself: {said:?}");
}

async fn is_clean(world: &World) {
    let verified = enrolment::verify(&world.database).await.unwrap();
    assert!(verified.is_clean(), "{verified:?}");
}

#[test]
fn who_gives_up_and_comes_back_is_assisted_and_subsidised_once() {
    on_both(|url| async move {
        let world = World::assisted(&url).await;
        let person = world.person(1).await;
        world.assistance.grant(&person, Category::Destitute, "2021-01-01", "2029-12-31");
        let first = world.enrol(&person, resident()).await;
        gives_up(&world, &first, "2021-12-31").await;
        // before cover began: it goes on as of a premium paid that day
        let second = world.enrol(&person, resident()).await;
        rests_on(&second, &first);
        assert_eq!(covered(&second), ("2022-01-01".to_owned(), "2022-12-31".to_owned()));
        world.noon("2022-04-01");
        gives_up(&world, &second, "2022-03-31").await;
        // within the year: late, with the wait of three months
        let third = world.enrol(&person, late()).await;
        rests_on(&third, &first);
        assert_eq!(covered(&third), ("2022-07-01".to_owned(), "2022-12-31".to_owned()));

        told(&world, (1, 0)).await;
        assert_eq!((world.assistance.paid_fen(), came_in(&world).await), (30_000, 30_000));
        let total = funding(&world, Scheme::Resident, None).await;
        assert_eq!((total.people, total.people_assisted, total.assisted_fen), (1, 1, 30_000));
        assert_eq!((total.premium_fen, total.subsidy_fen), (30_000, 60_000));
        is_clean(&world).await;
        // the year after has a premium of its own
        world.noon("2022-11-15");
        let next = world.enrol(&person, pb::EnrolmentTerms { cover_year: 2023, ..resident() }).await;
        assert_eq!((next.premium_enrolment_id.as_str(), next.contribution.unwrap().assisted_fen), ("", 30_000));
    });
}

#[test]
fn a_premium_paid_out_of_the_own_pocket_stands_too_and_a_place_beside_has_its_own() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (person, first) = world.resident(1).await;
        gives_up(&world, &first, "2022-03-31").await;
        world.noon("2022-04-01");
        let again = world.enrol(&person, late()).await;
        rests_on(&again, &first);
        let second = world.try_pay(&again.enrolment_id, payment(30_000, "2022-04-01", pb::PremiumSource::Own)).await;
        assert_eq!(fault(&second.unwrap_err()).0, "WRONG_STATE", "nothing is due");
        let total = funding(&world, Scheme::Resident, None).await;
        assert_eq!((total.people, total.premium_fen, total.subsidy_fen), (1, 30_000, 60_000));
        // what was never paid is no premium
        let (other, unpaid) = (world.person(2).await, late());
        let unpaid = world.enrol(&other, unpaid).await;
        gives_up(&world, &unpaid, "2022-04-30").await;
        world.noon("2022-05-01");
        let due = world.enrol(&other, late()).await;
        assert_eq!((due.state(), due.contribution.as_ref().unwrap().own_fen()), (pb::EnrolmentState::Unpaid, 30_000));
        // another place is another fund
        gives_up(&world, &again, "2022-04-30").await;
        let beside = world.enrol(&person, pb::EnrolmentTerms { division: "990200".to_owned(), ..late() }).await;
        assert_eq!((beside.premium_enrolment_id.as_str(), beside.state()), ("", pb::EnrolmentState::Unpaid));
        is_clean(&world).await;
    });
}

#[test]
fn a_premium_that_was_undone_is_due_anew_and_one_that_another_enrolment_rests_on_is_not_undone_under_it() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (person, first) = world.resident(1).await;
        gives_up(&world, &first, "2022-03-31").await;
        world.noon("2022-04-01");
        let again = world.enrol(&person, late()).await;
        let mut calls = world.enrolments.clone();
        let (reason, said) = fault(&calls.end_enrolment(end(&first, "", pb::EndReason::Mistake)).await.unwrap_err());
        assert_eq!((reason.as_str(), &said["enrolment_id"]), ("WRONG_STATE", &again.enrolment_id));
        let back = calls.end_enrolment(end(&again, "", pb::EndReason::Mistake)).await.unwrap().into_inner();
        assert!(back.entries.is_empty(), "nothing was booked for it: {:?}", back.entries);
        let back = calls.end_enrolment(end(&first, "", pb::EndReason::Mistake)).await.unwrap().into_inner();
        let kinds: Vec<&str> = back.entries.iter().map(|entry| entry.kind.as_str()).collect();
        assert_eq!(kinds, ["reversal", "owed_back"]);
        let due = world.enrol(&person, late()).await;
        assert_eq!((due.premium_enrolment_id.as_str(), due.contribution.as_ref().unwrap().own_fen()), ("", 30_000));
        paid(world.pay(&due, "2022-04-01").await);
        let total = funding(&world, Scheme::Resident, None).await;
        assert_eq!((total.people, total.premium_fen, total.subsidy_fen), (1, 30_000, 60_000));
        is_clean(&world).await;
    });
}

#[test]
fn who_comes_back_and_dies_before_any_day_of_cover_is_owed_the_premium_and_alive_again_is_not() {
    on_both(|url| async move {
        let world = World::assisted(&url).await;
        let person = world.person(1).await;
        world.assistance.grant(&person, Category::LowIncome, "2021-01-01", "2029-12-31");
        let first = world.enrol(&person, resident()).await;
        let first = paid(world.pay(&first, "2021-11-15").await);
        gives_up(&world, &first, "2021-12-31").await;
        let again = world.enrol(&person, resident()).await;
        rests_on(&again, &first);
        world.noon("2021-12-20");
        let dead = correct(&world, &person, "2021-12-01").await;
        // 200 of the person, 600 of the governments, 100 of the fund
        let kinds: Vec<&str> = dead.entries.iter().map(|entry| entry.kind.as_str()).collect();
        assert_eq!(kinds, ["reversal", "owed_back"]);
        told(&world, (1, 1)).await;
        assert_eq!(came_in(&world).await, 0);
        assert_eq!(funding(&world, Scheme::Resident, None).await, pb::Funding::default());
        is_clean(&world).await;
        correct(&world, &person, "").await;
        told(&world, (2, 1)).await;
        let total = funding(&world, Scheme::Resident, None).await;
        assert_eq!((total.people, total.own_fen, total.assisted_fen), (1, 20_000, 10_000));
        assert_eq!(came_in(&world).await, 10_000);
        is_clean(&world).await;
    });
}

fn switching(enrolment: &pb::Enrolment, to: &str, terms: pb::EnrolmentTerms) -> pb::SwitchSchemeRequest {
    pb::SwitchSchemeRequest {
        idempotency_key: key(),
        enrolment_id: enrolment.enrolment_id.clone(),
        to_date: to.to_owned(),
        terms: Some(terms),
    }
}

#[test]
fn who_goes_over_and_back_pays_each_schemes_premium_once_and_another_employer_pays_its_own() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (person, first) = world.resident(1).await;
        world.noon("2022-04-01");
        let job = |employer: &str| pb::EnrolmentTerms {
            how: EnrolHow::AfterResident.into(),
            employer_id: employer.to_owned(),
            ..employee()
        };
        let home = || pb::EnrolmentTerms { how: EnrolHow::AfterEmployee.into(), ..resident() };
        let over = async |from: &pb::Enrolment, to: &str, terms: pb::EnrolmentTerms| {
            let answer = world.enrolments.clone().switch_scheme(switching(from, to, terms)).await.unwrap().into_inner();
            match answer.outcome {
                Some(pb::switch_scheme_response::Outcome::Enrolment(new)) => new,
                other => panic!("not switched: {other:?}"),
            }
        };
        let work = over(&first, "2022-03-31", job("E1")).await;
        let work = paid(world.pay(&work, "2022-04-01").await);
        world.noon("2022-06-01");
        let back = over(&work, "2022-05-31", home()).await;
        rests_on(&back, &first);
        assert_eq!(covered(&back).0, "2022-06-01", "no gap");
        world.noon("2022-07-01");
        let same = over(&back, "2022-06-30", job("e 1")).await;
        rests_on(&same, &work);
        world.noon("2022-08-01");
        let back = over(&same, "2022-07-31", home()).await;
        world.noon("2022-09-01");
        let other = over(&back, "2022-08-31", job("E2")).await;
        assert_eq!((other.premium_enrolment_id.as_str(), other.state()), ("", pb::EnrolmentState::Unpaid));
        let (residents, employees) =
            (funding(&world, Scheme::Resident, None).await, funding(&world, Scheme::Employee, None).await);
        assert_eq!((residents.people, residents.premium_fen, residents.subsidy_fen), (1, 30_000, 60_000));
        // 2 % of 60,000 yuan once, and credited once
        assert_eq!(
            (employees.employee_fen, employees.credit_fen, employees.people_employer_unknown),
            (120_000, 120_000, 0)
        );
        is_clean(&world).await;
        drop(person);
    });
}

#[test]
fn who_moves_away_and_back_or_renews_twice_pays_once_in_each_place_and_year() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (person, first) = world.resident(1).await;
        world.noon("2022-07-01");
        let out = pb::TransferOutRequest { to_date: "2022-06-30".to_owned(), ..crate::transfers::out(&first) };
        world.transfers.clone().transfer_out(out).await.unwrap();
        let again = world.enrol(&person, late()).await;
        rests_on(&again, &first);
        world.noon("2022-11-20");
        let renew = async || {
            let ask = pb::RenewEnrolmentRequest {
                idempotency_key: key(),
                enrolment_id: again.enrolment_id.clone(),
                terms: None,
            };
            let answer = world.enrolments.clone().renew_enrolment(ask).await.unwrap().into_inner();
            match answer.outcome {
                Some(pb::renew_enrolment_response::Outcome::Enrolment(new)) => new,
                other => panic!("not renewed: {other:?}"),
            }
        };
        let next = renew().await;
        assert_eq!((next.premium_enrolment_id.as_str(), next.contribution.as_ref().unwrap().own_fen()), ("", 30_000));
        let next = paid(world.pay(&next, "2022-11-20").await);
        gives_up(&world, &next, "2022-12-31").await;
        rests_on(&renew().await, &next);
        let total = funding(&world, Scheme::Resident, None).await;
        assert_eq!((total.people, total.premium_fen, total.subsidy_fen), (1, 30_000, 60_000));
        is_clean(&world).await;
        // moved before any day of cover: the premium was given back, and is due anew
        let (other, early) = (world.person(2).await, pb::EnrolmentTerms { cover_year: 2023, ..resident() });
        let early = world.enrol(&other, early).await;
        let early = paid(world.pay(&early, "2022-11-20").await);
        let out = pb::TransferOutRequest { to_date: "2022-12-31".to_owned(), ..crate::transfers::out(&early) };
        world.transfers.clone().transfer_out(out).await.unwrap();
        let due = world.enrol(&other, pb::EnrolmentTerms { cover_year: 2023, ..resident() }).await;
        assert_eq!((due.premium_enrolment_id.as_str(), due.state()), ("", pb::EnrolmentState::Unpaid));
    });
}

#[test]
fn an_imported_row_that_pays_a_premium_that_stands_is_rejected_and_one_without_a_payment_rests_on_it() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        import(&world, messages("first", &[row(1), row(2)], 2, true)).await;
        let find = async |number: u32| {
            let identity = row(number).identity.unwrap();
            let (document_type, document_number) = (identity.document_type, identity.document_number);
            let find = pb::FindPersonRequest { document_type, document_number };
            let person = world.people.clone().find_person(find).await.unwrap().into_inner().person.unwrap().person_id;
            let list = pb::ListEnrolmentsRequest { person_id: person, ..Default::default() };
            world.enrolments.clone().list_enrolments(list).await.unwrap().into_inner().enrolments
        };
        let (one, two) = (find(1).await.remove(0), find(2).await.remove(0));
        world.noon("2022-04-01");
        for enrolment in [&one, &two] {
            gives_up(&world, enrolment, "2022-03-31").await;
        }
        let mut rows = [row(1), row(2)];
        rows[0].payment = Some(payment(30_000, "2022-04-01", pb::PremiumSource::Own));
        rows[1].payment = None;
        rows[1].row = 2;
        for row in &mut rows {
            row.terms = Some(late());
        }
        let answer = import(&world, messages("again", &rows, 2, true)).await.import.unwrap();
        assert_eq!((answer.rows_kept, answer.rows_rejected, answer.own_fen, answer.subsidy_fen), (1, 1, 0, 0));
        assert_eq!(find(1).await.len(), 1);
        rests_on(&find(2).await[1], &two);
        let total = funding(&world, Scheme::Resident, None).await;
        assert_eq!((total.people, total.premium_fen, total.subsidy_fen), (2, 60_000, 120_000));
        is_clean(&world).await;
    });
}

#[test]
fn two_who_enrol_a_person_again_at_once_bring_one_enrolment_and_no_premium() {
    on_both(|url| async move {
        let world = World::assisted(&url).await;
        for number in 1..=4 {
            let person = world.person(number).await;
            world.assistance.grant(&person, Category::Destitute, "2021-01-01", "2029-12-31");
            let first = world.enrol(&person, resident()).await;
            gives_up(&world, &first, "2021-12-31").await;
            let ask =
                || pb::EnrolRequest { idempotency_key: key(), person_id: person.clone(), terms: Some(resident()) };
            let (mut one, mut two, mut three) =
                (world.enrolments.clone(), world.enrolments.clone(), world.enrolments.clone());
            // and of every other person somebody takes the first back as a mistake at the same moment
            let mistake = async {
                let mistake = end(&first, "", pb::EndReason::Mistake);
                if number % 2 == 0 { Some(three.end_enrolment(mistake).await) } else { None }
            };
            let (one, two, mistake) = tokio::join!(one.enrol(ask()), two.enrol(ask()), mistake);
            let reasons: Vec<String> =
                [&one, &two].iter().filter_map(|one| one.as_ref().err()).map(|no| fault(no).0).collect();
            assert_eq!(reasons, ["DUPLICATE"]);
            let done = one.or(two).unwrap().into_inner();
            let Some(pb::enrol_response::Outcome::Enrolment(done)) = done.outcome else { panic!("refused") };
            match mistake {
                // it came first: the premium is due anew
                Some(Ok(_)) => assert_eq!(
                    (done.premium_enrolment_id.as_str(), done.contribution.unwrap().assisted_fen),
                    ("", 30_000)
                ),
                Some(Err(no)) => {
                    assert_eq!(fault(&no).0, "WRONG_STATE");
                    rests_on(&done, &first);
                }
                None => rests_on(&done, &first),
            }
        }
        assert_eq!(came_in(&world).await, 4 * 30_000);
        let total = funding(&world, Scheme::Resident, None).await;
        assert_eq!((total.people, total.assisted_fen, total.subsidy_fen), (4, 120_000, 240_000));
        is_clean(&world).await;
    });
}
