//! The known mistakes of the field (exemplars.md) that concern adjudication, each by its name.
//!
//! The cases beside them in `tests/variants/known-mistakes` say the same as data.

use std::fs;
use std::num::NonZeroUsize;
use std::sync::LazyLock;

use money::{Fen, Rate, Rounding};
use policy::{Accumulators, Costs, Counts, Facts, LayerShare, Meter, Parts, Policy, Year};
use terms::{PersonGroup, Scheme};

use crate::support::{case, compile, differences, inline, person, root, stay, toml_files};
use crate::worlds::name;

static MISTAKES: LazyLock<Policy> =
    LazyLock::new(|| compile(&toml_files(&root().join("tests/variants/known-mistakes/packs"))));

/// The case of this name comes out to the fen.
#[track_caller]
fn comes_out(cases: &[&str]) {
    for name in cases {
        let case = case(&format!("tests/variants/known-mistakes/{name}.toml"));
        assert!(!case.expected.is_empty(), "{name} expects nothing");
        let differences = differences(&MISTAKES, &[case]);
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }
}

/// One pooled fund with these parameters (`ratio = "0.85"`), for residents in hospital.
fn pooled(mechanism: &str, parameters: &[(&str, &str)]) -> Policy {
    let rows =
        parameters.iter().map(|(name, value)| format!("[pooled.{name}]\nall = {{ 2020-01-01 = \"{value}\" }}\n"));
    let head = "cite = \"EX-1\"\n[stack]\nall = { 2020-01-01 = [\"pooled\"] }\n[pooled]\npayer = \"pooled_fund\"\n";
    let benefit = format!("{head}{mechanism}\n{}", rows.collect::<String>());
    inline(&[("resident/inpatient.toml", &benefit)])
}

fn facts(within_scope: i64, accumulated: Accumulators) -> Facts {
    Facts {
        person: person(PersonGroup::Adult),
        bill: stay("B1", "2022-03-01", within_scope),
        accumulated,
        held: Vec::new(),
    }
}

fn layer(policy: &Policy, facts: &Facts) -> LayerShare {
    policy.adjudicate(facts).settlement().unwrap().layers[0]
}

fn used(paid: i64) -> Accumulators {
    let counts = Counts { paid: Fen::new(paid), cost: Fen::new(paid), base: Fen::new(paid), ..Counts::default() };
    let meter = Meter { name: name("resident.inpatient.pooled"), part: terms::Name::EMPTY, counts };
    Accumulators { meters: vec![meter], ..Accumulators::default() }
}

#[test]
fn openimis_a_bill_of_100_under_a_deductible_of_1000_is_not_paid() {
    comes_out(&["openimis-bill-under-deductible-is-paid"]);
    let policy = pooled("", &[("deductible", "1000.00"), ("ratio", "1")]);
    let share = layer(&policy, &facts(10_000, Accumulators::default()));
    assert_eq!((share.deductible, share.paid), (Fen::new(10_000), Fen::ZERO));
    // One fen above the deductible is paid one fen.
    assert_eq!(layer(&policy, &facts(100_001, Accumulators::default())).paid, Fen::new(1));
}

#[test]
fn openimis_0_85_is_not_truncated_to_0() {
    comes_out(&["openimis-truncation-0.85", "openimis-ratio-0.85-of-one-yuan"]);
    let whole = pooled("", &[("ratio", "1")]);
    assert_eq!(layer(&whole, &facts(85, Accumulators::default())).paid, Fen::new(85));
    let most = pooled("", &[("ratio", "0.85")]);
    assert_eq!(layer(&most, &facts(100, Accumulators::default())).paid, Fen::new(85));
    assert_eq!(layer(&most, &facts(1, Accumulators::default())).paid, Fen::new(1));
}

#[test]
fn openimis_19_99_is_not_truncated_to_19() {
    comes_out(&["openimis-19.99"]);
    let policy = pooled("", &[("ratio", "1")]);
    assert_eq!(layer(&policy, &facts(1_999, Accumulators::default())).paid, Fen::new(1_999));
}

#[test]
fn openimis_a_ceiling_of_1000_with_400_used_allows_600_and_does_not_refuse_300() {
    comes_out(&["openimis-ceiling-with-400-used-refuses-300"]);
    let policy = pooled("", &[("ratio", "1"), ("ceiling", "1000.00")]);
    assert_eq!(layer(&policy, &facts(30_000, used(40_000))).paid, Fen::new(30_000));
    assert_eq!(layer(&policy, &facts(60_000, used(40_000))).paid, Fen::new(60_000));
    assert_eq!(layer(&policy, &facts(60_001, used(40_000))).paid, Fen::new(60_000));
    // What the year held is counted once, not again with every bill.
    let mut year = Year::new(&policy, used(40_000));
    for id in ["B1", "B2"] {
        let decision = year.apply(person(PersonGroup::Adult), stay(id, "2022-03-01", 30_000)).unwrap().decision;
        assert_eq!(decision.settlement().unwrap().layers[0].paid, Fen::new(30_000), "{id}");
    }
}

#[test]
fn openimis_two_policies_do_not_book_one_item_twice() {
    comes_out(&[
        "openimis-two-policies-book-one-item-twice",
        "openimis-two-policies-on-the-whole",
        "two-active-schemes",
    ]);
    let mut twice = facts(10_000, Accumulators::default());
    twice.person.schemes = vec![Scheme::Resident, Scheme::Employee];
    let policy = pooled("", &[("ratio", "1")]);
    let refusal = policy.adjudicate(&twice).refusal().cloned().unwrap();
    assert_eq!(refusal.causes[0].reason, policy::Reason::TwoSchemes);
}

