//! Puts on a desk what commands need: locks their persons first, then reads what only the lock makes true.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use money::Fen;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult};
use serde_json::{Value as Json, json};
use store::rows::Kind::{Int, Text};
use store::rows::{self, Columns};
use store::{Error, Tx, journal};
use terms::Name;

use super::{one_stop, row};
use crate::domain::Desk;

/// What commands need.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// Persons whose account or year changes.
    pub persons: BTreeSet<Name>,
    /// Years of persons.
    pub years: BTreeSet<(Name, i32)>,
    /// Bills of institutions that may have been settled.
    pub bills: BTreeSet<(Name, String)>,
    /// Stays of institutions that may have interim claims.
    pub stays: BTreeSet<(Name, String)>,
    /// Fingerprints of invoices.
    pub invoices: BTreeSet<String>,
    /// Ids of account credits.
    pub credits: BTreeSet<String>,
    /// What account debits are for.
    pub debits: BTreeSet<String>,
    /// Days of settlement that may have been reconciled with an institution.
    pub reconciled: BTreeSet<(Name, NaiveDate)>,
    /// Claims that are to be taken out or made smaller, with their whole year.
    pub claims: BTreeSet<Name>,
    /// The same, by institution and the key they were settled under.
    pub keys: BTreeSet<(Name, String)>,
    /// Years of which every standing claim is wanted.
    pub whole: BTreeSet<(Name, i32)>,
    /// Bindings that end.
    pub bindings: BTreeSet<Name>,
    /// Holds of the third system that are to be used.
    pub holds: BTreeSet<Name>,
    /// Owners and relatives that are to be bound.
    pub pairs: BTreeSet<(Name, Name)>,
}

/// What has been found so far.
#[derive(Default)]
struct Found {
    targets: BTreeSet<Name>,
    whole: BTreeSet<(Name, i32)>,
    persons: BTreeSet<Name>,
}

/// Loads a desk; under `lock` every person is locked before anything of theirs is read.
///
/// # Errors
/// What the database said.
pub async fn load(
    connection: &impl ConnectionTrait,
    lock: Option<&Tx>,
    needs: &Needs,
    today: NaiveDate,
) -> Result<Desk, Error> {
    let mut desk = Desk::default();
    let mut found = Found { persons: needs.persons.clone(), whole: needs.whole.clone(), ..Found::default() };
    targets(connection, needs, &mut desk, &mut found).await?;
    bindings(connection, needs, &mut desk, &mut found, today).await?;
    accounts(connection, lock, &mut desk, &found.persons).await?;
    if connection.get_database_backend() != DbBackend::Sqlite && lock.is_some() {
        // What was read to know whom to lock may have changed before they were locked. SQLite locks before anything is read.
        again(connection, lock, needs, (&mut desk, &mut found), today).await?;
    }
    years(connection, needs, &mut desk, &mut found).await?;
    claims(connection, lock, &mut desk, &found).await?;
    used(connection, needs, &mut desk).await?;
    desk.reconciled = super::reconciliation::reconciled(connection, lock, &needs.reconciled, today).await?;
    desk.refused_holds = one_stop::refused(connection, &needs.holds).await?;
    bound(connection, needs, &mut desk, today).await?;
    Ok(desk)
}

/// Reads stays and bindings again, now that their persons are locked; who is new among them is locked late.
async fn again(
    connection: &impl ConnectionTrait,
    lock: Option<&Tx>,
    needs: &Needs,
    (desk, found): (&mut Desk, &mut Found),
    today: NaiveDate,
) -> Result<(), Error> {
    if !needs.stays.is_empty() {
        desk.stays.clear();
        targets(connection, needs, desk, found).await?;
    }
    desk.bindings.clear();
    bindings(connection, needs, desk, found, today).await?;
    let late: BTreeSet<Name> = found.persons.iter().filter(|who| !desk.accounts.contains_key(*who)).copied().collect();
    accounts(connection, lock, desk, &late).await
}

const PAIR: &Columns = &[("a", Text), ("b", Text)];
const ONE: &Columns = &[("a", Text)];

fn pairs<A: serde::Serialize, B: serde::Serialize>(pairs: &BTreeSet<(A, B)>) -> Vec<Json> {
    pairs.iter().map(|(a, b)| json!({ "a": a, "b": b })).collect()
}

fn ones<A: serde::Serialize>(ones: &BTreeSet<A>) -> Vec<Json> {
    ones.iter().map(|a| json!({ "a": a })).collect()
}

