//! Broken packs and cases: each mistake with its line, column, what was found and what was expected; all at once.

use policy::case::read;
use policy::{PackFile, Policy, Problems};

use crate::support::inline_files;

const PERSON: &str = "[person]\ndivision = \"370890\"\nscheme = \"resident\"\ngroup = \"adult\"\n";
const BILL: &str = "[[bill]]\ncare = \"inpatient\"\ninstitution = \"tertiary\"\nfrom = 2022-03-01\ntotal = \"100.00\"\nparts = { within_scope = \"100.00\" }\n";

/// The problems as written for people, one line each.
fn lines(problems: &Problems) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

fn case(text: &str) -> Vec<String> {
    read("c.toml", text).map_or_else(|problems| lines(&problems), |_| Vec::new())
}

fn pack(path: &str, text: &str) -> Vec<String> {
    let mut files = inline_files(&[(path, text)]);
    files.push(PackFile { path: "990000/common/year.toml".to_owned(), text: String::new() });
    Policy::compile(&files).map_or_else(|problems| lines(&problems), |_| Vec::new())
}

/// A benefit whose pooled fund has these parameters from line 10 on.
fn benefit(rest: &str) -> String {
    let head = "cite = \"EX-1\"\n[stack]\nall = { 2020-01-01 = [\"pooled\"] }\n[pooled]\npayer = \"pooled_fund\"\n";
    format!("{head}[pooled.ratio]\nall = {{ 2020-01-01 = \"0.5\" }}\n\n\n{rest}")
}

#[test]
fn the_examples_are_whole_before_they_are_broken() {
    assert_eq!(case(&format!("{PERSON}{BILL}")), [""; 0]);
    assert_eq!(pack("resident/inpatient.toml", &benefit("")), [""; 0]);
}

/// Each problem starts as expected; a long list of what was expected may go on.
#[track_caller]
fn says(found: &[String], expected: &[&str]) {
    let starts = found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, expected)| found.starts_with(expected));
    assert!(starts, "\nfound    {found:#?}\nexpected {expected:#?}");
}

/// A whole case with one thing replaced.
fn broken(what: &str, by: &str) -> Vec<String> {
    let whole = format!("{PERSON}{BILL}");
    assert!(whole.contains(what), "{what} is not in the case");
    case(&whole.replacen(what, by, 1))
}

#[test]
fn a_wrong_value_of_a_case_is_named_with_its_place_and_what_to_write() {
    says(
        &broken("\"370890\"", "\"37089\""),
        &["c.toml:2:12: error[wrong_value]: found \"37089\"; expected a division code of six digits"],
    );
    says(
        &broken("resident", "peasant"),
        &["c.toml:3:10: error[unknown_name]: found \"peasant\"; expected scheme: one of resident, employee"],
    );
    says(
        &broken("\"tertiary\"", "\"三级\""),
        &[
            "c.toml:7:15: error[unknown_name]: found \"三级\"; expected institution: one of primary, secondary, tertiary, pharmacy",
        ],
    );
    says(
        &broken("\"100.00\"", "100.00"),
        &[
            "c.toml:9:9: error[wrong_value]: found the number 100.00 (amounts and rates are written in quotes); expected an amount in yuan such as \"800.00\"",
        ],
    );
    says(
        &broken("\"100.00\"", "\"100\""),
        &["c.toml:9:9: error[wrong_value]: found \"100\"; expected an amount in yuan with two decimals"],
    );
    says(
        &broken("2022-03-01", "2022-02-30"),
        &["c.toml:8:8: error[syntax]: found \"2022-02-30\": invalid date; expected day between 01 and 28"],
    );
    says(
        &broken("2022-03-01", "\"20222-03-01\""),
        &["c.toml:8:8: error[wrong_value]: found \"20222-03-01\"; expected a date such as 2022-01-31"],
    );
    says(
        &broken("[[bill]]", "age = 300\n[[bill]]"),
        &["c.toml:5:7: error[wrong_value]: found the number 300; expected a whole number without quotes, in range"],
    );
    says(
        &broken("\"100.00\"\n", "\"100.00\n"),
        &["c.toml:9:16: error[syntax]: found the end of a line: invalid basic string; expected `\"`"],
    );
}

