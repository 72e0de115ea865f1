//! Claims for reports, page by page behind the last row that was read: no statement reads more than a page, and none waits for a reader.

use chrono::NaiveDate;
use money::Fen;
use serde::Deserialize;
use store::Error;
use store::sea_orm::{ConnectionTrait, DbBackend, QueryResult, Value};
use terms::{Name, Scheme, Word as _};

use super::row;
use crate::domain::{Counted, Month, Territory};

/// Which claims are reported.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) from: Month,
    pub(crate) to: Month,
    /// None: both.
    pub(crate) scheme: Option<Scheme>,
    /// Only rows up to this one count: all pages are of one state then.
    pub(crate) mark: i64,
    /// Rows of a page.
    pub(crate) page: u32,
}

/// A page of rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    /// The claims that stand.
    pub(crate) claims: Vec<Counted>,
    /// The last row, of a claim that stands or not; none: there are no more.
    pub(crate) last: Option<Behind>,
}

/// A row behind which the next page begins.
#[derive(Clone, Debug, Default)]
pub(crate) struct Behind {
    division: String,
    month: String,
    person: String,
    claim: String,
    number: i64,
}

/// Rows, and whether each stands: the newest of its claim up to the mark, and not reversed. That is asked of the rows of the page alone; as
/// a condition it would let a database sort everything for each page.
const ROWS: &str = "SELECT f.number, f.claim_id, f.person_id, f.division, f.settled_month, f.care, f.category, f.total_fen, \
     f.within_scope_fen, f.fund_fen, f.cash_fen, f.payers, CAST(CASE WHEN EXISTS (SELECT 1 FROM claim_share s \
     WHERE s.claim_id = f.claim_id AND s.revision = f.revision) THEN 1 ELSE 0 END AS BIGINT) AS is_assisted, \
     CAST(CASE WHEN f.reversed = 0 AND NOT EXISTS (SELECT 1 FROM claim_fact n WHERE n.claim_id = f.claim_id \
     AND n.number <= $1 AND (n.revision > f.revision OR (n.revision = f.revision AND n.reversed > f.reversed))) \
     THEN 1 ELSE 0 END AS BIGINT) AS stands \
     FROM claim_fact f WHERE f.number <= $1 AND f.settled_month BETWEEN $2 AND $3 AND ($4 = '' OR f.scheme = $4)";

/// The claims of a territory by place and month, and then by person: those behind a row.
pub(crate) async fn by_place(
    connection: &impl ConnectionTrait,
    wanted: &Wanted,
    territory: Territory,
    behind: &Behind,
) -> Result<Page, Error> {
    let sql = format!(
        "{ROWS} AND f.division BETWEEN $5 AND $6 \
         AND (f.division, f.settled_month, f.person_id, f.claim_id, f.number) > ($7, $8, $9, $10, $11) \
         ORDER BY f.division, f.settled_month, f.person_id, f.claim_id, f.number LIMIT $12"
    );
    let (first, last) = territory.codes();
    let Behind { division, month, person, claim, number } = behind.clone();
    let place: [Value; 8] = [
        first.into(),
        last.into(),
        division.into(),
        month.into(),
        person.into(),
        claim.into(),
        number.into(),
        i64::from(wanted.page).into(),
    ];
    read(connection, &sql, wanted, place).await
}

/// The claims of territories by person: those behind a row.
pub(crate) async fn by_person(
    connection: &impl ConnectionTrait,
    wanted: &Wanted,
    territories: &[Territory],
    behind: &Behind,
) -> Result<Page, Error> {
    // SQLite would take the index of places, and sort everything for each page
    let place = if connection.get_database_backend() == DbBackend::Sqlite { "+f.division" } else { "f.division" };
    let between = |one: &Territory| {
        let (first, last) = one.codes();
        format!("{place} BETWEEN '{first}' AND '{last}'")
    };
    let places: Vec<String> = territories.iter().map(between).collect();
    let sql = format!(
        "{ROWS} AND ({}) AND (f.person_id, f.claim_id, f.number) > ($5, $6, $7) \
         ORDER BY f.person_id, f.claim_id, f.number LIMIT $8",
        places.join(" OR ")
    );
    let Behind { person, claim, number, .. } = behind.clone();
    let place: [Value; 4] = [person.into(), claim.into(), number.into(), i64::from(wanted.page).into()];
    read(connection, &sql, wanted, place).await
}

