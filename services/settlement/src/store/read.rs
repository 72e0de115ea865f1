//! What is read without a lock: claims, histories, pages, movements, person-years.

use chrono::{DateTime, NaiveDate, Utc};
use money::Fen;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};
use store::Error;
use terms::Name;

use super::row;
use crate::domain::{Cause, Claim, Decided, Movement, PersonYear};

/// A decision of a claim's history, without the decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// 0 for the first.
    pub revision: u32,
    /// Why it replaced the one before.
    pub cause: Cause,
    /// The other claim that caused it.
    pub cause_claim: Option<Name>,
    /// The policy version that decided.
    pub policy: String,
    /// SHA-256 of the stored bytes, in hexadecimal.
    pub sha256: String,
    /// When it was committed.
    pub at: DateTime<Utc>,
}

/// A claim, and its number in the order of settlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// Its number among all claims; rises with each, with gaps.
    pub number: i64,
    /// The claim.
    pub claim: Claim,
}

/// Which claims are wanted; everything absent asks for all.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Only this person's.
    pub person: Option<Name>,
    /// Only this institution's.
    pub institution: Option<Name>,
    /// Only those settled from this day …
    pub from: Option<NaiveDate>,
    /// … to this one.
    pub to: Option<NaiveDate>,
    /// Only those in these states, as stored words; empty: all.
    pub states: Vec<&'static str>,
    /// Only this scheme, as a word.
    pub scheme: Option<&'static str>,
    /// Only those of higher numbers …
    pub after: i64,
    /// … up to this one.
    pub until: i64,
}

async fn all(connection: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, Error> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    Ok(connection.query_all_raw(statement).await?)
}

/// A claim with the decision of a revision, or with the one that stands, and the stored bytes of that decision.
///
/// # Errors
/// What the database said.
pub async fn claim(
    connection: &impl ConnectionTrait,
    id: &Name,
    revision: Option<u32>,
) -> Result<Option<(Claim, String)>, Error> {
    let wanted = revision.map_or_else(|| "c.revision".to_owned(), |revision| revision.to_string());
    let sql = format!(
        "SELECT {} FROM claim c JOIN decision d ON d.claim = c.id AND d.revision = {wanted} WHERE c.id = $1",
        row::SELECT
    );
    let rows = all(connection, &sql, vec![id.as_str().into()]).await?;
    let found = rows.first().map(|row| Ok((row::claim(row)?, row.try_get("", "d_decision")?)));
    found.transpose()
}

/// The claim an institution settled under a key.
///
/// # Errors
/// What the database said.
pub async fn claim_ids(
    connection: &impl ConnectionTrait,
    institution: &Name,
    key: &str,
) -> Result<Option<Name>, Error> {
    let sql = "SELECT id FROM claim WHERE institution = $1 AND key = $2";
    let rows = all(connection, sql, vec![institution.as_str().into(), key.into()]).await?;
    rows.first().map(|row| row::name(row, "id")).transpose()
}

/// The institution that billed a claim.
///
/// # Errors
/// What the database said.
pub async fn institution_of(connection: &impl ConnectionTrait, claim: &Name) -> Result<Option<Name>, Error> {
    let rows = all(connection, "SELECT institution FROM claim WHERE id = $1", vec![claim.as_str().into()]).await?;
    rows.first().map(|row| row::name(row, "institution")).transpose()
}

/// The decisions of a claim, first to last.
///
/// # Errors
/// What the database said.
pub async fn history(connection: &impl ConnectionTrait, id: &Name) -> Result<Vec<Revision>, Error> {
    let sql = format!(
        "SELECT {}, d.policy, d.sha256 FROM claim c JOIN decision d ON d.claim = c.id WHERE c.id = $1 ORDER BY d.revision",
        row::SELECT
    );
    let rows = all(connection, &sql, vec![id.as_str().into()]).await?;
    let revision = |row: &QueryResult| {
        let Decided { revision, cause, cause_claim, at, .. } = row::decided(row)?;
        let (policy, sha256) = (row.try_get("", "policy")?, row.try_get("", "sha256")?);
        Ok(Revision { revision, cause, cause_claim, policy, sha256, at })
    };
    rows.iter().map(revision).collect()
}

/// The number of the last claim. On PostgreSQL, where numbers are drawn before they are seen, also the transaction before which all
/// that drew one up to it have begun: see [`have_ended`].
///
/// # Errors
/// What the database said.
pub async fn last_numbered(connection: &impl ConnectionTrait) -> Result<(i64, Option<i64>), Error> {
    let number = async |sql: &str| -> Result<i64, Error> {
        let rows = all(connection, sql, Vec::new()).await?;
        Ok(rows.first().ok_or(Error::Corrupt { what: "a number" })?.try_get("", "n")?)
    };
    if connection.get_database_backend() != DbBackend::Postgres {
        return Ok((number("SELECT coalesce(max(rowid), 0) AS n FROM claim").await?, None));
    }
    // in this order: whoever drew a number up to the first was under way before it drew (claim_drawn), so before the second, which is
    // this question's own; what a snapshot says of the newest is only the newest that has ended
    let last = number("SELECT last_value AS n FROM claim_seq").await?;
    let begun = number("SELECT pg_current_xact_id()::text::bigint AS n").await?;
    Ok((last, Some(begun)))
}

