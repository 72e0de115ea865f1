//! The levels of government bear the whole subsidy, no more and no less, in every case the rows distinguish.

use std::collections::BTreeSet;

use chrono::Datelike;
use money::Fen;
use terms::{College, CountyKind, PersonGroup, Scheme, Word};

use crate::pack::{PackDivision, Parameter};
use crate::{ContributionFacts, Policy, Problem, Problems, Reason, Severity};

const SUBSIDY: &str = "resident.contribution.subsidy";

/// Splits the subsidy of every cover year in which a division's own rows change something.
pub(super) fn check(policy: &Policy, problems: &mut Problems) {
    for division in policy.divisions() {
        let own = division.parameters.values().filter(|parameter| parameter.address.starts_with(SUBSIDY));
        let years: BTreeSet<i32> = own.flat_map(Parameter::dates).map(|date| date.year()).collect();
        for year in years {
            if let Some(found) = first_mismatch(policy, division, year) {
                complain(division, year, &found, problems);
                break;
            }
        }
    }
}

fn first_mismatch(policy: &Policy, division: &PackDivision, cover_year: i32) -> Option<String> {
    let groups = PersonGroup::ALL.iter().filter(|group| group.scheme() == Scheme::Resident);
    groups
        .flat_map(|group| CountyKind::ALL.iter().map(move |county| (*group, *county)))
        .flat_map(|(group, county)| College::ALL.iter().map(move |college| (group, county, *college)))
        .find_map(|(group, county, college)| {
            let facts = ContributionFacts {
                division: division.code,
                scheme: Scheme::Resident,
                cover_year,
                group,
                categories: Vec::new(),
                county,
                college,
                people: 1,
                premium_base: Fen::ZERO,
            };
            let refusal = policy.contribution(&facts).err()?;
            let cause = refusal.causes.into_iter().find(|cause| is_of_split(cause.reason, &cause.about))?;
            Some(format!("{} ({county}, {college}, {group})", cause.about))
        })
}

/// A missing premium or subsidy is no matter of the split.
fn is_of_split(reason: Reason, about: &str) -> bool {
    reason == Reason::NoValue && about.contains("of government")
}

fn complain(division: &PackDivision, year: i32, found: &str, problems: &mut Problems) {
    let at = division.parameters.values().find(|parameter| parameter.address.starts_with(SUBSIDY));
    let (file, line, column) =
        at.map_or((String::new(), 1, 1), |parameter| (parameter.file.clone(), parameter.line, parameter.column));
    problems.add(Problem {
        file,
        line,
        column,
        severity: Severity::Error,
        kind: "subsidy_split",
        found: format!("{found} in cover year {year}"),
        expected: "parts that add up to the subsidy, or one level that takes the \"rest\"".to_owned(),
    });
}
