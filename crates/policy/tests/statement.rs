//! Statements over every golden case and every variant: the identities, the sources, the forms.

use std::fs;

use money::Fen;
use policy::case::{Answer, Case, Question, read};
use policy::statement::{
    Answered, Lang, Paint, Statement, adjustment_json, adjustment_text, answer_json_text, answer_text, html,
};
use policy::{Bill, Costs, Decision, Facts, Line, Outcome, Person, Policy};
use serde_json::Value;
use terms::Name;

use crate::support::{SHIPPED, cases, compile, root, toml_files};

/// Every policy of the golden cases and variants with its cases.
fn everything() -> Vec<(Policy, Vec<Case>)> {
    let mut all = vec![(SHIPPED.clone(), cases("tests/cases"))];
    for entry in fs::read_dir(root().join("tests/variants")).unwrap() {
        let folder = entry.unwrap().path();
        if folder.is_dir() {
            let policy = compile(&toml_files(&folder.join("packs")));
            let files = toml_files(&folder);
            let files = files.iter().filter(|file| !file.path.starts_with("packs/"));
            all.push((policy, files.map(|file| read(&file.path, &file.text).unwrap()).collect()));
        }
    }
    all
}

/// Calls `look` with every statement of every case.
fn every_statement(mut look: impl FnMut(&Policy, &str, &Statement<'_>, &Decision)) {
    let mut count = 0;
    for (policy, cases) in &everything() {
        for case in cases {
            let (Question::Bills(asked), Answer::Bills { bills, .. }) = (&case.question, case.answer(policy)) else {
                continue;
            };
            for answer in &bills {
                count += 1;
                let statement = Statement::new(policy, &asked.person, &answer.bill, &answer.decision);
                look(policy, &case.file, &statement, &answer.decision);
            }
        }
    }
    assert!(count > 200, "only {count} statements were looked at");
}

fn case(path: &str) -> Case {
    read(path, &fs::read_to_string(root().join("tests/cases").join(path)).unwrap()).unwrap()
}

fn decide(case: &Case) -> (Person, Bill, Decision) {
    let (Question::Bills(asked), Answer::Bills { bills, .. }) = (&case.question, case.answer(&SHIPPED)) else {
        panic!("{} is not about bills", case.file);
    };
    (asked.person.clone(), bills[0].bill.clone(), bills[0].decision.clone())
}

fn yuan(value: &Value) -> Fen {
    value.as_str().unwrap_or_else(|| panic!("{value} is no decimal string")).parse().unwrap()
}

#[test]
fn the_national_identities_hold_in_every_case() {
    every_statement(|_, file, statement, decision| {
        let n = statement.national();
        let parts = n.fulamt_ownpay_amt + n.overlmt_selfpay + n.preselfpay_amt + n.inscp_scp_amt;
        assert_eq!(n.medfee_sumamt, parts, "{file}: parts");
        assert_eq!(n.medfee_sumamt, n.fund_pay_sumamt + n.psn_part_amt + n.hosp_part_amt, "{file}: payers");
        let person = n.acct_pay + n.acct_mulaid_pay + n.other_payers_pay + n.psn_cash_pay;
        assert_eq!(n.psn_part_amt, person, "{file}: person");
        assert_eq!(n.fund_pay_sumamt, n.funds().into_iter().sum(), "{file}: funds");
        assert!(n.act_pay_dedc <= n.inscp_scp_amt, "{file}: the deductible is above the scope");
        assert!(n.fund_pay_sumamt <= n.inscp_scp_amt, "{file}: the funds pay above the scope");
        assert!(!n.psn_cash_pay.is_negative(), "{file}: cash");
        if decision.settlement().is_none() {
            assert_eq!(n, policy::statement::NationalResult::default(), "{file}: a refusal pays nothing");
        }
    });
}

#[test]
fn the_rows_of_setldetail_and_cash_are_the_bill() {
    every_statement(|_, file, statement, _| {
        let json = statement.json();
        let Some(settlement) = json.get("settlement") else { return };
        let rows = settlement["setldetail"].as_array().unwrap();
        let sum: Fen = rows.iter().map(|row| yuan(&row["fund_payamt"]) + yuan(&row["other_payers_pay"])).sum();
        let national = statement.national();
        assert_eq!(sum + national.psn_cash_pay, national.medfee_sumamt, "{file}");
        let others: Fen = rows.iter().map(|row| yuan(&row["other_payers_pay"])).sum();
        assert_eq!(others, national.other_payers_pay, "{file}");
    });
}

#[test]
fn every_step_with_a_source_resolves_to_clauses_that_are_told() {
    every_statement(|policy, file, statement, decision| {
        let json = statement.json();
        let Some(settlement) = decision.settlement() else { return };
        let steps = json["settlement"]["steps"].as_array().unwrap();
        assert_eq!(steps.len(), settlement.steps.len(), "{file}");
        for (step, told) in settlement.steps.iter().zip(steps) {
            assert_eq!(step.source.is_some(), !told["value"].is_null(), "{file}: {told}");
            for id in told["value"]["cite"].as_array().into_iter().flatten() {
                let id = id.as_str().unwrap();
                assert!(policy.clause(id).is_some(), "{file}: {id} is no clause");
                assert!(json["clauses"].get(id).is_some(), "{file}: {id} is not told");
            }
        }
        let assumed = |told: &&Value| told["value"]["mark"] == "assumed" || told["share_of"]["mark"] == "assumed";
        let says_so = !json["assumed"].as_array().unwrap().is_empty();
        assert_eq!(says_so, steps.iter().any(|told| assumed(&told)), "{file}");
        assert_eq!(says_so, statement.text(Lang::Zh, Paint::Plain).contains("假定值（文件未作规定"), "{file}");
    });
}

#[test]
fn the_canonical_form_parses_back_and_holds_no_float() {
    fn no_float(value: &Value) -> bool {
        match value {
            Value::Number(number) => !number.is_f64(),
            Value::Array(items) => items.iter().all(no_float),
            Value::Object(fields) => fields.values().all(no_float),
            Value::Null | Value::Bool(_) | Value::String(_) => true,
        }
    }
    every_statement(|_, file, statement, _| {
        let text = statement.json_text();
        let parsed: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(parsed, statement.json(), "{file}");
        assert!(no_float(&parsed), "{file}");
        assert_eq!(text, statement.json_text(), "{file}: not the same bytes twice");
    });
}

/// Columns as a terminal counts them, for the letters these texts use.
fn columns(line: &str) -> usize {
    line.chars()
        .map(|letter| if matches!(letter, '\u{2e80}'..='\u{a4cf}' | '\u{ff00}'..='\u{ff60}') { 2 } else { 1 })
        .sum()
}

#[test]
fn every_text_fits_in_100_columns() {
    every_statement(|_, file, statement, _| {
        for lang in [Lang::Zh, Lang::En] {
            let text = statement.text(lang, Paint::Plain);
            for line in text.lines() {
                // A closing mark may hang over by one letter.
                assert!(columns(line) <= 102, "{file}: {} columns: {line}", columns(line));
            }
            assert!(!text.contains('\u{1b}'), "{file}: colours that nobody asked for");
        }
    });
}

#[test]
fn the_pages_of_every_case_are_well_formed_and_stand_alone() {
    every_statement(|_, file, statement, _| {
        for lang in [Lang::Zh, Lang::En] {
            let page = html("a < b", &[*statement, *statement], lang);
            assert_well_formed(file, &page);
            for outside in ["<script", "http:", "https:", "url(", "@import", "<link", "<img"] {
                assert!(!page.contains(outside), "{file}: the page holds {outside}");
            }
        }
    });
}

/// Every tag is closed in its order, no attribute is open, and no anchor points nowhere.
fn assert_well_formed(file: &str, page: &str) {
    const EMPTY: [&str; 2] = ["meta", "!DOCTYPE"];
    let body = page.replace(&page[page.find("<style>").unwrap()..page.find("</style>").unwrap()], "<style>");
    let mut open: Vec<String> = Vec::new();
    for piece in body.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap_or_else(|| panic!("{file}: an open tag: {piece}"));
        assert!(!text.contains('>'), "{file}: a bare > after {tag}");
        assert_eq!(tag.matches('"').count() % 2, 0, "{file}: an open attribute: {tag}");
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(closed), "{file}: closed in the wrong order");
        } else if !tag.ends_with('/') && !EMPTY.contains(&name) {
            open.push(name.to_owned());
        }
    }
    assert_eq!(open, Vec::<String>::new(), "{file}: left open");
    for link in page.split("href=\"#").skip(1) {
        let id = link.split('"').next().unwrap();
        assert!(page.contains(&format!("id=\"{id}\"")), "{file}: the link #{id} points nowhere");
    }
}

