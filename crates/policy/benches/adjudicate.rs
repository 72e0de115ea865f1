//! Benchmarks of the policy engine.

fn main() {}
