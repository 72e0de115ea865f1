use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

/// A text out of a file without what a terminal would obey: control characters and marks that turn the line's direction.
#[must_use]
pub fn printable(text: &str) -> String {
    let obeyed = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|letter| if obeyed(letter) { '\u{fffd}' } else { letter }).collect()
}

/// How bad a problem of a pack or case is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The pack or case is refused.
    Error,
    /// Worth a look; nothing is refused.
    Warning,
}

/// One thing that is wrong with a pack or a case, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Problem {
    /// The file, relative to the folder that was read.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Error or warning.
    pub severity: Severity,
    /// Stable name of the kind of problem: `gap`, `overlap`, `unknown_name`, …
    pub kind: &'static str,
    /// What was found.
    pub found: String,
    /// What was expected, or what to write instead.
    pub expected: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = if self.severity == Severity::Error { "error" } else { "warning" };
        let (file, found) = (printable(&self.file), printable(&self.found));
        write!(f, "{file}:{}:{}: {severity}[{}]: found {found}", self.line, self.column, self.kind)?;
        if self.expected.is_empty() { Ok(()) } else { write!(f, "; expected {}", printable(&self.expected)) }
    }
}

/// All problems found so far, each kept once.
#[derive(Clone, Debug, Default)]
pub struct Problems(BTreeSet<Problem>);

impl Problems {
    /// Keeps a problem.
    pub fn add(&mut self, problem: Problem) {
        self.0.insert(problem);
    }

    /// Keeps a problem unless one of its kind at its place begins with the same words: the first day, and the highest
    /// division, stand for those that follow.
    pub(crate) fn add_first(&mut self, problem: Problem, beginning: &str) {
        let same = |known: &Problem| {
            (&known.file, known.line, known.column, known.kind)
                == (&problem.file, problem.line, problem.column, problem.kind)
        };
        if !self.0.iter().any(|known| same(known) && known.found.starts_with(beginning)) {
            self.0.insert(problem);
        }
    }

    /// Whether one of them refuses the pack or case.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The problems in order of file and line.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            writeln!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
