//! Categories: every version of every grant.

use chrono::{DateTime, NaiveDate};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use store::rows::{self, Columns, Kind};
use store::sea_orm::{ConnectionTrait, QueryResult};
use store::{Error, Tx};
use terms::{Name, Word as _};

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
    ("import_id", Kind::Text),
    ("list_division", Kind::Text),
    ("application_id", Kind::Text),
];

/// Adds versions of grants.
pub(crate) async fn add(tx: &Tx, grants: &[Grant]) -> Result<(), Error> {
    let rows: Vec<Json> = grants.iter().map(row_of).collect::<Result<_, _>>()?;
    rows::insert(tx, "category_grant", GRANT, &rows, "").await.map(|_| ())
}

/// A version of a grant as a row.
pub(super) fn row_of(grant: &Grant) -> Result<Json, Error> {
    let Grant { terms, .. } = grant;
    Ok(json!({
        "grant_id": grant.id, "version": grant.version, "person_id": grant.person,
        "category": terms.category.word(), "treated_as": terms.treated_as.map(terms::Word::word),
        "from_date": terms.from.to_string(), "to_date": terms.to.map(|to| to.to_string()),
        "office": terms.authority.office.word(), "authority_division": terms.authority.division.to_string(),
        "authority_name": terms.authority.name, "evidence": row::to_json(&terms.evidence)?,
        "taken_back": i64::from(grant.taken_back), "claw_back": i64::from(grant.claw_back),
        "operator_id": grant.operator, "reason": grant.reason, "recorded_at": grant.recorded_at.timestamp_micros(),
        "import_id": grant.import, "list_division": grant.list_division.map(|of| of.to_string()).unwrap_or_default(),
        "application_id": grant.application.map(|of| of.to_string()).unwrap_or_default(),
    }))
}

/// Every version of a person's grants.
pub(crate) async fn of_person(connection: &impl ConnectionTrait, person: &str) -> Result<Vec<Grant>, Error> {
    let sql = "SELECT * FROM category_grant WHERE person_id = $1 ORDER BY grant_id, version";
    row::all(connection, sql, vec![person.into()]).await?.iter().map(read).collect()
}

/// Every version of these people's grants.
pub(crate) async fn of_all(connection: &impl ConnectionTrait, people: &[Name]) -> Result<Vec<Grant>, Error> {
    let people: Vec<Json> = people.iter().map(|person| json!({"person_id": person.as_str()})).collect();
    of_people(connection, &people).await
}

/// Every version of people's grants.
pub(super) async fn of_people(connection: &impl ConnectionTrait, people: &[Json]) -> Result<Vec<Grant>, Error> {
    let sql = "SELECT g.* FROM {rows} JOIN category_grant g ON g.person_id = r.person_id";
    rows::query(connection, sql, &[("person_id", Kind::Text)], people, []).await?.iter().map(read).collect()
}

/// The newest version of a grant.
pub(crate) async fn newest(connection: &impl ConnectionTrait, grant: &str) -> Result<Option<Grant>, Error> {
    let sql = "SELECT * FROM category_grant WHERE grant_id = $1 ORDER BY version DESC LIMIT 1";
    row::one(connection, sql, vec![grant.into()]).await?.as_ref().map(read).transpose()
}

pub(super) fn read(row: &QueryResult) -> Result<Grant, Error> {
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
        import: row::text(row, "import_id")?,
        application: Some(row::name(row, "application_id")?).filter(|of| !of.is_empty()),
        list_division: Some(row::text(row, "list_division")?)
            .filter(|of| !of.is_empty())
            .map(|of| of.parse().map_err(|_| Error::Corrupt { what: "list_division" }))
            .transpose()?,
    })
}

/// A row that was kept as text, such as what an import found.
#[derive(Deserialize)]
struct Kept {
    grant_id: String,
    version: u32,
    person_id: String,
    category: String,
    treated_as: Option<String>,
    from_date: NaiveDate,
    to_date: Option<NaiveDate>,
    office: String,
    authority_division: String,
    authority_name: String,
    evidence: String,
    taken_back: i64,
    claw_back: i64,
    operator_id: String,
    reason: String,
    recorded_at: i64,
    import_id: String,
    list_division: String,
    /// Not in texts of before there were applications.
    #[serde(default)]
    application_id: String,
}

/// A version of a grant out of a text made of [`row_of`].
pub(super) fn of_text(text: &str) -> Result<Grant, Error> {
    let corrupt = || Error::Corrupt { what: "a grant that was kept as text" };
    let kept: Kept = serde_json::from_str(text).map_err(|_| corrupt())?;
    let authority = Authority {
        office: kept.office.parse().map_err(|()| corrupt())?,
        division: kept.authority_division.parse().map_err(|_| corrupt())?,
        name: kept.authority_name,
    };
    let treated_as = kept.treated_as.map(|word| word.parse()).transpose().map_err(|_| corrupt())?;
    let terms = Terms {
        category: kept.category.parse().map_err(|_| corrupt())?,
        treated_as,
        from: kept.from_date,
        to: kept.to_date,
        authority,
        evidence: serde_json::from_str(&kept.evidence).map_err(|_| corrupt())?,
    };
    let list_division = Some(kept.list_division).filter(|of| !of.is_empty());
    let application = Name::new(&kept.application_id).map_err(|_| corrupt())?;
    Ok(Grant {
        id: kept.grant_id,
        version: kept.version,
        person: kept.person_id,
        terms,
        taken_back: kept.taken_back != 0,
        claw_back: kept.claw_back != 0,
        operator: kept.operator_id,
        reason: kept.reason,
        recorded_at: DateTime::from_timestamp_micros(kept.recorded_at).ok_or_else(corrupt)?,
        import: kept.import_id,
        application: Some(application).filter(|of| !of.is_empty()),
        list_division: list_division.map(|of| of.parse()).transpose().map_err(|_| corrupt())?,
    })
}
