use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use store::outbox::{
    Event, RelaySettings, Topics, Turn, again, delivered, oldest_waiting, prune, put, relay, take, waiting,
};
use store::{Database, Tx};
use testkit::on_both;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::support::{count, opened, raw};

/// The longest a test waits for anything.
const SOON: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn event(key: &str, number: u32) -> Event {
    Event {
        id: format!("{key}-{number:04}"),
        key: key.to_owned(),
        topic: "settled".to_owned(),
        payload: number.to_be_bytes().to_vec(),
        trace_context: None,
        created_at: i64::from(number),
    }
}

async fn write(database: &Database, events: &[Event]) {
    database.transaction(|tx: Tx| async move { put(&tx, events).await }).await.unwrap();
}

/// Microseconds since the test began.
fn clock(began: Instant) -> i64 {
    i64::try_from(began.elapsed().as_micros()).unwrap()
}

fn settings() -> RelaySettings {
    RelaySettings {
        most: 4,
        lease: HOUR,
        poll: Duration::from_millis(20),
        gather: Duration::ZERO,
        backoff: Duration::from_millis(2),
        backoff_max: Duration::from_millis(8),
        topics: Topics::All,
        wake: Arc::default(),
    }
}

/// A receiver that keeps what it heard, and whose answers are lost by lot.
#[derive(Clone, Default)]
struct Receiver {
    heard: Arc<Mutex<Vec<String>>>,
    lot: Arc<Mutex<u64>>,
    heard_one: Arc<Notify>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Receiver {
    /// Of four deliveries, one does not arrive, one arrives and its answer does not, and two go well.
    async fn hear(self, event: Event) -> Result<(), &'static str> {
        let lot = {
            let mut lot = held(&self.lot);
            *lot = lot.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *lot >> 62
        };
        tokio::task::yield_now().await;
        if lot == 0 {
            return Err("it did not arrive");
        }
        held(&self.heard).push(event.id);
        self.heard_one.notify_one();
        if lot == 1 { Err("the answer did not arrive") } else { Ok(()) }
    }

    fn heard(&self) -> Vec<String> {
        held(&self.heard).clone()
    }
}

/// A relay in a task of its own, and how to stop it.
struct Relaying {
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Relaying {
    fn start<D, F>(
        database: &Database,
        owner: &'static str,
        began: Instant,
        settings: RelaySettings,
        deliver: D,
    ) -> Self
    where
        D: Fn(Event) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), &'static str>> + Send + 'static,
    {
        let (stop, stopped) = oneshot::channel::<()>();
        let database = database.clone();
        let relaying = async move {
            let stop = async { drop(stopped.await) };
            relay(&database, owner, deliver, || clock(began), settings, stop).await;
        };
        Self { stop, ended: tokio::spawn(relaying) }
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        timeout(SOON, self.ended).await.unwrap().unwrap();
    }
}

async fn until_nothing_waits(database: &Database) {
    let waited = async {
        while waiting(database).await.unwrap() > 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, waited).await.unwrap();
}

/// The numbers of each key in the order in which they were heard first; those heard again are left out.
fn first_heard(heard: &[String]) -> BTreeMap<String, Vec<u32>> {
    let (mut seen, mut first) = (BTreeSet::new(), BTreeMap::<String, Vec<u32>>::new());
    for id in heard.iter().filter(|id| seen.insert((*id).clone())) {
        let (key, number) = id.split_once('-').unwrap();
        first.entry(key.to_owned()).or_default().push(number.parse().unwrap());
    }
    first
}

fn every_event_is_heard_in_order(owners: &'static [&'static str], seed: u64) {
    const KEYS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
    on_both(move |url| async move {
        let database = opened(&url).await;
        let (began, receiver) = (Instant::now(), Receiver::default());
        *held(&receiver.lot) = seed;
        let relays: Vec<Relaying> = owners
            .iter()
            .map(|owner| {
                let receiver = receiver.clone();
                let deliver = move |event| receiver.clone().hear(event);
                Relaying::start(&database, owner, began, settings(), deliver)
            })
            .collect();
        for number in 0..12 {
            let events = KEYS.map(|key| event(key, number));
            write(&database, &events).await;
        }
        until_nothing_waits(&database).await;
        for relaying in relays {
            relaying.stop().await;
        }
        let heard = receiver.heard();
        assert!(heard.len() > 72, "some answers were lost, so some events came again");
        let in_order: Vec<u32> = (0..12).collect();
        assert_eq!(first_heard(&heard), KEYS.map(|key| (key.to_owned(), in_order.clone())).into());
    });
}

