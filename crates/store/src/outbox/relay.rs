use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use tokio::sync::Notify;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, timeout, timeout_at};

use super::{Event, Taken, Turn, taken};
use crate::{Database, Error, Tx};

/// Which topics a relay takes. Relays of one database that share none neither wait for nor slow each other; a key is one's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Topics {
    /// All.
    #[default]
    All,
    /// These.
    Only(&'static [&'static str]),
    /// All others.
    But(&'static [&'static str]),
}

impl Topics {
    /// What a statement says of them; a topic is a name of the program, without a quote.
    pub(super) fn clause(self) -> String {
        let (not, topics) = match self {
            Self::All => return String::new(),
            Self::Only(topics) => ("", topics),
            Self::But(topics) => (" NOT", topics),
        };
        let topics: Vec<String> = topics.iter().map(|topic| format!("'{}'", topic.replace('\'', "''"))).collect();
        format!(" AND waiting.topic{not} IN ({})", topics.join(", "))
    }
}

/// How a relay works; the default suits a service.
#[derive(Clone, Debug)]
pub struct RelaySettings {
    /// The most deliveries at once, each of another key.
    pub most: u16,
    /// How long no other relay takes what this one took. A delivery that takes three quarters of it is given up, so that
    /// what became of it is recorded in time.
    pub lease: Duration,
    /// How often it looks for events nobody woke it for.
    pub poll: Duration,
    /// After it took events, how long it lets others gather before it takes again, so that what is delivered together is written
    /// down together; nothing: it takes as soon as a delivery ends.
    pub gather: Duration,
    /// The longest wait after the first failure of an event; it doubles with each, and a part of it is drawn by lot.
    pub backoff: Duration,
    /// The longest wait after any failure.
    pub backoff_max: Duration,
    /// Which topics it takes.
    pub topics: Topics,
    /// Wakes the relay: whoever committed events calls `notify_one`.
    pub wake: Arc<Notify>,
}

impl Default for RelaySettings {
    fn default() -> Self {
        Self {
            most: 16,
            lease: Duration::from_secs(40),
            poll: Duration::from_secs(1),
            gather: Duration::ZERO,
            backoff: Duration::from_millis(250),
            backoff_max: Duration::from_secs(60),
            topics: Topics::All,
            wake: Arc::default(),
        }
    }
}

/// Delivers events until it is asked to stop, each at least once, those of a key in order; then waits for the deliveries
/// under way and ends.
///
/// `owner` is another name for each process; `clock` says the moment in microseconds since 1970. A delivery that fails,
/// panics or takes too long is repeated after a while, which the events behind it of its key wait for too. Several relays
/// share the work. Where the database is away, the relay tries again; what it could not record is delivered again.
pub async fn relay<D, F, E>(
    database: &Database,
    owner: &str,
    deliver: D,
    clock: impl Fn() -> i64,
    settings: RelaySettings,
    stop: impl Future<Output = ()>,
) where
    D: Fn(Event) -> F,
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: 'static,
{
    let (under_way, sent, due) = (JoinSet::new(), HashMap::new(), BTreeSet::new());
    let (took_at, looks_again) = (None, false);
    let mut relay = Relay { database, owner, clock, settings, under_way, sent, due, took_at, looks_again };
    let mut stop = pin!(stop);
    loop {
        relay.begin(&deliver).await;
        let ended = tokio::select! {
            biased;
            () = &mut stop => break,
            ended = relay.next() => ended,
        };
        relay.record(ended).await;
    }
    while let Some(ended) = relay.under_way.join_next_with_id().await {
        relay.record(Some(ended)).await;
    }
}

/// A delivery that ended: whether the event was delivered, or that the delivery panicked.
type Ended = Result<(Id, bool), JoinError>;

struct Relay<'a, C> {
    database: &'a Database,
    owner: &'a str,
    clock: C,
    settings: RelaySettings,
    under_way: JoinSet<bool>,
    /// The id of the event of each delivery under way, and how often it was taken.
    sent: HashMap<Id, (String, i64)>,
    /// When failed deliveries are to be repeated.
    due: BTreeSet<i64>,
    /// When it last looked for events to take.
    took_at: Option<Instant>,
    /// Whether there may be more to take once others have gathered.
    looks_again: bool,
}

