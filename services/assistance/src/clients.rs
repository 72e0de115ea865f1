//! Asks other services.

mod enrolment;
mod policies;
mod settlement;

pub(crate) use enrolment::{Directory, Document};
pub use policies::Publications;
pub(crate) use settlement::{Burden, NotSaid, OneStop, Outcome, cause_number};
