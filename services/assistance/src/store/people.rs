//! People: whom a commit locks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use store::batch::Batch;
use store::rows::{self, Columns, Kind};
use store::sea_orm::{ConnectionTrait as _, DbBackend};
use store::{Error, Tx};
use terms::Name;

use super::row;

const PERSON: &Columns = &[("person_id", Kind::Text), ("sequence", Kind::Int)];
const ID: &Columns = &[("person_id", Kind::Text)];

/// Locks people until the transaction ends, in order of id; those nobody knew are known from now on. Gives of each the last
/// Change that is kept.
pub(crate) async fn lock(tx: &Tx, people: &BTreeSet<Name>) -> Result<BTreeMap<Name, u64>, Error> {
    let known = locked(tx, people.iter()).await?;
    if known.len() == people.len() {
        return Ok(known);
    }
    let new: Vec<_> = people.iter().map(|person| json!({"person_id": person.as_str(), "sequence": 0})).collect();
    rows::insert(tx, "person", PERSON, &new, "ON CONFLICT (person_id) DO NOTHING").await?;
    locked(tx, people.iter()).await
}

async fn locked(tx: &Tx, people: impl Iterator<Item = &Name>) -> Result<BTreeMap<Name, u64>, Error> {
    let people: Vec<_> = people.map(|person| json!({"person_id": person.as_str()})).collect();
    let lock = if tx.get_database_backend() == DbBackend::Postgres { " FOR UPDATE OF p" } else { "" };
    let sql = format!(
        "SELECT p.person_id, p.sequence FROM person p WHERE p.person_id IN (SELECT r.person_id FROM {{rows}}) \
         ORDER BY p.person_id{lock}"
    );
    let found = rows::query(tx, &sql, ID, &people, []).await?;
    found.iter().map(|found| Ok((row::name(found, "person_id")?, row::number(found, "sequence")?))).collect()
}

/// Moves people's sequences on.
pub(crate) fn go_on(batch: &mut Batch, people: &[(Name, u64)]) -> Result<(), Error> {
    let to: Vec<_> =
        people.iter().map(|(person, sequence)| json!({"person_id": person.as_str(), "sequence": sequence})).collect();
    let sql = "UPDATE person SET sequence = r.sequence FROM {rows} WHERE person.person_id = r.person_id";
    batch.execute("desk.people", sql, PERSON, &to)
}

/// The last Change of a person that is kept; 0 for none.
pub(crate) async fn sequence(connection: &impl store::sea_orm::ConnectionTrait, person: Name) -> Result<u64, Error> {
    let sql = "SELECT sequence FROM person WHERE person_id = $1";
    let found = row::one(connection, sql, vec![person.as_str().into()]).await?;
    found.map_or(Ok(0), |found| row::number(&found, "sequence"))
}
