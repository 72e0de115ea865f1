//! The store's tests, each on SQLite and on PostgreSQL.

// `cfg(test)` on each module: helpers of tests may `unwrap`, as tests may.
#[cfg(test)]
mod idempotency;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod relay;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod support;
#[cfg(test)]
mod transactions;
