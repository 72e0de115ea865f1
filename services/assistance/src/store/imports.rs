//! Imports of departments' lists, and what they found.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use store::rows::{self, Columns, Kind};
use store::sea_orm::{ConnectionTrait, DbBackend, QueryResult};
use store::{Error, Tx};
use terms::{Name, Word as _};

use super::{categories, row};
use crate::domain::{Authority, Difference, DifferenceKind, Grant, Import, List};

const IMPORT: &Columns = &[
    ("import_id", Kind::Text),
    ("office", Kind::Text),
    ("authority_division", Kind::Text),
    ("authority_name", Kind::Text),
    ("division", Kind::Text),
    ("category", Kind::Text),
    ("treated_as", Kind::Text),
    ("as_of_date", Kind::Text),
    ("full_list", Kind::Int),
    ("mode", Kind::Text),
    ("source", Kind::Text),
    ("operator_id", Kind::Text),
    ("rows_total", Kind::Int),
    ("rows_read", Kind::Int),
    ("found", Kind::Text),
    ("state", Kind::Text),
    ("begun_at", Kind::Int),
    ("committed_at", Kind::Int),
];
const DIFFERENCE: &Columns = &[
    ("import_id", Kind::Text),
    ("position", Kind::Int),
    ("row_number", Kind::Int),
    ("kind", Kind::Text),
    ("person_id", Kind::Text),
    ("before_grant", Kind::Text),
    ("after_grant", Kind::Text),
    ("problems", Kind::Text),
];

/// Begins an import if nobody has, and locks it until the transaction ends: as it stands.
pub(crate) async fn begin(tx: &Tx, new: &Import) -> Result<Import, Error> {
    rows::insert(tx, "category_import", IMPORT, &[import_row(new)?], "ON CONFLICT (import_id) DO NOTHING").await?;
    let lock = if tx.get_database_backend() == DbBackend::Postgres { " FOR UPDATE" } else { "" };
    let sql = format!("SELECT * FROM category_import WHERE import_id = $1{lock}");
    let found = row::one(tx, &sql, vec![new.id.as_str().into()]).await?;
    read(&found.ok_or(Error::Corrupt { what: "an import" })?)
}

/// An import.
pub(crate) async fn by_id(connection: &impl ConnectionTrait, id: &str) -> Result<Option<Import>, Error> {
    let sql = "SELECT * FROM category_import WHERE import_id = $1";
    row::one(connection, sql, vec![id.into()]).await?.as_ref().map(read).transpose()
}

/// Writes how far an import is.
pub(crate) async fn advance(tx: &Tx, import: &Import) -> Result<(), Error> {
    let sql = "UPDATE category_import SET rows_total = r.rows_total, rows_read = r.rows_read, found = r.found, \
         state = r.state, committed_at = r.committed_at FROM {rows} WHERE category_import.import_id = r.import_id";
    rows::execute(tx, sql, IMPORT, &[import_row(import)?]).await.map(|_| ())
}

fn import_row(import: &Import) -> Result<Json, Error> {
    let Import { list, .. } = import;
    let found: BTreeMap<&str, u64> = import.found.iter().map(|(kind, count)| (kind.word(), *count)).collect();
    Ok(json!({
        "import_id": import.id, "office": list.authority.office.word(),
        "authority_division": list.authority.division.to_string(), "authority_name": list.authority.name,
        "division": list.division.to_string(), "category": list.category.word(),
        "treated_as": list.treated_as.map(terms::Word::word), "as_of_date": list.as_of.to_string(),
        "full_list": i64::from(list.is_full), "mode": list.mode.word(), "source": list.source,
        "operator_id": list.operator, "rows_total": import.rows_total, "rows_read": import.rows_read,
        "found": row::to_json(&found)?, "state": import.state.word(),
        "begun_at": import.begun_at.timestamp_micros(), "committed_at": import.committed_at.timestamp_micros(),
    }))
}

fn read(found: &QueryResult) -> Result<Import, Error> {
    let authority = Authority {
        office: row::parsed(found, "office")?,
        division: row::parsed(found, "authority_division")?,
        name: row::text(found, "authority_name")?,
    };
    let list = List {
        authority,
        division: row::parsed(found, "division")?,
        category: row::parsed(found, "category")?,
        treated_as: row::optional(found, "treated_as")?,
        as_of: row::date(found, "as_of_date")?,
        is_full: row::flag(found, "full_list")?,
        mode: row::parsed(found, "mode")?,
        source: row::text(found, "source")?,
        operator: row::text(found, "operator_id")?,
    };
    let counts: BTreeMap<String, u64> = row::json(found, "found")?;
    let kind = |(word, count): (String, u64)| Some((word.parse::<DifferenceKind>().ok()?, count));
    Ok(Import {
        id: row::text(found, "import_id")?,
        list,
        rows_total: row::number(found, "rows_total")?,
        rows_read: row::number(found, "rows_read")?,
        found: counts.into_iter().filter_map(kind).collect(),
        state: row::parsed(found, "state")?,
        begun_at: row::moment(found, "begun_at")?,
        committed_at: row::moment(found, "committed_at")?,
    })
}

