use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use sha2::{Digest as _, Sha256};

use super::{DocumentType, Sex};

/// Who a person is. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) document_type: DocumentType,
    pub(crate) document_number: String,
    pub(crate) born: NaiveDate,
    pub(crate) sex: Sex,
    pub(crate) phone: String,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(…)")
    }
}

/// A person as recorded.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) version: i64,
    pub(crate) identity: Identity,
    pub(crate) died: Option<NaiveDate>,
    /// The household on the day asked for.
    pub(crate) household: Option<String>,
    pub(crate) recorded_at: DateTime<Utc>,
}

impl Person {
    /// Age in whole years on a day; zero before birth, at most 255.
    pub(crate) fn age(&self, on: NaiveDate) -> u8 {
        on.years_since(self.identity.born).map_or(0, |years| u8::try_from(years).unwrap_or(u8::MAX))
    }
}

/// By what a document is looked up: the number itself stands in one table only.
pub(crate) fn document_hash(kind: DocumentType, number: &str) -> String {
    let hash = Sha256::digest(format!("{}:{number}", kind.word()));
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
