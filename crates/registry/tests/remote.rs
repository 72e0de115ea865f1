//! A process that asks another one, and databases that go away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use policy::{PackFile, Version};
use registry::{Answer, Page, PublishError, Registry, RegistryError, Remote, Settings, Source};
use store::Database;
use testkit::{Redis, on_both};

use crate::support::{alone, change, division, inpatient, packs, publish, published, seed, seeded};

/// The process that has the truth, as if over the wire.
struct Other {
    database: Database,
    registry: Registry,
    away: AtomicBool,
    asked_for_files: AtomicU32,
}

impl Other {
    fn answer<'a, T: Send + 'a>(
        &'a self,
        answer: impl Future<Output = Result<T, RegistryError>> + Send + 'a,
    ) -> Answer<'a, T> {
        Box::pin(async move {
            if self.away.load(Ordering::Relaxed) {
                return Err("away".into());
            }
            Ok(answer.await?)
        })
    }
}

impl Remote for Other {
    fn publications(&self, size: u32, after: Option<String>) -> Answer<'_, Page> {
        // pages smaller than asked for are allowed
        let size = size.min(2);
        self.answer(
            async move { self.registry.publications(self.database.reader(), None, size, after.as_deref()).await },
        )
    }
    fn files(&self, version: Version) -> Answer<'_, Option<Vec<PackFile>>> {
        self.asked_for_files.fetch_add(1, Ordering::Relaxed);
        self.answer(self.registry.files(version))
    }
}

async fn other(url: &str) -> Arc<Other> {
    let (database, registry) = seeded(url).await;
    Arc::new(Other { database, registry, away: AtomicBool::new(false), asked_for_files: AtomicU32::new(0) })
}

#[test]
fn a_process_that_asks_another_one_serves_its_heads_and_goes_on_while_it_is_away() {
    on_both(|url| async move {
        let other = other(&url).await;
        let source = Source::Remote(Arc::<Other>::clone(&other));
        let registry = Registry::open(source.clone(), Settings::default()).await.unwrap();
        let first = Version::of(&packs());
        assert_eq!(registry.head(division("990201")).unwrap().version(), first);
        assert!(!registry.refresh().await.unwrap());
        let mut base = first;
        for id in ["1", "2", "3"] {
            let asked = publish(id, "990100", change(Some(base), vec![inpatient(&format!("0.7{id}"))]));
            base = published(&other.database, &other.registry, asked).await.unwrap().publication.version;
        }
        assert!(registry.refresh().await.unwrap());
        let heads = |code: &str| registry.head(division(code)).unwrap().version();
        assert_eq!((heads("990000"), heads("990201")), (first, base));
        assert_eq!(registry.head_publication(division("990201")), other.registry.head_publication(division("990201")));
        other.away.store(true, Ordering::Relaxed);
        assert!(matches!(registry.refresh().await, Err(RegistryError::Remote(_))));
        assert_eq!(registry.health().degraded, ["registry"]);
        assert_eq!(registry.head(division("990201")).unwrap().version(), base);
        assert!(matches!(Registry::open(source, Settings::default()).await, Err(RegistryError::Remote(_))));
        other.away.store(false, Ordering::Relaxed);
        assert!(!registry.refresh().await.unwrap());
        assert_eq!(registry.health().degraded, Vec::<&str>::new());
        let refused = registry.seed(seed(packs())).await;
        assert!(matches!(refused, Err(PublishError::Registry(RegistryError::NoDatabase))));
    });
}

#[test]
fn a_version_that_redis_has_is_not_asked_for() {
    on_both(|url| async move {
        let redis = Redis::start();
        let settings = Settings { redis: Some(redis.url()), poll: Duration::from_secs(600) };
        let other = other(&url).await;
        let source = Source::Remote(Arc::<Other>::clone(&other));
        let open = async || Registry::open(source.clone(), settings.clone()).await.unwrap();
        open().await;
        let asked = other.asked_for_files.load(Ordering::Relaxed);
        let registry = open().await;
        assert!(registry.version(Version::of(&packs())).await.unwrap().is_some());
        assert_eq!(other.asked_for_files.load(Ordering::Relaxed), asked);
    });
}

#[test]
fn a_database_that_is_away_changes_no_head_and_shows() {
    on_both(|url| async move {
        let (database, registry) = seeded(&url).await;
        let follower = alone(&database).await;
        database.close().await.unwrap();
        assert!(matches!(follower.refresh().await, Err(RegistryError::Store(_))));
        assert_eq!(follower.health().degraded, ["database"]);
        assert!(follower.health().age.is_some());
        for registry in [&registry, &follower] {
            assert_eq!(registry.head(division("990201")).unwrap().version(), Version::of(&packs()));
        }
    });
}
