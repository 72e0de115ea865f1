//! Households and who is in them when.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use store::sea_orm::{ConnectionTrait, QueryResult};
use store::{Error, Tx};

use super::rows::{self, Of, Table};
use crate::domain::Membership;

const HOUSEHOLD: Table = Table {
    name: "household",
    columns: &[
        ("household_id", Of::Text),
        ("division", Of::Text),
        ("import_id", Of::Text),
        ("reference", Of::Text),
        ("recorded_at", Of::Int),
    ],
};
const MEMBERSHIP: Table = Table {
    name: "membership",
    columns: &[
        ("membership_id", Of::Text),
        ("version", Of::Int),
        ("household_id", Of::Text),
        ("person_id", Of::Text),
        ("relation", Of::Text),
        ("from_date", Of::Text),
        ("to_date", Of::Text),
        ("recorded_at", Of::Int),
    ],
};

/// A household to be founded: its id, division, and for an import how the source names it.
pub(crate) struct NewHousehold {
    pub(crate) id: String,
    pub(crate) division: String,
    pub(crate) named: Option<(String, String)>,
}

/// Founds households.
pub(crate) async fn found(tx: &Tx, households: &[NewHousehold], at: DateTime<Utc>) -> Result<(), Error> {
    let row = |household: &NewHousehold| {
        let named = household.named.as_ref();
        json!({
            "household_id": household.id, "division": household.division, "import_id": named.map(|(import, _)| import),
            "reference": named.map(|(_, reference)| reference), "recorded_at": at.timestamp_micros(),
        })
    };
    rows::insert(tx, &HOUSEHOLD, &households.iter().map(row).collect::<Vec<_>>()).await
}

/// The households an import founded under these names: name and id.
pub(crate) async fn named(tx: &Tx, import: &str, references: &[String]) -> Result<Vec<(String, String)>, Error> {
    let among = rows::among(tx, 2);
    let sql = format!("SELECT reference, household_id FROM household WHERE import_id = $1 AND reference IN {among}");
    let found = rows::all(tx, &sql, vec![import.into(), rows::list(references)]).await?;
    found.iter().map(|row| Ok((rows::text(row, "reference")?, rows::text(row, "household_id")?))).collect()
}

/// The division of a household, if there is one.
pub(crate) async fn division(connection: &impl ConnectionTrait, id: &str) -> Result<Option<String>, Error> {
    let sql = "SELECT division FROM household WHERE household_id = $1";
    rows::one(connection, sql, vec![id.into()]).await?.map(|row| rows::text(&row, "division")).transpose()
}

/// Adds versions of memberships.
pub(crate) async fn add_members(tx: &Tx, memberships: &[Membership]) -> Result<(), Error> {
    let row = |membership: &Membership| {
        json!({
            "membership_id": membership.id, "version": membership.version, "household_id": membership.household,
            "person_id": membership.person, "relation": membership.relation.word(),
            "from_date": membership.from.to_string(), "to_date": membership.to.map(|day| day.to_string()),
            "recorded_at": membership.recorded_at.timestamp_micros(),
        })
    };
    rows::insert(tx, &MEMBERSHIP, &memberships.iter().map(row).collect::<Vec<_>>()).await
}

const NEWEST: &str = "recorded_at <= $2 AND NOT EXISTS (SELECT 1 FROM membership later \
     WHERE later.membership_id = m.membership_id AND later.version > m.version AND later.recorded_at <= $2)";

/// Every membership of a person, as known at a moment, in order of first day.
pub(crate) async fn of_person(
    connection: &impl ConnectionTrait,
    person: &str,
    known_at: DateTime<Utc>,
) -> Result<Vec<Membership>, Error> {
    let sql = format!("SELECT * FROM membership m WHERE person_id = $1 AND {NEWEST} ORDER BY from_date, membership_id");
    let found = rows::all(connection, &sql, vec![person.into(), known_at.timestamp_micros().into()]).await?;
    found.iter().map(read).collect()
}

/// Which of these people were ever in a household.
pub(crate) async fn housed(tx: &Tx, people: &[String]) -> Result<Vec<String>, Error> {
    let among = rows::among(tx, 1);
    let sql = format!("SELECT DISTINCT person_id FROM membership WHERE person_id IN {among}");
    rows::all(tx, &sql, vec![rows::list(people)]).await?.iter().map(|row| rows::text(row, "person_id")).collect()
}

/// The members of a household on a day, as known at a moment, in order of first day.
pub(crate) async fn members(
    connection: &impl ConnectionTrait,
    household: &str,
    on: NaiveDate,
    known_at: DateTime<Utc>,
) -> Result<Vec<Membership>, Error> {
    let sql = format!(
        "SELECT * FROM membership m WHERE household_id = $1 AND {NEWEST} AND from_date <= $3 \
         AND (to_date IS NULL OR to_date >= $3) ORDER BY from_date, membership_id"
    );
    let values = vec![household.into(), known_at.timestamp_micros().into(), on.to_string().into()];
    rows::all(connection, &sql, values).await?.iter().map(read).collect()
}

fn read(row: &QueryResult) -> Result<Membership, Error> {
    Ok(Membership {
        id: rows::text(row, "membership_id")?,
        version: rows::int(row, "version")?,
        household: rows::text(row, "household_id")?,
        person: rows::text(row, "person_id")?,
        relation: rows::parsed(row, "relation")?,
        from: rows::parsed(row, "from_date")?,
        to: rows::optional_date(row, "to_date")?,
        recorded_at: rows::moment(row, "recorded_at")?,
    })
}
