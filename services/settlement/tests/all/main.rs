//! Tests of the settlement service: the one test binary of the package.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

mod accounts;
mod amounts;
mod answers;
mod away;
mod bindings;
mod catalogue;
mod counter;
mod crash;
mod crossing;
mod crowd;
mod defects;
mod failpoints;
mod findings;
mod following;
mod golden;
mod input;
mod once;
mod one_stop;
mod process;
mod reading;
mod reconciliation;
mod registry;
mod regression;
mod settled_day;
mod split;
mod support;
mod uncovered;
mod verbs;
mod versions;
mod world;
