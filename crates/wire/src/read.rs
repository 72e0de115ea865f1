//! From messages: every violation of a field is kept in [`rpc::Violations`], relative to where its walk stands; `None` where
//! something that is needed is missing or wrong, and then a violation says so.

mod bill;
mod change;
mod facts;
mod lists;
mod person;
mod plain;
mod question;
mod texts;

pub use bill::{LINES_READ_AT_MOST, Lookup, ReadBill, bill};
pub use change::{change, claim_stand, standing_year, year_stand};
pub use facts::{accumulators, facts};
pub use lists::LIST_AT_MOST;
pub use person::person;
pub use plain::{
    date, division, fen, fen_any, moment, optional_date, optional_version, page, period, rate, version, year,
};
pub use plain::{optional_word, word};
pub use question::{contribution_facts, coverage_facts, indicator_facts, watch_facts};
pub use texts::{id, key, name, optional_name, optional_text, text};
