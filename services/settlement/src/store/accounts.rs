//! What is read of accounts without a lock: balances, what relatives offer, bindings.

use chrono::NaiveDate;
use money::Fen;
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};
use store::Error;
use terms::Name;

use super::row;
use crate::domain::{Account, Binding, PersonYear};

async fn all(connection: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, Error> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    Ok(connection.query_all_raw(statement).await?)
}

/// A person's account; an empty one where nothing was ever on it.
///
/// # Errors
/// What the database said.
pub async fn account(connection: &impl ConnectionTrait, person: &Name) -> Result<Account, Error> {
    let sql = "SELECT person, balance_fen, owed_fen, reserved_fen, moves, changes FROM account WHERE person = $1";
    let rows = all(connection, sql, vec![person.as_str().into()]).await?;
    Ok(rows.first().map(row::account).transpose()?.map(|(_, account)| account).unwrap_or_default())
}

/// What the accounts that are bound to a person on a day hold now, in fen.
///
/// # Errors
/// What the database said.
pub async fn offered(connection: &impl ConnectionTrait, person: &Name, today: NaiveDate) -> Result<Fen, Error> {
    let sql = "SELECT CAST(coalesce(sum(balance_fen), 0) AS BIGINT) AS n FROM account WHERE person IN (SELECT owner \
         FROM binding WHERE relative = $1 AND from_date <= $2 AND (to_date IS NULL OR to_date >= $2))";
    let rows = all(connection, sql, vec![person.as_str().into(), today.to_string().into()]).await?;
    Ok(Fen::new(rows.first().ok_or(Error::Corrupt { what: "a sum" })?.try_get("", "n")?))
}

/// Bindings of which a person is owner or relative, in order of first day and id, after a place.
///
/// # Errors
/// What the database said.
pub async fn bindings(
    connection: &impl ConnectionTrait,
    person: &Name,
    after: Option<(NaiveDate, String)>,
    most: u32,
) -> Result<Vec<Binding>, Error> {
    let columns = "id, owner, relative, relation, from_date, to_date";
    let (day, id) = after.map_or_else(Default::default, |(day, id)| (day.to_string(), id));
    // nobody is bound to himself, so that no binding is found by both
    let sql = format!(
        "SELECT {columns} FROM (SELECT {columns} FROM binding WHERE owner = $1 \
         UNION ALL SELECT {columns} FROM binding WHERE relative = $1) AS b \
         WHERE (from_date, id) > ($2, $3) ORDER BY from_date, id LIMIT {most}"
    );
    all(connection, &sql, vec![person.as_str().into(), day.into(), id.into()]).await?.iter().map(row::binding).collect()
}

/// The standing claim of a year that comes last in its order.
///
/// # Errors
/// What the database said.
pub async fn last_claim(connection: &impl ConnectionTrait, year: &PersonYear) -> Result<Option<Name>, Error> {
    if year.by_service_date {
        let key = (year.person, year.year);
        let needs = super::Needs { whole: [key].into(), ..super::Needs::default() };
        let desk = super::load(connection, None, &needs, NaiveDate::default()).await?;
        return Ok(desk.standing(year).last().map(|claim| claim.id));
    }
    let sql =
        "SELECT id FROM claim WHERE person = $1 AND year = $2 AND state <> 'reversed' ORDER BY number DESC LIMIT 1";
    let rows = all(connection, sql, vec![year.person.as_str().into(), i64::from(year.year).into()]).await?;
    rows.first().map(|row| row::name(row, "id")).transpose()
}
