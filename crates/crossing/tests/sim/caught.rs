//! What the auditor finds when a rule is broken on purpose, and what a true run goes through.

use crate::sim::counts::Counts;
use crate::sim::flaws::Flaw;
use crate::sim::world::World;

/// Breaks a rule on purpose, and has it found as one of these of the auditor's rules.
fn finds(flaw: Flaw, rules: &[&str]) {
    let is_meant = |wrong: &String| rules.contains(&wrong.split(':').next().unwrap());
    let found = (0..400).find_map(|seed| World::new(seed, flaw).run().filter(is_meant).map(|wrong| (seed, wrong)));
    let (seed, wrong) = found.unwrap_or_else(|| panic!("{flaw:?} is not found as {rules:?}"));
    println!("{flaw:?}: seed {seed}: {wrong}");
}

#[test]
fn a_place_of_insurance_that_forgets_or_is_late_is_found() {
    finds(Flaw::ForgetsTombstones, &["ended", "dead"]);
    finds(Flaw::ConfirmsLate, &["until"]);
    finds(Flaw::LosesItems, &["agreed"]);
}

#[test]
fn a_place_of_care_that_books_or_gives_up_without_being_told_is_found() {
    finds(Flaw::BooksOnOffer, &["agreed", "told"]);
    finds(Flaw::GivesUpConfirmed, &["single", "told"]);
    finds(Flaw::BooksTwice, &["once"]);
    finds(Flaw::FinishesOnce, &["quiet"]);
    finds(Flaw::KeepsHolds, &["prepaid"]);
}

#[test]
fn a_limit_that_is_looked_at_beside_its_lock_is_found() {
    finds(Flaw::HoldsBesideTheCommit, &["prepaid"]);
}

#[test]
fn a_bureau_that_can_be_asked_twice_for_one_bill_is_found() {
    finds(Flaw::NewKeyOnRetry, &["once"]);
    finds(Flaw::RefusalNotKept, &["dead"]);
}

#[test]
fn a_further_round_that_leaves_the_last_one_open_is_found() {
    finds(Flaw::DoesNotWithdraw, &["once", "dead"]);
    finds(Flaw::SettlesWhatIsRenewed, &["conserved", "told", "single", "quiet"]);
}

#[test]
fn an_alteration_that_is_believed_is_found() {
    finds(Flaw::BelievesForgeries, &["agreed", "once", "told", "single"]);
}

#[test]
fn what_a_network_alters_is_not_believed_and_does_no_harm() {
    let (mut forged, mut refused) = (0, 0);
    for seed in 0..20 {
        let mut world = World::new(seed, Flaw::NetworkForges);
        assert_eq!(world.run(), None, "seed {seed}");
        forged += world.network.forged;
        refused += world.counts.refused;
    }
    // some come to a province that is down, which hears nothing
    assert!(forged > 500 && refused > forged / 2, "{forged} altered, {refused} refused");
}

#[test]
fn runs_go_through_all_that_is_claimed_of_them() {
    let mut sum = Counts::default();
    for seed in 0..40 {
        let mut world = World::new(seed, Flaw::None);
        assert_eq!(world.run(), None, "seed {seed}");
        sum.add(&world.counts);
    }
    println!("40 seeds: {sum:?}");
    for (what, count, least) in [
        ("messages", sum.messages, 20_000),
        ("came again", sum.again, 5_000),
        ("gaps", sum.gaps, 200),
        ("stale", sum.stale, 200),
        ("changed shares", sum.changed, 100),
        ("rounds used up", sum.rounds, 1),
        ("crashes", sum.crashes, 200),
        ("settled", sum.settled, 1_000),
        ("reversed", sum.reversed, 100),
        ("tombstones", sum.tombstones, 50),
        ("no room", sum.limits, 200),
        ("late reversals", sum.late, 20),
        ("asked what became of it", sum.asked, 30),
    ] {
        assert!(count >= least, "{what}: {count} in 40 seeds");
    }
}

#[test]
fn where_nothing_fails_every_bill_is_answered_whatever_the_clocks_say() {
    let mut told = 0;
    for seed in 0..20 {
        let mut world = World::calm(seed);
        assert_eq!(world.run(), None, "seed {seed}");
        assert_eq!(world.counts.lost, 0, "seed {seed}: bills that found no answer or expired");
        told += world.counts.settled;
    }
    assert!(told > 1_000, "{told} settled");
}