/// Whether every transaction before one has ended.
///
/// # Errors
/// What the database said.
pub async fn have_ended(connection: &impl ConnectionTrait, before: i64) -> Result<bool, Error> {
    let sql = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= $1 AS ended";
    let rows = all(connection, sql, vec![before.into()]).await?;
    Ok(rows.first().ok_or(Error::Corrupt { what: "an answer" })?.try_get("", "ended")?)
}

/// A page of claims in order of settlement, each with the decision that stands.
///
/// # Errors
/// What the database said.
pub async fn page_of_claims(
    connection: &impl ConnectionTrait,
    wanted: &Wanted,
    most: u32,
) -> Result<Vec<Numbered>, Error> {
    let number = if connection.get_database_backend() == DbBackend::Postgres { "c.seq" } else { "c.rowid" };
    let mut values: Vec<Value> = vec![wanted.after.into(), wanted.until.into()];
    let mut conditions = vec![format!("{number} > $1 AND {number} <= $2")];
    let mut add = |condition: &str, value: Value| {
        values.push(value);
        conditions.push(condition.replace('?', &format!("${}", values.len())));
    };
    if let Some(person) = &wanted.person {
        add("c.person = ?", person.as_str().into());
    }
    if let Some(institution) = &wanted.institution {
        add("c.institution = ?", institution.as_str().into());
    }
    if let Some(from) = wanted.from {
        add("c.settled_date >= ?", from.to_string().into());
    }
    if let Some(to) = wanted.to {
        add("c.settled_date <= ?", to.to_string().into());
    }
    if let Some(scheme) = wanted.scheme {
        add("c.scheme = ?", scheme.into());
    }
    if !wanted.states.is_empty() {
        // stored words of ours, not the caller's text
        conditions.push(format!("c.state IN ('{}')", wanted.states.join("', '")));
    }
    let sql = format!(
        "SELECT {}, {number} AS number_of_all FROM claim c JOIN decision d ON d.claim = c.id AND d.revision = c.revision \
         WHERE {} ORDER BY {number} LIMIT {most}",
        row::SELECT,
        conditions.join(" AND ")
    );
    let rows = all(connection, &sql, values).await?;
    let read =
        |found: &QueryResult| Ok(Numbered { number: found.try_get("", "number_of_all")?, claim: row::claim(found)? });
    rows.iter().map(read).collect()
}

/// Movements of an account, newest first, below a number.
///
/// # Errors
/// What the database said.
pub async fn movements(
    connection: &impl ConnectionTrait,
    person: &Name,
    below: Option<i64>,
    most: u32,
) -> Result<Vec<Movement>, Error> {
    let sql = format!("SELECT * FROM movement WHERE person = $1 AND number < $2 ORDER BY number DESC LIMIT {most}");
    let values = vec![person.as_str().into(), below.unwrap_or(i64::MAX).into()];
    all(connection, &sql, values).await?.iter().map(row::movement).collect()
}

/// What of the money that the decision at hand gave back to its person's own account paid at once what the person owed. What earlier
/// decisions gave back is no longer offered to the bill, so it is not taken off again.
///
/// # Errors
/// What the database said.
pub async fn repaid(connection: &impl ConnectionTrait, claim: &Claim) -> Result<Fen, Error> {
    // a decision and its movements are of one commit, at one moment
    let sql = "SELECT CAST(coalesce(-sum(m.amount_fen), 0) AS BIGINT) AS repaid FROM decision d \
         JOIN movement m ON m.person = $3 AND m.about = d.claim AND m.kind = 'owed_paid' AND m.moved_at = d.decided_at \
         WHERE d.claim = $1 AND d.revision = $2";
    let revision = i64::from(claim.decided.revision);
    let values = vec![claim.id.as_str().into(), revision.into(), claim.person.as_str().into()];
    let rows = all(connection, sql, values).await?;
    Ok(Fen::new(rows.first().ok_or(Error::Corrupt { what: "a sum" })?.try_get("", "repaid")?))
}

