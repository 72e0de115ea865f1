//! Payers whose fund another service keeps: what they let a bill take, and who pays what they do not.

use std::num::NonZeroUsize;
use std::sync::LazyLock;

use money::Fen;
use policy::case::{Bills, Case, Question};
use policy::statement::{Paint, Statement};
use policy::{Costs, Decision, Facts, HeldShare, Lang, Policy, Reason, Rule, Settlement, Step, Used};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use terms::{HeldWhy, Name, PersonGroup};

use crate::properties::{layers_are_in_order, parts_add_up, shares_add_up};
use crate::support::{SHIPPED, case, cases, config, inline, person, stay};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn yuan(text: &str) -> Fen {
    text.parse().unwrap()
}

fn held(payer: &str, most: &str) -> HeldShare {
    HeldShare { payer: name(payer), most: yuan(most), why: HeldWhy::Limit }
}

fn bills(case: &Case) -> Option<&Bills> {
    if let Question::Bills(bills) = &case.question { Some(bills) } else { None }
}

/// 10,000 is left within scope after two systems; assistance pays 7,000 of it, tilt nothing: 3,000 is below its line.
fn ten_thousand_left() -> Facts {
    let case = case("tests/cases/370000/destitute-remaining-10000-assisted-7000.toml");
    let asked = bills(&case).unwrap();
    Facts {
        person: asked.person.clone(),
        bill: asked.bills[0].clone(),
        accumulated: asked.accumulated.clone(),
        held: Vec::new(),
    }
}

fn with(facts: &Facts, held: &[HeldShare]) -> Facts {
    Facts { held: held.to_vec(), ..facts.clone() }
}

fn paid(settlement: &Settlement, layer: &str) -> Fen {
    settlement.layers.iter().find(|share| share.layer == name(layer)).map_or(Fen::ZERO, |share| share.paid)
}

fn steps(decision: &Decision) -> Vec<&Step> {
    decision.settlement().unwrap().steps.iter().filter(|step| step.rule == Rule::Held).collect()
}

#[test]
fn what_assistance_may_not_pay_is_left_to_tilt_and_cash() {
    // 10,000.00 left: assistance pays 1,000.00 of its 7,000.00; tilt (9,000.00 - 5,000.00) x 0.70 = 2,800.00; cash 6,200.00
    let facts = with(&ten_thousand_left(), &[held("assistance", "1000.00")]);
    let decision = SHIPPED.adjudicate(&facts);
    let settlement = decision.settlement().unwrap();
    assert_eq!(paid(settlement, "serious_illness"), yuan("3714.29"));
    assert_eq!((paid(settlement, "assistance"), paid(settlement, "tilt")), (yuan("1000.00"), yuan("2800.00")));
    assert_eq!(settlement.shares.cash, yuan("6200.00"));
    let [step] = steps(&decision)[..] else { panic!("one step") };
    assert_eq!(step.used, Used::Amount(yuan("1000.00")));
    assert_eq!((step.before, step.after, step.source), (yuan("7000.00"), yuan("1000.00"), None));
    let assistance = settlement.layers[usize::from(step.layer.unwrap())];
    assert_eq!((assistance.layer, assistance.computed), (name("assistance"), yuan("7000.00")));
    assert_eq!(
        SHIPPED.held(settlement).into_iter().collect::<Vec<_>>(),
        [(name("assistance"), yuan("1000.00")), (name("tilt"), yuan("2800.00"))]
    );
    let silent = SHIPPED.adjudicate_without_steps(&facts);
    assert_eq!(silent.settlement().unwrap().shares, settlement.shares);
}

#[test]
fn a_service_that_is_away_lets_nothing_be_paid_and_is_no_refusal() {
    let away = |payer| HeldShare { payer: name(payer), most: Fen::ZERO, why: HeldWhy::Away };
    let facts = with(&ten_thousand_left(), &[away("assistance"), away("tilt")]);
    let decision = SHIPPED.adjudicate(&facts);
    let settlement = decision.settlement().unwrap();
    assert_eq!((settlement.shares.cash, SHIPPED.held(settlement).len()), (yuan("10000.00"), 0));
    assert_eq!(steps(&decision).len(), 2);
}

