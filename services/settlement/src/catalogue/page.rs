use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;

use chrono::NaiveDate;
use policy::{Problem, Problems, Severity};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::File;

pub(super) type Key<'i> = Spanned<DeString<'i>>;
pub(super) type Node<'i> = Spanned<DeValue<'i>>;

/// One file being read: finds places and keeps problems.
pub(super) struct Page<'a> {
    file: &'a File,
    problems: &'a mut Problems,
}

impl<'a> Page<'a> {
    pub(super) fn new(file: &'a File, problems: &'a mut Problems) -> Self {
        Self { file, problems }
    }

    /// The file's table; what is no TOML is a problem, and the rest is read on.
    pub(super) fn table(&mut self) -> DeTable<'a> {
        let (table, errors) = DeTable::parse_recoverable(&self.file.text);
        for error in errors {
            let at = error.span().unwrap_or(0..0);
            self.problem(&at, "syntax", error.message().to_owned(), "valid TOML");
        }
        table.into_inner()
    }

    pub(super) fn path(&self) -> &'a str {
        &self.file.path
    }

    /// The line of a byte position, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.before(at).bytes().filter(|byte| *byte == b'\n').count() + 1
    }

    fn before(&self, at: usize) -> &'a str {
        self.file.text.get(..at).unwrap_or(&self.file.text)
    }

    /// How many problems there are so far.
    pub(super) fn problems(&self) -> usize {
        self.problems.len()
    }

    pub(super) fn problem(
        &mut self,
        at: &Range<usize>,
        kind: &'static str,
        found: String,
        expected: impl Into<String>,
    ) {
        let before = self.before(at.start);
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        let (file, line) = (self.file.path.clone(), self.line(at.start));
        self.problems.add(Problem {
            file,
            line,
            column,
            severity: Severity::Error,
            kind,
            found,
            expected: expected.into(),
        });
    }

    pub(super) fn wrong(&mut self, node: &Node<'_>, expected: &str) {
        let found = match node.get_ref() {
            DeValue::String(text) => format!("{text:?}"),
            DeValue::Integer(_) | DeValue::Float(_) => "a number (amounts and rates are written in quotes)".to_owned(),
            other => format!("{} {}", if other.is_array() { "an" } else { "a" }, other.type_str()),
        };
        self.problem(&node.span(), "wrong_value", found, expected);
    }

    /// A text that is not blank.
    pub(super) fn text<'n>(&mut self, node: &'n Node<'_>) -> Option<&'n str> {
        let text = node.get_ref().as_str().filter(|text| !text.trim().is_empty());
        if text.is_none() {
            self.wrong(node, "a text in quotes");
        }
        text
    }

    /// A text read by `FromStr`; the error says what was expected.
    pub(super) fn parsed<T: FromStr<Err: Display>>(&mut self, node: &Node<'_>) -> Option<T> {
        let text = self.text(node)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(&node.span(), "wrong_value", format!("{text:?}"), error.to_string());
                None
            }
        }
    }

    /// The day a key names.
    pub(super) fn day(&mut self, text: &str, at: &Range<usize>) -> Option<NaiveDate> {
        let shaped = text.len() == 10 && ["19", "20", "21"].iter().any(|century| text.starts_with(century));
        let day = shaped.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten();
        if day.is_none() {
            self.problem(at, "wrong_date", format!("{text:?}"), "a day such as 2022-01-31");
        }
        day
    }

    pub(super) fn unknown(&mut self, key: &Key<'_>, expected: &str) {
        self.problem(&key.span(), "unknown_name", format!("{:?}", key.get_ref()), expected);
    }
}
