//! Tests of the ledger: entries, golden cases on the books, the journal, refunds, reservations, properties.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

mod account;
mod contribution;
mod crossing;
mod entry;
mod golden;
mod journal;
mod mirror;
mod model;
mod refund;
mod reservation;
mod support;
