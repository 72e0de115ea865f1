//! What is to be put right in settled claims: settlement is asked for it, once for a person's year, and never in a circle.

use ::pb::assistance::v1 as pb;
use ::pb::policy::v1 as policy_pb;
use ::pb::settlement::v1 as settlement_pb;
use ::pb::r#type::v1::Category;
use pb::ReassessmentState as State;
use pb::correct_category_request::Correction;
use settlement_pb::{Change, ClaimStand, PayerAmount, RevisionCause, ThirdSystem};
use testkit::on_both;

use crate::support::{LIMIT, World, change, eventually, key, nothing_changed, reversed, stand};

/// A claim of a day of 2022 that was settled with some categories.
fn settled(claim: &str, day: &str, categories: &[Category]) -> ClaimStand {
    let category = categories.first().copied().unwrap_or(Category::NoCategory);
    let third = if categories.is_empty() { ThirdSystem::NotConcerned } else { ThirdSystem::Whole };
    ClaimStand {
        rules_date: day.to_owned(),
        category: category.into(),
        categories: categories.iter().map(|category| (*category).into()).collect(),
        third_system: third.into(),
        ..stand(claim, 0, 0)
    }
}

/// A Change of a person's year that says how claims stand.
fn of(person: &str, sequence: u64, year: u32, claims: Vec<ClaimStand>) -> Change {
    let mut change = change(person, sequence, "", &[("C", 0, 0)]);
    change.years[0].year = year;
    change.years[0].claims = claims;
    change
}

/// A claim cut short by an amount, in fen.
fn short(claim: &str, revision: u32, share: i64, by: i64) -> ClaimStand {
    let cut = PayerAmount { payer: "assistance".to_owned(), amount_fen: by };
    ClaimStand { third_system: ThirdSystem::Short.into(), short: vec![cut], ..stand(claim, revision, share) }
}

async fn keep(world: &World, change: Change) {
    assert_eq!(world.post(&[change]).await, [pb::PostOutcome::Kept]);
}

/// How often settlement was asked about a person, and as what.
fn asked(world: &World, person: &str) -> Vec<(u32, RevisionCause, String)> {
    let reassessed = world.settlement.reassessed.lock().unwrap();
    let of = reassessed.iter().filter(|request| request.person_id == person);
    of.map(|request| (request.year, request.cause(), request.about_id.clone())).collect()
}

fn refused() -> settlement_pb::ReassessResponse {
    let cause = policy_pb::Cause { about: "a value that is absent".to_owned(), ..Default::default() };
    let refusal = policy_pb::Refusal { causes: vec![cause], ..Default::default() };
    let outcome = Some(settlement_pb::reassess_response::Outcome::Refused(refusal));
    settlement_pb::ReassessResponse { outcome, refused_claim_id: "C1".to_owned() }
}

fn correcting(grant: &pb::CategoryGrant, correction: Correction, claw_back: bool) -> pb::CorrectCategoryRequest {
    pb::CorrectCategoryRequest {
        idempotency_key: key(),
        grant_id: grant.grant_id.clone(),
        version: grant.version,
        correction: Some(correction),
        claw_back,
        operator_id: "officer".to_owned(),
        reason: "it was read wrongly".to_owned(),
    }
}

