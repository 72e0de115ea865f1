use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use policy::show::{VersionChange, between};
use policy::{PackFile, Policy, Problems, Version, check};
use store::Database;
use store::sea_orm::ConnectionTrait;
use terms::Division;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::cache::Cache;
use crate::heads::Tree;
use crate::{Change, ChangeError, Checked, Page, Publication, PublishError, RegistryError, Source, store as sql};

/// Compiled versions that are kept beside the heads.
const COMPILED_AT_MOST: usize = 16;

/// Versions about to be published that are kept compiled.
const EXPECTED_AT_MOST: usize = 4;

/// How a registry keeps near the truth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The URL of Redis, if there is one.
    pub redis: Option<String>,
    /// How long after a look at the truth the next one is made, where no message came.
    pub poll: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { redis: None, poll: Duration::from_secs(5) }
    }
}

/// How well a process knows the truth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// What is not as it should be; decisions go on with the last good snapshot. `redis`: away, or it lost or corrupted a
    /// version since the last look. `database` (`registry` where another process is asked): the last look at the truth
    /// failed. `head`: a published version cannot be used, and its division keeps the head it had.
    pub degraded: Vec<&'static str>,
    /// When the truth was last seen.
    pub last_seen: Option<Instant>,
    /// How long ago that was.
    pub age: Option<Duration>,
}

/// A division's head: the act, and the version compiled.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    publication: Publication,
    policy: Arc<Policy>,
}

/// What a process decides from.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    heads: BTreeMap<Division, Head>,
    pub(crate) tree: Tree,
    /// The id of the newest publication, if every head could be used.
    newest: Option<String>,
}

#[derive(Debug)]
struct Inner {
    source: Source,
    settings: Settings,
    snapshot: RwLock<Arc<Snapshot>>,
    compiled: Cache,
    expected: Cache,
    /// One look at a time.
    looking: Mutex<()>,
    /// One version is fetched and compiled at a time, so that nobody does what another is doing.
    loading: Mutex<()>,
    last_seen: RwLock<Option<Instant>>,
    source_away: AtomicBool,
    head_unusable: AtomicBool,
}

/// A process's view of the policy registry. Clones share it.
#[derive(Clone, Debug)]
pub struct Registry {
    inner: Arc<Inner>,
}

impl Registry {
    /// Looks at the truth and compiles every head. Redis may be away.
    ///
    /// # Errors
    /// [`RegistryError`] where the truth cannot be reached, or a head cannot be compiled: such a process must not serve.
    pub async fn open(source: Source, settings: Settings) -> Result<Self, RegistryError> {
        let inner = Inner {
            source,
            settings,
            snapshot: RwLock::default(),
            compiled: Cache::new(COMPILED_AT_MOST),
            expected: Cache::new(EXPECTED_AT_MOST),
            looking: Mutex::default(),
            loading: Mutex::default(),
            last_seen: RwLock::default(),
            source_away: AtomicBool::new(false),
            head_unusable: AtomicBool::new(false),
        };
        let registry = Self { inner: Arc::new(inner) };
        if let (_, Some(error)) = registry.look().await? {
            return Err(error);
        }
        registry.saw();
        Ok(registry)
    }

    /// The compiled head of a division: its own, or the nearest one above it. Reads memory alone.
    #[must_use]
    pub fn head(&self, division: Division) -> Option<Arc<Policy>> {
        let snapshot = self.snapshot();
        snapshot.tree.nearest(&snapshot.heads, division).map(|head| Arc::clone(&head.policy))
    }