#[test]
fn a_malicious_item_name_and_bill_id_are_letters_only() {
    let (person, mut bill, _) = decide(&case("522700/lines-class-a-b-c-and-price-limit.toml"));
    let Costs::Lines(lines) = &mut bill.costs else { panic!("no lines") };
    let line: &mut Line = &mut lines[0];
    line.item = "\"><script>alert(1)</script>\u{1b}[31m".to_owned();
    bill.id = Name::new("<b onclick='x'>&\n").unwrap();
    let accumulated = policy::Accumulators::default();
    let facts = Facts { person: person.clone(), bill: bill.clone(), accumulated, held: Vec::new() };
    let decision = SHIPPED.adjudicate(&facts);
    assert!(decision.settlement().is_some());
    let statement = Statement::new(&SHIPPED, &person, &bill, &decision);
    let page = html("<script>x</script>", &[statement, statement], Lang::Zh);
    assert!(!page.contains("<script") && !page.contains("<b onclick") && !page.contains('\u{1b}'));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert_well_formed("malicious", &page);
    let text = statement.text(Lang::En, Paint::Plain);
    assert!(!text.contains('\u{1b}') && !text.contains("&\n"));
}

#[test]
fn a_statement_under_another_version_says_that_it_cannot_name_sources() {
    let (person, bill, decision) = decide(&case("370800/resident-tertiary-2022.toml"));
    let mut files = Policy::shipped_files();
    files[0].text.push_str("\n# another version\n");
    let other = compile(&files);
    let text = Statement::new(&other, &person, &bill, &decision).text(Lang::Zh, Paint::Plain);
    assert!(text.contains("另一政策版本") && !text.contains("TB-6"), "{text}");
    assert!(text.contains("20,000.00 → 19,200.00"), "{text}");
}

