//! A person's year as a fold: cutting, reversing, arriving in another order.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use money::Fen;
use policy::{Accumulators, Adjustment, Bill, Decision, Outcome, Parts, Person, Policy, Year, YearError};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestCaseResult;
use terms::{Name, PersonGroup};

use crate::support::{config, inline, person, stay};
use crate::worlds::{WORLDS, name, world, year};

const STACK: &str = "[\"pooled\", \"serious_illness\", \"assistance\", \"account\"]";
const ROUNDINGS: [&str; 5] = ["half_up", "half_down", "down", "up", "half_even"];

/// Payers over the year, each with a yearly deductible, yearly bands and a yearly ceiling.
fn yearly(stack: &str, bands_from: &str, rounding: &str, order: &str) -> Policy {
    let how = format!(
        "cite = \"EX-1\"\nbase = [\"within_scope\"]\ndeductible_period = \"year\"\nbands_over = \"year\"\nbands_from = \"{bands_from}\"\nrounding = \"{rounding}\"\n"
    );
    let value = |name: &str, value: &str| format!("[{name}]\ncite = \"EX-1\"\nall = {{ 2020-01-01 = {value} }}\n");
    let layer = |name: &str, payer: &str, figures: [&str; 3]| {
        let [deductible, ratio, ceiling] = figures;
        let rest = [
            value(&format!("{name}.deductible"), deductible),
            value(&format!("{name}.ratio"), ratio),
            value(&format!("{name}.ceiling"), ceiling),
        ];
        format!("[{name}]\npayer = \"{payer}\"\n{how}{}", rest.concat())
    };
    let account = "[account]\npayer = \"account\"\ncite = \"EX-1\"\nbase = [\"within_scope\", \"first_self_paid\"]\n";
    let inpatient = [
        "counts_admission = true\n".to_owned(),
        value("stack", stack),
        layer(
            "pooled",
            "pooled_fund",
            ["\"333.33\"", "[\"0.55 to 10000.00\", \"0.653 to 40000.00\", \"0.77\"]", "\"60000.00\""],
        ),
        layer(
            "serious_illness",
            "serious_illness",
            ["\"5000.01\"", "[\"0.601 to 20000.00\", \"0.7\"]", "\"20000.00\""],
        ),
        layer("assistance", "assistance", ["\"1000.00\"", "\"0.7\"", "\"3000.00\""]),
        account.to_owned(),
        value("account.ratio", "\"1\""),
    ];
    let year = value("order", &format!("\"{order}\""));
    inline(&[("resident/inpatient.toml", &inpatient.concat()), ("common/year.toml", &year)])
}

static YEARLY: LazyLock<Vec<Policy>> = LazyLock::new(|| {
    let kinds = ["zero", "deductible"].iter().flat_map(|from| ROUNDINGS.iter().map(move |rounding| (from, rounding)));
    kinds.map(|(from, rounding)| yearly(STACK, from, rounding, "settlement")).collect()
});

static BY_SERVICE_DATE: LazyLock<Policy> = LazyLock::new(|| yearly(STACK, "zero", "half_up", "service_date"));

/// The pooled fund alone, so that a hand can follow.
static POOLED: LazyLock<Policy> =
    LazyLock::new(|| yearly("[\"pooled\", \"account\"]", "zero", "half_up", "settlement"));
static POOLED_BY_SERVICE_DATE: LazyLock<Policy> =
    LazyLock::new(|| yearly("[\"pooled\"]", "zero", "half_up", "service_date"));

fn resident() -> Person {
    person(PersonGroup::Adult)
}

/// What each payer paid over the standing decisions, and the cash.
fn paid(policy: &Policy, year: &Year<'_>) -> (BTreeMap<String, Fen>, Fen) {
    let mut payers: BTreeMap<String, Fen> = BTreeMap::new();
    let mut cash = Fen::ZERO;
    for settlement in year.decisions().filter_map(|(_, decision)| decision.settlement()) {
        for (payer, share) in policy.payments(settlement) {
            *payers.entry(payer).or_default() += share;
        }
        cash += settlement.shares.cash;
    }
    (payers, cash)
}

