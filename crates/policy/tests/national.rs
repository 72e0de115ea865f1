//! The national hospital interface: figures of real settlements under their field names (`domain.md` 1.4), the identities
//! they keep, and the engine giving the same figures from the same bills.

use money::{Fen, Rate};
use policy::{Accumulators, Bill, Costs, Line, NationalField, Policy, Settlement, Year};
use terms::{Care, Epidemic, LineClass, LineKind, Name, PersonGroup};

use crate::support::{inline, person, stay};
use crate::worlds::name;

/// The amounts of a `setlinfo`, fen.
struct SetlInfo {
    medfee_sumamt: i64,
    fulamt_ownpay_amt: i64,
    overlmt_selfpay: i64,
    preselfpay_amt: i64,
    inscp_scp_amt: i64,
    act_pay_dedc: i64,
    hifp_pay: i64,
    hifob_pay: i64,
    fund_pay_sumamt: i64,
    psn_part_amt: i64,
    acct_pay: i64,
    acct_mulaid_pay: i64,
    psn_cash_pay: i64,
    hosp_part_amt: i64,
}

/// Hebei 131100, transaction 2207: an active employee's outpatient visit under a yearly deductible not yet met.
const HEBEI_2207: SetlInfo = SetlInfo {
    medfee_sumamt: 452,
    fulamt_ownpay_amt: 0,
    overlmt_selfpay: 0,
    preselfpay_amt: 23,
    inscp_scp_amt: 429,
    act_pay_dedc: 429,
    hifp_pay: 0,
    hifob_pay: 0,
    fund_pay_sumamt: 0,
    psn_part_amt: 452,
    acct_pay: 452,
    acct_mulaid_pay: 0,
    psn_cash_pay: 0,
    hosp_part_amt: 0,
};
/// `balc` after the visit.
const HEBEI_2207_BALC: i64 = 137_363;

/// Hebei 131100, transaction 2208, its signs turned: the visit that was cancelled. `psn_part_amt`, `hosp_part_amt` and
/// `acct_mulaid_pay` came back null; they are what the identities say.
const HEBEI_2208: SetlInfo = SetlInfo {
    medfee_sumamt: 2_510,
    fulamt_ownpay_amt: 0,
    overlmt_selfpay: 0,
    preselfpay_amt: 23,
    inscp_scp_amt: 2_487,
    act_pay_dedc: 2_487,
    hifp_pay: 0,
    hifob_pay: 0,
    fund_pay_sumamt: 0,
    psn_part_amt: 2_510,
    acct_pay: 2_510,
    acct_mulaid_pay: 0,
    psn_cash_pay: 0,
    hosp_part_amt: 0,
};
/// `balc` after the cancellation: three days later the visit of 2207 left 4.52 less.
const HEBEI_2208_BALC: i64 = 137_815;

/// Chongqing, transaction 2304: an employee's stay over the basic fund's ceiling; the hospital bears a part.
const CHONGQING_2304: SetlInfo = SetlInfo {
    medfee_sumamt: 2_344_246,
    fulamt_ownpay_amt: 253_397,
    overlmt_selfpay: 139_689,
    preselfpay_amt: 70_344,
    inscp_scp_amt: 1_880_816,
    act_pay_dedc: 0,
    hifp_pay: 0,
    hifob_pay: 1_878_539,
    fund_pay_sumamt: 1_878_539,
    psn_part_amt: 415_206,
    acct_pay: 17_004,
    acct_mulaid_pay: 0,
    psn_cash_pay: 398_202,
    hosp_part_amt: 50_501,
};

#[test]
fn the_identities_of_the_national_interface_hold_on_the_real_settlements() {
    for info in [HEBEI_2207, HEBEI_2208, CHONGQING_2304] {
        let parts = info.fulamt_ownpay_amt + info.overlmt_selfpay + info.preselfpay_amt + info.inscp_scp_amt;
        assert_eq!(info.medfee_sumamt, parts);
        assert_eq!(info.medfee_sumamt, info.fund_pay_sumamt + info.psn_part_amt + info.hosp_part_amt);
        assert_eq!(info.psn_part_amt, info.acct_pay + info.acct_mulaid_pay + info.psn_cash_pay);
        assert_eq!(info.fund_pay_sumamt, info.hifp_pay + info.hifob_pay);
        assert!((0..=info.inscp_scp_amt).contains(&info.act_pay_dedc));
        assert!(info.fund_pay_sumamt <= info.inscp_scp_amt);
    }
    assert_eq!(HEBEI_2208_BALC - HEBEI_2207.acct_pay, HEBEI_2207_BALC);
}

