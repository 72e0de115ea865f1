//! Values with what is said of them: citation, mark, source, note.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::clause::{Clause, Mark};
use super::document::{Document, Node};
use super::load::unknown;
use super::schema::Spec;
use super::value::Value;

/// What is said of where a value comes from; the inner saying wins.
#[derive(Clone, Default)]
pub(super) struct Said {
    pub(super) cite: Vec<String>,
    pub(super) mark: Mark,
    pub(super) source: Option<String>,
    pub(super) note: Option<String>,
}

/// `value`, or `{ value = …, cite = …, mark = …, source = … }`, or `{ absent = "why" }`.
pub(super) fn read_value(
    document: &mut Document<'_>,
    node: &Node<'_>,
    spec: Spec,
    outer: &Said,
    clauses: &BTreeMap<String, Clause>,
) -> Option<(Value, Said, String)> {
    let Some(table) = node.get_ref().as_table() else {
        let value = Value::read(document, node, &spec.kind)?;
        return Some((value, outer.clone(), written(node.get_ref())));
    };
    let mut said = read_said(document, table, outer, clauses);
    let mut value = None;
    for (key, inner) in table {
        match key.get_ref().as_ref() {
            "value" => {
                value = Value::read(document, inner, &spec.kind).map(|value| (value, written(inner.get_ref())));
            }
            "absent" => {
                said.note = document.string(inner, "why no value is known").map(str::to_owned);
                value = Some((Value::Absent, "absent".to_owned()));
            }
            name if is_saying(name) => {}
            _ => unknown(document, key, &["value", "absent", "cite", "mark", "source", "note"]),
        }
    }
    if value.is_none() && table.get("value").is_none() {
        document.wrong(node, "value = … or absent = \"why\"");
    }
    value.map(|(value, text)| (value, said, text))
}

fn written(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| written(item.get_ref())).collect();
            items.join(", ")
        }
        _ => String::new(),
    }
}

pub(super) fn is_saying(name: &str) -> bool {
    matches!(name, "cite" | "mark" | "source" | "note")
}

/// What a table says of its values, and what it does not say, of the table around it. An unknown clause is a problem of
/// the place where it is cited, once for all values it speaks for.
pub(super) fn read_said(
    document: &mut Document<'_>,
    table: &DeTable<'_>,
    outer: &Said,
    clauses: &BTreeMap<String, Clause>,
) -> Said {
    let mut said = outer.clone();
    for (key, node) in table {
        match key.get_ref().as_ref() {
            "cite" => {
                said.cite = document.strings(node, "a clause id or a list of them").unwrap_or_default();
                check_clauses(document, node, &said.cite, clauses);
            }
            "mark" => match document.string(node, "said, derived or assumed") {
                Some("said") => said.mark = Mark::Said,
                Some("derived") => said.mark = Mark::Derived,
                Some("assumed") => said.mark = Mark::Assumed,
                Some(_) => document.wrong(node, "said, derived or assumed"),
                None => {}
            },
            "source" => {
                said.source = document.string(node, "where the figure is from").map(str::to_owned);
            }
            "note" => said.note = document.string(node, "a remark").map(str::to_owned),
            _ => {}
        }
    }
    said
}

pub(super) fn check_said(document: &mut Document<'_>, span: &Range<usize>, said: &Said) {
    if said.cite.is_empty() {
        document.problem(
            span,
            "no_citation",
            "a value without citation".to_owned(),
            "cite = \"clause id\" here, in the row or in the table",
        );
    }
    if said.mark == Mark::Assumed && said.source.as_ref().is_none_or(String::is_empty) {
        document.problem(
            span,
            "no_source",
            "an assumed value without source".to_owned(),
            "source = \"where the figure is from\"",
        );
    }
}

fn check_clauses(document: &mut Document<'_>, node: &Node<'_>, cite: &[String], clauses: &BTreeMap<String, Clause>) {
    for id in cite.iter().filter(|id| !clauses.contains_key(*id)) {
        document.problem(&node.span(), "unknown_name", format!("the clause {id:?}"), "a clause id of clauses.toml");
    }
}
