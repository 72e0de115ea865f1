//! Reads the small files of a division: payers, disease groups, the national list.

use std::collections::BTreeMap;

use terms::{Category, HeldBy, Name, Word};
use toml::de::DeTable;

use super::clause::Clause;
use super::document::{Document, Key, Node};
use super::load::unknown;
use super::said::{Said, check_said, is_saying, read_said};
use super::tree::{Disease, Division, NationalField, NationalList, Payer, PayerKind};

type Clauses = BTreeMap<String, Clause>;

/// The most bytes of a disease group's name: with `/M03` behind it, it still names a part of a meter.
const GROUP_AT_MOST: usize = 43;

/// What may be said of a payer beside its names and kind.
const FREE_OF_PAYERS: &[&str] = &["field", "held_by", "cite", "note", "mark", "source"];

pub(super) fn load_payers(
    document: &mut Document<'_>,
    table: &DeTable<'_>,
    division: &mut Division,
    clauses: &Clauses,
) {
    for (key, node) in table {
        let Some(fields) = document.table(node, "a payer: zh, en, kind, field") else {
            continue;
        };
        read_said(document, fields, &Said::default(), clauses);
        let text = texts(document, key, fields, &["zh", "en", "kind"], FREE_OF_PAYERS);
        let get = |name: &str| text.get(name).map_or("", String::as_str);
        let kind = match get("kind") {
            "fund" => PayerKind::Fund,
            "hospital" => PayerKind::Hospital,
            "other" => PayerKind::Other,
            "account" => PayerKind::Account,
            "family_account" => PayerKind::FamilyAccount,
            kind => {
                document.problem(
                    &node.span(),
                    "wrong_value",
                    format!("the kind {kind:?}"),
                    "fund, hospital, other, account or family_account",
                );
                continue;
            }
        };
        let field = NationalField::ALL.iter().find(|(_, name)| *name == get("field")).map(|(field, _)| *field);
        if (kind == PayerKind::Fund) != field.is_some() {
            let fields: Vec<&str> = NationalField::ALL.iter().map(|(_, name)| *name).collect();
            document.problem(
                &node.span(),
                "wrong_value",
                format!("the field {:?}", get("field")),
                format!("for a fund one of {}; none for others", fields.join(", ")),
            );
        }
        let held_by = text.get("held_by").and_then(|word| held_by(document, node, kind, word));
        match Name::new(key.get_ref()) {
            Ok(name) => {
                division.payers.insert(
                    name.to_string(),
                    Payer { name, zh: get("zh").to_owned(), en: get("en").to_owned(), kind, field, held_by },
                );
            }
            Err(error) => {
                document.problem(&key.span(), "wrong_value", format!("{:?}", key.get_ref()), error.to_string());
            }
        }
    }
}

/// Who keeps a payer's fund; only a fund is kept.
fn held_by(document: &mut Document<'_>, node: &Node<'_>, kind: PayerKind, word: &str) -> Option<HeldBy> {
    let found = HeldBy::from_word(word);
    if kind == PayerKind::Fund
        && let Ok(found) = found
    {
        return Some(found);
    }
    let words: Vec<&str> = HeldBy::ALL.iter().map(|known| known.word()).collect();
    let expected = format!("for a fund one of {}; nothing for others", words.join(", "));
    document.problem(&node.span(), "wrong_value", format!("held_by {word:?}"), expected);
    None
}

pub(super) fn load_diseases(
    document: &mut Document<'_>,
    table: &DeTable<'_>,
    division: &mut Division,
    clauses: &Clauses,
) {
    for (key, node) in table {
        let Some(fields) = document.table(node, "a disease group: zh, en, codes") else {
            continue;
        };
        read_said(document, fields, &Said::default(), clauses);
        let mut codes = Vec::new();
        let (mut zh, mut en) = (String::new(), String::new());
        for (field, value) in fields {
            match field.get_ref().as_ref() {
                "codes" => {
                    codes = document.strings(value, "a list of disease codes").unwrap_or_default();
                }
                "zh" => zh = document.string(value, "a text").unwrap_or_default().to_owned(),
                "en" => en = document.string(value, "a text").unwrap_or_default().to_owned(),
                "cite" | "mark" | "source" | "note" => {
                    let _ = document.strings(value, "a text");
                }
                _ => unknown(document, field, &["zh", "en", "codes", "cite", "mark", "source", "note"]),
            }
        }
        if codes.iter().any(|code| code.len() < 4 || !code.is_ascii()) || codes.is_empty() {
            document.wrong(node, "codes = [\"M03900\"], each of at least four letters and digits");
        }
        match Name::new(key.get_ref()).ok().filter(|name| name.as_str().len() <= GROUP_AT_MOST) {
            Some(name) => {
                division.diseases.insert(name, Disease { codes, zh, en });
            }
            None => {
                let expected = format!("a name of at most {GROUP_AT_MOST} bytes");
                document.problem(&key.span(), "wrong_value", format!("{:?}", key.get_ref()), expected);
            }
        }
    }
}

