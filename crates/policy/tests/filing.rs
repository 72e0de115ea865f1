//! Filing of care elsewhere, and what is settled directly between provinces: by the packs that ship and by packs of a test.

use chrono::NaiveDate;
use policy::{FilingFacts, Policy, Reason, Refusal};
use terms::{Care, Division, Filing, Name};

use crate::support::{SHIPPED, compile, inline, inline_files};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn place(text: &str) -> Division {
    text.parse().unwrap()
}

/// A filing of who is insured in Jining, to a city of another province.
fn filing(kind: Filing) -> FilingFacts {
    FilingFacts {
        division: place("370800"),
        kind,
        destination: place("440100"),
        filed: day("2026-03-01"),
        from: day("2026-03-01"),
        to: None,
        documents: Vec::new(),
        promise: false,
    }
}

fn documents(names: &[&str]) -> Vec<Name> {
    names.iter().map(|name| Name::new(name).unwrap()).collect()
}

fn causes(refusal: &Refusal) -> Vec<(Reason, &str, Vec<&str>)> {
    let read = refusal.causes.iter().map(|cause| (cause, cause.cite.iter().map(String::as_str).collect()));
    read.map(|(cause, cite)| (cause.reason, cause.about.as_str(), cite)).collect()
}

#[test]
fn a_temporary_filing_is_valid_for_six_months_and_a_long_term_one_without_end() {
    // six months from 2026-03-01 end before 2026-09-01
    let terms = SHIPPED.files(&filing(Filing::Temporary)).unwrap();
    assert_eq!((terms.to, terms.due), (Some(day("2026-08-31")), Vec::new()));
    let long = FilingFacts { documents: documents(&["residence_proof"]), ..filing(Filing::LongTerm) };
    assert_eq!(SHIPPED.files(&long).unwrap().to, None);
    let shorter = FilingFacts { to: Some(day("2026-04-30")), ..filing(Filing::Temporary) };
    assert_eq!(SHIPPED.files(&shorter).unwrap().to, Some(day("2026-04-30")));
    let last = FilingFacts { to: Some(day("2026-08-31")), ..filing(Filing::Temporary) };
    assert_eq!(SHIPPED.files(&last).unwrap().to, Some(day("2026-08-31")));
    let longer = FilingFacts { to: Some(day("2026-09-01")), ..filing(Filing::Temporary) };
    let no = SHIPPED.files(&longer).unwrap_err();
    let about = "from 2026-03-01 to 2026-09-01: at most to 2026-08-31";
    assert_eq!(causes(&no), [(Reason::FilingTooLong, about, vec!["DM-2.2"])]);
    // six months from the last of August end with February
    let august = FilingFacts { from: day("2026-08-31"), ..filing(Filing::Temporary) };
    assert_eq!(SHIPPED.files(&august).unwrap().to, Some(day("2027-02-27")));
}

#[test]
fn documents_that_are_missing_are_named_and_promised_only_where_the_packs_let_them_be() {
    let no = SHIPPED.files(&filing(Filing::LongTerm)).unwrap_err();
    assert_eq!(causes(&no), [(Reason::DocumentMissing, "residence_proof", vec!["DM-2.2"])]);
    let promised = FilingFacts { promise: true, ..filing(Filing::LongTerm) };
    assert_eq!(SHIPPED.files(&promised).unwrap().due, documents(&["residence_proof"]));
    let referred = FilingFacts { promise: true, ..filing(Filing::Referred) };
    let no = SHIPPED.files(&referred).unwrap_err();
    assert_eq!(causes(&no), [(Reason::DocumentMissing, "referral_proof", vec!["DM-2.2"])]);
    let proved = FilingFacts { documents: documents(&["photo", "referral_proof"]), ..filing(Filing::Referred) };
    assert_eq!(SHIPPED.files(&proved).unwrap().due, []);
}

