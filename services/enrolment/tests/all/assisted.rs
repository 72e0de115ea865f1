//! Premium assistance: what assistance has granted decides the premium, and its fund hears what it pays, once.

use ::pb::r#type::v1::{Category, EnrolHow, Scheme};
use money::Fen;
use pb::enrolment::v1 as pb;
use rpc::limits::DEADLINE_MAX;
use testkit::{on_both, on_sqlite};
use tonic::Request;

use crate::imports::{import, messages, row};
use crate::mistakes::{end, funding};
use crate::support::{World, employee, eventually, fault, fields, key, paid, resident};

fn enrolling(person: &str, terms: pb::EnrolmentTerms) -> pb::EnrolRequest {
    pb::EnrolRequest { idempotency_key: key(), person_id: person.to_owned(), terms: Some(terms) }
}

fn renewing(enrolment: &pb::Enrolment) -> pb::RenewEnrolmentRequest {
    let enrolment_id = enrolment.enrolment_id.clone();
    pb::RenewEnrolmentRequest { idempotency_key: key(), enrolment_id, terms: None }
}

fn assisted_fen(enrolment: &pb::Enrolment) -> i64 {
    enrolment.contribution.as_ref().unwrap().assisted_fen
}

/// Waits until so many premiums were booked and taken back there. What is to be told again waits by the service's clock, and so does
/// what another process had taken: what was done may be told once more.
pub(crate) async fn told(world: &World, (booked, reversed): (usize, usize)) -> Vec<(&'static str, String)> {
    let look = || async {
        world.later(1);
        let found = (world.assistance.booked.lock().unwrap().len(), world.assistance.reversed.lock().unwrap().len());
        (found == (booked, reversed)).then(|| world.assistance.told.lock().unwrap().clone())
    };
    let mut told = eventually(look).await;
    told.dedup();
    told
}

/// What enrolment's books say that the fund paid of premiums, in fen.
pub(crate) async fn came_in(world: &World) -> i64 {
    let account = "income:990100:premium_assisted".parse().unwrap();
    store::journal::balance(world.database.reader(), &account).await.unwrap().net().get()
}

#[test]
fn what_is_granted_on_the_day_decides_the_premium_and_nothing_need_be_handed_in() {
    on_both(|url| async move {
        let world = World::assisted(&url).await;
        let (destitute, poor, other) = (world.person(1).await, world.person(2).await, world.person(3).await);
        world.assistance.grant(&destitute, Category::Destitute, "2021-01-01", "2022-12-31");
        world.assistance.grant(&poor, Category::LowIncome, "2021-11-15", "2021-11-15");
        // from the day after on: not on this one
        world.assistance.grant(&other, Category::Destitute, "2021-11-16", "2022-12-31");

        let whole = world.enrol(&destitute, resident()).await;
        assert_eq!((whole.state(), assisted_fen(&whole)), (pb::EnrolmentState::Active, 30_000));
        assert_eq!(whole.terms.as_ref().unwrap().categories, [i32::from(Category::Destitute)]);
        assert_eq!(whole.category_source(), pb::CategorySource::Granted);
        assert_eq!(whole.category_grant_ids, [format!("grant 0 of {destitute}")]);
        let part = world.enrol(&poor, resident()).await;
        assert_eq!((part.state(), assisted_fen(&part)), (pb::EnrolmentState::Unpaid, 10_000));
        let part = paid(world.pay(&part, "2021-11-15").await);
        let full = world.enrol(&other, resident()).await;
        assert_eq!((assisted_fen(&full), full.category_source()), (0, pb::CategorySource::Granted));
        paid(world.pay(&full, "2021-11-15").await);

        // 300 and 100 yuan, by hand
        let mut expected = [("book", whole.enrolment_id.clone()), ("book", part.enrolment_id.clone())];
        let mut told = told(&world, (2, 0)).await;
        expected.sort();
        told.sort();
        assert_eq!(told, expected);
        assert_eq!((world.assistance.paid_fen(), came_in(&world).await), (40_000, 40_000));
        let of = |one: &pb::Enrolment| (one.enrolment_id.clone(), "990100".to_owned());
        let by_enrolment = enrolment::premium_assistance(&world.database).await.unwrap();
        assert_eq!(by_enrolment, [(of(&whole), Fen::new(30_000)), (of(&part), Fen::new(10_000))].into());
        let booked = world.assistance.booked.lock().unwrap().clone();
        let said = booked.iter().filter_map(|one| one.assistance.clone()).find(|one| one.person_id == poor).unwrap();
        assert_eq!((said.division.as_str(), said.cover_year, said.category()), ("990100", 2022, Category::LowIncome));
        assert_eq!((said.paid_date.as_str(), said.categories_handed_in), ("2021-11-15", false));
        assert_eq!(said.policy_version, part.policy_version);
        assert!(enrolment::verify(&world.database).await.unwrap().is_clean());
    });
}

