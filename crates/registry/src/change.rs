use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use policy::{PackFile, Policy, Problem, Version};

/// The most bytes of paths and texts a change may bring: 3 MiB, below the limit of a message.
pub const SIZE_AT_MOST: usize = 3 << 20;

/// Files laid over an earlier version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The version that is changed; `None`: no files at all.
    pub base: Option<Version>,
    /// Files added or replaced.
    pub files: Vec<PackFile>,
    /// Paths of files removed.
    pub removed: Vec<String>,
}

/// Why a change cannot be laid over its base; all reasons of its paths at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The base is unknown.
    #[error("find the base version {0}")]
    UnknownBase(Version),
    /// The files are more than [`SIZE_AT_MOST`].
    #[error("take {0} bytes of files at once")]
    TooLarge(usize),
    /// Paths that cannot be changed as asked.
    #[error("change {} of the paths", unknown.len() + twice.len())]
    Paths {
        /// Indices into [`Change::removed`] of paths that the base does not have.
        unknown: Vec<usize>,
        /// Indices into [`Change::files`] of paths that came before, in the files or among those removed.
        twice: Vec<usize>,
    },
}

/// What a change comes to.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The version the files have.
    pub version: Version,
    /// The whole tree, in order of path.
    pub files: Vec<PackFile>,
    /// All problems, in order of file and line.
    pub problems: Vec<Problem>,
    /// The compiled version; `None` if a problem is an error.
    pub policy: Option<Arc<Policy>>,
}

impl Checked {
    /// Whether it may be published: no problem is an error.
    #[must_use]
    pub const fn publishable(&self) -> bool {
        self.policy.is_some()
    }
}

impl Change {
    /// The whole tree in order of path.
    pub(crate) fn over(&self, base: Vec<PackFile>) -> Result<Vec<PackFile>, ChangeError> {
        let size = self.files.iter().map(|file| file.path.len() + file.text.len()).sum();
        if size > SIZE_AT_MOST {
            return Err(ChangeError::TooLarge(size));
        }
        let mut tree: BTreeMap<String, String> = base.into_iter().map(|file| (file.path, file.text)).collect();
        let (mut unknown, mut twice) = (Vec::new(), Vec::new());
        let mut named: BTreeSet<&str> = BTreeSet::new();
        for (at, path) in self.removed.iter().enumerate() {
            if tree.remove(path).is_none() {
                unknown.push(at);
            }
            named.insert(path);
        }
        for (at, file) in self.files.iter().enumerate() {
            if !named.insert(&file.path) {
                twice.push(at);
            }
            tree.insert(file.path.clone(), file.text.clone());
        }
        if !unknown.is_empty() || !twice.is_empty() {
            return Err(ChangeError::Paths { unknown, twice });
        }
        Ok(tree.into_iter().map(|(path, text)| PackFile { path, text }).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> PackFile {
        PackFile { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_change_adds_replaces_and_removes_and_leaves_the_rest() {
        let base = vec![file("b", "1"), file("a", "1"), file("c", "1")];
        let change = Change { base: None, files: vec![file("d", "2"), file("b", "2")], removed: vec!["c".to_owned()] };
        assert_eq!(change.over(base), Ok(vec![file("a", "1"), file("b", "2"), file("d", "2")]));
    }

    #[test]
    fn every_path_that_cannot_be_changed_is_named_at_once() {
        let removed = ["x", "a", "a"].map(str::to_owned).to_vec();
        let change = Change { base: None, files: vec![file("b", "2"), file("b", "3"), file("a", "4")], removed };
        let wrong = ChangeError::Paths { unknown: vec![0, 2], twice: vec![1, 2] };
        assert_eq!(change.over(vec![file("a", "1")]), Err(wrong));
    }

    #[test]
    fn a_change_is_at_most_three_mebibytes() {
        let of = |size: usize| Change { files: vec![file("a", &"x".repeat(size - 1))], ..Change::default() };
        assert!(of(SIZE_AT_MOST).over(Vec::new()).is_ok());
        assert_eq!(of(SIZE_AT_MOST + 1).over(Vec::new()), Err(ChangeError::TooLarge(SIZE_AT_MOST + 1)));
    }
}
