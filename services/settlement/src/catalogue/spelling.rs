//! Codes however they are written: an item that is spelled in another way is the same item, and no two codes are one spelled twice.

use std::borrow::Cow;
use std::collections::BTreeMap;

use policy::{Problem, Problems, Severity};
use unicode_normalization::UnicodeNormalization as _;

use super::folder::Folder;

/// Every code of a catalogue, by how it is compared.
#[derive(Clone, Debug)]
pub(super) struct Codes(BTreeMap<String, String>);

impl Codes {
    /// The codes of all divisions' folders. Two that are compared alike are a problem: one of them would never be found.
    pub(super) fn of(folders: &BTreeMap<u32, Folder>, problems: &mut Problems) -> Self {
        let mut codes: BTreeMap<String, String> = BTreeMap::new();
        for item in folders.values().flat_map(|folder| folder.items.values()) {
            let known = codes.entry(compared(&item.code).into_owned()).or_insert_with(|| item.code.clone());
            if *known != item.code {
                problems.add(Problem {
                    file: item.file.clone(),
                    line: item.line,
                    column: 1,
                    severity: Severity::Error,
                    kind: "overlap",
                    found: format!("{}, which is {known} spelled in another way", item.code),
                    expected: "codes that differ in a letter or a digit, or one spelling in all files".to_owned(),
                });
            }
        }
        Self(codes)
    }

    /// The code that a text spells; none where the catalogue has no such code.
    pub(super) fn code(&self, text: &str) -> Option<&str> {
        self.0.get(&*compared(text)).map(String::as_str)
    }
}

/// A code as it is compared: its letters and digits alone, in capitals and in their usual width.
fn compared(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.nfkc().filter(|char| char.is_alphanumeric()).flat_map(char::to_uppercase).collect())
}
