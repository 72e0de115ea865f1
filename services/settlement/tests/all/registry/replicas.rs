use std::time::Duration;

use testkit::{Redis, on_both};
use tokio::time::{Instant, interval, timeout};

use super::{CITY, PAID, PAID_AT_65, head, open, open_with, paid, publish_ratio};
use crate::support::{House, Wish};

/// Longer than any test: what is seen sooner was not seen by polling.
const NEVER: Duration = Duration::from_secs(600);

/// How long it takes until the process serves the version.
async fn until_served(house: &House, version: &str) -> Duration {
    let began = Instant::now();
    let mut ticks = interval(Duration::from_millis(5));
    let served = async {
        while head(house, CITY).await.serving_version != version {
            ticks.tick().await;
        }
    };
    timeout(Duration::from_secs(60), served).await.expect("the other process serves it some time");
    began.elapsed()
}

#[test]
fn another_process_serves_a_publication_within_a_second_where_there_is_redis() {
    on_both(|url| async move {
        let redis = Redis::start();
        let wish = || Wish { redis: Some(redis.url()), poll: NEVER, ..Wish::default() };
        let publisher = open_with(&url, wish()).await;
        let other = open_with(&url, wish()).await;
        assert_eq!(paid(&other, "").await.0, PAID);
        let version = publish_ratio(&publisher, "p1", "0.65").await;
        let took = until_served(&other, &version).await;
        assert!(took < Duration::from_secs(1), "{took:?}");
        assert_eq!(paid(&other, "").await, (PAID_AT_65, version.clone()));
        let found = head(&other, CITY).await;
        assert!(!found.stale && found.publication.is_some_and(|act| act.policy_version == version));
        publisher.close().await;
        other.close().await;
    });
}

#[test]
fn another_process_serves_a_publication_within_its_poll_interval_without_redis() {
    on_both(|url| async move {
        let poll = Duration::from_millis(300);
        let publisher = open(&url).await;
        let other = open_with(&url, Wish { poll, ..Wish::default() }).await;
        let late = open_with(&url, Wish { poll: NEVER, ..Wish::default() }).await;
        assert_eq!(paid(&other, "").await.0, PAID);
        let version = publish_ratio(&publisher, "p1", "0.65").await;
        let took = until_served(&other, &version).await;
        // the poll interval, and what fetching and compiling take on a busy machine
        assert!(took < poll + Duration::from_secs(2), "{took:?}");
        assert_eq!(paid(&other, "").await, (PAID_AT_65, version.clone()));
        // a process that has not looked yet knows the head, and says that it serves another version
        let found = head(&late, CITY).await;
        assert_eq!(found.publication.expect("an act made it the head").policy_version, version);
        assert_ne!(found.serving_version, version);
        assert_eq!(paid(&late, "").await.0, PAID);
        // asked for the version by its name, it has it
        assert_eq!(paid(&late, &version).await.0, PAID_AT_65);
        for house in [publisher, other, late] {
            house.close().await;
        }
    });
}
