use std::sync::Arc;
use std::time::Duration;

use policy::Version;
use registry::{Registry, Settings, Source};
use store::Database;
use testkit::{Redis, on_both};
use tokio::sync::Notify;
use tokio::time::{Instant, interval, timeout};

use crate::support::{change, division, inpatient, packs, publish, published, seeded};

/// Longer than any test: what is seen sooner was not seen by polling.
const NEVER: Duration = Duration::from_secs(600);

async fn open(database: &Database, redis: Option<String>, poll: Duration) -> Registry {
    Registry::open(Source::Database(database.clone()), Settings { redis, poll }).await.unwrap()
}

/// Follows until the end of the test, or until the notice.
fn follow(registry: &Registry) -> (Arc<Notify>, tokio::task::JoinHandle<()>) {
    let (registry, stop) = (registry.clone(), Arc::new(Notify::new()));
    let stopped = Arc::clone(&stop);
    (stop, tokio::spawn(async move { registry.follow(stopped.notified()).await }))
}

async fn until(what: &str, condition: impl AsyncFn() -> bool) -> Duration {
    let began = Instant::now();
    let mut ticks = interval(Duration::from_millis(5));
    let met = async {
        while !condition().await {
            ticks.tick().await;
        }
    };
    timeout(Duration::from_secs(30), met).await.unwrap_or_else(|_| panic!("never: {what}"));
    began.elapsed()
}

/// The first version, and the one after it: the ratio 0.70.
fn versions() -> (Version, Version) {
    let mut files = packs();
    files[3] = inpatient("0.70");
    (Version::of(&packs()), Version::of(&files))
}

fn serves(registry: &Registry, version: Version) -> bool {
    registry.head(division("990201")).unwrap().version() == version
}

fn degraded(registry: &Registry) -> Vec<&'static str> {
    registry.health().degraded
}

async fn raw(redis: &Redis) -> redis::aio::MultiplexedConnection {
    redis::Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap()
}

async fn copy_of(redis: &Redis, version: Version) -> Option<String> {
    let get = redis::cmd("GET").arg(format!("yibao:policy:{version}")).to_owned();
    get.query_async(&mut raw(redis).await).await.unwrap()
}

async fn listeners(redis: &Redis) -> i64 {
    let ask = redis::cmd("PUBSUB").arg("NUMSUB").arg("yibao:heads").to_owned();
    let (_, count): (String, i64) = ask.query_async(&mut raw(redis).await).await.unwrap();
    count
}

#[test]
fn another_process_sees_a_publication_within_a_second_through_redis() {
    on_both(|url| async move {
        let redis = Redis::start();
        let (database, _) = seeded(&url).await;
        let publisher = open(&database, Some(redis.url()), NEVER).await;
        let other = open(&Database::open(&url).await.unwrap(), Some(redis.url()), NEVER).await;
        let (stop, following) = follow(&other);
        until("it listens", async || listeners(&redis).await == 1).await;
        let (first, second) = versions();
        assert!(serves(&other, first));
        let asked = publish("1", "990000", change(Some(first), vec![inpatient("0.70")]));
        let prepared = publisher.prepare(asked).await.unwrap();
        let began = Instant::now();
        crate::support::kept(&database, &publisher, &prepared).await.unwrap();
        until("the other process serves it", async || serves(&other, second)).await;
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
        assert!(copy_of(&redis, second).await.is_some());
        for registry in [&publisher, &other] {
            assert_eq!(degraded(registry), Vec::<&str>::new());
        }
        stop.notify_one();
        following.await.unwrap();
    });
}

#[test]
fn another_process_sees_a_publication_within_its_poll_interval_without_redis() {
    on_both(|url| async move {
        let poll = Duration::from_millis(300);
        let (database, publisher) = seeded(&url).await;
        let other = open(&Database::open(&url).await.unwrap(), None, poll).await;
        let late = open(&database, None, NEVER).await;
        let (_stop, _following) = follow(&other);
        let (first, second) = versions();
        published(&database, &publisher, publish("1", "990000", change(Some(first), vec![inpatient("0.70")])))
            .await
            .unwrap();
        let took = until("the other process serves it", async || serves(&other, second)).await;
        let present = late.present_publication(division("990201")).await.unwrap().unwrap();
        assert!(present.version == second && serves(&late, first));
        // the poll interval, and what a look and a compilation take on a busy machine
        assert!(took < poll + Duration::from_secs(1), "{took:?}");
        assert!(other.health().age.unwrap() < poll + Duration::from_secs(1));
    });
}

