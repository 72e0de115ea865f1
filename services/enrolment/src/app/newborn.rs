//! Registers a newborn in the parent's household and enrols it, in one commit; refused, the child is not registered.

use store::Tx;

use super::decide::{Memory, Refused};
use super::enrol::{self, Done, NEWEST, locked};
use super::{App, Problem, household, pay, register};
use crate::domain::{Identity, Person, Relation, Terms};
use crate::store::households::{self, NewHousehold};

/// Asks to register and enrol a newborn.
pub(crate) struct Newborn {
    pub(crate) identity: Identity,
    pub(crate) parent: String,
    pub(crate) terms: Terms,
}

/// Registers and enrols a newborn.
pub(crate) async fn newborn(app: &App, tx: &Tx, command: &Newborn) -> Result<Result<(Done, Person), Refused>, Problem> {
    let parent = locked(tx, &command.parent).await?;
    let mut child = register::new(app, command.identity.clone());
    // the policy is asked before anything is written: refused, nothing is kept
    let mut memory = Memory::default();
    let paid = app.today().min(command.terms.enrolled);
    match enrol::decided(app, &mut memory, (&child, paid), command.terms.clone(), (&[], None))? {
        Err(refused) => return Ok(Err(refused)),
        Ok(mut trial) if pay::due(&trial) == Some(0) => {
            let payment = enrol::nothing_to_pay(&trial, app.today());
            if let Err(refused) = pay::settle(app, &mut memory, &mut trial, payment, (&child, &[]))? {
                return Ok(Err(refused));
            }
        }
        Ok(_) => {}
    }
    register::add(tx, &child).await?;
    let born = child.identity.born;
    let today = app.today();
    let memberships = households::of_person(tx, &parent.id, NEWEST).await?;
    let (home, relation) = match memberships.into_iter().find(|one| one.holds(today)) {
        // a grandchild of the head is no child of the head
        Some(membership) if matches!(membership.relation, Relation::Own | Relation::Spouse) => {
            (membership.household, Relation::Child)
        }
        Some(membership) => (membership.household, Relation::Other),
        None => {
            let new = NewHousehold { id: app.id(), division: command.terms.division.to_string(), named: None };
            households::found(tx, std::slice::from_ref(&new), app.now()).await?;
            household::join(app, tx, &parent.id, (&new.id, Relation::Own), born).await?;
            (new.id, Relation::Child)
        }
    };
    household::join(app, tx, &child.id, (&home, relation), born).await?;
    child.household = Some(home);
    let begun = enrol::begin(app, tx, &child, command.terms.clone(), &[]).await?;
    Ok(begun.map(|done| (done, child)))
}
