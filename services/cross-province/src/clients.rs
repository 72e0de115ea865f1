//! Who the service calls: other provinces, and its bureau's settlement, policy registry and enrolment.

mod enrolment;
mod lines;
mod policies;
mod settlement;

pub(crate) use enrolment::{Enrolment, Insurance};
pub(crate) use lines::{Lines, Unanswered};
pub use policies::Policies;
pub(crate) use policies::Publications;
pub(crate) use settlement::{Decision, FiledAs, Settlement, Settling};
