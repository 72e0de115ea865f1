//! Compares two sides' days: totals first, then only the ranges that differ, then only their items; and says what follows.

use std::collections::BTreeMap;

use money::Fen;

use crate::item::{Item, ItemId};
use crate::ranges::{Prefix, Tree, depth};
use crate::{BillId, Sha};

/// One side's items of a day and a pair, in order of their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    items: BTreeMap<ItemId, Item>,
}

/// What is said of a day first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// How many items.
    pub count: u64,
    /// What is owed in all, in fen.
    pub owed: Fen,
    /// What patients paid in all, in fen.
    pub cash: Fen,
    /// SHA-256 of all items' digests in order.
    pub whole: Sha,
}

/// What is asked about ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asks {
    /// The hashes of the sixteen ranges below each of these, in a tree of this depth.
    Ranges {
        /// The tree's depth.
        depth: u8,
        /// All of one level.
        of: Vec<Prefix>,
    },
    /// The items of these ranges.
    Items {
        /// The tree's depth.
        depth: u8,
        /// All of the deepest level.
        of: Vec<Prefix>,
    },
}

/// The answer, in the order asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// Sixteen hashes for each.
    Ranges(Vec<[Sha; 16]>),
    /// The items of all.
    Items(Vec<Item>),
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// This is asked of the other side.
    Ask(Asks),
    /// These are the differences, in order of their ids; none where the days are the same.
    Done(Vec<Difference>),
}

/// An item that is not the same on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// As it stands here.
    pub here: Option<Item>,
    /// As it stands there.
    pub there: Option<Item>,
}

/// Why the other side's answer cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It answers something else than what was asked.
    #[error("an answer to what was asked")]
    NotAsked,
    /// It does not agree with what it said before.
    #[error("an answer that agrees with the ones before")]
    Contradiction,
}

impl Day {
    /// A day of these items.
    #[must_use]
    pub fn of(items: impl IntoIterator<Item = Item>) -> Self {
        Self { items: items.into_iter().map(|item| (item.id, item)).collect() }
    }

    /// What is said of it first. Equal totals are equal days: that is all where nothing differs.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let (mut owed, mut cash) = (Fen::ZERO, Fen::ZERO);
        for item in self.items.values() {
            owed += item.owed;
            cash += item.cash;
        }
        Totals { count: u64::try_from(self.items.len()).unwrap_or(u64::MAX), owed, cash, whole: self.tree(0).root() }
    }

    /// Its tree.
    #[must_use]
    pub fn tree(&self, depth: u8) -> Tree {
        Tree::of(self.items.values().map(|item| (item.id, item.digest())), depth)
    }

    /// Answers what is asked, with the tree of the depth that is asked about; none where that has no such ranges.
    #[must_use]
    pub fn answer(&self, tree: &Tree, asks: &Asks) -> Option<Says> {
        match asks {
            Asks::Ranges { depth, of } if *depth == tree.depth() => {
                of.iter().map(|prefix| hashes(tree, *prefix)).collect::<Option<_>>().map(Says::Ranges)
            }
            Asks::Items { depth, of } if *depth == tree.depth() => {
                let is_asked = |item: &&Item| of.contains(&Prefix::of_item(&item.id, *depth));
                Some(Says::Items(self.items.values().filter(is_asked).copied().collect()))
            }
            _ => None,
        }
    }
}

/// The hashes of the ranges below one.
fn hashes(tree: &Tree, prefix: Prefix) -> Option<[Sha; 16]> {
    let mut hashes = [[0; 32]; 16];
    for (to, child) in hashes.iter_mut().zip(prefix.children()) {
        *to = tree.node(child)?.1;
    }
    Some(hashes)
}

/// A comparison under way, at the side that asks.
#[derive(Clone, Debug)]
pub struct Comparison<'a> {
    here: &'a Day,
    tree: Tree,
    asked: Asks,
}

