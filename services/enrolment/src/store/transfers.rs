//! Transfers out and in.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use store::sea_orm::{ConnectionTrait, QueryResult};
use store::{Error, Tx};

use super::rows::{self, Of, Table};
use crate::domain::{Certificate, Transfer, certificate_key};

const TRANSFER: Table = Table {
    name: "transfer",
    columns: &[
        ("transfer_id", Of::Text),
        ("inward", Of::Int),
        ("certificate_id", Of::Text),
        ("person_id", Of::Text),
        ("enrolment_id", Of::Text),
        ("account", Of::Int),
        ("credit_id", Of::Text),
        ("certificate", Of::Text),
        ("confirmation", Of::Text),
        ("recorded_at", Of::Int),
    ],
};

const BALANCE: Table = Table {
    name: "transfer_balance",
    columns: &[("transfer_id", Of::Text), ("amount_fen", Of::Int), ("recorded_at", Of::Int)],
};
const TAKEN: Table = Table { name: "transfer_taken", columns: &[("transfer_id", Of::Text), ("recorded_at", Of::Int)] };

const CERTIFICATE: Table = Table {
    name: "certificate_use",
    columns: &[("key", Of::Text), ("inward", Of::Int), ("round", Of::Int), ("transfer_id", Of::Text)],
};
const UNDONE: Table =
    Table { name: "transfer_undone", columns: &[("transfer_id", Of::Text), ("recorded_at", Of::Int)] };

/// Adds a transfer; says whether its certificate was not taken before, or is free again.
pub(crate) async fn add(tx: &Tx, transfer: &Transfer) -> Result<bool, Error> {
    let (key, inward) = (certificate_key(&transfer.certificate.id), i64::from(transfer.inward));
    let sql = "SELECT n.round, CASE WHEN u.transfer_id IS NULL THEN 0 ELSE 1 END AS undone FROM certificate_use n \
         LEFT JOIN transfer_undone u ON u.transfer_id = n.transfer_id WHERE n.key = $1 AND n.inward = $2 \
         ORDER BY n.round DESC LIMIT 1";
    let round = match rows::one(tx, sql, vec![key.as_str().into(), inward.into()]).await? {
        None => 1,
        Some(row) if row.try_get::<i32>("", "undone")? == 1 => rows::int(&row, "round")?.saturating_add(1),
        Some(_) => return Ok(false),
    };
    // a certificate that is taken again: the table has each number once
    let number = &transfer.certificate.id;
    let number = if round == 1 { number.clone() } else { format!("{number} ({round})") };
    let confirmation = transfer.confirmed.as_ref().map(rows::to_json).transpose()?;
    let row = json!({
        "transfer_id": transfer.id, "inward": i64::from(transfer.inward), "certificate_id": number,
        "person_id": transfer.person, "enrolment_id": transfer.enrolment, "account": i64::from(transfer.account),
        "credit_id": transfer.credit, "certificate": rows::to_json(&transfer.certificate)?,
        "confirmation": confirmation, "recorded_at": transfer.recorded_at.timestamp_micros(),
    });
    if rows::insert_or(tx, &TRANSFER, &[row], "ON CONFLICT (certificate_id, inward) DO NOTHING").await? != 1 {
        return Ok(false);
    }
    let row = json!({"key": key, "inward": inward, "round": round, "transfer_id": transfer.id});
    Ok(rows::insert_or(tx, &CERTIFICATE, &[row], "ON CONFLICT (key, inward, round) DO NOTHING").await? == 1)
}

/// Records that what began by a transfer was a mistake; a second time changes nothing.
pub(crate) async fn undo(tx: &Tx, id: &str, at: DateTime<Utc>) -> Result<(), Error> {
    let row = json!({"transfer_id": id, "recorded_at": at.timestamp_micros()});
    rows::insert_or(tx, &UNDONE, &[row], "ON CONFLICT (transfer_id) DO NOTHING").await.map(|_| ())
}

/// The transfer by which an enrolment began, unless it is undone.
pub(crate) async fn began(tx: &Tx, enrolment: &str) -> Result<Option<Transfer>, Error> {
    let sql = format!("{READ} WHERE t.enrolment_id = $1 AND t.inward = 1 AND u.transfer_id IS NULL");
    rows::one(tx, &sql, vec![enrolment.into()]).await?.map(|row| read(&row)).transpose()
}

/// A person's transfers out, by id, whose certificate says a last day after this one, in order of time.
pub(crate) async fn left_after(tx: &Tx, person: &str, day: NaiveDate) -> Result<Vec<String>, Error> {
    let sql = format!("{READ} WHERE t.person_id = $1 AND t.inward = 0 ORDER BY t.recorded_at, t.transfer_id");
    let all: Vec<Transfer> =
        rows::all(tx, &sql, vec![person.into()]).await?.iter().map(read).collect::<Result<_, _>>()?;
    Ok(all.into_iter().filter(|one| !one.undone && one.certificate.to > day).map(|one| one.id).collect())
}

