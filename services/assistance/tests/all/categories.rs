//! Categories: granted for days, known since a moment, never changed.

use ::pb::assistance::v1 as pb;
use ::pb::r#type::v1::Category;
use pb::correct_category_request::Correction;
use testkit::on_both;
use tonic::Status;

use crate::support::{World, fault, fields, granting, key, terms};

fn ending(grant: &pb::CategoryGrant, to_date: &str) -> pb::EndCategoryRequest {
    pb::EndCategoryRequest {
        idempotency_key: key(),
        grant_id: grant.grant_id.clone(),
        version: grant.version,
        to_date: to_date.to_owned(),
        operator_id: "officer".to_owned(),
        reason: "the household earns again".to_owned(),
    }
}

async fn end(world: &World, grant: &pb::CategoryGrant, to_date: &str) -> Result<pb::CategoryGrant, Status> {
    Ok(world.categories.clone().end_category(ending(grant, to_date)).await?.into_inner().grant.unwrap())
}

async fn correct(
    world: &World,
    grant: &pb::CategoryGrant,
    correction: Correction,
) -> Result<pb::CategoryGrant, Status> {
    let request = pb::CorrectCategoryRequest {
        idempotency_key: key(),
        grant_id: grant.grant_id.clone(),
        version: grant.version,
        correction: Some(correction),
        claw_back: false,
        operator_id: "officer".to_owned(),
        reason: "it was read wrongly".to_owned(),
    };
    Ok(world.categories.clone().correct_category(request).await?.into_inner().grant.unwrap())
}

#[test]
fn several_categories_hold_at_once_on_their_days_and_never_one_of_them_twice() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let first = world.grant("P1", Category::LowIncome, "2022-01-01").await;
        assert_eq!((first.version, first.person_id.as_str(), first.taken_back), (1, "P1", false));
        let to = terms(Category::Destitute, "2022-05-01", "2022-05-31");
        world.try_grant("P1", to).await.unwrap();
        let both = vec![Category::Destitute, Category::LowIncome];
        assert_eq!(world.on("P1", "2021-12-31").await, []);
        assert_eq!(world.on("P1", "2022-04-30").await, [Category::LowIncome]);
        assert_eq!((world.on("P1", "2022-05-01").await, world.on("P1", "2022-05-31").await), (both.clone(), both));
        assert_eq!(world.on("P1", "2022-06-01").await, [Category::LowIncome]);
        assert_eq!(world.on("P2", "2022-05-01").await, [], "another person has none");
        let again = world.try_grant("P1", terms(Category::LowIncome, "2023-01-01", "")).await.unwrap_err();
        let (reason, metadata) = fault(&again);
        assert_eq!((reason.as_str(), metadata["grant_id"].as_str()), ("DUPLICATE", first.grant_id.as_str()));
        let before = terms(Category::LowIncome, "2021-01-01", "2021-12-31");
        world.try_grant("P1", before).await.expect("the days before are free");
    });
}

#[test]
fn a_person_named_by_a_county_is_in_the_category_he_or_she_is_treated_as() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let mut named = terms(Category::OtherAssisted, "2022-01-01", "");
        named.treated_as = Some(Category::LowIncomeEdge.into());
        named.authority.as_mut().unwrap().office = pb::Office::Government.into();
        let grant = world.try_grant("P1", named).await.unwrap();
        assert_eq!(grant.terms.unwrap().category(), Category::OtherAssisted);
        assert_eq!(world.on("P1", "2022-01-01").await, [Category::LowIncomeEdge]);
    });
}