#[test]
fn a_share_that_is_enough_leaves_no_trace_in_the_decision() {
    let facts = ten_thousand_left();
    let plain = serde_json::to_string(&SHIPPED.adjudicate(&facts)).unwrap();
    let enough = with(&facts, &[held("assistance", "7000.00"), held("tilt", "0.00")]);
    assert_eq!(serde_json::to_string(&SHIPPED.adjudicate(&enough)).unwrap(), plain);
}

#[test]
fn shares_that_cannot_be_right_are_refused_all_at_once_and_never_panic() {
    let facts = ten_thousand_left();
    let reasons = |held: &[HeldShare]| -> Vec<(Reason, String)> {
        let decision = SHIPPED.adjudicate(&with(&facts, held));
        let refusal = decision.refusal().unwrap();
        assert_eq!(SHIPPED.adjudicate_without_steps(&with(&facts, held)).refusal(), Some(refusal));
        assert_eq!(SHIPPED.batch(&with(&facts, held)).unwrap_err(), *refusal);
        refusal.causes.iter().map(|cause| (cause.reason, cause.about.clone())).collect()
    };
    let of = |reason, about: &str| (reason, about.to_owned());
    let (one, zero) = (held("assistance", "1.00"), held("assistance", "0.00"));
    assert_eq!(reasons(&[one, zero]), [of(Reason::BadHeld, "held assistance twice")]);
    assert_eq!(reasons(&[held("tilt", "1.00"), one]), [of(Reason::BadHeld, "held assistance out of order")]);
    let not_held = [of(Reason::BadHeld, "held pooled_fund: no payer of that name is held")];
    assert_eq!(reasons(&[held("pooled_fund", "1.00")]), not_held);
    assert_eq!(reasons(&[held("nobody_knows", "1.00")])[0].0, Reason::BadHeld);
    let negative = HeldShare { most: Fen::new(i64::MIN), ..one };
    let huge = HeldShare { payer: name("tilt"), most: Fen::new(i64::MAX), why: HeldWhy::Away };
    let both: Vec<Reason> = reasons(&[negative, huge]).into_iter().map(|(reason, _)| reason).collect();
    assert_eq!(both, [Reason::NegativeAmount, Reason::AmountTooLarge]);
}

/// As settlement has stored them since its first version.
const STORED: &str = r#"{"person":{"division":"990000","schemes":["resident"],"group":"adult","age":40,"categories":[],"plans":[],"diseases":[],"use_account":true,"covered":null},"bill":{"id":"B1","care":"inpatient","institution":"primary","place":"local","filing":"at_home","referral":"followed_referral","from":"2022-03-01","to":"2022-03-01","settled":"2022-03-01","disease":"","total":100,"costs":{"parts":{"outside_catalogue":0,"over_limit":0,"first_self_paid":0,"within_scope":100}}},"accumulated":{"admissions":0,"account":0,"family_account":0,"meters":[]}}"#;

