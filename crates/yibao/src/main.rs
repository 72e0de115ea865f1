//! The command line of the suite.
//!
//! Invariant: this binary reads files and writes to the terminal; every figure comes from the policy crate.

fn main() {}
