use std::collections::BTreeMap;
use std::sync::Arc;

use policy::{Policy, Version};
use terms::Division;

use crate::Publication;

/// A division's head: the act, and the version compiled.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) publication: Publication,
    pub(crate) policy: Arc<Policy>,
}

/// What a process decides from.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) heads: BTreeMap<Division, Head>,
    pub(crate) tree: Tree,
    /// The id of the newest publication, if every head could be used.
    pub(crate) newest: Option<String>,
}

impl Snapshot {
    /// Adds a head; later acts are added later.
    pub(crate) fn add(&mut self, head: Head) {
        self.tree.add(&head.policy);
        self.heads.insert(head.publication.division, head);
    }

    pub(crate) fn nearest(&self, division: Division) -> Option<&Head> {
        self.tree.nearest(&self.heads, division)
    }

    /// The ids of the acts that made the heads.
    pub(crate) fn acts(&self) -> impl Iterator<Item = &str> {
        self.heads.values().map(|head| head.publication.id.as_str())
    }

    pub(crate) fn versions(&self) -> impl Iterator<Item = Version> {
        self.heads.values().map(|head| head.publication.version)
    }
}

/// Who is above whom, by the packs; where they say nothing, by the code itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    parents: BTreeMap<Division, Division>,
    root: Option<Division>,
}

impl Tree {
    /// Adds what a version's packs say; they win over what was added before.
    pub(crate) fn add(&mut self, policy: &Policy) {
        for division in policy.divisions() {
            match division.parent {
                Some(parent) => {
                    self.parents.insert(division.code, parent);
                }
                None => self.root = Some(division.code),
            }
        }
    }

    /// Adds what another tree says; it wins.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.parents.extend(&other.parents);
        self.root = other.root.or(self.root);
    }

    fn above(&self, division: Division) -> Option<Division> {
        if Some(division) == self.root {
            return None;
        }
        self.parents.get(&division).copied().or_else(|| division.above()).or(self.root)
    }

    /// The last publication of the division, or of the nearest one above it that has any.
    pub(crate) fn nearest<'h, H>(&self, heads: &'h BTreeMap<Division, H>, division: Division) -> Option<&'h H> {
        let mut seen = Vec::new();
        let mut next = Some(division);
        while let Some(here) = next.filter(|here| !seen.contains(here)) {
            if let Some(head) = heads.get(&here) {
                return Some(head);
            }
            seen.push(here);
            next = self.above(here);
        }
        None
    }
}

/// Publications by their division.
pub(crate) fn by_division(publications: Vec<Publication>) -> BTreeMap<Division, Publication> {
    publications.into_iter().map(|publication| (publication.division, publication)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn division(code: &str) -> Division {
        code.parse().unwrap()
    }

    #[test]
    fn the_nearest_head_above_is_found_by_the_packs_and_else_by_the_code() {
        let mut tree = Tree { parents: BTreeMap::new(), root: Some(division("900000")) };
        let mut heads: BTreeMap<Division, u8> = [(division("900000"), 0), (division("990100"), 1)].into();
        for (asked, found) in [("990100", 1), ("990101", 1), ("990000", 0), ("980203", 0), ("900000", 0)] {
            assert_eq!(tree.nearest(&heads, division(asked)), Some(&found), "{asked}");
        }
        tree.parents.insert(division("990101"), division("990200"));
        assert_eq!(tree.nearest(&heads, division("990101")), Some(&0));
        heads.insert(division("990200"), 2);
        assert_eq!(tree.nearest(&heads, division("990101")), Some(&2));
        assert_eq!(tree.nearest(&BTreeMap::<Division, u8>::new(), division("990101")), None);
    }

    #[test]
    fn a_loop_of_parents_ends() {
        let (one, two) = (division("990100"), division("990200"));
        let tree = Tree { parents: [(one, two), (two, one)].into(), root: None };
        assert_eq!(tree.nearest(&BTreeMap::<Division, u8>::new(), one), None);
    }
}
