//! Asks other services.

mod policies;
mod settlement;

pub use policies::Publications;
pub(crate) use settlement::{NotSaid, OneStop, Outcome};