#[test]
fn what_was_known_at_a_moment_stays_known_as_it_was() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let nothing = world.moment();
        let grant = world.grant("P1", Category::LowIncome, "2022-01-01").await;
        let granted = world.moment();
        world.later(60);
        let ended = end(&world, &grant, "2022-11-30").await.unwrap();
        assert_eq!((ended.version, ended.terms.clone().unwrap().to_date.as_str()), (2, "2022-11-30"));
        let end_known = world.moment();
        world.later(60);
        correct(&world, &ended, Correction::TakenBack(true)).await.unwrap();
        for (known_at, expected) in [
            (Some(nothing), vec![]),
            (Some(granted), vec![Category::LowIncome]),
            (Some(end_known), vec![]),
            (None, vec![]),
        ] {
            assert_eq!(world.on_known("P1", "2022-12-01", known_at).await, expected, "{known_at:?}");
        }
        assert_eq!(world.on_known("P1", "2022-11-30", Some(end_known)).await, [Category::LowIncome]);
        assert_eq!(world.on("P1", "2022-11-30").await, [], "it was taken back whole");
        let request = pb::ListCategoryHistoryRequest { person_id: "P1".to_owned(), page_size: 2, ..Default::default() };
        let page = world.categories.clone().list_category_history(request.clone()).await.unwrap().into_inner();
        assert_eq!(page.versions.iter().map(|one| one.version).collect::<Vec<_>>(), [3, 2], "newest first");
        let next = pb::ListCategoryHistoryRequest { page_token: page.next_page_token, ..request };
        let page = world.categories.clone().list_category_history(next).await.unwrap().into_inner();
        assert_eq!((page.versions[0].version, page.next_page_token.as_str()), (1, ""));
    });
}

#[test]
fn a_grant_that_changed_since_it_was_seen_is_left_as_it_is() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let grant = world.grant("P1", Category::LowIncome, "2022-01-01").await;
        let ended = end(&world, &grant, "2022-12-31").await.unwrap();
        let state = |status: Status| (fault(&status).0, fault(&status).1["state"].clone());
        let wrong = |state: &str| ("WRONG_STATE".to_owned(), state.to_owned());
        assert_eq!(state(end(&world, &grant, "2022-11-30").await.unwrap_err()), wrong("changed"));
        assert_eq!(fields(&end(&world, &ended, "2021-12-31").await.unwrap_err()), ["to_date"], "before its first day");
        assert_eq!(fields(&end(&world, &ended, "2023-01-01").await.unwrap_err()), ["to_date"], "after its last day");
        world.noon("2023-02-01");
        assert_eq!(state(end(&world, &ended, "2022-10-31").await.unwrap_err()), wrong("ended"));
        let right = correct(&world, &ended, Correction::Terms(terms(Category::Destitute, "2022-01-01", ""))).await;
        let back = correct(&world, &right.unwrap(), Correction::TakenBack(true)).await.unwrap();
        assert!(back.taken_back);
        assert_eq!(state(end(&world, &back, "2023-03-01").await.unwrap_err()), wrong("taken_back"));
        let unknown = pb::CategoryGrant { grant_id: "nobody".to_owned(), ..back };
        assert_eq!(fault(&end(&world, &unknown, "2023-03-01").await.unwrap_err()).0, "NOT_FOUND");
    });
}

#[test]
fn the_same_key_grants_once_and_other_content_under_it_is_refused() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let request = granting("P1", terms(Category::Orphan, "2022-01-01", ""));
        let mut calls = Vec::new();
        for _ in 0..8 {
            let (mut client, request) = (world.categories.clone(), request.clone());
            calls.push(tokio::spawn(async move { client.grant_category(request).await.unwrap().into_inner() }));
        }
        let mut answers = Vec::new();
        for call in calls {
            answers.push(call.await.unwrap());
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        let other = pb::GrantCategoryRequest { operator_id: "another".to_owned(), ..request };
        let (reason, metadata) = fault(&world.categories.clone().grant_category(other).await.unwrap_err());
        assert_eq!((reason.as_str(), metadata["field"].as_str()), ("KEY_REUSED", "operator_id"));
    });
}

