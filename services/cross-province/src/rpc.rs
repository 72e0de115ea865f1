//! The calls: each reads its message, hands it to the verb, and writes the answer.

mod answer;
mod care;
mod clearing;
mod peer;
mod read;

pub(crate) use care::Care;
pub(crate) use clearing::{Clearing, ProvinceClearing};
pub(crate) use peer::Messages;
