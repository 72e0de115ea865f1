use chrono::{DateTime, Utc};
use policy::Version;
use terms::Division;

/// One act of publishing: who made which version the head of which division, when, why and from which document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// The act's id.
    pub id: String,
    /// The division whose head moved.
    pub division: Division,
    /// The version that became the head.
    pub version: Version,
    /// The division's head before, its own or the nearest above; `None` if there was none.
    pub replaced: Option<Version>,
    /// The officer's account, never a person's name.
    pub operator: String,
    /// Why.
    pub reason: String,
    /// The document it comes from.
    pub source: String,
    /// When, to the microsecond.
    pub at: DateTime<Utc>,
    /// Whether an earlier version was made the head again.
    pub rolled_forward: bool,
}

/// A page of publications, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The acts.
    pub publications: Vec<Publication>,
    /// The id after which the next page begins; `None` on the last.
    pub next: Option<String>,
}
