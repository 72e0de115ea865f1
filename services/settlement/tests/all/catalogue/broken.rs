use std::collections::BTreeSet;

use settlement::catalogue::Catalogue;

use super::{CITY, PROVINCE, ROOT, file, files, header};
use proptest::prelude::*;

/// `file:line kind` of every problem, in order.
fn problems(files: &[settlement::catalogue::File]) -> Vec<String> {
    let problems = Catalogue::read(files).expect_err("the catalogue is broken");
    problems.iter().map(|problem| format!("{}:{} {}", problem.file, problem.line, problem.kind)).collect()
}

#[test]
fn a_code_that_is_another_spelled_in_another_way_is_a_problem_in_whatever_file() {
    let same = "kind = \"service\"\nsource = \"test\"\n[0011020000100009]\nzh = \"一\"\nunit = \"次\"\n\
                class = { 2022-01-01 = \"class_a\" }\n";
    for folder in ["980000", "990100"] {
        let mut files = files();
        files.push(file(&format!("{folder}/more.toml"), same));
        let found = problems(&files);
        assert!(found.len() == 1 && found[0].ends_with(" overlap"), "{found:?}");
    }
}

#[test]
fn every_problem_of_every_file_is_reported_at_once() {
    let broken = r#"kind = "drugs"
[X000000001]
zh = "又一个"
price_limit = { 2021-01-01 = "3.5" }
[x-1]
class = { 2020-01-01 = "class_d" }
[X000000008]
zh = "无源"
unit = "盒"
class = { 2020-13-01 = "class_a", 2021-01-01 = "class_a" }
price_limit = { 2020-06-01 = { value = "5.00", source = "test" } }
colour = "red"
"#;
    let again = "kind = \"drug\"\nsource = \"test\"\n[X000000001]\nclass = { 2020-01-01 = \"class_a\" }\n";
    let more = "kind = \"drug\"\nsource = \"test\"\n[X000000009]\nzh = \"序\"\nunit = \"盒\"\n\
                class = { 2021-01-01 = \"class_a\", 2020-01-01 = \"class_b\" }\n\
                first_self_paid = { 2021-01-01 = \"end\", 2021-02-01 = \"1.5\" }\n\
                [X000000007]\nzh = \"无类\"\nunit = \"盒\"\n\
                [X000000006]\nzh = \"早\"\nunit = \"盒\"\nclass = { 2021-01-01 = \"class_a\" }\n\
                price_limit = { 2020-01-01 = \"1.00\" }\n";
    let mut files = files();
    files.push(file("990000/more.toml", broken));
    files.push(file("990100/again.toml", again));
    files.push(file("990100/more.toml", more));
    files.push(file("notes.toml", ""));
    files.push(file("960000/drug.toml", again));
    let expected = [
        "960000/drug.toml:1 missing",     // no division.toml
        "990000/more.toml:1 missing",     // no kind
        "990000/more.toml:1 wrong_value", // no such kind
        "990000/more.toml:2 overlap",     // in drug.toml of the same division already
        "990000/more.toml:4 no_source",   // and the amount has one decimal
        "990000/more.toml:4 wrong_value",
        "990000/more.toml:5 missing",     // a name and a unit
        "990000/more.toml:5 wrong_value", // the code
        "990000/more.toml:6 no_source",
        "990000/more.toml:6 wrong_value", // no such class
        "990000/more.toml:10 no_source",
        "990000/more.toml:10 wrong_date",
        "990000/more.toml:12 unknown_name",
        "990100/more.toml:6 overlap",     // days that do not ascend
        "990100/more.toml:7 gap",         // the end of nothing
        "990100/more.toml:7 wrong_value", // a share above one
        "990100/more.toml:8 missing",     // no class
        "990100/more.toml:11 gap",        // a limit before the class
        "notes.toml:1 unknown_file",
    ];
    let expected: BTreeSet<String> = expected.iter().map(|line| (*line).to_owned()).collect();
    let found: BTreeSet<String> = problems(&files).into_iter().collect();
    assert_eq!(found, expected);
}

#[test]
fn what_is_said_above_is_not_said_again() {
    let again =
        "kind = \"bed\"\nsource = \"test\"\n[X000000003]\nzh = \"丙药\"\nclass = { 2020-01-01 = \"class_a\" }\n";
    let mut files = files();
    files.push(file("990200/bed.toml", again));
    files.push(header("990200", false));
    assert_eq!(problems(&files), ["990200/bed.toml:3 said_above", "990200/bed.toml:3 said_above"]);
}

#[test]
fn a_catalogue_has_exactly_one_root_and_no_file_that_is_no_toml() {
    let mut files = files();
    files[0] = header("980000", false);
    assert_eq!(problems(&files), ["division.toml:1 missing"]);
    files[0] = file("980000/division.toml", "code = \"980001\"\nroot = \"yes\"\nsource = \n");
    let kinds = problems(&files);
    for kind in
        ["980000/division.toml:3 syntax", "980000/division.toml:1 wrong_value", "980000/division.toml:2 wrong_value"]
    {
        assert!(kinds.iter().any(|found| found == kind), "{kind} in {kinds:?}");
    }
}

proptest! {
    /// A file torn off and mended with anything is read or refused with a problem in it, and nothing else happens.
    #[test]
    fn a_torn_file_is_refused_with_its_problems(text in 0..3_usize, from in 0..600_usize, to in 0..600_usize, mend in "[\\[\\]{}=\"a-z0-9\n -]{0,6}") {
        let whole = [ROOT, PROVINCE, CITY][text];
        let letters: Vec<char> = whole.chars().collect();
        let (from, to) = (from.min(letters.len()), to.min(letters.len()));
        let torn: String = letters[..from.min(to)].iter().chain(&mend.chars().collect::<Vec<_>>()).chain(&letters[to.max(from)..]).collect();
        let mut files = files();
        files[[1, 3, 5][text]].text = torn;
        if let Err(problems) = Catalogue::read(&files) {
            prop_assert!(!problems.is_empty());
            let lines_max = problems.iter().map(|problem| problem.line).max();
            prop_assert!(lines_max.is_some_and(|line| line <= 40));
        }
    }
}
