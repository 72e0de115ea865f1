use std::fmt::Display;

use crate::limits::FOUND_CHARS_MAX;
use crate::{Fault, Reason};

/// A field that cannot be read: where it stands, what was found, what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field as the caller writes it: `bill.lines[3].fee_fen`.
    pub field: String,
    /// What was found; goes to the caller only, never into a log.
    pub found: String,
    /// What was expected.
    pub expected: String,
}

/// Collects every violation of a request while a converter walks through it.
#[derive(Debug, Default)]
pub struct Violations {
    path: Vec<String>,
    found: Vec<Violation>,
}

impl Violations {
    /// None so far, at the top of the request.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps a violation of `field`, which is relative to where the walk stands.
    pub fn add(&mut self, field: &str, found: impl Display, expected: impl Into<String>) {
        let field = self.path_of(field);
        self.found.push(Violation { field, found: shortened(&found.to_string()), expected: expected.into() });
    }

    /// The value of a field that must be there; a missing one is kept as violation.
    pub fn required<T>(&mut self, field: &str, value: Option<T>, expected: &str) -> Option<T> {
        if value.is_none() {
            self.add(field, "nothing", expected);
        }
        value
    }

    /// Walks into a message field.
    pub fn within<T>(&mut self, field: &str, walk: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(field.to_owned());
        let walked = walk(self);
        self.path.pop();
        walked
    }

    /// Walks into one item of a list field, counted from 0.
    pub fn within_item<T>(&mut self, field: &str, index: usize, walk: impl FnOnce(&mut Self) -> T) -> T {
        self.within(&format!("{field}[{index}]"), walk)
    }

    /// How many were found so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether none was found so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The converted request, if nothing was found wrong with it.
    ///
    /// # Errors
    /// All violations at once, as `INVALID_FIELDS`; a converter that gave nothing without saying why is `INTERNAL`.
    pub fn finish<T>(self, converted: Option<T>) -> Result<T, Fault> {
        if !self.found.is_empty() {
            return Err(Fault::invalid(self.found));
        }
        converted.ok_or_else(|| Fault::new(Reason::Internal, "a field was refused without a word why"))
    }

    fn path_of(&self, field: &str) -> String {
        let mut path = self.path.join(".");
        if !path.is_empty() && !field.is_empty() {
            path.push('.');
        }
        path.push_str(field);
        path
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(FOUND_CHARS_MAX) {
        Some((at, _)) => text.get(..at).map_or_else(String::new, |kept| format!("{kept}…")),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_the_field_as_the_caller_writes_it_and_long_values_are_cut() {
        let mut violations = Violations::new();
        violations.within("bill", |bill| {
            bill.within_item("lines", 3, |line| line.add("fee_fen", -1, "an amount above zero"));
            bill.add("scheme", "类".repeat(100), "a scheme");
        });
        assert_eq!(violations.required::<()>("division", None, "six digits"), None);
        assert_eq!(violations.len(), 3);
        let fields: Vec<&str> = violations.found.iter().map(|violation| violation.field.as_str()).collect();
        assert_eq!(fields, ["bill.lines[3].fee_fen", "bill.scheme", "division"]);
        assert_eq!(violations.found[1].found.chars().count(), FOUND_CHARS_MAX + 1);
    }

    #[test]
    fn a_request_without_violations_is_handed_on_and_a_silent_refusal_is_a_defect() {
        assert_eq!(Violations::new().finish(Some(7)).expect("nothing was found"), 7);
        let fault = Violations::new().finish::<u8>(None).expect_err("nothing was converted");
        assert_eq!(fault.reason(), Reason::Internal);
    }
}
