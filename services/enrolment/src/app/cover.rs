//! Says whether and how a person is covered on a day, as known at a moment.

use chrono::{DateTime, NaiveDate, Utc};
use policy::{Period, Reason};
use rpc::Fault;
use terms::Name;

use super::decide::{self, Refused};
use super::{App, Problem};
use crate::domain::{Days, Enrolment, Interval, QualificationKind, intervals, standing};
use crate::store::{enrolments, people, qualifications};

/// Whether and how a person is covered.
pub(crate) struct Cover {
    pub(crate) answer: Result<policy::Person, Refused>,
    /// The interval that holds the day, with the policy that explains its clauses.
    pub(crate) interval: Option<Interval>,
    pub(crate) enrolments: Vec<String>,
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
    let enrolments = held.iter().map(|enrolment| enrolment.id.clone()).collect();
    let Some(enrolment) = first else {
        let answer = Err(Refused::new(None, Reason::NoScheme, format!("no enrolment on {on}"), &[]));
        return Ok(Cover { answer, interval, enrolments });
    };
    let Some(window) = nearest(enrolment, on) else {
        // an enrolment without any window would be read as one whose coverage was checked
        let policy = decide::policy_of(app, enrolment.terms.division).ok();
        let about = format!("{} enrolment without days of benefits", enrolment.state.word());
        let answer = Err(Refused::new(policy, Reason::NotCovered, about, &[]));
        return Ok(Cover { answer, interval, enrolments });
    };
    let known = qualifications::of_person(reader, id, known_at).await?;
    let names = |kind: QualificationKind| -> Vec<Name> {
        let held = known.iter().filter(|one| one.kind == kind && one.holds(on));
        held.filter_map(|one| Name::new(&one.name).ok()).collect()
    };
    let answer = Ok(policy::Person {
        division: enrolment.terms.division,
        schemes: paid.iter().map(|enrolment| enrolment.terms.scheme).collect(),
        group: enrolment.terms.group,
        age: Some(person.age(on)),
        categories: enrolment.terms.categories.clone(),
        plans: names(QualificationKind::Plan),
        diseases: names(QualificationKind::Disease),
        use_account: true,
        covered: Some(Period { from: window.from, to: window.to }),
    });
    Ok(Cover { answer, interval, enrolments })
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