impl<C: Fn() -> i64> Relay<'_, C> {
    /// Takes as many events as may be under way, and begins to deliver them.
    async fn begin<D, F, E>(&mut self, deliver: &D)
    where
        D: Fn(Event) -> F,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: 'static,
    {
        let now = (self.clock)();
        self.due = self.due.split_off(&now.saturating_add(1));
        let under_way = u16::try_from(self.under_way.len()).unwrap_or(u16::MAX);
        let most = self.settings.most.max(1).saturating_sub(under_way);
        if most == 0 {
            // a delivery that ends makes room
            self.looks_again = false;
            return;
        }
        if !self.gathering().is_zero() {
            self.looks_again = true;
            return;
        }
        (self.took_at, self.looks_again) = (Some(Instant::now()), false);
        let given_up = Instant::now() + self.settings.lease / 4 * 3;
        let until = now.saturating_add(micros(self.settings.lease));
        let turn = Turn { owner: self.owner, now, until, most };
        let taken = match taken(self.database, turn, self.settings.topics).await {
            Ok(taken) => taken,
            Err(error) => {
                tracing::warn!(owner = self.owner, %error, "no events can be taken");
                return;
            }
        };
        self.looks_again = !taken.is_empty() && !self.settings.gather.is_zero();
        for Taken { event, attempts, .. } in taken {
            let id = event.id.clone();
            let delivery = deliver(event);
            let task = self.under_way.spawn(async move { matches!(timeout_at(given_up, delivery).await, Ok(Ok(()))) });
            self.sent.insert(task.id(), (id, attempts));
        }
    }

    /// For how long others still gather.
    fn gathering(&self) -> Duration {
        self.took_at
            .map_or(Duration::ZERO, |took| (took + self.settings.gather).saturating_duration_since(Instant::now()))
    }

    /// The next delivery to end; nothing when there may be something to take.
    async fn next(&mut self) -> Option<Ended> {
        let now = (self.clock)();
        let due =
            self.due.first().map(|due| Duration::from_micros(u64::try_from(due.saturating_sub(now)).unwrap_or(0)));
        let wait = due.unwrap_or(self.settings.poll).min(self.settings.poll);
        let wait = if self.looks_again { wait.min(self.gathering()) } else { wait };
        let wake = Arc::clone(&self.settings.wake);
        tokio::select! {
            Some(ended) = self.under_way.join_next_with_id() => Some(ended),
            _ = timeout(wait, wake.notified()) => None,
        }
    }

    /// Records what became of a delivery, and of those that have ended since, in one transaction.
    async fn record(&mut self, ended: Option<Ended>) {
        let now = (self.clock)();
        let (mut delivered, mut failed) = (Vec::new(), Vec::new());
        let mut next = ended;
        while let Some(ended) = next {
            let (task, is_delivered) = ended.unwrap_or_else(|panicked| (panicked.id(), false));
            match self.sent.remove(&task) {
                Some((id, _)) if is_delivered => delivered.push(id),
                Some((id, attempts)) => {
                    let pause = pause(self.settings.backoff, self.settings.backoff_max, attempts);
                    tracing::warn!(owner = self.owner, event = id, attempts, ?pause, "an event was not delivered");
                    failed.push((id, now.saturating_add(micros(pause))));
                }
                None => {}
            }
            next = self.under_way.try_join_next_with_id();
        }
        if delivered.is_empty() && failed.is_empty() {
            return;
        }
        match became(self.database, self.owner, now, &delivered, &failed).await {
            Ok(()) => self.due.extend(failed.into_iter().map(|(_, due)| due)),
            Err(error) => tracing::warn!(owner = self.owner, %error, "what became of events cannot be recorded"),
        }
    }
}

/// Of events this relay still holds, records the delivered ones, and until when nobody takes the failed ones.
async fn became(
    database: &Database,
    owner: &str,
    now: i64,
    delivered: &[String],
    failed: &[(String, i64)],
) -> Result<(), Error> {
    let delivered = &serde_json::to_string(delivered).map_err(|_| Error::Corrupt { what: "ids" })?;
    let work = |tx: Tx| async move {
        let backend = tx.get_database_backend();
        let ids = match backend {
            DbBackend::Postgres => "jsonb_array_elements_text($3::jsonb)",
            _ => "json_each($3)",
        };
        let sql = format!(
            "UPDATE outbox SET delivered_at = $1 WHERE lease_owner = $2 AND delivered_at IS NULL \
             AND id IN (SELECT value FROM {ids})"
        );
        let values = [now.into(), owner.into(), delivered.as_str().into()];
        tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        let sql = "UPDATE outbox SET lease_until = $1, lease_owner = NULL \
             WHERE id = $2 AND lease_owner = $3 AND delivered_at IS NULL";
        for (id, due) in failed {
            let values = [(*due).into(), id.as_str().into(), owner.into()];
            tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        }
        Ok(())
    };
    database.transaction(work).await
}

/// Between a half and the whole of the backoff, doubled for each attempt after the first, up to `most`.
fn pause(backoff: Duration, most: Duration, attempts: i64) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 20)).unwrap_or(0);
    let doubled = backoff.saturating_mul(1 << doublings).min(most);
    let lot = u32::try_from(RandomState::new().hash_one(attempts) % 1024).unwrap_or(0);
    doubled / 2 + doubled.saturating_mul(lot) / 2048
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_doubles_up_to_its_most_and_half_of_it_is_drawn_by_lot() {
        let (backoff, most) = (Duration::from_millis(100), Duration::from_secs(60));
        for (attempts, whole) in [(1, 100), (2, 200), (5, 1_600), (10, 51_200), (11, 60_000), (i64::MAX, 60_000)] {
            let whole = Duration::from_millis(whole);
            let pauses: Vec<Duration> = (0..50).map(|_| pause(backoff, most, attempts)).collect();
            assert!(pauses.iter().all(|pause| (whole / 2..=whole).contains(pause)), "{attempts}: {pauses:?}");
            assert!(pauses.iter().any(|pause| *pause != pauses[0]), "{attempts}: {pauses:?}");
        }
    }
}