/// Records what is to be taken along, the first time it is asked; gives what was recorded.
pub(crate) async fn balance(tx: &Tx, id: &str, amount_fen: i64, at: DateTime<Utc>) -> Result<i64, Error> {
    let row = json!({"transfer_id": id, "amount_fen": amount_fen, "recorded_at": at.timestamp_micros()});
    rows::insert_or(tx, &BALANCE, &[row], "ON CONFLICT (transfer_id) DO NOTHING").await?;
    let sql = "SELECT amount_fen FROM transfer_balance WHERE transfer_id = $1";
    let row = rows::one(tx, sql, vec![id.into()]).await?.ok_or(Error::Corrupt { what: "a balance" })?;
    rows::int(&row, "amount_fen")
}

/// Records that the balance was taken.
pub(crate) async fn taken(tx: &Tx, id: &str, at: DateTime<Utc>) -> Result<(), Error> {
    let row = json!({"transfer_id": id, "recorded_at": at.timestamp_micros()});
    rows::insert_or(tx, &TAKEN, &[row], "ON CONFLICT (transfer_id) DO NOTHING").await.map(|_| ())
}

const READ: &str = "SELECT t.*, d.recorded_at AS delivered_at, b.amount_fen, k.recorded_at AS taken_at, \
     u.recorded_at AS undone_at FROM transfer t \
     LEFT JOIN transfer_undone u ON u.transfer_id = t.transfer_id \
     LEFT JOIN account_credit_delivery d ON d.credit_id = t.credit_id \
     LEFT JOIN transfer_balance b ON b.transfer_id = t.transfer_id \
     LEFT JOIN transfer_taken k ON k.transfer_id = t.transfer_id";

/// A transfer.
pub(crate) async fn by_id(connection: &impl ConnectionTrait, id: &str) -> Result<Option<Transfer>, Error> {
    let sql = format!("{READ} WHERE t.transfer_id = $1");
    rows::one(connection, &sql, vec![id.into()]).await?.map(|row| read(&row)).transpose()
}

/// The transfer that issued a certificate here, or took it in and is not undone, however its number is written.
pub(crate) async fn of_certificate(
    connection: &impl ConnectionTrait,
    certificate: &str,
    inward: bool,
) -> Result<Option<Transfer>, Error> {
    let sql = format!(
        "{READ} JOIN certificate_use n ON n.transfer_id = t.transfer_id \
         WHERE n.key = $1 AND n.inward = $2 AND u.transfer_id IS NULL"
    );
    let values = vec![certificate_key(certificate).into(), i64::from(inward).into()];
    rows::one(connection, &sql, values).await?.map(|row| read(&row)).transpose()
}

/// A person's transfers whose balance waits to be credited, in order of time.
pub(crate) async fn waiting(connection: &impl ConnectionTrait, person: &str) -> Result<Vec<Transfer>, Error> {
    let sql = format!(
        "{READ} LEFT JOIN account_credit c ON c.credit_id = t.credit_id WHERE t.person_id = $1 AND t.inward = 1 \
         AND t.credit_id IS NOT NULL AND c.credit_id IS NULL AND u.transfer_id IS NULL ORDER BY t.recorded_at, t.transfer_id"
    );
    rows::all(connection, &sql, vec![person.into()]).await?.iter().map(read).collect()
}

fn read(row: &QueryResult) -> Result<Transfer, Error> {
    let credit: Option<String> = row.try_get("", "credit_id")?;
    let delivered: Option<i64> = row.try_get("", "delivered_at")?;
    let taken: Option<i64> = row.try_get("", "taken_at")?;
    let balance: Option<i64> = row.try_get("", "amount_fen")?;
    let undone: Option<i64> = row.try_get("", "undone_at")?;
    let mut certificate: Certificate = rows::json(row, "certificate")?;
    if let Some(balance) = balance {
        certificate.account_fen = balance;
    }
    let account = rows::int(row, "account")? == 1;
    let confirmation: Option<String> = row.try_get("", "confirmation")?;
    let corrupt = |_| Error::Corrupt { what: "confirmation" };
    let confirmed = confirmation.map(|text| serde_json::from_str(&text).map_err(corrupt)).transpose()?;
    Ok(Transfer {
        id: rows::text(row, "transfer_id")?,
        inward: rows::int(row, "inward")? == 1,
        done: (!account || taken.is_some()) && (credit.is_none() || delivered.is_some()),
        undone: undone.is_some(),
        certificate,
        person: rows::text(row, "person_id")?,
        enrolment: rows::text(row, "enrolment_id")?,
        account,
        credit,
        confirmed,
        recorded_at: rows::moment(row, "recorded_at")?,
    })
}
