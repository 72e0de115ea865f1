//! Enrolments, each version whole, with what it rests on.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use prost::Message as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use store::rows::Kind;
use store::sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Error, Tx};

use super::rows::{self, Of, Table};
use crate::domain::{EndReason, Enrolment, State, receipt_key};

const BASIS: Table = Table { name: "basis", columns: &[("hash", Of::Text), ("body", Of::Text)] };
const FREED: Table = Table { name: "receipt_freed", columns: &[("enrolment_id", Of::Text), ("recorded_at", Of::Int)] };
/// Uses of a receipt whose enrolment was no mistake.
const USED: &str =
    "receipt_use u WHERE NOT EXISTS (SELECT 1 FROM receipt_freed f WHERE f.enrolment_id = u.enrolment_id)";
const ENROLMENT: Table = Table {
    name: "enrolment",
    columns: &[
        ("enrolment_id", Of::Text),
        ("version", Of::Int),
        ("person_id", Of::Text),
        ("division", Of::Text),
        ("scheme", Of::Text),
        ("cover_year", Of::Int),
        ("state", Of::Text),
        ("category", Of::Text),
        ("first_date", Of::Text),
        ("last_date", Of::Text),
        ("paid", Of::Int),
        ("credit_fen", Of::Int),
        ("employer_unknown", Of::Int),
        ("contribution", Of::Text),
        ("coverage", Of::Text),
        ("body", Of::Text),
        ("recorded_at", Of::Int),
    ],
};

const READ: &str = "SELECT e.body, e.version, e.recorded_at, c.body AS contribution, v.body AS coverage FROM enrolment e \
     JOIN basis c ON c.hash = e.contribution LEFT JOIN basis v ON v.hash = e.coverage";

/// Adds versions of enrolments.
pub(crate) async fn add(tx: &Tx, enrolments: &[Enrolment]) -> Result<(), Error> {
    let mut bases = BTreeMap::new();
    let mut rows = Vec::with_capacity(enrolments.len());
    for enrolment in enrolments {
        let mut basis = |bytes: Vec<u8>| {
            let (hash, body) = (hex(&Sha256::digest(&bytes)), hex(&bytes));
            bases.insert(hash.clone(), body);
            hash
        };
        let contribution = basis(enrolment.contribution.encode_to_vec());
        let coverage = enrolment.coverage.as_ref().map(|coverage| basis(coverage.encode_to_vec()));
        rows.push(row(enrolment, &contribution, coverage.as_deref())?);
    }
    let bases: Vec<_> = bases.into_iter().map(|(hash, body)| json!({"hash": hash, "body": body})).collect();
    rows::insert_or(tx, &BASIS, &bases, "ON CONFLICT (hash) DO NOTHING").await?;
    rows::insert(tx, &ENROLMENT, &rows).await
}

fn row(enrolment: &Enrolment, contribution: &str, coverage: Option<&str>) -> Result<serde_json::Value, Error> {
    let terms = &enrolment.terms;
    let days = enrolment.days;
    Ok(json!({
        "enrolment_id": enrolment.id, "version": enrolment.version, "person_id": enrolment.person,
        "division": terms.division.to_string(), "scheme": terms.scheme.to_string(), "cover_year": terms.cover_year,
        "state": enrolment.state.word(), "category": enrolment.category.to_string(),
        // one that ended before it began has no day: its last is before its first
        "first_date": days.map_or(terms.year().to, |days| days.from).to_string(),
        "last_date": days.map_or(terms.year().from, |days| days.to).to_string(),
        // what was a mistake was never paid, whatever its body remembers
        "paid": i64::from(enrolment.payment.is_some() && !enrolment.never_was()),
        "credit_fen": enrolment.contribution.credit_fen,
        "employer_unknown": i64::from(enrolment.payment.is_some() && enrolment.employer().is_none()),
        "contribution": contribution, "coverage": coverage, "body": rows::to_json(enrolment)?,
        "recorded_at": enrolment.recorded_at.timestamp_micros(),
    }))
}

