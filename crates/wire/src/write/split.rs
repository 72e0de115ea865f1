use pb::settlement::v1 as settlement_pb;
use policy::{Policy, Split};

use super::citation::clauses;
use super::decision::line;
use super::facts::parts;
use super::plain::date;
use super::step::Sources;

/// A split of a place of care, under the policy version that made it, without what its catalogue said and without its hash.
#[must_use]
pub fn split(policy: &Policy, split: &Split) -> settlement_pb::Split {
    let mut sources = Sources::new(Some(policy).filter(|policy| policy.version() == split.version));
    let steps = split.steps.iter().map(|step| sources.step(step, 0)).collect();
    settlement_pb::Split {
        parts: Some(parts(&split.parts)),
        lines: split.lines.iter().map(line).collect(),
        steps,
        policy_version: split.version.to_string(),
        rules_date: date(split.date),
        clauses: clauses(policy, sources.cited()),
        citations: sources.into_citations(),
        ..settlement_pb::Split::default()
    }
}
