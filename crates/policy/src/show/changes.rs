//! What changed between two days.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use chrono::NaiveDate;
use serde::Serialize;
use terms::Division;

use super::text::{citation_text, write_clauses};
use super::words::place_text;
use super::{ShowError, Shown, ShownRow, clauses_of, show};
use crate::{Lang, Policy};

/// A row whose value, clauses or mark are not the same on two days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The parameter's address as its pack writes it.
    pub address: String,
    /// The row's condition, as written.
    pub row: String,
    /// The places in which it works: several for a shared layer.
    pub places: Vec<String>,
    /// On the earlier day; `None` where it was not set.
    pub before: Option<ShownRow>,
    /// On the later day; `None` where it is no longer set.
    pub after: Option<ShownRow>,
}

/// A row on the earlier and on the later day.
type Sides<'r> = (Option<&'r ShownRow>, Option<&'r ShownRow>);

/// What changed in a division from one day to another, in order of address.
///
/// # Errors
/// [`ShowError`] where the division is unknown or one of the days is before anything.
pub fn diff(policy: &Policy, division: Division, from: NaiveDate, to: NaiveDate) -> Result<Vec<Change>, ShowError> {
    let (before, after) = (show(policy, division, from, None)?, show(policy, division, to, None)?);
    let mut rows: BTreeMap<(String, String), Sides<'_>> = BTreeMap::new();
    for (place, row) in before.rows() {
        rows.entry((place, row.citation.row.clone())).or_default().0 = Some(row);
    }
    for (place, row) in after.rows() {
        rows.entry((place, row.citation.row.clone())).or_default().1 = Some(row);
    }
    let (old, new) = (written(&before), written(&after));
    let mut changes: Vec<Change> = Vec::new();
    for ((place, row), (before, after)) in rows {
        let only_moves = match (before, after) {
            (None, Some(row)) => old.contains(&key(row)),
            (Some(row), None) => new.contains(&key(row)),
            _ => false,
        };
        if only_moves || before.map(said) == after.map(said) {
            continue;
        }
        let same = |change: &&mut Change| change.before.as_ref() == before && change.after.as_ref() == after;
        if let Some(change) = changes.iter_mut().find(same) {
            change.places.push(place);
            continue;
        }
        let address = after.or(before).map_or_else(String::new, |row| row.citation.address.clone());
        changes.push(Change { address, row, places: vec![place], before: before.cloned(), after: after.cloned() });
    }
    changes.sort_by(|a, b| (&a.address, &a.row).cmp(&(&b.address, &b.row)));
    Ok(changes)
}

/// Address and condition of every row. A row of a shared layer that is there on both days, but works in one more benefit on
/// one of them, has not changed: the benefit's stack has.
fn written(shown: &Shown) -> BTreeSet<(&str, &str)> {
    shown.rows().map(|(_, row)| key(row)).collect()
}

fn key(row: &ShownRow) -> (&str, &str) {
    (&row.citation.address, &row.citation.row)
}

/// What makes a row another one for people.
fn said(row: &ShownRow) -> impl PartialEq + '_ {
    let citation = &row.citation;
    (&citation.value, &row.comes_to, &citation.cite, citation.mark)
}

/// The changes as a text for people, with what the clauses say at the end.
#[must_use]
pub fn changes_text(policy: &Policy, changes: &[Change], lang: Lang) -> String {
    let mut text = String::new();
    if changes.is_empty() {
        text.push_str(lang.of("没有变化。\n", "Nothing changed.\n"));
    }
    for change in changes {
        let row = super::words::condition_text(&change.row, lang);
        let _ = writeln!(text, "{}  {row}", change.address);
        for place in change.places.iter().filter(|place| **place != change.address) {
            let _ = writeln!(text, "  {} {}", lang.of("用于", "works in"), place_text(place, lang));
        }
        for (row, zh, en) in [(&change.before, "原", "old"), (&change.after, "新", "new")] {
            let said = row
                .as_ref()
                .map_or_else(|| lang.of("（未设）", "(not set)").to_owned(), |row| citation_text(row, lang));
            let _ = writeln!(text, "  {} {said}", lang.of(zh, en));
        }
    }
    let citations = changes.iter().flat_map(|change| change.before.iter().chain(&change.after));
    write_clauses(&mut text, &clauses_of(policy, citations.map(|row| &row.citation)), lang);
    text
}