#[test]
fn openimis_a_category_ceiling_remembers_earlier_claims() {
    comes_out(&["openimis-category-ceiling-forgets-earlier-claims"]);
    let policy = pooled("ceiling_per = \"disease\"", &[("ratio", "1"), ("ceiling", "500.00")]);
    let mut year = Year::new(&policy, Accumulators::default());
    let mut paid = |id: &str, amount| {
        let decision = year.apply(person(PersonGroup::Adult), stay(id, "2022-03-01", amount)).unwrap().decision;
        decision.settlement().unwrap().layers[0].paid
    };
    assert_eq!([paid("B1", 30_000), paid("B2", 30_000), paid("B3", 30_000)], [30_000, 20_000, 0].map(Fen::new));
}

#[test]
fn openimis_reversing_an_earlier_claim_recomputes_later_ones() {
    comes_out(&[
        "openimis-reversal-never-recomputes-later",
        "reversal-lowers-the-admission-number",
        "reversal-in-the-middle-of-a-yearly-burden",
    ]);
    let policy = pooled("deductible_period = \"year\"", &[("deductible", "300.00"), ("ratio", "0.8")]);
    let mut year = Year::new(&policy, Accumulators::default());
    for (id, amount) in [("B1", 30_000), ("B2", 100_000)] {
        year.apply(person(PersonGroup::Adult), stay(id, "2022-03-01", amount)).unwrap();
    }
    let adjustments = year.reverse(&name("B1")).unwrap();
    // B2 was paid 800.00 on all of it; now it owes the deductible: 700.00 × 0.8 = 560.00.
    assert_eq!(adjustments.len(), 1);
    assert_eq!((adjustments[0].bill, adjustments[0].cash), (name("B2"), Fen::new(24_000)));
    assert_eq!(adjustments[0].payers["pooled_fund"], Fen::new(-24_000));
}

#[test]
fn mojaloop_ten_bills_of_100_do_not_all_pass_a_ceiling_of_100() {
    comes_out(&["mojaloop-ten-in-one-batch"]);
    let policy = pooled("", &[("ratio", "1"), ("ceiling", "100.00")]);
    let mut year = Year::new(&policy, Accumulators::default());
    let ids: Vec<String> = (1..=10).map(|number| format!("B{number}")).collect();
    for id in &ids {
        year.apply(person(PersonGroup::Adult), stay(id, "2022-03-01", 10_000)).unwrap();
    }
    let paid: Fen = year.decisions().map(|(_, decision)| decision.settlement().unwrap().shares.fund).sum();
    assert_eq!(paid, Fen::new(10_000));
}

#[test]
fn openfisca_68212208_is_not_68212200() {
    comes_out(&["openfisca-float-68212208", "openfisca-float-ratio-of-68212208", "float-loses-half-a-fen"]);
    let policy = pooled("", &[("ratio", "1")]);
    let bill = facts(6_821_220_800, Accumulators::default());
    assert_eq!(layer(&policy, &bill).paid.to_string(), "68212208.00");
    let rows = [6_821_220_800, 6_821_220_801].map(|fen| Parts { within_scope: Fen::new(fen), ..Parts::default() });
    let shares = policy.batch(&bill).unwrap().shares(&rows, NonZeroUsize::MIN).unwrap();
    assert_eq!([shares[0].fund, shares[1].fund], [6_821_220_800, 6_821_220_801].map(Fen::new));
    let exact = "0.123457".parse::<Rate>().unwrap() * Fen::new(6_821_220_800);
    assert_eq!(exact.round(Rounding::HalfUp).to_string(), "8421274.56"); // 68,212,208.00 × 0.123457 = 8,421,274.563…
}

#[test]
fn hospitals_ledgers_a_double_submission_is_not_counted_twice() {
    let policy = pooled("", &[("ratio", "1"), ("ceiling", "100.00")]);
    let mut year = Year::new(&policy, Accumulators::default());
    year.apply(person(PersonGroup::Adult), stay("B1", "2022-03-01", 6_000)).unwrap();
    assert_eq!(
        year.apply(person(PersonGroup::Adult), stay("B1", "2022-03-01", 6_000)),
        Err(policy::YearError::KnownBill)
    );
    assert_eq!(year.state().meters[0].counts.paid, Fen::new(6_000));
}

#[test]
fn hospitals_ledgers_a_bill_that_does_not_add_up_on_both_sides_is_refused() {
    let policy = pooled("", &[("ratio", "1")]);
    let mut bill = facts(10_000, Accumulators::default());
    bill.bill.costs = Costs::Parts(Parts { within_scope: Fen::new(9_999), ..Parts::default() });
    let refusal = policy.adjudicate(&bill).refusal().cloned().unwrap();
    assert_eq!(refusal.causes[0].reason, policy::Reason::SumMismatch);
}

#[test]
fn every_known_mistake_that_is_written_as_data_is_named_here() {
    let here = include_str!("mistakes.rs");
    for entry in fs::read_dir(root().join("tests/variants/known-mistakes")).unwrap() {
        let file = entry.unwrap().file_name().to_string_lossy().into_owned();
        if let Some(name) = file.strip_suffix(".toml") {
            assert!(here.contains(&format!("\"{name}\"")), "{name} is run by no test of its name");
        }
    }
}
