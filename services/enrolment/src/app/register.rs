//! Registers a person.

use rpc::Fault;
use store::Tx;

use super::{App, Problem, household};
use crate::domain::{Identity, Person, Relation, document_hash};
use crate::store::people;

/// Asks to register a person.
pub(crate) struct Register {
    pub(crate) identity: Identity,
    /// The household to join and what the person is to its head.
    pub(crate) household: Option<(String, Relation)>,
}

/// Registers a person.
pub(crate) async fn register(app: &App, tx: &Tx, command: &Register) -> Result<Person, Problem> {
    let mut person = new(app, command.identity.clone());
    add(tx, &person).await?;
    if let Some((id, relation)) = &command.household {
        household::join(app, tx, &person.id, (id, *relation), app.today()).await?;
        person.household = Some(id.clone());
    }
    Ok(person)
}

/// A person's first version.
pub(crate) fn new(app: &App, identity: Identity) -> Person {
    Person { id: app.id(), version: 1, identity, died: None, household: None, recorded_at: app.now() }
}

/// Adds a person whose document nobody has.
pub(crate) async fn add(tx: &Tx, person: &Person) -> Result<(), Problem> {
    let hash = document_hash(person.identity.document_type, &person.identity.document_number);
    if let Some(owner) = people::of_document(tx, &hash).await? {
        return Err(known(&owner).into());
    }
    if people::add(tx, std::slice::from_ref(person)).await? > 0 {
        // registered by another call since we looked: that one is committed, so it can be named
        let owner = people::of_document(tx, &hash).await?.unwrap_or_default();
        return Err(known(&owner).into());
    }
    Ok(())
}

pub(crate) fn known(owner: &str) -> Fault {
    let fault = Fault::new(rpc::Reason::Duplicate, "a person has this document already");
    fault.with("kind", "person").with("person_id", owner)
}
