//! A sixth place, in a division tree of four levels, out of data alone (`tests/variants/sixth-place`).

use std::collections::BTreeSet;

use policy::PackFile;
use policy::case::{Case, Question, read};

use crate::support::{compile, differences, root, toml_files};

fn packs() -> Vec<PackFile> {
    toml_files(&root().join("tests/variants/sixth-place/packs"))
}

fn cases() -> Vec<Case> {
    let files = toml_files(&root().join("tests/variants/sixth-place"));
    let files = files.iter().filter(|file| !file.path.starts_with("packs/"));
    files.map(|file| read(&file.path, &file.text).unwrap_or_else(|problems| panic!("{problems}"))).collect()
}

#[test]
fn the_sixth_place_is_a_tree_of_four_levels() {
    let policy = compile(&packs());
    let chain: Vec<String> =
        policy.chain("990101".parse().unwrap()).iter().map(|division| division.code.to_string()).collect();
    assert_eq!(chain, ["990101", "990100", "990000", "100000"]);
    let deepest = policy.divisions().map(|division| policy.chain(division.code).len()).max();
    assert_eq!(deepest, Some(4));
}

#[test]
fn every_level_of_the_sixth_place_sets_something_of_its_own() {
    let files = packs();
    for code in ["100000", "990000", "990100", "990101"] {
        let own = files.iter().any(|file| file.path.starts_with(code) && file.path.matches('/').count() == 2);
        assert!(own, "{code} sets nothing");
    }
}

#[test]
fn the_cases_of_the_sixth_place_come_out_to_the_fen_at_all_four_levels() {
    let (policy, cases) = (compile(&packs()), cases());
    assert!(cases.iter().all(|case| !case.expected.is_empty()));
    let insured: BTreeSet<String> = cases
        .iter()
        .filter_map(|case| match &case.question {
            Question::Bills(bills) => Some(bills.person.division.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(insured.into_iter().collect::<Vec<_>>(), ["100000", "990000", "990100", "990101"]);
    let differences = differences(&policy, &cases);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn without_the_districts_own_values_the_prefectures_return() {
    let bare: Vec<PackFile> = packs()
        .into_iter()
        .filter(|file| !file.path.starts_with("990101/") || file.path.ends_with("division.toml"))
        .collect();
    let policy = compile(&bare);
    let [level_3, level_4] = ["level-3-prefecture.toml", "level-4-district.toml"].map(|name| {
        let case = cases().into_iter().find(|case| case.file == name).unwrap();
        let policy::case::Answer::Bills { bills, .. } = case.answer(&policy) else { panic!("no bills") };
        bills[0].decision.settlement().unwrap().shares
    });
    assert_eq!(level_3, level_4);
}
