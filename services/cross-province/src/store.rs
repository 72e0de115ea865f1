//! The service's tables: SQL stands here and nowhere else.

pub(crate) mod bills;
pub(crate) mod clearing;
pub(crate) mod filings;
pub(crate) mod items;
pub(crate) mod links;
mod row;

use ::store::migrations::{SHARED, Set, Step};

macro_rules! step {
    ($name:literal) => {
        Step {
            name: $name,
            sqlite: include_str!(concat!("store/sql/", $name, ".sqlite.sql")),
            postgres: include_str!(concat!("store/sql/", $name, ".postgres.sql")),
        }
    };
}

/// The steps of this service's database, the shared tables first.
pub const MIGRATIONS: &[Set] = &[
    SHARED,
    Set { owner: "cross-province", steps: &[step!("log"), step!("bill"), step!("filing"), step!("clearing")] },
];
