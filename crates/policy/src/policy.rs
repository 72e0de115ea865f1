use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use terms::{Division as DivisionCode, Name};

use crate::compile::{
    CompiledDivision, Given, Index, PickedRow, check_all_beside, check_all_conditions, check_all_conflicts,
    compile_division,
};
use crate::decision::{Reason, Refusal};
use crate::facts::Period;
use crate::pack::{Citation, Clause, Mark, PackDivision, PackFile, PackTree, Payer, SourceId};
use crate::question::MostPaid;
use crate::{Problems, check};

/// The name of a policy version: the SHA-256 of its content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version([u8; 32]);

impl Version {
    /// The name that files have as a version, in whatever order they come; whether they compile is not asked.
    #[must_use]
    pub fn of(files: &[PackFile]) -> Self {
        let mut sorted: Vec<&PackFile> = files.iter().collect();
        sorted.sort_by(|a, b| a.path.cmp(&b.path));
        let mut hash = Sha256::new();
        for file in sorted {
            hash.update(file.path.len().to_be_bytes());
            hash.update(file.path.as_bytes());
            hash.update(file.text.len().to_be_bytes());
            hash.update(file.text.as_bytes());
        }
        Self(hash.finalize().into())
    }
}

/// In hexadecimal.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why a text is no name of a policy version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of a policy version: 64 hexadecimal digits, small letters")]
pub struct ParseVersionError;

/// From hexadecimal, as [`fmt::Display`] writes it.
impl FromStr for Version {
    type Err = ParseVersionError;
    fn from_str(text: &str) -> Result<Self, ParseVersionError> {
        let mut bytes = [0; 32];
        let well_formed = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !well_formed {
            return Err(ParseVersionError);
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            let digits = text.get(at * 2..at * 2 + 2).ok_or(ParseVersionError)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| ParseVersionError)?;
        }
        Ok(Self(bytes))
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A policy version: the packs as read, and the tables they compile to.
#[derive(Clone, Debug)]
pub struct Policy {
    version: Version,
    pub(crate) tree: PackTree,
    pub(crate) index: Index,
    pub(crate) divisions: BTreeMap<DivisionCode, CompiledDivision>,
}

/// The packs that ship with this crate: path and text.
const SHIPPED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

impl Policy {
    /// Compiles packs.
    ///
    /// # Errors
    /// All problems, if one of them is an error. Warnings alone do not refuse a pack; [`check::check`] lists them.
    pub fn compile(files: &[PackFile]) -> Result<Self, Problems> {
        match Self::compile_with_warnings(files) {
            (Some(policy), _) => Ok(policy),
            (None, problems) => Err(problems),
        }
    }

    /// The policy, unless a problem is an error; and every problem, warnings too.
    pub(crate) fn compile_with_warnings(files: &[PackFile]) -> (Option<Self>, Problems) {
        let mut problems = Problems::default();
        let tree = PackTree::load(files, &mut problems);
        check_all_conflicts(&tree, &mut problems);
        check_all_conditions(&tree, &mut problems);
        check_all_beside(&tree, &mut problems);
        check::national_list(&tree, &mut problems);
        let mut policy = Self {
            version: Version::of(files),
            tree: PackTree::default(),
            index: Index::default(),
            divisions: BTreeMap::new(),
        };
        let mut codes: Vec<&PackDivision> = tree.divisions.values().collect();
        codes.sort_by_key(|division| tree.chain(division.code).len());
        for division in codes {
            let parent = division.parent.and_then(|parent| policy.divisions.get(&parent));
            let compiled = compile_division(&tree, division, parent, &mut policy.index, &mut problems);
            policy.divisions.insert(division.code, compiled);
        }
        policy.tree = tree;
        (Some(policy).filter(|_| !problems.has_errors()), problems)
    }

    /// The packs that ship with this version of the program.
    #[must_use]
    pub fn shipped_files() -> Vec<PackFile> {
        SHIPPED.iter().map(|(path, text)| PackFile { path: (*path).to_owned(), text: (*text).to_owned() }).collect()
    }

    /// The name of this version.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Every division, in order of code.
    pub fn divisions(&self) -> impl Iterator<Item = &PackDivision> {
        self.tree.divisions.values()
    }

    /// A division and its ancestors, nearest first.
    #[must_use]
    pub fn chain(&self, division: DivisionCode) -> Vec<&PackDivision> {
        self.tree.chain(division)
    }

    /// Where a value stands.
    #[must_use]
    pub fn citation(&self, source: SourceId) -> Option<&Citation> {
        self.tree.citation(source)
    }

    /// Every value as the packs write it, in order of reading.
    pub fn citations(&self) -> impl Iterator<Item = &Citation> {
        self.tree.citations.iter()
    }

