//! Founds households, and takes people in and out of them.

use chrono::NaiveDate;
use rpc::Fault;
use store::Tx;
use terms::Division;

use super::enrol::{NEWEST, locked};
use super::{App, Problem};
use crate::domain::{Household, Membership, Relation};
use crate::store::households::{self, NewHousehold};

/// Asks to found a household.
pub(crate) struct Found {
    pub(crate) head: String,
    pub(crate) division: Division,
    pub(crate) from: NaiveDate,
}

/// Asks to join a household.
pub(crate) struct Join {
    pub(crate) household: String,
    pub(crate) person: String,
    pub(crate) relation: Relation,
    pub(crate) from: NaiveDate,
}

/// Asks to leave a household.
pub(crate) struct Leave {
    pub(crate) household: String,
    pub(crate) person: String,
    pub(crate) to: NaiveDate,
}

/// Founds a household.
pub(crate) async fn found(app: &App, tx: &Tx, command: &Found) -> Result<Household, Problem> {
    locked(tx, &command.head).await?;
    let household = NewHousehold { id: app.id(), division: command.division.to_string(), named: None };
    households::found(tx, std::slice::from_ref(&household), app.now()).await?;
    join(app, tx, &command.head, (&household.id, Relation::Own), command.from).await?;
    on(tx, &household.id, command.from).await
}

/// Adds a person to a household.
pub(crate) async fn take_in(app: &App, tx: &Tx, command: &Join) -> Result<Household, Problem> {
    locked(tx, &command.person).await?;
    join(app, tx, &command.person, (&command.household, command.relation), command.from).await?;
    on(tx, &command.household, command.from).await
}

/// Adds a person, who is locked or new, to a household from a day on.
pub(crate) async fn join(
    app: &App,
    tx: &Tx,
    person: &str,
    (household, relation): (&str, Relation),
    from: NaiveDate,
) -> Result<(), Problem> {
    if households::division(tx, household).await?.is_none() {
        return Err(Fault::not_found("household", household).into());
    }
    let memberships = households::of_person(tx, person, NEWEST).await?;
    let later = |one: &&Membership| one.to.is_none_or(|to| to >= from) && one.to.is_none_or(|to| to >= one.from);
    if memberships.iter().any(|one| later(&one)) {
        return Err(Fault::wrong_state("in_household", "the person is in a household on that day or later").into());
    }
    let membership = Membership {
        id: app.id(),
        version: 1,
        household: household.to_owned(),
        person: person.to_owned(),
        relation,
        from,
        to: None,
        recorded_at: app.now(),
    };
    households::add_members(tx, &[membership]).await?;
    Ok(())
}

/// Takes a person out of a household after a day.
pub(crate) async fn leave(app: &App, tx: &Tx, command: &Leave) -> Result<Household, Problem> {
    locked(tx, &command.person).await?;
    let memberships = households::of_person(tx, &command.person, NEWEST).await?;
    let in_it = |one: &Membership| one.household == command.household && one.to.is_none();
    let Some(old) = memberships.into_iter().find(in_it) else {
        return Err(Fault::wrong_state("not_in_household", "the person is not in that household").into());
    };
    // who leaves before the first day was never in it
    let recorded_at = app.after(old.recorded_at);
    let left = Membership { version: old.version + 1, to: Some(command.to), recorded_at, ..old };
    households::add_members(tx, &[left]).await?;
    on(tx, &command.household, command.to.succ_opt().unwrap_or(command.to)).await
}

async fn on(tx: &Tx, id: &str, day: NaiveDate) -> Result<Household, Problem> {
    let division = households::division(tx, id).await?.ok_or_else(|| Fault::not_found("household", id))?;
    Ok(Household { id: id.to_owned(), division, members: households::members(tx, id, day, NEWEST).await? })
}
