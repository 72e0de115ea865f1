//! The calls: each reads its message, hands it to the verb, and writes the answer.

mod answer;
mod care;
mod peer;
mod read;

pub(crate) use care::Care;
pub(crate) use peer::Messages;
