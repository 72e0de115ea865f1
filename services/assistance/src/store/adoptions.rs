//! Adoptions of what stood before this service was connected.

use chrono::{DateTime, Utc};
use serde_json::json;
use store::rows::{self, Columns, Kind};
use store::{Error, Tx};
use terms::Name;

use super::row;
use crate::domain::Over;

const OVER: &Columns = &[
    ("adoption_id", Kind::Text),
    ("person_id", Kind::Text),
    ("year", Kind::Int),
    ("payer", Kind::Text),
    ("limit_fen", Kind::Int),
    ("used_fen", Kind::Int),
];

/// The adoption of a key, begun if nobody has: its id, and the answer if it is done.
pub(crate) async fn begin(tx: &Tx, key: &str, id: Name, now: DateTime<Utc>) -> Result<(Name, Option<Vec<u8>>), Error> {
    let sql = "INSERT INTO adoption (idempotency_key, adoption_id, begun_at) VALUES ($1, $2, $3) \
         ON CONFLICT (idempotency_key) DO NOTHING";
    row::execute(tx, sql, vec![key.into(), id.as_str().into(), now.timestamp_micros().into()]).await?;
    let sql = "SELECT adoption_id, answer FROM adoption WHERE idempotency_key = $1";
    let found = row::one(tx, sql, vec![key.into()]).await?.ok_or(Error::Corrupt { what: "an adoption" })?;
    Ok((row::name(&found, "adoption_id")?, found.try_get("", "answer")?))
}

/// Lists people with more than a limit.
pub(crate) async fn list_over(tx: &Tx, adoption: Name, over: &[Over]) -> Result<(), Error> {
    let row = |over: &Over| {
        json!({
            "adoption_id": adoption.as_str(), "person_id": over.person.as_str(), "year": over.year,
            "payer": over.payer.as_str(), "limit_fen": over.limit.get(), "used_fen": over.used.get(),
        })
    };
    let over: Vec<_> = over.iter().map(row).collect();
    let end = "ON CONFLICT (adoption_id, person_id, year, payer) DO NOTHING";
    rows::insert(tx, "adoption_over", OVER, &over, end).await.map(|_| ())
}

/// How many people an adoption found with more than a limit.
pub(crate) async fn people_over(tx: &Tx, adoption: Name) -> Result<u64, Error> {
    let sql = "SELECT count(DISTINCT person_id) AS n FROM adoption_over WHERE adoption_id = $1";
    let found = row::one(tx, sql, vec![adoption.as_str().into()]).await?.ok_or(Error::Corrupt { what: "a count" })?;
    row::number(&found, "n")
}

/// Ends an adoption with its answer.
pub(crate) async fn end(tx: &Tx, adoption: Name, answer: Vec<u8>, now: DateTime<Utc>) -> Result<(), Error> {
    let sql = "UPDATE adoption SET answer = $1, ended_at = $2 WHERE adoption_id = $3 AND answer IS NULL";
    row::execute(tx, sql, vec![answer.into(), now.timestamp_micros().into(), adoption.as_str().into()]).await
}
