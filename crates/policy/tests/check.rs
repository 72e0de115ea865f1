//! Every kind of mistake a pack can have is named with its place; cliffs and inversions are found where they are, and only there.

use policy::check::check;
use policy::{PackFile, Policy, Problem, Severity};

const CLAUSES: &str = "[EX-1]\ndocument = \"例\"\nplace = \"一\"\nzh = \"例\"\nen = \"example\"\n";

const PAYERS: &str = "\
[pooled_fund]
zh = \"统筹基金\"
en = \"pooled fund\"
kind = \"fund\"
field = \"hifp_pay\"

[assistance]
zh = \"医疗救助\"
en = \"assistance\"
kind = \"fund\"
field = \"maf_pay\"
";

const INPATIENT: &str = "\
cite = \"EX-1\"
[stack]
all = { 2015-01-01 = [\"pooled\"] }
[pooled]
payer = \"pooled_fund\"
[pooled.deductible]
all = { 2015-01-01 = \"500.00\" }
[pooled.ratio]
all = { 2015-01-01 = \"0.60\" }
";

const FILE: &str = "990000/resident/inpatient.toml";

/// A nation, a place below it, and one benefit.
pub(crate) fn base() -> Vec<PackFile> {
    let nation = "code = \"980000\"\nzh = \"全国\"\nen = \"Nation\"\n";
    let place = "code = \"990000\"\nparent = \"980000\"\nzh = \"虚构省\"\nen = \"Invented\"\n";
    let files = [
        ("clauses.toml", CLAUSES),
        ("980000/division.toml", nation),
        ("980000/payers.toml", PAYERS),
        ("990000/division.toml", place),
        (FILE, INPATIENT),
    ];
    files.map(|(path, text)| PackFile { path: path.to_owned(), text: text.to_owned() }).to_vec()
}

/// The base with one file written anew, or added.
pub(crate) fn with(mut files: Vec<PackFile>, path: &str, text: &str) -> Vec<PackFile> {
    files.retain(|file| file.path != path);
    files.push(PackFile { path: path.to_owned(), text: text.to_owned() });
    files
}

/// The base with a piece of the benefit's file replaced.
fn edited(from: &str, to: &str) -> Vec<PackFile> {
    assert_eq!(INPATIENT.matches(from).count(), 1, "{from}");
    with(base(), FILE, &INPATIENT.replace(from, to))
}

fn all(files: &[PackFile]) -> Vec<Problem> {
    check(files).iter().cloned().collect()
}

/// The pack has this problem: file, line, column, kind, and a piece of what was found.
#[track_caller]
fn has(files: &[PackFile], (file, line, column): (&str, usize, usize), kind: &str, found: &str) {
    let problems = all(files);
    let here = |problem: &&Problem| (problem.file.as_str(), problem.line, problem.column) == (file, line, column);
    let named = problems.iter().filter(here).any(|problem| problem.kind == kind && problem.found.contains(found));
    assert!(named, "no {kind} of {found:?} at {file}:{line}:{column} but:\n{}", check(files));
}

fn kinds(files: &[PackFile]) -> Vec<&'static str> {
    let mut kinds: Vec<&str> = all(files).iter().map(|problem| problem.kind).collect();
    kinds.dedup();
    kinds
}

#[test]
fn the_packs_that_ship_have_no_errors_and_a_sound_pack_has_no_problem() {
    let shipped = check(&Policy::shipped_files());
    assert!(!shipped.has_errors(), "{shipped}");
    assert_eq!(kinds(&base()), [""; 0]);
}

#[test]
fn a_gap_is_named_with_the_words_that_no_row_covers() {
    let files = edited("all = { 2015-01-01 = \"0.60\" }", "primary = { 2015-01-01 = \"0.60\" }");
    has(&files, (FILE, 8, 9), "gap", "no row of resident.inpatient.pooled.ratio for \"secondary\" on 2015-01-01");
    let files = edited("all = { 2015-01-01 = \"500.00\" }", "low_income = { 2015-01-01 = \"0.00\" }");
    has(&files, (FILE, 6, 9), "gap", "pooled.deductible for \"no_category\"");
    let files = edited("[pooled.ratio]\nall = { 2015-01-01 = \"0.60\" }\n", "");
    has(&files, (FILE, 2, 2), "gap", "\"pooled\" of 990000 resident.inpatient without ratio on 2015-01-01");
    let files = edited("\"0.60\" }", "\"0.60\", 2020-01-01 = \"end\" }");
    has(&files, (FILE, 8, 9), "gap", "without ratio on 2020-01-01");
    let twice = "primary = { 2015-01-01 = \"0.60\", 2016-01-01 = \"0.70\" }";
    let gaps = all(&edited("all = { 2015-01-01 = \"0.60\" }", twice));
    assert_eq!(gaps.len(), 1, "the first day stands for those that follow: {gaps:?}");
}

#[test]
fn a_row_for_one_disease_leaves_a_gap_where_the_benefit_asks_for_none() {
    let diseases = "[diabetes]\nzh = \"糖尿病\"\nen = \"diabetes\"\ncodes = [\"M01600\"]\n";
    let text = INPATIENT.replace("all = { 2015-01-01 = \"0.60\" }", "disease_diabetes = { 2015-01-01 = \"0.60\" }");
    let files = with(with(base(), "990000/diseases.toml", diseases), FILE, &text);
    has(&files, (FILE, 8, 9), "gap", "pooled.ratio");
    let asked = format!("needs_qualification = true\n{text}");
    assert_eq!(kinds(&with(files, FILE, &asked)), [""; 0]);
}

#[test]
fn a_share_of_an_index_without_figure_and_a_premium_for_some_are_gaps() {
    let files = edited("\"500.00\"", "\"0.10 of disposable_income\"");
    has(&files, (FILE, 6, 9), "gap", "a share of disposable_income");
    let file = "990000/resident/contribution.toml";
    let files = with(base(), file, "cite = \"EX-1\"\n[premium]\nadult = { 2020-01-01 = \"350.00\" }\n");
    has(&files, (file, 2, 2), "gap", "no row of resident.contribution.premium for \"minor\" on 2020-01-01");
}

#[test]
fn two_rows_of_one_condition_overlap_even_where_rows_add_up() {
    let files = edited(
        "[pooled.ratio]\n",
        "[pooled.ratio]\n\"primary | pharmacy\" = { 2015-01-01 = \"0.7\" }\n\"pharmacy | primary\" = { 2016-01-01 = \"0.8\" }\n",
    );
    has(&files, (FILE, 10, 1), "overlap", "both in force on 2016-01-01");
    let points = "[pooled.ratio_points]\n\"minor | student\" = { 2015-01-01 = \"+0.05\" }\n\"student | minor\" = { 2015-01-01 = \"+0.05\" }\n[pooled.ratio]\n";
    has(&edited("[pooled.ratio]\n", points), (FILE, 10, 1), "overlap", "say the same condition");
    let added = "[pooled.ratio_points]\nminor = { 2015-01-01 = \"+0.05\" }\nprimary = { 2015-01-01 = \"+0.05\" }\n[pooled.ratio]\n";
    assert_eq!(kinds(&edited("[pooled.ratio]\n", added)), [""; 0]);
}

#[test]
fn two_rows_of_equal_rank_that_can_hold_at_once_are_named() {
    let files = edited(
        "[pooled.ratio]\n",
        "[pooled.ratio]\nprimary = { 2015-01-01 = \"0.7\" }\nminor = { 2018-01-01 = \"0.8\" }\n",
    );
    has(&files, (FILE, 10, 1), "equal_rank", "\"primary\" and \"minor\" of resident.inpatient.pooled.ratio");
}

#[test]
fn every_unknown_name_is_named_where_it_stands() {
    let cases = [
        (edited("payer = \"pooled_fund\"", "payer = \"pool\""), (5, 1), "the payer \"pool\""),
        (edited("payer = \"pooled_fund\"", "payor = \"pooled_fund\""), (5, 1), "\"payor\""),
        (edited("[\"pooled\"]", "[\"pooled\", \"asistance\"]"), (2, 2), "the layer \"asistance\" in the stack"),
        (
            edited("[pooled.deductible]\nall", "[pooled.deductible]\nprimary = { 2015-01-01 = \"1.00\" }\nquaternary"),
            (8, 1),
            "the row \"quaternary\"",
        ),
        (edited("[pooled.deductible]", "[pooled.deductable]"), (6, 9), "\"deductable\""),
        (edited("cite = \"EX-1\"", "cite = [\"EX-1\", \"EX-9\"]"), (1, 8), "the clause \"EX-9\""),
        (
            edited("[pooled.ratio]\n", "[pooled.ratio]\ndisease_gout = { 2015-01-01 = \"0.7\" }\n"),
            (9, 1),
            "the disease group \"gout\"",
        ),
        (
            edited("payer = \"pooled_fund\"", "payer = \"pooled_fund\"\nbase = \"over_ceiling large\""),
            (2, 2),
            "looks at large",
        ),
    ];
    for (files, (line, column), found) in cases {
        has(&files, (FILE, line, column), "unknown_name", found);
    }
    let scope = "990000/common/scope.toml";
    let files = with(base(), scope, "cite = \"EX-1\"\n[borne_apart]\nepidemic = { 2015-01-01 = \"nobody_knows\" }\n");
    has(&files, (scope, 2, 2), "unknown_name", "the payer \"nobody_knows\"");
    let list = "980000/list.toml";
    let files = with(base(), list, "cite = \"EX-1\"\nparameters = [\"**\"]\n[poverty]\npoorer_first = [\"rich\"]\n");
    has(&files, (list, 4, 16), "unknown_name", "\"rich\"");
}

#[test]
fn unknown_files_parents_and_loops_are_named() {
    has(&with(base(), "990000/resident/deep/x.toml", ""), ("990000/resident/deep/x.toml", 1, 1), "unknown_file", "");
    has(&with(base(), "991000/payers.toml", ""), ("991000/payers.toml", 1, 1), "unknown_name", "rules of 991000");
    let division =
        |code: &str, parent: &str| format!("code = \"{code}\"\nparent = \"{parent}\"\nzh = \"甲\"\nen = \"A\"\n");
    let place = "990000/division.toml";
    has(&with(base(), place, &division("990000", "970000")), (place, 1, 1), "unknown_name", "the parent 970000");
    let looped =
        with(with(base(), place, &division("990000", "990100")), "990100/division.toml", &division("990100", "990000"));
    has(&looped, (place, 1, 1), "unknown_name", "its own ancestor");
    has(&looped, ("990100/division.toml", 1, 1), "unknown_name", "its own ancestor");
    has(&with(base(), place, &division("990001", "980000")), (place, 1, 8), "wrong_value", "the code 990001");
    has(&with(base(), place, "code = \"990000\"\n"), (place, 1, 1), "missing", "a division without names");
}

#[test]
fn a_value_without_citation_or_source_is_named_at_its_date() {
    has(&edited("cite = \"EX-1\"\n", ""), (FILE, 8, 9), "no_citation", "a value without citation");
    let files = edited("[pooled.ratio]\n", "[pooled.ratio]\nmark = \"assumed\"\n");
    has(&files, (FILE, 10, 9), "no_source", "an assumed value without source");
    let files = edited("\"0.60\"", "{ value = \"0.60\", mark = \"guessed\" }");
    has(&files, (FILE, 9, 47), "wrong_value", "\"guessed\"");
}

#[test]
fn a_clause_lacks_a_part_and_a_row_its_values() {
    let files = with(base(), "clauses.toml", "[EX-1]\ndocument = \"例\"\nplace = \"一\"\nzh = \"例\"\n");
    has(&files, ("clauses.toml", 1, 2), "missing", "\"EX-1\" without en");
    has(&edited("all = { 2015-01-01 = \"0.60\" }", "all = {}"), (FILE, 9, 7), "missing", "a row without a dated value");
}

#[test]
fn wrong_dates_and_values_are_named() {
    for (to, found) in
        [("20222-01-01", "\"20222-01-01\""), ("2022-02-30", "\"2022-02-30\""), ("1822-01-01", "\"1822-01-01\"")]
    {
        has(
            &edited("all = { 2015-01-01 = \"0.60\" }", &format!("all = {{ {to} = \"0.60\" }}")),
            (FILE, 9, 9),
            "wrong_date",
            found,
        );
    }
    for (to, found) in [
        ("\"60\"", "\"60\""),
        ("0.60", "amounts and rates are written in quotes"),
        ("[\"0.6 to 9.00\"]", "the band"),
        ("[\"0.6 to 9.00\", \"0.7 to 8.00\", \"0.8\"]", "0.7 to 8.00"),
    ] {
        has(&edited("\"0.60\"", to), (FILE, 9, 22), "wrong_value", found);
    }
    has(&edited("\"500.00\"", "\"-500.00\""), (FILE, 7, 22), "wrong_value", "\"-500.00\"");
    has(&edited("[\"pooled\"]", "[\"pooled\", \"pooled\"]"), (FILE, 3, 22), "wrong_value", "again as number 2");
    let long = "x".repeat(40);
    let text = INPATIENT.replace("pooled\"]", &format!("{long}\"]")).replace("[pooled", &format!("[{long}"));
    has(&with(base(), FILE, &text), (FILE, 5, 1), "wrong_value", "the meter name");
}

#[test]
fn broken_toml_is_named_and_the_rest_is_read_on() {
    let files = edited("payer = \"pooled_fund\"", "payer = \"pooled_fund");
    let problems = all(&files);
    let syntax = problems.iter().find(|problem| problem.kind == "syntax").unwrap();
    assert_eq!((syntax.file.as_str(), syntax.line), (FILE, 5));
}

#[test]
fn a_row_that_asks_for_what_is_not_known_there_is_refused_and_one_that_never_holds_is_warned_of() {
    let files = edited("[pooled.ratio]\n", "[pooled.ratio]\nclass_b = { 2015-01-01 = \"0.5\" }\n");
    has(
        &files,
        (FILE, 9, 1),
        "wrong_condition",
        "the row \"class_b\" of resident.inpatient.pooled.ratio, which asks for the class of fee line",
    );
    let files = edited("[pooled.ratio]\n", "[pooled.ratio]\nprice_5000_on = { 2015-01-01 = \"0.5\" }\n");
    has(&files, (FILE, 9, 1), "wrong_condition", "the unit price");
    for row in ["retired", "employee", "outpatient", "\"local & referred\""] {
        let files = edited("[pooled.ratio]\n", &format!("[pooled.ratio]\n{row} = {{ 2015-01-01 = \"0.5\" }}\n"));
        has(&files, (FILE, 9, 1), "never_holds", row.trim_matches('"'));
        assert!(!check(&files).has_errors(), "{row}");
    }
}

#[test]
fn pauses_and_layers_without_values_or_stack_are_warned_of() {
    let files = edited("[\"pooled\"] }", "[\"pooled\"], 2018-01-01 = \"end\", 2020-01-01 = [\"pooled\"] }");
    has(&files, (FILE, 2, 2), "date_gap", "no stack of 990000 resident.inpatient from 2018-01-01 until 2020-01-01");
    let tail =
        "[pooled.deductible]\nall = { 2015-01-01 = \"500.00\" }\n[pooled.ratio]\nall = { 2015-01-01 = \"0.60\" }\n";
    let ended = edited(tail, "[pooled.ratio]\nall = { 2015-01-01 = \"0.60\", 2020-01-01 = \"end\" }\n");
    has(&ended, (FILE, 5, 1), "date_gap", "which has ended");
    let later = edited(tail, "[pooled.ratio]\nall = { 2020-01-01 = \"0.60\" }\n");
    has(&later, (FILE, 5, 1), "not_in_force", "which is not yet in force");
    let unused = with(
        base(),
        "990000/common/asistance.toml",
        "cite = \"EX-1\"\npayer = \"assistance\"\n[ratio]\nall = { 2015-01-01 = \"0.7\" }\n",
    );
    has(&unused, ("990000/common/asistance.toml", 3, 2), "unused", "common.asistance.ratio");
    for files in [&ended, &later, &unused] {
        assert!(all(files).iter().all(|problem| problem.severity == Severity::Warning));
        assert!(Policy::compile(files).is_ok());
    }
}

#[test]
fn a_parameter_off_the_list_is_an_error_with_the_nearest_pattern() {
    let list = "980000/list.toml";
    let files = with(
        base(),
        list,
        "cite = \"EX-1\"\nparameters = [\"resident.*.stack\", \"resident.*.pooled.ratio\", \"common.index.*\"]\n",
    );
    has(&files, (FILE, 6, 9), "off_list", "the parameter resident.inpatient.pooled.deductible");
    let problems = all(&files);
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].expected.contains("\"resident.*.pooled.ratio\" of 980000/list.toml"),
        "{}",
        problems[0].expected
    );
    let own = "cite = \"EX-1\"\nparameters = [\"resident.inpatient.pooled.deductible\"]\n";
    assert_eq!(kinds(&with(files, "990000/list.toml", own)), [""; 0], "a list of the place itself counts too");
    assert_eq!(kinds(&with(base(), list, "cite = \"EX-1\"\nparameters = [\"resident.**\"]\n")), [""; 0]);
    has(
        &with(base(), list, "cite = \"EX-1\"\nparameters = [\"resident.**.ratio\"]\n"),
        (list, 2, 14),
        "wrong_value",
        "the pattern",
    );
    has(&with(base(), list, "parameters = [\"**\"]\n"), (list, 1, 1), "no_citation", "");
}

#[test]
fn all_problems_of_a_pack_are_named_at_once() {
    let text =
        INPATIENT.replace("payer = \"pooled_fund\"", "payer = \"pool\"").replace("\"500.00\"", "\"500\"").replace(
            "all = { 2015-01-01 = \"0.60\" }",
            "best = { 2015-01-01 = \"0.60\" }\nall = { 2015-13-01 = \"0.60\" }",
        );
    let files =
        with(with(base(), FILE, &text), "990000/common/year.toml", "[order]\nall = { 2015-01-01 = \"settlement\" }\n");
    let kinds: Vec<(String, usize, &str)> =
        all(&files).into_iter().map(|problem| (problem.file, problem.line, problem.kind)).collect();
    for wanted in [
        ("990000/common/year.toml", 2, "no_citation"),
        (FILE, 5, "unknown_name"),
        (FILE, 9, "unknown_name"),
        (FILE, 10, "wrong_date"),
    ] {
        assert!(
            kinds.iter().any(|(file, line, kind)| (file.as_str(), *line, *kind) == wanted),
            "{wanted:?} in {kinds:?}"
        );
    }
    assert!(Policy::compile(&files).is_err());
}

#[test]
fn a_row_from_a_price_on_is_a_cliff_and_bands_over_the_price_are_not() {
    let file = "990000/common/scope.toml";
    let scope = |rows: &str| {
        with(base(), file, &format!("cite = \"EX-1\"\n[first_self_paid]\nall = {{ 2015-01-01 = \"0\" }}\n{rows}\n"))
    };
    let files = scope("implant = { 2015-01-01 = \"0.10\" }\n\"implant & price_5000_on\" = { 2015-01-01 = \"0.30\" }");
    // other costs of 500.01 meet the deductible. At 4,999.99 first 10 % are 500.00, the fund pays 60 % of 4,499.99 + 0.01, 2,700.00
    // of 5,500.00; at 5,000.00 first 30 % are 1,500.00, the fund pays 60 % of 3,500.01, 2,100.01 of 5,500.01
    has(
        &files,
        (file, 5, 31),
        "cliff",
        "implant & ordinary: at a unit price of 4,999.99 the patient pays 2,800.00, at 5,000.00 3,400.00 (with other costs within scope of 500.01)",
    );
    assert!(!check(&files).has_errors());
    assert_eq!(kinds(&scope("implant = { 2015-01-01 = [\"0.10 to 5000.00\", \"0.30\"] }")), [""; 0]);
    let limit = "[price_limit]\nall = { 2015-01-01 = \"none\" }\nprice_5000_on = { 2015-01-01 = \"4000.00\" }";
    has(&scope(limit), (file, 6, 19), "cliff", "4,999.99");
    assert_eq!(kinds(&scope("[price_limit]\nall = { 2015-01-01 = \"4000.00\" }")), [""; 0]);
}

#[test]
fn a_layer_that_loses_its_base_at_a_ceiling_is_a_cliff() {
    // 0.1 % with a ceiling of 1.00: at 1,004.99 the whole cost is the base of what follows, at 1,005.00 only 1,000.00 of it
    let text = |ratio: &str| {
        INPATIENT
            .replace("[\"pooled\"]", "[\"pooled\", \"assistance\"]")
            .replace("\"500.00\"", "\"0.00\"")
            .replace("\"0.60\"", ratio)
            + "[pooled.bill_ceiling]\nall = { 2015-01-01 = \"1.00\" }\n\
               [assistance]\npayer = \"assistance\"\nbase = \"own_share_of pooled\"\n[assistance.ratio]\nall = { 2015-01-01 = \"1\" }\n"
    };
    let found =
        "costs within scope of 1,004.99 leave the patient 0.00, costs of 1,005.00 leave 5.00 (assistance pays less)";
    has(&with(base(), FILE, &text("\"0.001\"")), (FILE, 16, 9), "cliff", found);
    assert_eq!(kinds(&with(base(), FILE, &text("\"0.60\""))), [""; 0]);
}

const POVERTY: &str = "cite = \"EX-1\"\nparameters = [\"**\"]\n[poverty]\npoorer_first = [\"destitute | orphan\", \"low_income\", \"no_category\"]\n";

#[test]
fn a_poorer_category_that_pays_more_is_an_inversion() {
    let rows = |destitute: &str| {
        let text = INPATIENT.replace(
            "all = { 2015-01-01 = \"0.60\" }",
            &format!("all = {{ 2015-01-01 = \"0.60\" }}\nlow_income = {{ 2015-01-01 = \"0.80\" }}\n{destitute}"),
        );
        with(with(base(), FILE, &text), "980000/list.toml", POVERTY)
    };
    // 60 % against 80 % of what is above 500.00: of 0.12 that is 0.07 against 0.10, more than the two fen that rounding may move
    let found = "destitute worse off than low_income at 990000 resident.inpatient on 2015-01-01: costs within scope of 500.12 leave 500.05 and 500.02";
    has(&rows(""), (FILE, 9, 9), "category_inversion", found);
    assert_eq!(kinds(&rows("\"destitute | orphan\" = { 2015-01-01 = \"0.80\" }")), [""; 0]);
    let only_some = rows("destitute = { 2015-01-01 = \"0.80\" }");
    has(&only_some, (FILE, 9, 9), "category_inversion", "orphan worse off than low_income");
    let unranked: Vec<PackFile> = rows("").into_iter().filter(|file| !file.path.ends_with("list.toml")).collect();
    assert_eq!(kinds(&unranked), [""; 0], "without an order of poverty nothing is compared");
}

#[test]
fn an_assistance_that_forgets_the_poorest_is_an_inversion_of_who_it_is_for() {
    let text = |who: &str| {
        INPATIENT.replace("[\"pooled\"]", "[\"pooled\", \"assistance\"]")
            + &format!(
                "[assistance]\npayer = \"assistance\"\n[assistance.applies]\nall = {{ 2015-01-01 = \"no\" }}\n\"{who}\" = {{ 2015-01-01 = \"yes\" }}\n[assistance.ratio]\nall = {{ 2015-01-01 = \"0.70\" }}\n"
            )
    };
    let files = with(with(base(), "980000/list.toml", POVERTY), FILE, &text("low_income"));
    has(&files, (FILE, 13, 9), "category_inversion", "destitute worse off than low_income");
    assert_eq!(kinds(&with(files, FILE, &text("destitute | orphan | low_income"))), [""; 0]);
}

#[test]
fn a_lower_grade_that_is_paid_worse_is_an_inversion() {
    let grades = |primary: &str, deductible: &str| {
        let ratio = format!(
            "primary = {{ 2015-01-01 = \"{primary}\" }}\nsecondary = {{ 2015-01-01 = \"0.70\" }}\ntertiary = {{ 2015-01-01 = \"0.60\" }}"
        );
        let deductible = format!("all = {{ 2015-01-01 = \"500.00\" }}\nprimary = {{ 2015-01-01 = \"{deductible}\" }}");
        let text = INPATIENT
            .replace("all = { 2015-01-01 = \"0.60\" }", &ratio)
            .replace("all = { 2015-01-01 = \"500.00\" }", &deductible);
        with(base(), FILE, &text)
    };
    has(&grades("0.65", "500.00"), (FILE, 10, 13), "grade_inversion", "primary worse off than secondary");
    has(&grades("0.80", "800.00"), (FILE, 8, 13), "grade_inversion", "primary worse off than secondary");
    assert_eq!(kinds(&grades("0.80", "300.00")), [""; 0]);
}

#[test]
fn a_ceiling_that_cuts_the_lower_grade_is_an_inversion_above_it_only() {
    let ceiling = |primary: &str| {
        INPATIENT.to_owned()
            + &format!(
                "[pooled.ceiling]\nall = {{ 2015-01-01 = \"3000.00\" }}\nprimary = {{ 2015-01-01 = \"{primary}\" }}\n"
            )
    };
    // 60 % of what is above 500.00 reaches 2,000.00 at 3,833.33
    has(
        &with(base(), FILE, &ceiling("2000.00")),
        (FILE, 12, 13),
        "grade_inversion",
        "costs within scope of 3,833.38 leave 1,833.38 and 1,833.35; at most 1,000.00 more, at 5,500.00",
    );
    assert_eq!(kinds(&with(base(), FILE, &ceiling("3000.00"))), [""; 0]);
}

#[test]
fn the_retired_who_pay_more_than_the_active_are_an_inversion() {
    let file = "990000/employee/inpatient.toml";
    let points = |retired: &str| {
        let text = format!("{INPATIENT}[pooled.ratio_points]\nretired = {{ 2015-01-01 = \"{retired}\" }}\n");
        with(base(), file, &text)
    };
    has(&points("-0.05"), (file, 9, 9), "retired_inversion", "retired worse off than active");
    assert_eq!(kinds(&points("+0.05")), [""; 0]);
}

#[test]
fn what_a_place_inherits_whole_is_looked_at_once() {
    let child = "code = \"990100\"\nparent = \"990000\"\nzh = \"甲市\"\nen = \"City A\"\n";
    let text = INPATIENT.replace(
        "all = { 2015-01-01 = \"0.60\" }",
        "all = { 2015-01-01 = \"0.60\" }\nprimary = { 2015-01-01 = \"0.50\" }",
    );
    let files = with(with(base(), FILE, &text), "990100/division.toml", child);
    let problems = all(&files);
    assert_eq!(problems.len(), 1);
    assert!(problems[0].found.contains("990000 resident.inpatient"), "{}", problems[0].found);
}

#[test]
fn levels_of_government_that_do_not_bear_the_whole_subsidy_are_an_error() {
    let pack = |central: &str, county: &str| {
        let file = |path: &str, text: String| PackFile { path: path.to_owned(), text };
        let rules = format!(
            "cite = \"T-1\"\n[premium]\nall = {{ 2022-01-01 = \"320.00\" }}\n[subsidy]\nall = {{ 2022-01-01 = \"610.00\" }}\n\
             [subsidy_central]\nall = {{ 2022-01-01 = \"{central}\" }}\n[subsidy_county]\nall = {{ 2022-01-01 = \"{county}\" }}\n"
        );
        [
            file("clauses.toml", "[T-1]\ndocument = \"t\"\nplace = \"1\"\nzh = \"测\"\nen = \"t\"\n".to_owned()),
            file("990000/division.toml", "zh = \"某地\"\nen = \"somewhere\"\n".to_owned()),
            file("990000/resident/contribution.toml", rules),
        ]
    };
    let kinds = |files: &[PackFile]| check(files).iter().map(|problem| problem.kind).collect::<Vec<_>>();
    assert_eq!(kinds(&pack("488.00", "rest")), [""; 0]);
    assert_eq!(kinds(&pack("488.00", "122.00")), [""; 0]);
    for (central, county) in [("488.00", "100.00"), ("rest", "rest"), ("0.80", "0.30")] {
        assert_eq!(kinds(&pack(central, county)), ["subsidy_split"], "{central} {county}");
    }
}