async fn read(
    connection: &impl ConnectionTrait,
    sql: &str,
    wanted: &Wanted,
    place: impl IntoIterator<Item = Value>,
) -> Result<Page, Error> {
    let scheme = wanted.scheme.map(Scheme::word).unwrap_or_default();
    let mut values: Vec<Value> =
        vec![wanted.mark.into(), wanted.from.to_string().into(), wanted.to.to_string().into(), scheme.into()];
    values.extend(place);
    let found = row::all(connection, sql, values).await?;
    let mut page = Page::default();
    for one in &found {
        if row::flag(one, "stands")? {
            page.claims.push(counted(one)?);
        }
    }
    page.last = found.last().map(behind).transpose()?;
    Ok(page)
}

fn behind(found: &QueryResult) -> Result<Behind, Error> {
    Ok(Behind {
        division: row::text(found, "division")?,
        month: row::text(found, "settled_month")?,
        person: row::text(found, "person_id")?,
        claim: row::text(found, "claim_id")?,
        number: row::int(found, "number")?,
    })
}

/// The number of the row that was added last; 0 for none.
pub(crate) async fn newest(connection: &impl ConnectionTrait) -> Result<i64, Error> {
    let sql = "SELECT CAST(coalesce(max(number), 0) AS BIGINT) AS newest FROM claim_fact";
    let found = row::one(connection, sql, Vec::new()).await?.ok_or(Error::Corrupt { what: "a number" })?;
    row::int(&found, "newest")
}

/// The transactions that may still add rows with numbers that are given already. SQLite has none: who writes there, writes alone.
pub(crate) async fn adding(connection: &impl ConnectionTrait) -> Result<Vec<String>, Error> {
    if connection.get_database_backend() != DbBackend::Postgres {
        return Ok(Vec::new());
    }
    let sql = "SELECT DISTINCT virtualtransaction AS id FROM pg_locks WHERE locktype = 'relation' AND granted \
         AND mode = 'RowExclusiveLock' AND relation = 'claim_fact'::regclass \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    row::all(connection, sql, Vec::new()).await?.iter().map(|found| row::text(found, "id")).collect()
}

/// What a payer paid, as it is kept.
#[derive(Deserialize)]
struct Share {
    payer: String,
    amount_fen: i64,
}

fn counted(found: &QueryResult) -> Result<Counted, Error> {
    const MONTH: Error = Error::Corrupt { what: "settled_month" };
    let month: NaiveDate = format!("{}-01", row::text(found, "settled_month")?).parse().map_err(|_| MONTH)?;
    let share = |share: Share| {
        let payer = Name::new(&share.payer).map_err(|_| Error::Corrupt { what: "payers" })?;
        Ok((payer, Fen::new(share.amount_fen)))
    };
    let payers: Vec<Share> = row::json(found, "payers")?;
    Ok(Counted {
        claim: row::name(found, "claim_id")?,
        person: row::name(found, "person_id")?,
        division: row::parsed(found, "division")?,
        month: Month::of(month),
        care: row::parsed(found, "care")?,
        category: row::parsed(found, "category")?,
        total: row::fen(found, "total_fen")?,
        within_scope: row::fen(found, "within_scope_fen")?,
        fund: row::fen(found, "fund_fen")?,
        cash: row::fen(found, "cash_fen")?,
        payers: payers.into_iter().map(share).collect::<Result<_, Error>>()?,
        is_assisted: row::flag(found, "is_assisted")?,
    })
}
