//! The split of a place of care: each line into its parts, as a decision of that place splits it.

use money::Fen;
use policy::case::{Answer, Question};
use policy::{Bill, Costs, Parts, Policy, Reason, Rule, Settlement, SplitFacts};
use proptest::prelude::*;
use terms::{Filing, PersonGroup, Place};

use crate::support::{SHIPPED, cases, compile, config, inline_files, person, stay};
use crate::worlds::{WORLDS, year};

fn facts(person: &policy::Person, bill: &Bill) -> SplitFacts {
    let scheme = person.group.scheme();
    SplitFacts { division: person.division, scheme, group: person.group, bill: bill.clone() }
}

/// What a decision makes of the lines, without what only a decision knows.
fn of_lines(settlement: &Settlement) -> Parts {
    let mut sum = Parts::default();
    for line in &settlement.lines {
        sum.outside_catalogue += line.parts.outside_catalogue;
        sum.over_limit += line.parts.over_limit;
        sum.first_self_paid += line.parts.first_self_paid;
        sum.within_scope += line.parts.within_scope;
        sum.hospital += line.hospital;
        sum.apart += line.apart;
    }
    sum
}

#[test]
fn the_split_of_every_golden_bill_at_home_is_that_of_its_decision() {
    let mut seen = 0;
    for case in cases("tests/cases") {
        let (Question::Bills(bills), Answer::Bills { bills: decided, .. }) = (&case.question, case.answer(&SHIPPED))
        else {
            continue;
        };
        for (bill, decided) in bills.bills.iter().zip(&decided) {
            let Some(settlement) = decided.decision.settlement() else { continue };
            if bill.place != Place::Local || settlement.lines.is_empty() {
                continue;
            }
            let split = SHIPPED.split(&facts(&bills.person, bill)).unwrap_or_else(|no| panic!("{}: {no:?}", case.file));
            let is_taken_off = settlement.steps.iter().any(|step| step.rule == Rule::OffClassB);
            if !is_taken_off {
                assert_eq!(split.lines, settlement.lines, "{}", case.file);
                let own = Parts { hospital: Fen::ZERO, apart: Fen::ZERO, ..split.parts };
                assert_eq!(own, Parts { hospital: Fen::ZERO, apart: Fen::ZERO, ..settlement.parts }, "{}", case.file);
                assert_eq!(split.parts, of_lines(settlement), "{}", case.file);
                seen += 1;
            }
            let (date, version) = (decided.decision.date, decided.decision.version);
            assert_eq!((split.parts.total(), split.date, split.version), (bill.total, date, version), "{}", case.file);
            let mut away = facts(&bills.person, bill);
            (away.bill.place, away.bill.filing) = (Place::OutOfProvince, Filing::Temporary);
            assert_eq!(SHIPPED.split(&away).as_ref(), Ok(&split), "{}: a catalogue knows no filing", case.file);
        }
    }
    assert!(seen >= 10, "only {seen} bills with lines");
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn the_parts_of_each_line_add_up_to_it_and_the_sums_to_the_bill(
        world in 0..WORLDS.len(),
        draw in year(4),
    ) {
        let world = &WORLDS[world];
        let person = draw.person(world);
        for bill in draw.bills(world) {
            let Costs::Lines(lines) = &bill.costs else { continue };
            let Ok(split) = world.policy.split(&facts(&person, &bill)) else { continue };
            prop_assert_eq!(split.lines.len(), lines.len());
            for (line, part) in lines.iter().zip(&split.lines) {
                prop_assert_eq!(part.parts.total(), line.amount);
                prop_assert!(part.hospital <= part.parts.over_limit && part.apart <= part.parts.within_scope);
            }
            prop_assert_eq!(split.parts.total(), bill.total);
            prop_assert!(split.parts.hospital <= split.parts.over_limit);
            prop_assert!(split.parts.apart <= split.parts.within_scope);
            let bytes = serde_json::to_string(&split).unwrap();
            prop_assert_eq!(&serde_json::from_str::<policy::Split>(&bytes).unwrap(), &split);
            let again = world.policy.split(&facts(&person, &bill));
            prop_assert_eq!(again, Ok(split));
        }
    }
}

const SCOPE: &str =
    "cite = \"EX-1\"\n[first_self_paid]\nall = { 2020-01-01 = \"0\" }\nclass_b = { 2020-01-01 = \"0.20\" }\n";

fn of_class_b(amount: i64) -> Bill {
    let case = format!(
        "[person]\ndivision = \"990000\"\nscheme = \"resident\"\ngroup = \"adult\"\n[[bill]]\ncare = \"inpatient\"\n\
         institution = \"primary\"\nfrom = 2022-03-01\ntotal = \"{amount}.00\"\n[[bill.line]]\nkind = \"drug\"\n\
         class = \"class_b\"\namount = \"{amount}.00\"\n[expect]\ntotal = \"{amount}.00\"\n"
    );
    let Question::Bills(bills) = policy::case::read("case.toml", &case).unwrap().question else { panic!("a bill") };
    bills.bills[0].clone()
}

fn without_benefit() -> Policy {
    compile(&inline_files(&[("common/scope.toml", SCOPE)]))
}

#[test]
fn a_place_without_a_benefit_of_that_care_splits_by_its_common_rules() {
    let policy = without_benefit();
    let split = policy.split(&facts(&person(PersonGroup::Adult), &of_class_b(100))).unwrap();
    // 100.00 × 0.20
    let parts = Parts { first_self_paid: Fen::new(2_000), within_scope: Fen::new(8_000), ..Parts::default() };
    assert_eq!((split.parts, split.steps.len()), (parts, 1));
    let cited = split.steps[0].source.and_then(|source| policy.citation(source)).unwrap();
    assert_eq!(cited.cite, ["EX-1"]);
}

#[test]
fn what_cannot_be_split_is_refused_with_its_reason() {
    let policy = without_benefit();
    let asked = facts(&person(PersonGroup::Adult), &of_class_b(100));
    let reason = |facts: &SplitFacts| policy.split(facts).unwrap_err().causes[0].reason;
    let in_parts = SplitFacts { bill: stay("B1", "2022-03-01", 100), ..asked.clone() };
    assert_eq!(reason(&in_parts), Reason::LinesNeeded);
    let early =
        SplitFacts { bill: Bill { from: "2019-01-01".parse().unwrap(), ..asked.bill.clone() }, ..asked.clone() };
    let early = SplitFacts { bill: Bill { to: early.bill.from, ..early.bill }, ..early };
    assert_eq!(reason(&early), Reason::NoValue);
    assert_eq!(reason(&SplitFacts { group: PersonGroup::Retired, ..asked.clone() }), Reason::WrongGroup);
    let short = SplitFacts { bill: Bill { total: Fen::new(1), ..asked.bill.clone() }, ..asked.clone() };
    assert_eq!(reason(&short), Reason::SumMismatch);
    assert_eq!(reason(&SplitFacts { division: "110000".parse().unwrap(), ..asked }), Reason::UnknownDivision);
}

#[test]
fn a_refusal_of_the_shipped_packs_names_its_clause() {
    let asked = facts(&person(PersonGroup::Adult), &of_class_b(100));
    let unknown = SHIPPED.split(&SplitFacts { division: "110000".parse().unwrap(), ..asked }).unwrap_err();
    assert_eq!(unknown.causes[0].reason, Reason::UnknownDivision);
    assert!(!unknown.causes[0].cite.is_empty(), "{unknown:?}");
}