    /// The act that made the version of [`Registry::head`] the head.
    #[must_use]
    pub fn head_publication(&self, division: Division) -> Option<Publication> {
        let snapshot = self.snapshot();
        snapshot.tree.nearest(&snapshot.heads, division).map(|head| head.publication.clone())
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.inner.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A version, compiled; `None` where it is unknown.
    ///
    /// # Errors
    /// [`RegistryError`] where it is in no memory and the truth cannot be reached, or it cannot be compiled.
    pub async fn version(&self, version: Version) -> Result<Option<Arc<Policy>>, RegistryError> {
        if let Some(policy) = self.remembered(version) {
            return Ok(Some(policy));
        }
        let _one = self.inner.loading.lock().await;
        if let Some(policy) = self.remembered(version) {
            return Ok(Some(policy));
        }
        let Some(files) = self.files(version).await? else { return Ok(None) };
        let policy = compile(files).await?.map_err(|problems| RegistryError::Unusable { version, problems })?;
        self.inner.compiled.put(&policy);
        Ok(Some(policy))
    }

    fn remembered(&self, version: Version) -> Option<Arc<Policy>> {
        let of_head = |snapshot: &Snapshot| {
            let mut policies = snapshot.heads.values().map(|head| &head.policy);
            policies.find(|policy| policy.version() == version).cloned()
        };
        of_head(&self.snapshot()).or_else(|| self.inner.compiled.get(version))
    }

    /// The files of a version in order of path; `None` where it is unknown.
    ///
    /// # Errors
    /// [`RegistryError`] where the truth cannot be reached, or has other content under that name.
    pub async fn files(&self, version: Version) -> Result<Option<Vec<PackFile>>, RegistryError> {
        let Some(mut files) = self.inner.source.files(version).await? else { return Ok(None) };
        if Version::of(&files) != version {
            return Err(RegistryError::Corrupt(version));
        }
        files.sort();
        Ok(Some(files))
    }

    /// What a change comes to, and everything that is wrong with it; nothing is kept.
    ///
    /// # Errors
    /// [`PublishError::Change`] where it cannot be laid over its base; [`PublishError::Registry`].
    pub async fn check(&self, change: &Change) -> Result<Checked, PublishError> {
        let base = match change.base {
            Some(base) => self.files(base).await?.ok_or(ChangeError::UnknownBase(base))?,
            None => Vec::new(),
        };
        let files = change.over(base)?;
        let checking = move || {
            let problems = check::check(&files);
            let policy = if problems.has_errors() { None } else { Policy::compile(&files).ok().map(Arc::new) };
            let problems = problems.iter().cloned().collect();
            Checked { version: Version::of(&files), files, problems, policy }
        };
        Ok(spawn_blocking(checking).await.map_err(|_| RegistryError::BrokenOff)?)
    }

    /// Publications, newest first, from the one before the id `after` on; of one division, or of all.
    ///
    /// # Errors
    /// [`RegistryError::Store`].
    pub async fn publications(
        &self,
        connection: &impl ConnectionTrait,
        division: Option<Division>,
        size: u32,
        after: Option<&str>,
    ) -> Result<Page, RegistryError> {
        Ok(sql::page(connection, division, size, after).await?)
    }

    /// What differs between two versions, in order of division and address; `None` where one of them is unknown.
    ///
    /// # Errors
    /// As [`Registry::version`].
    pub async fn diff(
        &self,
        from: Version,
        to: Version,
        division: Option<Division>,
    ) -> Result<Option<Vec<VersionChange>>, RegistryError> {
        let (Some(from), Some(to)) = (self.version(from).await?, self.version(to).await?) else { return Ok(None) };
        Ok(Some(between(&from, &to, division)))
    }

    /// Looks at the truth once; true if a head moved.
    ///
    /// # Errors
    /// [`RegistryError`] where the truth cannot be reached; the last good snapshot stays.
    pub async fn refresh(&self) -> Result<bool, RegistryError> {
        let looked = self.look().await;
        self.inner.source_away.store(looked.is_err(), Ordering::Relaxed);
        let (moved, unusable) = looked?;
        self.saw();
        self.inner.head_unusable.store(unusable.is_some(), Ordering::Relaxed);
        if let Some(error) = unusable {
            tracing::error!(error = &error as &dyn std::error::Error, "a published policy version cannot be used");
        }
        Ok(moved)
    }

    fn saw(&self) {
        *self.inner.last_seen.write().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether a head moved, and why a published version cannot be used, if one cannot.
    async fn look(&self) -> Result<(bool, Option<RegistryError>), RegistryError> {
        let _one = self.inner.looking.lock().await;
        let old = self.snapshot();
        let Some(publications) = self.inner.source.heads(old.newest.as_deref()).await? else {
            return Ok((false, None));
        };
        let mut new = Snapshot { newest: publications.last().map(|newest| newest.id.clone()), ..Snapshot::default() };
        let mut unusable = None;
        for publication in publications {
            match self.usable(publication.version).await {
                Ok(policy) => {
                    new.tree.add(&policy);
                    new.heads.insert(publication.division, Head { publication, policy });
                }
                Err(error @ (RegistryError::Store(_) | RegistryError::Remote(_))) => return Err(error),
                Err(error) => {
                    unusable = Some(error);
                    new.newest = None;
                    if let Some(head) = old.heads.get(&publication.division) {
                        new.tree.add(&head.policy);
                        new.heads.insert(publication.division, head.clone());
                    }
                }
            }
        }
        let ids = |snapshot: &Snapshot| -> Vec<String> {
            snapshot.heads.values().map(|head| head.publication.id.clone()).collect()
        };
        let moved = ids(&old) != ids(&new);
        *self.inner.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        Ok((moved, unusable))
    }

    /// The version of a publication, compiled.
    async fn usable(&self, version: Version) -> Result<Arc<Policy>, RegistryError> {
        if let Some(policy) = self.remembered(version).or_else(|| self.inner.expected.get(version)) {
            return Ok(policy);
        }
        self.version(version).await?.ok_or(RegistryError::Missing(version))
    }

    /// Keeps a compiled version for the moment it is a head.
    pub(crate) fn expect_soon(&self, policy: &Arc<Policy>) {
        self.inner.expected.put(policy);
    }

    pub(crate) fn database(&self) -> Result<&Database, RegistryError> {
        self.inner.source.database()
    }

    /// Tells everyone, this process too, that a head moved to a version whose publication is committed. What fails is
    /// logged and shown by [`Registry::health`]: others see the head at their next look.
    pub async fn announce(&self, version: Version) {
        if let Err(error) = self.refresh().await {
            tracing::warn!(error = &error as &dyn std::error::Error, %version, "the new head is not seen yet");
        }
    }

    /// Keeps the snapshot near the truth until `stop` is over.
    pub async fn follow(&self, stop: impl Future<Output = ()>) {
        let looking = async {
            loop {
                tokio::time::sleep(self.inner.settings.poll).await;
                if let Err(error) = self.refresh().await {
                    tracing::warn!(error = &error as &dyn std::error::Error, "the policy registry cannot be read");
                }
            }
        };
        tokio::select! {
            () = stop => {}
            () = looking => {}
        }
    }

    /// How well this process knows the truth.
    #[must_use]
    pub fn health(&self) -> Health {
        let inner = &self.inner;
        let source = if inner.source.database().is_ok() { "database" } else { "registry" };
        let flags = [(&inner.source_away, source), (&inner.head_unusable, "head")];
        let degraded = flags.into_iter().filter(|(flag, _)| flag.load(Ordering::Relaxed)).map(|(_, name)| name);
        let last_seen = *inner.last_seen.read().unwrap_or_else(PoisonError::into_inner);
        Health { degraded: degraded.collect(), last_seen, age: last_seen.map(|seen| seen.elapsed()) }
    }
}

/// Compiles beside the threads that serve; warnings refuse nothing.
pub(crate) async fn compile(files: Vec<PackFile>) -> Result<Result<Arc<Policy>, Problems>, RegistryError> {
    let compiled = spawn_blocking(move || Policy::compile(&files).map(Arc::new)).await;
    compiled.map_err(|_| RegistryError::BrokenOff)
}
