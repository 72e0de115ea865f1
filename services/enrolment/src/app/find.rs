//! Looks up what is kept, as known at a moment.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use rpc::Fault;
use terms::Division;

use super::enrol::NEWEST;
use super::{App, Problem};
use crate::domain::{Days, DocumentType, Enrolment, Household, Person, document_hash};
use crate::store::{enrolments, households, people};

/// A person, with the household of that day.
pub(crate) async fn person(app: &App, id: &str, known_at: Option<DateTime<Utc>>) -> Result<Person, Problem> {
    let reader = app.database.reader();
    let moment = known_at.unwrap_or(NEWEST);
    let mut person = people::known(reader, id, moment).await?.ok_or_else(|| Fault::not_found("person", id))?;
    let day = known_at.map_or_else(|| app.today(), host::china_day);
    let memberships = households::of_person(reader, id, moment).await?;
    person.household = memberships.into_iter().find(|one| one.holds(day)).map(|one| one.household);
    Ok(person)
}

/// Where a person was insured on any of some days: the places of enrolments that were paid, each once.
pub(crate) async fn places(app: &App, id: &str, days: Days) -> Result<BTreeSet<Division>, Problem> {
    let reader = app.database.reader();
    people::known(reader, id, NEWEST).await?.ok_or_else(|| Fault::not_found("person", id))?;
    let all = enrolments::of_person(reader, id, NEWEST).await?;
    let insured = |one: &&Enrolment| {
        one.payment.is_some() && !one.never_was() && one.days.is_some_and(|held| held.shared(days).is_some())
    };
    Ok(all.iter().filter(insured).map(|one| one.terms.division).collect())
}

/// A person by document.
pub(crate) async fn by_document(app: &App, kind: DocumentType, number: &str) -> Result<Person, Problem> {
    let owner = people::of_document(app.database.reader(), &document_hash(kind, number)).await?;
    // the number is not repeated: answers are logged elsewhere
    let owner = owner.ok_or_else(|| Fault::not_found("person", ""))?;
    person(app, &owner, None).await
}

/// A household with its members on a day, as known at a moment.
pub(crate) async fn household(
    app: &App,
    id: &str,
    on: NaiveDate,
    known_at: DateTime<Utc>,
) -> Result<Household, Problem> {
    let reader = app.database.reader();
    let division = households::division(reader, id).await?.ok_or_else(|| Fault::not_found("household", id))?;
    Ok(Household { id: id.to_owned(), division, members: households::members(reader, id, on, known_at).await? })
}

/// An enrolment as known at a moment.
pub(crate) async fn enrolment(app: &App, id: &str, known_at: DateTime<Utc>) -> Result<Enrolment, Problem> {
    let found = enrolments::known(app.database.reader(), id, known_at).await?;
    Ok(found.ok_or_else(|| Fault::not_found("enrolment", id))?)
}

/// The codes of a division and of all below it in the packs in use.
pub(crate) fn below(app: &App, division: Division) -> Vec<String> {
    let mut codes = vec![division.to_string()];
    if let Some(policy) = app.policies.head(division) {
        let under = |code: &Division| policy.chain(*code).iter().any(|above| above.code == division);
        codes.extend(policy.divisions().map(|pack| pack.code).filter(under).map(|code| code.to_string()));
    }
    codes.sort_unstable();
    codes.dedup();
    codes
}
