//! The service's tables: SQL stands here and nowhere else.

pub(crate) mod audit;
pub(crate) mod credits;
pub(crate) mod duplicates;
pub(crate) mod enrolments;
pub(crate) mod households;
pub(crate) mod imports;
pub(crate) mod people;
pub(crate) mod premiums;
pub(crate) mod qualifications;
pub(crate) mod report;
mod rows;
pub(crate) mod transfers;

use ::store::migrations::{SHARED, Set, Step};

/// The steps of this service's database, the shared tables first.
pub const MIGRATIONS: &[Set] = &[
    SHARED,
    Set {
        owner: "enrolment",
        steps: &[
            Step {
                name: "enrolment",
                sqlite: include_str!("store/sql/enrolment.sqlite.sql"),
                postgres: include_str!("store/sql/enrolment.postgres.sql"),
            },
            Step {
                name: "confirmation",
                sqlite: include_str!("store/sql/confirmation.sqlite.sql"),
                postgres: include_str!("store/sql/confirmation.postgres.sql"),
            },
            Step {
                name: "mistakes",
                sqlite: include_str!("store/sql/mistakes.sqlite.sql"),
                postgres: include_str!("store/sql/mistakes.postgres.sql"),
            },
            Step {
                name: "free_again",
                sqlite: include_str!("store/sql/free_again.sqlite.sql"),
                postgres: include_str!("store/sql/free_again.postgres.sql"),
            },
            Step {
                name: "premium",
                sqlite: include_str!("store/sql/premium.sqlite.sql"),
                postgres: include_str!("store/sql/premium.postgres.sql"),
            },
        ],
    },
];
