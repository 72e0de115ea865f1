//! What the policy says of an enrolment: what it costs, under which category, and from when to when it covers.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use policy::{Cause, Contribution, ContributionFacts, Coverage, CoverageFacts, Policy, Reason, Refusal};
use terms::{Category, Division, PersonGroup};

use super::App;
use crate::domain::{Days, Enrolment, Terms};

/// A "no" of the policy, with the policy that explains it and the enrolment in the way.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub(crate) refusal: Refusal,
    pub(crate) policy: Option<Arc<Policy>>,
    pub(crate) other: Option<Box<Enrolment>>,
}

impl Refused {
    /// A reason of this service's own, with its clauses.
    pub(crate) fn new(policy: Option<Arc<Policy>>, reason: Reason, about: impl Into<String>, cite: &[&str]) -> Self {
        let cite = cite.iter().map(|id| (*id).to_owned()).collect();
        let refusal = Refusal { causes: vec![Cause { reason, about: about.into(), cite }] };
        Self { refusal, policy, other: None }
    }

    /// The same, resting on these clauses.
    pub(crate) fn citing(mut self, cite: &[String]) -> Self {
        for cause in &mut self.refusal.causes {
            cause.cite = cite.to_vec();
        }
        self
    }
}

/// The policy in use for a place.
pub(crate) fn policy_of(app: &App, division: Division) -> Result<Arc<Policy>, Refused> {
    let unknown = || Refused::new(None, Reason::UnknownDivision, division.to_string(), &[]);
    app.policies.head(division).ok_or_else(unknown)
}

/// What a cover year costs and who bears it, and under which category that was computed.
#[derive(Clone)]
pub(crate) struct Due {
    pub(crate) policy: Arc<Policy>,
    pub(crate) contribution: pb::policy::v1::Contribution,
    pub(crate) category: Category,
}

/// From when to when a payment covers, and how the policy answered.
#[derive(Clone)]
pub(crate) struct Cover {
    pub(crate) policy: Arc<Policy>,
    pub(crate) coverage: Coverage,
    pub(crate) answered: pb::policy::v1::Coverage,
}

/// What was asked before, for as long as the policy in use is the same: thousands of rows ask a few questions.
#[derive(Default)]
pub(crate) struct Memory {
    due: HashMap<String, Due>,
    covered: HashMap<String, Cover>,
}

/// What is due for these terms.
pub(crate) fn due(app: &App, memory: &mut Memory, terms: &Terms) -> Result<Due, Refused> {
    let policy = policy_of(app, terms.division)?;
    let asked = format!("{} {:?}", policy.version(), facts(terms, terms.categories.clone()));
    if let Some(due) = memory.due.get(&asked) {
        return Ok(due.clone());
    }
    let refused = |refusal| Refused { refusal, policy: Some(Arc::clone(&policy)), other: None };
    let ask = |categories: Vec<Category>| policy.contribution(&facts(terms, categories));
    let contribution = ask(terms.categories.clone()).map_err(refused)?;
    let category = category(&contribution, &terms.categories, ask).map_err(refused)?;
    let contribution = wire::write::contribution(&policy, &contribution);
    let due = Due { policy: Arc::clone(&policy), contribution, category };
    memory.due.insert(asked, due.clone());
    Ok(due)
}

/// The first category, in their order, that alone is assisted as all of them are; none where nothing is assisted.
fn category(
    contribution: &Contribution,
    categories: &[Category],
    ask: impl Fn(Vec<Category>) -> Result<Contribution, Refusal>,
) -> Result<Category, Refusal> {
    if contribution.assisted.is_zero() {
        return Ok(Category::None);
    }
    let mut categories = categories.to_vec();
    categories.sort_unstable();
    for candidate in categories {
        if ask(vec![candidate])?.assisted == contribution.assisted {
            return Ok(candidate);
        }
    }
    Ok(Category::None)
}

fn facts(terms: &Terms, categories: Vec<Category>) -> ContributionFacts {
    ContributionFacts {
        division: terms.division,
        scheme: terms.scheme,
        cover_year: terms.cover_year,
        group: terms.group,
        categories,
        county: terms.county,
        college: terms.college,
        people: 1,
        premium_base: terms.premium_base,
    }
}

/// From when to when a payment covers, by the policy in use now.
pub(crate) fn covered(
    app: &App,
    memory: &mut Memory,
    terms: &Terms,
    (paid, born): (NaiveDate, NaiveDate),
) -> Result<Cover, Refused> {
    let policy = policy_of(app, terms.division)?;
    let facts = CoverageFacts {
        division: terms.division,
        scheme: terms.scheme,
        group: terms.group,
        categories: terms.categories.clone(),
        how: terms.how,
        cover_year: terms.cover_year,
        paid,
        enrolled: terms.enrolled,
        joined: terms.joined,
        born: (terms.group == PersonGroup::Newborn).then_some(born),
        employee_ended: terms.history.employee_ended,
        broken_years: terms.history.broken_years,
        repaid_years: terms.history.repaid_years,
    };
    let asked = format!("{} {facts:?}", policy.version());
    if let Some(cover) = memory.covered.get(&asked) {
        return Ok(cover.clone());
    }
    match policy.coverage(&facts) {
        Ok(coverage) => {
            let answered = wire::write::coverage(&policy, &coverage);
            let cover = Cover { policy, coverage, answered };
            memory.covered.insert(asked, cover.clone());
            Ok(cover)
        }
        Err(refusal) => Err(Refused { refusal, policy: Some(policy), other: None }),
    }
}

/// The days for which terms will hold before anything is paid: from the enrolment or the cover year's first day on.
pub(crate) fn held(terms: &Terms) -> Option<Days> {
    let year = terms.year();
    let from = terms.enrolled.max(year.from).max(terms.not_before().unwrap_or(year.from));
    Days::new(from, year.to)
}

/// An enrolment of the same person that holds on some of these days: of this scheme and place, or another.
pub(crate) fn in_the_way(others: &[Enrolment], days: Days) -> Option<&Enrolment> {
    others.iter().find(|other| other.days.is_some_and(|held| held.shared(days).is_some()))
}
