//! Asks other services.

mod settlement;

pub(crate) use settlement::{Debit, Settlement};
