//! Months, and who did what in them.

use chrono::{DateTime, NaiveDate, Utc};
use crossing::clearing::{Deadlines, Month, PeriodState};
use money::Fen;
use store::sea_orm::{ConnectionTrait, QueryResult};
use store::{Error, Tx};
use terms::Division;

use super::{Lock, day, row};

/// A month of clearing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Period {
    pub(crate) month: Month,
    pub(crate) state: PeriodState,
    pub(crate) days: Deadlines,
    /// Known once the notices are issued.
    pub(crate) pay_until: Option<NaiveDate>,
    pub(crate) receive_until: Option<NaiveDate>,
    pub(crate) opened_at: DateTime<Utc>,
}

/// A month.
pub(crate) async fn get(connection: &impl ConnectionTrait, month: Month, lock: Lock) -> Result<Option<Period>, Error> {
    let lock = lock.sql(connection.get_database_backend());
    let sql = format!("SELECT * FROM clearing_period WHERE month = $1{lock}");
    row::one(connection, &sql, vec![month.to_string().into()]).await?.as_ref().map(period).transpose()
}

/// The earliest month that declares.
pub(crate) async fn declaring(tx: &Tx) -> Result<Option<Period>, Error> {
    let lock = Lock::Shared.sql(tx.get_database_backend());
    let sql = format!("SELECT * FROM clearing_period WHERE state = 'declaring' ORDER BY month LIMIT 1{lock}");
    row::one(tx, &sql, Vec::new()).await?.as_ref().map(period).transpose()
}

/// Adds a month; false where it is there.
pub(crate) async fn add(tx: &Tx, new: &Period) -> Result<bool, Error> {
    let sql = "INSERT INTO clearing_period (month, state, declare_until, sheet_on, confirm_until, notice_until, opened_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (month) DO NOTHING";
    let values = vec![
        new.month.to_string().into(),
        new.state.word().into(),
        new.days.declare.to_string().into(),
        new.days.sheet.to_string().into(),
        new.days.confirm.to_string().into(),
        new.days.notice.to_string().into(),
        row::micros(new.opened_at),
    ];
    Ok(row::execute(tx, sql, values).await? == 1)
}

/// Keeps where a month stands.
pub(crate) async fn keep(tx: &Tx, kept: &Period) -> Result<(), Error> {
    let sql = "UPDATE clearing_period SET state = $2, pay_until = $3, receive_until = $4 WHERE month = $1";
    let text = |day: Option<NaiveDate>| day.map(|day| day.to_string());
    let values = vec![
        kept.month.to_string().into(),
        kept.state.word().into(),
        text(kept.pay_until).into(),
        text(kept.receive_until).into(),
    ];
    row::execute(tx, sql, values).await.map(|_| ())
}

/// Notes who did what.
pub(crate) async fn note(
    tx: &Tx,
    month: Month,
    (act, actor, about): (&str, &str, &str),
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let sql = "INSERT INTO clearing_act (month, act, actor, about, happened_at) VALUES ($1, $2, $3, $4, $5)";
    let values = vec![month.to_string().into(), act.into(), actor.into(), about.into(), row::micros(at)];
    row::execute(tx, sql, values).await.map(|_| ())
}

/// Notes that a place of care has declared everything; false where it had said so before.
pub(crate) async fn close_declaration(
    tx: &Tx,
    (month, care): (Month, Division),
    (count, owed): (u64, Fen),
    at: DateTime<Utc>,
) -> Result<bool, Error> {
    let sql = "INSERT INTO clearing_declaration (month, care, item_count, owed_fen, closed_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (month, care) DO NOTHING";
    let values =
        vec![month.to_string().into(), care.to_string().into(), row::whole(count), owed.get().into(), row::micros(at)];
    Ok(row::execute(tx, sql, values).await? == 1)
}

/// When a place of care has said that its declaration is whole.
pub(crate) async fn closed(tx: &Tx, month: Month, care: Division) -> Result<Option<DateTime<Utc>>, Error> {
    let sql = "SELECT closed_at FROM clearing_declaration WHERE month = $1 AND care = $2";
    let found = row::one(tx, sql, vec![month.to_string().into(), care.to_string().into()]).await?;
    found.map(|found| row::moment(&found, "closed_at")).transpose()
}

/// A place of care with items that has not said so.
pub(crate) async fn not_closed(tx: &Tx, month: Month) -> Result<Option<String>, Error> {
    let sql = "SELECT r.care FROM clearing_row r LEFT JOIN clearing_declaration d ON d.month = r.month AND d.care = r.care \
         WHERE r.month = $1 AND d.care IS NULL ORDER BY r.care LIMIT 1";
    let found = row::one(tx, sql, vec![month.to_string().into()]).await?;
    found.map(|found| row::text(&found, "care")).transpose()
}

fn period(found: &QueryResult) -> Result<Period, Error> {
    let state = row::text(found, "state")?;
    Ok(Period {
        month: row::parsed(found, "month")?,
        state: PeriodState::of_word(&state).ok_or(Error::Corrupt { what: "a month's state" })?,
        days: Deadlines {
            declare: row::parsed(found, "declare_until")?,
            sheet: row::parsed(found, "sheet_on")?,
            confirm: row::parsed(found, "confirm_until")?,
            notice: row::parsed(found, "notice_until")?,
        },
        pay_until: day(found, "pay_until")?,
        receive_until: day(found, "receive_until")?,
        opened_at: row::moment(found, "opened_at")?,
    })
}
