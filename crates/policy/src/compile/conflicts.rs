//! Two rows of equal rank in force on one day, and conditions that name what nobody declares.

use std::collections::BTreeSet;

use terms::Name;

use crate::pack::{Combine, PackDivision, PackTree, Parameter, Row, Value};
use crate::{Problem, Problems, Severity};

/// Checks every parameter of every division.
pub(crate) fn check_all_conflicts(tree: &PackTree, problems: &mut Problems) {
    for division in tree.divisions.values() {
        let diseases = known_diseases(tree, division);
        for parameter in division.parameters.values() {
            check_parameter(parameter, problems);
            check_diseases(parameter, &diseases, problems);
        }
    }
}

fn known_diseases(tree: &PackTree, division: &PackDivision) -> BTreeSet<Name> {
    tree.chain(division.code).iter().flat_map(|division| division.diseases.keys().copied()).collect()
}

fn check_diseases(parameter: &Parameter, known: &BTreeSet<Name>, problems: &mut Problems) {
    for row in &parameter.rows {
        let named = row.condition.more.iter().flat_map(|more| more.diseases.iter());
        for disease in named.filter(|disease| !known.contains(*disease)) {
            complain(
                problems,
                parameter,
                row,
                "unknown_name",
                format!("the disease group {disease:?}"),
                "a group of diseases.toml here or above".to_owned(),
            );
        }
    }
}

fn check_parameter(parameter: &Parameter, problems: &mut Problems) {
    for (at, first) in parameter.rows.iter().enumerate() {
        for second in parameter.rows.iter().skip(at + 1) {
            let at_once = first.condition.rank() == second.condition.rank() && first.condition.meets(&second.condition);
            let adds_up = parameter.spec.combine == Combine::All && first.condition != second.condition;
            if at_once && !adds_up {
                check_days(parameter, first, second, problems);
            }
        }
    }
}

fn check_days(parameter: &Parameter, first: &Row, second: &Row, problems: &mut Problems) {
    let days = first.dated.iter().chain(&second.dated).map(|dated| dated.from);
    let set = |row: &Row, day| row.on(day).is_some_and(|dated| dated.value != Value::Unset);
    let Some(day) = days.filter(|day| set(first, *day) && set(second, *day)).min() else {
        return;
    };
    let same = first.condition == second.condition;
    let (kind, found) = if same {
        (
            "overlap",
            format!(
                "the rows {:?} and {:?} of {}, which say the same condition, both in force on {day}",
                first.key, second.key, parameter.address
            ),
        )
    } else {
        (
            "equal_rank",
            format!(
                "the rows {:?} and {:?} of {}, which can hold at once with equal rank on {day}",
                first.key, second.key, parameter.address
            ),
        )
    };
    complain(
        problems,
        parameter,
        second,
        kind,
        found,
        "one of them to name one more dimension, or a row for both together".to_owned(),
    );
}

fn complain(
    problems: &mut Problems,
    parameter: &Parameter,
    row: &Row,
    kind: &'static str,
    found: String,
    expected: String,
) {
    problems.add(Problem {
        file: parameter.file.clone(),
        line: row.line,
        column: row.column,
        severity: Severity::Error,
        kind,
        found,
        expected,
    });
}
