//! Asks other services.

mod assistance;
mod policies;
mod settlement;

pub(crate) use assistance::Assistance;
pub use policies::Publications;
pub(crate) use settlement::{Debit, Settlement};
