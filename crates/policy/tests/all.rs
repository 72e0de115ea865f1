//! Tests of the policy engine: golden cases, variants, properties, readers.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

mod broken;
mod check;
mod coverage;
mod filing;
mod golden;
mod held;
mod held_packs;
mod layers;
mod mistakes;
mod national;
mod properties;
mod questions;
mod readers;
mod show;
mod sixth_place;
mod split;
mod statement;
mod support;
mod worlds;
mod year;