/// Which of these people the list has named before, by a row's number.
pub(crate) async fn named(tx: &Tx, import: &str, people: &[Name]) -> Result<BTreeMap<Name, u64>, Error> {
    let people: Vec<Json> = people.iter().map(|person| json!({"person_id": person.as_str()})).collect();
    let sql = "SELECT d.person_id, d.row_number FROM {rows} JOIN category_difference d ON d.person_id = r.person_id \
         WHERE d.import_id = $1";
    let found = rows::query(tx, sql, &[("person_id", Kind::Text)], &people, [import.into()]).await?;
    found.iter().map(|found| Ok((row::name(found, "person_id")?, row::number(found, "row_number")?))).collect()
}

/// Grants of the list's category by its authority in its division that hold on its day, whose people the list did not name;
/// the first of them.
pub(crate) async fn missing(tx: &Tx, import: &Import, most: u32) -> Result<Vec<Grant>, Error> {
    let List { authority, division, category, as_of, .. } = &import.list;
    let sql = "SELECT g.* FROM category_grant g WHERE g.category = $1 AND g.office = $2 AND g.authority_division = $3 \
         AND (g.list_division = $4 OR (g.list_division = '' AND g.authority_division = $4)) AND g.taken_back = 0 \
         AND g.from_date <= $5 AND (g.to_date IS NULL OR g.to_date >= $5) \
         AND NOT EXISTS (SELECT 1 FROM category_grant n WHERE n.grant_id = g.grant_id AND n.version > g.version) \
         AND NOT EXISTS (SELECT 1 FROM category_difference d WHERE d.import_id = $6 AND d.person_id = g.person_id) \
         ORDER BY g.person_id, g.grant_id LIMIT $7";
    let values = vec![
        category.word().into(),
        authority.office.word().into(),
        authority.division.to_string().into(),
        division.to_string().into(),
        as_of.to_string().into(),
        import.id.as_str().into(),
        i64::from(most).into(),
    ];
    row::all(tx, sql, values).await?.iter().map(categories::read).collect()
}

/// Adds differences.
pub(crate) async fn add(tx: &Tx, import: &str, differences: &[Difference]) -> Result<(), Error> {
    let text = |grant: &Option<Grant>| {
        grant.as_ref().map(|grant| categories::row_of(grant).map(|row| row.to_string())).transpose()
    };
    let row = |one: &Difference| {
        Ok(json!({
            "import_id": import, "position": one.position, "row_number": one.row, "kind": one.kind.word(),
            "person_id": one.person, "before_grant": text(&one.before)?, "after_grant": text(&one.after)?,
            "problems": row::to_json(&one.problems)?,
        }))
    };
    let differences: Vec<Json> = differences.iter().map(row).collect::<Result<_, Error>>()?;
    rows::insert(tx, "category_difference", DIFFERENCE, &differences, "").await.map(|_| ())
}

/// Differences after a place, in order of it; those of some kinds, or all where none is named.
pub(crate) async fn differences(
    connection: &impl ConnectionTrait,
    (import, kinds): (&str, &[DifferenceKind]),
    after: u64,
    most: u32,
) -> Result<Vec<Difference>, Error> {
    let words: Vec<String> = kinds.iter().map(|kind| format!("'{}'", kind.word())).collect();
    let only = if words.is_empty() { String::new() } else { format!(" AND kind IN ({})", words.join(", ")) };
    let sql = format!(
        "SELECT * FROM category_difference WHERE import_id = $1 AND position > $2{only} ORDER BY position LIMIT $3"
    );
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let found = row::all(connection, &sql, vec![import.into(), after.into(), i64::from(most).into()]).await?;
    let grant = |found: &QueryResult, column: &'static str| {
        let text: Option<String> = found.try_get("", column)?;
        text.map(|text| categories::of_text(&text)).transpose()
    };
    let read = |found: &QueryResult| {
        Ok(Difference {
            position: row::number(found, "position")?,
            row: row::number(found, "row_number")?,
            kind: row::parsed(found, "kind")?,
            person: found.try_get("", "person_id")?,
            before: grant(found, "before_grant")?,
            after: grant(found, "after_grant")?,
            problems: row::json(found, "problems")?,
        })
    };
    found.iter().map(read).collect()
}