impl<'a> Comparison<'a> {
    /// Begins with the other side's totals. The comparison is of use only where something is to be asked.
    #[must_use]
    pub fn begin(here: &'a Day, there: &Totals) -> (Self, Next) {
        let own = here.totals();
        let tree = here.tree(depth(own.count.max(there.count)));
        let depth = tree.depth();
        let of = vec![Prefix::ALL];
        let asked = if depth == 0 { Asks::Items { depth, of } } else { Asks::Ranges { depth, of } };
        let next = if own == *there { Next::Done(Vec::new()) } else { Next::Ask(asked.clone()) };
        (Self { here, tree, asked }, next)
    }

    /// Goes on with the other side's answer.
    ///
    /// # Errors
    /// [`Unfit`]; the comparison may be begun anew.
    pub fn next(&mut self, says: &Says) -> Result<Next, Unfit> {
        match (&self.asked, says) {
            (Asks::Ranges { depth, of }, Says::Ranges(theirs)) if of.len() == theirs.len() => {
                let depth = *depth;
                let mut differ = Vec::new();
                for (prefix, theirs) in of.iter().zip(theirs) {
                    let ours = hashes(&self.tree, *prefix).ok_or(Unfit::NotAsked)?;
                    let pairs = prefix.children().zip(ours.iter().zip(theirs));
                    differ.extend(pairs.filter(|(_, (ours, theirs))| ours != theirs).map(|(child, _)| child));
                }
                let level = differ.first().ok_or(Unfit::Contradiction)?.level();
                self.asked =
                    if level == depth { Asks::Items { depth, of: differ } } else { Asks::Ranges { depth, of: differ } };
                Ok(Next::Ask(self.asked.clone()))
            }
            (Asks::Items { depth, of }, Says::Items(theirs)) => {
                let is_asked = |item: &Item| of.contains(&Prefix::of_item(&item.id, *depth));
                if !theirs.iter().all(is_asked) {
                    return Err(Unfit::NotAsked);
                }
                let here = self.here.items.values().filter(|item| is_asked(item));
                let mut sides: BTreeMap<ItemId, Difference> =
                    here.map(|item| (item.id, Difference { here: Some(*item), there: None })).collect();
                for item in theirs {
                    sides.entry(item.id).or_insert(Difference { here: None, there: None }).there = Some(*item);
                }
                let differ: Vec<Difference> = sides.into_values().filter(|sides| sides.here != sides.there).collect();
                if differ.is_empty() { Err(Unfit::Contradiction) } else { Ok(Next::Done(differ)) }
            }
            _ => Err(Unfit::NotAsked),
        }
    }
}

/// What kind of difference one is, which says who puts it right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Only here, and its bill is under way: it is woken, and the next check finds it equal.
    OnlyHereOpen,
    /// Only there, the same.
    OnlyThereOpen,
    /// Only here, on a receipt that both have signed for: the other side lost it, and books it again from the receipt.
    OnlyHere,
    /// Only there, the same: this side does.
    OnlyThere,
    /// On one side, and nothing explains it: for two officers.
    Unexplained,
    /// The amounts or the day differ: for two officers.
    Amount,
    /// The same amounts on another receipt: for two officers.
    OtherReceipt,
}

impl Class {
    /// Whether it is put right without people.
    #[must_use]
    pub const fn is_automatic(self) -> bool {
        matches!(self, Self::OnlyHereOpen | Self::OnlyThereOpen | Self::OnlyHere | Self::OnlyThere)
    }
}

impl Difference {
    /// Its class. `is_open`: whether a bill is under way on either side. `has_receipt`: whether the log has the receipt an item
    /// stands on, signed by the place of insurance.
    #[must_use]
    pub fn class(&self, is_open: impl Fn(BillId) -> bool, has_receipt: impl Fn(&Item) -> bool) -> Class {
        match (&self.here, &self.there) {
            (Some(here), Some(there)) => {
                if (Item { receipt: there.receipt, ..*here }) == *there {
                    Class::OtherReceipt
                } else {
                    Class::Amount
                }
            }
            (Some(here), None) if is_open(here.bill) => Class::OnlyHereOpen,
            (None, Some(there)) if is_open(there.bill) => Class::OnlyThereOpen,
            (Some(here), None) if has_receipt(here) => Class::OnlyHere,
            (None, Some(there)) if has_receipt(there) => Class::OnlyThere,
            _ => Class::Unexplained,
        }
    }
}
