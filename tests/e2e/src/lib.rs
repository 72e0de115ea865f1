//! Tests of the services together: real processes, each with a database of its own, killed at every step. There is nothing here but
//! the tests and the programs they start, which are the services' own.
//!
//! Invariant: what looks at the books (`tests/all/audit.rs`) knows neither `policy` nor `ledger`; it adds up whole fen by itself.
//! Invariant: a process that is killed is killed by SIGKILL, and comes back at its address with its database and nothing else.
