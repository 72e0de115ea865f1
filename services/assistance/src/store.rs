//! The service's tables: SQL stands here and nowhere else.

pub(crate) mod categories;
pub(crate) mod desks;
pub(crate) mod holds;
pub(crate) mod limits;
pub(crate) mod people;
mod row;

use ::store::migrations::{SHARED, Set, Step};

/// The steps of this service's database, the shared tables first.
pub const MIGRATIONS: &[Set] = &[
    SHARED,
    Set {
        owner: "assistance",
        steps: &[Step {
            name: "assistance",
            sqlite: include_str!("store/sql/assistance.sqlite.sql"),
            postgres: include_str!("store/sql/assistance.postgres.sql"),
        }],
    },
];
