//! What the auditor finds when a rule is broken on purpose, and what a true run goes through.

use crate::sim::flaws::Flaw;
use crate::sim::world::World;

/// The first seed at which a flaw is found, with what was found.
fn first(flaw: Flaw, most: u64) -> (u64, String) {
    let found = (0..most).find_map(|seed| World::new(seed, flaw).run().map(|wrong| (seed, wrong)));
    found.unwrap_or_else(|| panic!("{flaw:?} is not found in {most} seeds"))
}

#[test]
fn every_rule_that_is_broken_on_purpose_is_found() {
    let mut wrong = Vec::new();
    for (flaw, rules) in [
        (Flaw::ForgetsTombstones, &["dead"][..]),
        (Flaw::BelievesForgeries, &[]),
        (Flaw::BooksOnOffer, &[]),
        (Flaw::GivesUpConfirmed, &[]),
        (Flaw::ConfirmsLate, &[]),
        (Flaw::HoldsBesideTheCommit, &[]),
        (Flaw::NewKeyOnRetry, &[]),
        (Flaw::DoesNotWithdraw, &[]),
        (Flaw::SettlesWhatIsRenewed, &[]),
        (Flaw::RefusalNotKept, &[]),
        (Flaw::BooksTwice, &[]),
        (Flaw::FinishesOnce, &[]),
        (Flaw::LosesItems, &[]),
        (Flaw::KeepsHolds, &[]),
    ] {
        let found = std::panic::catch_unwind(|| first(flaw, 300));
        wrong.push(format!("{flaw:?} {rules:?} -> {found:?}"));
    }
    panic!("{}", wrong.join("\n"));
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
    assert!(forged > 500 && refused >= forged, "{forged} altered, {refused} refused");
}
#[test]
fn a_run_goes_through_all_of_it() {
    for seed in 0..12 {
        let mut world = World::new(seed, Flaw::None);
        assert_eq!(world.run(), None, "seed {seed}");
        println!(
            "{seed}: {} steps {} looks {} claims {:?}",
            world.steps, world.auditor.looked, world.auditor.claims, world.counts
        );
    }
}
