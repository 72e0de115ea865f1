//! Asks assistance which categories decide a premium, before the transaction that rests on them; a call that was answered asks nobody.

use chrono::NaiveDate;
use rpc::Violations;
use terms::Category;

use super::change::{Asked, is_known};
use super::{App, Problem};
use crate::domain::{Granted, Terms};
use crate::store::enrolments;

/// What a person was granted that holds on a day; nothing where assistance is not connected, or the call was answered before.
///
/// # Errors
/// `UNAVAILABLE` where assistance does not say: nobody pays a full premium for want of an answer.
pub(crate) async fn granted(
    app: &App,
    asked: &Asked,
    (person, day): (&str, NaiveDate),
) -> Result<Option<Granted>, Problem> {
    let Some(assistance) = &app.assistance else { return Ok(None) };
    if is_known(app, asked).await? {
        return Ok(None);
    }
    Ok(Some(assistance.standing(person, day).await?))
}

/// Puts what a person was granted into the terms of an enrolment.
///
/// # Errors
/// As [`granted`]; `INVALID_FIELDS` where categories were handed in that are not granted.
pub(crate) async fn decide(app: &App, asked: &Asked, person: &str, terms: &mut Terms) -> Result<(), Problem> {
    let Some(granted) = granted(app, asked, (person, terms.enrolled)).await? else { return Ok(()) };
    let mut violations = Violations::new();
    violations.within("terms", |v| {
        for category in terms.categories.iter().filter(|category| **category != Category::None) {
            if !granted.categories.contains(category) {
                let expected =
                    format!("nothing, or a category that assistance has granted the person on {}", terms.enrolled);
                v.add("categories", wire::name(*category), expected);
            }
        }
    });
    violations.finish(Some(()))?;
    terms.granted(granted);
    Ok(())
}

/// The same for the person of an enrolment; of an unknown one the call says so itself.
///
/// # Errors
/// As [`decide`].
pub(crate) async fn decide_after(app: &App, asked: &Asked, enrolment: &str, terms: &mut Terms) -> Result<(), Problem> {
    match enrolments::person_of(app.database.reader(), enrolment).await? {
        Some(person) => decide(app, asked, &person, terms).await,
        None => Ok(()),
    }
}

/// What the person of an enrolment was granted that holds on a day.
///
/// # Errors
/// As [`granted`].
pub(crate) async fn granted_after(
    app: &App,
    asked: &Asked,
    (enrolment, day): (&str, NaiveDate),
) -> Result<Option<Granted>, Problem> {
    match enrolments::person_of(app.database.reader(), enrolment).await? {
        Some(person) => granted(app, asked, (&person, day)).await,
        None => Ok(None),
    }
}