/// The claims that are to change, whose persons and years never do.
///
/// Here and where bills are looked up, `institution || ''` keeps the database from going by the institution, which has many
/// claims, instead of by the number, which has one.
async fn targets(
    connection: &impl ConnectionTrait,
    needs: &Needs,
    desk: &mut Desk,
    found: &mut Found,
) -> Result<(), Error> {
    let by_id = "SELECT c.id, c.person, c.year, c.stay FROM {rows} JOIN claim c ON c.id = r.a";
    let by_key =
        "SELECT c.id, c.person, c.year, c.stay FROM {rows} JOIN claim c ON c.key = r.b AND c.institution || '' = r.a";
    let by_stay = "SELECT c.id, c.person, c.year, c.institution, c.stay FROM {rows} \
         JOIN claim c ON c.stay = r.b AND c.institution || '' = r.a WHERE c.stay <> '' AND c.state <> 'reversed'";
    let mut rows = rows::query(connection, by_id, ONE, &ones(&needs.claims), []).await?;
    rows.extend(rows::query(connection, by_key, PAIR, &pairs(&needs.keys), []).await?);
    let stays = rows::query(connection, by_stay, PAIR, &pairs(&needs.stays), []).await?;
    for row in &stays {
        desk.stays.insert((row::name(row, "institution")?, row.try_get("", "stay")?), row::name(row, "id")?);
    }
    for row in rows.iter().chain(&stays) {
        let person = row::name(row, "person")?;
        found.targets.insert(row::name(row, "id")?);
        found.whole.insert((person, year_of(row)?));
        found.persons.insert(person);
    }
    Ok(())
}

fn year_of(row: &QueryResult) -> Result<i32, Error> {
    i32::try_from(row.try_get::<i64>("", "year")?).map_err(|_| Error::Corrupt { what: "year" })
}

/// Whose accounts pay for the persons today, and the persons of the bindings that are to end, which never change.
async fn bindings(
    connection: &impl ConnectionTrait,
    needs: &Needs,
    desk: &mut Desk,
    found: &mut Found,
    today: NaiveDate,
) -> Result<(), Error> {
    let valid = format!(
        "SELECT {BINDING} FROM {{rows}} JOIN binding b ON b.relative = r.a \
         WHERE b.from_date <= $1 AND (b.to_date IS NULL OR b.to_date >= $1) ORDER BY b.from_date, b.id"
    );
    for row in &rows::query(connection, &valid, ONE, &ones(&found.persons), [today.to_string().into()]).await? {
        let binding = row::binding(row)?;
        found.persons.insert(binding.owner);
        desk.bindings.entry(binding.relative).or_default().push(binding);
    }
    let ending = "SELECT b.owner, b.relative FROM {rows} JOIN binding b ON b.id = r.a";
    for row in &rows::query(connection, ending, ONE, &ones(&needs.bindings), []).await? {
        found.persons.extend([row::name(row, "owner")?, row::name(row, "relative")?]);
    }
    Ok(())
}

const BINDING: &str = "b.id, b.owner, b.relative, b.relation, b.from_date, b.to_date";

/// The bindings that are to be made or ended as they stand under the lock of their persons.
async fn bound(
    connection: &impl ConnectionTrait,
    needs: &Needs,
    desk: &mut Desk,
    today: NaiveDate,
) -> Result<(), Error> {
    let named = format!("SELECT {BINDING} FROM {{rows}} JOIN binding b ON b.id = r.a");
    for row in &rows::query(connection, &named, ONE, &ones(&needs.bindings), []).await? {
        let binding = row::binding(row)?;
        desk.named.insert(binding.id, binding);
    }
    let pairs = format!(
        "SELECT {BINDING} FROM {{rows}} JOIN binding b ON b.owner = r.a AND b.relative = r.b \
         WHERE b.to_date IS NULL OR b.to_date >= $1 ORDER BY b.from_date, b.id"
    );
    let today = today.to_string();
    for row in &rows::query(connection, &pairs, PAIR, &self::pairs(&needs.pairs), [today.into()]).await? {
        let binding = row::binding(row)?;
        desk.pairs.entry((binding.owner, binding.relative)).or_default().push(binding);
    }
    Ok(())
}

/// Accounts, which are the locks of their persons: taken in one order, so that two commits wait for each other in turn.
async fn accounts(
    connection: &impl ConnectionTrait,
    lock: Option<&Tx>,
    desk: &mut Desk,
    persons: &BTreeSet<Name>,
) -> Result<(), Error> {
    if persons.is_empty() {
        return Ok(());
    }
    let found = match lock {
        Some(tx) => {
            let sql = "INSERT INTO account (person) SELECT r.a FROM {rows} WHERE true ORDER BY r.a \
                 ON CONFLICT (person) DO UPDATE SET person = excluded.person \
                 RETURNING person, balance_fen, owed_fen, reserved_fen, moves, changes";
            rows::query(tx, sql, ONE, &ones(persons), []).await?
        }
        None => {
            let sql = "SELECT a.person, a.balance_fen, a.owed_fen, a.reserved_fen, a.moves, a.changes FROM {rows} \
                 JOIN account a ON a.person = r.a";
            rows::query(connection, sql, ONE, &ones(persons), []).await?
        }
    };
    for row in &found {
        let (person, account) = row::account(row)?;
        desk.accounts.insert(person, account);
    }
    Ok(())
}

