//! Sets a person's identity right; a death ends what holds beyond it.

use chrono::NaiveDate;
use store::Tx;

use super::enrol::{NEWEST, locked};
use super::{App, Problem, end, register, suspend};
use crate::domain::{EndReason, Identity, Person, State, document_hash};
use crate::store::{enrolments, households, people};

/// Asks to set a person right.
pub(crate) struct Correct {
    pub(crate) person: String,
    pub(crate) identity: Identity,
    pub(crate) died: Option<NaiveDate>,
    pub(crate) operator: String,
    pub(crate) reason: String,
}

/// Sets a person's identity right.
pub(crate) async fn correct(app: &App, tx: &Tx, command: &Correct) -> Result<Person, Problem> {
    let old = locked(tx, &command.person).await?;
    let recorded_at = app.after(old.recorded_at);
    let identity = command.identity.clone();
    let mut person =
        Person { version: old.version + 1, identity, died: command.died, recorded_at, household: None, id: old.id };
    if !people::correct(tx, &person, &command.operator, &command.reason).await? {
        let hash = document_hash(person.identity.document_type, &person.identity.document_number);
        return Err(register::known(&people::of_document(tx, &hash).await?.unwrap_or_default()).into());
    }
    if let Some(died) = command.died {
        let open = enrolments::of_person(tx, &person.id, NEWEST).await?;
        let beyond =
            open.into_iter().filter(|one| one.state != State::Ended && one.days.is_some_and(|days| days.to > died));
        for enrolment in beyond {
            let first = enrolment.days.map_or(died, |days| days.from);
            let last = died.max(first.pred_opt().unwrap_or(first));
            suspend::next(app, tx, end::ended(enrolment, last, EndReason::Death)?).await?;
        }
    }
    let memberships = households::of_person(tx, &person.id, NEWEST).await?;
    let today = app.today();
    person.household = memberships.into_iter().find(|one| one.holds(today)).map(|one| one.household);
    Ok(person)
}
