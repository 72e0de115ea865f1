//! Decides a person's year anew with what the keeper of the third system knows now, and books the differences.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use policy::{Decision, Policy};
use rpc::Fault;
use store::idempotency::Call;
use terms::{Category, Name};

use super::book::{Adjusted, Because, put_on_record};
use super::commit::{Bench, store_fault};
use super::plan::{Edit, Renewal, policy_of};
use super::restate::restate;
use super::{Context, Trouble};
use crate::domain::{Cause, Claim, Desk};
use crate::store::{self as tables, Needs};

/// A year to decide anew.
#[derive(Clone, Debug)]
pub struct Reassess {
    /// The call.
    pub call: Call,
    /// The person.
    pub person: Name,
    /// The year.
    pub year: i32,
    /// Why.
    pub cause: Cause,
    /// What is taken back together with what was paid for it; a claim keeps what else it has beside the new ones.
    pub takes_back: TakesBack,
    /// The person's categories on days: those of the claims that stand. A claim of another day keeps what it has.
    pub days: BTreeMap<NaiveDate, Vec<Category>>,
}

/// Which categories claims lose that the person does not have any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TakesBack {
    /// None.
    #[default]
    Nothing,
    /// All: from callers who name no days.
    All,
    /// Those of days.
    OnDays(BTreeMap<NaiveDate, BTreeSet<Category>>),
}

impl TakesBack {
    /// What a claim of a day keeps of its own categories.
    fn kept(&self, day: NaiveDate, own: &BTreeSet<Category>) -> BTreeSet<Category> {
        match self {
            Self::Nothing => own.clone(),
            Self::All => BTreeSet::new(),
            Self::OnDays(days) => {
                let taken = days.get(&day);
                own.iter().filter(|one| !taken.is_some_and(|taken| taken.contains(one))).copied().collect()
            }
        }
    }
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum Reassessed {
    /// What changed, in the year's order; nothing where every claim has what it is to have.
    Done(Vec<Adjusted>),
    /// A claim would be refused with the categories of now: nothing was changed.
    Refused(Name, Arc<Policy>, Arc<Decision>),
}

pub(super) fn reassess(context: &Context<'_>, desk: &mut Desk, asked: &Reassess) -> Result<Reassessed, Trouble> {
    let year = desk.year(asked.person, asked.year);
    let mut edit = Edit::default();
    for claim in desk.standing(&year) {
        if let Some(renewal) = renewed(context, asked, &claim)? {
            edit.renews.insert(claim.id, renewal);
        }
    }
    if edit.renews.is_empty() {
        return Ok(Reassessed::Done(Vec::new()));
    }
    let restated = restate(context, desk, &year, &edit)?;
    if let Some(refused) = restated.redone.iter().find(|one| one.decision.settlement().is_none()) {
        let policy = Arc::clone(policy_of(context.policies, &refused.claim)?);
        return Ok(Reassessed::Refused(refused.claim.id, policy, Arc::clone(&refused.decision)));
    }
    if restated.redone.is_empty() {
        return Ok(Reassessed::Done(Vec::new()));
    }
    let because = Because { cause: asked.cause, claim: None };
    let booked = put_on_record(context, desk, year, (&edit, restated), None, because)?;
    booked.put_on(desk);
    Ok(Reassessed::Done(booked.adjusted))
}

/// The categories a claim is to be decided with; none where it has them already and was not cut.
fn renewed(context: &Context<'_>, asked: &Reassess, claim: &Claim) -> Result<Option<Renewal>, Trouble> {
    let facts = &claim.decided.facts;
    let own: BTreeSet<Category> = facts.person.categories.iter().copied().collect();
    let day = policy_of(context.policies, claim)?.day_of_rules(&facts.person, &facts.bill);
    let known = asked.days.get(&day).filter(|_| !claim.origin.has_own_categories);
    let known: Option<BTreeSet<Category>> = known.map(|known| known.iter().copied().collect());
    let now = match &known {
        None => own.clone(),
        Some(known) => known.union(&asked.takes_back.kept(day, &own)).copied().collect(),
    };
    let renewal = Renewal { is_pinned: known.as_ref() != Some(&now), categories: now.iter().copied().collect() };
    Ok(Some(renewal).filter(|_| now != own || !facts.held.is_empty()))
}

/// The days whose rules decided the claims of a year that stand, each once.
///
/// # Errors
/// The database, or a policy version that is gone.
pub async fn days_of_year(bench: &Bench, person: Name, year: i32) -> Result<Vec<NaiveDate>, Fault> {
    let needs = Needs { persons: [person].into(), whole: [(person, year)].into(), ..Needs::default() };
    let desk = tables::load(bench.database.reader(), None, &needs, super::day_of(bench.clock.now())).await;
    let desk = desk.map_err(store_fault)?;
    let mut days = BTreeSet::new();
    for claim in desk.standing(&desk.year(person, year)) {
        let version = claim.decided.decision.version;
        let policy = bench.registry.version(version).await.map_err(Fault::internal)?;
        let policy = policy.ok_or_else(|| Fault::internal(format!("policy version {version} is gone")))?;
        days.insert(policy.day_of_rules(&claim.decided.facts.person, claim.bill()));
    }
    Ok(days.into_iter().collect())
}
