//! Bills of both roles, and what happened to them.

use chrono::{DateTime, Utc};
use crossing::BillId;
use prost::Message as _;
use store::sea_orm::{ConnectionTrait, DbBackend, QueryResult, Value};
use store::{Error, Tx};
use terms::{Division, Name};

use super::row;
use crate::domain::{CareRow, InsuredRow, Role, Shown};

/// Nobody else works on the bill, on record or not, until the transaction ends.
pub(crate) async fn lock(tx: &Tx, role: Role, id: BillId) -> Result<(), Error> {
    // SQLite has one writer at a time
    if tx.get_database_backend() == DbBackend::Postgres {
        let (head, _) = id.0.split_first_chunk().unwrap_or((&[0; 8], &[]));
        let key = i64::from_be_bytes(*head) ^ i64::from(role == Role::Care);
        row::one(tx, "SELECT 1 FROM (SELECT pg_advisory_xact_lock($1)) AS locked", vec![key.into()]).await?;
    }
    Ok(())
}

/// A bill at the place of care.
pub(crate) async fn care(connection: &impl ConnectionTrait, id: BillId) -> Result<Option<CareRow>, Error> {
    let sql = "SELECT * FROM care_bill WHERE bill_id = $1";
    row::one(connection, sql, vec![id.to_string().into()]).await?.as_ref().map(care_row).transpose()
}

/// The bill that was settled under a key.
pub(crate) async fn care_by_key(
    connection: &impl ConnectionTrait,
    institution: Name,
    key: &str,
) -> Result<Option<CareRow>, Error> {
    let sql = "SELECT * FROM care_bill WHERE institution_id = $1 AND idempotency_key = $2";
    let found = row::one(connection, sql, vec![institution.to_string().into(), key.into()]).await?;
    found.as_ref().map(care_row).transpose()
}

/// The id of the bill of an institution's bill that stands or is under way.
pub(crate) async fn standing(
    connection: &impl ConnectionTrait,
    institution: Name,
    bill: &str,
) -> Result<Option<String>, Error> {
    let sql = "SELECT bill_id FROM care_bill WHERE institution_id = $1 AND institution_bill = $2 \
         AND state NOT IN ('refused', 'lapsed', 'reversed')";
    let found = row::one(connection, sql, vec![institution.to_string().into(), bill.into()]).await?;
    found.as_ref().map(|found| row::text(found, "bill_id")).transpose()
}

/// Bills of an institution, newest first.
pub(crate) async fn of_institution(
    connection: &impl ConnectionTrait,
    institution: Name,
    states: &[&str],
    (offset, most): (u64, u64),
) -> Result<Vec<CareRow>, Error> {
    let sql = "SELECT * FROM care_bill WHERE institution_id = $1 AND ($2 = '' OR $2 LIKE '%,' || state || ',%') \
         ORDER BY opened_at DESC, bill_id LIMIT $3 OFFSET $4";
    let listed = if states.is_empty() { String::new() } else { format!(",{},", states.join(",")) };
    let values = vec![institution.to_string().into(), listed.into(), row::whole(most), row::whole(offset)];
    row::all(connection, sql, values).await?.iter().map(care_row).collect()
}

/// Keeps a bill at the place of care, new or moved on.
pub(crate) async fn keep_care(tx: &Tx, kept: &CareRow) -> Result<(), Error> {
    let bill = &kept.bill;
    let sql = "INSERT INTO care_bill (bill_id, institution_id, institution_bill, idempotency_key, visit_id, peer, insured_id, \
         insured_division, care_division, state, step, machine, next_at, prepare, offer, refusal, receipt, reason, total_fen, owed_fen, \
         cash_fen, opened_at, split) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, \
         $21, $22, $23) ON CONFLICT (bill_id) DO UPDATE SET state = excluded.state, step = excluded.step, machine = excluded.machine, next_at = \
         excluded.next_at, offer = excluded.offer, refusal = excluded.refusal, receipt = excluded.receipt, reason = excluded.reason, \
         owed_fen = excluded.owed_fen, cash_fen = excluded.cash_fen";
    let peer = kept.peer().ok_or(Error::Corrupt { what: "a bill's place of insurance" })?;
    let own_bill = kept.prepare.bill.as_ref().map(|bill| bill.bill_id.clone()).unwrap_or_default();
    let values = vec![
        bill.id.to_string().into(),
        kept.institution.to_string().into(),
        own_bill.into(),
        kept.key.clone().into(),
        kept.visit.clone().into(),
        peer.to_string().into(),
        kept.prepare.insured_id.clone().into(),
        kept.prepare.insured_division.clone().into(),
        kept.prepare.care_division.clone().into(),
        bill.word().into(),
        i64::from(bill.step).into(),
        row::to_json(bill)?.into(),
        next(bill.next_at),
        kept.prepare.encode_to_vec().into(),
        kept.offer.encode_to_vec().into(),
        kept.refusal.encode_to_vec().into(),
        kept.receipt.clone().into(),
        kept.reason.clone().into(),
        kept.total().get().into(),
        kept.owed.get().into(),
        kept.cash.get().into(),
        row::micros(kept.opened_at),
        kept.split.clone().into(),
    ];
    row::execute(tx, sql, values).await.map(|_| ())
}

/// A bill at the place of insurance.
pub(crate) async fn insured(connection: &impl ConnectionTrait, id: BillId) -> Result<Option<InsuredRow>, Error> {
    let sql = "SELECT * FROM insured_bill WHERE bill_id = $1";
    row::one(connection, sql, vec![id.to_string().into()]).await?.as_ref().map(insured_row).transpose()
}

