//! The wire carries what the engine takes and gives, and says of every field that cannot be read where it stands.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

mod changes;
mod crossing;
mod decisions;
mod entries;
mod golden;
mod mistakes;
mod plain;
mod random;
mod support;
mod words;
