//! Which rule of the rulebook is proved by which golden case: the committed list is the one the cases make.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use crate::support::{NOT_COMPUTABLE, SHIPPED, cases, root};

/// The rulebook's documents and how many rules each has.
const DOCUMENTS: [(&str, &str, usize); 5] = [
    ("SX", "Shanxi, residents, 2021/2022", 11),
    ("SD", "Shandong, medical assistance, 2022", 12),
    ("QN", "Qiannan, employees, from 1 September 2022", 14),
    ("TB", "Taibai Lake New District (Jining), 2022", 12),
    ("GX", "Guangxi, residents, 2022/2023", 23),
];

const LIST: &str = "tests/cases/COVERAGE.md";

fn rule_ids() -> Vec<String> {
    DOCUMENTS
        .iter()
        .flat_map(|(document, _, count)| (1..=*count).map(move |rule| format!("{document}-{rule}")))
        .collect()
}

/// Cases by the rule ids they name.
fn proofs() -> BTreeMap<String, BTreeSet<String>> {
    let mut proofs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for case in cases("tests/cases") {
        let name = case.file.trim_end_matches(".toml").to_owned();
        for rule in case.rules {
            proofs.entry(rule).or_default().insert(name.clone());
        }
    }
    proofs
}

/// Rule ids without a case, and why.
fn reasons() -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join(NOT_COMPUTABLE)).unwrap();
    let table = toml::de::DeTable::parse(&text).unwrap().into_inner();
    let reason = |value: &toml::de::DeValue<'_>| value.as_str().unwrap_or_default().to_owned();
    table.iter().map(|(id, value)| (id.get_ref().to_string(), reason(value.get_ref()))).collect()
}

fn list() -> String {
    let (proofs, reasons) = (proofs(), reasons());
    let covered = rule_ids().iter().filter(|id| proofs.contains_key(*id)).count();
    let mut list = format!(
        "# Coverage: which golden case proves which rule\n\nMade from the cases' `rules` and from `{NOT_COMPUTABLE}` by \
         `YIBAO_BLESS=1 cargo test -p policy coverage`; a test compares the two.\n{covered} of {} rules have cases. \
         Mechanism variants are listed in [variants](../variants/README.md).\n",
        rule_ids().len()
    );
    for (document, title, count) in DOCUMENTS {
        write!(list, "\n## {document}: {title}\n\n| rule | cases |\n|---|---|\n").unwrap();
        for id in (1..=count).map(|rule| format!("{document}-{rule}")) {
            row(&mut list, &id, proofs.get(&id), reasons.get(&id));
        }
    }
    let facts: Vec<&String> = proofs.keys().filter(|id| id.starts_with("DM-")).collect();
    write!(
        list,
        "\n## DM: facts of the field beside the rulebook (assumed values, marked so)\n\n| fact | cases |\n|---|---|\n"
    )
    .unwrap();
    for id in facts {
        row(&mut list, id, proofs.get(id), None);
    }
    list
}

fn row(list: &mut String, id: &str, cases: Option<&BTreeSet<String>>, reason: Option<&String>) {
    let cases = cases.map(|cases| cases.iter().map(String::as_str).collect::<Vec<_>>().join(", "));
    let reason = reason.map(|reason| format!("no case: {reason}"));
    writeln!(list, "| {id} | {} |", cases.or(reason).unwrap_or_default()).unwrap();
}

/// Whether the person at the keyboard asks for the list to be written.
#[expect(clippy::disallowed_methods, reason = "a test is its own host: YIBAO_BLESS=1 writes the list anew")]
fn blessed() -> bool {
    std::env::var_os("YIBAO_BLESS").is_some_and(|value| value == "1")
}

#[test]
fn coverage_lists_every_rule_with_its_cases_or_why_it_has_none() {
    let made = list();
    if blessed() {
        fs::write(root().join(LIST), &made).unwrap();
    }
    let committed = fs::read_to_string(root().join(LIST)).unwrap_or_default();
    let differs = made.lines().zip(committed.lines()).find(|(made, committed)| made != committed);
    assert!(
        made == committed,
        "{LIST} is not what the cases say (first difference: {differs:?}); write it anew with \
         `YIBAO_BLESS=1 cargo test -p policy coverage` and commit it"
    );
}

#[test]
fn coverage_has_a_case_or_a_reason_for_every_rule_and_never_both() {
    let (proofs, reasons) = (proofs(), reasons());
    let wrong: Vec<String> =
        rule_ids().into_iter().filter(|id| proofs.contains_key(id) == reasons.contains_key(id)).collect();
    assert_eq!(wrong, [""; 0], "rules with neither a case nor a reason, or with both");
    let known: BTreeSet<String> = rule_ids().into_iter().collect();
    let unknown: Vec<&String> = reasons.keys().filter(|id| !known.contains(*id)).collect();
    assert_eq!(unknown, [""; 0], "reasons for rules that are not in the rulebook");
    assert!(reasons.values().all(|reason| !reason.trim().is_empty() && !reason.contains('\n')));
}

#[test]
fn coverage_claims_are_of_clauses_that_the_packs_know() {
    let unknown: Vec<String> = proofs().into_keys().filter(|id| SHIPPED.clause(id).is_none()).collect();
    assert_eq!(unknown, [""; 0], "rules = [...] of a case names no clause of clauses.toml");
    let missing: Vec<String> = rule_ids().into_iter().filter(|id| SHIPPED.clause(id).is_none()).collect();
    assert_eq!(missing, [""; 0], "rules of the rulebook without a clause in clauses.toml");
}
