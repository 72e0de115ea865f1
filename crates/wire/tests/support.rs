use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use pb::policy::v1 as policy_pb;
use policy::case::{Bills, Case, Question, read};
use policy::{Facts, Policy};
use rpc::Violations;

/// The packs that ship, compiled once.
pub(crate) static SHIPPED: LazyLock<Policy> =
    LazyLock::new(|| Policy::compile(&Policy::shipped_files()).unwrap_or_else(|problems| panic!("{problems}")));

/// Every golden case, read once.
pub(crate) static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let mut paths = Vec::new();
    toml_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases"), &mut paths);
    paths.sort();
    assert!(paths.len() > 100, "only {} golden cases", paths.len());
    let case = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        read(&path.display().to_string(), &text).unwrap_or_else(|problems| panic!("{problems}"))
    };
    paths.iter().map(case).collect()
});

fn toml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            toml_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            found.push(path);
        }
    }
}

pub(crate) fn bill_cases() -> impl Iterator<Item = (&'static Case, &'static Bills)> {
    CASES.iter().filter_map(|case| match &case.question {
        Question::Bills(bills) => Some((case, bills.as_ref())),
        _ => None,
    })
}

/// The facts of every bill of a case, each before the year counted anything more.
pub(crate) fn facts_of(bills: &Bills) -> impl Iterator<Item = Facts> {
    bills.bills.iter().map(move |bill| Facts {
        person: bills.person.clone(),
        bill: bill.clone(),
        accumulated: bills.accumulated.clone(),
        held: Vec::new(),
    })
}

/// What a reader gave, or the paths of the fields it complained of.
pub(crate) fn reading<T>(read: impl FnOnce(&mut Violations) -> Option<T>) -> Result<T, Vec<String>> {
    let mut violations = Violations::new();
    let converted = read(&mut violations);
    violations.finish(converted).map_err(|fault| {
        assert!(!fault.violations().is_empty(), "refused without a word why: {fault}");
        fault.violations().iter().map(|violation| violation.field.clone()).collect()
    })
}

/// The message of the first golden bill with fee lines.
pub(crate) fn facts_with_lines() -> policy_pb::Facts {
    let mut all = bill_cases().flat_map(|(_, bills)| facts_of(bills));
    let facts = all.find(|facts| matches!(facts.bill.costs, policy::Costs::Lines(_))).expect("a case has fee lines");
    wire::write::facts(&facts)
}

/// The fee lines of facts.
pub(crate) fn lines(facts: &mut policy_pb::Facts) -> &mut Vec<policy_pb::FeeLine> {
    match facts.bill.as_mut().unwrap().costs.as_mut().unwrap() {
        policy_pb::bill::Costs::Lines(lines) => &mut lines.lines,
        policy_pb::bill::Costs::Parts(_) => panic!("no fee lines"),
    }
}