/// The engine's settlement under the national field names.
#[track_caller]
fn is(policy: &Policy, settlement: &Settlement, info: &SetlInfo) {
    let (parts, shares) = (&settlement.parts, &settlement.shares);
    let field = |field| policy.national_field(settlement, field).get();
    let deductible: i64 = settlement.layers.iter().map(|layer| layer.deductible.get()).sum();
    let found = [
        ("medfee_sumamt", shares.total.get(), info.medfee_sumamt),
        ("fulamt_ownpay_amt", parts.outside_catalogue.get(), info.fulamt_ownpay_amt),
        ("overlmt_selfpay", parts.over_limit.get(), info.overlmt_selfpay),
        ("preselfpay_amt", parts.first_self_paid.get(), info.preselfpay_amt),
        ("inscp_scp_amt", parts.within_scope.get(), info.inscp_scp_amt),
        ("act_pay_dedc", deductible, info.act_pay_dedc),
        ("hifp_pay", field(NationalField::HifpPay), info.hifp_pay),
        ("hifob_pay", field(NationalField::HifobPay), info.hifob_pay),
        ("fund_pay_sumamt", shares.fund.get(), info.fund_pay_sumamt),
        ("psn_part_amt", shares.person.get(), info.psn_part_amt),
        ("acct_pay", shares.account.get(), info.acct_pay),
        ("acct_mulaid_pay", shares.family_account.get(), info.acct_mulaid_pay),
        ("psn_cash_pay", shares.cash.get(), info.psn_cash_pay),
        ("hosp_part_amt", shares.hospital.get(), info.hosp_part_amt),
    ];
    for (name, found, expected) in found {
        assert_eq!(found, expected, "{name}");
    }
    let funds: Fen = NationalField::ALL.iter().map(|(field, _)| policy.national_field(settlement, *field)).sum();
    assert_eq!(funds, shares.fund);
}

/// An employee's benefits in the shape of the samples: a yearly deductible for visits, two funds for stays.
fn shaped() -> Policy {
    let outpatient = r#"
cite = "EX-1"
[stack]
all = { 2020-01-01 = ["pooled", "account", "family_account"] }
[pooled]
payer = "pooled_fund"
deductible_period = "year"
[pooled.deductible]
all = { 2020-01-01 = "1800.00" }
[pooled.ratio]
all = { 2020-01-01 = "0.7" }
"#;
    let inpatient = r#"
cite = "EX-1"
[stack]
all = { 2020-01-01 = ["pooled", "large", "account", "family_account"] }
[pooled]
payer = "pooled_fund"
[pooled.ratio]
all = { 2020-01-01 = "0.9" }
[pooled.ceiling]
all = { 2020-01-01 = "50000.00" }
[large]
payer = "large_amount"
base = "over_ceiling pooled"
[large.ratio]
all = { 2020-01-01 = "1" }
[large.ceiling]
all = { 2020-01-01 = "100000.00" }
"#;
    let account = |payer: &str| {
        format!(
            "payer = \"{payer}\"\ncite = \"EX-1\"\nbase = [\"within_scope\", \"first_self_paid\", \"over_limit\", \"outside_catalogue\"]\n[ratio]\nall = {{ 2020-01-01 = \"1\" }}\n"
        )
    };
    let scope = r#"
cite = "EX-1"
[first_self_paid]
all = { 2020-01-01 = "0" }
[over_limit_borne_by]
all = { 2020-01-01 = "patient" }
implant = { 2020-01-01 = "hospital" }
"#;
    inline(&[
        ("employee/outpatient.toml", outpatient),
        ("employee/inpatient.toml", inpatient),
        ("common/account.toml", &account("account")),
        ("common/family_account.toml", &account("family_account")),
        ("common/scope.toml", scope),
    ])
}

fn line(kind: LineKind, class: Option<LineClass>, amount: i64) -> Line {
    Line {
        item: "item".to_owned(),
        kind,
        class,
        amount: Fen::new(amount),
        quantity: Rate::ONE,
        unit_price: Fen::new(amount),
        price_limit: None,
        first_self_paid: None,
        epidemic: Epidemic::Ordinary,
    }
}

fn bill(id: &str, day: &str, care: Care, lines: Vec<Line>) -> Bill {
    let total = lines.iter().map(|line| line.amount).sum();
    Bill { care, total, costs: Costs::Lines(lines), ..stay(id, day, 0) }
}

fn with_balance(balance: i64) -> Accumulators {
    Accumulators { account: Fen::new(balance), ..Accumulators::default() }
}

/// Transaction 2204: 4.52 of class B at 5 % is 0.23 (0.226) first self-paid and 4.29 within scope.
fn hebei_2204() -> Line {
    Line { first_self_paid: Some("0.05".parse().unwrap()), ..line(LineKind::Drug, Some(LineClass::B), 452) }
}

