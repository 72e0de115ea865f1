//! Reads the files of a pack folder into a [`PackTree`].

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::NaiveDate;
use terms::{Care, Division as DivisionCode, Name, Scheme, Word};
use toml::de::{DeTable, DeValue};

use super::clause::{Citation, Clause, SourceId};
use super::document::{Document, Key, Node, parse_date};
use super::folder::PackFile;
use super::lists::{load_diseases, load_list, load_payers, texts};
use super::parameter::{Dated, Parameter, Row};
use super::said::{Said, check_said, is_saying, read_said, read_value};
use super::schema::{Home, MechanismKind, Spec, mechanism_spec, names_in, spec};
use super::tree::{Division, Mechanism, PackTree};
use super::value::Value;
use crate::condition::parse_condition;
use crate::{Problem, Problems, Severity};

const POTS: &[&str] = &["within_scope", "first_self_paid", "over_limit", "outside_catalogue"];
const BASES: &[&str] = &["over_ceiling", "cut_by_ceiling", "own_share_of", "deductible_of"];

/// Where in the tree a table stands.
struct Here<'a> {
    division: DivisionCode,
    home: Home,
    prefix: &'a str,
}

impl PackTree {
    /// Reads all files; what cannot be read is kept as a problem and left out.
    pub(crate) fn load(files: &[PackFile], problems: &mut Problems) -> Self {
        let mut tree = Self::default();
        let mut files: Vec<&PackFile> = files.iter().collect();
        files.sort_by_key(|file| (rank(&file.path), file.path.clone()));
        for file in files {
            let mut document = Document::new(&file.path, &file.text, problems);
            let table = document.parse();
            tree.load_file(&mut document, &table);
        }
        tree.check_parents(problems);
        tree
    }

    fn load_file(&mut self, document: &mut Document<'_>, table: &DeTable<'_>) {
        let parts: Vec<&str> = document.file.split('/').collect();
        match parts.as_slice() {
            ["clauses.toml"] => self.load_clauses(document, table),
            [division, name] => match (division.parse(), *name) {
                (Ok(code), "division.toml") => self.load_division(document, table, code),
                (Ok(code), "payers.toml") => self.with_division(document, code, |document, division, clauses| {
                    load_payers(document, table, division, clauses);
                }),
                (Ok(code), "diseases.toml") => self.with_division(document, code, |document, division, clauses| {
                    load_diseases(document, table, division, clauses);
                }),
                (Ok(code), "list.toml") => self.with_division(document, code, |document, division, clauses| {
                    load_list(document, table, division, clauses);
                }),
                _ => unknown_file(document),
            },
            [division, scheme, name] => match (division.parse(), name.strip_suffix(".toml")) {
                (Ok(code), Some(stem)) if *scheme == "common" || Scheme::from_word(scheme).is_ok() => {
                    self.load_rules(document, table, code, scheme, stem);
                }
                _ => unknown_file(document),
            },
            _ => unknown_file(document),
        }
    }