#[test]
fn a_category_granted_late_asks_once_for_each_year_of_claims_that_it_concerns() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        keep(&world, of("P1", 1, 2021, vec![settled("C1", "2021-05-01", &[])])).await;
        let two = vec![settled("C2", "2022-02-01", &[]), settled("C3", "2022-06-01", &[])];
        keep(&world, of("P1", 2, 2022, two)).await;
        keep(&world, of("P1", 3, 2020, vec![settled("C4", "2020-12-31", &[])])).await;
        let handed_in = ClaimStand { categories_handed_in: true, ..settled("C5", "2022-06-01", &[]) };
        keep(&world, of("P2", 1, 2022, vec![handed_in])).await;
        keep(&world, of("P2", 2, 2022, vec![settled("C6", "2022-06-01", &[]), settled("C7", "2022-06-01", &[])])).await;
        keep(&world, of("P2", 3, 2022, vec![reversed("C6", 0), reversed("C7", 0)])).await;
        assert_eq!(world.reassessments("P1").await, [], "without a grant there is nothing to ask");
        let terms = crate::support::terms(Category::Destitute, "2021-03-01", "");
        let request = crate::support::granting("P1", terms);
        let granted = world.categories.clone().grant_category(request.clone()).await.unwrap().into_inner();
        assert_eq!(granted.reassessed_years, [2021, 2022], "2020 is before its first day");
        let again = world.categories.clone().grant_category(request).await.unwrap().into_inner();
        assert_eq!(again, granted, "the same call again");
        let grant = granted.grant.unwrap().grant_id;
        let found = world.answered("P1").await;
        assert_eq!(found.iter().map(pb::Reassessment::state).collect::<Vec<_>>(), [State::NothingChanged; 2]);
        let cause = RevisionCause::PersonChanged;
        assert_eq!(asked(&world, "P1"), [(2021, cause, grant.clone()), (2022, cause, grant)]);
        assert_eq!(world.lacking("P1").await, 0, "settlement has answered");
        assert!(granted_years(&world, "P2").await.is_empty(), "handed in, or reversed");
        assert_eq!(asked(&world, "P2"), []);
    });
}

async fn granted_years(world: &World, person: &str) -> Vec<u32> {
    let terms = crate::support::terms(Category::Destitute, "2021-03-01", "");
    let request = crate::support::granting(person, terms);
    world.categories.clone().grant_category(request).await.unwrap().into_inner().reassessed_years
}

#[test]
fn what_was_paid_stays_paid_unless_an_officer_takes_it_back() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let grant = world.grant("P1", Category::Destitute, "2022-01-01").await;
        keep(&world, of("P1", 1, 2022, vec![settled("C1", "2022-09-01", &[Category::Destitute])])).await;
        let ending = pb::EndCategoryRequest {
            idempotency_key: key(),
            grant_id: grant.grant_id.clone(),
            version: 1,
            to_date: "2022-05-31".to_owned(),
            operator_id: "officer".to_owned(),
            reason: "the household earns again".to_owned(),
        };
        let ended = world.categories.clone().end_category(ending).await.unwrap().into_inner().grant.unwrap();
        let shorter = crate::support::terms(Category::Destitute, "2022-01-01", "2022-04-30");
        let correction = correcting(&ended, Correction::Terms(shorter), false);
        let corrected = world.categories.clone().correct_category(correction).await.unwrap().into_inner();
        assert_eq!((corrected.reassessed_years, world.reassessments("P1").await), (vec![], vec![]));
        keep(&world, of("P2", 1, 2022, vec![settled("C2", "2022-09-01", &[Category::Destitute])])).await;
        let other = world.grant("P2", Category::Destitute, "2022-01-01").await;
        assert_eq!(world.reassessments("P2").await, [], "equal categories ask nothing");
        let correction = correcting(&other, Correction::TakenBack(true), true);
        let corrected = world.categories.clone().correct_category(correction).await.unwrap().into_inner();
        assert_eq!(corrected.reassessed_years, [2022]);
        assert!(world.answered("P2").await[0].claw_back);
        let requests = world.settlement.reassessed.lock().unwrap().clone();
        assert_eq!((requests.len(), requests[0].claw_back, requests[0].about_id.as_str()), (1, true, &*other.grant_id));
        // one that was on its way when it was taken back
        keep(&world, of("P2", 2, 2022, vec![settled("C3", "2022-09-02", &[Category::Destitute])])).await;
        world.answered("P2").await;
        let requests = world.settlement.reassessed.lock().unwrap().clone();
        assert_eq!((requests.len(), requests[1].claw_back, requests[1].about_id.as_str()), (2, true, "C3"));
    });
}