#[test]
fn a_category_that_is_handed_in_and_not_granted_is_refused_and_one_that_is_granted_need_not_be() {
    on_both(|url| async move {
        let world = World::assisted(&url).await;
        let person = world.person(1).await;
        world.assistance.grant(&person, Category::LowIncome, "2021-01-01", "2022-12-31");
        world.assistance.grant(&person, Category::Destitute, "2021-01-01", "2022-12-31");
        let with = |categories: &[Category]| {
            let categories = categories.iter().map(|category| (*category).into()).collect();
            enrolling(&person, pb::EnrolmentTerms { categories, ..resident() })
        };
        let wrong = with(&[Category::Orphan, Category::LowIncome, Category::Monitored]);
        let refused = world.enrolments.clone().enrol(wrong).await.unwrap_err();
        assert_eq!(fields(&refused), ["terms.categories", "terms.categories"], "both at once");
        // what is granted beyond it counts too: all of the premium is assisted, not 100 yuan
        let right = world.enrolments.clone().enrol(with(&[Category::LowIncome])).await.unwrap().into_inner();
        let Some(pb::enrol_response::Outcome::Enrolment(enrolment)) = right.outcome else { panic!("refused") };
        assert_eq!(assisted_fen(&enrolment), 30_000);
    });
}

#[test]
fn a_category_withdrawn_in_may_leaves_the_year_and_the_next_one_is_paid_in_full() {
    on_both(|url| async move {
        let world = World::assisted(&url).await;
        let person = world.person(1).await;
        world.assistance.grant(&person, Category::Destitute, "2021-01-01", "2029-12-31");
        let year = world.enrol(&person, resident()).await;
        told(&world, (1, 0)).await;
        world.noon("2022-05-20");
        world.assistance.end(&person, "2022-05-19");
        let covered = world.coverage(&person, "2022-12-31").await;
        assert!(matches!(covered.outcome, Some(pb::get_coverage_response::Outcome::Person(_))), "{covered:?}");
        assert_eq!((world.assistance.paid_fen(), came_in(&world).await), (30_000, 30_000), "the year stays");

        world.noon("2022-11-20");
        let answer = world.enrolments.clone().renew_enrolment(renewing(&year)).await.unwrap().into_inner();
        let Some(pb::renew_enrolment_response::Outcome::Enrolment(next)) = answer.outcome else { panic!("refused") };
        assert_eq!((assisted_fen(&next), next.contribution.as_ref().unwrap().own_fen()), (0, 30_000));
        assert!(next.terms.as_ref().unwrap().categories.is_empty(), "last year's are not carried on");
        assert_eq!((next.state(), next.category_source()), (pb::EnrolmentState::Unpaid, pb::CategorySource::Granted));
        // and back again: who is granted it meanwhile is assisted in the year after
        paid(world.pay(&next, "2022-11-20").await);
        world.noon("2023-11-20");
        world.assistance.grant(&person, Category::LowIncome, "2023-01-01", "2029-12-31");
        let answer = world.enrolments.clone().renew_enrolment(renewing(&next)).await.unwrap().into_inner();
        let Some(pb::renew_enrolment_response::Outcome::Enrolment(after)) = answer.outcome else { panic!("refused") };
        assert_eq!(assisted_fen(&after), 10_000);
    });
}

