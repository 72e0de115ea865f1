//! To messages. Nothing here fails: what the engine and the ledger gave has a message.

mod answer;
mod change;
mod citation;
mod decision;
mod entry;
mod facts;
mod national;
mod payment;
mod plain;
mod problem;
mod split;
mod step;

pub use answer::{contribution, coverage, found_value, indicator, watch};
pub use change::{change, claim_stand, standing_year, third_system, year_stand};
pub use citation::{citation, clause, refusal};
pub use decision::{decision, settlement};
pub use entry::entry;
pub use facts::{
    accumulators, bill, contribution_facts, coverage_facts, facts, indicator_facts, parts, person, watch_facts,
};
pub use national::national;
pub use payment::payments;
pub use plain::{date, moment, optional_date, period, word};
pub use problem::problem;
pub use split::split;
