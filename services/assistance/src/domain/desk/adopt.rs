//! How a year stood before this service was connected, kept without a Change.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use money::Fen;
use terms::Name;
use wire::change::StandingYear;

use super::{Circumstances, Desk, Opening, Refused};
use crate::domain::hold::MoveKind;

/// A year to be adopted.
#[derive(Clone, Debug)]
pub(crate) struct Adopting {
    pub(crate) standing: StandingYear,
    /// The limit of each payer by the policy of the year, of those it has one for; none for no limit.
    pub(crate) caps: BTreeMap<Name, Option<Fen>>,
}

/// What was adopted so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) years_read: u64,
    pub(crate) claims_kept: u64,
    pub(crate) claims_known: u64,
    /// Shares that were kept, by payer.
    pub(crate) kept: BTreeMap<Name, Fen>,
}

/// A person who has more than the limit of a year, in fen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Over {
    pub(crate) person: Name,
    pub(crate) year: i32,
    pub(crate) payer: Name,
    pub(crate) limit: Fen,
    pub(crate) used: Fen,
}

impl Desk {
    /// Keeps claims that are not known, and what was paid before the year was opened; gives what is beyond a limit, which is
    /// raised to it. What this adoption kept before counts as kept.
    pub(crate) fn adopt(
        &mut self,
        adopting: &Adopting,
        adoption: Name,
        tally: &mut Tally,
        with: Circumstances<'_>,
    ) -> Result<Vec<Over>, Refused> {
        let year = &adopting.standing.year;
        tally.years_read += 1;
        let mut used: BTreeMap<Name, Fen> = BTreeMap::new();
        for claim in &year.claims {
            let known = self.claims.get(&claim.claim).cloned();
            if known.as_ref().is_some_and(|known| known.change != adoption) {
                tally.claims_known += 1;
                continue;
            }
            if known.is_none() {
                for (payer, share) in self.stand(year, claim, adoption, with)? {
                    *used.entry(payer).or_default() += share;
                }
            }
            tally.claims_kept += 1;
            let shares = self.claims.get(&claim.claim).map(|known| known.held.clone()).unwrap_or_default();
            for (payer, share) in shares {
                *tally.kept.entry(payer).or_default() += share;
            }
        }
        for opening in &year.opening {
            let key = (year.year, opening.payer);
            if let Entry::Vacant(vacant) = self.opening.entry(key) {
                vacant.insert(opening.amount);
                *used.entry(opening.payer).or_default() += opening.amount;
                let (year, payer, amount) = (year.year, opening.payer, opening.amount);
                self.news.opening.push(Opening { year, payer, amount, change: adoption });
            }
        }
        let used: Vec<(Name, Fen)> = used.into_iter().filter(|(_, used)| !used.is_zero()).collect();
        Ok(used
            .into_iter()
            .filter_map(|(payer, used)| self.use_up(year.year, payer, used, adopting, adoption))
            .collect())
    }

    /// Counts what was paid against a limit; what there is then beyond it.
    fn use_up(&mut self, year: i32, payer: Name, used: Fen, adopting: &Adopting, adoption: Name) -> Option<Over> {
        let limit = self.limits.entry((year, payer)).or_default();
        limit.posted += used;
        let taken = limit.pending + limit.posted;
        let cap = adopting.caps.get(&payer).copied();
        let known = if limit.is_set { limit.cap } else { None };
        // the highest limit counts, as for holds
        let highest = if limit.is_set {
            known.map(|known| cap.flatten().map_or(known, |cap| cap.max(known)))
        } else {
            cap.flatten()
        };
        match cap {
            Some(cap) => limit.learn(cap),
            None => limit.stretch(),
        }
        self.note((year, payer), MoveKind::Adopt, adoption);
        let over = highest.filter(|limit| taken > *limit)?;
        Some(Over { person: self.person, year, payer, limit: over, used: taken })
    }
}
