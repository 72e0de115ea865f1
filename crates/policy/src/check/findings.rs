//! What the probes found: of each kind at each place, the smallest example.

use std::collections::BTreeMap;

use money::Fen;

use super::benefit::Probe;
use crate::compile::words_of;
use crate::condition::{Fact, Situation};
use crate::pack::SourceId;
use crate::{Problem, Problems, Severity};

/// An example, before it is put into words.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) kind: &'static str,
    /// The row to look at.
    pub(super) source: SourceId,
    /// The cost of the example.
    pub(super) cost: Fen,
    pub(super) found: String,
    pub(super) expected: &'static str,
}

#[derive(Debug, Default)]
pub(super) struct Findings(BTreeMap<(String, usize, usize, &'static str), (Fen, Problem)>);

impl Findings {
    pub(super) fn add(&mut self, probe: &Probe<'_>, finding: Finding) {
        let Some(citation) = probe.policy.citation(finding.source) else { return };
        let key = (citation.file.clone(), citation.line, citation.column, finding.kind);
        if self.0.get(&key).is_some_and(|(cost, _)| *cost <= finding.cost) {
            return;
        }
        let problem = Problem {
            file: citation.file.clone(),
            line: citation.line,
            column: citation.column,
            severity: Severity::Warning,
            kind: finding.kind,
            found: finding.found,
            expected: finding.expected.to_owned(),
        };
        self.0.insert(key, (finding.cost, problem));
    }

    pub(super) fn into_problems(self, problems: &mut Problems) {
        for (_, problem) in self.0.into_values() {
            problems.add(problem);
        }
    }
}

/// The place, the day and the words of a situation, but for those of `without`.
pub(super) fn where_and_when(probe: &Probe<'_>, situation: &Situation<'_>, without: u128) -> String {
    let benefit = probe.benefit;
    let place = format!("{} {}.{} on {}", probe.division, benefit.scheme, benefit.care, probe.date);
    let fixed = benefit.scheme.bit() | benefit.care.bit();
    let mut words: Vec<String> = words_of(situation.bits & !fixed & !without).into_iter().map(str::to_owned).collect();
    if situation.age > 0 {
        words.push(format!("age {}", situation.age));
    }
    if !situation.disease.is_empty() {
        words.push(format!("disease_{}", situation.disease));
    }
    words.extend(situation.plans.iter().map(|plan| format!("plan_{plan}")));
    if words.is_empty() { place } else { format!("{place}, {}", words.join(" & ")) }
}
