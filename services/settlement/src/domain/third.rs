//! The third system in one commit: what its keeper lets a command take of the funds it keeps, and what a command finds it needs.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use money::Fen;
use policy::{Facts, HeldShare, Version};
use terms::{Category, Division, HeldWhy, Name, Scheme};
use wire::change::ThirdSystem;

use super::Claim;

/// A year of a limit, and the payer it is of.
pub type Limit = (i32, Name);

/// What a command may take of funds that another service keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Third {
    /// All that the policy gives: no service keeps them, or nothing is kept of the command.
    #[default]
    Whole,
    /// What was granted.
    Granted(Grant),
}

impl Third {
    /// The hold that was granted.
    #[must_use]
    pub fn hold(&self) -> Option<Name> {
        match self {
            Self::Whole => None,
            Self::Granted(grant) => grant.hold.map(|hold| hold.id),
        }
    }
}

/// A hold at the keeper of the third system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub id: Name,
    /// Whose it is.
    pub person: Name,
}

/// What the keeper of the third system granted to a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// The hold it stands for; none where nothing was asked for, or it was not reached.
    pub hold: Option<Hold>,
    /// What was asked for and what was granted, in fen.
    pub parts: BTreeMap<Limit, (Fen, Fen)>,
    /// Whether it was not reached: then nothing is granted, and what is missing follows.
    pub is_away: bool,
}

impl Grant {
    /// The grant of a service that is not reached.
    #[must_use]
    pub fn away() -> Self {
        Self { is_away: true, ..Self::default() }
    }

    /// What may be added to the shares of a limit, in fen.
    #[must_use]
    pub fn granted(&self, limit: &Limit) -> Fen {
        self.parts.get(limit).map_or(Fen::ZERO, |(_, granted)| *granted)
    }

    /// Whether less than was needed is granted, so that bills are to do with it.
    #[must_use]
    pub fn is_cut(&self, limit: &Limit) -> bool {
        self.is_away || self.parts.get(limit).is_some_and(|(asked, granted)| granted < asked)
    }

    /// Whether less than was needed is granted of any limit.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.is_away || self.parts.values().any(|(asked, granted)| granted < asked)
    }

    /// Why a bill gets less.
    #[must_use]
    pub const fn why(&self) -> HeldWhy {
        if self.is_away { HeldWhy::Away } else { HeldWhy::Limit }
    }
}

/// What a command needs of the funds that another service keeps, found while it was carried out: nothing of it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// The person.
    pub person: Name,
    /// Place of insurance, policy version and scheme of the bill that comes last.
    pub under: (Division, Version, Scheme),
    /// The days it was made with.
    pub days: BTreeMap<NaiveDate, PlannedDay>,
    /// What it adds to the shares of each limit, in fen, above zero.
    pub asks: BTreeMap<Limit, Fen>,
}

/// A day a plan was made with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlannedDay {
    /// The categories it took.
    pub categories: BTreeSet<Category>,
    /// Whether they stay whatever is known today.
    pub is_pinned: bool,
}

/// What is left for the bills of a year to take of the limits that were cut.
#[derive(Clone, Debug, Default)]
pub struct Room(BTreeMap<Name, Fen>);

impl Room {
    /// Room for payers, in fen.
    #[must_use]
    pub const fn new(left: BTreeMap<Name, Fen>) -> Self {
        Self(left)
    }

    /// The caps of a bill whose shares run into what is left, beside those that are there: none where there is room for all.
    #[must_use]
    pub fn caps(&self, shares: &BTreeMap<Name, Fen>, there: &[HeldShare], why: HeldWhy) -> Option<Vec<HeldShare>> {
        let over = |payer: &Name| shares.get(payer).copied().unwrap_or_default() > self.left(payer);
        let run_into: Vec<Name> = self.0.keys().filter(|payer| over(payer)).copied().collect();
        if run_into.is_empty() {
            return None;
        }
        let mut caps = there.to_vec();
        for payer in run_into {
            let most = self.left(&payer);
            match caps.iter_mut().find(|share| share.payer == payer) {
                Some(share) => share.most = most,
                None => caps.push(HeldShare { payer, most, why }),
            }
        }
        caps.sort_by_key(|share| share.payer);
        Some(caps)
    }

    /// Takes what a bill got.
    pub fn take(&mut self, shares: &BTreeMap<Name, Fen>) {
        for (payer, left) in &mut self.0 {
            *left -= shares.get(payer).copied().unwrap_or_default();
        }
    }

    fn left(&self, payer: &Name) -> Fen {
        self.0.get(payer).copied().unwrap_or(Fen::UNLIMITED).max(Fen::ZERO)
    }
}

/// Whether the third system was not reached when facts were gathered: its share follows.
#[must_use]
pub fn follows(facts: &Facts) -> bool {
    facts.held.iter().any(|share| share.why == HeldWhy::Away)
}

/// Whether the third system is whole in a settlement.
#[must_use]
pub fn third_system(facts: &Facts) -> ThirdSystem {
    if follows(facts) {
        ThirdSystem::Follows
    } else if !facts.held.is_empty() {
        ThirdSystem::Short
    } else if facts.person.categories.iter().all(|category| *category == Category::None) {
        ThirdSystem::NotConcerned
    } else {
        ThirdSystem::Whole
    }
}

impl Claim {
    /// Whether the third system is whole in it.
    #[must_use]
    pub fn third_system(&self) -> ThirdSystem {
        third_system(&self.decided.facts)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]

    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    fn of(amount: i64) -> BTreeMap<Name, Fen> {
        BTreeMap::from([(name("assistance"), Fen::new(amount))])
    }

    fn cap(most: i64, why: HeldWhy) -> HeldShare {
        HeldShare { payer: name("assistance"), most: Fen::new(most), why }
    }

    #[test]
    fn a_bill_runs_into_what_the_bills_before_it_left_and_a_cap_that_is_there_is_lowered_to_it() {
        let mut room = Room::new(of(1_000));
        assert_eq!(room.caps(&of(1_000), &[], HeldWhy::Away), None);
        room.take(&of(950));
        assert_eq!(room.caps(&of(300), &[], HeldWhy::Limit), Some(vec![cap(50, HeldWhy::Limit)]));
        // what was cut while the keeper was away still follows
        let there = [cap(100, HeldWhy::Away)];
        assert_eq!(room.caps(&of(100), &there, HeldWhy::Limit), Some(vec![cap(50, HeldWhy::Away)]));
        assert_eq!(room.caps(&of(50), &there, HeldWhy::Limit), None);
        room.take(&of(100));
        assert_eq!(room.caps(&of(1), &[], HeldWhy::Limit), Some(vec![cap(0, HeldWhy::Limit)]), "never below zero");
        assert_eq!(Room::default().caps(&of(5), &[], HeldWhy::Limit), None, "what was not cut has no end");
    }
}