#[test]
fn hebei_2204_a_fee_line_is_split_as_the_platform_split_it() {
    let policy = shaped();
    let mut year = Year::new(&policy, Accumulators::default());
    let visit = bill("V1", "2021-11-29", Care::Outpatient, vec![hebei_2204()]);
    let decision = year.apply(person(PersonGroup::Active), visit).unwrap().decision;
    let parts = decision.settlement().unwrap().lines[0].parts;
    // det_item_fee_sumamt = fulamt_ownpay_amt + overlmt_amt + preselfpay_amt + inscp_scp_amt
    let split = [parts.outside_catalogue, parts.over_limit, parts.first_self_paid, parts.within_scope];
    assert_eq!(split, [0, 0, 23, 429].map(Fen::new));
}

#[test]
fn hebei_2207_and_2208_a_visit_from_the_account_and_one_cancelled() {
    let policy = shaped();
    let mut year = Year::new(&policy, with_balance(HEBEI_2208_BALC));
    let insured = person(PersonGroup::Active);
    // 25.10, of which 0.23 is the first self-paid share of one class B item; cancelled on the day.
    let lines = vec![hebei_2204(), line(LineKind::Service, Some(LineClass::A), 2_510 - 452)];
    let cancelled = year.apply(insured.clone(), bill("V1", "2021-11-26", Care::Outpatient, lines)).unwrap().decision;
    is(&policy, cancelled.settlement().unwrap(), &HEBEI_2208);
    assert_eq!(year.state().account, Fen::new(HEBEI_2208_BALC - HEBEI_2208.acct_pay));
    year.reverse(&name("V1")).unwrap();
    assert_eq!(year.state(), with_balance(HEBEI_2208_BALC));

    let visit = bill("V2", "2021-11-29", Care::Outpatient, vec![hebei_2204()]);
    let decision = year.apply(insured, visit).unwrap().decision;
    is(&policy, decision.settlement().unwrap(), &HEBEI_2207);
    assert_eq!(year.state().account, Fen::new(HEBEI_2207_BALC));
    assert_eq!(year.state().counts(&name("employee.outpatient.pooled"), &Name::EMPTY).deductible, Fen::new(429));
}

#[test]
fn chongqing_2304_a_stay_over_the_basic_ceiling_with_a_part_borne_by_the_hospital() {
    let policy = shaped();
    let mut year = Year::new(&policy, with_balance(CHONGQING_2304.acct_pay));
    let insured = person(PersonGroup::Active);
    // A stay before it used the basic fund up, and the large-amount fund but for what this one still gets of it:
    // 50,000.00 / 0.9 = 55,555.56 and 100,000.00 − 18,785.39 = 81,214.61.
    let before =
        year.apply(with_no_account(&insured), stay("S1", "2021-05-01", 5_555_556 + 8_121_461)).unwrap().decision;
    assert_eq!(before.settlement().unwrap().shares.fund, Fen::new(5_000_000 + 8_121_461));
    // The patient bears 891.88 over the limit, the hospital 505.01 on the implant.
    let (hospital, patient) =
        (CHONGQING_2304.hosp_part_amt, CHONGQING_2304.overlmt_selfpay - CHONGQING_2304.hosp_part_amt);
    let over =
        |kind, over| Line { price_limit: Some(Fen::new(100_000)), ..line(kind, Some(LineClass::A), 100_000 + over) };
    // 7,034.40 of class B at 10 % is 703.44.
    let class_b = Line {
        first_self_paid: Some("0.1".parse().unwrap()),
        ..line(LineKind::Drug, Some(LineClass::B), CHONGQING_2304.preselfpay_amt * 10)
    };
    let rest = CHONGQING_2304.inscp_scp_amt - 200_000 - CHONGQING_2304.preselfpay_amt * 9;
    let lines = vec![
        line(LineKind::Service, None, CHONGQING_2304.fulamt_ownpay_amt),
        over(LineKind::Implant, hospital),
        over(LineKind::Consumable, patient),
        class_b,
        line(LineKind::Bed, Some(LineClass::A), rest),
    ];
    let decision = year.apply(insured, bill("S2", "2021-06-01", Care::Inpatient, lines)).unwrap().decision;
    is(&policy, decision.settlement().unwrap(), &CHONGQING_2304);
    // Remaining burden within scope 22.77; setldetail: funds, hospital and account.
    assert_eq!(CHONGQING_2304.inscp_scp_amt - CHONGQING_2304.fund_pay_sumamt, 2_277);
}

fn with_no_account(insured: &policy::Person) -> policy::Person {
    policy::Person { use_account: false, ..insured.clone() }
}
