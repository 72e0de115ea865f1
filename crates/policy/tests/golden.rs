use std::fs;

use policy::case::{Answer, Question, read};
use policy::{Counts, MostPaid, Period, Policy};

use crate::support::{SHIPPED, cases, differences, root, toml_files};

#[test]
fn every_golden_case_comes_out_to_the_fen() {
    let cases = cases("tests/cases");
    assert!(cases.len() >= 120, "only {} golden cases", cases.len());
    let without: Vec<&str> =
        cases.iter().filter(|case| case.expected.is_empty()).map(|case| case.file.as_str()).collect();
    assert_eq!(without, [""; 0], "cases that expect nothing");
    let differences = differences(&SHIPPED, &cases);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_mechanism_variant_is_said_in_a_pack_and_comes_out_to_the_fen() {
    let mut found = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(root().join("tests/variants")).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let packs = toml_files(&folder.join("packs"));
        let policy = match Policy::compile(&packs) {
            Ok(policy) => policy,
            Err(problems) => {
                found.push(format!("{name}: the packs are refused:\n{problems}"));
                continue;
            }
        };
        for file in toml_files(&folder).iter().filter(|file| !file.path.starts_with("packs/")) {
            count += 1;
            match read(&file.path, &file.text) {
                Ok(case) => found.extend(differences(&policy, &[case]).iter().map(|line| format!("{name}/{line}"))),
                Err(problems) => found.push(format!("{name}/{problems}")),
            }
        }
    }
    assert!(count >= 80, "only {count} variant cases");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// A start of a year is held to this; so whatever a year itself counts must fit.
#[test]
fn deductible_and_costs_paid_on_are_parts_of_the_costs_that_were_looked_at() {
    let mut seen = 0;
    for case in cases("tests/cases") {
        let (Question::Bills(bills), Answer::Bills { standing, .. }) = (&case.question, case.answer(&SHIPPED)) else {
            continue;
        };
        // what a case begins with may be told in part
        if !bills.accumulated.meters.is_empty() {
            continue;
        }
        let days = Period { from: "2000-01-01".parse().unwrap(), to: "2099-12-31".parse().unwrap() };
        let most = SHIPPED.most_paid(bills.person.division, days);
        for settled in standing.iter().filter_map(|(_, decision)| decision.settlement()) {
            for meter in &settled.accumulators.meters {
                let Counts { base, deductible, cost, .. } = meter.counts;
                if most.get(&meter.name).is_some_and(MostPaid::counts_parts_of_base) {
                    seen += 1;
                    assert!(deductible + cost <= base, "{}: {} {deductible} + {cost} > {base}", case.file, meter.name);
                }
            }
        }
    }
    assert!(seen >= 200, "only {seen} meters");
}
