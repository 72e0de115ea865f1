use std::collections::BTreeMap;

use money::Fen;
use terms::{EntryKind, Name};

use super::Balance;
use crate::{Account, Entry};

/// What the entries add up to. `apply` takes only what `check` let through; `undo` is its exact opposite.
///
/// Invariant: an amount of zero is not kept, nor a balance that never moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// Where the entry of an id stands.
    pub(super) places: BTreeMap<Name, usize>,
    pub(super) balances: BTreeMap<Account, Balance>,
    pub(super) memo: BTreeMap<Account, Fen>,
    /// What stands of each entry that follows no other, and what stands on it.
    pub(super) chains: BTreeMap<Name, Chain>,
    /// Claim to its standing settlement.
    pub(super) settled: BTreeMap<Name, Name>,
    /// Entry to its reversal.
    pub(super) reversed: BTreeMap<Name, Name>,
    /// Everything ever moved or remembered: no balance is larger.
    pub(super) turnover: Fen,
}

/// A first entry and its standing followers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chain {
    pub(super) left: BTreeMap<Account, Fen>,
    pub(super) followers: Vec<Name>,
}

impl State {
    /// The first entry of the chain an entry belongs to: itself, or what it follows.
    pub(super) fn root(&self, entries: &[Entry], entry: &Entry) -> Name {
        let original = entry.original.unwrap_or(entry.id);
        if entry.kind != EntryKind::Reversal {
            return original;
        }
        let mirrored = self.places.get(&original).and_then(|place| entries.get(*place));
        mirrored.and_then(|mirrored| mirrored.original).unwrap_or(original)
    }

    pub(super) fn apply(&mut self, entries: &[Entry], entry: &Entry) {
        let root = self.root(entries, entry);
        self.places.insert(entry.id, entries.len());
        self.turnover += entry.turnover();
        for line in &entry.lines {
            *self.balances.entry(line.account).or_default().side(line.side) += line.amount;
        }
        for memo in &entry.memo {
            add(&mut self.memo, memo.account, memo.amount);
        }
        let chain = self.chains.entry(root).or_default();
        for (account, amount) in entry.changes() {
            add(&mut chain.left, account, amount);
        }
        match (entry.kind, entry.original) {
            (EntryKind::Reversal, Some(original)) => {
                chain.followers.retain(|follower| *follower != original);
                self.reversed.insert(original, entry.id);
                if original == root && self.settled.get(&entry.reference) == Some(&root) {
                    self.settled.remove(&entry.reference);
                }
            }
            (_, Some(_)) => chain.followers.push(entry.id),
            (EntryKind::Settlement | EntryKind::Adjustment, None) => {
                self.settled.insert(entry.reference, entry.id);
            }
            (_, None) => {}
        }
    }

    /// Takes back the entry applied last; `entries` are those before it.
    pub(super) fn undo(&mut self, entries: &[Entry], entry: &Entry) {
        let root = self.root(entries, entry);
        self.places.remove(&entry.id);
        self.turnover -= entry.turnover();
        for line in &entry.lines {
            let balance = self.balances.entry(line.account).or_default();
            *balance.side(line.side) -= line.amount;
            if *balance == Balance::default() {
                self.balances.remove(&line.account);
            }
        }
        for memo in &entry.memo {
            add(&mut self.memo, memo.account, -memo.amount);
        }
        let chain = self.chains.entry(root).or_default();
        for (account, amount) in entry.changes() {
            add(&mut chain.left, account, -amount);
        }
        match (entry.kind, entry.original) {
            (EntryKind::Reversal, Some(original)) => {
                self.reversed.remove(&original);
                if original != root {
                    // A reversal takes the newest follower off, so this is where it stood.
                    chain.followers.push(original);
                } else if is_claim(entries, &self.places, &root) {
                    self.settled.insert(entry.reference, root);
                }
            }
            (_, Some(_)) => {
                chain.followers.pop();
            }
            (_, None) => {
                self.chains.remove(&root);
                if self.settled.get(&entry.reference) == Some(&entry.id) {
                    self.settled.remove(&entry.reference);
                }
            }
        }
    }
}

fn is_claim(entries: &[Entry], places: &BTreeMap<Name, usize>, id: &Name) -> bool {
    let entry = places.get(id).and_then(|place| entries.get(*place));
    entry.is_some_and(|entry| matches!(entry.kind, EntryKind::Settlement | EntryKind::Adjustment))
}

fn add(sums: &mut BTreeMap<Account, Fen>, account: Account, amount: Fen) {
    let sum = sums.entry(account).or_default();
    *sum += amount;
    if sum.is_zero() {
        sums.remove(&account);
    }
}
