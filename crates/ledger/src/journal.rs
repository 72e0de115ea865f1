//! A journal in memory: append-only, whole commits or nothing, and what the entries add up to.

mod balance;
mod check;
mod error;
mod state;
mod verify;

use std::collections::{BTreeMap, BTreeSet};

use money::Fen;
use terms::Name;

use self::state::State;
use crate::{Account, Entry};

pub use balance::{Balance, TrialBalance};
pub use error::{GroupRefused, JournalError};
pub use verify::VerifyError;

/// An append-only journal in memory, for tests, the demonstration and verification.
///
/// Invariant: the entries alone make it: a journal replayed from [`Journal::commits`] is equal to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journal {
    entries: Vec<Entry>,
    /// How many entries there were after each commit.
    commits: Vec<usize>,
    state: State,
}

/// What appending did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// The entries are new.
    Posted,
    /// The same entries were there already: a retry, which changes nothing.
    Known,
}

impl Journal {
    /// An empty journal.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A journal of these commits, each checked as when it was first appended.
    ///
    /// # Errors
    /// The first commit that is refused.
    pub fn replay(commits: impl IntoIterator<Item = Vec<Entry>>) -> Result<Self, GroupRefused> {
        let mut journal = Self::new();
        for commit in commits {
            journal.append_all(commit)?;
        }
        Ok(journal)
    }

    /// Appends one entry as a commit of its own.
    ///
    /// # Errors
    /// [`JournalError`]; the journal is as it was.
    pub fn append(&mut self, entry: Entry) -> Result<Appended, JournalError> {
        self.append_all(vec![entry]).map_err(|refused| *refused.reason)
    }

    /// Appends entries as one commit: all of them or none. Overdrafts are judged after the whole, so that a cascade of
    /// adjustments may pass through one on its way.
    ///
    /// # Errors
    /// [`GroupRefused`] names the entry; the journal is as it was.
    pub fn append_all(&mut self, group: Vec<Entry>) -> Result<Appended, GroupRefused> {
        if self.known(&group)? == group.len() {
            return Ok(Appended::Known);
        }
        let from = self.entries.len();
        for (at, entry) in group.into_iter().enumerate() {
            if let Err(reason) = self.state.check(&self.entries, &entry) {
                self.roll_back(from);
                return Err(refused(Some(&entry), at, reason));
            }
            self.state.apply(&self.entries, &entry);
            self.entries.push(entry);
        }
        if let Some(overdrawn) = self.overdrawn(from) {
            self.roll_back(from);
            return Err(overdrawn);
        }
        self.commits.push(self.entries.len());
        Ok(Appended::Posted)
    }

    /// Appends a batch, each entry a commit of its own: one result for each, in order; each sees what those before it did.
    pub fn append_each(&mut self, batch: Vec<Entry>) -> Vec<Result<Appended, JournalError>> {
        batch.into_iter().map(|entry| self.append(entry)).collect()
    }

    /// Every entry, in the order in which they were appended.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entries commit by commit.
    pub fn commits(&self) -> impl Iterator<Item = &[Entry]> {
        let starts = std::iter::once(0).chain(self.commits.iter().copied());
        starts.zip(&self.commits).filter_map(|(from, to)| self.entries.get(from..*to))
    }

    /// The entry of this id.
    #[must_use]
    pub fn entry(&self, id: &Name) -> Option<&Entry> {
        self.entries.get(*self.state.places.get(id)?)
    }

    /// The balance of an account of the books; nothing where it never moved.
    #[must_use]
    pub fn balance(&self, account: &Account) -> Balance {
        self.state.balances.get(account).copied().unwrap_or_default()
    }

    /// The balance of every account of the books that ever moved, in order of account.
    #[must_use]
    pub fn balances(&self) -> &BTreeMap<Account, Balance> {
        &self.state.balances
    }

    /// What a memorandum account remembers, in fen.
    #[must_use]
    pub fn remembered(&self, account: &Account) -> Fen {
        self.state.memo.get(account).copied().unwrap_or(Fen::ZERO)
    }

    /// Debits less credits over all accounts, in fen: zero.
    #[must_use]
    pub fn sum(&self) -> Fen {
        self.state.balances.values().map(Balance::net).sum()
    }

    /// The standing settlement of a claim: its entry's id.
    #[must_use]
    pub fn settled(&self, reference: &Name) -> Option<&Name> {
        self.state.settled.get(reference)
    }

    /// What stands of a settled bill, in fen: payers above zero, payable below, memorandum accounts above; refunds,
    /// adjustments and reversals taken into account.
    #[must_use]
    pub fn left(&self, settlement: &Name) -> BTreeMap<Account, Fen> {
        self.state.chains.get(settlement).map(|chain| chain.left.clone()).unwrap_or_default()
    }

    /// A settlement and what stands on it (refunds, adjustments), newest first: the order in which to reverse all of it.
    pub fn standing(&self, settlement: &Name) -> impl Iterator<Item = &Entry> {
        let chain = self.state.chains.get(settlement);
        let root = self.entry(settlement).filter(|root| !self.state.reversed.contains_key(&root.id));
        let followers = chain.into_iter().flat_map(|chain| chain.followers.iter().rev());
        followers.filter_map(|id| self.entry(id)).chain(root)
    }

    /// The id of the reversal of an entry, if it was reversed.
    #[must_use]
    pub fn reversed(&self, id: &Name) -> Option<&Name> {
        self.state.reversed.get(id)
    }

    /// How many of the group are there already with the same content.
    fn known(&self, group: &[Entry]) -> Result<usize, GroupRefused> {
        let mut known = 0;
        for (at, entry) in group.iter().enumerate() {
            let Some(there) = self.entry(&entry.id) else { continue };
            if let Some(field) = there.first_difference(entry) {
                return Err(refused(Some(entry), at, JournalError::OtherContent { field }));
            }
            known += 1;
        }
        Ok(known)
    }

    /// The first account that the entries from this place on leave overdrawn, and the last of them that moved it.
    fn overdrawn(&self, from: usize) -> Option<GroupRefused> {
        let group = self.entries.get(from..).unwrap_or_default();
        let moved = group.iter().flat_map(Entry::changes).map(|(account, _)| account);
        let accounts: BTreeSet<Account> = moved.filter(|account| account.only_side().is_some()).collect();
        let (account, by) = accounts.into_iter().find_map(|account| {
            let by = account.overdrawn_by(self.balance(&account).net())?;
            Some((account, by))
        })?;
        let at = group.iter().rposition(|entry| entry.changes().any(|(of, _)| of == account))?;
        Some(refused(group.get(at), at, JournalError::Overdrawn { account, by }))
    }

    /// Takes the entries from this place on off again: those of a commit that did not come to be.
    fn roll_back(&mut self, from: usize) {
        while self.entries.len() > from
            && let Some(entry) = self.entries.pop()
        {
            self.state.undo(&self.entries, &entry);
        }
    }
}

fn refused(entry: Option<&Entry>, at: usize, reason: JournalError) -> GroupRefused {
    GroupRefused { at, id: entry.map_or(Name::EMPTY, |entry| entry.id), reason: Box::new(reason) }
}