fn deductibles(year: &Year<'_>) -> Vec<Fen> {
    let mut sums = Vec::new();
    for settlement in year.decisions().filter_map(|(_, decision)| decision.settlement()) {
        sums.resize(settlement.layers.len(), Fen::ZERO);
        for (sum, layer) in sums.iter_mut().zip(&settlement.layers) {
            *sum += layer.deductible;
        }
    }
    sums
}

fn start(account: i64) -> Accumulators {
    Accumulators { account: Fen::new(account), ..Accumulators::default() }
}

/// The same costs cut at these places, one bill for each piece.
fn cut(total: i64, cuts: &[Index]) -> Vec<i64> {
    let mut places: Vec<i64> =
        cuts.iter().map(|at| i64::try_from(at.index(usize::try_from(total).unwrap() + 1)).unwrap()).collect();
    places.extend([0, total]);
    places.sort_unstable();
    places.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

fn fold<'p>(policy: &'p Policy, account: i64, amounts: &[i64]) -> Year<'p> {
    let mut year = Year::new(policy, start(account));
    for (at, amount) in amounts.iter().enumerate() {
        let applied = year.apply(resident(), stay(&format!("B{at}"), "2022-03-01", *amount)).unwrap();
        assert!(applied.decision.settlement().is_some() && applied.adjustments.is_empty());
    }
    year
}

