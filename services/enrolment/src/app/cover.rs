//! Says whether and how a person is covered on a day, as known at a moment.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use policy::{Period, Policy, Reason};
use rpc::Fault;
use terms::{Name, Scheme};

use super::decide::Refused;
use super::{App, Problem};
use crate::domain::{Days, Enrolment, Interval, QualificationKind, TWICE, intervals, standing};
use crate::store::{enrolments, people, qualifications};

/// Whether and how a person is covered.
pub(crate) struct Cover {
    pub(crate) answer: Result<policy::Person, Refused>,
    /// The interval that holds the day.
    pub(crate) interval: Option<Interval>,
    pub(crate) enrolments: Vec<String>,
    /// The clauses the answer rests on, and the policy that explains them.
    pub(crate) cite: Vec<String>,
    pub(crate) policy: Option<Arc<Policy>>,
}

/// Whether and how a person is covered on a day, as known at a moment.
pub(crate) async fn coverage(app: &App, id: &str, on: NaiveDate, known_at: DateTime<Utc>) -> Result<Cover, Problem> {
    let reader = app.database.reader();
    let person = people::known(reader, id, known_at).await?.ok_or_else(|| Fault::not_found("person", id))?;
    let all = enrolments::of_person(reader, id, known_at).await?;
    let held: Vec<&Enrolment> = all.iter().filter(|enrolment| enrolment.holds(on)).collect();
    let paid: Vec<&Enrolment> = held.iter().copied().filter(|enrolment| !enrolment.benefits().is_empty()).collect();
    let first = standing(paid.iter().copied()).or_else(|| held.first().copied());
    let inside = |enrolment: &&Enrolment| intervals(enrolment).into_iter().find(|interval| interval.days.holds(on));
    let interval = first.as_ref().and_then(inside).or_else(|| held.iter().find_map(inside));
    let (policy, cite) = clauses(app, (&all, &paid), interval.as_ref(), on);
    let enrolments = held.iter().map(|enrolment| enrolment.id.clone()).collect();
    let answer = match first.map(|enrolment| (enrolment, nearest(enrolment, on))) {
        None => Err((Reason::NoScheme, format!("no enrolment on {on}"))),
        // an enrolment without any window would be read as one whose coverage was checked
        Some((enrolment, None)) => {
            Err((Reason::NotCovered, format!("{} enrolment without days of benefits", enrolment.state.word())))
        }
        Some((enrolment, Some(window))) => {
            let known = qualifications::of_person(reader, id, known_at).await?;
            let names = |kind: QualificationKind| -> Vec<Name> {
                let held = known.iter().filter(|one| one.kind == kind && one.holds(on));
                held.filter_map(|one| Name::new(&one.name).ok()).collect()
            };
            Ok(policy::Person {
                division: enrolment.terms.division,
                schemes: paid.iter().map(|enrolment| enrolment.terms.scheme).collect(),
                group: enrolment.terms.group,
                age: Some(person.age(on)),
                categories: enrolment.terms.categories.clone(),
                plans: names(QualificationKind::Plan),
                diseases: names(QualificationKind::Disease),
                use_account: true,
                covered: Some(Period { from: window.from, to: window.to }),
            })
        }
    };
    let answer = answer.map_err(|(reason, about)| Refused::new(policy.clone(), reason, about, &[]).citing(&cite));
    Ok(Cover { answer, interval, enrolments, cite, policy })
}

/// The clauses an answer for a day rests on: against being insured twice, of the interval that holds the day, or else those
/// by which benefits begin where the person is insured; of somebody who never was, in the nation.
fn clauses(
    app: &App,
    (all, paid): (&[Enrolment], &[&Enrolment]),
    interval: Option<&Interval>,
    on: NaiveDate,
) -> (Option<Arc<Policy>>, Vec<String>) {
    let near = |enrolment: &&Enrolment| enrolment.days.map_or(i64::MAX, |days| days.distance(on));
    let place = paid.first().copied().or_else(|| all.iter().min_by_key(near)).map(|enrolment| &enrolment.terms);
    let policy = match place {
        Some(terms) => app.policies.head(terms.division),
        None => app.policies.any(),
    };
    let holding = |cite: &[String]| match (policy.as_deref(), place) {
        (Some(policy), Some(terms)) => policy.holding(terms.division, cite),
        _ => cite.to_vec(),
    };
    if paid.len() > 1 {
        let cite = holding(&TWICE.map(str::to_owned));
        return (policy, cite);
    }
    if let Some(cite) = interval.map(|interval| holding(&interval.cite)).filter(|cite| !cite.is_empty()) {
        return (policy, cite);
    }
    let asked = |policy: &Policy| match place {
        Some(terms) => policy.holding(terms.division, &policy.coverage_clauses(terms.division, terms.scheme, on)),
        None => {
            let nation = policy.divisions().find(|pack| policy.chain(pack.code).len() == 1).map(|pack| pack.code);
            let schemes = [Scheme::Employee, Scheme::Resident];
            let found = schemes.map(|scheme| nation.map(|nation| policy.coverage_clauses(nation, scheme, on)));
            let found: BTreeSet<String> = found.into_iter().flatten().flatten().collect();
            let found: Vec<String> = found.into_iter().collect();
            nation.map(|nation| policy.holding(nation, &found)).unwrap_or_default()
        }
    };
    let cite = policy.as_deref().map(asked).unwrap_or_default();
    (policy, cite)
}

/// The window of benefits that holds the day, or else the nearest one.
fn nearest(enrolment: &Enrolment, on: NaiveDate) -> Option<Days> {
    enrolment.benefits().into_iter().min_by_key(|days| days.distance(on))
}

/// A person's intervals as known at a moment, in order of first day; only those that share days with `days`.
pub(crate) async fn timeline(
    app: &App,
    id: &str,
    days: Option<Days>,
    known_at: DateTime<Utc>,
) -> Result<Vec<Interval>, Problem> {
    let reader = app.database.reader();
    people::known(reader, id, known_at).await?.ok_or_else(|| Fault::not_found("person", id))?;
    let all = enrolments::of_person(reader, id, known_at).await?;
    let asked = |interval: &Interval| days.is_none_or(|days| days.shared(interval.days).is_some());
    let mut found: Vec<Interval> = all.iter().flat_map(intervals).filter(asked).collect();
    found.sort_by(|a, b| (a.days.from, &a.enrolment).cmp(&(b.days.from, &b.enrolment)));
    Ok(found)
}
