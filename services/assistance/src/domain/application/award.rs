//! What a granted category has brought a person: the differences of the bills that were decided anew with it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use money::Fen;
use terms::{Category, Name};

use crate::domain::Grant;

/// How a claim stood after a Change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Revision {
    pub(crate) claim: Name,
    pub(crate) is_reversed: bool,
    /// Whether it was decided anew for what the keeper of the third system found: what a fund pays more is then owed to the person.
    pub(crate) is_late: bool,
    pub(crate) day: NaiveDate,
    pub(crate) categories: Vec<Category>,
    pub(crate) cash: Fen,
    /// The place of its Change among the person's.
    pub(crate) sequence: u64,
}

/// An application whose category was granted.
#[derive(Clone, Debug)]
pub(crate) struct Awarding<'a> {
    pub(crate) application: Name,
    /// The person's last Change before it was granted.
    pub(crate) since: u64,
    /// The grant, in every version.
    pub(crate) grants: Vec<&'a Grant>,
}

impl Awarding<'_> {
    /// Whether it gave a claim what the claim has gained in a Change.
    fn gave(&self, one: &Revision, before: &[Category]) -> bool {
        let has = |grant: &&&Grant| {
            let category = grant.terms.counts_as();
            let is_gained = one.categories.contains(&category) && !before.contains(&category);
            is_gained && grant.terms.from <= one.day && grant.terms.to.is_none_or(|to| one.day <= to)
        };
        one.sequence > self.since && self.grants.iter().any(|grant| has(&grant))
    }
}

/// What a person's applications have brought, in fen: of each Change in which a claim gained what one of them gave (the first, where
/// several did), all that the person has to pay less; and what these claims were given later where a limit had room again or the
/// third system followed. A claim that was reversed brings nothing. `revisions` are in order of their Changes and, of one claim, of its
/// revisions.
pub(crate) fn awards(revisions: &[Revision], awarding: &[Awarding<'_>]) -> BTreeMap<Name, Fen> {
    let reversed: BTreeSet<Name> = revisions.iter().filter(|one| one.is_reversed).map(|one| one.claim).collect();
    let mut known: BTreeMap<Name, &Revision> = BTreeMap::new();
    let mut owners: BTreeMap<Name, Name> = BTreeMap::new();
    let mut found: BTreeMap<Name, Fen> = BTreeMap::new();
    for change in revisions.chunk_by(|one, next| one.sequence == next.sequence) {
        let gave = |one: &Revision| {
            let before = known.get(&one.claim)?;
            awarding.iter().find(|award| award.gave(one, &before.categories)).map(|award| award.application)
        };
        let gained: BTreeMap<Name, Name> = change.iter().filter_map(|one| Some((one.claim, gave(one)?))).collect();
        let giver = change.iter().find_map(|one| gained.get(&one.claim).copied());
        owners.extend(gained);
        for one in change {
            let before = known.insert(one.claim, one);
            let owner = giver.or_else(|| owners.get(&one.claim).copied());
            let counts = one.is_late && !reversed.contains(&one.claim);
            if let (Some(before), Some(owner), true) = (before, owner, counts) {
                *found.entry(owner).or_default() += before.cash - one.cash;
            }
        }
    }
    found
}