/// Person-years in order, after a place: for verifying them all.
///
/// # Errors
/// What the database said.
pub async fn years(
    connection: &impl ConnectionTrait,
    person: Option<&Name>,
    year: Option<i32>,
    after: Option<&(Name, i32)>,
    most: u32,
) -> Result<Vec<PersonYear>, Error> {
    let mut values: Vec<Value> = Vec::new();
    let mut conditions = vec!["true".to_owned()];
    if let Some(person) = person {
        values.push(person.as_str().into());
        conditions.push(format!("person = ${}", values.len()));
    }
    if let Some(year) = year {
        values.push(i64::from(year).into());
        conditions.push(format!("year = ${}", values.len()));
    }
    if let Some((person, year)) = after {
        values.push(person.as_str().into());
        values.push(i64::from(*year).into());
        conditions.push(format!("(person, year) > (${}, ${})", values.len() - 1, values.len()));
    }
    let sql =
        format!("SELECT * FROM person_year WHERE {} ORDER BY person, year LIMIT {most}", conditions.join(" AND "));
    all(connection, &sql, values).await?.iter().map(row::year).collect()
}

/// How many person-years there are.
///
/// # Errors
/// What the database said.
pub async fn count_years(
    connection: &impl ConnectionTrait,
    person: Option<&Name>,
    year: Option<i32>,
) -> Result<u64, Error> {
    let sql = "SELECT count(*) AS n FROM person_year WHERE ($1 = '' OR person = $1) AND ($2 = 0 OR year = $2)";
    let values = vec![person.map_or("", Name::as_str).into(), i64::from(year.unwrap_or_default()).into()];
    let rows = all(connection, sql, values).await?;
    let count: i64 = rows.first().ok_or(Error::Corrupt { what: "a count" })?.try_get("", "n")?;
    Ok(count.unsigned_abs())
}

/// What the movements of an account add up to, and those of them that are about what its owner owes.
///
/// # Errors
/// What the database said.
pub async fn moved(connection: &impl ConnectionTrait, person: &Name) -> Result<(Fen, Fen), Error> {
    let sql = "SELECT CAST(coalesce(sum(amount_fen), 0) AS BIGINT) AS balance, \
         CAST(coalesce(sum(CASE WHEN kind IN ('owed', 'owed_paid') THEN amount_fen ELSE 0 END), 0) AS BIGINT) AS owed \
         FROM movement WHERE person = $1";
    let rows = all(connection, sql, vec![person.as_str().into()]).await?;
    let row = rows.first().ok_or(Error::Corrupt { what: "a sum" })?;
    Ok((Fen::new(row.try_get("", "balance")?), Fen::new(row.try_get("", "owed")?)))
}

/// Persons with an account and without a year, in order, after a person.
///
/// # Errors
/// What the database said.
pub async fn without_year(
    connection: &impl ConnectionTrait,
    person: Option<&Name>,
    after: Option<&Name>,
    most: u32,
) -> Result<Vec<Name>, Error> {
    let sql = format!(
        "SELECT a.person FROM account a WHERE a.person > $1 AND ($2 = '' OR a.person = $2) AND a.moves > 0 \
         AND NOT EXISTS (SELECT 1 FROM person_year y WHERE y.person = a.person) ORDER BY a.person LIMIT {most}"
    );
    let (after, person) = (after.map_or("", Name::as_str), person.map_or("", Name::as_str));
    all(connection, &sql, vec![after.into(), person.into()]).await?.iter().map(|row| row::name(row, "person")).collect()
}

/// The figures kept with the standing claims of a person-year: total, funds, accounts, cash.
///
/// # Errors
/// What the database said.
pub async fn figures(
    connection: &impl ConnectionTrait,
    (person, year): (Name, i32),
) -> Result<Vec<(Name, [Fen; 4])>, Error> {
    let sql = "SELECT id, total_fen, fund_fen, account_fen, cash_fen FROM claim \
         WHERE person = $1 AND year = $2 AND state <> 'reversed' ORDER BY number";
    let rows = all(connection, sql, vec![person.as_str().into(), i64::from(year).into()]).await?;
    let figures = |row: &QueryResult| {
        let fen = |column| Ok::<_, Error>(Fen::new(row.try_get("", column)?));
        let figures = [fen("total_fen")?, fen("fund_fen")?, fen("account_fen")?, fen("cash_fen")?];
        Ok((row::name(row, "id")?, figures))
    };
    rows.iter().map(figures).collect()
}

/// A standing claim's place in its year, from 1; 0 where it is reversed.
///
/// # Errors
/// What the database said.
pub async fn place_in_year(connection: &impl ConnectionTrait, claim: &Claim) -> Result<u32, Error> {
    let key = (claim.person, claim.year);
    let needs = super::Needs { persons: [claim.person].into(), whole: [key].into(), ..super::Needs::default() };
    let desk = super::load(connection, None, &needs, claim.bill().settled).await?;
    let standing = desk.standing(&desk.year(claim.person, claim.year));
    let at = standing.iter().position(|standing| standing.id == claim.id);
    Ok(at.and_then(|at| u32::try_from(at + 1).ok()).unwrap_or_default())
}
