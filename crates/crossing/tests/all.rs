//! Tests of the crossing: the two machines, the log, and the simulation.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]
mod care;
mod clearing;
mod days;
mod insured;
mod log;
mod sim;
mod support;