#[test]
fn inside_shandong_nothing_is_filed_from_2022_on_and_at_home_never() {
    let inside = FilingFacts { destination: place("370100"), ..filing(Filing::Temporary) };
    let no = SHIPPED.files(&inside).unwrap_err();
    let about = "370100 of who is insured in 370800";
    assert_eq!(causes(&no), [(Reason::FilingNotNeeded, about, vec!["TB-12"])]);
    let whole = FilingFacts { destination: place("370000"), ..filing(Filing::Temporary) };
    assert_eq!(SHIPPED.files(&whole).unwrap_err().causes[0].reason, Reason::FilingNotNeeded);
    // a district of the city is settled as the city
    for home in ["370800", "370890"] {
        let home = FilingFacts { division: place(home), destination: place("370800"), ..filing(Filing::Temporary) };
        assert_eq!(SHIPPED.files(&home).unwrap_err().causes[0].reason, Reason::BadPlace);
    }
    // Guizhou's pack says nothing of its own: by the nation's care elsewhere is filed
    let elsewhere =
        FilingFacts { division: place("522700"), destination: place("520100"), ..filing(Filing::Temporary) };
    assert_eq!(SHIPPED.files(&elsewhere).unwrap().to, Some(day("2026-08-31")));
}

#[test]
fn everything_that_is_wrong_with_a_filing_is_said_at_once() {
    let wrong = FilingFacts { destination: place("370100"), to: Some(day("2026-02-01")), ..filing(Filing::Referred) };
    let no = SHIPPED.files(&wrong).unwrap_err();
    let reasons: Vec<Reason> = no.causes.iter().map(|cause| cause.reason).collect();
    assert_eq!(reasons, [Reason::FilingNotNeeded, Reason::BadDates, Reason::DocumentMissing]);
    let nowhere = FilingFacts { division: place("990000"), ..filing(Filing::Temporary) };
    assert_eq!(SHIPPED.files(&nowhere).unwrap_err().causes[0].reason, Reason::UnknownDivision);
}

#[test]
fn a_long_term_filing_is_locked_for_six_months_and_others_are_not() {
    let of = place("370800");
    let since = day("2026-03-01");
    let asks = |kind, on| SHIPPED.unlocks(of, kind, (since, day(on)));
    let no = asks(Filing::LongTerm, "2026-08-31").unwrap_err();
    let about = "long_term since 2026-03-01: from 2026-09-01 on";
    assert_eq!(causes(&no), [(Reason::FilingLocked, about, vec!["DM-2.2"])]);
    assert!(asks(Filing::LongTerm, "2026-03-01").is_err(), "its first day");
    assert!(asks(Filing::LongTerm, "2026-09-01").is_ok());
    assert!(asks(Filing::LongTerm, "2026-02-28").is_ok(), "before it begins");
    assert!(asks(Filing::Temporary, "2026-03-02").is_ok());
}

#[test]
fn who_has_not_filed_is_not_settled_directly_and_an_emergency_counts_as_filed() {
    let of = place("370800");
    let on = day("2026-03-01");
    let crosses = |filing| SHIPPED.crosses(of, filing, (Care::Inpatient, ""), on);
    for filing in [Filing::LongTerm, Filing::Referred, Filing::Emergency, Filing::Temporary] {
        assert_eq!(crosses(filing), Ok(()));
    }
    let no = crosses(Filing::Unfiled).unwrap_err();
    assert_eq!(causes(&no), [(Reason::NotFiled, "unfiled", vec!["DM-2.2"])]);
    // the procedure is in force from 2023 on
    assert!(SHIPPED.crosses(of, Filing::Unfiled, (Care::Inpatient, ""), day("2022-12-31")).is_ok());
}