/// The meters are the same, but for a fen of the cost that a ceiling was paid on: a bill whose payment is the ceiling only
/// by rounding is paid on whole, while the cost that reaches the ceiling exactly is a fen more.
fn same_meters(one: &Accumulators, other: &Accumulators) -> TestCaseResult {
    prop_assert_eq!((one.account, one.family_account), (other.account, other.family_account));
    prop_assert_eq!(one.meters.len(), other.meters.len());
    for (one, other) in one.meters.iter().zip(&other.meters) {
        prop_assert_eq!((one.name, one.part), (other.name, other.part));
        let (a, b) = (one.counts, other.counts);
        prop_assert_eq!((a.base, a.deductible, a.paid), (b.base, b.deductible, b.paid));
        prop_assert!((a.cost - b.cost).get().abs() <= 1, "{}: paid on {} and {}", one.name, a.cost, b.cost);
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn the_benefits_of_a_year_do_not_depend_on_how_its_costs_are_cut_into_bills(
        which in 0..10usize,
        total in prop_oneof![1..5_000_000i64, 1..30_000_000i64],
        account in 0..500_000i64,
        cuts in prop::collection::vec(any::<Index>(), 0..12),
    ) {
        let policy = &YEARLY[which];
        let whole = fold(policy, account, &[total]);
        let pieces = fold(policy, account, &cut(total, &cuts));
        prop_assert_eq!(paid(policy, &whole), paid(policy, &pieces));
        prop_assert_eq!(deductibles(&whole), deductibles(&pieces));
        same_meters(&whole.state(), &pieces.state())?;
    }

    #[test]
    fn the_bands_variants_over_a_year_do_not_depend_on_the_cutting_either(
        total in 1..20_000_000i64,
        cuts in prop::collection::vec(any::<Index>(), 0..8),
    ) {
        let world = WORLDS.iter().find(|world| world.name == "bands").unwrap();
        for code in ["990300", "990400"] {
            let insured = Person { division: code.parse().unwrap(), ..resident() };
            let fold = |amounts: &[i64]| {
                let mut year = Year::new(&world.policy, Accumulators::default());
                for (at, amount) in amounts.iter().enumerate() {
                    year.apply(insured.clone(), stay(&format!("B{at}"), "2022-03-01", *amount)).unwrap();
                }
                paid(&world.policy, &year)
            };
            prop_assert_eq!(fold(&[total]), fold(&cut(total, &cuts)), "{}", code);
        }
    }
}

/// A decision as it must be whatever the meters' order and the steps say.
fn final_shares(year: &Year<'_>) -> BTreeMap<Name, Outcome> {
    year.decisions().map(|(bill, decision)| (bill.id, decision.outcome.clone())).collect()
}

/// First decisions and every adjustment of a year, to be compared with what stands.
#[derive(Default)]
struct Ledger {
    first: BTreeMap<Name, Decision>,
    sums: BTreeMap<Name, (BTreeMap<String, Fen>, Fen)>,
}

impl Ledger {
    fn adjust(&mut self, adjustments: Vec<Adjustment>) -> TestCaseResult {
        for adjustment in adjustments {
            let (payers, cash) = self.sums.entry(adjustment.bill).or_default();
            for (payer, difference) in &adjustment.payers {
                prop_assert!(!difference.is_zero());
                *payers.entry(payer.clone()).or_default() += *difference;
            }
            *cash += adjustment.cash;
            let before = adjustment.before.settlement().map(|settlement| settlement.shares.total);
            let after = adjustment.after.settlement().map(|settlement| settlement.shares.total);
            let moved: Fen = adjustment.payers.values().copied().sum::<Fen>() + adjustment.cash;
            if let (Some(before), Some(after)) = (before, after) {
                prop_assert_eq!(moved + hospital(&adjustment.after) - hospital(&adjustment.before), after - before);
            }
        }
        Ok(())
    }

    /// What stands is the first decision and its adjustments, payer by payer.
    fn check(&self, policy: &Policy, year: &Year<'_>) -> TestCaseResult {
        for (bill, standing) in year.decisions() {
            let (mut payers, mut cash) = payments(policy, &self.first[&bill.id]);
            if let Some((more, more_cash)) = self.sums.get(&bill.id) {
                for (payer, difference) in more {
                    *payers.entry(payer.clone()).or_default() += *difference;
                }
                cash += *more_cash;
            }
            payers.retain(|_, share| !share.is_zero());
            prop_assert_eq!((payers, cash), payments(policy, standing), "{}", bill.id);
        }
        Ok(())
    }
}

fn payments(policy: &Policy, decision: &Decision) -> (BTreeMap<String, Fen>, Fen) {
    decision
        .settlement()
        .map_or_else(Default::default, |settlement| (policy.payments(settlement), settlement.shares.cash))
}

/// Borne by the hospital outside the layers.
fn hospital(decision: &Decision) -> Fen {
    decision.settlement().map_or(Fen::ZERO, policy::Settlement::hospital_over_limit)
}

fn apply_all(year: &mut Year<'_>, who: &Person, bills: &[Bill], ledger: &mut Ledger) -> TestCaseResult {
    for bill in bills {
        let applied = year.apply(who.clone(), bill.clone()).unwrap();
        ledger.first.insert(bill.id, applied.decision);
        ledger.adjust(applied.adjustments)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn bills_reversed_in_the_middle_are_as_if_never_applied(
        at in world(),
        draw in year(6),
        reversed in prop::collection::vec(any::<Index>(), 1..4),
    ) {
        let world = &WORLDS[at];
        let (who, bills) = (draw.person(world), draw.bills(world));
        let mut ledger = Ledger::default();
        let mut folded = Year::new(&world.policy, draw.start());
        apply_all(&mut folded, &who, &bills, &mut ledger)?;
        let mut left = bills.clone();
        for which in &reversed {
            if left.is_empty() {
                break;
            }
            let gone = left.remove(which.index(left.len()));
            let adjustments = folded.reverse(&gone.id).unwrap();
            prop_assert!(adjustments.iter().all(|adjustment| adjustment.bill != gone.id));
            ledger.adjust(adjustments)?;
            prop_assert_eq!(folded.reverse(&gone.id), Err(YearError::UnknownBill));
            prop_assert_eq!(folded.decision(&gone.id), None);
        }
        let mut never = Year::new(&world.policy, draw.start());
        apply_all(&mut never, &who, &left, &mut Ledger::default())?;
        prop_assert_eq!(folded.state(), never.state());
        let (one, other): (Vec<_>, Vec<_>) = (folded.decisions().collect(), never.decisions().collect());
        prop_assert_eq!(one, other);
        ledger.check(&world.policy, &folded)?;
    }

    #[test]
    fn reversing_every_bill_gives_the_start_back(
        at in world(),
        draw in year(5),
        order in prop::collection::vec(any::<Index>(), 5),
    ) {
        let world = &WORLDS[at];
        let mut left = draw.bills(world);
        let mut folded = Year::new(&world.policy, draw.start());
        apply_all(&mut folded, &draw.person(world), &left, &mut Ledger::default())?;
        for which in order {
            if !left.is_empty() {
                folded.reverse(&left.remove(which.index(left.len())).id).unwrap();
            }
        }
        prop_assert_eq!(folded.state(), draw.start());
        prop_assert_eq!(folded.decisions().count(), 0);
    }

    #[test]
    fn under_order_of_service_date_any_order_of_arrival_ends_in_the_same_shares(
        account in 0..500_000i64,
        (bills, shuffled) in prop::collection::vec((0..700u64, 0..8u64, 1..6_000_000i64, any::<bool>()), 1..8)
            .prop_map(|draws| draws.iter().enumerate().map(|(at, draw)| late_bill(at, *draw)).collect::<Vec<_>>())
            .prop_flat_map(|bills| (Just(bills.clone()), Just(bills).prop_shuffle())),
    ) {
        let policy: &Policy = &BY_SERVICE_DATE;
        let fold = |bills: &[Bill]| -> Result<Year<'_>, TestCaseError> {
            let mut ledger = Ledger::default();
            let mut year = Year::new(policy, start(account));
            for bill in bills {
                let applied = year.apply(resident(), bill.clone()).unwrap();
                ledger.first.insert(bill.id, applied.decision);
                ledger.adjust(applied.adjustments)?;
            }
            ledger.check(policy, &year)?;
            Ok(year)
        };
        let (one, other) = (fold(&bills)?, fold(&shuffled)?);
        prop_assert_eq!(final_shares(&one), final_shares(&other));
        prop_assert_eq!(one.state(), other.state());
        let days: Vec<_> = other.decisions().map(|(bill, _)| bill.from).collect();
        prop_assert!(days.is_sorted());
    }
}

/// A stay in 2022 or 2023; now and then one with costs outside the scope of any fund.
fn late_bill(at: usize, (day, stay_for, amount, outside): (u64, u64, i64, bool)) -> Bill {
    let from = chrono::NaiveDate::from_ymd_opt(2022, 1, 1).unwrap() + chrono::Days::new(day);
    let mut bill = stay(&format!("B{at}"), "2022-01-01", amount);
    (bill.from, bill.to) = (from, from + chrono::Days::new(stay_for));
    bill.settled = bill.to;
    if outside {
        bill.costs = policy::Costs::Parts(Parts { first_self_paid: Fen::new(amount), ..Parts::default() });
    }
    bill
}

#[test]
fn a_bill_that_comes_late_takes_its_place_by_service_date() {
    let policy: &Policy = &POOLED_BY_SERVICE_DATE;
    let mut year = Year::new(policy, Accumulators::default());
    year.apply(resident(), stay("MAY", "2022-05-01", 1_000_000)).unwrap();
    let late = year.apply(resident(), stay("MARCH", "2022-03-01", 1_000_000)).unwrap();
    // The yearly deductible of 333.33 is March's now: (10,000.00 − 333.33) × 0.55 = 5,316.67 (5,316.6685).
    assert_eq!(late.decision.settlement().unwrap().layers[0].paid, Fen::new(531_667));
    assert_eq!(late.adjustments.len(), 1);
    // May pays no deductible and stands wholly in the second band: 10,000.00 × 0.653 = 6,530.00 instead of 5,316.67.
    assert_eq!(late.adjustments[0].bill, name("MAY"));
    assert_eq!(late.adjustments[0].payers, BTreeMap::from([("pooled_fund".to_owned(), Fen::new(121_333))]));
    assert_eq!(late.adjustments[0].cash, Fen::new(-121_333));
}

#[test]
fn a_bill_submitted_twice_is_refused_and_counted_once() {
    let policy: &Policy = &POOLED;
    let mut year = Year::new(policy, start(10_000));
    year.apply(resident(), stay("B1", "2022-03-01", 1_000_000)).unwrap();
    let before = (year.state(), final_shares(&year));
    assert_eq!(year.apply(resident(), stay("B1", "2022-03-01", 1_000_000)), Err(YearError::KnownBill));
    assert_eq!(year.apply(resident(), stay("B1", "2022-04-01", 5)), Err(YearError::KnownBill));
    assert_eq!((year.state(), final_shares(&year)), before);
}

#[test]
fn a_bill_reversed_can_be_submitted_again() {
    let policy: &Policy = &POOLED;
    let mut year = Year::new(policy, Accumulators::default());
    let first = year.apply(resident(), stay("B1", "2022-03-01", 1_000_000)).unwrap();
    assert_eq!(year.reverse(&name("B1")), Ok(Vec::new()));
    assert_eq!(year.apply(resident(), stay("B1", "2022-03-01", 1_000_000)).unwrap(), first);
}

#[test]
fn meters_and_admissions_start_again_in_january_and_the_account_goes_on() {
    let policy: &Policy = &POOLED;
    let mut year = Year::new(policy, start(100_000));
    let december = year.apply(resident(), stay("B1", "2022-12-31", 200_000)).unwrap().decision;
    let january = year.apply(resident(), stay("B2", "2023-01-01", 200_000)).unwrap().decision;
    let back = year.apply(resident(), stay("B3", "2022-12-30", 200_000)).unwrap().decision;
    let figures = |decision: &Decision| {
        let settlement = decision.settlement().unwrap();
        let layer = &settlement.layers[0];
        (layer.deductible.get(), layer.paid.get(), settlement.shares.account.get(), settlement.accumulators.admissions)
    };
    // (2,000.00 − 333.33) × 0.55 = 916.67 (916.6685); the rest, 1,083.33, empties the account of 1,000.00.
    assert_eq!(figures(&december), (33_333, 91_667, 100_000, 1));
    // A new year: the deductible is due again; the account stays empty.
    assert_eq!(figures(&january), (33_333, 91_667, 0, 1));
    // A bill of the old year settled in the new one meets the old year's meters: F(4,000.00) − F(2,000.00) = 1,100.00.
    assert_eq!(figures(&back), (0, 110_000, 0, 2));
}

#[test]
fn what_the_year_held_before_belongs_to_the_year_of_the_first_bill() {
    let policy: &Policy = &POOLED;
    let mut before = Year::new(policy, Accumulators::default());
    before.apply(resident(), stay("B0", "2022-01-01", 200_000)).unwrap();
    let mut year = Year::new(policy, before.state());
    let first = year.apply(resident(), stay("B1", "2022-03-01", 200_000)).unwrap().decision;
    let next_year = year.apply(resident(), stay("B2", "2023-03-01", 200_000)).unwrap().decision;
    assert_eq!(first.settlement().unwrap().layers[0].deductible, Fen::ZERO);
    assert_eq!(next_year.settlement().unwrap().layers[0].deductible, Fen::new(33_333));
}

#[test]
fn several_reversals_move_the_yearly_deductible_from_bill_to_bill() {
    let policy: &Policy = &POOLED;
    let mut year = Year::new(policy, Accumulators::default());
    for (id, day) in [("B1", "2022-01-05"), ("B2", "2022-02-05"), ("B3", "2022-03-05")] {
        year.apply(resident(), stay(id, day, 100_000)).unwrap();
    }
    let deductible = |year: &Year<'_>, id: &str| {
        year.decision(&name(id)).and_then(Decision::settlement).map(|settlement| settlement.layers[0].deductible.get())
    };
    assert_eq!((deductible(&year, "B2"), deductible(&year, "B3")), (Some(0), Some(0)));
    let changed: Vec<Name> = year.reverse(&name("B1")).unwrap().iter().map(|change| change.bill).collect();
    // B2 owes the deductible now: 366.67 instead of 550.00. B3's own share stays 550.00, to the fen.
    assert_eq!(deductible(&year, "B2"), Some(33_333));
    assert!(changed.contains(&name("B2")));
    let changed = year.reverse(&name("B2")).unwrap();
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].payers, BTreeMap::from([("pooled_fund".to_owned(), Fen::new(-18_333))]));
    assert_eq!(changed[0].cash, Fen::new(18_333));
    assert_eq!(deductible(&year, "B3"), Some(33_333));
    assert_eq!(year.reverse(&name("B1")), Err(YearError::UnknownBill));
}

