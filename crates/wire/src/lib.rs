//! The policy's facts, decisions and answers, the ledger's entries, settlement's changes, the messages between provinces and the
//! field's words, to and from their messages.
//!
//! [`read`] turns messages into what the engine takes and keeps every violation with its field's path; [`write`](mod@write)
//! turns what the engine gave into messages and cannot fail.
//!
//! Invariant: it converts and complains of fields; it decides nothing, keeps nothing and chooses no gRPC code.
//! Invariant: a word's spelling stands in `terms` or `policy` and in `proto/`, never here.
//! Invariant: a message between provinces has one form; bytes in another one are not read.
//! Invariant: facts that were written read back as the same facts.

pub mod change;
pub mod crossing;
pub mod page;
pub mod read;
mod words;
pub mod write;

pub use words::{Wired, name};
