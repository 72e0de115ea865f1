//! Tests of the settlement service: the one test binary of the package.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

mod answers;
mod catalogue;
mod golden;
mod process;
mod registry;
mod support;