#[test]
fn a_missing_or_unknown_key_of_a_case_is_named_with_its_place() {
    says(
        &broken("total = \"100.00\"\n", ""),
        &["c.toml:5:1: error[missing]: found no total; expected total = \"<yuan>.<two decimals>\""],
    );
    says(
        &broken("care", "kare"),
        &[
            "c.toml:5:1: error[missing]: found no care; expected care = one of inpatient, day_surgery",
            "c.toml:6:1: error[unknown_name]: found the key \"kare\"; expected one of id, care, institution",
        ],
    );
    says(
        &broken("from =", "place = \"in_province\"\nfrom ="),
        &[
            "c.toml:5:1: error[missing]: found care in_province without filing; expected filing = long_term, referred, emergency, temporary or unfiled",
        ],
    );
    says(
        &case(PERSON),
        &[
            "c.toml:1:1: error[missing]: found neither a person with bills nor one question; expected [person] and [[bill]], or one of",
        ],
    );
    let lines = "[[bill.line]]\nkind = \"drug\"\namount = \"1.00\"\n";
    says(
        &case(&format!("{PERSON}{BILL}{lines}")),
        &["c.toml:5:1: error[wrong_value]: found both parts and lines; expected either parts = { … } or [[bill.line]]"],
    );
    says(
        &case(&format!("{PERSON}{BILL}[expect]\ncash = 12.00\n")),
        &[
            "c.toml:12:8: error[wrong_value]: found the number 12.00 (amounts and rates are written in quotes); expected an amount in quotes",
        ],
    );
    says(
        &case(&format!("{PERSON}{BILL}").replace(
            "parts = { within_scope = \"100.00\" }\n",
            "[[bill.line]]\nkind = \"drug\"\namount = \"100.00\"\nquantity = \"3\"\n",
        )),
        &[
            "c.toml:10:1: error[missing]: found a line whose amount does not divide by its quantity; expected unit_price = \"…\"",
        ],
    );
}

#[test]
fn a_case_with_five_mistakes_reports_all_five_in_order_of_line() {
    let text = "title = \"五\"\n[person]\ndivision = \"37\"\nscheme = \"resident\"\ngroup = \"grown\"\n[[bill]]\ncare = \"inpatient\"\n\
                institution = \"tertiary\"\nfrom = 2022-13-01\ntotal = \"1\"\nparts = { within = \"1.00\" }\n";
    says(
        &case(text),
        &[
            "c.toml:3:12: error[wrong_value]: found \"37\"; expected a division code",
            "c.toml:5:9: error[unknown_name]: found \"grown\"; expected group of person: one of active",
            "c.toml:9:8: error[syntax]: found \"2022-13-01\": invalid date; expected month between 01 and 12",
            "c.toml:10:9: error[wrong_value]: found \"1\"; expected an amount in yuan with two decimals",
            "c.toml:11:11: error[unknown_name]: found the key \"within\"; expected one of outside_catalogue",
        ],
    );
}

/// The problems of a benefit with this at its end, without the name of the file.
fn rule(rest: &str) -> Vec<String> {
    short(pack("resident/inpatient.toml", &benefit(rest)))
}

fn short(problems: Vec<String>) -> Vec<String> {
    problems.into_iter().map(|line| line.replace("990000/resident/inpatient.toml:", "")).collect()
}

#[test]
fn a_wrong_value_of_a_pack_is_named_with_its_place_and_what_to_write() {
    says(
        &rule("[pooled.deductible]\nall = { 2020-01-01 = \"800\" }\n"),
        &[
            "11:22: error[wrong_value]: found \"800\"; expected an amount in yuan such as \"800.00\", \"none\", or a share of an index",
        ],
    );
    says(
        &rule("[pooled.ratio_points]\nelderly = { 2020-01-01 = \"0.05\" }\n"),
        &["11:26: error[wrong_value]: found \"0.05\"; expected signed points such as \"+0.05\""],
    );
    says(
        &rule("[pooled.deductible]\nall = { 2020-1-1 = \"100.00\", 2021-01-01 = \"90.00\" }\n"),
        &["11:9: error[wrong_date]: found \"2020-1-1\"; expected a date such as 2022-01-01 (years 1900 to 2199)"],
    );
    says(
        &rule("[pooled.deductible]\nall = { }\n"),
        &["11:7: error[missing]: found a row without a dated value; expected at least one { date = value }"],
    );
    says(
        &rule("[pooled.deductible]\nall = { 2020-01-01 = \"1.00\"\n"),
        &["11:28: error[syntax]: found the end of a line: unclosed inline table; expected `}`"],
    );
    let bands = benefit("").replace("\"0.5\"", "[\"0.5 to 100.00\", \"0.6 to 50.00\", \"0.7\"]");
    let found = short(pack("resident/inpatient.toml", &bands));
    assert!(
        found.iter().any(|line| line
            .starts_with("7:22: error[wrong_value]: found the band \"0.6 to 50.00\"; expected bands such as")),
        "{found:#?}"
    );
}

