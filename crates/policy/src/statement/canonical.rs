//! JSON whose bytes depend on nothing but the content: fields in the order of their declaration.

use serde::Serialize;
use serde_json::Value;

/// As a value.
#[expect(clippy::expect_used, reason = "records hold strings, whole numbers and lists only: these always serialise")]
pub(super) fn value<T: Serialize>(record: &T) -> Value {
    serde_json::to_value(record).expect("a record of strings serialises")
}

/// As text, indented, with a last newline.
#[expect(clippy::expect_used, reason = "records hold strings, whole numbers and lists only: these always serialise")]
pub(super) fn text<T: Serialize>(record: &T) -> String {
    let mut text = serde_json::to_string_pretty(record).expect("a record of strings serialises");
    text.push('\n');
    text
}
