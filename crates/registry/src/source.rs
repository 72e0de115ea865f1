use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use policy::{PackFile, Version};
use store::Database;

use crate::publication::{Page, Publication};
use crate::{RegistryError, store as sql};

/// What a [`Remote`] will have answered.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Box<dyn Error + Send + Sync>>> + Send + 'a>>;

/// Another process that has the truth, asked over whatever wire the service speaks. Each call ends within a deadline.
pub trait Remote: Send + Sync {
    /// A page of the publications of all divisions, newest first, as [`crate::Registry::publications`] gives it.
    fn publications(&self, size: u32, after: Option<String>) -> Answer<'_, Page>;
    /// The files of a version; `None` where it is unknown.
    fn files(&self, version: Version) -> Answer<'_, Option<Vec<PackFile>>>;
}

/// Where the truth is.
#[derive(Clone)]
pub enum Source {
    /// A database of one's own.
    Database(Database),
    /// A process that has one.
    Remote(Arc<dyn Remote>),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Database(_) => "Database",
            Self::Remote(_) => "Remote",
        })
    }
}

/// Publications a remote is asked for at once.
const PAGE: u32 = 1_000;

impl Source {
    pub(crate) fn database(&self) -> Result<&Database, RegistryError> {
        match self {
            Self::Database(database) => Ok(database),
            Self::Remote(_) => Err(RegistryError::NoDatabase),
        }
    }

    /// The last publication of each division, oldest first; `None` where the newest of all is the one that is known.
    pub(crate) async fn heads(&self, known: Option<&str>) -> Result<Option<Vec<Publication>>, RegistryError> {
        let remote = match self {
            Self::Database(database) => {
                let heads = sql::heads(database.reader()).await?;
                let moved = heads.last().map(|newest| newest.id.as_str()) != known;
                return Ok(moved.then_some(heads));
            }
            Self::Remote(remote) => remote,
        };
        let newest = remote.publications(1, None).await.map_err(RegistryError::Remote)?;
        if newest.publications.first().map(|newest| newest.id.as_str()) == known {
            return Ok(None);
        }
        let mut heads: Vec<Publication> = Vec::new();
        let mut after = None;
        loop {
            let page = remote.publications(PAGE, after).await.map_err(RegistryError::Remote)?;
            for publication in page.publications {
                if !heads.iter().any(|head| head.division == publication.division) {
                    heads.push(publication);
                }
            }
            after = page.next;
            if after.is_none() {
                heads.reverse();
                return Ok(Some(heads));
            }
        }
    }

    /// The files of a version, whatever they hash to.
    pub(crate) async fn files(&self, version: Version) -> Result<Option<Vec<PackFile>>, RegistryError> {
        match self {
            Self::Database(database) => Ok(sql::files(database.reader(), version).await?),
            Self::Remote(remote) => remote.files(version).await.map_err(RegistryError::Remote),
        }
    }
}
