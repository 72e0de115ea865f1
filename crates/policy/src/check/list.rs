//! The national list of what a place may set (SX-4, GX-10).

use terms::Category;

use crate::pack::{PackDivision, PackTree, Parameter};
use crate::{Problem, Problems, Severity};

/// Every parameter that is set and matches no pattern of a list of its chain. Without a list there is nothing to keep to.
pub(crate) fn national_list(tree: &PackTree, problems: &mut Problems) {
    for division in tree.divisions.values() {
        let chain = tree.chain(division.code);
        let lists: Vec<_> = chain.iter().filter_map(|division| division.list.as_ref()).collect();
        if lists.is_empty() {
            continue;
        }
        let patterns: Vec<(&str, &str)> = lists
            .iter()
            .flat_map(|list| list.parameters.iter().map(|pattern| (pattern.as_str(), list.file.as_str())))
            .collect();
        for parameter in division.parameters.values() {
            if !patterns.iter().any(|(pattern, _)| matches(pattern, &parameter.address)) {
                problems.add(off_list(parameter, &patterns));
            }
        }
    }
}

fn off_list(parameter: &Parameter, patterns: &[(&str, &str)]) -> Problem {
    let nearest = patterns.iter().rev().max_by_key(|(pattern, _)| likeness(pattern, &parameter.address));
    Problem {
        file: parameter.file.clone(),
        line: parameter.line,
        column: parameter.column,
        severity: Severity::Error,
        kind: "off_list",
        found: format!("the parameter {}, which is on no list", parameter.address),
        expected: nearest.map_or_else(
            || "nothing: the list is empty".to_owned(),
            |(pattern, file)| format!("a parameter of the list; nearest is {pattern:?} of {file}"),
        ),
    }
}

/// `*` stands for one part of an address, a last `**` for all that follow, at least one.
fn matches(pattern: &str, address: &str) -> bool {
    let mut parts = address.split('.');
    for wanted in pattern.split('.') {
        match parts.next() {
            Some(_) if wanted == "**" => return true,
            Some(part) if wanted == "*" || wanted == part => {}
            _ => return false,
        }
    }
    parts.next().is_none()
}

/// How much of an address a pattern shares: equal parts weigh most, then letters at the start and end of a part.
fn likeness(pattern: &str, address: &str) -> usize {
    let (ours, theirs): (Vec<&str>, Vec<&str>) = (pattern.split('.').collect(), address.split('.').collect());
    let alike: usize = ours.iter().zip(&theirs).map(|(one, other)| part_likeness(one, other)).sum();
    (1000 + alike).saturating_sub(40 * ours.len().abs_diff(theirs.len()))
}

fn part_likeness(one: &str, other: &str) -> usize {
    if one == other {
        return 100;
    }
    if one.starts_with('*') {
        return 30;
    }
    let same = |(a, b): &(char, char)| a == b;
    let start = one.chars().zip(other.chars()).take_while(same).count();
    let end = one.chars().rev().zip(other.chars().rev()).take_while(same).count();
    (8 * (start + end)).min(90)
}

/// The order of poverty of the nearest division that states one.
pub(super) fn poorer_first(chain: &[&PackDivision]) -> Vec<Vec<Category>> {
    let mut lists = chain.iter().filter_map(|division| division.list.as_ref());
    lists.find(|list| !list.poorer_first.is_empty()).map(|list| list.poorer_first.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_one_part_and_two_stars_are_all_that_follow() {
        assert!(matches("resident.*.pooled.*", "resident.inpatient.pooled.ratio"));
        assert!(!matches("resident.*.pooled.*", "resident.pooled.ratio"));
        assert!(!matches("resident.*", "resident.inpatient.pooled.ratio"));
        assert!(matches("resident.**", "resident.inpatient.pooled.ratio"));
        assert!(!matches("resident.inpatient.**", "resident.inpatient"));
    }
}