#[test]
fn without_an_answer_nobody_is_enrolled_and_a_call_that_was_answered_asks_nobody() {
    on_both(|url| async move {
        let world = World::assisted(&url).await;
        let (person, other) = (world.person(1).await, world.person(2).await);
        world.assistance.grant(&person, Category::Destitute, "2021-01-01", "2029-12-31");
        world.assistance.grant(&other, Category::Destitute, "2021-01-01", "2029-12-31");
        let request = enrolling(&person, resident());
        let answer = world.enrolments.clone().enrol(request.clone()).await.unwrap().into_inner();
        told(&world, (1, 0)).await;
        let asked = world.assistance.asked.lock().unwrap().len();

        *world.assistance.away.lock().unwrap() = true;
        let late = enrolling(&other, resident());
        let status = world.enrolments.clone().enrol(late.clone()).await.unwrap_err();
        assert_eq!(
            (fault(&status).0.as_str(), tonic_types::StatusExt::get_details_retry_info(&status).is_some()),
            ("UNAVAILABLE", true)
        );
        let listed = pb::ListEnrolmentsRequest { person_id: other.clone(), ..Default::default() };
        assert!(world.enrolments.clone().list_enrolments(listed).await.unwrap().into_inner().enrolments.is_empty());
        let Some(pb::enrol_response::Outcome::Enrolment(first)) = &answer.outcome else { panic!("refused") };
        let renewal = world.enrolments.clone().renew_enrolment(renewing(first)).await.unwrap_err();
        assert_eq!(fault(&renewal).0, "UNAVAILABLE");
        // answered before: given again, as it was
        let again = world.enrolments.clone().enrol(request.clone()).await.unwrap().into_inner();
        assert_eq!(again, answer);
        let mut changed = request;
        changed.terms.as_mut().unwrap().cover_year = 2023;
        let reused = world.enrolments.clone().enrol(changed).await.unwrap_err();
        assert_eq!(fault(&reused).0, "KEY_REUSED");
        assert_eq!(world.assistance.asked.lock().unwrap().len(), asked, "nobody was asked for these");
        world.says_that_assistance_is_away(true).await;

        *world.assistance.away.lock().unwrap() = false;
        let look = || async { world.enrolments.clone().enrol(late.clone()).await.ok() };
        let done = eventually(look).await.into_inner();
        let Some(pb::enrol_response::Outcome::Enrolment(enrolment)) = done.outcome else { panic!("refused") };
        assert_eq!(assisted_fen(&enrolment), 30_000);
        world.says_that_assistance_is_away(false).await;
    });
}

#[test]
fn assistance_that_hangs_is_waited_for_no_longer_than_a_part_of_the_call() {
    on_sqlite(|url| async move {
        let world = World::new(&url).await;
        // it takes connections and never says a word
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hung = world.connected_to(&format!("http://{}", silent.local_addr().unwrap())).await;
        let request = enrolling(&hung.person(1).await, resident());
        let late = hung.enrolments.clone().enrol(request).await.unwrap_err();
        assert_eq!(fault(&late).0, "UNAVAILABLE", "before the call itself is over");
        hung.says_that_assistance_is_away(true).await;
    });
}

#[test]
fn a_premium_whose_answer_was_lost_is_told_again_under_its_own_key_and_settlement_waits_for_nobody() {
    on_both(|url| async move {
        let world = World::assisted(&url).await;
        *world.assistance.lost.lock().unwrap() = 2;
        let person = world.person(1).await;
        world.assistance.grant(&person, Category::Destitute, "2021-01-01", "2021-11-15");
        let enrolment = world.enrol(&person, resident()).await;
        let again = || async {
            world.later(1);
            Some(world.assistance.told.lock().unwrap().clone()).filter(|told| told.len() >= 3)
        };
        let mut all = eventually(again).await;
        all.dedup();
        assert_eq!(all, [("book", enrolment.enrolment_id.clone())]);
        let booked = world.assistance.booked.lock().unwrap().clone();
        assert_eq!((booked.len(), world.assistance.paid_fen()), (1, 30_000));
        assert_eq!(booked[0].idempotency_key.len(), 36, "the entry's own id");

        // the account credit of another enrolment of the person goes to settlement while assistance is away
        world.noon("2022-12-01");
        let job = pb::EnrolmentTerms { cover_year: 2023, how: EnrolHow::AfterEmployee.into(), ..employee() };
        let job = world.enrol(&person, job).await;
        let mistake = end(&enrolment, "", pb::EndReason::Mistake);
        *world.assistance.away.lock().unwrap() = true;
        world.enrolments.clone().end_enrolment(mistake).await.unwrap();
        paid(world.pay(&job, "2022-12-01").await);
        let credited = || async {
            world.later(1);
            Some(world.accounts.credits.lock().unwrap().len()).filter(|credits| *credits == 1)
        };
        eventually(credited).await;
        assert!(world.assistance.reversed.lock().unwrap().is_empty());
        *world.assistance.away.lock().unwrap() = false;
        told(&world, (1, 1)).await;
        assert_eq!((world.assistance.paid_fen(), came_in(&world).await), (0, 0));
    });
}