#[test]
fn five_diseases_cross_from_2023_and_ten_from_december_2024() {
    let of = place("370800");
    let crosses = |code: &str, on| SHIPPED.crosses(of, Filing::LongTerm, (Care::Chronic, code), day(on));
    for code in ["M03900", "M01600", "M00500", "M07800", "M08300"] {
        assert_eq!(crosses(code, "2023-01-01"), Ok(()), "{code}");
    }
    for code in ["M05300", "M06900", "M04600", "M00200", "M00201", "M07200"] {
        let no = crosses(code, "2024-11-30").unwrap_err();
        // GX-15 is Guangxi's: nobody insured in Jining is cited it
        assert_eq!(causes(&no), [(Reason::NotAcross, code, vec!["DM-2.3"])]);
        assert_eq!(crosses(code, "2024-12-01"), Ok(()), "{code}");
    }
    assert_eq!(crosses("M99900", "2026-01-01").unwrap_err().causes[0].reason, Reason::NotAcross);
    assert_eq!(crosses("", "2026-01-01").unwrap_err().causes[0].about, "no disease");
    // an ordinary visit names a disease or none, and crosses
    assert_eq!(SHIPPED.crosses(of, Filing::LongTerm, (Care::Outpatient, "M99900"), day("2026-01-01")), Ok(()));
    // both are said at once
    let no = SHIPPED.crosses(of, Filing::Unfiled, (Care::Special, "M99900"), day("2026-01-01")).unwrap_err();
    let reasons: Vec<Reason> = no.causes.iter().map(|cause| cause.reason).collect();
    assert_eq!(reasons, [Reason::NotFiled, Reason::NotAcross]);
}

#[test]
fn what_no_pack_says_binds_nobody() {
    let silent = inline(&[]);
    let of = place("990000");
    let on = day("2026-03-01");
    let facts = FilingFacts { division: place("990000"), destination: place("440000"), ..filing(Filing::LongTerm) };
    let terms = silent.files(&facts).unwrap();
    assert_eq!((terms.to, terms.due.len(), terms.values.len()), (None, 0, 0));
    assert!(silent.unlocks(of, Filing::LongTerm, (on, on)).is_ok());
    assert!(silent.crosses(of, Filing::Unfiled, (Care::Chronic, ""), on).is_ok());
    let order = [Filing::LongTerm, Filing::Referred, Filing::Emergency, Filing::Temporary];
    assert_eq!(silent.filing_precedence(of, on).unwrap(), order);
}

#[test]
fn the_order_in_which_filings_count_is_the_packs() {
    let of = place("370800");
    let order = [Filing::LongTerm, Filing::Referred, Filing::Emergency, Filing::Temporary];
    assert_eq!(SHIPPED.filing_precedence(of, day("2026-03-01")).unwrap(), order);
    let other = "[precedence]\ncite = \"EX-1\"\nall = { 2020-01-01 = [\"emergency\", \"temporary\"] }\n";
    let other = inline(&[("common/cross_province.toml", other)]);
    let of = place("990000");
    let order = [Filing::Emergency, Filing::Temporary, Filing::LongTerm, Filing::Referred];
    assert_eq!(other.filing_precedence(of, day("2026-03-01")).unwrap(), order);
}

#[test]
fn lists_name_what_there_is() {
    let refused = |text: &str| {
        let problems = Policy::compile(&inline_files(&[("common/cross_province.toml", text)])).unwrap_err();
        problems.to_string()
    };
    let list = |name: &str, word: &str| format!("[{name}]\ncite = \"EX-1\"\nall = {{ 2020-01-01 = [\"{word}\"] }}\n");
    for (name, word) in [("diseases", "hypertension"), ("precedence", "unfiled"), ("precedence", "nobody")] {
        let said = refused(&list(name, word));
        assert!(said.contains("unknown_name") && said.contains(word), "{said}");
    }
    // of documents any name will do
    compile(&inline_files(&[("common/cross_province.toml", &list("documents", "photo"))]));
    let age = "[valid_months]\ncite = \"EX-1\"\nretired = { 2020-01-01 = \"6\" }\n";
    assert!(refused(age).contains("wrong_condition"));
}