#[test]
fn facts_without_held_shares_keep_their_bytes_and_stored_ones_read_back() {
    let (person, bill) = (person(PersonGroup::Adult), stay("B1", "2022-03-01", 100));
    let facts = Facts { person, bill, accumulated: policy::Accumulators::default(), held: Vec::new() };
    assert_eq!(serde_json::to_string(&facts).unwrap(), STORED);
    assert_eq!(serde_json::from_str::<Facts>(STORED).unwrap(), facts);
    let capped = with(&facts, &[held("assistance", "1.00")]);
    let text = serde_json::to_string(&capped).unwrap();
    assert!(text.ends_with(r#","held":[{"payer":"assistance","most":100,"why":"limit"}]}"#), "{text}");
    assert_eq!(serde_json::from_str::<Facts>(&text).unwrap(), capped);
}

#[test]
fn a_statement_says_what_the_fund_let_the_bill_take() {
    let facts = with(&ten_thousand_left(), &[held("assistance", "1000.00")]);
    let decision = SHIPPED.adjudicate(&facts);
    let statement = Statement::new(&SHIPPED, &facts.person, &facts.bill, &decision);
    let (en, zh) = (statement.text(Lang::En, Paint::Plain), statement.text(Lang::Zh, Paint::Plain));
    assert!(en.contains("The service that keeps the fund lets this bill take 1,000.00"), "{en}");
    assert!(en.contains("what the fund lets this bill take is the limit"), "{en}");
    assert!(zh.contains("基金管理方对本次费用可支付 1,000.00 元"), "{zh}");
}

#[test]
fn a_statement_says_that_assistance_was_away_and_that_the_rest_follows() {
    let away = HeldShare { why: HeldWhy::Away, ..held("assistance", "0.00") };
    let facts = with(&ten_thousand_left(), &[away]);
    let decision = SHIPPED.adjudicate(&facts);
    let statement = Statement::new(&SHIPPED, &facts.person, &facts.bill, &decision).with_held(&facts.held);
    let (en, zh) = (statement.text(Lang::En, Paint::Plain), statement.text(Lang::Zh, Paint::Plain));
    assert!(en.contains("assistance could not be reached, and the rest follows by itself"), "{en}");
    assert!(zh.contains("救助系统暂不可用，随后自动补付"), "{zh}");
    assert!(!en.contains("is the limit: 0.00 is paid"), "{en}");
}

/// Every bill of the golden cases alone, of which a held payer pays something.
static ASSISTED: LazyLock<Vec<Facts>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for case in cases("tests/cases") {
        let Some(asked) = bills(&case) else { continue };
        for bill in &asked.bills {
            let (person, accumulated) = (asked.person.clone(), asked.accumulated.clone());
            let facts = Facts { person, bill: bill.clone(), accumulated, held: Vec::new() };
            let decision = SHIPPED.adjudicate_without_steps(&facts);
            if decision.settlement().is_some_and(|settlement| !SHIPPED.held(settlement).is_empty()) {
                all.push(facts);
            }
        }
    }
    all
});

#[test]
fn the_golden_cases_have_bills_of_each_held_payer() {
    let of = |payer: &str| {
        let pays = |facts: &&Facts| {
            let decision = SHIPPED.adjudicate_without_steps(facts);
            decision.settlement().is_some_and(|settlement| SHIPPED.held(settlement).contains_key(&name(payer)))
        };
        ASSISTED.iter().filter(pays).count()
    };
    assert!(of("assistance") >= 20 && of("tilt") >= 3, "{} {}", of("assistance"), of("tilt"));
}

/// Caps for the payers in order of name: some share of what each computes, in per mille; above 1,000 it is enough.
fn capped(facts: &Facts, per_mille: &[Option<i64>]) -> Facts {
    let settlement = SHIPPED.adjudicate(facts);
    let settlement = settlement.settlement().unwrap();
    let payers = SHIPPED.held_payers(facts.person.division);
    let shares = payers.iter().zip(per_mille).filter_map(|(payer, per_mille)| {
        let computed = SHIPPED.held(settlement).get(payer).copied().unwrap_or(Fen::new(500_000));
        let most = Fen::new(computed.get() * (*per_mille)? / 1000);
        Some(HeldShare { payer: *payer, most, why: HeldWhy::Limit })
    });
    Facts { held: shares.collect(), ..facts.clone() }
}