#[test]
fn redis_stopped_changes_no_answer_and_is_shown_until_it_is_back() {
    on_both(|url| async move {
        let mut redis = Redis::start();
        let (database, _) = seeded(&url).await;
        let (first, second) = versions();
        let poll = Duration::from_millis(200);
        let registry = open(&database, Some(redis.url()), poll).await;
        let (_stop, _following) = follow(&registry);
        assert_eq!(degraded(&registry), Vec::<&str>::new());
        redis.kill();
        until("it shows", async || degraded(&registry) == ["redis"]).await;
        assert!(serves(&registry, first));
        let asked = publish("1", "990000", change(Some(first), vec![inpatient("0.70")]));
        published(&database, &registry, asked).await.unwrap();
        assert!(serves(&registry, second));
        // a process that starts now, and knows the earlier version from the database alone
        let fresh = open(&database, Some(redis.url()), poll).await;
        assert_eq!(degraded(&fresh), ["redis"]);
        assert_eq!(fresh.version(first).await.unwrap().unwrap().version(), first);
        redis.restart();
        until("it is over", async || degraded(&registry).is_empty()).await;
        until("it listens again", async || listeners(&redis).await == 1).await;
        until("the copy is back", async || copy_of(&redis, second).await.is_some()).await;
    });
}

#[test]
fn redis_emptied_is_shown_at_the_next_look_and_filled_again() {
    on_both(|url| async move {
        let redis = Redis::start();
        let (database, _) = seeded(&url).await;
        let registry = open(&database, Some(redis.url()), NEVER).await;
        let (first, _) = versions();
        let copy = copy_of(&redis, first).await.unwrap();
        let _: () = redis::cmd("FLUSHALL").query_async(&mut raw(&redis).await).await.unwrap();
        assert!(!registry.refresh().await.unwrap());
        assert_eq!(degraded(&registry), ["redis"]);
        assert!(serves(&registry, first));
        assert_eq!(copy_of(&redis, first).await, Some(copy));
        assert!(!registry.refresh().await.unwrap());
        assert_eq!(degraded(&registry), Vec::<&str>::new());
    });
}

#[test]
fn a_corrupted_copy_is_never_used_is_shown_and_is_put_right() {
    on_both(|url| async move {
        let redis = Redis::start();
        let (database, publisher) = seeded(&url).await;
        let (first, second) = versions();
        published(&database, &publisher, publish("1", "990000", change(Some(first), vec![inpatient("0.70")])))
            .await
            .unwrap();
        let other = inpatient("0.99").text;
        let lie =
            serde_json::to_string(&[policy::PackFile { path: "990000/resident/inpatient.toml".into(), text: other }]);
        let not_text = "\u{1}not even JSON".to_owned();
        for wrong in [lie.unwrap(), not_text, String::new()] {
            for version in [first, second] {
                let set = redis::cmd("SET").arg(format!("yibao:policy:{version}")).arg(&wrong).to_owned();
                let _: () = set.query_async(&mut raw(&redis).await).await.unwrap();
            }
            // the head is taken from memory or the database, the earlier version is asked for
            let registry = open(&database, Some(redis.url()), NEVER).await;
            assert!(serves(&registry, second));
            assert_eq!(degraded(&registry), ["redis"]);
            registry.refresh().await.unwrap();
            assert_eq!(degraded(&registry), Vec::<&str>::new());
            let policy = registry.version(first).await.unwrap().unwrap();
            assert_eq!(policy.version(), first);
            assert_eq!(degraded(&registry), ["redis"]);
            for version in [first, second] {
                let copy = copy_of(&redis, version).await.unwrap();
                assert_eq!(Version::of(&serde_json::from_str::<Vec<policy::PackFile>>(&copy).unwrap()), version);
            }
            // for at least the time between two looks
            registry.refresh().await.unwrap();
            assert_eq!(degraded(&registry), ["redis"]);
            registry.refresh().await.unwrap();
            assert_eq!(degraded(&registry), Vec::<&str>::new());
        }
        // another type altogether
        let key = format!("yibao:policy:{second}");
        let _: () = redis::cmd("DEL").arg(&key).query_async(&mut raw(&redis).await).await.unwrap();
        let _: () = redis::cmd("LPUSH").arg(&key).arg("x").query_async(&mut raw(&redis).await).await.unwrap();
        let registry = open(&database, Some(redis.url()), NEVER).await;
        assert!(serves(&registry, second));
        assert_eq!(degraded(&registry), ["redis"]);
    });
}

#[test]
fn a_redis_that_hangs_holds_nothing_up() {
    on_both(|url| async move {
        let mut redis = Redis::start();
        let (database, _) = seeded(&url).await;
        let (first, second) = versions();
        let registry = open(&database, Some(redis.url()), NEVER).await;
        redis.pause();
        let began = Instant::now();
        let asked = publish("1", "990000", change(Some(first), vec![inpatient("0.70")]));
        published(&database, &registry, asked).await.unwrap();
        assert!(serves(&registry, second));
        assert_eq!(degraded(&registry), ["redis"]);
        let fresh = open(&database, Some(redis.url()), NEVER).await;
        assert!(serves(&fresh, second));
        assert!(fresh.version(first).await.unwrap().is_some());
        assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
        redis.resume();
        until("it is over", async || {
            registry.refresh().await.unwrap();
            degraded(&registry).is_empty()
        })
        .await;
    });
}
