//! Tests of the policy engine: golden cases, variants, properties, readers.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

mod broken;
mod coverage;
mod golden;
mod mistakes;
mod national;
mod properties;
mod questions;
mod readers;
mod sixth_place;
mod support;
mod worlds;
mod year;