#[test]
fn a_mistake_and_a_death_before_cover_are_undone_there_too_and_what_goes_on_is_booked_again() {
    on_both(|url| async move {
        let world = World::assisted(&url).await;
        let person = world.person(1).await;
        world.assistance.grant(&person, Category::LowIncome, "2021-01-01", "2029-12-31");
        let enrolment = world.enrol(&person, resident()).await;
        let enrolment = paid(world.pay(&enrolment, "2021-11-15").await);
        told(&world, (1, 0)).await;
        let correct = |died: &str| pb::CorrectPersonRequest {
            idempotency_key: key(),
            person_id: person.clone(),
            identity: Some(crate::support::identity(1, "1990-01-01")),
            died_date: died.to_owned(),
            operator_id: "officer".to_owned(),
            reason: "the register".to_owned(),
        };
        world.noon("2021-12-20");
        world.people.clone().correct_person(correct("2021-12-01")).await.unwrap();
        told(&world, (1, 1)).await;
        assert_eq!((world.assistance.paid_fen(), came_in(&world).await), (0, 0));
        let reversed = world.assistance.reversed.lock().unwrap()[0].clone();
        assert_eq!(
            (reversed.enrolment_id.as_str(), reversed.reversed_date.as_str()),
            (enrolment.enrolment_id.as_str(), "2021-12-20")
        );
        world.people.clone().correct_person(correct("")).await.unwrap();
        told(&world, (2, 1)).await;
        assert_eq!(came_in(&world).await, 10_000);
        world.enrolments.clone().end_enrolment(end(&enrolment, "", pb::EndReason::Mistake)).await.unwrap();
        let kinds: Vec<_> = told(&world, (2, 2)).await.into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, ["book", "reverse", "book", "reverse"], "in order");
        assert_eq!(came_in(&world).await, 0);
        assert!(enrolment::verify(&world.database).await.unwrap().is_clean());
    });
}

#[test]
fn what_was_booked_without_assistance_is_told_once_it_is_connected_in_the_order_of_the_books() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let mut enrolled = Vec::new();
        for number in 1..=3 {
            let person = world.person(number).await;
            let categories = vec![Category::Destitute.into()];
            enrolled.push(world.enrol(&person, pb::EnrolmentTerms { categories, ..resident() }).await);
        }
        assert!(enrolled.iter().all(|one| one.category_source() == pb::CategorySource::HandedIn));
        world.enrolments.clone().end_enrolment(end(&enrolled[1], "", pb::EndReason::Mistake)).await.unwrap();
        let waiting = store::outbox::waiting(&world.database).await.unwrap();
        assert_eq!(waiting, 0, "no event that nobody would take");

        // connected, but away at first; two processes adopt at once
        *world.assistance.away.lock().unwrap() = true;
        let (connected, other) = (world.connected().await, world.connected().await);
        // this one is undone before anybody was told of it
        connected.enrolments.clone().end_enrolment(end(&enrolled[2], "", pb::EndReason::Mistake)).await.unwrap();
        *world.assistance.away.lock().unwrap() = false;
        let mut told = told(&other, (3, 2)).await;
        assert_eq!((world.assistance.paid_fen(), came_in(&world).await), (30_000, 30_000));
        let booked = world.assistance.booked.lock().unwrap().clone();
        assert!(booked.iter().all(|one| one.assistance.as_ref().unwrap().categories_handed_in));
        for undone in &enrolled[1..] {
            let mut of: Vec<_> =
                told.iter().filter(|(_, id)| *id == undone.enrolment_id).map(|(kind, _)| *kind).collect();
            of.dedup();
            assert_eq!(of, ["book", "reverse"]);
        }
        told.sort();
        told.dedup();
        assert_eq!(told.len(), 5);
    });
}

