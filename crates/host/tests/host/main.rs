//! Processes of the suite as their callers see them: real ports, real clients, a real receiver of telemetry.

#![allow(clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod catalogue;
mod configuration;
mod draining;
mod faults;
mod periodic;
mod reflection;
mod sizes;
mod telemetry;
