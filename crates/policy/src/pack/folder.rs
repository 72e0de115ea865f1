use serde::{Deserialize, Serialize};

/// One file of a pack folder: its path below the folder, with `/`, and its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PackFile {
    /// Path below the packs folder: `<division>/resident/inpatient.toml`.
    pub path: String,
    /// The whole text.
    pub text: String,
}
