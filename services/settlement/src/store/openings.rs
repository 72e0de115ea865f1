//! Starts that were given to years: each is kept, also where another one corrects it.

use serde_json::json;
use store::Error;
use store::batch::Batch;
use store::rows::Columns;
use store::rows::Kind::{Int, Text};

use crate::domain::Opened;

const OPENING: &Columns = &[
    ("id", Text),
    ("person", Text),
    ("year", Int),
    ("division", Text),
    ("start", Text),
    ("source", Text),
    ("operator", Text),
    ("replaces", Text),
    ("opened_at", Int),
];

/// Adds what a commit gave to what it writes.
pub(super) fn add(batch: &mut Batch, openings: &[Opened]) -> Result<(), Error> {
    let row = |opened: &Opened| {
        let Opened { person, year, opening, replaces, at } = opened;
        let start = serde_json::to_string(&opening.start).map_err(|_| Error::Corrupt { what: "a start" })?;
        Ok(json!({
            "id": opening.id, "person": person, "year": year,
            "division": opening.division.map(|division| division.to_string()), "start": start,
            "source": opening.source, "operator": opening.operator, "replaces": replaces,
            "opened_at": at.timestamp_micros(),
        }))
    };
    let rows = openings.iter().map(row).collect::<Result<Vec<_>, Error>>()?;
    batch.insert("write.openings", ("opening", OPENING), &rows, "")
}
