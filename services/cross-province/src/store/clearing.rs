//! Monthly clearing at the centre: months, items, rows of sheets, disputes.

pub(crate) mod disputes;
pub(crate) mod items;
pub(crate) mod own;
pub(crate) mod periods;
pub(crate) mod sheets;

use chrono::NaiveDate;
use crossing::clearing::Month;
use store::Error;
use store::sea_orm::{DbBackend, QueryResult};

use super::row;

/// How a row is read in a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lock {
    /// As it is.
    None,
    /// So that nobody changes it before the transaction ends.
    Shared,
    /// So that nobody reads it for writing beside.
    Alone,
}

impl Lock {
    /// What a SELECT ends with. SQLite has one writer at a time.
    const fn sql(self, backend: DbBackend) -> &'static str {
        match (backend, self) {
            (DbBackend::Postgres, Self::Shared) => " FOR SHARE",
            (DbBackend::Postgres, Self::Alone) => " FOR UPDATE",
            _ => "",
        }
    }
}

/// The month of a column; none.
fn month(found: &QueryResult, column: &'static str) -> Result<Option<Month>, Error> {
    let text: Option<String> = found.try_get("", column)?;
    text.map(|text| text.parse().map_err(|_| Error::Corrupt { what: column })).transpose()
}

/// The day of a column; none.
fn day(found: &QueryResult, column: &'static str) -> Result<Option<NaiveDate>, Error> {
    let text: Option<String> = found.try_get("", column)?;
    text.map(|text| text.parse().map_err(|_| Error::Corrupt { what: column })).transpose()
}
