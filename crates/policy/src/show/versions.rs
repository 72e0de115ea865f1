//! What differs between two versions, value by value.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Serialize;
use terms::Division;

use crate::{Citation, Policy};

/// A value that two versions do not say alike: another value, other clauses, another mark, or in one of them only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VersionChange {
    /// The division whose pack says it.
    pub division: Division,
    /// The parameter, or the key of a mechanism.
    pub address: String,
    /// The row's condition, as written; empty for a mechanism.
    pub row: String,
    /// First day of the value; `None` for a mechanism, which has no days.
    pub from: Option<NaiveDate>,
    /// In the earlier version; `None`: it is new.
    pub before: Option<String>,
    /// In the later version; `None`: it is gone.
    pub after: Option<String>,
    /// Clause ids in the later version, or in the earlier one where it is gone.
    pub cite: Vec<String>,
}

type Key = (Division, String, String, Option<NaiveDate>);

/// What a version says in one place: the value, and everything else that makes it another one for people.
#[derive(PartialEq, Eq)]
struct Said<'p> {
    value: String,
    citation: Option<&'p Citation>,
}

impl Said<'_> {
    fn same(&self, other: &Self) -> bool {
        let about =
            |said: &Self| said.citation.map(|citation| (citation.cite.clone(), citation.mark, citation.source.clone()));
        self.value == other.value && about(self) == about(other)
    }
}

/// What differs from an earlier version to a later one, in order of division and address: of a division and what it
/// inherits in either, or of all. Values and the keys of mechanisms are compared as written.
#[must_use]
pub fn between(before: &Policy, after: &Policy, division: Option<Division>) -> Vec<VersionChange> {
    let wanted: Option<BTreeSet<Division>> = division.map(|division| {
        let chains = [before, after].into_iter().flat_map(|policy| policy.chain(division));
        chains.map(|division| division.code).collect()
    });
    let mut places: BTreeMap<Key, (Option<Said<'_>>, Option<Said<'_>>)> = BTreeMap::new();
    for (key, said) in everything(before) {
        places.entry(key).or_default().0 = Some(said);
    }
    for (key, said) in everything(after) {
        places.entry(key).or_default().1 = Some(said);
    }
    let mut changes = Vec::new();
    for ((division, address, row, from), (before, after)) in places {
        let same = matches!((&before, &after), (Some(before), Some(after)) if before.same(after));
        if same || wanted.as_ref().is_some_and(|wanted| !wanted.contains(&division)) {
            continue;
        }
        let cited = after.as_ref().or(before.as_ref()).and_then(|said| said.citation);
        let cite = cited.map_or_else(Vec::new, |citation| citation.cite.clone());
        let (before, after) = (before.map(|said| said.value), after.map(|said| said.value));
        changes.push(VersionChange { division, address, row, from, before, after, cite });
    }
    changes
}

fn everything(policy: &Policy) -> impl Iterator<Item = (Key, Said<'_>)> {
    let values = policy.citations().map(|citation| {
        let key = (citation.division, citation.address.clone(), citation.row.clone(), Some(citation.from));
        (key, Said { value: citation.value.clone(), citation: Some(citation) })
    });
    let mechanisms = policy.divisions().flat_map(|division| {
        division.mechanisms.iter().map(|(address, mechanism)| {
            let key = (division.code, address.clone(), String::new(), None);
            (key, Said { value: mechanism.words.join(", "), citation: None })
        })
    });
    values.chain(mechanisms)
}
