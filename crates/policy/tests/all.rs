//! Tests of the policy engine: golden cases, variants, properties, readers.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

mod check;
mod golden;
mod show;
mod support;