#[test]
fn a_refused_bill_counts_nothing_and_can_be_reversed() {
    let policy: &Policy = &POOLED;
    let mut year = Year::new(policy, start(50_000));
    let mut refused = stay("B1", "2022-01-05", 100_000);
    refused.total = Fen::new(99_999);
    assert!(year.apply(resident(), refused).unwrap().decision.refusal().is_some());
    assert_eq!(year.state(), start(50_000));
    assert_eq!(year.reverse(&name("B1")), Ok(Vec::new()));
}

#[test]
fn a_bill_after_a_ceiling_is_used_up_is_paid_on_no_fen_and_the_next_payer_gets_all_of_it() {
    let year = "[order]\ncite = \"EX-1\"\nall = { 2020-01-01 = \"settlement\" }\n";
    let inpatient = r#"
cite = "EX-1"
[stack]
all = { 2020-01-01 = ["pooled", "large_amount"] }
[pooled]
payer = "pooled_fund"
bands_over = "year"
[pooled.ratio]
all = { 2020-01-01 = "0.7" }
[pooled.ceiling]
all = { 2020-01-01 = "3000.00" }
[large_amount]
payer = "large_amount"
base = "over_ceiling pooled"
[large_amount.ratio]
all = { 2020-01-01 = "1" }
"#;
    let policy = inline(&[("resident/inpatient.toml", inpatient), ("common/year.toml", year)]);
    let mut year = Year::new(&policy, Accumulators::default());
    // 4,285.74 × 0.7 = 3,000.018, paid 3,000.00 on 4,285.72 (× 0.7 = 3,000.004).
    let first = year.apply(resident(), stay("B1", "2022-01-05", 428_574)).unwrap().decision;
    assert_eq!(first.settlement().unwrap().layers[0].cost_paid_on, Fen::new(428_572));
    for id in ["B2", "B3"] {
        let later = year.apply(resident(), stay(id, "2022-02-05", 100_000)).unwrap().decision;
        let layers = &later.settlement().unwrap().layers;
        assert_eq!((layers[0].paid, layers[0].cost_paid_on), (Fen::ZERO, Fen::ZERO));
        assert_eq!((layers[1].base, layers[1].paid), (Fen::new(100_000), Fen::new(100_000)));
    }
}

