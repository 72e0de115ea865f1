//! What the process watches of itself besides what every service does: holds that are overdue, Changes that were refused, and
//! what of settled claims is still to be put right.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use host::{Clock, Gauge, Readiness, Stop, every};
use store::Database;
use tokio::task::JoinSet;

use crate::store::{comparisons, holds, mends};
use crate::wiring::Policies;

/// How often they are looked at.
const HEALTH_EVERY: Duration = Duration::from_secs(1);
/// How often what is to be put right is counted: it changes slowly.
const MENDS_EVERY: Duration = Duration::from_secs(15);
/// How long an event stays after it was delivered.
const OUTBOX_KEEP: Duration = Duration::from_secs(30 * 86_400);
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
    tasks.spawn(overdue(database.clone(), Arc::clone(&clock), refused, stop.asked()));
    tasks.spawn(to_be_mended(database.clone(), stop.asked()));
    let registry = match policies {
        Policies::Registry(registry) => Some(registry),
        Policies::Fixed(_) => None,
    };
    let keep = Some(OUTBOX_KEEP);
    ::watch::Watch { books: OURS.1, database, registry, readiness, clock, keep }.begin(tasks, stop);
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

async fn to_be_mended(database: Database, stop: impl Future<Output = ()>) {
    let open =
        Gauge::register("yibao.mends.open", "{claim}", "Shares of settled claims that are still to be put right.");
    let count = "Years of people that settlement cannot decide anew: they stand as they were.";
    let years = Gauge::register("yibao.reassessments.refused", "{year}", count);
    let count = "Differences the last comparison of the watch list found in each division, together: zero, or something is wrong.";
    let found = Gauge::register("yibao.watch.differences", "{person}", count);
    every(MENDS_EVERY, stop, || {
        let (database, open, years, found) = (database.clone(), open.clone(), years.clone(), found.clone());
        async move {
            match comparisons::last_found(database.reader()).await {
                Ok(differences) => found.set_for(OURS.0, OURS.1, differences),
                Err(error) => tracing::warn!(%error, "differences of the watch list were not counted"),
            }
            match mends::open_and_refused(database.reader()).await {
                Ok((lacking, refused)) => {
                    open.set_for(OURS.0, OURS.1, lacking);
                    years.set_for(OURS.0, OURS.1, refused);
                }
                Err(error) => tracing::warn!(%error, "what is to be put right was not counted"),
            }
        }
    })
    .await;
}
