//! Account credits and which of them settlement has confirmed.

use chrono::{DateTime, Utc};
use serde_json::json;
use store::sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Error, Tx};

use super::rows::{self, Of, Table};
use crate::domain::{AccountCredit, TakenBack};

const CREDIT: Table = Table {
    name: "account_credit",
    columns: &[
        ("credit_id", Of::Text),
        ("person_id", Of::Text),
        ("enrolment_id", Of::Text),
        ("cover_year", Of::Int),
        ("kind", Of::Text),
        ("amount_fen", Of::Int),
        ("recorded_at", Of::Int),
    ],
};
const DELIVERY: Table =
    Table { name: "account_credit_delivery", columns: &[("credit_id", Of::Text), ("recorded_at", Of::Int)] };

const RETURN: Table =
    Table { name: "account_credit_return", columns: &[("credit_id", Of::Text), ("recorded_at", Of::Int)] };
const TAKEN: Table = Table {
    name: "account_credit_taken",
    columns: &[("credit_id", Of::Text), ("amount_fen", Of::Int), ("recorded_at", Of::Int)],
};
const GONE: Table =
    Table { name: "account_credit_taken_delivery", columns: &[("credit_id", Of::Text), ("recorded_at", Of::Int)] };

const READ: &str = "SELECT c.*, d.recorded_at AS delivered_at, r.recorded_at AS returned_at, t.amount_fen AS taken_fen, \
     g.recorded_at AS taken_at FROM account_credit c LEFT JOIN account_credit_delivery d ON d.credit_id = c.credit_id \
     LEFT JOIN account_credit_return r ON r.credit_id = c.credit_id \
     LEFT JOIN account_credit_taken t ON t.credit_id = c.credit_id \
     LEFT JOIN account_credit_taken_delivery g ON g.credit_id = c.credit_id";

/// Adds credits.
pub(crate) async fn add(tx: &Tx, credits: &[AccountCredit]) -> Result<(), Error> {
    let row = |credit: &AccountCredit| {
        json!({
            "credit_id": credit.id, "person_id": credit.person, "enrolment_id": credit.enrolment,
            "cover_year": credit.cover_year, "kind": credit.kind.word(), "amount_fen": credit.amount_fen,
            "recorded_at": credit.recorded_at.timestamp_micros(),
        })
    };
    rows::insert(tx, &CREDIT, &credits.iter().map(row).collect::<Vec<_>>()).await
}

/// Records that settlement has a credit; a second time changes nothing.
pub(crate) async fn delivered(tx: &Tx, id: &str, at: DateTime<Utc>) -> Result<(), Error> {
    let row = json!({"credit_id": id, "recorded_at": at.timestamp_micros()});
    rows::insert_or(tx, &DELIVERY, &[row], "ON CONFLICT (credit_id) DO NOTHING").await.map(|_| ())
}

/// A credit.
pub(crate) async fn by_id(connection: &impl ConnectionTrait, id: &str) -> Result<Option<AccountCredit>, Error> {
    let sql = format!("{READ} WHERE c.credit_id = $1");
    rows::one(connection, &sql, vec![id.into()]).await?.map(|row| read(&row)).transpose()
}

/// What an enrolment credited.
pub(crate) async fn of_enrolment(tx: &Tx, enrolment: &str) -> Result<Vec<AccountCredit>, Error> {
    let sql = format!("{READ} WHERE c.enrolment_id = $1 ORDER BY c.recorded_at, c.credit_id");
    rows::all(tx, &sql, vec![enrolment.into()]).await?.iter().map(read).collect()
}

/// Records that credits are to be taken back.
pub(crate) async fn take_back(tx: &Tx, credits: &[AccountCredit], at: DateTime<Utc>) -> Result<(), Error> {
    let row = |credit: &AccountCredit| json!({"credit_id": credit.id, "recorded_at": at.timestamp_micros()});
    rows::insert(tx, &RETURN, &credits.iter().map(row).collect::<Vec<_>>()).await
}

/// Records how much of a credit is taken back, the first time it is asked, in fen; gives what was recorded.
pub(crate) async fn to_take(tx: &Tx, id: &str, amount_fen: i64, at: DateTime<Utc>) -> Result<i64, Error> {
    let row = json!({"credit_id": id, "amount_fen": amount_fen, "recorded_at": at.timestamp_micros()});
    rows::insert_or(tx, &TAKEN, &[row], "ON CONFLICT (credit_id) DO NOTHING").await?;
    let sql = "SELECT amount_fen FROM account_credit_taken WHERE credit_id = $1";
    let row = rows::one(tx, sql, vec![id.into()]).await?.ok_or(Error::Corrupt { what: "what is taken back" })?;
    rows::int(&row, "amount_fen")
}

/// Records that settlement has taken it; a second time changes nothing.
pub(crate) async fn taken(tx: &Tx, id: &str, at: DateTime<Utc>) -> Result<(), Error> {
    let row = json!({"credit_id": id, "recorded_at": at.timestamp_micros()});
    rows::insert_or(tx, &GONE, &[row], "ON CONFLICT (credit_id) DO NOTHING").await.map(|_| ())
}

/// Credits in order of time, from `offset` on, at most `most`.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    person: Option<&str>,
    undelivered: bool,
    (offset, most): (u64, u64),
) -> Result<Vec<AccountCredit>, Error> {
    let page = |number: u64| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
    let waiting = if undelivered { " AND d.credit_id IS NULL" } else { "" };
    let (of, value) = person.map_or(("$1 = ''", ""), |person| ("c.person_id = $1", person));
    let sql = format!("{READ} WHERE {of}{waiting} ORDER BY c.recorded_at, c.credit_id LIMIT $2 OFFSET $3");
    let found = rows::all(connection, &sql, vec![value.into(), page(most), page(offset)]).await?;
    found.iter().map(read).collect()
}

fn read(row: &QueryResult) -> Result<AccountCredit, Error> {
    let delivered: Option<i64> = row.try_get("", "delivered_at")?;
    let returned: Option<i64> = row.try_get("", "returned_at")?;
    let taken: Option<i64> = row.try_get("", "taken_at")?;
    let taken_fen: Option<i64> = row.try_get("", "taken_fen")?;
    Ok(AccountCredit {
        id: rows::text(row, "credit_id")?,
        person: rows::text(row, "person_id")?,
        enrolment: rows::text(row, "enrolment_id")?,
        cover_year: i32::try_from(rows::int(row, "cover_year")?).map_err(|_| Error::Corrupt { what: "cover_year" })?,
        kind: rows::parsed(row, "kind")?,
        amount_fen: rows::int(row, "amount_fen")?,
        delivered: delivered.is_some(),
        recorded_at: rows::moment(row, "recorded_at")?,
        taken_back: returned.map(|_| TakenBack { amount_fen: taken.and(taken_fen) }),
    })
}
