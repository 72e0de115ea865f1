//! Parameters that stand beside the benefits: combinations that no row covers, and layers that no stack names.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use terms::{Care, Filing, Name, PersonGroup, Scheme, Word};

use super::universe::{combinations, groups_of, words_of};
use crate::condition::{DIMENSIONS, Fact, Situation};
use crate::pack::{Combine, Home, Kind, PackDivision, PackTree, Parameter, Value};
use crate::{Problem, Problems, Severity};

/// Checks contribution, waiting, watch list, one-stop settlement and applications, and every layer's name.
pub(crate) fn check_all_beside(tree: &PackTree, problems: &mut Problems) {
    for division in tree.divisions.values() {
        let named = named_below(tree, division);
        for parameter in division.parameters.values() {
            match parameter.spec.home {
                Home::Contribution | Home::Waiting | Home::Watch | Home::OneStop | Home::Application
                    if parameter.spec.combine == Combine::One =>
                {
                    check_gaps(parameter, problems);
                }
                Home::Application if parameter.spec.kind == Kind::Payer => {
                    check_keeper(tree, division, parameter, problems);
                }
                Home::CrossProvince if parameter.spec.kind == Kind::List => {
                    check_names(tree, division, parameter, problems);
                }
                Home::Layer if !is_named(&parameter.address, &named) => {
                    let found = format!("the parameter {}, whose layer no stack names", parameter.address);
                    let expected = "a stack, here or below, that names the layer";
                    complain(problems, parameter, (Severity::Warning, "unused"), found, expected);
                }
                _ => {}
            }
        }
    }
}

/// Whether a list names kinds of filing, or disease groups, that there are.
fn check_names(tree: &PackTree, division: &PackDivision, parameter: &Parameter, problems: &mut Problems) {
    let chain = tree.chain(division.code);
    let is_disease = |name: &Name| chain.iter().any(|division| division.diseases.contains_key(name));
    let is_filing =
        |name: &str| Filing::from_word(name).is_ok_and(|filing| !matches!(filing, Filing::AtHome | Filing::Unfiled));
    let expected = match parameter.spec.name {
        "diseases" => "groups of diseases.toml",
        "precedence" => "kinds of filing: long_term, referred, emergency, temporary",
        _ => return,
    };
    for value in parameter.rows.iter().flat_map(|row| &row.dated).map(|dated| &dated.value) {
        let Value::List(names) = value else { continue };
        for name in names {
            let is_known = if parameter.spec.name == "diseases" { is_disease(name) } else { is_filing(name.as_str()) };
            if !is_known {
                let found = format!("{name:?} of {}", parameter.address);
                complain(problems, parameter, (Severity::Error, "unknown_name"), found, expected);
            }
        }
    }
}

/// Whether what is paid beside the bills is paid by a fund that medical assistance keeps: nobody else could pay it.
fn check_keeper(tree: &PackTree, division: &PackDivision, parameter: &Parameter, problems: &mut Problems) {
    let chain = tree.chain(division.code);
    let is_kept = |name: &str| {
        let found = chain.iter().find_map(|division| division.payers.get(name));
        found.is_some_and(|payer| payer.held_by.is_some())
    };
    for value in parameter.rows.iter().flat_map(|row| &row.dated).map(|dated| &dated.value) {
        if let Value::Word(word) = value
            && !is_kept(word)
        {
            let found = format!("{word:?} of {}", parameter.address);
            complain(
                problems,
                parameter,
                (Severity::Error, "unknown_name"),
                found,
                "a fund of payers.toml with held_by",
            );
        }
    }
}

/// The first day on which a combination of the named dimensions has no row.
fn check_gaps(parameter: &Parameter, problems: &mut Problems) {
    let days: BTreeSet<NaiveDate> = parameter.dates().collect();
    for day in days {
        let rows: Vec<_> = parameter.rows.iter().filter(|row| row.on(day).is_some()).collect();
        if rows.is_empty() {
            continue;
        }
        let named = rows.iter().fold(0, |named, row| named | row.condition.named);
        let dimensions = DIMENSIONS.iter().enumerate().filter(|(at, _)| named & (1 << at) != 0);
        let lists: Vec<Vec<u128>> = dimensions
            .map(|(_, dimension)| (dimension.bits)().iter().map(|(_, bit)| *bit).collect::<Vec<_>>())
            .map(|words| words.into_iter().filter(|bit| *bit & outside(&parameter.address) == 0).collect())
            .collect();
        let missing = combinations(&lists).into_iter().find(|bits| {
            let situation = Situation::new(*bits, &[]);
            !rows.iter().any(|row| row.condition.holds(&situation))
        });
        if let Some(bits) = missing {
            let words = words_of(bits).join(" & ");
            let found = format!("no row of {} for {words:?} on {day}", parameter.address);
            complain(problems, parameter, (Severity::Error, "gap"), found, "a row that covers it, or all");
            return;
        }
    }
}

/// The words that the address rules out.
fn outside(address: &str) -> u128 {
    let scheme = address.split('.').next().and_then(|word| Scheme::from_word(word).ok());
    scheme.map_or(0, |scheme| (Scheme::MASK & !scheme.bit()) | (PersonGroup::MASK & !groups_of(scheme)))
}

/// Scheme (or both), kind of care and layer, as stacks of this division, those above and those below name them.
fn named_below(tree: &PackTree, division: &PackDivision) -> BTreeSet<(String, String, String)> {
    let below = tree.divisions.values().map(|other| tree.chain(other.code));
    let ours = below.filter(|chain| chain.iter().any(|other| other.code == division.code));
    let mut named = BTreeSet::new();
    for stack in ours.flatten().flat_map(|other| other.parameters.values()).filter(|found| found.spec.name == "stack") {
        let mut parts = stack.address.split('.').map(str::to_owned);
        let (scheme, care) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        for dated in stack.rows.iter().flat_map(|row| row.dated.iter()) {
            if let Value::List(layers) = &dated.value {
                named.extend(layers.iter().map(|layer| (scheme.clone(), care.clone(), layer.to_string())));
            }
        }
    }
    named
}

fn is_named(address: &str, named: &BTreeSet<(String, String, String)>) -> bool {
    let parts: Vec<&str> = address.split('.').collect();
    let (scheme, care, layer) = match parts.as_slice() {
        [scheme, care, layer, _] => (*scheme, Some(*care), *layer),
        [scheme, layer, _] => (*scheme, None, *layer),
        _ => return true,
    };
    let care = care.filter(|care| Care::from_word(care).is_ok());
    named.iter().any(|(of_scheme, of_care, name)| {
        name == layer
            && (of_scheme == scheme || of_scheme == "common" || scheme == "common")
            && care.is_none_or(|care| care == of_care)
    })
}

fn complain(
    problems: &mut Problems,
    parameter: &Parameter,
    (severity, kind): (Severity, &'static str),
    found: String,
    expected: &str,
) {
    problems.add(Problem {
        file: parameter.file.clone(),
        line: parameter.line,
        column: parameter.column,
        severity,
        kind,
        found,
        expected: expected.to_owned(),
    });
}
