//! The command line as a person or a program meets it: the real binary, real files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

mod coverage;
mod serving;
mod session;
mod trace;
mod up;
mod year;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn yibao(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_yibao")).args(arguments).current_dir(root()).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

const TERTIARY: &str = "tests/cases/370800/resident-tertiary-2022.toml";

/// A copy of a golden case with one text replaced, in a folder of its own.
fn changed(case: &str, from: &str, to: &str) -> (tempfile::TempDir, String) {
    let text = fs::read_to_string(root().join(case)).unwrap();
    assert!(text.contains(from), "{case} does not say {from}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("case.toml");
    fs::write(&file, text.replace(from, to)).unwrap();
    let name = file.display().to_string();
    (folder, name)
}

#[test]
fn the_demo_ends_well_and_prints_the_published_figures() {
    let output = yibao(&["demo"]);
    let text = stdout(&output);
    assert_eq!(code(&output), 0, "{text}{}", stderr(&output));
    for figure in [
        "91,700 × 183.00 = 16,781,100.00",
        "13,945 × 320.00 = 4,462,400.00",
        "610.00 = 488.00 + 91.50 + 30.50",
        "610.00 = 488.00 + 61.00 + 61.00",
        "610.00 = 488.00 + 122.00",
        "= 1,450,000.00",
    ] {
        assert!(text.contains(figure), "{figure} is missing");
    }
    assert!(!text.contains("DIFFERS"));
    for proof in [
        "differences after it was decided anew",
        "11 decision(s) replayed, 11 identical",
        "9 person-year(s) folded again, 0 difference(s); the journal adds up to 0.00",
        // all three systems and tilt in one bill, the category granted by the assistance service; then granted late
        "assistance service: Medical assistance fund, 13,557.60 used this year",
        "assistance service: Tilt (second) assistance, 567.28 used this year",
        "The difference is paid to the person by itself:",
        "-20,548.88   25,792.00 → 5,243.12",
        "watch list: a burden of 35,705.01 this year, above the line of 35,705.00",
    ] {
        assert!(text.contains(proof), "{proof} is missing");
    }
}

#[test]
fn a_case_that_comes_out_as_expected_ends_with_0() {
    let output = yibao(&["adjudicate", TERTIARY]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("TB-6"));
}

#[test]
fn a_difference_of_one_fen_is_named_and_ends_with_1() {
    let text = fs::read_to_string(root().join(TERTIARY)).unwrap();
    let cash = text.lines().find(|line| line.starts_with("cash = ")).unwrap();
    let (_folder, file) = changed(TERTIARY, cash, "cash = \"0.01\"");
    let output = yibao(&["adjudicate", &file]);
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).contains("cash: expected 0.01, found "), "{}", stdout(&output));
}

#[test]
fn a_broken_case_is_refused_with_all_its_mistakes_their_places_and_2() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("case.toml");
    let text = "title = \"broken\"\n[person]\ndivision = \"37\"\nscheme = \"resident\"\ngroup = \"adlut\"\nage = 45\n\
                [[bill]]\ncare = \"inpatient\"\ninstitution = \"tertiary\"\nfrom = 2022-13-01\ntotal = 20000.00\n\
                parts = { within_scope = \"20000.0\" }\n";
    fs::write(&file, text).unwrap();
    let output = yibao(&["adjudicate", &file.display().to_string()]);
    let report = stderr(&output);
    assert_eq!(code(&output), 2, "{report}");
    for place in ["case.toml:3:12:", "case.toml:5:9:", "case.toml:10:", "case.toml:11:9:", "case.toml:12:26:"] {
        assert!(report.contains(place), "{place} is missing in {report}");
    }
}

#[test]
fn the_same_bill_under_another_fact_shows_the_difference_a_payer() {
    let output = yibao(&["adjudicate", TERTIARY, "--what-if", "institution=primary", "--what-if", "grade=secondary"]);
    let text = stdout(&output);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(text.contains("had it been institution=primary [B1]: fund +"), "{text}");
    assert!(text.contains("had it been grade=secondary [B1]: cash -"), "{text}");
}

