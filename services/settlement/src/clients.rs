//! The services settlement asks.

mod assistance;
mod enrolment;

pub use assistance::{Assistance, Reserved, Reserving};
pub use enrolment::Enrolment;
