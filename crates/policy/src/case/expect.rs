use std::collections::BTreeMap;

use money::{Fen, Rate};
use serde::Serialize;
use toml::de::{DeTable, DeValue};

use crate::pack::{Document, Node};

/// One expectation of a case: what it is about, what should come out, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Expected {
    /// Path of keys: `cash`, `B2.payers.pooled_fund`, `adjustments.B2.cash`.
    pub about: String,
    /// What should come out, spelled as answers are.
    pub value: String,
    /// Line in the file.
    pub line: usize,
}

/// An expectation that was not met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is about.
    pub about: String,
    /// What should have come out.
    pub expected: String,
    /// What came out.
    pub found: String,
    /// Line of the expectation.
    pub line: usize,
}

/// Reads `[expect]`: every value below it becomes one expectation.
pub(super) fn read_expected(document: &mut Document<'_>, node: &Node<'_>) -> Vec<Expected> {
    let mut expected = Vec::new();
    if let Some(table) = document.table(node, "[expect]") {
        walk(document, table, "", &mut expected);
    }
    expected
}

fn walk(document: &mut Document<'_>, table: &DeTable<'_>, prefix: &str, expected: &mut Vec<Expected>) {
    for (key, node) in table {
        let about = if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
        if let DeValue::Table(inner) = node.get_ref() {
            walk(document, inner, &about, expected);
            continue;
        }
        let value = match node.get_ref() {
            DeValue::String(text) => Some(normal(&about, text)),
            DeValue::Boolean(yes) => Some(yes.to_string()),
            DeValue::Datetime(date) => Some(date.to_string()),
            DeValue::Integer(number) => Some(number.as_str().to_owned()),
            DeValue::Array(_) => document.strings(node, "a list of clause ids").map(|ids| sorted(&ids)),
            DeValue::Float(_) | DeValue::Table(_) => None,
        };
        let (line, _) = document.place(key.span().start);
        match value {
            Some(value) => expected.push(Expected { about, value, line }),
            None => document.wrong(node, "an amount in quotes, a word, a date or a list"),
        }
    }
}

/// Amounts and rates in one spelling each: `"0.850"` is `0.85` where a rate is meant.
fn normal(about: &str, text: &str) -> String {
    let last = about.rsplit('.').next().unwrap_or(about);
    if matches!(last, "ratio" | "share" | "target") {
        return text.parse::<Rate>().map_or_else(|_| text.to_owned(), |rate| rate.to_string());
    }
    text.parse::<Fen>().map_or_else(|_| text.to_owned(), |fen| fen.to_string())
}

pub(super) fn sorted(ids: &[String]) -> String {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    ids.join(", ")
}

/// Compares what came out with what was expected.
pub(super) fn compare(
    expected: &[Expected],
    found: &BTreeMap<String, String>,
    zero_where_absent: impl Fn(&str) -> bool,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    for expectation in expected {
        let about = &expectation.about;
        let here = found.get(about).cloned().or_else(|| zero_where_absent(about).then(|| Fen::ZERO.to_string()));
        let met = here.as_ref().is_some_and(|here| {
            // A refusal may have several reasons; the one that is expected must be among them.
            let reasons = about.ends_with("refusal") || about.ends_with("clause");
            *here == expectation.value || (reasons && here.split(", ").any(|reason| reason == expectation.value))
        });
        if !met {
            let refused = found
                .get("refusal")
                .or_else(|| found.get(&format!("{}.refusal", about.split('.').next().unwrap_or(""))));
            let nothing = || refused.map_or("nothing of that name".to_owned(), |refusal| format!("refused: {refusal}"));
            let found = here.unwrap_or_else(nothing);
            differences.push(Difference {
                about: about.clone(),
                expected: expectation.value.clone(),
                found,
                line: expectation.line,
            });
        }
    }
    differences
}
