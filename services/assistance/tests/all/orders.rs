//! Whatever order Changes come in, and however often: what stands in the end is what stands when they come in order.

use std::collections::BTreeMap;

use ::pb::assistance::v1::PostOutcome;
use ::pb::settlement::v1::Change;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use testkit::on_both;

use crate::support::{World, change, reversed};

/// What happens to a person: claim, share in fen, and whether the claim is reversed.
type Step = (u8, i64, bool);

/// Two people, what happens to them, and in which order and how often it is told.
fn histories() -> impl Strategy<Value = (Vec<Vec<Step>>, Vec<(usize, usize)>)> {
    let step = (0..3_u8, 0..50_000_i64, prop::bool::weighted(0.2));
    let history = prop::collection::vec(step, 1..8);
    (prop::collection::vec(history, 2), prop::collection::vec((0..2_usize, 0..8_usize), 0..24))
}

/// The Changes of a person, in order.
fn changes(person: &str, steps: &[Step]) -> Vec<Change> {
    let mut revisions = BTreeMap::new();
    let mut changes = Vec::new();
    for ((claim, share, is_reversed), sequence) in steps.iter().zip(1..) {
        let revision = revisions.entry(*claim).and_modify(|revision| *revision += 1).or_insert(0);
        let id = format!("{person}-{claim}");
        let mut one = change(person, sequence, "", &[(&id, *revision, *share)]);
        if *is_reversed {
            one.years[0].claims = vec![reversed(&id, *revision)];
        }
        changes.push(one);
    }
    changes
}

/// What stands of a person in the end, in fen: the last of each claim.
fn stands(steps: &[Step]) -> i64 {
    let last: BTreeMap<u8, i64> =
        steps.iter().map(|(claim, share, is_reversed)| (*claim, if *is_reversed { 0 } else { *share })).collect();
    last.values().sum()
}

#[test]
fn changes_in_any_order_and_repeated_end_as_in_order() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let mut runner = TestRunner::deterministic();
        let mut sum = 0;
        for case in 0..12 {
            let (histories_of, told) = histories().new_tree(&mut runner).unwrap().current();
            let people: Vec<String> = (0..2).map(|at| format!("P{case}-{at}")).collect();
            let all: Vec<Vec<Change>> =
                people.iter().zip(&histories_of).map(|(person, steps)| changes(person, steps)).collect();
            let shuffled: Vec<Change> = told.iter().filter_map(|(person, at)| all[*person].get(*at)).cloned().collect();
            for batch in shuffled.chunks(3) {
                let answers = world.post(batch).await;
                assert!(!answers.contains(&PostOutcome::Refused), "{answers:?}");
            }
            // whatever was too early is sent again until it is kept: in the end, all of them in order
            for changes in &all {
                let answers = world.post(changes).await;
                let fine = [PostOutcome::Kept, PostOutcome::Known];
                assert!(answers.iter().all(|answer| fine.contains(answer)), "{answers:?}");
            }
            for (person, steps) in people.iter().zip(&histories_of) {
                assert_eq!(world.limit(person).await, (None, 0, stands(steps)), "{person}: {steps:?}");
                sum += stands(steps);
            }
        }
        let books = world.books().await;
        assert_eq!((books["fund:370800:assistance"], books["due:370800:assistance"]), (sum, -sum));
        assert!(store::journal::sum(world.database.reader()).await.unwrap().is_zero());
    });
}
