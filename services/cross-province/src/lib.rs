//! Settles bills between provinces: as place of care for this province's hospitals, as place of insurance for its people.
//!
//! What a message or a call makes of a bill is decided by the machines of `crossing`, which its simulation drives too; this service
//! keeps their states, carries their effects out, and keeps every message that was sent or believed.
//!
//! Invariant: a bill's state, its messages, its items and its entries are kept in one commit; what is sent was kept before.
//! Invariant: nothing is believed that is not its sender's, or of which the sender may not speak.
//! Invariant: no call to another service or province is made while a transaction is open.
//! Invariant: a bill is booked at the place of care only with the receipt of the place of insurance.
//! Invariant: it computes no share: what is owed comes out of settlement, or out of a receipt.
//! Invariant: no name, document or telephone is in its tables, messages or logs.

mod app;
mod clients;
mod config;
mod domain;
mod process;
mod rpc;
mod store;
mod wiring;

pub use crate::app::verify_log;
pub use crate::store::MIGRATIONS;
pub use clients::Policies;
pub use config::{Config, PREFIX, Serving};
pub use domain::{Peer, Peers, PeersError};
pub use process::process;
pub use wiring::{Parts, Running, default_terms, start};
