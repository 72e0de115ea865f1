//! The catalogue that fee lines are read with: drugs, services and consumables, dated, by division.
//!
//! Invariant: no item, amount, ratio or place stands here; they stand in `catalogue/` with a date, a source and a mark.

mod apply;
mod entry;
mod folder;
mod item;
mod page;
mod read;
mod spelling;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Bound;

use chrono::NaiveDate;
use policy::Problems;
use sha2::{Digest, Sha256};
use terms::{Division, LineKind};

pub use apply::Words;
use folder::Folder;
use item::Chain;
pub use item::{Found, Said};
/// One file of a catalogue: its path below the catalogue's folder, with `/`, and its text.
pub use policy::PackFile as File;
use spelling::Codes;

/// The files that ship with this service: path and text.
const SHIPPED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// A catalogue as read: every division's items, and what each says from which day.
#[derive(Clone, Debug)]
pub struct Catalogue {
    version: String,
    /// By code of division.
    folders: BTreeMap<u32, Folder>,
    codes: Codes,
    root: u32,
}

/// A version of the catalogue, as a division sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edition {
    /// SHA-256 of its content, in hexadecimal.
    pub version: String,
    /// How many items the division sees, those that have ended too.
    pub items: u64,
    /// First day on which it is used.
    pub from: NaiveDate,
    /// The documents it comes from, the division's own first.
    pub source: String,
}

impl Catalogue {
    /// The files that ship with this version of the program.
    #[must_use]
    pub fn shipped_files() -> Vec<File> {
        SHIPPED.iter().map(|(path, text)| File { path: (*path).to_owned(), text: (*text).to_owned() }).collect()
    }

    /// Reads a catalogue out of its files.
    ///
    /// # Errors
    /// Every problem of every file, with file, line, what was found and what was expected.
    pub fn read(files: &[File]) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let read = read::folders(files, &mut problems);
        match read {
            Some((root, folders, codes)) if problems.is_empty() => {
                Ok(Self { version: version_of(files), folders, codes, root })
            }
            _ => Err(problems),
        }
    }

    /// The name of this version: SHA-256 of its content, in hexadecimal.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// An item, however its code is spelled, as the catalogue of a division has it on a day: each of its values as the division itself gives it, or else
    /// the nearest division above that does. `None` where the item is outside the catalogue on that day.
    #[must_use]
    pub fn item(&self, division: Division, code: &str, on: NaiveDate) -> Option<Found<'_>> {
        chain_of(&self.seen(division), self.codes.code(code)?)?.found(on)
    }

    /// Items in force on a day in order of code: of one kind or of all, those after a code, `limit` at most.
    #[must_use]
    pub fn items(
        &self,
        division: Division,
        on: NaiveDate,
        kind: Option<LineKind>,
        after: Option<&str>,
        limit: usize,
    ) -> Vec<Found<'_>> {
        let seen = self.seen(division);
        let mut found = Vec::new();
        let mut last = after;
        while found.len() < limit {
            let Some(code) = next_code(&seen, last) else {
                break;
            };
            let item = chain_of(&seen, code).and_then(|chain| chain.found(on));
            found.extend(item.filter(|item| kind.is_none_or(|kind| kind == item.kind)));
            last = Some(code);
        }
        found
    }

    /// The versions of a division's catalogue, newest first. A build holds one: all its values are dated.
    #[must_use]
    pub fn versions(&self, division: Division) -> Vec<Edition> {
        let seen = self.seen(division);
        let Some(from) = seen.iter().map(|folder| folder.used_from).max() else {
            return Vec::new();
        };
        let mut items = 0;
        let mut last = None;
        while let Some(code) = next_code(&seen, last) {
            items += 1;
            last = Some(code);
        }
        let sources: Vec<&str> = seen.iter().map(|folder| folder.source.as_str()).collect();
        vec![Edition { version: self.version.clone(), items, from, source: sources.join("；") }]
    }

    /// The folders a division reads, its own first, the root's last.
    fn seen(&self, division: Division) -> Vec<&Folder> {
        read::upwards(division.code(), self.root).into_iter().filter_map(|code| self.folders.get(&code)).collect()
    }
}

/// What the folders say of an item, nearest first; `None` where none of them knows it.
fn chain_of<'c>(seen: &[&'c Folder], code: &str) -> Option<Chain<'c>> {
    Chain::of(seen.iter().filter_map(|folder| folder.items.get(code)).collect())
}

/// The first code after `last` that one of the folders knows.
fn next_code<'c>(seen: &[&'c Folder], last: Option<&str>) -> Option<&'c str> {
    let from = last.map_or(Bound::Unbounded, Bound::Excluded);
    let next = |folder: &&'c Folder| folder.items.range::<str, _>((from, Bound::Unbounded)).next();
    seen.iter().filter_map(next).map(|(code, _)| code.as_str()).min()
}

fn version_of(files: &[File]) -> String {
    let mut sorted: Vec<&File> = files.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let mut hash = Sha256::new();
    for part in sorted.iter().flat_map(|file| [&file.path, &file.text]) {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        // Writing into a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
