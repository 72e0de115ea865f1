use std::sync::Arc;

use chrono::{DateTime, Utc};
use policy::{PackFile, Policy, Problem, Version};
use terms::Division;

use crate::heads::{Tree, by_division};
use crate::{Change, Publication, PublishError, Registry, store as sql};

/// Asks to make a changed tree of packs the head of a division.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// The act's id, greater than those of earlier acts (a UUID of version 7).
    pub id: String,
    /// The division.
    pub division: Division,
    /// The packs; the base is the division's present head.
    pub change: Change,
    /// The officer's account.
    pub operator: String,
    /// Why.
    pub reason: String,
    /// The document it comes from.
    pub source: String,
    /// The moment.
    pub at: DateTime<Utc>,
}

/// Asks to make an earlier version the head of a division again. Its document is that of the version's last publication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollForward {
    /// The act's id, greater than those of earlier acts.
    pub id: String,
    /// The division.
    pub division: Division,
    /// The version to return to.
    pub version: Version,
    /// The head as the caller read it.
    pub replaced: Option<Version>,
    /// The officer's account.
    pub operator: String,
    /// Why.
    pub reason: String,
    /// The moment.
    pub at: DateTime<Utc>,
}

/// The first publication of all: for the root of the packs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// The act's id.
    pub id: String,
    /// The packs, whole.
    pub files: Vec<PackFile>,
    /// The account that seeds.
    pub operator: String,
    /// Why.
    pub reason: String,
    /// The document they come from.
    pub source: String,
    /// The moment.
    pub at: DateTime<Utc>,
}

/// A publication that is checked and compiled, and only needs its transaction.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// `source` is empty for a return to an earlier version: that of its last publication is taken.
    publication: Publication,
    /// `None` where the version is kept already.
    files: Option<Vec<PackFile>>,
    policy: Arc<Policy>,
    warnings: Vec<Problem>,
}

impl Prepared {
    /// The version that will be the head.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.publication.version
    }
}

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The act.
    pub publication: Publication,
    /// Warnings of the check.
    pub warnings: Vec<Problem>,
}

impl Registry {
    /// Lays the change over its base, checks and compiles it, which takes a while: no transaction is open meanwhile.
    ///
    /// # Errors
    /// [`PublishError::Refused`] with all problems; [`PublishError::Change`]; [`PublishError::UnknownDivision`].
    pub async fn prepare(&self, publish: Publish) -> Result<Prepared, PublishError> {
        let Publish { id, division, change, operator, reason, source, at } = publish;
        let checked = self.check(&change).await?;
        let Some(policy) = checked.policy else { return Err(PublishError::Refused(checked.problems)) };
        known(&policy, division)?;
        self.expect_soon(&policy);
        let (version, replaced, rolled_forward) = (checked.version, change.base, false);
        let publication = Publication { id, division, version, replaced, operator, reason, source, at, rolled_forward };
        Ok(Prepared { publication, files: Some(checked.files), policy, warnings: checked.problems })
    }

    /// Gets the earlier version, so that a head is never one that this program cannot compile.
    ///
    /// # Errors
    /// [`PublishError::UnknownVersion`]; [`PublishError::UnknownDivision`].
    pub async fn prepare_roll_forward(&self, roll: RollForward) -> Result<Prepared, PublishError> {
        let RollForward { id, division, version, replaced, operator, reason, at } = roll;
        let policy = self.version(version).await?.ok_or(PublishError::UnknownVersion(version))?;
        known(&policy, division)?;
        let (source, rolled_forward) = (String::new(), true);
        let publication = Publication { id, division, version, replaced, operator, reason, source, at, rolled_forward };
        Ok(Prepared { publication, files: None, policy, warnings: Vec::new() })
    }

    /// Makes the prepared version the head, as part of the caller's transaction. After its commit, [`Registry::announce`].
    ///
    /// # Errors
    /// [`PublishError::HeadMoved`] where the base is not the division's present head, its own or the nearest above;
    /// [`PublishError::AlreadyHead`] where the version is its own head already;
    /// [`PublishError::UnknownVersion`] where an earlier version was never published. Then nothing is to be committed.
    pub async fn publish(&self, tx: &store::Tx, prepared: &Prepared) -> Result<Published, PublishError> {
        self.database()?;
        sql::lock(tx).await?;
        // the head as everyone sees it, also where the new packs move the division below another one
        let mut tree = Tree::default();
        tree.add(&prepared.policy);
        tree.extend(&self.snapshot().tree);
        let mut publication = prepared.publication.clone();
        // as it is stored
        publication.at = DateTime::from_timestamp_micros(publication.at.timestamp_micros()).unwrap_or(publication.at);
        let heads = by_division(sql::heads(tx).await?);
        let head = tree.nearest(&heads, publication.division).map(|head| head.version);
        if head != publication.replaced {
            return Err(PublishError::HeadMoved { head });
        }
        if heads.get(&publication.division).is_some_and(|own| own.version == publication.version) {
            return Err(PublishError::AlreadyHead(publication.version));
        }
        match &prepared.files {
            Some(files) => sql::keep(tx, publication.version, files).await?,
            None => {
                let source = sql::source_of(tx, publication.version).await?;
                publication.source = source.ok_or(PublishError::UnknownVersion(publication.version))?;
            }
        }
        sql::add(tx, &publication).await?;
        Ok(Published { publication, warnings: prepared.warnings.clone() })
    }

    /// Publishes the packs for their root if nothing was ever published; `None` where something was. Announces it too.
    ///
    /// # Errors
    /// [`PublishError::Refused`] where the packs do not compile; [`PublishError::NoRoot`].
    pub async fn seed(&self, seed: Seed) -> Result<Option<Publication>, PublishError> {
        let database = self.database()?.clone();
        if sql::newest(database.reader()).await?.is_some() {
            self.refresh().await?;
            return Ok(None);
        }
        let policy = crate::registry::compile(seed.files.clone())
            .await?
            .map_err(|problems| PublishError::Refused(problems.iter().cloned().collect()))?;
        let division = root(&policy).ok_or(PublishError::NoRoot)?;
        let Seed { id, files, operator, reason, source, at } = seed;
        let version = policy.version();
        let publication =
            Publication { id, division, version, replaced: None, operator, reason, source, at, rolled_forward: false };
        self.expect_soon(&policy);
        let prepared = &Prepared { publication, files: Some(files), policy, warnings: Vec::new() };
        let seeded = database
            .transaction(|tx| async move {
                sql::lock(&tx).await?;
                if sql::newest(&tx).await?.is_some() {
                    return Ok::<_, PublishError>(None);
                }
                Ok(Some(self.publish(&tx, prepared).await?.publication))
            })
            .await?;
        self.announce(version).await;
        Ok(seeded)
    }
}

/// The one division without a parent.
fn root(policy: &Policy) -> Option<Division> {
    let mut roots = policy.divisions().filter(|division| division.parent.is_none());
    let root = roots.next()?.code;
    roots.next().is_none().then_some(root)
}

fn known(policy: &Policy, division: Division) -> Result<(), PublishError> {
    let known = policy.divisions().any(|known| known.code == division);
    if known { Ok(()) } else { Err(PublishError::UnknownDivision(division)) }
}