fn no_cap_is_passed(facts: &Facts, decision: &Decision) -> TestCaseResult {
    let settlement = decision.settlement().unwrap();
    let shares = SHIPPED.held(settlement);
    for share in &facts.held {
        prop_assert!(shares.get(&share.payer).copied().unwrap_or_default() <= share.most, "{:?}", shares);
    }
    for step in steps(decision) {
        let layer = settlement.layers[usize::from(step.layer.unwrap())];
        prop_assert!(step.after < step.before, "{:?}", step);
        prop_assert_eq!(step.after, layer.paid);
        prop_assert!(step.before <= layer.computed);
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn no_payer_passes_its_cap_and_every_fen_still_has_a_payer(
        at in any::<prop::sample::Index>(),
        per_mille in prop::collection::vec(prop::option::of(0..1200_i64), 2),
    ) {
        let facts = capped(at.get(&ASSISTED), &per_mille);
        let decision = SHIPPED.adjudicate(&facts);
        let settlement = decision.settlement().unwrap();
        shares_add_up(&facts, settlement)?;
        layers_are_in_order(settlement)?;
        parts_add_up(&facts, settlement)?;
        no_cap_is_passed(&facts, &decision)?;
        let silent = SHIPPED.adjudicate_without_steps(&facts);
        let mut without = settlement.clone();
        without.steps.clear();
        prop_assert_eq!(silent.settlement(), Some(&without));
        if let Costs::Parts(parts) = facts.bill.costs {
            let batch = SHIPPED.batch(&facts).unwrap();
            let all = batch.shares(&[parts, parts, parts], NonZeroUsize::MIN).unwrap();
            prop_assert_eq!(all, vec![settlement.shares; 3], "each row stands alone, with the cap whole");
        }
    }
}

/// A world whose third system is `assistance`, which is held, with every kind of base behind it.
fn world(bill_ceiling: &str) -> Policy {
    let payer = |name: &str, rest: &str| format!("[{name}]\nzh = \"付\"\nen = \"p\"\ncite = \"EX-1\"\n{rest}\n");
    let inpatient = format!(
        "cite = \"EX-1\"\n\
         [stack]\nall = {{ 2020-01-01 = [\"pooled\", \"assistance\", \"over\", \"cut\", \"own\", \"more\", \"account\"] }}\n\
         [pooled]\npayer = \"pooled_fund\"\n[pooled.ratio]\nall = {{ 2020-01-01 = \"0.50\" }}\n\
         [assistance]\npayer = \"helped\"\nbands_over = \"year\"\ndeductible_period = \"year\"\n\
         [assistance.deductible]\nall = {{ 2020-01-01 = \"30.00\" }}\n\
         [assistance.ratio]\nall = {{ 2020-01-01 = [\"0.37 to 200.00\", \"0.83\"] }}\n\
         [assistance.ceiling]\nall = {{ 2020-01-01 = \"400.00\" }}\n{bill_ceiling}\
         [over]\npayer = \"charity_1\"\nbase = \"over_ceiling assistance\"\n[over.ratio]\nall = {{ 2020-01-01 = \"0.10\" }}\n\
         [cut]\npayer = \"charity_2\"\nbase = \"cut_by_ceiling assistance\"\n[cut.ratio]\nall = {{ 2020-01-01 = \"0.20\" }}\n\
         [own]\npayer = \"charity_3\"\nbase = \"own_share_of assistance\"\n[own.ratio]\nall = {{ 2020-01-01 = \"0.30\" }}\n\
         [more]\npayer = \"charity_4\"\n[more.ratio]\nall = {{ 2020-01-01 = \"0.40\" }}\n\
         [account]\npayer = \"account\"\n[account.ratio]\nall = {{ 2020-01-01 = \"1\" }}\n"
    );
    let mut files = crate::support::inline_files(&[("resident/inpatient.toml", &inpatient)]);
    let payers = files.iter_mut().find(|file| file.path.ends_with("payers.toml")).unwrap();
    payers.text.push_str(&payer("helped", "kind = \"fund\"\nfield = \"maf_pay\"\nheld_by = \"assistance\""));
    for number in 1..=4 {
        payers.text.push_str(&payer(&format!("charity_{number}"), "kind = \"other\""));
    }
    crate::support::compile(&files)
}

static UNCAPPED: LazyLock<Policy> = LazyLock::new(|| world(""));

proptest! {
    #![proptest_config(config(96))]

    /// Two bills of a year; the cap stands in the facts of one policy, and as the layer's own ceiling in the other.
    #[test]
    fn what_is_not_paid_goes_on_as_if_the_cap_were_the_layers_own_ceiling(
        amounts in prop::collection::vec(0..120_000_i64, 1..4),
        most in 0..30_000_i64,
        account in 0..5_000_i64,
    ) {
        let ceiling = format!("[assistance.bill_ceiling]\nall = {{ 2020-01-01 = \"{}\" }}\n", Fen::new(most));
        let own = world(&ceiling);
        let share = HeldShare { payer: name("helped"), most: Fen::new(most), why: HeldWhy::Limit };
        let mut accumulated = policy::Accumulators { account: Fen::new(account), ..policy::Accumulators::default() };
        for (at, amount) in amounts.into_iter().enumerate() {
            let bill = stay(&format!("B{at}"), "2022-03-01", amount);
            let facts = Facts { person: person(PersonGroup::Adult), bill, accumulated, held: vec![share] };
            let plain = Facts { held: Vec::new(), ..facts.clone() };
            let (by_facts, by_ceiling) = (UNCAPPED.adjudicate_without_steps(&facts), own.adjudicate_without_steps(&plain));
            let settlement = by_facts.settlement().unwrap();
            prop_assert_eq!(Some(settlement), by_ceiling.settlement());
            let uncapped = UNCAPPED.adjudicate_without_steps(&plain);
            let would = paid(uncapped.settlement().unwrap(), "assistance");
            prop_assert_eq!(paid(settlement, "assistance"), would.min(Fen::new(most)));
            accumulated = settlement.accumulators.clone();
        }
    }
}

#[test]
fn two_layers_of_one_payer_share_what_its_fund_lets_the_bill_take() {
    let inpatient = "cite = \"EX-1\"\n[stack]\nall = { 2020-01-01 = [\"first\", \"second\"] }\n\
         [first]\npayer = \"helped\"\n[first.ratio]\nall = { 2020-01-01 = \"0.50\" }\n\
         [second]\npayer = \"helped\"\n[second.ratio]\nall = { 2020-01-01 = \"0.50\" }\n";
    let helped = "[helped]\nzh = \"付\"\nen = \"p\"\ncite = \"EX-1\"\nkind = \"fund\"\nfield = \"maf_pay\"\nheld_by = \"assistance\"\n\
         [pooled_fund]\nzh = \"付\"\nen = \"p\"\ncite = \"EX-1\"\nkind = \"fund\"\nfield = \"hifp_pay\"\n";
    let mut files = crate::support::inline_files(&[("resident/inpatient.toml", inpatient)]);
    files.iter_mut().find(|file| file.path.ends_with("payers.toml")).unwrap().text = helped.to_owned();
    let policy = crate::support::compile(&files);
    // 100.00: the first pays 50.00 of 60.00, the second 10.00 of its 25.00
    let (person, bill) = (person(PersonGroup::Adult), stay("B1", "2022-03-01", 10_000));
    let facts =
        Facts { person, bill, accumulated: policy::Accumulators::default(), held: vec![held("helped", "60.00")] };
    let decision = policy.adjudicate(&facts);
    let settlement = decision.settlement().unwrap();
    assert_eq!((paid(settlement, "first"), paid(settlement, "second")), (yuan("50.00"), yuan("10.00")));
    let [step] = steps(&decision)[..] else { panic!("one step") };
    assert_eq!((step.before, step.after), (yuan("25.00"), yuan("10.00")));
}

#[test]
fn a_policy_without_held_payers_holds_none() {
    let policy = inline(&[]);
    assert!(policy.held_payers("990000".parse().unwrap()).is_empty());
    let held = SHIPPED.held_payers("370800".parse().unwrap());
    assert_eq!(held, [name("assistance"), name("tilt")]);
}