/// TB-3: 13,945 people x 320 yuan = 4,462,400 yuan. Here a hundredth of them: 139 people x 300 yuan of these packs = 41,700 yuan, beside 11
/// who pay themselves.
#[test]
fn an_import_keeps_what_is_handed_in_says_so_and_tells_every_premium_of_it() {
    on_both(|url| async move {
        let world = World::assisted(&url).await;
        let mut rows: Vec<pb::ImportRow> = (1..=150).map(row).collect();
        for row in &mut rows[..139] {
            row.terms.as_mut().unwrap().categories = vec![Category::Destitute.into()];
            row.payment = None;
        }
        let answer = import(&world, messages("i1", &rows, 50, true)).await.import.unwrap();
        assert_eq!((answer.rows_kept, answer.assisted_fen), (150, 4_170_000));
        told(&world, (139, 0)).await;
        assert_eq!((world.assistance.paid_fen(), came_in(&world).await), (4_170_000, 4_170_000));
        assert_eq!(funding(&world, Scheme::Resident, None).await.assisted_fen, 4_170_000);
        assert!(world.assistance.asked.lock().unwrap().is_empty(), "an import asks for nobody");
        let booked = world.assistance.booked.lock().unwrap().clone();
        assert!(booked.iter().all(|one| one.assistance.as_ref().unwrap().categories_handed_in));
        assert_eq!(booked.len(), 139);
    });
}

#[test]
fn who_goes_over_or_moves_in_is_assisted_by_what_is_granted_too() {
    on_both(|url| async move {
        let world = World::assisted(&url).await;
        let person = world.person(1).await;
        world.assistance.grant(&person, Category::LowIncome, "2022-07-01", "2029-12-31");
        let job = world.enrol(&person, employee()).await;
        let job = paid(world.pay(&job, "2021-11-15").await);
        world.noon("2022-07-05");
        let request = pb::SwitchSchemeRequest {
            idempotency_key: key(),
            enrolment_id: job.enrolment_id,
            to_date: "2022-06-30".to_owned(),
            terms: Some(pb::EnrolmentTerms { how: EnrolHow::AfterEmployee.into(), ..resident() }),
        };
        let mut hurried = Request::new(request);
        hurried.set_timeout(DEADLINE_MAX);
        let answer = world.enrolments.clone().switch_scheme(hurried).await.unwrap().into_inner();
        let Some(pb::switch_scheme_response::Outcome::Enrolment(enrolment)) = answer.outcome else {
            panic!("refused: {:?}", answer.outcome)
        };
        assert_eq!((assisted_fen(&enrolment), enrolment.category_source()), (10_000, pb::CategorySource::Granted));
        let last = world.assistance.asked.lock().unwrap().last().cloned();
        assert_eq!(last, Some((person, "2022-07-01".to_owned())), "for the day on which it begins");
    });
}

#[test]
fn what_begins_tomorrow_and_is_assisted_whole_is_not_told_as_paid_tomorrow() {
    on_both(|url| async move {
        let world = World::assisted(&url).await;
        let person = world.person(1).await;
        world.assistance.grant(&person, Category::Destitute, "2022-01-01", "2029-12-31");
        let job = world.enrol(&person, employee()).await;
        let job = paid(world.pay(&job, "2021-11-15").await);
        world.noon("2022-06-30");
        let request = pb::SwitchSchemeRequest {
            idempotency_key: key(),
            enrolment_id: job.enrolment_id,
            to_date: "2022-06-30".to_owned(),
            terms: Some(pb::EnrolmentTerms { how: EnrolHow::AfterEmployee.into(), ..resident() }),
        };
        world.enrolments.clone().switch_scheme(request).await.unwrap();
        told(&world, (1, 0)).await;
        let said = world.assistance.booked.lock().unwrap()[0].assistance.clone().unwrap();
        assert_eq!((said.amount_fen, said.paid_date.as_str()), (30_000, "2022-06-30"));
        let intervals = world.intervals(&person).await;
        assert_eq!(intervals.last().unwrap().1, "2022-07-01", "and covers from tomorrow on: {intervals:?}");
    });
}