#[test]
fn a_gap_an_overlap_and_an_unknown_name_of_a_pack_are_named_with_their_place() {
    let one = "primary = { 2020-01-01 = \"100.00\" }\n";
    says(
        &rule(&format!("[pooled.deductible]\n{one}")),
        &["10:9: error[gap]: found no row of resident.inpatient.pooled.deductible for \"secondary\" on 2020-01-01"],
    );
    says(
        &rule(&format!(
            "[pooled.deductible]\n{one}adult = {{ 2021-01-01 = \"90.00\" }}\nall = {{ 2020-01-01 = \"800.00\" }}\n"
        )),
        &[
            "12:1: error[equal_rank]: found the rows \"primary\" and \"adult\" of resident.inpatient.pooled.deductible, which can hold at once with equal rank on 2021-01-01",
        ],
    );
    says(
        &rule(
            "[pooled.deductible]\n\"primary|secondary\" = { 2020-01-01 = \"1.00\" }\n\"secondary | primary\" = { 2021-01-01 = \"2.00\" }\nall = { 2020-01-01 = \"3.00\" }\n",
        ),
        &["12:1: error[overlap]: found the rows"],
    );
    says(
        &rule("[pooled.deductible]\nquaternary = { 2020-01-01 = \"100.00\" }\n"),
        &[
            "11:1: error[unknown_name]: found the row \"quaternary\"; expected for \"quaternary\" a word of institution, group of person",
        ],
    );
    says(
        &rule("[pooled.deductable]\nall = { 2020-01-01 = \"100.00\" }\n"),
        &["10:9: error[unknown_name]: found \"deductable\"; expected one of applies, deductible, "],
    );
    says(
        &rule("[pooled.ceiling]\nall = { 2020-01-01 = \"0.5 of income\" }\n"),
        &[
            "10:9: error[gap]: found a share of income, which has no value on 2020-01-01 for 990000 resident.inpatient; expected common.index.income in force on that day",
        ],
    );
    let other = benefit("").replace("pooled_fund", "nobody_knows").replace("\"pooled\"]", "\"pooled\", \"more\"]");
    says(
        &short(pack("resident/inpatient.toml", &other)),
        &[
            "2:2: error[unknown_name]: found the layer \"more\" in the stack of 990000 resident.inpatient; expected a layer with payer = \"…\"",
            "5:1: error[unknown_name]: found the payer \"nobody_knows\"; expected a name of payers.toml, or nobody",
        ],
    );
    says(
        &pack("peasant/inpatient.toml", ""),
        &[
            "990000/peasant/inpatient.toml:1:1: error[unknown_file]: found a file that belongs nowhere; expected clauses.toml",
        ],
    );
}

#[test]
fn a_value_without_citation_or_source_is_named_with_its_place() {
    says(
        &short(pack("resident/inpatient.toml", &benefit("").replace("cite = \"EX-1\"\n", "# \n"))),
        &[
            "3:9: error[no_citation]: found a value without citation; expected cite",
            "7:9: error[no_citation]: found a value without citation",
        ],
    );
    says(
        &rule("[pooled.deductible]\ncite = \"TB-99\"\nall = { 2020-01-01 = \"1.00\" }\n"),
        &["11:8: error[unknown_name]: found the clause \"TB-99\"; expected a clause id of clauses.toml"],
    );
    says(
        &rule("[pooled.deductible]\nmark = \"assumed\"\nall = { 2020-01-01 = \"1.00\" }\n"),
        &[
            "12:9: error[no_source]: found an assumed value without source; expected source = \"where the figure is from\"",
        ],
    );
}

#[test]
fn the_problems_of_several_files_come_all_at_once() {
    let mut files =
        inline_files(&[("resident/inpatient.toml", &benefit("[pooled.deductible]\nall = { 2020-01-01 = \"1\" }\n"))]);
    files.push(PackFile {
        path: "990000/common/index.toml".to_owned(),
        text: "[income]\nall = { 2020-01-01 = \"-5.00\" }\n".to_owned(),
    });
    files.push(PackFile { path: "990001/common/index.toml".to_owned(), text: String::new() });
    let problems = Policy::compile(&files).unwrap_err();
    let found: Vec<(&str, usize)> = problems.iter().map(|problem| (problem.file.as_str(), problem.line)).collect();
    assert_eq!(
        found,
        [("990000/common/index.toml", 2), ("990000/resident/inpatient.toml", 11), ("990001/common/index.toml", 1)]
    );
}

#[test]
fn a_disease_group_whose_name_leaves_no_room_for_the_month_of_a_ceiling_is_refused() {
    let group = |bytes: usize| {
        let name = "g".repeat(bytes);
        pack("diseases.toml", &format!("[{name}]\nzh = \"病\"\nen = \"disease\"\ncodes = [\"M03900\"]\n"))
    };
    assert_eq!(group(43), [""; 0]);
    says(&group(44), &["990000/diseases.toml:1:2: error[wrong_value]: found \"gggg"]);
}
