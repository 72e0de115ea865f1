//! Settlement's tables: claims and their decisions, person-years, accounts, bindings. All SQL of the service is below here.

mod accounts;
mod load;
mod one_stop;
mod openings;
mod read;
mod reconciliation;
mod row;
mod write;

pub use accounts::{account, bindings, last_claim, offered};
pub use load::{Needs, load};
pub(crate) use one_stop::CHANGE_TOPIC;
pub use one_stop::end_hold;
pub use read::{
    Numbered, Revision, Wanted, claim, claim_ids, count_years, figures, have_ended, history, institution_of,
    last_numbered, moved, movements, page_of_claims, place_in_year, repaid, without_year, years,
};
pub use reconciliation::{
    Ours, Reconciliation, Stored, classify, close_past, compared, differences, our_claims, our_totals, reconciliation,
    record,
};
pub(crate) use row::{bytes_of, sha256};
pub use write::write;

use store::migrations::{Set, Step};

/// The steps of settlement's own tables.
pub const MIGRATIONS: Set = Set {
    owner: "settlement",
    steps: &[
        Step {
            name: "claims",
            sqlite: include_str!("store/sql/claims.sqlite.sql"),
            postgres: include_str!("store/sql/claims.postgres.sql"),
        },
        Step {
            name: "reconciliation",
            sqlite: include_str!("store/sql/reconciliation.sqlite.sql"),
            postgres: include_str!("store/sql/reconciliation.postgres.sql"),
        },
        Step {
            name: "decisions_packed",
            sqlite: include_str!("store/sql/decisions_packed.sqlite.sql"),
            postgres: include_str!("store/sql/decisions_packed.postgres.sql"),
        },
        Step {
            name: "claims_by_number",
            sqlite: include_str!("store/sql/claims_by_number.sqlite.sql"),
            postgres: include_str!("store/sql/claims_by_number.postgres.sql"),
        },
        Step {
            name: "debited_once",
            sqlite: include_str!("store/sql/debited_once.sqlite.sql"),
            postgres: include_str!("store/sql/debited_once.postgres.sql"),
        },
        Step {
            name: "openings",
            sqlite: include_str!("store/sql/openings.sqlite.sql"),
            postgres: include_str!("store/sql/openings.postgres.sql"),
        },
        Step {
            name: "reconciliation_sums",
            sqlite: include_str!("store/sql/reconciliation_sums.sqlite.sql"),
            postgres: include_str!("store/sql/reconciliation_sums.postgres.sql"),
        },
        Step {
            name: "one_stop",
            sqlite: include_str!("store/sql/one_stop.sqlite.sql"),
            postgres: include_str!("store/sql/one_stop.postgres.sql"),
        },
        Step {
            name: "owed",
            sqlite: include_str!("store/sql/owed.sqlite.sql"),
            postgres: include_str!("store/sql/owed.postgres.sql"),
        },
        Step {
            name: "stay_once",
            sqlite: include_str!("store/sql/stay_once.sqlite.sql"),
            postgres: include_str!("store/sql/stay_once.postgres.sql"),
        },
        Step {
            name: "claim_order",
            sqlite: include_str!("store/sql/claim_order.sqlite.sql"),
            postgres: include_str!("store/sql/claim_order.postgres.sql"),
        },
        Step {
            name: "claim_drawn",
            sqlite: include_str!("store/sql/claim_drawn.sqlite.sql"),
            postgres: include_str!("store/sql/claim_drawn.postgres.sql"),
        },
    ],
};
