//! Keeps who is assisted as what since when, holds the yearly limits of the third system for bills under way, and keeps what
//! settlement has committed of it.
//!
//! Invariant: it computes no share: amounts come out of settlement's Changes, limits out of `policy`, entries out of `ledger`.
//! Invariant: of each limit, pending and posted together never pass the cap; the database itself refuses it.
//! Invariant: a hold ends once, as posted or as voided, and only on settlement's word; nobody guesses.
//! Invariant: a Change is kept once and in order of its person; nothing recorded of a category or share is changed or removed.
//! Invariant: what a settled claim lacks is written in the commit that finds it; of a person's year settlement has at most one question
//! to answer, and no transaction waits for it.
//! Invariant: the watch list is set by the commit that keeps a Change: at its line nobody is on it, and nobody above it is not.
//! Invariant: what departments and people are told is written in the commit that made it true, and holds no name and no number of a document.
//! Invariant: no application is decided by one officer alone; what it brings is granted or booked with the decision, and paid once.
//! Invariant: a document of a list is asked about and forgotten: it is in no table, log or event.

mod app;
mod clients;
mod config;
mod domain;
mod process;
mod rpc;
mod store;
mod watch;
mod wiring;

pub use crate::app::premium::premium_assistance;
pub use crate::app::sms::SmsSettings;
pub use crate::clients::{Publications, Sender};
pub use crate::store::MIGRATIONS;
pub use config::{Config, HOLD_SECONDS, PREFIX, SMS_TRIES, SWEEP_SECONDS};
pub use process::process;
pub use wiring::{Parts, Policies, Running, SmsParts, send_sms, start};
