//! The services settlement asks.

mod assistance;
mod enrolment;

pub use assistance::{Assistance, Reserved, Reserving, Waits};
pub use enrolment::Enrolment;
