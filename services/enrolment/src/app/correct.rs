//! Sets a person's identity right; a death ends what holds beyond it, and one that was recorded wrongly no longer does.

use chrono::NaiveDate;
use ledger::Entry;
use rpc::Fault;
use store::Tx;

use super::enrol::{NEWEST, locked};
use super::{App, Problem, end, register};
use crate::domain::{Days, EndReason, Enrolment, Identity, Person, document_hash};
use crate::store::{enrolments, households, people, transfers};

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
    /// Days with benefits that are lost.
    pub(crate) lost: Vec<Days>,
    /// Transfers out, by id, whose certificate says a last day after the death.
    pub(crate) standing: Vec<String>,
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
    let before = enrolments::of_person(tx, &person.id, NEWEST).await?;
    let is_other_day = old.died.is_some() && old.died != command.died;
    let (mut reopened, mut entries) =
        if is_other_day { reopen(app, tx, &person.id).await? } else { (Vec::new(), Vec::new()) };
    let (mut ended, mut standing) = (Vec::new(), Vec::new());
    if let Some(died) = command.died {
        let all = enrolments::of_person(tx, &person.id, NEWEST).await?;
        // also what ended on a day that the person did not live to see
        for enrolment in all.into_iter().filter(|one| one.days.is_some_and(|days| days.to > died)) {
            let first = enrolment.days.map_or(died, |days| days.from);
            let last = died.max(first.pred_opt().unwrap_or(first));
            let closed = end::close(app, tx, end::shortened(enrolment, last, EndReason::Death)?).await?;
            entries.extend(closed.entries);
            ended.push(closed.enrolment.id);
        }
        standing = transfers::left_after(tx, &person.id, died).await?;
    }
    // what ends again, on another day, did not go on
    reopened.retain(|id| !ended.contains(id));
    let lost = lost(&before, &enrolments::of_person(tx, &person.id, NEWEST).await?);
    let memberships = households::of_person(tx, &person.id, NEWEST).await?;
    let today = app.today();
    person.household = memberships.into_iter().find(|one| one.holds(today)).map(|one| one.household);
    Ok(Corrected { person, reopened, ended, entries, lost, standing })
}

/// The days with benefits that enrolments had before and have no longer, in order.
fn lost(before: &[Enrolment], now: &[Enrolment]) -> Vec<Days> {
    let left = |id: &str| now.iter().find(|one| one.id == id).map(Enrolment::benefits).unwrap_or_default();
    let mut lost: Vec<Days> = before.iter().flat_map(|one| end::without(one.benefits(), &left(&one.id))).collect();
    lost.sort_by_key(|days| days.from);
    lost
}

/// Lets the enrolments that a death ended, or ended earlier, be as they were before it; gives their ids, and what is booked again.
async fn reopen(app: &App, tx: &Tx, person: &str) -> Result<(Vec<String>, Vec<Entry>), Problem> {
    let mut all = enrolments::of_person(tx, person, NEWEST).await?;
    let (mut reopened, mut entries) = (Vec::new(), Vec::new());
    for at in 0..all.len() {
        let Some(dead) = all.get(at).filter(|one| one.end_reason == Some(EndReason::Death)).cloned() else { continue };
        let Some(before) = enrolments::before_death(tx, &dead.id).await? else { continue };
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