/// Keeps receipts with the enrolments they paid; how many were used before, in which case nothing may be committed.
pub(crate) async fn keep_receipts(tx: &Tx, receipts: &[(String, String)]) -> Result<u64, Error> {
    let row =
        |(receipt, enrolment): &(String, String)| json!({"receipt": receipt_key(receipt), "enrolment_id": enrolment});
    let given: Vec<_> = receipts.iter().map(row).collect();
    let sql = format!(
        "INSERT INTO receipt_use (receipt, round, enrolment_id) SELECT r.receipt, \
         (SELECT count(*) + 1 FROM receipt_use u WHERE u.receipt = r.receipt), r.enrolment_id FROM {{rows}} \
         WHERE NOT EXISTS (SELECT 1 FROM {USED} AND u.receipt = r.receipt) ON CONFLICT (receipt, round) DO NOTHING"
    );
    let columns: &store::rows::Columns = &[("receipt", Kind::Text), ("enrolment_id", Kind::Text)];
    let kept = store::rows::execute(tx, &sql, columns, &given).await?;
    Ok(u64::try_from(given.len()).unwrap_or(u64::MAX).saturating_sub(kept))
}

/// Records that the receipt of an enrolment is free again; a second time changes nothing.
pub(crate) async fn free_receipt(tx: &Tx, enrolment: &str, at: DateTime<Utc>) -> Result<(), Error> {
    let row = json!({"enrolment_id": enrolment, "recorded_at": at.timestamp_micros()});
    rows::insert_or(tx, &FREED, &[row], "ON CONFLICT (enrolment_id) DO NOTHING").await.map(|_| ())
}

/// Which of these receipts were used before, by their keys.
pub(crate) async fn used_receipts(
    connection: &impl ConnectionTrait,
    receipts: &[String],
) -> Result<Vec<String>, Error> {
    let sql = format!("SELECT u.receipt FROM {USED} AND u.receipt IN {}", rows::among(connection, 1));
    let found = rows::all(connection, &sql, vec![rows::list(receipts.iter().map(|one| receipt_key(one)))]).await?;
    found.iter().map(|row| rows::text(row, "receipt")).collect()
}

/// Whom an enrolment is of.
pub(crate) async fn person_of(connection: &impl ConnectionTrait, id: &str) -> Result<Option<String>, Error> {
    let sql = "SELECT person_id FROM enrolment WHERE enrolment_id = $1 AND version = 1";
    rows::one(connection, sql, vec![id.into()]).await?.map(|row| rows::text(&row, "person_id")).transpose()
}

/// An enrolment as known at a moment.
pub(crate) async fn known(
    connection: &impl ConnectionTrait,
    id: &str,
    known_at: DateTime<Utc>,
) -> Result<Option<Enrolment>, Error> {
    let sql = format!("{READ} WHERE e.enrolment_id = $1 AND e.recorded_at <= $2 ORDER BY e.version DESC LIMIT 1");
    let row = rows::one(connection, &sql, vec![id.into(), known_at.timestamp_micros().into()]).await?;
    row.map(|row| read(&row)).transpose()
}

/// An enrolment as it was before it ended: its newest version that had not.
pub(crate) async fn before_end(tx: &Tx, id: &str) -> Result<Option<Enrolment>, Error> {
    let sql = format!("{READ} WHERE e.enrolment_id = $1 AND e.state <> 'ended' ORDER BY e.version DESC LIMIT 1");
    rows::one(tx, &sql, vec![id.into()]).await?.map(|row| read(&row)).transpose()
}

/// An enrolment as it was before a death ended it, or ended it earlier: its newest version that ended by none.
pub(crate) async fn before_death(tx: &Tx, id: &str) -> Result<Option<Enrolment>, Error> {
    let sql = format!("{READ} WHERE e.enrolment_id = $1 ORDER BY e.version DESC");
    for row in rows::all(tx, &sql, vec![id.into()]).await? {
        let version = read(&row)?;
        if version.end_reason != Some(EndReason::Death) {
            return Ok(Some(version));
        }
    }
    Ok(None)
}

const KNOWN: &str = "e.recorded_at <= $1 AND NOT EXISTS (SELECT 1 FROM enrolment later \
     WHERE later.enrolment_id = e.enrolment_id AND later.version > e.version AND later.recorded_at <= $1)";
const ORDER: &str = "ORDER BY e.cover_year, e.first_date, e.enrolment_id";

