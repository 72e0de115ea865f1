//! Who the service calls: other provinces, and its bureau's settlement.

mod lines;
mod settlement;

pub(crate) use lines::{Lines, Unanswered};
pub(crate) use settlement::{Decision, Settlement, Settling};
