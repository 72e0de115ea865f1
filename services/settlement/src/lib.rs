//! Settles bills: decides, books and keeps each in one commit; reverses, refunds, adjusts and replays them.
//!
//! Invariant: the commit is the settlement; nothing of a claim is kept in part, and no remote call is made in a transaction.
//! Invariant: it computes no share: every amount comes out of `policy`, every entry out of `ledger`.

pub mod app;
pub mod catalogue;
pub mod clients;
pub mod config;
pub mod domain;
mod process;
pub mod rpc;
pub mod store;
pub mod wiring;

pub use process::process;
