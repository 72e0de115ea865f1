use pb::policy::v1 as policy_pb;
use policy::Problem;

use super::plain::count;
use crate::words;

/// One thing that is wrong with a pack, and where.
#[must_use]
pub fn problem(problem: &Problem) -> policy_pb::Problem {
    policy_pb::Problem {
        file: problem.file.clone(),
        line: count(problem.line),
        column: count(problem.column),
        severity: words::severity(problem.severity),
        kind: problem.kind.to_owned(),
        found: problem.found.clone(),
        expected: problem.expected.clone(),
    }
}