#[test]
fn an_unknown_fact_or_value_is_refused_with_what_could_be_written() {
    for (fact, expected) in [("colour=red", "one of institution"), ("institution=huge", "one of primary, secondary")] {
        let output = yibao(&["adjudicate", TERTIARY, "--what-if", fact]);
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
}

#[test]
fn another_day_brings_the_rules_of_that_day() {
    let paid = |day: &str| {
        let output = yibao(&["adjudicate", TERTIARY, "--on", day, "--format", "json"]);
        let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
        report["cases"][0]["answer"]["bills"][0]["settlement"]["national"]["act_pay_dedc"].as_str().unwrap().to_owned()
    };
    assert_eq!(paid("2021-12-31"), "1000.00");
    assert_eq!(paid("2022-01-01"), "800.00");
}

#[test]
fn json_is_one_document_without_colours_in_either_language() {
    for lang in ["zh", "en"] {
        let output = yibao(&["adjudicate", TERTIARY, "--format", "json", "--lang", lang]);
        let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(report["differences"], 0);
        assert_eq!(report["version"].as_str().unwrap().len(), 64);
    }
    for arguments in [&["adjudicate", TERTIARY][..], &["demo"][..]] {
        assert!(!stdout(&yibao(arguments)).contains('\u{1b}'), "colours without a terminal");
    }
}

#[test]
fn the_demo_as_json_is_one_document_with_the_services_statements() {
    let output = yibao(&["demo", "--format", "json"]);
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(report["differences"], 0);
    assert!(report["cases"][0]["answer"]["bills"][0]["settlement"]["national"]["act_pay_dedc"].is_string(), "{report}");
    assert_eq!(report["reversal"]["verified"]["journal"], "0.00");
    let one_stop = report["one_stop"].as_array().unwrap();
    assert_eq!(one_stop.len(), 2);
    assert!(one_stop.iter().all(|bill| bill["third_system"] == "THIRD_SYSTEM_WHOLE"), "{one_stop:?}");
    assert_eq!(one_stop[1]["limits"][0]["used_fen"], 1_355_760);
}

#[test]
fn chinese_is_chinese() {
    let text = stdout(&yibao(&["adjudicate", TERTIARY, "--lang", "zh"]));
    assert!(text.contains("起付标准"), "{text}");
    assert!(text.contains("济宁市"), "{text}");
}

#[test]
fn a_statement_page_is_one_file_with_its_clauses() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("statement.html");
    let output = yibao(&["statement", TERTIARY, "--html", &page.display().to_string()]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let html = fs::read_to_string(&page).unwrap();
    for part in ["<svg", "TB-5", "TB-6", "</html>"] {
        assert!(html.contains(part), "{part} is missing");
    }
    assert!(!html.contains("<script") && !html.contains("http-equiv"));
}

#[test]
fn the_shipped_policy_has_no_errors_and_a_broken_one_ends_with_1() {
    let output = yibao(&["policy", "check"]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("990000/resident")).unwrap();
    fs::write(folder.path().join("990000/division.toml"), "zh = \"某地\"\nen = \"Some place\"\n").unwrap();
    fs::write(folder.path().join("990000/resident/year.toml"), "[order]\nall = { 2022-01-01 = \"arrival\" }\n")
        .unwrap();
    let output = yibao(&["policy", "check", &folder.path().display().to_string()]);
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).contains("990000/resident/year.toml:2:22: error[wrong_value]"), "{}", stdout(&output));
}

#[test]
fn show_and_diff_name_values_clauses_and_where_they_come_from() {
    let output = yibao(&["policy", "show", "370890", "--on", "2022-06-01", "--benefit", "inpatient"]);
    let text = stdout(&output);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    for part in ["800.00", "TB-6", "Jining"] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    let output = yibao(&["policy", "diff", "370800", "2021-12-31", "2022-01-01"]);
    let text = stdout(&output);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    for part in ["TB-5", "TB-6", "0.55", "0.60", "1000.00", "800.00"] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}

