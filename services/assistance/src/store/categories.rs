//! Categories: every version of every grant.

use serde_json::json;
use store::rows::{self, Columns, Kind};
use store::sea_orm::{ConnectionTrait, QueryResult};
use store::{Error, Tx};
use terms::Word as _;

use super::row;
use crate::domain::{Authority, Grant, Terms};

const GRANT: &Columns = &[
    ("grant_id", Kind::Text),
    ("version", Kind::Int),
    ("person_id", Kind::Text),
    ("category", Kind::Text),
    ("treated_as", Kind::Text),
    ("from_date", Kind::Text),
    ("to_date", Kind::Text),
    ("office", Kind::Text),
    ("authority_division", Kind::Text),
    ("authority_name", Kind::Text),
    ("evidence", Kind::Text),
    ("taken_back", Kind::Int),
    ("claw_back", Kind::Int),
    ("operator_id", Kind::Text),
    ("reason", Kind::Text),
    ("recorded_at", Kind::Int),
];

/// Adds a version of a grant.
pub(crate) async fn add(tx: &Tx, grant: &Grant) -> Result<(), Error> {
    let Grant { terms, .. } = grant;
    let row = json!({
        "grant_id": grant.id, "version": grant.version, "person_id": grant.person,
        "category": terms.category.word(), "treated_as": terms.treated_as.map(terms::Word::word),
        "from_date": terms.from.to_string(), "to_date": terms.to.map(|to| to.to_string()),
        "office": terms.authority.office.word(), "authority_division": terms.authority.division.to_string(),
        "authority_name": terms.authority.name, "evidence": row::to_json(&terms.evidence)?,
        "taken_back": i64::from(grant.taken_back), "claw_back": i64::from(grant.claw_back),
        "operator_id": grant.operator, "reason": grant.reason, "recorded_at": grant.recorded_at.timestamp_micros(),
    });
    rows::insert(tx, "category_grant", GRANT, &[row], "").await.map(|_| ())
}

/// Every version of a person's grants.
pub(crate) async fn of_person(connection: &impl ConnectionTrait, person: &str) -> Result<Vec<Grant>, Error> {
    let sql = "SELECT * FROM category_grant WHERE person_id = $1 ORDER BY grant_id, version";
    row::all(connection, sql, vec![person.into()]).await?.iter().map(read).collect()
}

/// The newest version of a grant.
pub(crate) async fn newest(connection: &impl ConnectionTrait, grant: &str) -> Result<Option<Grant>, Error> {
    let sql = "SELECT * FROM category_grant WHERE grant_id = $1 ORDER BY version DESC LIMIT 1";
    row::one(connection, sql, vec![grant.into()]).await?.as_ref().map(read).transpose()
}

fn read(row: &QueryResult) -> Result<Grant, Error> {
    let authority = Authority {
        office: row::parsed(row, "office")?,
        division: row::parsed(row, "authority_division")?,
        name: row::text(row, "authority_name")?,
    };
    let terms = Terms {
        category: row::parsed(row, "category")?,
        treated_as: row::optional(row, "treated_as")?,
        from: row::date(row, "from_date")?,
        to: row::optional(row, "to_date")?,
        authority,
        evidence: row::json(row, "evidence")?,
    };
    Ok(Grant {
        id: row::text(row, "grant_id")?,
        version: row::number(row, "version")?,
        person: row::text(row, "person_id")?,
        terms,
        taken_back: row::flag(row, "taken_back")?,
        claw_back: row::flag(row, "claw_back")?,
        operator: row::text(row, "operator_id")?,
        reason: row::text(row, "reason")?,
        recorded_at: row::moment(row, "recorded_at")?,
    })
}
