//! What tests of stores and services need: databases and caches that live as long as the test,
//! and a service's program as an operator runs it.
//!
//! Invariant: it is a dev-dependency only, and leaves nothing behind, also where the test process is killed.

#![expect(clippy::expect_used, reason = "a test that cannot get its database fails")]

mod authority;
mod ports;
mod postgres;
mod program;
mod proxy;
mod redis;

use std::time::Duration;

pub use authority::{Authority, Issued, signing_key};
pub use ports::free_ports;
pub use postgres::Postgres;
pub use program::{Ended, Program, Serving};
pub use proxy::{Line, Proxy};
pub use redis::Redis;

/// Runs a test's body on an empty SQLite file and then on an empty PostgreSQL database, by their URLs.
///
/// # Panics
/// Where the body does, or takes longer than three minutes.
pub fn on_both<F, Fut>(body: F)
where
    F: Fn(String) -> Fut,
    Fut: Future<Output = ()>,
{
    on_sqlite(&body);
    on_postgres(&body);
}

/// Runs a test's body on an empty SQLite file, by its URL.
///
/// # Panics
/// Where the body does, or takes longer than three minutes.
pub fn on_sqlite<F, Fut>(body: F)
where
    F: FnOnce(String) -> Fut,
    Fut: Future<Output = ()>,
{
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    run(body(format!("sqlite:{}", folder.path().join("test.db").display())));
}

/// Runs a test's body on an empty PostgreSQL database, by its URL.
///
/// # Panics
/// Where the body does, or takes longer than three minutes.
pub fn on_postgres<F, Fut>(body: F)
where
    F: FnOnce(String) -> Fut,
    Fut: Future<Output = ()>,
{
    let server = Postgres::start();
    run(body(server.url()));
}

/// Runs a test's body.
///
/// # Panics
/// Where the body does, or takes longer than three minutes.
pub fn run(body: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let limited = async { tokio::time::timeout(Duration::from_secs(180), body).await };
    runtime.expect("a runtime can be made").block_on(limited).expect("the test ends in time");
}