    /// What a clause id means.
    #[must_use]
    pub fn clause(&self, id: &str) -> Option<&Clause> {
        self.tree.clauses.get(id)
    }

    /// Of clause ids, those that hold in a division: of the nation's documents, the division's own and those of what it lies in.
    /// The nation's packs name other places' documents as where a figure is known from; they are nobody else's law.
    #[must_use]
    pub fn holding(&self, division: DivisionCode, cite: &[String]) -> Vec<String> {
        let chain = self.chain(division);
        let holds = |id: &&String| {
            let of = self.clause(id).and_then(|clause| clause.division);
            of.is_none_or(|of| chain.iter().any(|pack| pack.code == of))
        };
        cite.iter().filter(holds).cloned().collect()
    }

    /// Every clause, in order of id.
    pub fn clauses(&self) -> impl Iterator<Item = &Clause> {
        self.tree.clauses.values()
    }

    /// A payer by its number in this version.
    #[must_use]
    pub fn payer(&self, number: u16) -> Option<&Payer> {
        self.index.payers.get(usize::from(number))
    }

    /// Whether any benefit of a division counts in a meter of this name, on any day.
    #[must_use]
    pub fn knows_meter(&self, division: DivisionCode, name: &Name) -> bool {
        self.divisions.get(&division).is_some_and(|division| division.knows_meter(name))
    }

    /// That a scheme has a benefit in a division on any of these days.
    ///
    /// # Errors
    /// A [`Refusal`] with its clauses: no pack, or nothing that the scheme pays there.
    pub fn insures(&self, division: DivisionCode, scheme: terms::Scheme, days: Period) -> Result<(), Refusal> {
        let refusal = match self.divisions.get(&division) {
            None => Refusal::of(Reason::UnknownDivision, division.to_string()),
            Some(tables) if tables.has_benefit(scheme, days) => return Ok(()),
            Some(_) => {
                let (from, to) = (days.from, days.to);
                let about = format!(
                    "{scheme} in {division} from {from} to {to}: nothing is paid there, so a premium would buy nothing; \
                     enrol in the place below it whose fund pays"
                );
                Refusal::of(Reason::NoBenefit, about)
            }
        };
        Err(self.with_clauses(refusal, (division, scheme), None, days.from))
    }

    /// The meters that benefits of a division count in on any of these days, by name, each with the parts it can have beside
    /// the whole; empty where it has no benefit on them.
    #[must_use]
    pub fn meters(&self, division: DivisionCode, days: Period) -> BTreeMap<Name, BTreeSet<Name>> {
        self.divisions.get(&division).map(|division| division.meters(days)).unwrap_or_default()
    }

    /// How much the layers of a division can have paid at most on these days, by the name of the meter they count in.
    #[must_use]
    pub fn most_paid(&self, division: DivisionCode, days: Period) -> BTreeMap<Name, MostPaid> {
        self.divisions.get(&division).map(|division| division.most_paid(days)).unwrap_or_default()
    }

    /// Whether a division or one above it has a payer of this name; the hospital always may bear what is over a limit.
    #[must_use]
    pub fn knows_payer(&self, division: DivisionCode, name: &str) -> bool {
        name == "hospital" || self.chain(division).iter().any(|division| division.payers.contains_key(name))
    }

    /// Whether a value is assumed.
    #[must_use]
    pub fn is_assumed(&self, source: SourceId) -> bool {
        self.citation(source).is_some_and(|citation| citation.mark == Mark::Assumed)
    }

    /// A row's value, or the refusal that none is known.
    pub(crate) fn given<'r, T>(&self, row: &'r PickedRow<T>) -> Result<&'r T, Refusal> {
        match &row.value {
            Given::Is(value) => Ok(value),
            Given::Absent => Err(self.absent(row.via.unwrap_or(row.source))),
        }
    }

    /// The refusal that a value is asked for and none is known.
    pub(crate) fn absent(&self, source: SourceId) -> Refusal {
        let citation = self.citation(source);
        let about = citation.map_or(String::new(), |citation| format!("{} ({})", citation.address, citation.row));
        Refusal::cited(Reason::AbsentValue, about, citation.map_or_else(Vec::new, |citation| citation.cite.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_reads_back_from_its_name_and_from_nothing_else() {
        let version = Version::of(&[PackFile { path: "a.toml".to_owned(), text: String::new() }]);
        let text = version.to_string();
        assert_eq!(text.parse(), Ok(version));
        for wrong in ["", &text[1..], &text.to_uppercase(), &format!("{text}0"), &text.replace(&text[..1], "g")] {
            assert_eq!(wrong.parse::<Version>(), Err(ParseVersionError), "{wrong}");
        }
    }
}
