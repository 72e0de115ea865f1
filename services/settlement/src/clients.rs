//! The services settlement asks.

mod enrolment;

pub use enrolment::Enrolment;
