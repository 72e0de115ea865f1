//! Tests of the cross-province service: two provinces with real databases, real messages and the real settlement of one of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

mod believed;
mod broken;
mod centre;
mod certificates;
mod cleared;
mod clearing;
mod enquiries;
mod enrols;
mod filings;
mod lines;
mod log;
mod pair;
mod processes;
mod program;
mod thin;
