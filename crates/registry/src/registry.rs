use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex as StdMutex, PoisonError, RwLock};
use std::time::Duration;

use policy::show::{VersionChange, between};
use policy::{PackFile, Policy, Problems, Version, check};
use store::Database;
use store::sea_orm::ConnectionTrait;
use terms::Division;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};

use crate::cache::Cache;
use crate::copies::{Copies, Found};
use crate::heads::{Snapshot, by_division};
use crate::{Change, ChangeError, Checked, Page, Publication, PublishError, RegistryError, Source, store as sql};

/// Compiled versions that are kept beside the heads.
const COMPILED_AT_MOST: usize = 16;

/// Versions about to be published that are kept compiled.
const EXPECTED_AT_MOST: usize = 4;

/// How long a process that has not seen the truth waits before it looks again: the first time, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

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

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) source: Source,
    pub(crate) settings: Settings,
    pub(crate) copies: Option<Copies>,
    pub(crate) snapshot: RwLock<Arc<Snapshot>>,
    compiled: Cache,
    /// Compiled for a publication that may come; nobody else is given them before.
    pub(crate) expected: Cache,
    /// One look at a time.
    pub(crate) looking: Mutex<()>,
    /// One version is fetched and compiled at a time, so that nobody does what another is doing.
    loading: Mutex<()>,
    pub(crate) last_seen: RwLock<Option<Instant>>,
    pub(crate) source_away: AtomicBool,
    pub(crate) head_unusable: AtomicBool,
    /// Whose copy is checked next.
    pub(crate) turn: AtomicUsize,
    /// Versions that Redis was seen to have.
    pub(crate) placed: StdMutex<BTreeSet<Version>>,
}

/// A process's view of the policy registry. Clones share it.
#[derive(Clone, Debug)]
pub struct Registry {
    pub(crate) inner: Arc<Inner>,
}

impl Registry {
    /// Looks at the truth and compiles every head. Redis may be away.
    ///
    /// # Errors
    /// [`RegistryError`] where the truth cannot be reached, or a head cannot be compiled: such a process must not serve;
    /// [`RegistryError::RedisUrl`].
    pub async fn open(source: Source, settings: Settings) -> Result<Self, RegistryError> {
        let registry = Self::unseen(source, settings)?;
        registry.see().await?;
        Ok(registry)
    }

    /// A registry that has not looked yet and has no head: nothing may be served with it before [`Registry::seen`] is over.
    ///
    /// # Errors
    /// [`RegistryError::RedisUrl`].
    pub fn unseen(source: Source, settings: Settings) -> Result<Self, RegistryError> {
        let copies = settings.redis.as_deref().map(Copies::open).transpose().map_err(RegistryError::RedisUrl)?;
        let inner = Inner {
            source,
            settings,
            copies,
            snapshot: RwLock::default(),
            compiled: Cache::new(COMPILED_AT_MOST),
            expected: Cache::new(EXPECTED_AT_MOST),
            looking: Mutex::default(),
            loading: Mutex::default(),
            last_seen: RwLock::default(),
            source_away: AtomicBool::new(false),
            head_unusable: AtomicBool::new(false),
            turn: AtomicUsize::new(0),
            placed: StdMutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Looks at the truth for the first time.
    ///
    /// # Errors
    /// [`RegistryError`] where the truth cannot be reached, or a head cannot be compiled: such a process must not serve.
    pub async fn see(&self) -> Result<(), RegistryError> {
        if let (_, Some(error)) = self.look().await? {
            return Err(error);
        }
        self.check_copies().await;
        Ok(())
    }

    /// Looks at the truth until it was seen and every head of it can be used: at once, then after pauses that double.
    pub async fn seen(&self) {
        let mut pause = FIRST_PAUSE;
        while let Err(error) = self.see().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the policy registry is not seen yet; nothing is served"
            );
            sleep_until(Instant::now() + pause).await;
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    }

    /// The compiled head of a division: its own, or the nearest one above it. Reads memory alone.
    #[must_use]
    pub fn head(&self, division: Division) -> Option<Arc<Policy>> {
        self.snapshot().nearest(division).map(|head| Arc::clone(&head.policy))
    }

    /// A head that any question can be put to that no division's own head can answer: that of the highest division.
    #[must_use]
    pub fn any_head(&self) -> Option<Arc<Policy>> {
        self.snapshot().heads.values().next().map(|head| Arc::clone(&head.policy))
    }

    /// The act that made the version of [`Registry::head`] the head.
    #[must_use]
    pub fn head_publication(&self, division: Division) -> Option<Publication> {
        self.snapshot().nearest(division).map(|head| head.publication.clone())
    }

    /// The act that made a division's head, as the truth has it now; this process may serve the one before for a moment.
    ///
    /// # Errors
    /// [`RegistryError`] where the truth cannot be reached.
    pub async fn present_publication(&self, division: Division) -> Result<Option<Publication>, RegistryError> {
        let heads = by_division(self.inner.source.heads(None).await?.unwrap_or_default());
        Ok(self.snapshot().tree.nearest(&heads, division).cloned())
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

    pub(crate) fn remembered(&self, version: Version) -> Option<Arc<Policy>> {
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
        // a Redis that did not answer last time would only be waited for
        let Some(copies) = self.inner.copies.as_ref().filter(|copies| !copies.is_away()) else {
            return self.truth(version).await;
        };
        let found = copies.get(version).await;
        if let Some(Found::Files(mut files)) = found {
            files.sort();
            return Ok(Some(files));
        }
        if matches!(found, Some(Found::Spoilt)) {
            copies.found_spoilt();
        }
        let files = self.truth(version).await?;
        if let (Some(files), Some(_)) = (&files, found) {
            copies.put(version, files).await;
        }
        Ok(files)
    }

    /// The files as the truth has them.
    pub(crate) async fn truth(&self, version: Version) -> Result<Option<Vec<PackFile>>, RegistryError> {
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

    /// Keeps a compiled version for the moment it is a head.
    pub(crate) fn expect_soon(&self, policy: &Arc<Policy>) {
        self.inner.expected.put(policy);
    }

    pub(crate) fn database(&self) -> Result<&Database, RegistryError> {
        self.inner.source.database()
    }
}

/// Compiles beside the threads that serve; warnings refuse nothing.
pub(crate) async fn compile(files: Vec<PackFile>) -> Result<Result<Arc<Policy>, Problems>, RegistryError> {
    let compiled = spawn_blocking(move || Policy::compile(&files).map(Arc::new)).await;
    compiled.map_err(|_| RegistryError::BrokenOff)
}
