//! Sets a person's identity right; a death ends what holds beyond it, and one that was recorded wrongly no longer does.

use chrono::NaiveDate;
use ledger::Entry;
use rpc::Fault;
use store::Tx;

use super::enrol::{NEWEST, locked};
use super::{App, Problem, end, register};
use crate::domain::{EndReason, Enrolment, Identity, Person, State, document_hash};
use crate::store::{enrolments, households, people};

/// Asks to set a person right.
pub(crate) struct Correct {
    pub(crate) person: String,
    pub(crate) identity: Identity,
    pub(crate) died: Option<NaiveDate>,
    pub(crate) operator: String,
    pub(crate) reason: String,
}

/// A person set right, and what that does to enrolments: their ids.
pub(crate) struct Corrected {
    pub(crate) person: Person,
    pub(crate) reopened: Vec<String>,
    pub(crate) ended: Vec<String>,
    /// What was booked: of what never began undone, of what goes on booked again.
    pub(crate) entries: Vec<Entry>,
}

/// Sets a person's identity right.
pub(crate) async fn correct(app: &App, tx: &Tx, command: &Correct) -> Result<Corrected, Problem> {
    let old = locked(tx, &command.person).await?;
    let recorded_at = app.after(old.recorded_at);
    let identity = command.identity.clone();
    let mut person =
        Person { version: old.version + 1, identity, died: command.died, recorded_at, household: None, id: old.id };
    if !people::correct(tx, &person, &command.operator, &command.reason).await? {
        let hash = document_hash(person.identity.document_type, &person.identity.document_number);
        return Err(register::known(&people::of_document(tx, &hash).await?.unwrap_or_default()).into());
    }
    let is_other_day = old.died.is_some() && old.died != command.died;
    let (mut reopened, mut entries) =
        if is_other_day { reopen(app, tx, &person.id).await? } else { (Vec::new(), Vec::new()) };
    let mut ended = Vec::new();
    if let Some(died) = command.died {
        let open = enrolments::of_person(tx, &person.id, NEWEST).await?;
        let beyond =
            open.into_iter().filter(|one| one.state != State::Ended && one.days.is_some_and(|days| days.to > died));
        for enrolment in beyond {
            let first = enrolment.days.map_or(died, |days| days.from);
            let last = died.max(first.pred_opt().unwrap_or(first));
            let closed = end::close(app, tx, end::ended(enrolment, last, EndReason::Death)?).await?;
            entries.extend(closed.entries);
            ended.push(closed.enrolment.id);
        }
    }
    // what ends again, on another day, did not go on
    reopened.retain(|id| !ended.contains(id));
    let memberships = households::of_person(tx, &person.id, NEWEST).await?;
    let today = app.today();
    person.household = memberships.into_iter().find(|one| one.holds(today)).map(|one| one.household);
    Ok(Corrected { person, reopened, ended, entries })
}

/// Lets the enrolments that a death ended go on as they were before it; gives their ids, and what is booked again.
async fn reopen(app: &App, tx: &Tx, person: &str) -> Result<(Vec<String>, Vec<Entry>), Problem> {
    let mut all = enrolments::of_person(tx, person, NEWEST).await?;
    let (mut reopened, mut entries) = (Vec::new(), Vec::new());
    for at in 0..all.len() {
        let Some(dead) = all.get(at).filter(|one| one.end_reason == Some(EndReason::Death)).cloned() else { continue };
        let Some(before) = enrolments::before_end(tx, &dead.id).await? else { continue };
        let other = before.days.and_then(|days| {
            let shares =
                |one: &&Enrolment| one.id != dead.id && one.days.is_some_and(|held| held.shared(days).is_some());
            all.iter().find(shares)
        });
        if let Some(other) = other {
            let message = "an enrolment that the death ended cannot go on: another one holds on some of its days";
            return Err(Fault::wrong_state("held", message).with("enrolment_id", other.id.clone()).into());
        }
        let (alive, booked) = end::go_on(app, tx, &dead, before).await?;
        entries.extend(booked);
        reopened.push(alive.id.clone());
        if let Some(one) = all.get_mut(at) {
            *one = alive;
        }
    }
    Ok((reopened, entries))
}