async fn years(
    connection: &impl ConnectionTrait,
    needs: &Needs,
    desk: &mut Desk,
    found: &mut Found,
) -> Result<(), Error> {
    let wanted: BTreeSet<(Name, i32)> = needs.years.union(&found.whole).copied().collect();
    desk.known.clone_from(&wanted);
    let sql = "SELECT y.person, y.year, y.opening, y.by_service_date, y.numbers, y.claims, y.state FROM {rows} \
         JOIN person_year y ON y.person = r.a AND y.year = r.b";
    for row in &rows::query(connection, sql, &[("a", Text), ("b", Int)], &pairs(&wanted), []).await? {
        let year = row::year(row)?;
        if year.by_service_date {
            found.whole.insert((year.person, year.year));
        }
        desk.years.insert((year.person, year.year), year);
    }
    Ok(())
}

/// The standing claims of whole years and the claims that are to change, with what those have booked.
async fn claims(
    connection: &impl ConnectionTrait,
    lock: Option<&Tx>,
    desk: &mut Desk,
    found: &Found,
) -> Result<(), Error> {
    let joined = "JOIN decision d ON d.claim = c.id AND d.revision = c.revision";
    let of_year = format!(
        "SELECT {} FROM {{rows}} JOIN claim c ON c.person = r.a AND c.year = r.b AND c.state <> 'reversed' {joined}",
        row::SELECT
    );
    let of_id = format!("SELECT {} FROM {{rows}} JOIN claim c ON c.id = r.a {joined}", row::SELECT);
    let mut rows = rows::query(connection, &of_year, &[("a", Text), ("b", Int)], &pairs(&found.whole), []).await?;
    rows.extend(rows::query(connection, &of_id, ONE, &ones(&found.targets), []).await?);
    let mut owners = BTreeSet::new();
    for row in &rows {
        let claim = row::claim(row)?;
        owners.extend(claim.decided.draws.iter().map(|draw| draw.owner));
        desk.claims.insert(claim.id, claim);
    }
    // Owners whose binding has ended get back what comes back. They are locked late; the database sorts out a deadlock.
    owners.retain(|owner| !desk.accounts.contains_key(owner));
    accounts(connection, lock, desk, &owners).await?;
    for claim in &found.targets {
        desk.entries.insert(*claim, journal::by_reference(connection, claim.as_str()).await?);
    }
    Ok(())
}

/// What was used before: bills, invoices, credits.
async fn used(connection: &impl ConnectionTrait, needs: &Needs, desk: &mut Desk) -> Result<(), Error> {
    let sql = "SELECT c.id, c.institution, c.bill FROM {rows} \
         JOIN claim c ON c.bill = r.b AND c.institution || '' = r.a AND c.state <> 'reversed'";
    for row in &rows::query(connection, sql, PAIR, &pairs(&needs.bills), []).await? {
        desk.bills.insert((row::name(row, "institution")?, row.try_get("", "bill")?), row::name(row, "id")?);
    }
    let sql = "SELECT i.fingerprint, i.claim FROM {rows} JOIN invoice i ON i.fingerprint = r.a";
    for row in &rows::query(connection, sql, ONE, &ones(&needs.invoices), []).await? {
        desk.evidence.insert(row.try_get("", "fingerprint")?, row::name(row, "claim")?);
    }
    let sql = "SELECT m.about, m.person, m.amount_fen FROM {rows} \
         JOIN movement m ON m.about = r.a AND m.kind IN ('credit', 'brought_in')";
    for row in &rows::query(connection, sql, ONE, &ones(&needs.credits), []).await? {
        let credited = (row::name(row, "person")?, Fen::new(row.try_get("", "amount_fen")?));
        desk.credits.insert(row.try_get("", "about")?, credited);
    }
    let sql = "SELECT m.about FROM {rows} JOIN movement m ON m.about = r.a AND m.kind IN \
         ('relative_premium', 'taken_along', 'taken_back')";
    for row in &rows::query(connection, sql, ONE, &ones(&needs.debits), []).await? {
        desk.debits.insert(row.try_get("", "about")?);
    }
    Ok(())
}