/// A person's enrolments as known at a moment, in order of cover year and first day.
pub(crate) async fn of_person(
    connection: &impl ConnectionTrait,
    person: &str,
    known_at: DateTime<Utc>,
) -> Result<Vec<Enrolment>, Error> {
    let sql = format!("{READ} WHERE e.person_id = $2 AND {KNOWN} {ORDER}");
    let values = vec![known_at.timestamp_micros().into(), person.into()];
    rows::all(connection, &sql, values).await?.iter().map(read).collect()
}

/// The newest versions of several people's enrolments.
pub(crate) async fn of_people(tx: &Tx, people: &[String]) -> Result<Vec<Enrolment>, Error> {
    let sql = format!("{READ} WHERE e.person_id IN {} AND {KNOWN} {ORDER}", rows::among(tx, 2));
    let values = vec![i64::MAX.into(), rows::list(people)];
    rows::all(tx, &sql, values).await?.iter().map(read).collect()
}

/// Enrolments by these ids as known at a moment.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: &[String],
    known_at: DateTime<Utc>,
) -> Result<Vec<Enrolment>, Error> {
    let sql = format!("{READ} WHERE e.enrolment_id IN {} AND {KNOWN} {ORDER}", rows::among(connection, 2));
    let values = vec![known_at.timestamp_micros().into(), rows::list(ids)];
    rows::all(connection, &sql, values).await?.iter().map(read).collect()
}

/// What a list asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) person: Option<String>,
    pub(crate) divisions: Option<Vec<String>>,
    pub(crate) cover_year: Option<i32>,
    pub(crate) states: Vec<State>,
}

/// Enrolments as known at a moment, from `offset` on, at most `most`.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    wanted: &Wanted,
    known_at: DateTime<Utc>,
    (offset, most): (u64, u64),
) -> Result<Vec<Enrolment>, Error> {
    let page = |number: u64| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
    let mut sql = format!("{READ} WHERE {KNOWN}");
    let mut values = vec![known_at.timestamp_micros().into(), page(most), page(offset)];
    if let Some(person) = &wanted.person {
        values.push(person.as_str().into());
        sql.push_str(&format!(" AND e.person_id = ${}", values.len()));
    }
    if let Some(divisions) = &wanted.divisions {
        values.push(rows::list(divisions));
        sql.push_str(&format!(" AND e.division IN {}", rows::among(connection, parameter(&values))));
    }
    if let Some(year) = wanted.cover_year {
        values.push(i64::from(year).into());
        sql.push_str(&format!(" AND e.cover_year = ${}", values.len()));
    }
    if !wanted.states.is_empty() {
        values.push(rows::list(wanted.states.iter().map(|state| state.word())));
        sql.push_str(&format!(" AND e.state IN {}", rows::among(connection, parameter(&values))));
    }
    sql.push_str(&format!(" {ORDER} LIMIT $2 OFFSET $3"));
    rows::all(connection, &sql, values).await?.iter().map(read).collect()
}

/// The number of the parameter added last.
fn parameter(values: &[Value]) -> u8 {
    u8::try_from(values.len()).unwrap_or(u8::MAX)
}

fn read(row: &QueryResult) -> Result<Enrolment, Error> {
    let mut enrolment: Enrolment = rows::json(row, "body")?;
    enrolment.version = rows::int(row, "version")?;
    enrolment.recorded_at = rows::moment(row, "recorded_at")?;
    enrolment.contribution = message(&rows::text(row, "contribution")?)?;
    let coverage: Option<String> = row.try_get("", "coverage")?;
    enrolment.coverage = coverage.map(|text| message(&text)).transpose()?;
    Ok(enrolment)
}

/// A message of its bytes in hexadecimal digits.
fn message<M: prost::Message + Default>(text: &str) -> Result<M, Error> {
    M::decode(unhex(text)?.as_slice()).map_err(|_| Error::Corrupt { what: "what an enrolment rests on" })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |at: u8| DIGITS.get(usize::from(at)).map_or('0', |digit| char::from(*digit));
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

pub(crate) fn unhex(text: &str) -> Result<Vec<u8>, Error> {
    let corrupt = || Error::Corrupt { what: "hexadecimal digits" };
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()).ok_or_else(corrupt)
        })
        .collect()
}
