//! Holds of a year's limit: never beyond it, whoever asks at once; found again by a retry; refused by the database itself.

use ::pb::assistance::v1 as pb;
use ::pb::r#type::v1::{Category, EntryState};
use pb::reserve_response::Outcome;
use store::sea_orm::{ConnectionTrait as _, Statement};
use store::{Database, Error, Tx};
use testkit::on_both;
use tonic::Code;

use crate::support::{LIMIT, World, asking, change, fault, fields, granted};

#[test]
fn a_hold_takes_what_is_left_and_a_retry_finds_it_again() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        assert_eq!(world.reserve("A", "P1", 700_000).await, 700_000);
        assert_eq!(world.reserve("A", "P1", 700_000).await, 700_000, "its own part does not cut it short");
        assert_eq!(world.limit("P1").await, (Some(LIMIT), 700_000, 0));
        assert_eq!(world.reserve("A", "P1", 600_000).await, 700_000, "it never shrinks");
        assert_eq!(world.reserve("A", "P1", 900_000).await, 900_000, "it may grow");
        assert_eq!(world.reserve("B", "P1", LIMIT).await, LIMIT - 900_000, "held in part");
        assert_eq!(world.reserve("C", "P1", 1).await, 0, "a hold of nothing is a hold too");
        assert_eq!(world.limit("P1").await, (Some(LIMIT), LIMIT, 0));
        assert_eq!(world.hold("B").await.parts[0].asked_fen, LIMIT);
        let request = pb::ListReservationsRequest { person_id: "P1".to_owned(), page_size: 2, ..Default::default() };
        let page = world.reservations.clone().list_reservations(request.clone()).await.unwrap().into_inner();
        let ids: Vec<&str> = page.reservations.iter().map(|one| one.hold_id.as_str()).collect();
        assert_eq!(ids, ["A", "B"]);
        let next = pb::ListReservationsRequest { page_token: page.next_page_token, ..request };
        let page = world.reservations.clone().list_reservations(next).await.unwrap().into_inner();
        assert_eq!((page.reservations[0].hold_id.as_str(), page.next_page_token.as_str()), ("C", ""));
        let posted = pb::ListReservationsRequest { states: vec![EntryState::Posted.into()], ..Default::default() };
        assert!(
            world.reservations.clone().list_reservations(posted).await.unwrap().into_inner().reservations.is_empty()
        );
    });
}

#[test]
fn of_two_holds_racing_for_the_last_100_yuan_exactly_100_are_granted() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.reserve("before", "P1", LIMIT - 10_000).await;
        let race = |hold: &'static str| {
            let mut client = world.reservations.clone();
            tokio::spawn(async move { client.reserve(asking(hold, "P1", 10_000)).await.unwrap().into_inner() })
        };
        let (one, two) = (race("X"), race("Y"));
        let of = |answer: pb::ReserveResponse| granted(&answer.outcome.unwrap());
        let (one, two) = (of(one.await.unwrap()), of(two.await.unwrap()));
        assert_eq!((one + two, one.max(two)), (10_000, 10_000));
        assert_eq!(world.limit("P1").await, (Some(LIMIT), LIMIT, 0));
    });
}

#[test]
fn sixty_four_callers_never_pass_the_limit() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let mut calls = Vec::new();
        for at in 0..64_i64 {
            let mut client = world.reservations.clone();
            let request = asking(&format!("H{at}"), "P1", 40_000 + at * 997);
            let calling = async move {
                loop {
                    match client.reserve(request.clone()).await {
                        // a busy machine has no connection in time; the same hold again is the same hold
                        Err(status) if status.code() == Code::Unavailable => {}
                        answer => return answer.unwrap().into_inner(),
                    }
                }
            };
            calls.push(tokio::spawn(calling));
        }
        let mut sum = 0;
        for call in calls {
            sum += granted(&call.await.unwrap().outcome.unwrap());
        }
        assert_eq!(sum, LIMIT, "64 callers ask for more than there is");
        assert_eq!(world.limit("P1").await, (Some(LIMIT), LIMIT, 0));
    });
}

async fn forbidden(database: &Database, sql: &'static str) {
    let work = |tx: Tx| async move {
        tx.execute_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
        Ok::<_, Error>(())
    };
    let refused = database.transaction(work).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{sql}: {refused:?}");
}

