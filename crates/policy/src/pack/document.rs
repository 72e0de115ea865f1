use std::ops::Range;

use chrono::NaiveDate;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::{Problem, Problems, Severity};

/// One TOML file being read: finds places and keeps problems.
pub(crate) struct Document<'a> {
    pub(crate) file: &'a str,
    pub(crate) text: &'a str,
    pub(crate) problems: &'a mut Problems,
}

pub(crate) type Key<'i> = Spanned<DeString<'i>>;
pub(crate) type Node<'i> = Spanned<DeValue<'i>>;

impl<'a> Document<'a> {
    pub(crate) const fn new(file: &'a str, text: &'a str, problems: &'a mut Problems) -> Self {
        Self { file, text, problems }
    }

    /// Parses the text; every syntax error is kept as a problem and the rest is read on.
    pub(crate) fn parse(&mut self) -> DeTable<'a> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let (what, expected) = error.message().split_once(", expected ").unwrap_or((error.message(), "valid TOML"));
            self.problem(&span, "syntax", format!("{}: {what}", self.found(&span)), expected);
        }
        table.into_inner()
    }

    fn found(&self, span: &Range<usize>) -> String {
        let piece: String = self.text.get(span.clone()).unwrap_or("").chars().take(40).collect();
        if piece.is_empty() { "the end of a line".to_owned() } else { format!("{piece:?}") }
    }

    /// Line and column (in characters) of a byte position, both from 1.
    pub(crate) fn place(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (line, before.get(start..).unwrap_or("").chars().count() + 1)
    }

    pub(crate) fn problem(
        &mut self,
        span: &Range<usize>,
        kind: &'static str,
        found: String,
        expected: impl Into<String>,
    ) {
        let (line, column) = self.place(span.start);
        let (file, expected) = (self.file.to_owned(), expected.into());
        self.problems.add(Problem { file, line, column, severity: Severity::Error, kind, found, expected });
    }

    /// A value of another type than expected. What is left of a value that is no TOML has its syntax error already.
    pub(crate) fn wrong(&mut self, node: &Node<'_>, expected: impl Into<String>) {
        let found = describe(node.get_ref());
        if found.is_empty() {
            return;
        }
        self.problem(&node.span(), "wrong_value", found, expected);
    }

    pub(crate) fn string<'n>(&mut self, node: &'n Node<'_>, expected: &str) -> Option<&'n str> {
        let text = node.get_ref().as_str();
        if text.is_none() {
            self.wrong(node, expected);
        }
        text
    }

    pub(crate) fn boolean(&mut self, node: &Node<'_>) -> Option<bool> {
        let value = node.get_ref().as_bool();
        if value.is_none() {
            self.wrong(node, "true or false");
        }
        value
    }

    pub(crate) fn table<'n, 'i>(&mut self, node: &'n Node<'i>, expected: &str) -> Option<&'n DeTable<'i>> {
        let table = node.get_ref().as_table();
        if table.is_none() {
            self.wrong(node, expected);
        }
        table
    }

    /// A string read by `FromStr`, with what was expected if it can't be.
    pub(crate) fn parsed<T: std::str::FromStr>(&mut self, node: &Node<'_>, expected: &str) -> Option<T>
    where
        T::Err: std::fmt::Display,
    {
        let text = self.string(node, expected)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(&node.span(), "wrong_value", format!("{text:?}"), error.to_string());
                None
            }
        }
    }

    /// A whole number that is written without quotes.
    pub(crate) fn whole<T: TryFrom<i64>>(&mut self, node: &Node<'_>, expected: &str) -> Option<T> {
        let value = node.get_ref().as_integer().filter(|integer| integer.radix() == 10);
        let value =
            value.and_then(|integer| integer.as_str().parse::<i64>().ok()).and_then(|whole| T::try_from(whole).ok());
        if value.is_none() {
            self.wrong(node, expected);
        }
        value
    }

    /// A list of strings; one string alone is a list of one.
    pub(crate) fn strings(&mut self, node: &Node<'_>, expected: &str) -> Option<Vec<String>> {
        if let Some(text) = node.get_ref().as_str() {
            return Some(vec![text.to_owned()]);
        }
        let Some(items) = node.get_ref().as_array() else {
            self.wrong(node, expected);
            return None;
        };
        items.iter().map(|item| self.string(item, expected).map(str::to_owned)).collect()
    }

    /// A local date: bare, or a string.
    pub(crate) fn date(&mut self, node: &Node<'_>) -> Option<NaiveDate> {
        let text = match node.get_ref() {
            DeValue::Datetime(datetime) => datetime.to_string(),
            DeValue::String(text) => text.to_string(),
            _ => String::new(),
        };
        let date = parse_date(&text);
        if date.is_none() {
            self.wrong(node, "a date such as 2022-01-31");
        }
        date
    }
}

/// `2022-01-31`, years 1900 to 2199: a typing slip such as `20222` never becomes a date.
pub(crate) fn parse_date(text: &str) -> Option<NaiveDate> {
    let shaped = text.len() == 10 && (text.starts_with("19") || text.starts_with("20") || text.starts_with("21"));
    if !shaped {
        return None;
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("{text:?}"),
        DeValue::Integer(number) => format!("the number {}", number.as_str()),
        DeValue::Float(number) => format!("the number {} (amounts and rates are written in quotes)", number.as_str()),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(datetime) => datetime.to_string(),
        DeValue::Array(items) => format!("a list of {}", items.len()),
        DeValue::Table(table) => format!("a table of {}", table.len()),
    }
}
