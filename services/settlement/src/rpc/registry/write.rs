//! Writes publications, files, differences and problems.

use pb::policy::v1 as policy_pb;
use policy::show::VersionChange;
use policy::{PackFile, Problem};
use prost::Message as _;
use registry::Publication;

/// The most bytes of problems in one reply, well below the limit of a message.
const PROBLEM_BYTES_MAX: usize = 1 << 20;

pub(super) fn publication(publication: &Publication) -> policy_pb::Publication {
    policy_pb::Publication {
        publication_id: publication.id.clone(),
        policy_version: publication.version.to_string(),
        division: publication.division.to_string(),
        replaced_version: publication.replaced.map(|version| version.to_string()).unwrap_or_default(),
        operator_id: publication.operator.clone(),
        reason: publication.reason.clone(),
        source: publication.source.clone(),
        published_at: Some(wire::write::moment(publication.at)),
        rolled_forward: publication.rolled_forward,
    }
}

pub(super) fn file(file: PackFile) -> policy_pb::StreamVersionResponse {
    let PackFile { path, text } = file;
    policy_pb::StreamVersionResponse { file: Some(policy_pb::PackFile { path, text }) }
}

pub(super) fn change(change: VersionChange) -> policy_pb::ParameterChange {
    policy_pb::ParameterChange {
        division: change.division.to_string(),
        address: change.address,
        row: change.row,
        from_date: wire::write::optional_date(change.from),
        value_before: change.before.unwrap_or_default(),
        value_after: change.after.unwrap_or_default(),
        cite: change.cite,
    }
}

/// As many problems as a reply holds, errors before warnings where not all fit, and how many were left off.
pub(super) fn problems(found: &[Problem]) -> (Vec<policy_pb::Problem>, u32) {
    let mut errors_first: Vec<&Problem> = found.iter().collect();
    errors_first.sort_by_key(|problem| problem.severity);
    let mut room = PROBLEM_BYTES_MAX;
    let mut kept: Vec<(&Problem, policy_pb::Problem)> = Vec::new();
    for problem in errors_first {
        let written = wire::write::problem(problem);
        let Some(left) = room.checked_sub(written.encoded_len()) else { break };
        room = left;
        kept.push((problem, written));
    }
    kept.sort_by_key(|(problem, _)| *problem);
    let left_off = found.len().saturating_sub(kept.len());
    (kept.into_iter().map(|(_, written)| written).collect(), u32::try_from(left_off).unwrap_or(u32::MAX))
}