pub(super) fn load_list(document: &mut Document<'_>, table: &DeTable<'_>, division: &mut Division, clauses: &Clauses) {
    let said = read_said(document, table, &Said::default(), clauses);
    let mut list = NationalList { file: document.file.to_owned(), ..NationalList::default() };
    for (key, node) in table {
        match key.get_ref().as_ref() {
            "parameters" => {
                check_said(document, &key.span(), &said);
                list.parameters = document.strings(node, "a list of addresses").unwrap_or_default();
                for pattern in list.parameters.iter().filter(|pattern| !is_pattern(pattern)) {
                    let expected = "an address such as \"resident.*.pooled.ratio\", ** only at its end";
                    document.problem(&node.span(), "wrong_value", format!("the pattern {pattern:?}"), expected);
                }
            }
            "poverty" => list.poorer_first = load_poverty(document, key, node, &said, clauses),
            name if is_saying(name) => {}
            _ => unknown(document, key, &["parameters", "poverty", "cite", "mark", "source", "note"]),
        }
    }
    division.list = Some(list);
}

fn is_pattern(pattern: &str) -> bool {
    let parts: Vec<&str> = pattern.split('.').collect();
    let last = parts.len().saturating_sub(1);
    parts.iter().enumerate().all(|(at, part)| !part.is_empty() && (*part != "**" || at == last))
}

/// The order of poverty: ranks of categories, each a category or several joined by `|`.
fn load_poverty(
    document: &mut Document<'_>,
    key: &Key<'_>,
    node: &Node<'_>,
    outer: &Said,
    clauses: &Clauses,
) -> Vec<Vec<Category>> {
    let expected = "poorer_first = [\"destitute | orphan\", \"low_income\", …]";
    let mut ranks: Vec<Vec<Category>> = Vec::new();
    let Some(table) = document.table(node, expected) else {
        return ranks;
    };
    let said = read_said(document, table, outer, clauses);
    check_said(document, &key.span(), &said);
    for (key, node) in table {
        match key.get_ref().as_ref() {
            "poorer_first" => {
                for text in document.strings(node, expected).unwrap_or_default() {
                    let words: Result<Vec<Category>, _> =
                        text.split('|').map(|word| Category::from_word(word.trim())).collect();
                    match words {
                        Ok(rank) if rank.iter().any(|word| ranks.iter().flatten().any(|known| known == word)) => {
                            document.problem(&node.span(), "overlap", format!("{text:?} twice"), "each category once");
                        }
                        Ok(rank) => ranks.push(rank),
                        Err(error) => {
                            document.problem(&node.span(), "unknown_name", format!("{text:?}"), error.to_string());
                        }
                    }
                }
            }
            name if is_saying(name) => {}
            _ => unknown(document, key, &["poorer_first", "cite", "mark", "source", "note"]),
        }
    }
    ranks
}

pub(super) fn texts(
    document: &mut Document<'_>,
    key: &Key<'_>,
    fields: &DeTable<'_>,
    needed: &[&str],
    free: &[&str],
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (field, value) in fields {
        let name = field.get_ref().as_ref();
        if name == "cite" && free.contains(&"cite") {
            let _ = document.strings(value, "a clause id");
        } else if needed.contains(&name) || free.contains(&name) {
            if let Some(text) = document.string(value, "a text") {
                found.insert(name.to_owned(), text.to_owned());
            }
        } else {
            unknown(document, field, needed);
        }
    }
    for name in needed.iter().filter(|name| !found.contains_key(**name)) {
        document.problem(
            &key.span(),
            "missing",
            format!("{:?} without {name}", key.get_ref()),
            format!("{name} = \"…\""),
        );
    }
    found
}
