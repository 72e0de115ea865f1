//! Layers that do not apply, accounts that are short, hospitals that bear a part: what the layers after them read.

use money::Fen;
use policy::case::{Case, read};
use policy::{Facts, PackFile, Policy, Rule};

use crate::support::{compile, differences};

const CLAUSES: &str = "[T-1]\ndocument = \"test\"\nplace = \"1\"\nzh = \"测试\"\nen = \"test\"\n";
const PAYERS: &str = r#"
[pool]
zh = "统筹"
en = "pool"
kind = "fund"
field = "hifp_pay"
[own]
zh = "个人账户"
en = "own account"
kind = "account"
[rest]
zh = "补充"
en = "supplement"
kind = "fund"
field = "hifes_pay"
"#;

fn policy(inpatient: &str, scope: &str) -> Policy {
    let file = |path: &str, text: &str| PackFile { path: path.to_owned(), text: text.to_owned() };
    compile(&[
        file("clauses.toml", CLAUSES),
        file("990000/division.toml", "zh = \"某地\"\nen = \"somewhere\"\n"),
        file("990000/payers.toml", PAYERS),
        file("990000/resident/inpatient.toml", &format!("cite = \"T-1\"\n{inpatient}")),
        file("990000/common/scope.toml", &format!("cite = \"T-1\"\n{scope}")),
    ])
}

