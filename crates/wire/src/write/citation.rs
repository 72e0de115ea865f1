use std::collections::BTreeMap;

use pb::policy::v1 as policy_pb;
use policy::{Citation, Clause, Policy, Refusal};

use super::plain::{count, date, optional_date};
use crate::words;

/// Where a value stands.
#[must_use]
pub fn citation(citation: &Citation) -> policy_pb::Citation {
    policy_pb::Citation {
        cite: citation.cite.clone(),
        mark: words::mark(citation.mark),
        source: citation.source.clone().unwrap_or_default(),
        note: citation.note.clone().unwrap_or_default(),
        from_date: date(citation.from),
        until_date: optional_date(citation.until),
        division: citation.division.to_string(),
        address: citation.address.clone(),
        row: citation.row.clone(),
        value: citation.value.clone(),
        file: citation.file.clone(),
        line: count(citation.line),
        column: count(citation.column),
    }
}

/// What a clause id means.
#[must_use]
pub fn clause(clause: &Clause) -> policy_pb::Clause {
    policy_pb::Clause {
        clause_id: clause.id.clone(),
        document: clause.document.clone(),
        place: clause.place.clone(),
        zh: clause.zh.clone(),
        en: clause.en.clone(),
    }
}

/// What clause ids mean, each once, in order of id; those the policy does not know are left out.
pub(super) fn clauses<'a>(policy: &Policy, ids: impl Iterator<Item = &'a String>) -> Vec<policy_pb::Clause> {
    let known: BTreeMap<&str, &Clause> =
        ids.filter_map(|id| policy.clause(id).map(|clause| (id.as_str(), clause))).collect();
    known.into_values().map(clause).collect()
}

/// One reason of a "no", or why an amount is not known.
pub(super) fn cause(cause: &policy::Cause) -> policy_pb::Cause {
    policy_pb::Cause { reason: words::reason(cause.reason), about: cause.about.clone(), cite: cause.cite.clone() }
}

/// A "no", with what its clauses mean under the policy at hand.
#[must_use]
pub fn refusal(policy: &Policy, refusal: &Refusal) -> policy_pb::Refusal {
    policy_pb::Refusal {
        causes: refusal.causes.iter().map(cause).collect(),
        clauses: clauses(policy, refusal.causes.iter().flat_map(|cause| &cause.cite)),
    }
}
