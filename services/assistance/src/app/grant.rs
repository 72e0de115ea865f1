//! Grants a category.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rpc::{Fault, Reason};
use store::Tx;
use terms::Name;

use super::{App, Problem, mend, tell};
use crate::domain::{Grant, Terms, known, overlapping};
use crate::store::{categories, people};

/// What is granted to whom, and by whom.
#[derive(Clone, Debug)]
pub(crate) struct Granting {
    pub(crate) person: Name,
    pub(crate) terms: Terms,
    pub(crate) operator: String,
    pub(crate) reason: String,
    /// The application it was decided on.
    pub(crate) application: Option<Name>,
}

/// Asks enrolment, where it is connected, whether a person is one it knows: outside any transaction.
///
/// # Errors
/// `NOT_FOUND` where nobody knows the person; `UNAVAILABLE` where enrolment does not say.
pub(crate) async fn is_registered(app: &App, person: Name) -> Result<(), Fault> {
    match &app.directory {
        Some(directory) if !directory.knows(person).await? => Err(Fault::not_found("person", person.as_str())),
        _ => Ok(()),
    }
}

/// Grants it; gives the years of settled claims that it concerns.
///
/// # Errors
/// `DUPLICATE` where days overlap another grant of the same category.
pub(crate) async fn grant(app: &App, tx: &Tx, asked: &Granting) -> Result<(Grant, BTreeSet<i32>), Problem> {
    people::lock(tx, &BTreeSet::from([asked.person])).await?;
    let versions = categories::of_person(tx, asked.person.as_str()).await?;
    let recorded_at = after(app, &versions);
    alone(versions, &asked.terms, None)?;
    let grant = Grant {
        id: app.id(),
        version: 1,
        person: asked.person.to_string(),
        terms: asked.terms.clone(),
        taken_back: false,
        claw_back: false,
        operator: asked.operator.clone(),
        reason: asked.reason.clone(),
        recorded_at,
        import: String::new(),
        application: asked.application,
        list_division: None,
    };
    categories::add(tx, std::slice::from_ref(&grant)).await?;
    tell::categories(app, tx, std::slice::from_ref(&grant)).await?;
    let years = mend::recategorised(app, tx, std::slice::from_ref(&grant)).await?;
    Ok((grant, years.into_values().flatten().collect()))
}

/// The moment to record a version: not before what is recorded of the person already, for the clock may have been set back.
pub(super) fn after(app: &App, versions: &[Grant]) -> DateTime<Utc> {
    let now = app.now();
    versions.iter().map(|grant| grant.recorded_at).max().map_or(now, |last| now.max(last))
}

/// Refuses days that overlap another grant of the same category.
pub(super) fn alone(versions: Vec<Grant>, terms: &Terms, of: Option<&str>) -> Result<(), Fault> {
    let known = known(versions, None);
    let Some(other) = overlapping(&known, terms, of) else { return Ok(()) };
    let fault = Fault::new(Reason::Duplicate, "the person has this category on some of these days already");
    Err(fault.with("grant_id", other.id.clone()))
}