#[test]
fn a_claim_settled_while_a_category_was_granted_is_asked_about_when_its_change_comes() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.grant("P1", Category::Destitute, "2022-06-01").await;
        world.grant("P1", Category::LowIncome, "2022-06-01").await;
        let both = [Category::Destitute, Category::LowIncome];
        let equal = vec![settled("C1", "2022-05-31", &[]), settled("C2", "2022-06-01", &both)];
        keep(&world, of("P1", 1, 2022, equal)).await;
        let handed_in = ClaimStand { categories_handed_in: true, ..settled("C3", "2022-06-01", &[]) };
        keep(&world, of("P1", 2, 2022, vec![handed_in])).await;
        assert_eq!(world.reassessments("P1").await, []);
        let missed = vec![settled("C4", "2022-07-01", &[Category::LowIncome]), settled("C5", "2022-07-02", &[])];
        let late = of("P1", 3, 2022, missed);
        keep(&world, late.clone()).await;
        assert_eq!(world.post(&[late]).await, [pb::PostOutcome::Known]);
        world.answered("P1").await;
        assert_eq!(asked(&world, "P1"), [(2022, RevisionCause::PersonChanged, "C4".to_owned())]);
        assert_eq!(world.lacking("P1").await, 0);
    });
}

#[test]
fn a_claim_settled_while_this_service_was_away_is_asked_about_and_closed_by_the_answer_or_its_change() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let follows =
            |claim: &str| ClaimStand { third_system: ThirdSystem::Follows.into(), ..settled(claim, "2022-09-01", &[]) };
        keep(&world, of("P1", 1, 2022, vec![follows("C1"), follows("C2")])).await;
        let found = world.answered("P1").await;
        assert_eq!(found[0].cause(), RevisionCause::ThirdFollowed);
        assert_eq!(
            (found.len(), world.lacking("P1").await),
            (1, 0),
            "without a category nothing changes, and it is closed"
        );
        let changed = settlement_pb::reassess_response::Outcome::Done(settlement_pb::Reassessed::default());
        let changed = settlement_pb::ReassessResponse { outcome: Some(changed), ..Default::default() };
        *world.settlement.answers.lock().unwrap() = Some(changed);
        keep(&world, of("P2", 1, 2022, vec![follows("C3")])).await;
        let found = world.answered("P2").await;
        assert_eq!((found.len(), found[0].state()), (1, State::Done));
        let whole = ClaimStand { revision: 1, cause: RevisionCause::ThirdFollowed.into(), ..stand("C3", 1, 500) };
        keep(&world, of("P2", 2, 2022, vec![whole])).await;
        assert_eq!((world.reassessments("P2").await.len(), world.lacking("P2").await), (1, 0));
    });
}

#[test]
fn room_in_a_limit_is_told_once_to_who_was_cut_short_by_it() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.reserve("X", "P1", LIMIT).await;
        assert_eq!(world.reserve("Y", "P1", 700).await, 0);
        let mut cut = of("P1", 1, 2022, vec![short("C1", 0, 0, 700)]);
        cut.hold_id = "Y".to_owned();
        keep(&world, cut).await;
        assert_eq!((world.reassessments("P1").await, world.lacking("P1").await), (vec![], 1), "nothing is free");
        // X was never used: its hold is given back
        let mut released = change("P1", 2, "", &[]);
        released.released_holds = vec!["X".to_owned()];
        keep(&world, released).await;
        world.answered("P1").await;
        assert_eq!(asked(&world, "P1"), [(2022, RevisionCause::LimitFreed, "C1".to_owned())]);
        assert_eq!(world.lacking("P1").await, 1, "only its own Change says that it is whole");
        assert_eq!(world.reserve("Z", "P1", 700).await, 700);
        let mut whole = of("P1", 3, 2022, vec![stand("C1", 1, 700)]);
        whole.hold_id = "Z".to_owned();
        keep(&world, whole).await;
        assert_eq!((world.reassessments("P1").await.len(), world.lacking("P1").await), (1, 0));
    });
}

