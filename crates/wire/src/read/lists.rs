use rpc::Violations;
use terms::Name;

use super::plain::word;
use super::texts::name;
use crate::Wired;

/// The most items that a list other than fee lines may have: no person has as many, and a list is walked more than once.
pub const LIST_AT_MOST: usize = 1_000;

/// Reads a list item by item, each at its place; nothing is read of one that is too long.
pub(super) fn list<I, T>(
    v: &mut Violations,
    field: &str,
    items: &[I],
    most: usize,
    mut read: impl FnMut(&mut Violations, usize, &I) -> Option<T>,
) -> Option<Vec<T>> {
    if items.len() > most {
        v.add(field, format!("{} items", items.len()), format!("at most {most}"));
        return None;
    }
    let mut whole = true;
    let mut all = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        match v.within_item(field, at, |v| read(v, at, item)) {
            Some(item) => all.push(item),
            None => whole = false,
        }
    }
    whole.then_some(all)
}

pub(super) fn words<W: Wired>(v: &mut Violations, field: &str, numbers: &[i32]) -> Option<Vec<W>> {
    list(v, field, numbers, LIST_AT_MOST, |v, _, number| word(v, "", *number))
}

pub(super) fn names(v: &mut Violations, field: &str, texts: &[String]) -> Option<Vec<Name>> {
    list(v, field, texts, LIST_AT_MOST, |v, _, text| name(v, "", text))
}
