//! Assistance categories: granted for days, known since a moment.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use terms::{Category, Division, Name};

use super::Office;

/// A category granted to a person, in one version of what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) id: String,
    pub(crate) version: u32,
    pub(crate) person: String,
    pub(crate) terms: Terms,
    pub(crate) taken_back: bool,
    /// Whether what was paid on days that no longer count is taken back.
    pub(crate) claw_back: bool,
    pub(crate) operator: String,
    pub(crate) reason: String,
    pub(crate) recorded_at: DateTime<Utc>,
    /// The import it came with; empty where an officer recorded it.
    pub(crate) import: String,
    /// The application it was decided on.
    pub(crate) application: Option<Name>,
    /// The division of the list it is on; none where it came with none: then its authority's counts.
    pub(crate) list_division: Option<Division>,
}

/// What is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) category: Category,
    /// For people a county names: the category they are treated as.
    pub(crate) treated_as: Option<Category>,
    pub(crate) from: NaiveDate,
    /// Last day; none until further notice.
    pub(crate) to: Option<NaiveDate>,
    pub(crate) authority: Authority,
    pub(crate) evidence: Vec<Evidence>,
}

/// Who grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authority {
    pub(crate) office: Office,
    pub(crate) division: Division,
    pub(crate) name: String,
}

/// What proves something: a reference and a hash, no file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Evidence {
    pub(crate) kind: String,
    pub(crate) reference: String,
    pub(crate) sha256: String,
}

impl Terms {
    /// The category that counts.
    pub(crate) fn counts_as(&self) -> Category {
        self.treated_as.unwrap_or(self.category)
    }

    fn holds(&self, day: NaiveDate) -> bool {
        self.from <= day && self.to.is_none_or(|to| day <= to)
    }

    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let begins = |one: &Self, two: &Self| two.to.is_none_or(|to| one.from <= to);
        begins(self, other) && begins(other, self)
    }
}

/// Of all versions of a person's grants, those that count as known at a moment: of each grant the newest recorded by then,
/// unless it was taken back. In order of their first day.
pub(crate) fn known(mut versions: Vec<Grant>, at: Option<DateTime<Utc>>) -> Vec<Grant> {
    versions.retain(|grant| at.is_none_or(|at| grant.recorded_at <= at));
    versions.sort_by(|a, b| (&a.id, b.version).cmp(&(&b.id, a.version)));
    versions.dedup_by(|later, first| later.id == first.id);
    versions.retain(|grant| !grant.taken_back);
    versions.sort_by(|a, b| (a.terms.from, &a.id).cmp(&(b.terms.from, &b.id)));
    versions
}

/// The categories that hold on a day, each once and in the order of the words, with the grants they come from.
pub(crate) fn categories_on(known: &[Grant], day: NaiveDate) -> (Vec<Category>, Vec<&Grant>) {
    let grants: Vec<&Grant> = known.iter().filter(|grant| grant.terms.holds(day)).collect();
    let mut categories: Vec<Category> = grants.iter().map(|grant| grant.terms.counts_as()).collect();
    categories.sort_unstable();
    categories.dedup();
    (categories, grants)
}

/// Whether a category was granted that holds on a day, as known at some moment; of one that was granted for other days alone, the first
/// of them. What was decided by a grant stands, whatever became of it.
pub(crate) fn was_granted(versions: &[Grant], category: Category, day: NaiveDate) -> Result<(), Option<NaiveDate>> {
    let same = || versions.iter().filter(|grant| !grant.taken_back && grant.terms.counts_as() == category);
    if same().any(|grant| grant.terms.holds(day)) {
        return Ok(());
    }
    Err(same().map(|grant| grant.terms.from).min())
}

/// The grant of the same category with days that overlap, if there is one besides `of`.
pub(crate) fn overlapping<'a>(known: &'a [Grant], terms: &Terms, of: Option<&str>) -> Option<&'a Grant> {
    let same = |grant: &&Grant| grant.terms.category == terms.category && of != Some(grant.id.as_str());
    known.iter().filter(same).find(|grant| grant.terms.overlaps(terms))
}

/// By day, categories that were taken away together with what was paid for them.
pub(crate) type TakenBack = BTreeMap<NaiveDate, BTreeSet<Category>>;

/// Of a person's grants, every version: the categories of a day that an officer took back with what was paid for them, and that the
/// person does not have on it by another grant.
pub(crate) fn owed_on(versions: &[Grant], day: NaiveDate) -> BTreeSet<Category> {
    let known = known(versions.to_vec(), None);
    let (now, _) = categories_on(&known, day);
    let mut taken = taken_back(versions, day);
    taken.retain(|category| !now.contains(category));
    taken
}

/// Of a person's grants, every version: whether a claim of a day that was settled with some categories lacks one the person has
/// now, or has one that an officer took back with what was paid for it; true where it has. None: neither.
pub(crate) fn lacking(versions: &[Grant], day: NaiveDate, used: &[Category]) -> Option<bool> {
    let known = known(versions.to_vec(), None);
    let (now, _) = categories_on(&known, day);
    let owed = owed_on(versions, day);
    let lacks = now.iter().any(|category| !used.contains(category));
    let owes = used.iter().any(|category| owed.contains(category));
    (lacks || owes).then_some(owes)
}

/// The categories of a day that a version took away together with what was paid for them, whichever version before it gave them.
fn taken_back(versions: &[Grant], day: NaiveDate) -> BTreeSet<Category> {
    let on = |grant: &Grant| (!grant.taken_back && grant.terms.holds(day)).then(|| grant.terms.counts_as());
    let mut taken = BTreeSet::new();
    for after in versions.iter().filter(|grant| grant.claw_back) {
        let before = versions.iter().filter(|grant| grant.id == after.id && grant.version < after.version);
        taken.extend(before.filter_map(on).filter(|category| Some(*category) != on(after)));
    }
    taken
}