#[test]
fn a_reversal_and_a_sweep_make_room_and_what_was_free_before_is_told_too() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.reserve("A", "P1", LIMIT).await;
        let mut first = of("P1", 1, 2022, vec![stand("C1", 0, LIMIT)]);
        first.hold_id = "A".to_owned();
        keep(&world, first).await;
        keep(&world, of("P1", 2, 2022, vec![short("C2", 0, 0, 900)])).await;
        assert_eq!(world.reassessments("P1").await, []);
        keep(&world, of("P1", 3, 2022, vec![reversed("C1", 0)])).await;
        assert_eq!(world.answered("P1").await.len(), 1, "a reversal makes room");
        world.reserve("B", "P1", LIMIT - 100).await;
        world.reserve("unused", "P1", 100).await;
        world.later(31);
        let look = || async { Some(asked(&world, "P1")).filter(|asked| asked.len() > 1) };
        let found = eventually(look).await;
        assert!(
            found.iter().all(|(_, cause, about)| *cause == RevisionCause::LimitFreed && about == "C2"),
            "{found:?}"
        );
        // the hold that stood in the way was given back before the cut was heard of
        world.reserve("C", "P2", LIMIT).await;
        let mut released = change("P2", 1, "", &[]);
        released.released_holds = vec!["C".to_owned()];
        keep(&world, released).await;
        keep(&world, of("P2", 2, 2022, vec![short("C3", 0, 0, 50)])).await;
        world.answered("P2").await;
        // it says again that it is short of the same: no circle
        keep(&world, of("P2", 3, 2022, vec![short("C3", 1, 0, 50)])).await;
        assert_eq!(world.answered("P2").await.len(), 1);
    });
}

#[test]
fn while_settlement_is_away_or_its_answer_is_lost_the_same_key_waits() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        *world.settlement.away.lock().unwrap() = true;
        keep(&world, of("P1", 1, 2022, vec![settled("C1", "2022-09-01", &[])])).await;
        assert_eq!(granted_years(&world, "P1").await, [2022]);
        let asked_times = |least: usize| {
            let world = &world;
            move || async move { (asked(world, "P1").len() >= least).then(|| world.later(90)) }
        };
        eventually(asked_times(1)).await;
        assert_eq!(world.reassessments("P1").await[0].state(), State::Asked);
        *world.settlement.loses.lock().unwrap() = true;
        *world.settlement.away.lock().unwrap() = false;
        let kept = || async { (!world.settlement.answered.lock().unwrap().is_empty()).then_some(()) };
        eventually(kept).await;
        *world.settlement.loses.lock().unwrap() = false;
        world.later(90);
        let found = world.answered("P1").await;
        assert_eq!((found.len(), found[0].state()), (1, State::NothingChanged));
        let keys: Vec<String> =
            world.settlement.reassessed.lock().unwrap().iter().map(|one| one.idempotency_key.clone()).collect();
        assert!(keys.len() >= 3 && keys.iter().all(|key| *key == found[0].reassessment_id), "{keys:?}");
        assert_eq!(world.settlement.answered.lock().unwrap().len(), 1);
    });
}

