//! Recognised diseases and plans.

use chrono::{DateTime, Utc};
use serde_json::json;
use store::sea_orm::{ConnectionTrait, QueryResult};
use store::{Error, Tx};

use super::rows::{self, Of, Table};
use crate::domain::Qualification;

const QUALIFICATION: Table = Table {
    name: "qualification",
    columns: &[
        ("qualification_id", Of::Text),
        ("version", Of::Int),
        ("person_id", Of::Text),
        ("kind", Of::Text),
        ("name", Of::Text),
        ("from_date", Of::Text),
        ("to_date", Of::Text),
        ("evidence", Of::Text),
        ("operator_id", Of::Text),
        ("reason", Of::Text),
        ("recorded_at", Of::Int),
    ],
};

/// Adds a version of a qualification.
pub(crate) async fn add(tx: &Tx, qualification: &Qualification) -> Result<(), Error> {
    let row = json!({
        "qualification_id": qualification.id, "version": qualification.version, "person_id": qualification.person,
        "kind": qualification.kind.word(), "name": qualification.name, "from_date": qualification.from.to_string(),
        "to_date": qualification.to.map(|day| day.to_string()), "evidence": qualification.evidence,
        "operator_id": qualification.operator, "reason": qualification.reason,
        "recorded_at": qualification.recorded_at.timestamp_micros(),
    });
    rows::insert(tx, &QUALIFICATION, &[row]).await
}

/// The newest version of a qualification.
pub(crate) async fn newest(connection: &impl ConnectionTrait, id: &str) -> Result<Option<Qualification>, Error> {
    let sql = "SELECT * FROM qualification WHERE qualification_id = $1 ORDER BY version DESC LIMIT 1";
    rows::one(connection, sql, vec![id.into()]).await?.map(|row| read(&row)).transpose()
}

/// A person's qualifications as known at a moment, in order of first day.
pub(crate) async fn of_person(
    connection: &impl ConnectionTrait,
    person: &str,
    known_at: DateTime<Utc>,
) -> Result<Vec<Qualification>, Error> {
    let sql = "SELECT * FROM qualification q WHERE person_id = $1 AND recorded_at <= $2 AND NOT EXISTS \
               (SELECT 1 FROM qualification later WHERE later.qualification_id = q.qualification_id \
               AND later.version > q.version AND later.recorded_at <= $2) ORDER BY from_date, qualification_id";
    let found = rows::all(connection, sql, vec![person.into(), known_at.timestamp_micros().into()]).await?;
    found.iter().map(read).collect()
}

fn read(row: &QueryResult) -> Result<Qualification, Error> {
    Ok(Qualification {
        id: rows::text(row, "qualification_id")?,
        version: rows::int(row, "version")?,
        person: rows::text(row, "person_id")?,
        kind: rows::parsed(row, "kind")?,
        name: rows::text(row, "name")?,
        from: rows::parsed(row, "from_date")?,
        to: rows::optional_date(row, "to_date")?,
        evidence: rows::text(row, "evidence")?,
        operator: rows::text(row, "operator_id")?,
        reason: rows::text(row, "reason")?,
        recorded_at: rows::moment(row, "recorded_at")?,
    })
}
