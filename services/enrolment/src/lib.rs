//! Enrols people, takes premiums, says who is covered when as known when, and books the income of the funds.
//!
//! Invariant: every fact has the days for which it holds and the moment at which it was recorded; nothing recorded changes.
//! Invariant: it computes no premium and no share: amounts come out of `policy`, entries out of `ledger`.

mod app;
mod clients;
mod config;
mod domain;
mod process;
mod rpc;
mod store;
mod wiring;

pub use crate::app::verify::{Difference, Verified, premium_assistance, verify};
pub use crate::clients::Publications;
pub use crate::store::MIGRATIONS;
pub use config::{Config, OUTBOX_KEEP_DAYS, PREFIX};
pub use process::process;
pub use wiring::{Parts, Policies, Running, start};
