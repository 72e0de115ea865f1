//! People: whom a change locks, who they are in each version, whose a document is.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde_json::json;
use store::sea_orm::{ConnectionTrait, QueryResult};
use store::{Error, Tx};

use super::rows::{self, Of, Table};
use crate::domain::{Identity, Person, document_hash};

const PERSON: Table = Table { name: "person", columns: &[("person_id", Of::Text), ("turn", Of::Int)] };
const DOCUMENT: Table = Table { name: "document", columns: &[("hash", Of::Text), ("person_id", Of::Text)] };
const IDENTITY: Table = Table {
    name: "identity",
    columns: &[
        ("person_id", Of::Text),
        ("version", Of::Int),
        ("name", Of::Text),
        ("document_type", Of::Text),
        ("document_number", Of::Text),
        ("born", Of::Text),
        ("sex", Of::Text),
        ("phone", Of::Text),
        ("died", Of::Text),
        ("operator_id", Of::Text),
        ("reason", Of::Text),
        ("recorded_at", Of::Int),
    ],
};

/// Locks a person until the transaction ends; says whether there is one.
pub(crate) async fn lock(tx: &Tx, id: &str) -> Result<bool, Error> {
    Ok(rows::run(tx, "UPDATE person SET turn = turn + 1 WHERE person_id = $1", vec![id.into()]).await? == 1)
}

/// Locks several people, in order of id; says which there are.
pub(crate) async fn lock_all(tx: &Tx, ids: &[String]) -> Result<(), Error> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    let lock = if tx.get_database_backend() == store::sea_orm::DbBackend::Postgres { " FOR UPDATE" } else { "" };
    let among = rows::among(tx, 1);
    let sql = format!("SELECT person_id FROM person WHERE person_id IN {among} ORDER BY person_id{lock}");
    rows::all(tx, &sql, vec![rows::list(&ids)]).await.map(|_| ())
}

/// Adds new people with their documents and first versions; how many documents were somebody's already, in which case
/// nothing of it may be committed.
pub(crate) async fn add(tx: &Tx, people: &[Person]) -> Result<u64, Error> {
    let persons: Vec<_> = people.iter().map(|person| json!({"person_id": person.id, "turn": 0})).collect();
    rows::insert(tx, &PERSON, &persons).await?;
    let documents: Vec<_> = people.iter().map(document).collect();
    let taken = rows::insert_or(tx, &DOCUMENT, &documents, "ON CONFLICT (hash) DO NOTHING").await?;
    let identities: Vec<_> = people.iter().map(|person| row(person, "", "")).collect();
    rows::insert(tx, &IDENTITY, &identities).await?;
    Ok(u64::try_from(people.len()).unwrap_or(u64::MAX).saturating_sub(taken))
}

/// Adds a version of a person; says whether the document is free or its own.
pub(crate) async fn correct(tx: &Tx, person: &Person, operator: &str, reason: &str) -> Result<bool, Error> {
    rows::run(tx, "DELETE FROM document WHERE person_id = $1", vec![person.id.as_str().into()]).await?;
    let free = rows::insert_or(tx, &DOCUMENT, &[document(person)], "ON CONFLICT (hash) DO NOTHING").await? == 1;
    rows::insert(tx, &IDENTITY, &[row(person, operator, reason)]).await?;
    Ok(free)
}

/// Whose a document is.
pub(crate) async fn of_document(connection: &impl ConnectionTrait, hash: &str) -> Result<Option<String>, Error> {
    let row = rows::one(connection, "SELECT person_id FROM document WHERE hash = $1", vec![hash.into()]).await?;
    row.map(|row| rows::text(&row, "person_id")).transpose()
}

/// Whose these documents are: hash and person.
pub(crate) async fn of_documents(
    connection: &impl ConnectionTrait,
    hashes: &[String],
) -> Result<Vec<(String, String)>, Error> {
    let sql = format!("SELECT hash, person_id FROM document WHERE hash IN {}", rows::among(connection, 1));
    let found = rows::all(connection, &sql, vec![rows::list(hashes)]).await?;
    found.iter().map(|row| Ok((rows::text(row, "hash")?, rows::text(row, "person_id")?))).collect()
}

/// Of people those whom nobody knows, each once.
pub(crate) async fn unknown(connection: &impl ConnectionTrait, ids: &[String]) -> Result<Vec<String>, Error> {
    let sql = format!("SELECT person_id FROM person WHERE person_id IN {}", rows::among(connection, 1));
    let found = rows::all(connection, &sql, vec![rows::list(ids)]).await?;
    let mut known = found.iter().map(|row| rows::text(row, "person_id")).collect::<Result<HashSet<_>, _>>()?;
    Ok(ids.iter().filter(|id| known.insert((*id).clone())).cloned().collect())
}

/// A person as known at a moment.
pub(crate) async fn known(
    connection: &impl ConnectionTrait,
    id: &str,
    known_at: DateTime<Utc>,
) -> Result<Option<Person>, Error> {
    let sql = "SELECT * FROM identity WHERE person_id = $1 AND recorded_at <= $2 ORDER BY version DESC LIMIT 1";
    let row = rows::one(connection, sql, vec![id.into(), known_at.timestamp_micros().into()]).await?;
    row.map(|row| read(&row)).transpose()
}

/// The newest version of several people.
pub(crate) async fn newest(connection: &impl ConnectionTrait, ids: &[String]) -> Result<Vec<Person>, Error> {
    let among = rows::among(connection, 1);
    let sql = format!(
        "SELECT i.* FROM identity i WHERE i.person_id IN {among} AND NOT EXISTS \
         (SELECT 1 FROM identity later WHERE later.person_id = i.person_id AND later.version > i.version)"
    );
    rows::all(connection, &sql, vec![rows::list(ids)]).await?.iter().map(read).collect()
}

fn document(person: &Person) -> serde_json::Value {
    let Identity { document_type, document_number, .. } = &person.identity;
    json!({"hash": document_hash(*document_type, document_number), "person_id": person.id})
}

fn row(person: &Person, operator: &str, reason: &str) -> serde_json::Value {
    let identity = &person.identity;
    json!({
        "person_id": person.id, "version": person.version, "name": identity.name,
        "document_type": identity.document_type.word(), "document_number": identity.document_number,
        "born": identity.born.to_string(), "sex": identity.sex.word(), "phone": identity.phone,
        "died": person.died.map(|died| died.to_string()), "operator_id": operator, "reason": reason,
        "recorded_at": person.recorded_at.timestamp_micros(),
    })
}

fn read(row: &QueryResult) -> Result<Person, Error> {
    let identity = Identity {
        name: rows::text(row, "name")?,
        document_type: rows::parsed(row, "document_type")?,
        document_number: rows::text(row, "document_number")?,
        born: rows::parsed(row, "born")?,
        sex: rows::parsed(row, "sex")?,
        phone: rows::text(row, "phone")?,
    };
    Ok(Person {
        id: rows::text(row, "person_id")?,
        version: rows::int(row, "version")?,
        identity,
        died: rows::optional_date(row, "died")?,
        household: None,
        recorded_at: rows::moment(row, "recorded_at")?,
    })
}