#[test]
fn where_the_increment_is_less_what_was_paid_the_cost_a_ceiling_was_paid_on_is_too() {
    let year = "[order]\ncite = \"EX-1\"\nall = { 2020-01-01 = \"settlement\" }\n";
    let inpatient = r#"
cite = "EX-1"
[stack]
all = { 2020-01-01 = ["pooled"] }
[pooled]
payer = "pooled_fund"
bands_over = "year"
increment = "less_paid"
[pooled.ratio]
all = { 2020-01-01 = "0.5", 2022-07-01 = "0.8" }
[pooled.ceiling]
all = { 2020-01-01 = "1000.00" }
"#;
    let policy = inline(&[("resident/inpatient.toml", inpatient), ("common/year.toml", year)]);
    let mut year = Year::new(&policy, Accumulators::default());
    year.apply(resident(), stay("B1", "2022-01-05", 100_000)).unwrap();
    let july = year.apply(resident(), stay("B2", "2022-07-05", 100_000)).unwrap().decision;
    let layer = &july.settlement().unwrap().layers[0];
    // 2,000.00 × 0.8 − 500.00 = 1,100.00, of which the ceiling leaves 500.00: (1,000.00 + 250.00) × 0.8 − 500.00.
    assert_eq!(
        (layer.computed, layer.paid, layer.cost_paid_on),
        (Fen::new(110_000), Fen::new(50_000), Fen::new(25_000))
    );
}