#[test]
fn what_cannot_be_found_ends_with_2_and_says_what() {
    for arguments in [
        &["adjudicate", "no-such-file.toml"][..],
        &["adjudicate"][..],
        &["policy", "show", "999999", "--on", "2022-01-01"][..],
        &["policy", "show", "37", "--on", "2022-01-01"][..],
        &["policy", "check", "no-such-folder"][..],
        &["adjudicate", TERTIARY, "--on", "yesterday"][..],
        &["--no-such-option"][..],
    ] {
        let output = yibao(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(!stderr(&output).is_empty(), "{arguments:?}");
    }
}

/// A case of two stays of one year, the first reversed.
const REVERSED: &str = "tests/cases/370800/reversal-of-first-stay-refolds-second.toml";

#[test]
fn a_page_shows_what_stands_after_a_reversal_and_says_what_was_reversed() {
    let output = yibao(&["statement", REVERSED, "--html", "-"]);
    let html = stdout(&output);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(html.contains("bill B1 is reversed"), "{html}");
    let text = stdout(&yibao(&["adjudicate", REVERSED]));
    assert!(text.contains("bill B1 is reversed") && text.contains("The decision that stands now:"), "{text}");
}

#[test]
fn a_page_never_overwrites_its_case() {
    let (_folder, file) = changed(TERTIARY, "age", "age");
    let before = fs::read_to_string(&file).unwrap();
    let output = yibao(&["statement", &file, "--html", &file]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
}

#[test]
fn a_mistyped_meter_payer_or_bill_is_refused_instead_of_counting_nothing() {
    let case = fs::read_to_string(root().join(TERTIARY)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (more, found) in [
        ("[accumulated.meters.\"resident.serious_ilness\"]\nbase = \"1.00\"\n", "resident.serious_ilness"),
        ("[expect.payers]\nnosuch = \"0.00\"\n", "nosuch"),
        ("[expect.adjustments.ZZ]\ncash = \"0.00\"\n", "ZZ"),
    ] {
        let head = case.split("[expect]").next().unwrap();
        let file = folder.path().join("case.toml");
        fs::write(&file, format!("{head}{more}")).unwrap();
        let output = yibao(&["adjudicate", &file.display().to_string()]);
        assert_eq!(code(&output), 2, "{more}{}", stdout(&output));
        assert!(stderr(&output).contains(found), "{}", stderr(&output));
    }
}

#[test]
fn what_a_terminal_would_obey_is_not_printed() {
    let (_folder, file) = changed(TERTIARY, "title = \"", "title = \"\\u001b[31m\\u202e");
    let output = yibao(&["adjudicate", &file]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(!stdout(&output).contains(['\u{1b}', '\u{202e}']));
}

#[test]
fn an_unreadable_file_is_one_problem_among_all() {
    let folder = tempfile::tempdir().unwrap();
    let latin = folder.path().join("latin.toml");
    fs::write(&latin, b"title = \"\xe9\"").unwrap();
    let broken = folder.path().join("broken.toml");
    fs::write(&broken, "titel = 1").unwrap();
    let files = [latin.display().to_string(), broken.display().to_string()];
    let output = yibao(&["adjudicate", &files[0], &files[1], "missing.toml", "--format", "json"]);
    assert_eq!(code(&output), 2);
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let of_file =
        |name: &str| report["problems"].as_array().unwrap().iter().any(|p| p["file"].as_str().unwrap().ends_with(name));
    assert!(of_file("latin.toml") && of_file("broken.toml") && of_file("missing.toml"), "{report}");
}

#[test]
fn quiet_still_settles_under_other_facts() {
    let output = yibao(&["adjudicate", TERTIARY, "--quiet", "--what-if", "institution=primary"]);
    assert!(stdout(&output).contains("had it been institution=primary"), "{}", stdout(&output));
    assert_eq!(code(&yibao(&["adjudicate", TERTIARY, "--quiet", "--what-if", "foo=bar"])), 2);
}

#[test]
fn the_load_generator_settles_with_and_without_an_assistance_service_and_nothing_fails() {
    for more in [&[][..], &["--assisted", "50"]] {
        let few = ["bench", "settle", "--seconds", "1", "--warm-up", "0", "--people", "10", "--callers", "2"];
        let output = yibao(&[&few[..], more, &["--format", "json"]].concat());
        let seen: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(code(&output), 0, "{seen}{}", stderr(&output));
        assert!(seen["settled"].as_u64().unwrap() > 0, "{seen}");
        assert_eq!(
            (&seen["refused"], &seen["failed"]),
            (&Value::from(0), &Value::Object(Default::default())),
            "{seen}"
        );
    }
}