#[test]
fn whom_enrolment_does_not_know_is_granted_nothing_and_where_it_is_away_the_officer_is_told_to_wait() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let request = |person: &str| granting(person, terms(Category::Orphan, "2022-01-01", ""));
        let (reason, metadata) = fault(&world.categories.clone().grant_category(request("X1")).await.unwrap_err());
        assert_eq!((reason.as_str(), metadata["kind"].as_str()), ("NOT_FOUND", "person"));
        let unknown = world.try_apply(&key(), "X1", crate::applying::aid(5)).await.unwrap_err();
        assert_eq!(fault(&unknown).1["id"], "X1");
        assert_eq!(world.count("SELECT count(*) AS n FROM person").await, 0);
        let known = request("P1");
        let granted = world.categories.clone().grant_category(known.clone()).await.unwrap().into_inner();
        let away = world.with_enrolment(Some("http://127.0.0.1:1")).await;
        let (reason, _) = fault(&away.categories.clone().grant_category(request("P2")).await.unwrap_err());
        assert_eq!(reason, "UNAVAILABLE");
        let again = away.categories.clone().grant_category(known).await.unwrap().into_inner();
        assert_eq!(again, granted, "the kept answer waits for nobody");
        // where enrolment is not connected people are taken as they come
        let alone = world.with_enrolment(None).await;
        alone.categories.clone().grant_category(request("X1")).await.unwrap();
    });
}

#[test]
fn of_one_category_granted_at_once_by_two_officers_one_is_kept() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let mut calls = Vec::new();
        for _ in 0..8 {
            let request = granting("P1", terms(Category::Orphan, "2022-01-01", ""));
            let mut client = world.categories.clone();
            calls.push(tokio::spawn(async move { client.grant_category(request).await.is_ok() }));
        }
        let mut kept = 0;
        for call in calls {
            kept += u32::from(call.await.unwrap());
        }
        assert_eq!(kept, 1);
    });
}

#[test]
fn everything_that_is_wrong_with_a_grant_is_said_at_once() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let empty = pb::GrantCategoryRequest::default();
        let refused = world.categories.clone().grant_category(empty).await.unwrap_err();
        assert_eq!(fields(&refused), ["idempotency_key", "operator_id", "person_id", "terms"]);
        let mut wrong = terms(Category::NoCategory, "2022-02-30", "2022-01-01");
        wrong.authority.as_mut().unwrap().division = "37".to_owned();
        wrong.authority.as_mut().unwrap().office = 0;
        wrong.evidence[0].sha256 = "AB".to_owned();
        let refused = world.try_grant("P1", wrong).await.unwrap_err();
        let expected = ["authority.division", "authority.office", "category", "evidence[0].sha256", "from_date"];
        assert_eq!(fields(&refused), expected.map(|field| format!("terms.{field}")));
        let mut unnamed = terms(Category::OtherAssisted, "2022-02-02", "2022-01-01");
        unnamed.treated_as = None;
        let refused = world.try_grant("P1", unnamed).await.unwrap_err();
        assert_eq!(fields(&refused), ["terms.authority.office", "terms.to_date", "terms.treated_as"]);
    });
}

#[test]
fn the_standing_of_many_days_comes_in_the_order_asked_for() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let grant = world.grant("P1", Category::LowIncome, "2022-05-01").await;
        let ask = |days: &[&str]| pb::GetStandingRequest {
            person_id: "P1".to_owned(),
            on_dates: days.iter().map(|day| (*day).to_owned()).collect(),
            known_at: None,
        };
        let found =
            world.reservations.clone().get_standing(ask(&["2022-06-01", "2022-04-01"])).await.unwrap().into_inner();
        let days: Vec<_> = found.days.iter().map(|day| (day.on_date.as_str(), day.grant_ids.clone())).collect();
        assert_eq!(days, [("2022-06-01", vec![grant.grant_id]), ("2022-04-01", vec![])]);
        assert!(found.known_at.is_some());
        for days in [&[][..], &["2022-06-01", "2022-06-01"]] {
            assert!(world.reservations.clone().get_standing(ask(days)).await.is_err(), "{days:?}");
        }
    });
}