#[test]
fn the_bills_id_stays_as_the_institution_writes_it() {
    let (person, mut bill, decision) = decide(&case("370800/resident-tertiary-2022.toml"));
    bill.id = Name::new("visit-1").unwrap();
    let statement = Statement::new(&SHIPPED, &person, &bill, &decision);
    for lang in [Lang::En, Lang::Zh] {
        let text = statement.text(lang, Paint::Plain);
        assert!(text.contains("visit-1") && !text.contains("Visit-1"), "{text}");
        assert!(!html("A page", &[statement], lang).contains("Visit-1"));
    }
}

#[test]
fn a_clerk_reads_the_deductible_and_the_ratio_with_clause_date_and_place() {
    let (person, bill, decision) = decide(&case("370800/resident-tertiary-2022.toml"));
    let city = SHIPPED.chain(person.division)[0];
    let statement = Statement::new(&SHIPPED, &person, &bill, &decision);
    let zh = statement.text(Lang::Zh, Paint::Plain);
    let place = &city.zh;
    let deductible = format!("起付标准 800.00 元（三级医疗机构，TB-6，2022-01-01 起，{place}）：20,000.00 → 19,200.00");
    let ratio = format!("支付比例 0.60（三级医疗机构，TB-5，2022-01-01 起，{place}）：19,200.00 × 0.60 = 11,520.00");
    assert!(zh.contains(&deductible) && zh.contains(&ratio), "{zh}");
    let en = statement.text(Lang::En, Paint::Plain);
    assert!(en.contains(&format!("tertiary hospital; since 2022-01-01, TB-5 ({})", city.en)), "{en}");
    assert!(statement.text(Lang::Zh, Paint::Ansi).contains("\u{1b}[1m"));
}

