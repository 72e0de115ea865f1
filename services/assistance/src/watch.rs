//! What the process watches of itself: the ledger's sum, holds that are overdue, the age of the policy's head.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use host::{Clock, Gauge, Readiness, Stop, every};
use money::Fen;
use store::{Database, journal};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::store::holds;
use crate::wiring::Policies;

/// How often the books are added up: only what was appended since.
const BOOKS_EVERY: Duration = Duration::from_secs(15);
/// How often overdue holds and the heads are looked at.
const HEALTH_EVERY: Duration = Duration::from_secs(1);
/// What a registry may say is degraded (`registry::Health`).
const PARTS: [&str; 4] = ["redis", "database", "registry", "head"];
/// Whose books: several services may be one process.
const OURS: (&str, &str) = ("books", "assistance");

/// What is watched, and with what.
pub(crate) struct Watch {
    pub(crate) database: Database,
    pub(crate) policies: Policies,
    pub(crate) readiness: Readiness,
    pub(crate) clock: Arc<dyn Clock>,
    /// How often a Change was refused since the process began.
    pub(crate) refused: Arc<AtomicI64>,
}

/// Watches until asked to stop.
pub(crate) fn watch(watch: Watch, tasks: &mut JoinSet<()>, stop: &Stop) {
    let Watch { database, policies, readiness, clock, refused } = watch;
    tasks.spawn(books(database.clone(), readiness.clone(), stop.asked()));
    tasks.spawn(overdue(database, clock, refused, stop.asked()));
    if let Policies::Registry(registry) = policies {
        tasks.spawn(heads(registry, readiness, stop.asked()));
    }
}

async fn books(database: Database, readiness: Readiness, stop: impl Future<Output = ()>) {
    let sum = Gauge::register(
        "yibao.ledger.sum",
        "fen",
        "Debits less credits of the whole journal: zero, or something is wrong.",
    );
    let added = Arc::new(Mutex::new((Fen::ZERO, 0)));
    every(BOOKS_EVERY, stop, || {
        let (database, added, sum, readiness) = (database.clone(), Arc::clone(&added), sum.clone(), readiness.clone());
        async move {
            let mut added = added.lock().await;
            match journal::sum_after(database.reader(), added.1).await {
                Ok((more, last)) => *added = (added.0 + more, last),
                Err(error) => tracing::warn!(%error, "the journal was not added up"),
            }
            sum.set_for(OURS.0, OURS.1, added.0.get());
            readiness.degraded("ledger", !added.0.is_zero()).await;
        }
    })
    .await;
}

async fn overdue(database: Database, clock: Arc<dyn Clock>, refused: Arc<AtomicI64>, stop: impl Future<Output = ()>) {
    let count =
        Gauge::register("yibao.holds.overdue", "{hold}", "Holds whose time has passed and that are still pending.");
    let age = Gauge::register("yibao.holds.overdue_age", "s", "How long the time of the oldest of them has passed.");
    let refusals = Gauge::register(
        "yibao.changes.refused",
        "{change}",
        "How often a Change of settlement could not be kept since the process began: zero, or something is wrong.",
    );
    every(HEALTH_EVERY, stop, || {
        let (database, now) = (database.clone(), clock.now().timestamp_micros());
        let (count, age) = (count.clone(), age.clone());
        refusals.set_for(OURS.0, OURS.1, refused.load(Ordering::Relaxed));
        async move {
            match holds::overdue(database.reader(), now).await {
                Ok((overdue, oldest)) => {
                    count.set_for(OURS.0, OURS.1, overdue);
                    let passed = oldest.map_or(0, |oldest| now.saturating_sub(oldest).max(0) / 1_000_000);
                    age.set_for(OURS.0, OURS.1, passed);
                }
                Err(error) => tracing::warn!(%error, "overdue holds were not counted"),
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
