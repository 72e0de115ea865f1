//! What settlement commits is kept once and in order: shares, limits, holds and the journal.

use std::collections::BTreeMap;

use ::pb::assistance::v1::reserve_response::Outcome;
use ::pb::assistance::v1::{Over, PostOutcome};
use ::pb::settlement::v1 as settlement_pb;
use ::pb::r#type::v1::EntryState;
use testkit::on_both;

use crate::support::{LIMIT, World, asking, change, reversed};

const FUND: &str = "fund:370800:assistance";
const DUE: &str = "due:370800:assistance";

fn books(fund_fen: i64) -> BTreeMap<String, i64> {
    BTreeMap::from([(FUND.to_owned(), fund_fen), (DUE.to_owned(), -fund_fen)])
}

#[test]
fn a_claim_is_posted_changed_and_reversed_and_the_books_follow_to_zero() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        // 370000/destitute-remaining-10000-assisted-7000: assistance pays 7,000.00
        assert_eq!(world.reserve("A", "P1", 700_000).await, 700_000);
        let settled = change("P1", 1, "A", &[("C1", 0, 700_000)]);
        assert_eq!(world.post(std::slice::from_ref(&settled)).await, [PostOutcome::Kept]);
        assert_eq!((world.limit("P1").await, world.books().await), ((Some(LIMIT), 0, 700_000), books(700_000)));
        let hold = world.hold("A").await;
        assert_eq!((hold.state(), hold.parts[0].posted_fen), (EntryState::Posted, 700_000));
        assert_eq!(hold.change_id, settled.change_id);
        let Outcome::Over(Over { state }) = world.try_reserve(asking("A", "P1", 1)).await.unwrap() else {
            panic!("the hold is over");
        };
        assert_eq!(state, EntryState::Posted as i32);
        assert_eq!(world.post(&[settled]).await, [PostOutcome::Known]);
        let less = change("P1", 2, "", &[("C1", 1, 500_000)]);
        assert_eq!(world.post(&[less]).await, [PostOutcome::Kept]);
        assert_eq!((world.limit("P1").await, world.books().await), ((Some(LIMIT), 0, 500_000), books(500_000)));
        let mut gone = change("P1", 3, "", &[("C1", 1, 0)]);
        gone.years[0].claims = vec![reversed("C1", 1)];
        assert_eq!(world.post(&[gone]).await, [PostOutcome::Kept]);
        assert_eq!((world.limit("P1").await, world.books().await), ((Some(LIMIT), 0, 0), books(0)));
        assert!(store::journal::sum(world.database.reader()).await.unwrap().is_zero());
    });
}

#[test]
fn what_a_change_leaves_of_its_hold_is_free_again_and_released_holds_are_voided() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.reserve("A", "P1", LIMIT).await;
        world.reserve("B", "P1", 100).await;
        let mut settled = change("P1", 1, "A", &[("C1", 0, 1_000_000), ("C2", 0, 500_000)]);
        settled.released_holds = vec!["B".to_owned(), "never-arrived".to_owned()];
        assert_eq!(world.post(&[settled]).await, [PostOutcome::Kept]);
        assert_eq!(world.limit("P1").await, (Some(LIMIT), 0, 1_500_000));
        assert_eq!(world.hold("B").await.state(), EntryState::Voided);
        let late = world.try_reserve(asking("never-arrived", "P1", 1)).await.unwrap();
        assert!(matches!(late, Outcome::Over(Over { state }) if state == EntryState::Voided as i32), "{late:?}");
        let nothing = change("P1", 2, "C", &[]);
        world.reserve("C", "P1", 700).await;
        assert_eq!(world.post(&[nothing]).await, [PostOutcome::Kept], "a hold that was not needed after all");
        assert_eq!(world.limit("P1").await, (Some(LIMIT), 0, 1_500_000));
    });
}