fn case(bill: &str, expect: &str) -> Case {
    let text = format!(
        "[person]\ndivision = \"990000\"\nscheme = \"resident\"\ngroup = \"adult\"\naccount = \"100.00\"\n\
         [[bill]]\ncare = \"inpatient\"\ninstitution = \"tertiary\"\nfrom = 2022-03-01\n{bill}\n[expect]\n{expect}\n"
    );
    read("case.toml", &text).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

const SCOPE: &str = "[first_self_paid]\nall = { 2020-01-01 = \"0\" }\nclass_b = { 2020-01-01 = \"0.10\" }\n";

#[test]
fn a_layer_that_does_not_apply_takes_no_deductible_off_class_b() {
    let policy = policy(
        "[stack]\nall = { 2020-01-01 = [\"poor\", \"pooled\"] }\n\
         [poor]\npayer = \"rest\"\ndeductible_off_class_b = true\n\
         [poor.applies]\nall = { 2020-01-01 = \"no\" }\ndestitute = { 2020-01-01 = \"yes\" }\n\
         [poor.deductible]\nall = { 2020-01-01 = \"500.00\" }\n[poor.ratio]\nall = { 2020-01-01 = \"0\" }\n\
         [pooled]\npayer = \"pool\"\n[pooled.ratio]\nall = { 2020-01-01 = \"0.50\" }\n",
        SCOPE,
    );
    let lines = "total = \"1000.00\"\n[[bill.line]]\nkind = \"drug\"\nclass = \"class_b\"\namount = \"1000.00\"\n";
    // 1000.00 × 0.10 = 100.00 first self-paid; 900.00 × 0.50 = 450.00
    let of_lines = case(lines, "first_self_paid = \"100.00\"\nfund = \"450.00\"");
    // Nobody asks for lines either.
    let of_parts = case("total = \"1000.00\"\nparts = { within_scope = \"1000.00\" }", "fund = \"500.00\"");
    assert_eq!(differences(&policy, &[of_lines, of_parts]), [""; 0]);
}

#[test]
fn an_account_that_is_short_has_paid_on_what_it_paid() {
    let policy = policy(
        "[stack]\nall = { 2020-01-01 = [\"account\", \"after\"] }\n\
         [account]\npayer = \"own\"\n[account.ratio]\nall = { 2020-01-01 = \"0.50\" }\n\
         [after]\npayer = \"rest\"\nbase = \"own_share_of account\"\n[after.ratio]\nall = { 2020-01-01 = \"1\" }\n",
        SCOPE,
    );
    // 0.50 × 1000.00 = 500.00, the balance is 100.00: that is half of 200.00; the own share of these is 100.00
    let case = case(
        "total = \"1000.00\"\nparts = { within_scope = \"1000.00\" }",
        "account = \"100.00\"\nfund = \"100.00\"\ncash = \"800.00\"\n\
         layers.account.cost_paid_on = \"200.00\"\nmeters.\"resident.inpatient.account\".cost = \"200.00\"",
    );
    assert_eq!(differences(&policy, &[case]), [""; 0]);
}

#[test]
fn what_the_hospital_bears_over_a_price_limit_is_among_the_payments() {
    let policy = policy(
        "[stack]\nall = { 2020-01-01 = [\"pooled\"] }\n[pooled]\npayer = \"pool\"\n[pooled.ratio]\nall = { 2020-01-01 = \"0.50\" }\n",
        &format!("{SCOPE}[over_limit_borne_by]\nall = {{ 2020-01-01 = \"hospital\" }}\n"),
    );
    let lines = "total = \"120.00\"\n[[bill.line]]\nkind = \"drug\"\nclass = \"class_a\"\namount = \"120.00\"\nprice_limit = \"100.00\"\n";
    let case = case(
        lines,
        "over_limit = \"20.00\"\nhospital = \"20.00\"\nfund = \"50.00\"\ncash = \"50.00\"\n\
         payers = { pool = \"50.00\", hospital = \"20.00\", others = \"0.00\" }",
    );
    assert_eq!(differences(&policy, &[case]), [""; 0]);
}

const HALF: &str = "[stack]\nall = { 2020-01-01 = [\"pooled\"] }\n[pooled]\npayer = \"pool\"\n\
                    [pooled.ratio]\nall = { 2020-01-01 = \"0.50\" }\n";

#[test]
fn of_a_bill_in_parts_the_hospital_bears_its_share_and_what_is_apart_is_paid_by_whom_the_policy_names() {
    let apart = "[borne_apart]\nepidemic = { 2020-01-01 = \"rest\" }\n";
    let (with, without) = (policy(HALF, &format!("{SCOPE}{apart}")), policy(HALF, SCOPE));
    let parts = |parts: &str, expect: &str| case(&format!("total = \"1000.00\"\nparts = {{ {parts} }}"), expect);
    // 120.00 over limits, 20.00 of them the hospital's; of 880.00 within scope 80.00 apart: 800.00 × 0.50 = 400.00
    let whole = "over_limit = \"120.00\", hospital = \"20.00\", within_scope = \"880.00\", apart = \"80.00\"";
    let settled = parts(
        whole,
        "over_limit = \"120.00\"\nwithin_scope = \"880.00\"\napart = \"80.00\"\nhospital = \"20.00\"\nfund = \"480.00\"\n\
         cash = \"500.00\"\nnational.hifp_pay = \"400.00\"\nnational.hifes_pay = \"80.00\"\n\
         payers = { pool = \"400.00\", rest = \"80.00\", hospital = \"20.00\", others = \"0.00\" }",
    );
    let too_much = |of: &str| parts(of, "refusal = \"sum_mismatch\"");
    let hospital = too_much("over_limit = \"20.00\", hospital = \"20.01\", within_scope = \"980.00\"");
    let epidemic = too_much("over_limit = \"990.00\", within_scope = \"10.00\", apart = \"10.01\"");
    assert_eq!(differences(&with, &[settled, hospital, epidemic]), [""; 0]);
    assert_eq!(differences(&without, &[parts(whole, "refusal = \"no_value\"")]), [""; 0]);
    let negative = parts("within_scope = \"1000.00\", hospital = \"-0.01\"", "refusal = \"negative_amount\"");
    assert_eq!(differences(&with, &[negative]), [""; 0]);
}

#[test]
fn parts_of_which_nothing_is_set_aside_are_stored_as_before() {
    let parts = policy::Parts { within_scope: Fen::new(100), ..policy::Parts::default() };
    let stored = r#"{"outside_catalogue":0,"over_limit":0,"first_self_paid":0,"within_scope":100}"#;
    assert_eq!(serde_json::to_string(&parts).unwrap(), stored);
    assert_eq!(serde_json::from_str::<policy::Parts>(stored).unwrap(), parts);
    let aside = policy::Parts { over_limit: Fen::new(9), hospital: Fen::new(2), apart: Fen::new(3), ..parts };
    assert_eq!(serde_json::from_str::<policy::Parts>(&serde_json::to_string(&aside).unwrap()).unwrap(), aside);
}

#[test]
fn the_stack_and_the_row_by_which_a_layer_applies_are_steps_with_their_clauses() {
    let policy = policy(
        "[stack]\nall = { 2020-01-01 = [\"pooled\"] }\n[pooled]\npayer = \"pool\"\n\
         [pooled.applies]\nall = { 2020-01-01 = \"yes\" }\n[pooled.ratio]\nall = { 2020-01-01 = \"0.50\" }\n\
         [pooled.ceiling]\nall = { 2020-01-01 = \"300.00\" }\n[pooled.ceiling_extra]\nall = { 2020-01-01 = \"50.00\" }\n",
        SCOPE,
    );
    let case = case("total = \"1000.00\"\nparts = { within_scope = \"1000.00\" }", "fund = \"350.00\"");
    assert_eq!(differences(&policy, std::slice::from_ref(&case)), [""; 0]);
    let policy::case::Question::Bills(bills) = case.question else { panic!("a bill") };
    let facts =
        Facts { person: bills.person, bill: bills.bills[0].clone(), accumulated: bills.accumulated, held: Vec::new() };
    let decision = policy.adjudicate(&facts);
    let steps = &decision.settlement().unwrap().steps;
    let of = |rule| steps.iter().find(|step| step.rule == rule).unwrap();
    assert!(of(Rule::Stack).source.is_some() && of(Rule::Applied).source.is_some());
    assert_eq!(of(Rule::Ceiling).after, Fen::new(35_000), "with what is added to it");
}

#[test]
fn a_ratio_that_rises_with_age_is_refused_for_a_person_of_unknown_age() {
    let policy = policy(
        "[stack]\nall = { 2020-01-01 = [\"pooled\"] }\n[pooled]\npayer = \"pool\"\n[pooled.ratio]\nall = { 2020-01-01 = \"0.75\" }\n\
         [pooled.ratio_per_year_of_age]\nall = { 2020-01-01 = \"0.002\" }\n",
        SCOPE,
    );
    let unknown = case("total = \"100.00\"\nparts = { within_scope = \"100.00\" }", "refusal = \"no_value\"");
    assert_eq!(differences(&policy, &[unknown]), [""; 0]);
}
