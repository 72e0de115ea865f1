//! What the process watches of itself, and says by gauges and health: the ledger's sum, the age of the policy's head, the outbox.

use std::sync::Arc;
use std::time::Duration;

use host::{Clock, Gauge, Readiness, Stop, every};
use money::Fen;
use registry::Registry;
use store::{Database, journal, outbox};
use tokio::sync::Mutex;

/// How often the books are added up: only what was appended since.
const BOOKS_EVERY: Duration = Duration::from_secs(15);
/// How often health is told of what is degraded.
const HEALTH_EVERY: Duration = Duration::from_secs(1);
/// What the registry may say is degraded (`registry::Health`).
const PARTS: [&str; 3] = ["redis", "database", "head"];

/// Watches until asked to stop.
pub(crate) fn watch(
    (database, registry): (&Database, &Registry),
    readiness: Readiness,
    clock: Arc<dyn Clock>,
    stop: &Stop,
) {
    let (database, books_stop) = (database.clone(), stop.asked());
    tokio::spawn(async move { books(database, clock, books_stop).await });
    let (registry, health_stop) = (registry.clone(), stop.asked());
    tokio::spawn(async move { health(registry, readiness, health_stop).await });
}

async fn books(database: Database, clock: Arc<dyn Clock>, stop: impl Future<Output = ()>) {
    let sum = Gauge::register(
        "yibao.ledger.sum",
        "fen",
        "Debits less credits of the whole journal: zero, or something is wrong.",
    );
    let waiting = Gauge::register("yibao.outbox.waiting", "{event}", "Events nobody has taken yet.");
    let lag = Gauge::register("yibao.outbox.lag", "s", "Age of the oldest event nobody has taken yet.");
    let added = Arc::new(Mutex::new((Fen::ZERO, 0)));
    every(BOOKS_EVERY, stop, || {
        let (database, clock, added) = (database.clone(), Arc::clone(&clock), Arc::clone(&added));
        let (sum, waiting, lag) = (sum.clone(), waiting.clone(), lag.clone());
        async move {
            let mut added = added.lock().await;
            match journal::sum_after(database.reader(), added.1).await {
                Ok((more, last)) => *added = (added.0 + more, last),
                Err(error) => tracing::warn!(%error, "the journal was not added up"),
            }
            sum.set(added.0.get());
            if let (Ok(count), Ok(oldest)) = (outbox::waiting(&database).await, outbox::oldest_waiting(&database).await)
            {
                waiting.set(count);
                let now = clock.now().timestamp_micros();
                lag.set(oldest.map_or(0, |oldest| now.saturating_sub(oldest) / 1_000_000));
            }
        }
    })
    .await;
}

async fn health(registry: Registry, readiness: Readiness, stop: impl Future<Output = ()>) {
    let age = Gauge::register(
        "yibao.policy.head_age",
        "s",
        "Time since the heads of the policy were last looked at in the database.",
    );
    every(HEALTH_EVERY, stop, || {
        let (registry, readiness, age) = (registry.clone(), readiness.clone(), age.clone());
        async move {
            let health = registry.health();
            for part in PARTS {
                readiness.degraded(part, health.degraded.contains(&part)).await;
            }
            let seconds = health.age.map_or(i64::MAX, |age| i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
            age.set(seconds);
        }
    })
    .await;
}
