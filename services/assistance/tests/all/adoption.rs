//! Years that were settled before this service was connected: kept once, whatever breaks off.

use ::pb::assistance::v1 as pb;
use ::pb::settlement::v1 as settlement_pb;
use ::pb::r#type::v1::Category;
use pb::PostOutcome;
use settlement_pb::{ClaimStand, PayerAmount, StandingYear, ThirdSystem};
use testkit::on_both;
use tonic::Status;

use crate::support::{LIMIT, World, change, fault, fields, stand};

/// A person's year of 2022 with claims that stand, each with its share of `assistance`, in fen.
fn year(person: &str, sequence: u64, claims: &[(&str, i64)]) -> StandingYear {
    let claims: Vec<(&str, u32, i64)> = claims.iter().map(|(claim, share)| (*claim, 0, *share)).collect();
    let mut change = change(person, 1, "", &claims);
    StandingYear { person_id: person.to_owned(), sequence, year: Some(change.years.remove(0)) }
}

fn message(key: &str, years: Vec<StandingYear>, last: bool) -> pb::AdoptSharesRequest {
    pb::AdoptSharesRequest { idempotency_key: key.to_owned(), years, last }
}

async fn adopt(world: &World, messages: Vec<pb::AdoptSharesRequest>) -> Result<pb::AdoptSharesResponse, Status> {
    let answer = world.reservations.clone().adopt_shares(tokio_stream::iter(messages)).await;
    answer.map(tonic::Response::into_inner)
}

fn kept(amount_fen: i64) -> Vec<PayerAmount> {
    vec![PayerAmount { payer: "assistance".to_owned(), amount_fen }]
}

#[test]
fn shares_are_kept_booked_and_counted_against_the_limit_once() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let first = message("A", vec![year("P1", 0, &[("C1", 700), ("C2", 0)])], false);
        let broken_off = adopt(&world, vec![first.clone()]).await.unwrap();
        assert_eq!((broken_off.years_read, broken_off.claims_kept, broken_off.kept), (1, 2, kept(700)));
        let second = message("", vec![year("P2", 0, &[("C3", 300)])], true);
        let whole = adopt(&world, vec![first.clone(), second.clone()]).await.unwrap();
        let expected = pb::AdoptSharesResponse {
            years_read: 2,
            claims_kept: 3,
            claims_known: 0,
            people_over_limit: 0,
            kept: kept(1_000),
        };
        assert_eq!(whole, expected, "sent again from the start, it says what the adoption has kept");
        assert_eq!(adopt(&world, vec![first, second]).await.unwrap(), expected, "the kept answer");
        assert_eq!((world.limit("P1").await, world.limit("P2").await), ((Some(LIMIT), 0, 700), (Some(LIMIT), 0, 300)));
        let books = world.books().await;
        assert_eq!((books["fund:370800:assistance"], books["due:370800:assistance"]), (1_000, -1_000));
        assert!(store::journal::sum(world.database.reader()).await.unwrap().is_zero());
        assert_eq!(world.reserve("H", "P1", LIMIT).await, LIMIT - 700);
        // a Change goes on from what was adopted
        let mut later = change("P1", 1, "", &[("C1", 1, 500)]);
        later.released_holds = vec!["H".to_owned()];
        assert_eq!(world.post(&[later]).await, [PostOutcome::Kept]);
        assert_eq!(world.limit("P1").await, (Some(LIMIT), 0, 500));
        assert_eq!(world.books().await["fund:370800:assistance"], 800);
        let again =
            adopt(&world, vec![message("B", vec![year("P1", 1, &[("C1", 700), ("C2", 0)])], true)]).await.unwrap();
        assert_eq!((again.claims_kept, again.claims_known), (0, 2), "by its Change, and by the other adoption");
    });
}

#[test]
fn what_is_more_than_a_limit_raises_it_and_the_person_is_counted() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let mut opened = year("P1", 0, &[("C1", LIMIT)]);
        opened.year.as_mut().unwrap().opening = kept(40);
        let years = vec![opened, year("P2", 0, &[("C2", LIMIT)])];
        let answer = adopt(&world, vec![message("A", years.clone(), false)]).await.unwrap();
        assert_eq!((answer.people_over_limit, answer.kept.clone()), (1, kept(2 * LIMIT)));
        assert_eq!(adopt(&world, vec![message("A", years, true)]).await.unwrap(), answer);
        assert_eq!(world.limit("P1").await, (Some(LIMIT + 40), 0, LIMIT + 40));
        assert_eq!(world.limit("P2").await, (Some(LIMIT), 0, LIMIT));
        assert_eq!((world.reserve("H1", "P1", 1).await, world.reserve("H2", "P2", 1).await), (0, 0));
        assert_eq!(world.books().await["fund:370800:assistance"], 2 * LIMIT, "what was paid elsewhere is not booked");
    });
}

#[test]
fn a_person_whose_changes_are_on_their_way_is_adopted_when_they_are_kept() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.reserve("H", "P1", 100).await;
        let years = || message("A", vec![year("P1", 1, &[("C1", 100), ("C0", 5)])], true);
        let (reason, metadata) = fault(&adopt(&world, vec![years()]).await.unwrap_err());
        assert_eq!((reason.as_str(), metadata["state"].as_str()), ("WRONG_STATE", "changes_on_their_way"));
        assert_eq!(world.limit("P1").await, (Some(LIMIT), 100, 0), "nothing was kept");
        assert_eq!(world.post(&[change("P1", 1, "H", &[("C1", 0, 100)])]).await, [PostOutcome::Kept]);
        let answer = adopt(&world, vec![years()]).await.unwrap();
        assert_eq!((answer.claims_kept, answer.claims_known), (1, 1));
        assert_eq!(world.limit("P1").await, (Some(LIMIT), 0, 105));
    });
}

#[test]
fn an_adopted_claim_that_lacks_something_is_asked_about_once_for_the_year() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.grant("P1", Category::Destitute, "2022-01-01").await;
        let mut one = year("P1", 0, &[("C1", 0), ("C2", 0)]);
        for claim in &mut one.year.as_mut().unwrap().claims {
            let none = ThirdSystem::NotConcerned.into();
            *claim = ClaimStand { categories: Vec::new(), third_system: none, ..stand(&claim.claim_id, 0, 0) };
        }
        adopt(&world, vec![message("A", vec![one], true)]).await.unwrap();
        assert_eq!(world.answered("P1").await.len(), 1);
    });
}

#[test]
fn an_adoption_without_a_key_or_with_two_is_refused() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        assert_eq!(fields(&adopt(&world, Vec::new()).await.unwrap_err()), ["idempotency_key"]);
        let two = vec![message("A", Vec::new(), false), message("B", Vec::new(), true)];
        assert_eq!(fields(&adopt(&world, two).await.unwrap_err()), ["idempotency_key"]);
        let mut strange = year("P1", 0, &[("C1", 1)]);
        strange.year.as_mut().unwrap().policy_version = "0".to_owned();
        let refused = adopt(&world, vec![message("A", vec![strange], true)]).await.unwrap_err();
        assert_eq!(fields(&refused), ["years[0].year.policy_version"]);
    });
}