/// Keeps a bill at the place of insurance, new or moved on.
pub(crate) async fn keep_insured(tx: &Tx, kept: &InsuredRow) -> Result<(), Error> {
    let bill = &kept.bill;
    let sql = "INSERT INTO insured_bill (bill_id, peer, state, step, machine, next_at, prepare, offer, refusal, receipt, owed_fen, \
         cash_fen, opened_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (bill_id) DO UPDATE SET \
         state = excluded.state, step = excluded.step, machine = excluded.machine, next_at = excluded.next_at, offer = excluded.offer, \
         refusal = excluded.refusal, receipt = excluded.receipt, owed_fen = excluded.owed_fen, cash_fen = excluded.cash_fen";
    let values = vec![
        bill.id.to_string().into(),
        kept.peer.to_string().into(),
        bill.word().into(),
        i64::from(bill.step).into(),
        row::to_json(bill)?.into(),
        next(bill.next_at),
        kept.prepare.encode_to_vec().into(),
        kept.offer.encode_to_vec().into(),
        kept.refusal.encode_to_vec().into(),
        kept.receipt.clone().into(),
        kept.owed.get().into(),
        kept.cash.get().into(),
        row::micros(kept.opened_at),
    ];
    row::execute(tx, sql, values).await.map(|_| ())
}

/// Adds an event to a bill's history.
pub(crate) async fn add_step(
    tx: &Tx,
    (role, id): (Role, BillId),
    (event, state, step): (&str, &str, u32),
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let sql = "INSERT INTO bill_step (role, bill_id, number, event, state, step, happened_at) SELECT $1, $2, COALESCE(MAX(number), 0) + 1, \
         $3, $4, $5, $6 FROM bill_step WHERE role = $1 AND bill_id = $2";
    let values = vec![
        role.word().into(),
        id.to_string().into(),
        event.into(),
        state.into(),
        i64::from(step).into(),
        row::micros(at),
    ];
    row::execute(tx, sql, values).await.map(|_| ())
}

/// What happened to a bill, first to last.
pub(crate) async fn steps(connection: &impl ConnectionTrait, role: Role, id: BillId) -> Result<Vec<Shown>, Error> {
    let sql = "SELECT * FROM bill_step WHERE role = $1 AND bill_id = $2 ORDER BY number";
    let found = row::all(connection, sql, vec![role.word().into(), id.to_string().into()]).await?;
    let shown = |found: &QueryResult| {
        Ok(Shown {
            number: row::number(found, "number")?,
            event: row::text(found, "event")?,
            state: row::text(found, "state")?,
            step: row::number(found, "step")?,
            at: row::moment(found, "happened_at")?,
        })
    };
    found.iter().map(shown).collect()
}

/// The bills of a role that want to be looked at, the longest waiting first.
pub(crate) async fn due(
    connection: &impl ConnectionTrait,
    role: Role,
    now: DateTime<Utc>,
    most: u64,
) -> Result<Vec<BillId>, Error> {
    let table = match role {
        Role::Care => "care_bill",
        Role::Insured => "insured_bill",
    };
    let sql = format!("SELECT bill_id FROM {table} WHERE next_at <= $1 ORDER BY next_at LIMIT $2");
    let found = row::all(connection, &sql, vec![row::micros(now), row::whole(most)]).await?;
    found.iter().map(|found| bill_id(&row::text(found, "bill_id")?)).collect()
}

/// A bill's id of its text.
fn bill_id(text: &str) -> Result<BillId, Error> {
    let mut id = [0; 16];
    hex::decode_to_slice(text, &mut id).map_err(|_| Error::Corrupt { what: "a bill's id" })?;
    Ok(BillId(id))
}

fn next(at: Option<DateTime<Utc>>) -> Value {
    at.map(|at| at.timestamp_micros()).into()
}

fn care_row(found: &QueryResult) -> Result<CareRow, Error> {
    Ok(CareRow {
        bill: row::json(found, "machine")?,
        institution: name(found, "institution_id")?,
        key: row::text(found, "idempotency_key")?,
        visit: row::text(found, "visit_id")?,
        prepare: row::message(found, "prepare")?,
        split: row::bytes(found, "split")?,
        offer: row::message(found, "offer")?,
        refusal: row::message(found, "refusal")?,
        receipt: row::bytes(found, "receipt")?,
        reason: row::text(found, "reason")?,
        owed: row::fen(found, "owed_fen")?,
        cash: row::fen(found, "cash_fen")?,
        opened_at: row::moment(found, "opened_at")?,
    })
}

fn insured_row(found: &QueryResult) -> Result<InsuredRow, Error> {
    let peer: Division = row::parsed(found, "peer")?;
    Ok(InsuredRow {
        bill: row::json(found, "machine")?,
        peer,
        prepare: row::message(found, "prepare")?,
        offer: row::message(found, "offer")?,
        refusal: row::message(found, "refusal")?,
        receipt: row::bytes(found, "receipt")?,
        owed: row::fen(found, "owed_fen")?,
        cash: row::fen(found, "cash_fen")?,
        opened_at: row::moment(found, "opened_at")?,
    })
}

fn name(found: &QueryResult, column: &'static str) -> Result<Name, Error> {
    Name::new(&row::text(found, column)?).map_err(|_| Error::Corrupt { what: column })
}
