//! The calls: each reads its message, hands it to the verb, and writes the answer.

mod answer;
mod care;
mod clearing;
mod enquiry;
mod filing;
mod peer;
mod read;

pub(crate) use care::Care;
pub(crate) use clearing::{Clearing, ProvinceClearing};
pub(crate) use filing::Filings;
pub(crate) use peer::Messages;
