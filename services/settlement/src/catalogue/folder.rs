use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::item::Item;

/// What one division's files say.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    /// First day on which this content is used.
    pub(super) used_from: NaiveDate,
    /// The document it comes from.
    pub(super) source: String,
    /// By code.
    pub(super) items: BTreeMap<String, Item>,
}
