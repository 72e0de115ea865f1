//! The service's tables: SQL stands here and nowhere else.

pub(crate) mod adoptions;
pub(crate) mod applications;
pub(crate) mod categories;
pub(crate) mod claims;
pub(crate) mod comparisons;
pub(crate) mod desks;
pub(crate) mod holds;
pub(crate) mod imports;
pub(crate) mod limits;
pub(crate) mod mends;
pub(crate) mod offers;
pub(crate) mod people;
pub(crate) mod plans;
pub(crate) mod premiums;
pub(crate) mod reports;
mod row;
pub(crate) mod watches;

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
    Set {
        owner: "assistance",
        steps: &[
            step!("assistance"),
            step!("mend"),
            step!("adoption"),
            step!("import"),
            step!("opening_zero"),
            step!("watch"),
            step!("application"),
            step!("report"),
            step!("watch_place"),
            step!("premium"),
            step!("offer"),
            step!("same_bill"),
        ],
    },
];
