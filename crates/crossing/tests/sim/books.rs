//! A province's bureau as its cross-province service sees it: decides with a toy benefit, settles once a key, takes out, refuses
//! for ever what was undone before it came. It is another process: it never forgets, and its answers may be lost or late.

use std::collections::BTreeMap;

use crossing::BillId;

/// What a bill asks: who, how much, and which bill of the hospital.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) person: u32,
    pub(crate) total: i64,
    pub(crate) hospital_bill: u32,
}

/// A round of a bill: the bureau's key. The last figure is 0 unless a flaw is tried.
pub(crate) type Key = (BillId, u32, u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) request: Request,
    pub(crate) owed: i64,
    pub(crate) cash: i64,
    pub(crate) day: i64,
    pub(crate) stands: bool,
    pub(crate) reversed_day: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Settled(Claim),
    Refused,
    Never,
}

/// What the bureau answers to a Settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    Is(Claim),
    Refused,
    Changed,
}

#[derive(Default)]
pub(crate) struct Bureau {
    keys: BTreeMap<Key, Kept>,
    /// What stands of each person's year, in fen.
    years: BTreeMap<u32, i64>,
    uncovered: BTreeMap<u32, bool>,
    /// A flaw that is tried: a refusal is not kept under its key.
    pub(crate) forgets_refusals: bool,
}

/// What the fund pays of a year: seven tenths above 1,000.00, at most 60,000.00.
fn benefit(year: i64) -> i64 {
    ((year - 100_000).max(0) * 7 / 10).min(6_000_000)
}

impl Bureau {
    /// What it would owe and the patient pay; none where the policy refuses.
    pub(crate) fn decide(&self, request: Request) -> Option<(i64, i64)> {
        if self.uncovered.get(&request.person) == Some(&true) {
            return None;
        }
        let before = self.years.get(&request.person).copied().unwrap_or(0);
        let owed = benefit(before + request.total) - benefit(before);
        Some((owed, request.total - owed))
    }

    /// Settles if the shares are these. Gives the answer, and the claim where this very call committed it.
    pub(crate) fn settle(
        &mut self,
        key: Key,
        request: Request,
        shares: (i64, i64),
        day: i64,
    ) -> (Settled, Option<Claim>) {
        match self.keys.get(&key) {
            Some(Kept::Settled(claim)) => return (Settled::Is(*claim), None),
            Some(Kept::Refused) => return (Settled::Refused, None),
            Some(Kept::Never) => return (Settled::Changed, None),
            None => {}
        }
        match self.decide(request) {
            None => {
                if !self.forgets_refusals {
                    self.keys.insert(key, Kept::Refused);
                }
                (Settled::Refused, None)
            }
            Some(now) if now != shares => (Settled::Changed, None),
            Some((owed, cash)) => {
                let claim = Claim { request, owed, cash, day, stands: true, reversed_day: 0 };
                *self.years.entry(request.person).or_default() += request.total;
                self.keys.insert(key, Kept::Settled(claim));
                (Settled::Is(claim), Some(claim))
            }
        }
    }

    /// Takes a key's claim out, or refuses the key for ever. Gives the day, and the claim where this very call took it out.
    pub(crate) fn reverse(&mut self, key: Key, day: i64) -> (i64, Option<Claim>) {
        let kept = self.keys.entry(key).or_insert(Kept::Never);
        match kept {
            Kept::Settled(claim) if claim.stands => {
                claim.stands = false;
                claim.reversed_day = day;
                *self.years.entry(claim.request.person).or_default() -= claim.request.total;
                (day, Some(*claim))
            }
            Kept::Settled(claim) => (claim.reversed_day, None),
            Kept::Refused | Kept::Never => (day, None),
        }
    }

    /// The person is settled at home, which changes what a further bill would get.
    pub(crate) fn at_home(&mut self, person: u32, total: i64) {
        *self.years.entry(person).or_default() += total;
    }

    /// Whether the policy covers a person from now on.
    pub(crate) fn covers(&mut self, person: u32, covered: bool) {
        self.uncovered.insert(person, !covered);
    }
}
