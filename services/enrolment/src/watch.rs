//! What the process watches of itself: the ledger's sum, the age of the policy's head, the outbox, which it also keeps short.

use std::sync::Arc;
use std::time::Duration;

use host::{Clock, Gauge, Readiness, Stop, every};
use money::Fen;
use store::{Database, journal, outbox};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::wiring::Policies;

/// How often the books are added up: only what was appended since.
const BOOKS_EVERY: Duration = Duration::from_secs(15);
/// How often health is told of what is degraded.
const HEALTH_EVERY: Duration = Duration::from_secs(1);
/// How often events that were delivered long ago are removed.
const PRUNE_EVERY: Duration = Duration::from_secs(3_600);
/// What a registry may say is degraded (`registry::Health`).
const PARTS: [&str; 4] = ["redis", "database", "registry", "head"];
/// Whose books: two services may be one process.
const OURS: (&str, &str) = ("books", "enrolment");

/// What is watched, and with what.
pub(crate) struct Watch {
    pub(crate) database: Database,
    pub(crate) policies: Policies,
    pub(crate) readiness: Readiness,
    pub(crate) clock: Arc<dyn Clock>,
    /// How long an event stays after it was delivered.
    pub(crate) keep: Duration,
}

/// Watches until asked to stop.
pub(crate) fn watch(watch: Watch, tasks: &mut JoinSet<()>, stop: &Stop) {
    let Watch { database, policies, readiness, clock, keep } = watch;
    let (told, asked) = (readiness.clone(), stop.asked());
    tasks.spawn(books((database.clone(), Arc::clone(&clock)), told, asked));
    tasks.spawn(prune(database, clock, keep, stop.asked()));
    if let Policies::Registry(registry) = policies {
        tasks.spawn(heads(registry, readiness, stop.asked()));
    }
}

async fn books((database, clock): (Database, Arc<dyn Clock>), readiness: Readiness, stop: impl Future<Output = ()>) {
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
        let (sum, waiting, lag, readiness) = (sum.clone(), waiting.clone(), lag.clone(), readiness.clone());
        async move {
            let mut added = added.lock().await;
            match journal::sum_after(database.reader(), added.1).await {
                Ok((more, last)) => *added = (added.0 + more, last),
                Err(error) => tracing::warn!(%error, "the journal was not added up"),
            }
            sum.set_for(OURS.0, OURS.1, added.0.get());
            readiness.degraded("ledger", !added.0.is_zero()).await;
            if let (Ok(count), Ok(oldest)) = (outbox::waiting(&database).await, outbox::oldest_waiting(&database).await)
            {
                waiting.set_for(OURS.0, OURS.1, count);
                let now = clock.now().timestamp_micros();
                let age = oldest.map_or(0, |oldest| now.saturating_sub(oldest).max(0) / 1_000_000);
                lag.set_for(OURS.0, OURS.1, age);
            }
        }
    })
    .await;
}

async fn prune(database: Database, clock: Arc<dyn Clock>, keep: Duration, stop: impl Future<Output = ()>) {
    let keep = i64::try_from(keep.as_micros()).unwrap_or(i64::MAX);
    every(PRUNE_EVERY, stop, || {
        let (database, before) = (database.clone(), clock.now().timestamp_micros().saturating_sub(keep));
        async move {
            if let Err(error) = outbox::prune(&database, before).await {
                tracing::warn!(%error, "events delivered long ago were not removed");
            }
        }
    })
    .await;
}

async fn heads(registry: registry::Registry, readiness: Readiness, stop: impl Future<Output = ()>) {
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
            age.set_for(OURS.0, OURS.1, seconds);
        }
    })
    .await;
}
