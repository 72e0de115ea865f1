//! Comparisons of the watch list with a computation from scratch, and what they found.

use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};
use store::rows::{self, Columns, Kind};
use store::sea_orm::{ConnectionTrait, QueryResult};
use store::{Error, Tx};
use terms::{Division, Name};

use super::row;
use crate::domain::WatchDifference;

const COMPARISON: &Columns = &[
    ("comparison_id", Kind::Text),
    ("key", Kind::Text),
    ("division", Kind::Text),
    ("month", Kind::Text),
    ("people_compared", Kind::Int),
    ("people_listed", Kind::Int),
    ("differences", Kind::Int),
    ("begun_at", Kind::Int),
    ("done_at", Kind::Int),
];
const DIFFERENCE: &Columns = &[
    ("comparison_id", Kind::Text),
    ("number", Kind::Int),
    ("kind", Kind::Text),
    ("person_id", Kind::Text),
    ("year", Kind::Int),
    ("sequence", Kind::Int),
    ("kept_burden_fen", Kind::Int),
    ("computed_burden_fen", Kind::Int),
    ("line_fen", Kind::Int),
];

/// A comparison that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Comparison {
    pub(crate) id: Name,
    pub(crate) key: String,
    pub(crate) division: Division,
    /// `YYYY-MM`.
    pub(crate) month: String,
    pub(crate) people: u64,
    pub(crate) listed: u64,
    pub(crate) differences: u64,
    pub(crate) begun_at: DateTime<Utc>,
    pub(crate) done_at: DateTime<Utc>,
}

/// Keeps a comparison with its first differences; where another one was kept under its key meanwhile, gives that.
pub(crate) async fn keep(tx: &Tx, done: &Comparison, found: &[WatchDifference]) -> Result<Comparison, Error> {
    let row = json!({
        "comparison_id": done.id.as_str(), "key": done.key, "division": done.division.to_string(),
        "month": done.month, "people_compared": done.people, "people_listed": done.listed,
        "differences": done.differences, "begun_at": done.begun_at.timestamp_micros(),
        "done_at": done.done_at.timestamp_micros(),
    });
    let kept = rows::insert(tx, "comparison", COMPARISON, &[row], "ON CONFLICT (key) DO NOTHING").await?;
    if kept == 0 {
        return by_key(tx, &done.key).await?.ok_or(Error::Corrupt { what: "a comparison" });
    }
    let row = |(number, one): (i64, &WatchDifference)| {
        json!({
            "comparison_id": done.id.as_str(), "number": number, "kind": one.kind.word(),
            "person_id": one.person.as_str(), "year": one.year, "sequence": one.sequence,
            "kept_burden_fen": one.kept.map(money::Fen::get), "computed_burden_fen": one.computed.get(),
            "line_fen": one.line.map(money::Fen::get),
        })
    };
    let rows: Vec<Json> = (1..).zip(found).map(row).collect();
    rows::insert(tx, "comparison_difference", DIFFERENCE, &rows, "").await?;
    Ok(done.clone())
}

/// A comparison by the key of its call.
pub(crate) async fn by_key(connection: &impl ConnectionTrait, key: &str) -> Result<Option<Comparison>, Error> {
    let sql = "SELECT * FROM comparison WHERE key = $1";
    row::one(connection, sql, vec![key.into()]).await?.as_ref().map(read).transpose()
}

/// A comparison by its id.
pub(crate) async fn by_id(connection: &impl ConnectionTrait, id: Name) -> Result<Option<Comparison>, Error> {
    let sql = "SELECT * FROM comparison WHERE comparison_id = $1";
    row::one(connection, sql, vec![id.as_str().into()]).await?.as_ref().map(read).transpose()
}

/// The first differences of a comparison.
pub(crate) async fn differences(
    connection: &impl ConnectionTrait,
    id: Name,
    most: usize,
) -> Result<Vec<WatchDifference>, Error> {
    let sql = "SELECT * FROM comparison_difference WHERE comparison_id = $1 ORDER BY number LIMIT $2";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let found = row::all(connection, sql, vec![id.as_str().into(), most.into()]).await?;
    found.iter().map(difference).collect()
}

/// The places of a year's claims, and of its entries.
pub(crate) async fn divisions(connection: &impl ConnectionTrait, year: i32) -> Result<Vec<Division>, Error> {
    let sql = "SELECT division FROM claim_fact WHERE year = $1 UNION SELECT division FROM watch_entry WHERE year = $1";
    let found = row::all(connection, sql, vec![i64::from(year).into()]).await?;
    found.iter().map(|found| row::parsed(found, "division")).collect()
}

/// How many differences the last comparison of each division found, all together: for the gauge.
pub(crate) async fn last_found(connection: &impl ConnectionTrait) -> Result<i64, Error> {
    let sql = "SELECT CAST(coalesce(sum(c.differences), 0) AS BIGINT) AS found FROM comparison c WHERE NOT EXISTS \
         (SELECT 1 FROM comparison n WHERE n.division = c.division AND (n.done_at, n.comparison_id) > (c.done_at, c.comparison_id))";
    let found = row::one(connection, sql, Vec::new()).await?.ok_or(Error::Corrupt { what: "a count" })?;
    row::int(&found, "found")
}

fn read(found: &QueryResult) -> Result<Comparison, Error> {
    Ok(Comparison {
        id: row::name(found, "comparison_id")?,
        key: row::text(found, "key")?,
        division: row::parsed(found, "division")?,
        month: row::text(found, "month")?,
        people: row::number(found, "people_compared")?,
        listed: row::number(found, "people_listed")?,
        differences: row::number(found, "differences")?,
        begun_at: row::moment(found, "begun_at")?,
        done_at: row::moment(found, "done_at")?,
    })
}

fn difference(found: &QueryResult) -> Result<WatchDifference, Error> {
    let optional = |column: &str| -> Result<Option<money::Fen>, Error> {
        let amount: Option<i64> = found.try_get("", column)?;
        Ok(amount.map(money::Fen::new))
    };
    Ok(WatchDifference {
        kind: row::parsed(found, "kind")?,
        person: row::name(found, "person_id")?,
        year: row::number(found, "year")?,
        sequence: row::number(found, "sequence")?,
        kept: optional("kept_burden_fen")?,
        computed: row::fen(found, "computed_burden_fen")?,
        line: optional("line_fen")?,
    })
}