/// The three forms of one bill that four layers pay, word for word. The place and its rules are made up and stand beside
/// the case, so that these files change only when the forms do.
#[test]
fn the_forms_of_one_bill_are_kept_word_for_word() {
    let folder = root().join("tests/variants/sixth-place");
    let policy = compile(&toml_files(&folder.join("packs")));
    let file = "whole-waterfall-for-low-income.toml";
    let case = read(file, &fs::read_to_string(folder.join(file)).unwrap()).unwrap();
    let (Question::Bills(asked), Answer::Bills { bills, .. }) = (&case.question, case.answer(&policy)) else {
        panic!("{file} is not about bills");
    };
    let statement = Statement::new(&policy, &asked.person, &bills[0].bill, &bills[0].decision);
    let forms = [
        ("zh.txt", statement.text(Lang::Zh, Paint::Plain)),
        ("en.txt", statement.text(Lang::En, Paint::Plain)),
        ("json", statement.json_text()),
    ];
    for (ending, found) in forms {
        let path = format!("tests/statement/whole-waterfall.{ending}");
        let kept = fs::read_to_string(root().join("crates/policy").join(&path)).unwrap_or_default();
        assert!(kept == found, "{path} should hold:\n{found}");
    }
}

#[test]
fn a_refusal_gives_its_reasons_its_clauses_and_what_to_do() {
    let (person, bill, decision) = decide(&case("450000/refused-negotiated-drug-ratio-not-in-the-text.toml"));
    let Outcome::Refused(refusal) = &decision.outcome else { panic!("settled") };
    let statement = Statement::new(&SHIPPED, &person, &bill, &decision);
    let (text, page) = (statement.text(Lang::Zh, Paint::Plain), html("x", &[statement], Lang::Zh));
    for cause in &refusal.causes {
        for shown in [&text, &page] {
            assert!(shown.contains(cause.reason.zh()) && shown.contains("下一步"), "{shown}");
            assert!(cause.cite.iter().all(|id| shown.contains(id.as_str())), "{shown}");
        }
    }
    assert_eq!(statement.json()["outcome"], "refused");
}

#[test]
fn answers_and_adjustments_are_told_in_both_languages() {
    let (mut answers, mut adjusted) = (0, 0);
    for (policy, cases) in &everything() {
        for case in cases {
            let answer = case.answer(policy);
            if let Some(answered) = Answered::of(case, &answer) {
                answers += 1;
                let json: Value = serde_json::from_str(&answer_json_text(policy, &answered)).unwrap();
                assert!(json.get("answer").is_some() != json.get("refusal").is_some(), "{}", case.file);
                for lang in [Lang::Zh, Lang::En] {
                    assert!(answer_text(policy, &answered, lang, Paint::Plain).lines().count() > 6, "{}", case.file);
                }
            }
            let Answer::Bills { adjustments, .. } = &answer else { continue };
            for adjustment in adjustments {
                adjusted += 1;
                let json = adjustment_json(policy, adjustment);
                let changes = json["changes"].as_array().unwrap();
                for change in changes {
                    let difference = yuan(&change["after"]) - yuan(&change["before"]);
                    assert_eq!(difference, yuan(&change["difference"]), "{}", case.file);
                }
                let text = adjustment_text(policy, adjustment, Lang::Zh);
                assert!(text.contains(adjustment.bill.as_str()), "{}: {text}", case.file);
            }
        }
    }
    assert!(answers > 50 && adjusted > 5, "{answers} answers, {adjusted} adjustments");
}
