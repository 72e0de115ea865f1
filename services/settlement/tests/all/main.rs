//! Tests of the settlement service: the one test binary of the package.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

mod accounts;
mod answers;
mod catalogue;
mod counter;
mod golden;
mod reconciliation;
mod registry;
mod support;
