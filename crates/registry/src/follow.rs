//! How a process stays near the truth: one look, the loop, and what it says of itself.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use policy::{Policy, Version};
use tokio::time::{Instant, sleep_until, timeout};

use crate::copies::{Copies, Found, next};
use crate::heads::{Head, Snapshot};
use crate::{Registry, RegistryError};

/// How long after a connection that listened broke the next one is made.
const PAUSE: Duration = Duration::from_millis(100);

/// How well a process knows the truth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// What is not as it should be; decisions go on with the last good snapshot. `redis`: away, or it lost or changed a
    /// version, which shows until the check after; it is put right at once. `database` (`registry` where another process is asked): the last look at the truth
    /// failed. `head`: a published version cannot be used, and its division keeps the head it had.
    pub degraded: Vec<&'static str>,
    /// When the truth was last seen.
    pub last_seen: Option<Instant>,
    /// How long ago that was.
    pub age: Option<Duration>,
}

impl Registry {
    /// Looks at the truth, and at the copies in Redis, once; true if a head moved.
    ///
    /// # Errors
    /// [`RegistryError`] where the truth cannot be reached; the last good snapshot stays.
    pub async fn refresh(&self) -> Result<bool, RegistryError> {
        let looked = self.look().await;
        self.check_copies().await;
        let (moved, unusable) = looked?;
        if let Some(error) = unusable {
            tracing::error!(error = &error as &dyn std::error::Error, "a published policy version cannot be used");
        }
        Ok(moved)
    }

    /// Keeps the snapshot near the truth until `stop` is over: looks when Redis says that a head moved, and at least once
    /// in a poll interval.
    pub async fn follow(&self, stop: impl Future<Output = ()>) {
        tokio::select! {
            () = stop => {}
            () = self.keep_looking() => {}
        }
    }

    async fn keep_looking(&self) {
        let mut messages = None;
        loop {
            let away = self.inner.copies.as_ref().is_some_and(Copies::is_away);
            if let Some(copies) = &self.inner.copies
                && (messages.is_none() || away)
            {
                messages = copies.listen().await;
            }
            // after listening began: what was told before is seen here
            let was_away = self.inner.source_away.load(Ordering::Relaxed);
            if let Err(error) = self.refresh().await
                && !was_away
            {
                tracing::warn!(error = &error as &dyn std::error::Error, "the policy registry cannot be read");
            }
            let message = timeout(self.inner.settings.poll, next(&mut messages)).await;
            if matches!(message, Ok(None)) {
                messages = None;
                sleep_until(Instant::now() + PAUSE).await;
            }
        }
    }

    /// Tells everyone, this process too, that a head moved to a version whose publication is committed. What fails is
    /// logged and shown by [`Registry::health`]: others see the head at their next look.
    pub async fn announce(&self, version: Version) {
        let ((), looked) = tokio::join!(self.tell_others(version), self.look());
        if let Err(error) = looked {
            tracing::warn!(error = &error as &dyn std::error::Error, %version, "the new head is not seen yet");
        }
    }

    /// Puts the version where the others look for it first, and then tells them. A Redis that was away at the last look
    /// is not waited for.
    async fn tell_others(&self, version: Version) {
        let Some(copies) = self.inner.copies.as_ref().filter(|copies| !copies.is_away()) else { return };
        if !copies.answers().await {
            return;
        }
        if let Ok(Some(files)) = self.truth(version).await
            && copies.put(version, &files).await
        {
            self.placed(version);
        }
        copies.tell(version).await;
    }

    /// Whether a head moved, and why a published version cannot be used, if one cannot.
    pub(crate) async fn look(&self) -> Result<(bool, Option<RegistryError>), RegistryError> {
        let _one = self.inner.looking.lock().await;
        let looked = self.look_alone().await;
        self.inner.source_away.store(looked.is_err(), Ordering::Relaxed);
        if let Ok((_, unusable)) = &looked {
            *self.inner.last_seen.write().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            self.inner.head_unusable.store(unusable.is_some(), Ordering::Relaxed);
        }
        looked
    }

    async fn look_alone(&self) -> Result<(bool, Option<RegistryError>), RegistryError> {
        let old = self.snapshot();
        let Some(publications) = self.inner.source.heads(old.newest.as_deref()).await? else {
            return Ok((false, None));
        };
        let mut new = Snapshot { newest: publications.last().map(|newest| newest.id.clone()), ..Snapshot::default() };
        let mut unusable = None;
        for publication in publications {
            match self.usable(publication.version).await {
                Ok(policy) => new.add(Head { publication, policy }),
                Err(error @ (RegistryError::Store(_) | RegistryError::Remote(_))) => return Err(error),
                Err(error) => {
                    unusable = Some(error);
                    new.newest = None;
                    if let Some(head) = old.heads.get(&publication.division) {
                        new.add(head.clone());
                    }
                }
            }
        }
        let moved = !old.acts().eq(new.acts());
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

    /// Reads one head's copy in Redis, in turn; where it is not right, all of them, and puts right what is not.
    pub(crate) async fn check_copies(&self) {
        let Some(copies) = &self.inner.copies else { return };
        if !copies.answers().await {
            return;
        }
        let versions: BTreeSet<Version> = self.snapshot().versions().collect();
        let turn = self.inner.turn.fetch_add(1, Ordering::Relaxed).checked_rem(versions.len()).unwrap_or(0);
        let (mut spoilt, mut right) = (false, true);
        if let Some(version) = versions.iter().nth(turn) {
            (right, spoilt) = self.check_copy(*version).await;
        }
        if !right {
            for version in versions {
                spoilt |= self.check_copy(version).await.1;
            }
        }
        copies.checked(spoilt);
    }

    /// Whether the copy is right, and whether Redis is to blame if it is not: a version it was never given is no fault.
    async fn check_copy(&self, version: Version) -> (bool, bool) {
        let Some(copies) = &self.inner.copies else { return (true, false) };
        let spoilt = match copies.get(version).await {
            None => return (true, false),
            Some(Found::Files(_)) => {
                self.placed(version);
                return (true, false);
            }
            Some(Found::Nothing) => self.was_placed(version),
            Some(Found::Spoilt) => true,
        };
        if spoilt {
            tracing::warn!(%version, "redis lost or changed a policy version; it is put there again");
        }
        if let Ok(Some(files)) = self.truth(version).await
            && copies.put(version, &files).await
        {
            self.placed(version);
        }
        (false, spoilt)
    }

    fn placed(&self, version: Version) {
        self.inner.placed.lock().unwrap_or_else(PoisonError::into_inner).insert(version);
    }

    fn was_placed(&self, version: Version) -> bool {
        self.inner.placed.lock().unwrap_or_else(PoisonError::into_inner).contains(&version)
    }

    /// How well this process knows the truth.
    #[must_use]
    pub fn health(&self) -> Health {
        let inner = &self.inner;
        let redis = inner.copies.as_ref().is_some_and(|copies| copies.is_away() || copies.is_spoilt());
        let source = if inner.source.database().is_ok() { "database" } else { "registry" };
        let flags = [
            (redis, "redis"),
            (inner.source_away.load(Ordering::Relaxed), source),
            (inner.head_unusable.load(Ordering::Relaxed), "head"),
        ];
        let degraded = flags.into_iter().filter(|(is, _)| *is).map(|(_, name)| name).collect();
        let last_seen = *inner.last_seen.read().unwrap_or_else(PoisonError::into_inner);
        Health { degraded, last_seen, age: last_seen.map(|seen| seen.elapsed()) }
    }
}
