//! Duplicate enrolments and how they were resolved.

use serde_json::json;
use store::sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Error, Tx};

use super::rows::{self, Of, Table};
use crate::domain::{Duplicate, Resolution};

const DUPLICATE: Table = Table {
    name: "duplicate",
    columns: &[
        ("duplicate_id", Of::Text),
        ("person_id", Of::Text),
        ("enrolments", Of::Text),
        ("standing", Of::Text),
        ("recorded_at", Of::Int),
    ],
};
const RESOLUTION: Table = Table {
    name: "duplicate_resolution",
    columns: &[
        ("duplicate_id", Of::Text),
        ("kept", Of::Text),
        ("reason", Of::Text),
        ("operator_id", Of::Text),
        ("recorded_at", Of::Int),
    ],
};

const READ: &str =
    "SELECT d.*, r.kept FROM duplicate d LEFT JOIN duplicate_resolution r ON r.duplicate_id = d.duplicate_id";

/// Adds duplicates that were found.
pub(crate) async fn add(tx: &Tx, duplicates: &[Duplicate]) -> Result<(), Error> {
    let mut given = Vec::with_capacity(duplicates.len());
    for duplicate in duplicates {
        given.push(json!({
            "duplicate_id": duplicate.id, "person_id": duplicate.person,
            "enrolments": rows::to_json(&duplicate.enrolments)?, "standing": duplicate.standing,
            "recorded_at": duplicate.recorded_at.timestamp_micros(),
        }));
    }
    rows::insert(tx, &DUPLICATE, &given).await
}

/// Records how a duplicate was resolved.
pub(crate) async fn resolve(tx: &Tx, id: &str, resolution: &Resolution) -> Result<(), Error> {
    let row = json!({
        "duplicate_id": id, "kept": resolution.kept, "reason": resolution.reason, "operator_id": resolution.operator,
        "recorded_at": resolution.recorded_at.timestamp_micros(),
    });
    rows::insert(tx, &RESOLUTION, &[row]).await
}

/// A duplicate.
pub(crate) async fn by_id(connection: &impl ConnectionTrait, id: &str) -> Result<Option<Duplicate>, Error> {
    let row = rows::one(connection, &format!("{READ} WHERE d.duplicate_id = $1"), vec![id.into()]).await?;
    row.map(|row| read(&row)).transpose()
}

/// What a list asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) person: Option<String>,
    pub(crate) divisions: Option<Vec<String>>,
    pub(crate) with_resolved: bool,
}

/// Duplicates in the order in which they were found, from `offset` on, at most `most`.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    wanted: &Wanted,
    (offset, most): (u64, u64),
) -> Result<Vec<Duplicate>, Error> {
    let page = |number: u64| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
    let mut values = vec![page(most), page(offset)];
    let mut sql = format!("{READ} WHERE 1 = 1");
    if !wanted.with_resolved {
        sql.push_str(" AND r.kept IS NULL");
    }
    if let Some(person) = &wanted.person {
        values.push(person.as_str().into());
        sql.push_str(&format!(" AND d.person_id = ${}", values.len()));
    }
    if let Some(divisions) = &wanted.divisions {
        values.push(rows::list(divisions));
        let among = rows::among(connection, u8::try_from(values.len()).unwrap_or(u8::MAX));
        // the standing one and those that do not stand: any of them
        sql.push_str(&format!(
            " AND EXISTS (SELECT 1 FROM enrolment e WHERE e.person_id = d.person_id AND e.division IN {among} \
             AND d.enrolments LIKE '%\"' || e.enrolment_id || '\"%')"
        ));
    }
    sql.push_str(" ORDER BY d.recorded_at, d.duplicate_id LIMIT $1 OFFSET $2");
    rows::all(connection, &sql, values).await?.iter().map(read).collect()
}

fn read(row: &QueryResult) -> Result<Duplicate, Error> {
    let kept: Option<String> = row.try_get("", "kept")?;
    Ok(Duplicate {
        id: rows::text(row, "duplicate_id")?,
        person: rows::text(row, "person_id")?,
        enrolments: rows::json(row, "enrolments")?,
        standing: rows::text(row, "standing")?,
        resolved: kept.is_some(),
        recorded_at: rows::moment(row, "recorded_at")?,
    })
}
