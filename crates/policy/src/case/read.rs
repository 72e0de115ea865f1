use terms::Name;
use toml::de::DeTable;

use super::bill::read_bill;
use super::expect::read_expected;
use super::fields::unknown_key;
use super::person::{read_accumulated, read_person};
use super::questions::{QUESTIONS, read_question};
use super::{Bills, Case, Question};
use crate::facts::{Accumulators, Bill};
use crate::pack::{Document, Node};
use crate::{Problems, Severity};

const KEYS: &[&str] = &[
    "title",
    "rules",
    "person",
    "bill",
    "accumulated",
    "reverse",
    "expect",
    "contribution",
    "coverage",
    "watch",
    "indicator",
];

/// Reads a case file.
///
/// # Errors
/// All problems of the file at once, each with line and column, what was found and what was expected.
pub fn read(file: &str, text: &str) -> Result<Case, Problems> {
    let mut problems = Problems::default();
    let mut document = Document::new(file, text, &mut problems);
    let case = read_document(&mut document);
    debug_assert!(case.is_some() || problems.has_errors(), "a case is only refused with a reason");
    match case {
        Some(case) if !problems.iter().any(|problem| problem.severity == Severity::Error) => Ok(case),
        _ => Err(problems),
    }
}

fn read_document(document: &mut Document<'_>) -> Option<Case> {
    let table = document.parse();
    for (key, _) in &table {
        if !KEYS.contains(&key.get_ref().as_ref()) {
            unknown_key(document, key, KEYS);
        }
    }
    let title = table.get("title").and_then(|node| document.string(node, "a title")).unwrap_or_default().to_owned();
    let rules = table.get("rules").and_then(|node| document.strings(node, "a list of rule ids")).unwrap_or_default();
    let question = read_asked(document, &table);
    let expected = table.get("expect").map(|node| read_expected(document, node)).unwrap_or_default();
    Some(Case { file: document.file.to_owned(), title, rules, question: question?, expected })
}

fn read_asked(document: &mut Document<'_>, table: &DeTable<'_>) -> Option<Question> {
    let asked: Vec<(&str, &Node<'_>)> =
        QUESTIONS.iter().filter_map(|name| table.get(*name).map(|node| (*name, node))).collect();
    match (asked.as_slice(), table.get("person"), table.get("bill")) {
        ([(name, node)], None, None) => {
            let question = read_question(document, name, node);
            if question.is_none() {
                document.problem(
                    &node.span(),
                    "wrong_value",
                    format!("a question of {name} that is not whole"),
                    "every key of the question, see the README of the cases",
                );
            }
            question
        }
        ([], Some(person), Some(bills)) => read_bills(document, table, person, bills),
        _ => {
            document.problem(
                &(0..0),
                "missing",
                "neither a person with bills nor one question".to_owned(),
                "[person] and [[bill]], or one of [contribution], [coverage], [watch], [indicator]",
            );
            None
        }
    }
}

fn read_bills(
    document: &mut Document<'_>,
    table: &DeTable<'_>,
    person: &Node<'_>,
    bills: &Node<'_>,
) -> Option<Question> {
    let mut accumulated = Accumulators::default();
    let person_table = document.table(person, "[person]");
    let person = person_table.and_then(|table| read_person(document, table, person.span(), &mut accumulated));
    if let Some(node) = table.get("accumulated")
        && let Some(inner) = document.table(node, "[accumulated]")
    {
        read_accumulated(document, inner, node.span(), &mut accumulated);
    }
    let Some(items) = bills.get_ref().as_array() else {
        document.wrong(bills, "[[bill]] tables");
        return None;
    };
    let mut read: Vec<Option<Bill>> = Vec::new();
    for (at, node) in items.iter().enumerate() {
        let bill = document.table(node, "a bill").and_then(|table| read_bill(document, table, node.span(), at + 1));
        if let Some(id) = bill.as_ref().map(|bill| bill.id)
            && read.iter().flatten().any(|known| known.id == id)
        {
            document.problem(
                &node.span(),
                "wrong_value",
                format!("a second bill with the id {id:?}"),
                "an id of its own",
            );
        }
        read.push(bill);
    }
    if read.is_empty() {
        document.wrong(bills, "at least one bill");
    }
    let whole = read.iter().all(Option::is_some);
    let bills: Option<Vec<Bill>> = read.into_iter().collect();
    let ids: Vec<Name> = bills.iter().flatten().map(|bill| bill.id).collect();
    let reversed =
        table.get("reverse").filter(|_| whole).map(|node| read_reversed(document, node, &ids)).unwrap_or_default();
    Some(Question::Bills(Box::new(Bills { person: person?, bills: bills?, accumulated, reversed })))
}

fn read_reversed(document: &mut Document<'_>, node: &Node<'_>, ids: &[Name]) -> Vec<Name> {
    let Some(items) = node.get_ref().as_array() else {
        document.wrong(node, "[[reverse]] tables with bill = \"id\"");
        return Vec::new();
    };
    let mut reversed: Vec<Name> = Vec::new();
    for item in items {
        let bill = item.get_ref().as_table().and_then(|table| table.get("bill"));
        match bill.and_then(|bill| bill.get_ref().as_str()).and_then(|id| Name::new(id).ok()) {
            Some(id) if ids.contains(&id) && !reversed.contains(&id) => reversed.push(id),
            Some(id) => {
                let found = format!("a reversal of {id:?}");
                document.problem(&item.span(), "unknown_name", found, "a bill of this case, each reversed once");
            }
            None => document.wrong(item, "bill = \"id\""),
        }
    }
    reversed
}