#[test]
fn the_database_refuses_by_itself_what_would_pass_a_limit_or_change_what_is_recorded() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.grant("P1", Category::Destitute, "2022-01-01").await;
        world.reserve("A", "P1", LIMIT).await;
        world.reserve("B", "P2", 100).await;
        world.post(&[change("P2", 1, "B", &[("C1", 0, 100)])]).await;
        for sql in [
            "UPDATE allowance SET pending_fen = pending_fen + 1 WHERE person_id = 'P1'",
            "UPDATE allowance SET posted_fen = 1 WHERE person_id = 'P1'",
            "UPDATE allowance SET pending_fen = -1",
            "DELETE FROM allowance",
            "UPDATE hold SET state = 'voided', ended_at = 1 WHERE hold_id = 'B'",
            "UPDATE hold SET state = 'posted' WHERE hold_id = 'A'",
            "DELETE FROM hold_part",
            "UPDATE hold_part SET granted_fen = granted_fen - 1 WHERE hold_id = 'A'",
            "UPDATE hold_part SET granted_fen = granted_fen + 1 WHERE hold_id = 'B'",
            "UPDATE claim_share SET amount_fen = 1",
            "DELETE FROM claim_fact",
            "UPDATE change SET sequence = 2",
            "DELETE FROM allowance_move",
            "UPDATE category_grant SET to_date = '2022-02-01'",
            "DELETE FROM category_grant",
            "UPDATE person SET sequence = 0 WHERE person_id = 'P2'",
        ] {
            forbidden(&world.database, sql).await;
        }
    });
}

#[test]
fn a_plan_made_with_other_categories_is_stale_unless_they_are_pinned() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let mut request = asking("A", "P1", 100);
        request.days[0].pinned = false;
        let Outcome::Stale(stale) = world.try_reserve(request.clone()).await.unwrap() else { panic!("it is stale") };
        assert_eq!((stale.days[0].on_date.as_str(), stale.days[0].categories.as_slice()), ("2022-10-10", &[][..]));
        assert_eq!(world.limit("P1").await, (None, 0, 0), "nothing was held");
        world.grant("P1", Category::Destitute, "2022-10-10").await;
        assert_eq!(granted(&world.try_reserve(request).await.unwrap()), 100);
    });
}

#[test]
fn the_highest_limit_of_a_persons_categories_is_held_and_none_where_the_policy_sets_none() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let mut unlimited = asking("A", "P1", 9_000_000);
        unlimited.division = "450000".to_owned();
        assert_eq!(granted(&world.try_reserve(unlimited).await.unwrap()), 9_000_000);
        assert_eq!(world.limit("P1").await, (None, 9_000_000, 0));
        let mut nobody = asking("B", "P2", 100);
        nobody.days[0].categories.clear();
        assert_eq!(granted(&world.try_reserve(nobody).await.unwrap()), 0, "nothing is paid without a category");
        assert_eq!(world.limit("P2").await, (Some(0), 0, 0));
        assert_eq!(world.reserve("C", "P2", 100).await, 100, "the highest limit that was granted under counts");
    });
}

#[test]
fn everything_that_is_wrong_with_a_request_is_said_at_once() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let empty = pb::ReserveRequest::default();
        let refused = world.try_reserve(empty).await.unwrap_err();
        let expected = ["asks", "days", "division", "hold_id", "owner", "person_id", "policy_version", "scheme"];
        assert_eq!(fields(&refused), expected);
        let mut request = asking("A", "P1", 0);
        request.asks.push(request.asks[0].clone());
        request.days.push(request.days[0].clone());
        request.earlier = vec![change("P2", 1, "", &[])];
        let refused = world.try_reserve(request).await.unwrap_err();
        assert_eq!(fields(&refused), ["asks[0].net_fen", "asks[1].net_fen", "days[1].on_date", "earlier[0].person_id"]);
        let mut request = asking("A", "P1", 100);
        request.asks[0].payer = "pooled_fund".to_owned();
        assert_eq!(fields(&world.try_reserve(request).await.unwrap_err()), ["asks[0].payer"]);
        let mut request = asking("A", "P1", 100);
        request.policy_version = "0".repeat(64);
        assert_eq!(fault(&world.try_reserve(request).await.unwrap_err()).0, "POLICY_VERSION");
        world.reserve("A", "P1", 100).await;
        let (reason, metadata) = fault(&world.try_reserve(asking("A", "P2", 100)).await.unwrap_err());
        assert_eq!((reason.as_str(), metadata["field"].as_str()), ("KEY_REUSED", "person_id"));
        assert_eq!(world.limit("P2").await, (None, 0, 0));
    });
}

#[test]
fn changes_on_their_way_are_kept_before_anything_is_held() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        assert_eq!(world.reserve("A", "P1", LIMIT).await, LIMIT);
        let mut request = asking("B", "P1", LIMIT);
        // the first bill took 1,000 yuan less than was held for it
        request.earlier = vec![change("P1", 1, "A", &[("C1", 0, LIMIT - 100_000)])];
        assert_eq!(granted(&world.try_reserve(request.clone()).await.unwrap()), 100_000);
        assert_eq!(granted(&world.try_reserve(request).await.unwrap()), 100_000, "known the second time");
        assert_eq!(world.limit("P1").await, (Some(LIMIT), 100_000, LIMIT - 100_000));
        let mut gap = asking("C", "P1", 1);
        gap.earlier = vec![change("P1", 3, "", &[])];
        assert_eq!(fault(&world.try_reserve(gap).await.unwrap_err()).0, "WRONG_STATE");
    });
}