#[test]
fn what_settlement_refuses_is_listed_and_asked_again_after_another_grant() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        *world.settlement.answers.lock().unwrap() = Some(refused());
        keep(&world, of("P1", 1, 2022, vec![settled("C1", "2022-09-01", &[])])).await;
        granted_years(&world, "P1").await;
        let found = world.answered("P1").await;
        assert_eq!((found.len(), found[0].state(), found[0].refused_claim_id.as_str()), (1, State::Refused, "C1"));
        assert_eq!(found[0].refused.as_ref().unwrap().causes[0].about, "a value that is absent");
        assert_eq!(world.lacking("P1").await, 1, "it is still to be done");
        *world.settlement.answers.lock().unwrap() = None;
        world.grant("P1", Category::LowIncome, "2023-01-01").await;
        let found = world.answered("P1").await;
        let states: Vec<State> = found.iter().map(pb::Reassessment::state).collect();
        assert_eq!((states, world.lacking("P1").await), (vec![State::AskedAgain, State::NothingChanged], 0));
        let only = pb::ListReassessmentsRequest { states: vec![State::Refused.into()], ..Default::default() };
        let listed = world.categories.clone().list_reassessments(only).await.unwrap().into_inner();
        assert_eq!(listed.reassessments, []);
    });
}

#[test]
fn what_settlement_refuses_is_asked_again_when_the_policy_is_another_one() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        *world.settlement.answers.lock().unwrap() = Some(refused());
        keep(&world, of("P1", 1, 2022, vec![settled("C1", "2022-09-01", &[])])).await;
        granted_years(&world, "P1").await;
        assert_eq!(world.answered("P1").await.len(), 1);
        *world.settlement.answers.lock().unwrap() = Some(nothing_changed());
        let replica = world.replica().await;
        assert_eq!(replica.answered("P1").await.len(), 1, "it is the same policy");
        let mut files = policy::Policy::shipped_files();
        let file = files.iter_mut().find(|file| file.path.ends_with(".toml")).unwrap();
        file.text.push_str("\n# a later version\n");
        let later = std::sync::Arc::new(policy::Policy::compile(&files).unwrap());
        let _later = world.under(later).await;
        let look = || async { Some(world.answered("P1").await).filter(|found| found.len() > 1) };
        let found = eventually(look).await;
        let states: Vec<State> = found.iter().map(pb::Reassessment::state).collect();
        assert_eq!(states, [State::AskedAgain, State::NothingChanged]);
    });
}

#[test]
fn what_is_found_while_settlement_decides_is_asked_once_more_and_what_waits_is_asked_together() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        keep(&world, of("P1", 1, 2022, vec![settled("C1", "2022-09-01", &[]), settled("C2", "2022-09-02", &[])])).await;
        let gate = world.settlement.gate.lock().await;
        granted_years(&world, "P1").await;
        eventually(|| async { (!asked(&world, "P1").is_empty()).then_some(()) }).await;
        // settlement has asked for the categories already: each of these is found too late for it
        let grants = [Category::LowIncome, Category::Monitored, Category::LowIncomeEdge];
        let granting = grants.map(|category| world.grant("P1", category, "2022-01-01"));
        let [a, b, c] = granting;
        tokio::join!(a, b, c);
        assert_eq!(world.reassessments("P1").await.len(), 1, "at most one is not answered");
        drop(gate);
        let found = world.answered("P1").await;
        let look = || async { Some(world.answered("P1").await).filter(|found| found.len() == 2) };
        eventually(look).await;
        assert_eq!((found[0].state(), world.lacking("P1").await), (State::NothingChanged, 0));
        assert_eq!(asked(&world, "P1").len(), 2, "all three together");
    });
}

#[test]
fn two_replicas_ask_about_each_year_once() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let replica = world.replica().await;
        for number in 0..12 {
            let (person, claim) = (format!("P{number}"), format!("C{number}"));
            keep(&world, of(&person, 1, 2022, vec![settled(&claim, "2022-09-01", &[])])).await;
            let by = if number % 2 == 0 { &world } else { &replica };
            assert_eq!(granted_years(by, &person).await, [2022]);
        }
        for number in 0..12 {
            let person = format!("P{number}");
            assert_eq!((world.answered(&person).await.len(), replica.lacking(&person).await), (1, 0));
            assert_eq!(asked(&world, &person).len(), 1);
        }
    });
}
