//! Limits: what a person's year has used and holds of each.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use money::Fen;
use serde_json::json;
use store::batch::Batch;
use store::rows::{self, Columns, Kind};
use store::sea_orm::{ConnectionTrait, QueryResult};
use store::{Error, Tx};
use terms::Name;

use super::row;
use crate::domain::{Limit, Move};

const ALLOWANCE: &Columns = &[
    ("person_id", Kind::Text),
    ("year", Kind::Int),
    ("payer", Kind::Text),
    ("cap_fen", Kind::Int),
    ("is_set", Kind::Int),
    ("pending_fen", Kind::Int),
    ("posted_fen", Kind::Int),
    ("moves", Kind::Int),
];
const MOVE: &Columns = &[
    ("person_id", Kind::Text),
    ("year", Kind::Int),
    ("payer", Kind::Text),
    ("number", Kind::Int),
    ("kind", Kind::Text),
    ("about", Kind::Text),
    ("pending_after_fen", Kind::Int),
    ("posted_after_fen", Kind::Int),
    ("moved_at", Kind::Int),
];

/// A limit's year and payer, and how it stands.
pub(crate) type Keyed = ((i32, Name), Limit);

/// The limits of a person's year, in order of payer.
pub(crate) async fn of_year(connection: &impl ConnectionTrait, person: Name, year: i32) -> Result<Vec<Keyed>, Error> {
    let sql = "SELECT * FROM allowance WHERE person_id = $1 AND year = $2 ORDER BY payer";
    let found = row::all(connection, sql, vec![person.as_str().into(), i64::from(year).into()]).await?;
    found.iter().map(read).collect()
}

/// The limits of people, by person.
pub(super) async fn of_people(tx: &Tx, people: &[serde_json::Value]) -> Result<Vec<(Name, Keyed)>, Error> {
    let sql = "SELECT a.* FROM {rows} JOIN allowance a ON a.person_id = r.person_id";
    let found = rows::query(tx, sql, &[("person_id", Kind::Text)], people, []).await?;
    found.iter().map(|found| Ok((row::name(found, "person_id")?, read(found)?))).collect()
}

fn read(found: &QueryResult) -> Result<Keyed, Error> {
    let limit = Limit {
        cap: found.try_get::<Option<i64>>("", "cap_fen")?.map(Fen::new),
        is_set: row::flag(found, "is_set")?,
        pending: row::fen(found, "pending_fen")?,
        posted: row::fen(found, "posted_fen")?,
        moves: row::int(found, "moves")?,
    };
    Ok(((row::number(found, "year")?, row::name(found, "payer")?), limit))
}

/// Writes how limits stand now.
pub(super) fn put(batch: &mut Batch, limits: &BTreeMap<(Name, i32, Name), Limit>) -> Result<(), Error> {
    let row = |((person, year, payer), limit): (&(Name, i32, Name), &Limit)| {
        json!({
            "person_id": person.as_str(), "year": year, "payer": payer.as_str(), "cap_fen": limit.cap.map(Fen::get),
            "is_set": i64::from(limit.is_set), "pending_fen": limit.pending.get(), "posted_fen": limit.posted.get(),
            "moves": limit.moves,
        })
    };
    let now: Vec<_> = limits.iter().map(row).collect();
    let end = "ON CONFLICT (person_id, year, payer) DO UPDATE SET cap_fen = excluded.cap_fen, is_set = excluded.is_set, \
         pending_fen = excluded.pending_fen, posted_fen = excluded.posted_fen, moves = excluded.moves";
    batch.insert("desk.limits", ("allowance", ALLOWANCE), &now, end)
}

/// Adds moves, by person.
pub(super) fn moved(batch: &mut Batch, moves: &[(Name, Move)], at: DateTime<Utc>) -> Result<(), Error> {
    let row = |(person, one): &(Name, Move)| {
        json!({
            "person_id": person.as_str(), "year": one.year, "payer": one.payer.as_str(), "number": one.number,
            "kind": one.kind.word(), "about": one.about.as_str(), "pending_after_fen": one.pending_after.get(),
            "posted_after_fen": one.posted_after.get(), "moved_at": at.timestamp_micros(),
        })
    };
    let moves: Vec<_> = moves.iter().map(row).collect();
    batch.insert("desk.moves", ("allowance_move", MOVE), &moves, "")
}