#[test]
fn changes_come_in_order_of_their_person_and_others_are_not_held_up() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        for person in ["P1", "P2"] {
            world.reserve(&format!("{person}-A"), person, LIMIT).await;
        }
        let one = |person: &str, sequence, hold: &str, share| {
            change(person, sequence, hold, &[(&format!("{person}-C"), u32::try_from(sequence).unwrap(), share)])
        };
        let batch = [
            one("P1", 2, "", 300),
            one("P2", 1, "P2-A", 700),
            one("P2", 2, "", 600),
            one("P1", 1, "P1-A", 400),
            one("P1", 2, "", 300),
        ];
        let answers = world.post(&batch).await;
        let kept = PostOutcome::Kept;
        assert_eq!(answers, [PostOutcome::TooEarly, kept, kept, kept, kept]);
        assert_eq!((world.limit("P1").await.2, world.limit("P2").await.2), (300, 600));
        let mut other = one("P1", 2, "", 299);
        assert_eq!(world.post(&[other.clone()]).await, [PostOutcome::Refused], "another content under a known id");
        other.change_id = "another".to_owned();
        assert_eq!(world.post(&[other]).await, [PostOutcome::Refused], "another id at a known place");
    });
}

#[test]
fn a_share_beyond_hold_or_limit_is_refused_whole_and_stays_first_of_its_person() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.reserve("A", "P1", 1_000).await;
        let beyond_hold = change("P1", 1, "A", &[("C1", 0, 1_001)]);
        assert_eq!(world.post(&[beyond_hold]).await, [PostOutcome::Refused]);
        let beyond_limit = change("P1", 1, "", &[("C1", 0, LIMIT)]);
        assert_eq!(world.post(&[beyond_limit]).await, [PostOutcome::Refused], "1,000 fen are held by another call");
        let strange = change("P1", 1, "unknown", &[("C1", 0, 1)]);
        assert_eq!(world.post(&[strange]).await, [PostOutcome::Refused]);
        assert_eq!((world.limit("P1").await, world.books().await), ((Some(LIMIT), 1_000, 0), BTreeMap::new()));
        let next = change("P1", 2, "", &[]);
        let right = change("P1", 1, "A", &[("C1", 0, 1_000)]);
        assert_eq!(world.post(&[next, right]).await, [PostOutcome::TooEarly, PostOutcome::Kept]);
        world.reserve("B", "P2", 10).await;
        let anothers = change("P2", 1, "B", &[("C1", 1, 10)]);
        assert_eq!(world.post(&[anothers]).await, [PostOutcome::Refused], "the claim is another person's");
    });
}

#[test]
fn what_was_paid_elsewhere_counts_against_the_limit_and_is_not_booked() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let mut opened = change("P1", 1, "", &[("C1", 0, 0)]);
        let payer = "assistance".to_owned();
        opened.years[0].opening = vec![settlement_pb::PayerAmount { payer, amount_fen: LIMIT - 5_000 }];
        assert_eq!(world.post(&[opened]).await, [PostOutcome::Kept]);
        assert_eq!((world.limit("P1").await, world.books().await), ((None, 0, LIMIT - 5_000), BTreeMap::new()));
        assert_eq!(world.reserve("A", "P1", 9_000).await, 5_000);
    });
}

#[test]
fn a_change_of_a_claim_from_before_this_service_was_connected_is_kept_whatever_was_held_for_it() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.reserve("H1", "P1", 100).await;
        // settled with 800 before this service heard of it, and decided anew with 900: 100 of that were held
        let late = change("P1", 1, "H1", &[("OLD", 1, 900), ("NEW", 0, 0)]);
        assert_eq!(world.post(&[late]).await, [PostOutcome::Kept]);
        assert_eq!(world.limit("P1").await, (Some(LIMIT), 0, 900));
        // from now on it is a claim as any other
        world.reserve("H2", "P1", 50).await;
        let beyond = change("P1", 2, "H2", &[("OLD", 2, 1_000)]);
        assert_eq!(world.post(&[beyond]).await, [PostOutcome::Refused]);
        assert_eq!(world.books().await["fund:370800:assistance"], 900);
    });
}
