//! A day's items in ranges: a tree over the digits of their ids, so that what differs is found without sending what does not.

use sha2::{Digest as _, Sha256};

use crate::Sha;
use crate::item::ItemId;

/// How many items a range of the deepest level holds as a rule, at most.
const RANGE: u64 = 32;
/// The deepest tree: sixteen million ranges.
const DEEPEST: u8 = 6;

/// How many levels a tree needs, so that a range holds few items. Both sides take the larger of their counts.
#[must_use]
pub fn depth(count: u64) -> u8 {
    (0..DEEPEST).find(|depth| count >> (4 * u32::from(*depth)) <= RANGE).unwrap_or(DEEPEST)
}

/// The items whose ids begin with these hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    digits: u32,
    length: u8,
}

impl Prefix {
    /// All items.
    pub const ALL: Self = Self { digits: 0, length: 0 };

    /// The prefix of these digits; none where it is longer than any tree is deep, or a digit is none.
    #[must_use]
    pub fn of(digits: &[u8]) -> Option<Self> {
        let length = u8::try_from(digits.len()).ok().filter(|length| *length <= DEEPEST)?;
        digits.iter().all(|digit| *digit < 16).then(|| {
            let digits = digits.iter().fold(0, |all, digit| all << 4 | u32::from(*digit));
            Self { digits, length }
        })
    }

    /// How many digits it has: its level in a tree.
    #[must_use]
    pub const fn level(self) -> u8 {
        self.length
    }

    /// The sixteen prefixes of one digit more.
    pub fn children(self) -> impl Iterator<Item = Self> {
        (0..16).map(move |digit| Self { digits: self.digits << 4 | digit, length: self.length.saturating_add(1) })
    }

    /// The prefix of an item with as many digits as a tree is deep.
    #[must_use]
    pub fn of_item(id: &ItemId, depth: u8) -> Self {
        let digits = id.iter().flat_map(|byte| [byte >> 4, byte & 15]).take(usize::from(depth));
        Self { digits: digits.fold(0, |all, digit| all << 4 | u32::from(digit)), length: depth }
    }
}

/// A day's items by the digits of their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// From the root to the deepest level: each range's count and hash, in order.
    levels: Vec<Vec<(u32, Sha)>>,
}

impl Tree {
    /// The tree of items, each by its id and [`crate::Item::digest`], in order of their ids. One pass; 36 bytes a range.
    ///
    /// A range of the deepest level is the SHA-256 of its items' digests, one above that of its sixteen; an empty one is zeros.
    #[must_use]
    pub fn of(items: impl Iterator<Item = (ItemId, Sha)>, depth: u8) -> Self {
        let depth = depth.min(DEEPEST);
        let mut deepest = Vec::new();
        let mut open: Option<(Prefix, u32, Sha256)> = None;
        for (id, digest) in items {
            let prefix = Prefix::of_item(&id, depth);
            if open.as_ref().is_none_or(|open| open.0 != prefix) {
                close(&mut deepest, open.take());
                open = Some((prefix, 0, Sha256::new()));
            }
            if let Some((_, count, hash)) = &mut open {
                *count = count.saturating_add(1);
                hash.update(digest);
            }
        }
        close(&mut deepest, open);
        deepest.resize(1_usize << (4 * u32::from(depth)), (0, [0; 32]));
        let mut levels = vec![deepest];
        for _ in 0..depth {
            let above = levels.last().map(|level| level.chunks(16).map(above).collect());
            levels.extend(above);
        }
        levels.reverse();
        Self { levels }
    }

    /// The hash of all items.
    #[must_use]
    pub fn root(&self) -> Sha {
        self.node(Prefix::ALL).map_or([0; 32], |node| node.1)
    }

    /// How many levels there are below the root.
    #[must_use]
    pub fn depth(&self) -> u8 {
        u8::try_from(self.levels.len().saturating_sub(1)).unwrap_or(DEEPEST)
    }

    /// The count and hash of a range; none where the tree is not so deep.
    #[must_use]
    pub fn node(&self, prefix: Prefix) -> Option<(u32, Sha)> {
        self.levels.get(usize::from(prefix.length))?.get(usize::try_from(prefix.digits).ok()?).copied()
    }
}

/// Puts a range that is complete in its place, and empty ones before it.
fn close(level: &mut Vec<(u32, Sha)>, open: Option<(Prefix, u32, Sha256)>) {
    if let Some((prefix, count, hash)) = open {
        level.resize(usize::try_from(prefix.digits).unwrap_or(usize::MAX), (0, [0; 32]));
        level.push((count, hash.finalize().into()));
    }
}

fn above(ranges: &[(u32, Sha)]) -> (u32, Sha) {
    let count = ranges.iter().fold(0_u32, |count, range| count.saturating_add(range.0));
    if count == 0 {
        return (0, [0; 32]);
    }
    let mut hash = Sha256::new();
    ranges.iter().for_each(|range| hash.update(range.1));
    (count, hash.finalize().into())
}
