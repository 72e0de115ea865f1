//! What every service watches of itself and says by gauges and health: its ledger's sum, the age of its policy's head, its outbox,
//! which it also keeps short.
//!
//! Invariant: it changes nothing but events that were delivered long ago.
//! Invariant: every figure says by its attribute `books` whose it is: several services may be one process.

use std::sync::Arc;
use std::time::Duration;

use host::{Clock, Gauge, Readiness, Stop, every};
use money::Fen;
use registry::Registry;
use store::{Database, journal, outbox};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

/// How often the books are added up: only what was appended since.
const BOOKS_EVERY: Duration = Duration::from_secs(15);
/// How often health is told of what is degraded.
const HEALTH_EVERY: Duration = Duration::from_secs(1);
/// How often events that were delivered long ago are removed.
const PRUNE_EVERY: Duration = Duration::from_secs(3_600);
/// What a registry may say is degraded (`registry::Health`).
const PARTS: [&str; 4] = ["redis", "database", "registry", "head"];

/// What is watched, and with what.
#[derive(Clone)]
pub struct Watch {
    /// Whose books these are: the service's name.
    pub books: &'static str,
    /// Where they are.
    pub database: Database,
    /// Where policies come from; none where they are handed in.
    pub registry: Option<Registry>,
    /// What health says.
    pub readiness: Readiness,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How long an event stays after it was delivered; none where the service tells nobody anything.
    pub keep: Option<Duration>,
}

impl Watch {
    /// Watches until asked to stop.
    pub fn begin(self, tasks: &mut JoinSet<()>, stop: &Stop) {
        let books = self.clone();
        let asked = stop.asked();
        tasks.spawn(async move { books.books(asked).await });
        if let Some(keep) = self.keep {
            let (database, clock) = (self.database.clone(), Arc::clone(&self.clock));
            tasks.spawn(prune(database, clock, keep, stop.asked()));
        }
        if let Some(registry) = self.registry {
            tasks.spawn(heads(self.books, registry, self.readiness, stop.asked()));
        }
    }

    async fn books(self, stop: impl Future<Output = ()>) {
        let gauges = Gauges::register();
        let added = Arc::new(Mutex::new((Fen::ZERO, 0)));
        every(BOOKS_EVERY, stop, || {
            let (watch, gauges, added) = (self.clone(), gauges.clone(), Arc::clone(&added));
            async move { watch.add_up(&gauges, &mut *added.lock().await).await }
        })
        .await;
    }

    /// Adds up what was appended since the last time.
    async fn add_up(&self, gauges: &Gauges, added: &mut (Fen, i64)) {
        let say = |gauge: &Gauge, amount| gauge.set_for("books", self.books, amount);
        match journal::sum_after(self.database.reader(), added.1).await {
            Ok((more, last)) => *added = (added.0 + more, last),
            Err(error) => tracing::warn!(%error, "the journal was not added up"),
        }
        say(&gauges.sum, added.0.get());
        self.readiness.degraded("ledger", !added.0.is_zero()).await;
        let oldest = outbox::oldest_waiting(&self.database).await;
        if let (Ok(count), Ok(oldest)) = (outbox::waiting(&self.database).await, oldest) {
            say(&gauges.waiting, count);
            let now = self.clock.now().timestamp_micros();
            say(&gauges.lag, oldest.map_or(0, |oldest| now.saturating_sub(oldest).max(0) / 1_000_000));
        }
    }
}

/// What is said of the books.
#[derive(Clone)]
struct Gauges {
    sum: Gauge,
    waiting: Gauge,
    lag: Gauge,
}

impl Gauges {
    fn register() -> Self {
        let sum = "Debits less credits of the whole journal: zero, or something is wrong.";
        Self {
            sum: Gauge::register("yibao.ledger.sum", "fen", sum),
            waiting: Gauge::register("yibao.outbox.waiting", "{event}", "Events nobody has taken yet."),
            lag: Gauge::register("yibao.outbox.lag", "s", "Age of the oldest event nobody has taken yet."),
        }
    }
}

/// Lets a registry follow the truth that another process has, named `of`. Where that is not there nothing can be decided: health
/// says so, calls are answered with UNAVAILABLE, and once it was seen serving begins by itself.
pub async fn follow(
    registry: Registry,
    of: &'static str,
    readiness: Readiness,
    (tasks, stop): (&mut JoinSet<()>, &Stop),
) {
    // As long as it answers it is waited for: compiling takes its time, and callers that come meanwhile wait too.
    let is_late = registry.see().await.is_err();
    if is_late {
        readiness.waits_for(Some(of)).await;
    }
    let (seeing, following) = (stop.asked(), stop.asked());
    tasks.spawn(async move {
        if is_late {
            tokio::select! {
                () = seeing => return,
                () = registry.seen() => {}
            }
            readiness.waits_for(None).await;
        }
        registry.follow(following).await;
    });
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

async fn heads(books: &'static str, registry: Registry, readiness: Readiness, stop: impl Future<Output = ()>) {
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
            age.set_for("books", books, seconds);
        }
    })
    .await;
}