    fn with_division(
        &mut self,
        document: &mut Document<'_>,
        code: DivisionCode,
        read: impl FnOnce(&mut Document<'_>, &mut Division, &BTreeMap<String, Clause>),
    ) {
        match self.divisions.get_mut(&code) {
            Some(division) => read(document, division, &self.clauses),
            None => no_division(document, code),
        }
    }

    fn load_clauses(&mut self, document: &mut Document<'_>, table: &DeTable<'_>) {
        for (key, node) in table {
            let Some(fields) = document.table(node, "a clause: document, place, zh, en") else {
                continue;
            };
            let text = texts(document, key, fields, &["document", "place", "zh", "en"], &["division"]);
            let get = |name: &str| text.get(name).cloned().unwrap_or_default();
            let id = key.get_ref().to_string();
            let division = text.get("division").and_then(|code| {
                let read = code.parse().ok();
                if read.is_none() {
                    let (found, expected) = (format!("{code:?}"), "the code of the division whose document it is");
                    document.problem(&key.span(), "wrong_value", found, expected);
                }
                read
            });
            let (place, zh, en) = (get("place"), get("zh"), get("en"));
            self.clauses.insert(id.clone(), Clause { id, document: get("document"), place, zh, en, division });
        }
    }

    fn load_division(&mut self, document: &mut Document<'_>, table: &DeTable<'_>, code: DivisionCode) {
        let mut division = Division {
            code,
            parent: None,
            zh: String::new(),
            en: String::new(),
            parameters: BTreeMap::new(),
            mechanisms: BTreeMap::new(),
            payers: BTreeMap::new(),
            diseases: BTreeMap::new(),
            list: None,
            file: document.file.to_owned(),
        };
        for (key, node) in table {
            match key.get_ref().as_ref() {
                "code" => {
                    let written: Option<DivisionCode> = document.parsed(node, "a division code");
                    if written.is_some_and(|written| written != code) {
                        document.problem(
                            &node.span(),
                            "wrong_value",
                            format!("the code {}", written.map_or(String::new(), |w| w.to_string())),
                            format!("{code}, the name of the folder"),
                        );
                    }
                }
                "parent" => division.parent = document.parsed(node, "a division code"),
                "zh" => {
                    division.zh = document.string(node, "a Chinese name").unwrap_or_default().to_owned();
                }
                "en" => {
                    division.en = document.string(node, "an English name").unwrap_or_default().to_owned();
                }
                "note" | "cite" | "mark" | "source" => {}
                _ => unknown(document, key, &["code", "parent", "zh", "en", "note", "cite", "mark", "source"]),
            }
        }
        if division.zh.is_empty() || division.en.is_empty() {
            document.problem(&(0..0), "missing", "a division without names".to_owned(), "zh = \"…\" and en = \"…\"");
        }
        self.divisions.insert(code, division);
    }

    fn check_parents(&self, problems: &mut Problems) {
        for division in self.divisions.values() {
            let mut complain = |found: String, expected: &str| {
                problems.add(Problem {
                    file: division.file.clone(),
                    line: 1,
                    column: 1,
                    severity: Severity::Error,
                    kind: "unknown_name",
                    found,
                    expected: expected.to_owned(),
                });
            };
            if let Some(parent) = division.parent.filter(|parent| !self.divisions.contains_key(parent)) {
                complain(format!("the parent {parent}, which has no pack"), "a division that has a folder here");
            }
            if self
                .chain(division.code)
                .last()
                .is_some_and(|root| root.parent.is_some_and(|parent| self.divisions.contains_key(&parent)))
            {
                complain("a division that is its own ancestor".to_owned(), "a tree of divisions");
            }
        }
    }

    fn load_rules(
        &mut self,
        document: &mut Document<'_>,
        table: &DeTable<'_>,
        code: DivisionCode,
        scheme: &str,
        stem: &str,
    ) {
        if !self.divisions.contains_key(&code) {
            no_division(document, code);
            return;
        }
        let prefix = format!("{scheme}.{stem}");
        if Care::from_word(stem).is_ok() {
            self.load_benefit(document, table, code, &prefix);
            return;
        }
        let home = fixed_home(stem).unwrap_or(Home::Layer);
        self.load_table(document, table, &Here { division: code, home, prefix: &prefix }, &Said::default());
    }

    fn load_benefit(&mut self, document: &mut Document<'_>, table: &DeTable<'_>, code: DivisionCode, prefix: &str) {
        let said = read_said(document, table, &Said::default(), &self.clauses);
        let mut own = DeTable::default();
        for (key, node) in table {
            let name = key.get_ref().as_ref();
            let is_own =
                mechanism_spec(Home::Benefit, name).is_some() || spec(Home::Benefit, name).is_some() || is_saying(name);
            match node.get_ref() {
                DeValue::Table(inner) if !is_own => {
                    let home = fixed_home(name)
                        .filter(|home| matches!(home, Home::Scope | Home::Elsewhere))
                        .unwrap_or(Home::Layer);
                    let prefix = format!("{prefix}.{name}");
                    self.load_table(document, inner, &Here { division: code, home, prefix: &prefix }, &said);
                }
                _ => {
                    own.insert(key.clone(), node.clone());
                }
            }
        }
        self.load_table(document, &own, &Here { division: code, home: Home::Benefit, prefix }, &said);
    }

    fn load_table(&mut self, document: &mut Document<'_>, table: &DeTable<'_>, here: &Here<'_>, outer: &Said) {
        let said = read_said(document, table, outer, &self.clauses);
        for (key, node) in table {
            let name = key.get_ref().as_ref();
            if is_saying(name) {
                continue;
            }
            if let Some(kind) = mechanism_spec(here.home, name) {
                self.load_mechanism(document, here, key, node, kind);
            } else if let Some(spec) = spec(here.home, name) {
                self.load_parameter(document, here, key, node, spec, &said);
            } else {
                unknown(document, key, &names_in(here.home));
            }
        }
    }

    fn load_mechanism(
        &mut self,
        document: &mut Document<'_>,
        here: &Here<'_>,
        key: &Key<'_>,
        node: &Node<'_>,
        kind: MechanismKind,
    ) {
        let words = match kind {
            MechanismKind::Word(words) => document
                .string(node, "a word")
                .map(|word| (vec![word.to_owned()], words.contains(&word), words.join(", "))),
            MechanismKind::Yes => document.boolean(node).map(|yes| (vec![yes.to_string()], true, String::new())),
            MechanismKind::Name => document.string(node, "a name").map(|name| {
                (
                    vec![name.to_owned()],
                    Name::new(name).is_ok() && !name.is_empty(),
                    "a name of at most 47 bytes".to_owned(),
                )
            }),
            MechanismKind::Base => document.strings(node, "pots or a phrase").map(|words| {
                let phrase = words.len() == 1
                    && words
                        .first()
                        .and_then(|word| word.split_once(' '))
                        .is_some_and(|(what, layer)| BASES.contains(&what) && !layer.is_empty());
                let pots = !words.is_empty() && words.iter().all(|word| POTS.contains(&word.as_str()));
                (
                    words,
                    phrase || pots,
                    format!("a list of {}, or one of {} and a layer", POTS.join(", "), BASES.join(", ")),
                )
            }),
        };
        let Some((words, fits, expected)) = words else {
            return;
        };
        if !fits {
            document.wrong(node, expected);
            return;
        }
        let (line, column) = document.place(key.span().start);
        let mechanism = Mechanism { words, division: here.division, file: document.file.to_owned(), line, column };
        if let Some(division) = self.divisions.get_mut(&here.division) {
            division.mechanisms.insert(format!("{}.{}", here.prefix, key.get_ref()), mechanism);
        }
    }

    fn load_parameter(
        &mut self,
        document: &mut Document<'_>,
        here: &Here<'_>,
        key: &Key<'_>,
        node: &Node<'_>,
        spec: Spec,
        outer: &Said,
    ) {
        let Some(table) = document.table(node, "a table of rows: condition = { date = value }") else {
            return;
        };
        let said = read_said(document, table, outer, &self.clauses);
        let address = format!("{}.{}", here.prefix, key.get_ref());
        let mut rows = Vec::new();
        for (row_key, row_node) in table {
            if is_saying(row_key.get_ref()) {
                continue;
            }
            match parse_condition(row_key.get_ref()) {
                Ok(condition) => {
                    let (line, column) = document.place(row_key.span().start);
                    let mut row =
                        Row { key: row_key.get_ref().to_string(), condition, dated: Vec::new(), line, column };
                    self.load_dated(document, here, &address, row_node, &mut row, (spec, &said));
                    rows.push(row);
                }
                Err(expected) => document.problem(
                    &row_key.span(),
                    "unknown_name",
                    format!("the row {:?}", row_key.get_ref()),
                    expected,
                ),
            }
        }
        let (line, column) = document.place(key.span().start);
        let parameter =
            Parameter { address: address.clone(), spec, rows, file: document.file.to_owned(), line, column };
        if let Some(division) = self.divisions.get_mut(&here.division) {
            division.parameters.insert(address, parameter);
        }
    }

    fn load_dated(
        &mut self,
        document: &mut Document<'_>,
        here: &Here<'_>,
        address: &str,
        node: &Node<'_>,
        row: &mut Row,
        (spec, outer): (Spec, &Said),
    ) {
        let Some(table) = document.table(node, "dated values: { 2022-01-01 = \"…\" }") else {
            return;
        };
        let said = read_said(document, table, outer, &self.clauses);
        let mut found: Vec<(NaiveDate, &Node<'_>, Range<usize>)> = Vec::new();
        for (key, node) in table {
            if is_saying(key.get_ref()) {
                continue;
            }
            match parse_date(key.get_ref()) {
                Some(date) => found.push((date, node, key.span())),
                None => document.problem(
                    &key.span(),
                    "wrong_date",
                    format!("{:?}", key.get_ref()),
                    "a date such as 2022-01-01 (years 1900 to 2199)",
                ),
            }
        }
        if found.is_empty() {
            document.problem(
                &node.span(),
                "missing",
                "a row without a dated value".to_owned(),
                "at least one { date = value }",
            );
        }
        found.sort_by_key(|(date, _, _)| *date);
        let nexts: Vec<Option<NaiveDate>> =
            found.iter().skip(1).map(|(date, _, _)| Some(*date)).chain([None]).collect();
        for ((from, node, span), until) in found.into_iter().zip(nexts) {
            let Some((value, said, written)) = read_value(document, node, spec, &said, &self.clauses) else {
                continue;
            };
            if value != Value::Unset {
                check_said(document, &span, &said);
            }
            let source = SourceId(u32::try_from(self.citations.len()).unwrap_or(u32::MAX));
            let (line, column) = document.place(span.start);
            self.citations.push(Citation {
                cite: said.cite,
                mark: said.mark,
                source: said.source,
                note: said.note,
                from,
                until,
                division: here.division,
                address: address.to_owned(),
                row: row.key.clone(),
                value: written,
                file: document.file.to_owned(),
                line,
                column,
            });
            row.dated.push(Dated { from, value, source });
        }
    }
}

fn fixed_home(stem: &str) -> Option<Home> {
    Some(match stem {
        "scope" => Home::Scope,
        "elsewhere" => Home::Elsewhere,
        "year" => Home::Year,
        "contribution" => Home::Contribution,
        "waiting" => Home::Waiting,
        "watch" => Home::Watch,
        "one_stop" => Home::OneStop,
        "application" => Home::Application,
        "cross_province" => Home::CrossProvince,
        "index" => Home::Index,
        "indicator" => Home::Indicator,
        _ => return None,
    })
}

/// Clauses first, then divisions, then what refers to them.
fn rank(path: &str) -> u8 {
    match path {
        "clauses.toml" => 0,
        _ if path.ends_with("/division.toml") => 1,
        _ => 2,
    }
}

pub(super) fn unknown(document: &mut Document<'_>, key: &Key<'_>, expected: &[&str]) {
    document.problem(
        &key.span(),
        "unknown_name",
        format!("{:?}", key.get_ref()),
        format!("one of {}", expected.join(", ")),
    );
}

fn unknown_file(document: &mut Document<'_>) {
    document.problem(
        &(0..0),
        "unknown_file",
        "a file that belongs nowhere".to_owned(),
        "clauses.toml, <division>/<file>.toml or <division>/<resident|employee|common>/<file>.toml",
    );
}

fn no_division(document: &mut Document<'_>, code: DivisionCode) {
    document.problem(
        &(0..0),
        "unknown_name",
        format!("rules of {code}, which has no division.toml"),
        "a division.toml beside them",
    );
}
