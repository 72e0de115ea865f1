//! Tests of the services together, each a process of its own: the one test binary of the package.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

mod audit;
mod cluster;
mod fails;
mod kills;
// programs built for release have no failpoints
#[cfg(debug_assertions)]
mod matrix;
mod premiums;
mod town;
mod twice;