#[test]
fn every_event_is_heard_in_the_order_of_its_key_though_deliveries_fail() {
    every_event_is_heard_in_order(&["one"], 7);
}

#[test]
fn two_relays_at_once_lose_nothing_and_keep_the_order() {
    every_event_is_heard_in_order(&["one", "two"], 11);
}

#[test]
fn a_relay_that_lets_events_gather_takes_the_first_at_once_and_those_behind_it_together() {
    on_both(|url| async move {
        const GATHER: Duration = Duration::from_millis(300);
        let database = opened(&url).await;
        let settings = RelaySettings { most: 16, poll: HOUR, gather: GATHER, ..settings() };
        let (wake, came, heard_one) =
            (Arc::clone(&settings.wake), Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
        let (noted, told) = (Arc::clone(&came), Arc::clone(&heard_one));
        let deliver = move |event: Event| {
            held(&noted).push((event.id, Instant::now()));
            told.notify_one();
            async { Ok(()) }
        };
        let began = Instant::now();
        write(&database, &[event("a", 0)]).await;
        let relaying = Relaying::start(&database, "one", began, settings, deliver);
        timeout(SOON, heard_one.notified()).await.unwrap();
        // each wakes it, and one of a key waits for the one before it
        for events in [[event("b", 0)], [event("c", 0)], [event("a", 1)]] {
            write(&database, &events).await;
            wake.notify_one();
        }
        until_nothing_waits(&database).await;
        relaying.stop().await;
        let came = held(&came);
        let names: BTreeSet<&str> = came.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!((came.len(), names), (4, BTreeSet::from(["a-0000", "a-0001", "b-0000", "c-0000"])));
        for (id, at) in &came[1..] {
            assert!(at.duration_since(came[0].1) >= GATHER / 2, "{id} came {:?} after the first", *at - came[0].1);
        }
    });
}

#[test]
fn a_relay_that_is_woken_delivers_at_once_and_a_failure_is_repeated_without_being_woken() {
    on_both(|url| async move {
        let database = opened(&url).await;
        let settings = RelaySettings { poll: HOUR, ..settings() };
        let (wake, receiver) = (Arc::clone(&settings.wake), Receiver::default());
        let heard = receiver.clone();
        let deliver = move |event: Event| {
            let receiver = receiver.clone();
            async move {
                let is_again = receiver.heard().contains(&event.id);
                held(&receiver.heard).push(event.id);
                receiver.heard_one.notify_one();
                assert!(is_again, "a delivery that panics has failed");
                Ok(())
            }
        };
        let relaying = Relaying::start(&database, "one", Instant::now(), settings, deliver);
        for number in 0..3 {
            write(&database, &[event("a", number)]).await;
            wake.notify_one();
            until_nothing_waits(&database).await;
        }
        relaying.stop().await;
        assert_eq!(heard.heard(), ["a-0000", "a-0000", "a-0001", "a-0001", "a-0002", "a-0002"]);
    });
}

#[test]
fn a_relay_asked_to_stop_finishes_what_is_under_way_and_takes_nothing_more() {
    on_both(|url| async move {
        let database = opened(&url).await;
        write(&database, &[event("a", 0), event("b", 0), event("a", 1), event("b", 1)]).await;
        let (receiver, gate) = (Receiver::default(), Arc::new(Notify::new()));
        let (heard, opened) = (receiver.clone(), Arc::clone(&gate));
        let deliver = move |event: Event| {
            let (receiver, gate) = (receiver.clone(), Arc::clone(&gate));
            async move {
                held(&receiver.heard).push(event.id);
                receiver.heard_one.notify_one();
                gate.notified().await;
                Ok(())
            }
        };
        let relaying = Relaying::start(&database, "one", Instant::now(), settings(), deliver);
        let both = async {
            while heard.heard().len() < 2 {
                heard.heard_one.notified().await;
            }
        };
        timeout(SOON, both).await.unwrap();
        relaying.stop.send(()).unwrap();
        tokio::task::yield_now().await;
        assert!(!relaying.ended.is_finished(), "it waits for what is under way");
        opened.notify_one();
        opened.notify_one();
        // `notify_one` keeps one permit only: the second delivery may begin to wait after the first took it
        let ended = async {
            while !relaying.ended.is_finished() {
                opened.notify_one();
                tokio::task::yield_now().await;
            }
        };
        timeout(SOON, ended).await.unwrap();
        assert_eq!(waiting(&database).await.unwrap(), 2);
        let mut first = heard.heard();
        first.sort();
        assert_eq!(first, ["a-0000", "b-0000"]);
        let next = take(&database, Turn { owner: "two", now: 0, until: 1, most: 9 }).await.unwrap();
        assert_eq!(next, [event("a", 1), event("b", 1)], "what was delivered is recorded, and the rest is free");
    });
}

#[test]
fn what_a_relay_that_was_killed_had_taken_is_delivered_by_another_after_the_lease() {
    on_both(|url| async move {
        let database = opened(&url).await;
        write(&database, &[event("a", 0), event("a", 1)]).await;
        let (began, taken) = (Instant::now(), Arc::new(Notify::new()));
        let settings = RelaySettings { lease: Duration::from_millis(400), ..settings() };
        let told = Arc::clone(&taken);
        let never = move |_| {
            told.notify_one();
            std::future::pending()
        };
        let killed = Relaying::start(&database, "one", began, settings.clone(), never);
        timeout(SOON, taken.notified()).await.unwrap();
        killed.ended.abort();
        assert!(killed.ended.await.unwrap_err().is_cancelled());
        let lease_ends = 400_000;
        let receiver = Receiver::default();
        let heard = receiver.clone();
        let deliver = move |event: Event| {
            let receiver = receiver.clone();
            let at = clock(began);
            async move {
                assert!(at >= lease_ends, "{} after {at} microseconds is before the lease ran out", event.id);
                held(&receiver.heard).push(event.id);
                Ok(())
            }
        };
        let other = Relaying::start(&database, "two", began, settings, deliver);
        until_nothing_waits(&database).await;
        other.stop().await;
        assert_eq!(heard.heard(), ["a-0000", "a-0001"]);
    });
}

#[test]
fn a_delivery_that_hangs_is_given_up_before_its_lease_runs_out_and_made_again() {
    on_both(|url| async move {
        let database = opened(&url).await;
        write(&database, &[event("a", 0), event("b", 0), event("a", 1)]).await;
        let receiver = Receiver::default();
        let heard = receiver.clone();
        let deliver = move |event: Event| {
            let receiver = receiver.clone();
            async move {
                let is_again = receiver.heard().contains(&event.id);
                held(&receiver.heard).push(event.id.clone());
                if event.id == "a-0000" && !is_again {
                    std::future::pending::<()>().await;
                }
                Ok(())
            }
        };
        let settings = RelaySettings { lease: Duration::from_millis(400), ..settings() };
        let relaying = Relaying::start(&database, "one", Instant::now(), settings, deliver);
        until_nothing_waits(&database).await;
        relaying.stop().await;
        let heard = heard.heard();
        let of_a: Vec<&str> = heard.iter().map(String::as_str).filter(|id| id.starts_with('a')).collect();
        // a slow machine may record so late that a success is repeated too
        let (again, after) = (of_a.iter().rposition(|id| *id == "a-0000"), of_a.iter().position(|id| *id == "a-0001"));
        assert!(again >= Some(1) && again < after, "it came again, and what is behind it of its key waited: {of_a:?}");
    });
}

#[test]
fn a_relay_that_cannot_read_its_database_goes_on_and_delivers_when_it_can() {
    on_both(|url| async move {
        let database = opened(&url).await;
        write(&database, &[event("a", 0)]).await;
        raw(&database, "ALTER TABLE outbox RENAME TO away").await.unwrap();
        let (turns, receiver) = (Arc::new(AtomicU32::new(0)), Receiver::default());
        let (counted, heard, relays) = (Arc::clone(&turns), receiver.clone(), database.clone());
        let relaying = tokio::spawn(async move {
            let clock = || i64::from(counted.fetch_add(1, Ordering::Relaxed));
            let deliver = |event: Event| {
                let receiver = receiver.clone();
                async move {
                    held(&receiver.heard).push(event.id);
                    Ok::<(), &str>(())
                }
            };
            let settings = RelaySettings { poll: Duration::from_millis(1), ..settings() };
            relay(&relays, "one", deliver, clock, settings, std::future::pending()).await;
        });
        let tried = async {
            while turns.load(Ordering::Relaxed) < 10 {
                tokio::task::yield_now().await;
            }
        };
        timeout(SOON, tried).await.unwrap();
        assert!(!relaying.is_finished());
        raw(&database, "ALTER TABLE away RENAME TO outbox").await.unwrap();
        until_nothing_waits(&database).await;
        relaying.abort();
        assert_eq!(heard.heard(), ["a-0000"]);
    });
}

#[test]
fn the_oldest_waiting_event_is_known_and_what_was_delivered_long_ago_is_removed() {
    on_both(|url| async move {
        let database = opened(&url).await;
        assert_eq!(oldest_waiting(&database).await.unwrap(), None);
        let events: Vec<Event> = (0..2_500).map(|number| event(&format!("k{number}"), 7 + number)).collect();
        write(&database, &events).await;
        assert_eq!(oldest_waiting(&database).await.unwrap(), Some(7));
        let turn = Turn { owner: "one", now: 100, until: i64::MAX, most: 2_400 };
        assert_eq!(take(&database, turn).await.unwrap().len(), 2_400);
        assert_eq!(oldest_waiting(&database).await.unwrap(), Some(7), "one under a lease waits too");
        let sql = "UPDATE outbox SET delivered_at = seq WHERE lease_owner = 'one'";
        raw(&database, sql).await.unwrap();
        assert_eq!(oldest_waiting(&database).await.unwrap(), Some(2_407));
        assert_eq!(prune(&database, 2_301).await.unwrap(), 2_300, "in more than one transaction");
        assert_eq!(prune(&database, 2_301).await.unwrap(), 0);
        assert_eq!((count(&database, "outbox").await, waiting(&database).await.unwrap()), (200, 100));
        assert!(!delivered(&database, turn, "k0-0007").await.unwrap());
    });
}

#[test]
fn a_relay_takes_its_topics_alone_and_what_its_receiver_lost_is_delivered_again() {
    on_both(|url| async move {
        let database = opened(&url).await;
        let began = Instant::now();
        let told = |number| Event { topic: "told".to_owned(), ..event("t", number) };
        let events: Vec<Event> = (0..5).flat_map(|number| [told(number), event("a", number)]).collect();
        write(&database, &events).await;
        // one whose receiver is away holds up nothing of the other's
        let away = RelaySettings { topics: Topics::Only(&["told"]), ..settings() };
        let away = Relaying::start(&database, "away", began, away, |_| async { Err("it is away") });
        let (receiver, hears) = (Receiver::default(), |receiver: &Receiver| {
            let receiver = receiver.clone();
            move |event| receiver.clone().hear(event)
        });
        let others = RelaySettings { topics: Topics::But(&["told"]), ..settings() };
        let others = Relaying::start(&database, "others", began, others, hears(&receiver));
        let waited = async {
            while waiting(&database).await.unwrap() > 5 {
                tokio::task::yield_now().await;
            }
        };
        timeout(SOON, waited).await.unwrap();
        away.stop().await;
        others.stop().await;
        let of = |key: &str| BTreeMap::from([(key.to_owned(), (0..5).collect::<Vec<u32>>())]);
        assert_eq!(first_heard(&receiver.heard()), of("a"));
        for _ in 0..2 {
            let receiver = Receiver::default();
            let only = RelaySettings { topics: Topics::Only(&["told"]), ..settings() };
            let relaying = Relaying::start(&database, "told", began, only, hears(&receiver));
            until_nothing_waits(&database).await;
            relaying.stop().await;
            assert_eq!(first_heard(&receiver.heard()), of("t"));
            assert_eq!(again(&database, "told", clock(began) + 1).await.unwrap(), 0, "delivered before");
            assert_eq!(again(&database, "told", 0).await.unwrap(), 5);
        }
    });
}
