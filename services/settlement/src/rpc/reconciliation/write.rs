//! Reconciliations and differences, as replies.

use pb::settlement::v1::{
    Claim as ClaimPb, Difference, DifferenceKind, ReconcileTotalsResponse, Reconciliation as ReconciliationPb,
    ReconciliationState, TheirClaim as TheirClaimPb, Totals as TotalsPb, TotalsComparison,
};
use prost::Message as _;
use rpc::Fault;

use super::super::answer;
use crate::domain::Claim;
use crate::domain::reconcile::{Kind, TheirClaim, Totals};
use crate::store::{Reconciliation, Stored, bytes_of, sha256};

pub(super) fn totals(made: &Reconciliation) -> Vec<u8> {
    ReconcileTotalsResponse { reconciliation: Some(reconciliation(made)) }.encode_to_vec()
}

pub(super) fn reconciliation(made: &Reconciliation) -> ReconciliationPb {
    let state = match made.differences {
        Some(_) => ReconciliationState::Classified,
        None if made.is_equal() => ReconciliationState::Equal,
        None => ReconciliationState::Different,
    };
    let groups = made.groups.iter().map(|group| TotalsComparison {
        theirs: group.theirs.as_ref().map(side),
        ours: group.ours.as_ref().map(side),
        equal: group.is_equal(),
        details: group.details.as_ref().map(side),
        unexplained: group.is_unexplained(),
    });
    let unexplained = made.groups.iter().filter(|group| group.is_unexplained()).count();
    ReconciliationPb {
        reconciliation_id: made.id.to_string(),
        institution_id: made.institution.to_string(),
        settled: Some(wire::write::period(made.settled)),
        state: state.into(),
        groups: groups.collect(),
        differences: made.differences.unwrap_or_default(),
        compared_at: Some(wire::write::moment(made.at)),
        groups_unexplained: u32::try_from(unexplained).unwrap_or(u32::MAX),
    }
}

fn side(side: &Totals) -> TotalsPb {
    TotalsPb {
        scheme: wire::write::word(side.scheme),
        care: wire::write::word(side.care),
        claims: side.claims,
        claims_reversed: side.claims_reversed,
        total_fen: side.amounts.total.get(),
        fund_fen: side.amounts.fund.get(),
        account_fen: side.amounts.account.get(),
        cash_fen: side.amounts.cash.get(),
    }
}

pub(super) fn theirs(claim: &TheirClaim) -> TheirClaimPb {
    TheirClaimPb {
        claim_id: claim.claim_id.clone(),
        bill_id: claim.bill_id.clone(),
        scheme: wire::write::word(claim.scheme),
        care: wire::write::word(claim.care),
        reversed: claim.is_reversed,
        total_fen: claim.amounts.total.get(),
        fund_fen: claim.amounts.fund.get(),
        account_fen: claim.amounts.account.get(),
        cash_fen: claim.amounts.cash.get(),
    }
}

/// A difference, with our claim out of those that were read for it.
pub(super) fn difference(one: &Stored, claims: &[Claim]) -> Result<Difference, Fault> {
    let kind = match one.kind {
        Kind::MissingThere => DifferenceKind::MissingThere,
        Kind::MissingHere => DifferenceKind::MissingHere,
        Kind::Amount => DifferenceKind::Amount,
        Kind::ReversedThere => DifferenceKind::ReversedThere,
        Kind::ReversedHere => DifferenceKind::ReversedHere,
        Kind::Group => DifferenceKind::Group,
        Kind::Claim => DifferenceKind::Claim,
    };
    let ours = one.ours.map(|(id, ..)| {
        let claim = claims.iter().find(|claim| claim.id == id);
        ours(claim.ok_or_else(|| Fault::internal("a claim of a difference is gone"))?)
    });
    Ok(Difference {
        kind: kind.into(),
        bill_id: one.bill.clone(),
        ours: ours.transpose()?,
        theirs: one.theirs.as_ref().map(theirs),
        advice_zh: one.advice.clone(),
    })
}

/// Our claim without decision and entries.
fn ours(claim: &Claim) -> Result<ClaimPb, Fault> {
    let facts = &claim.decided.facts;
    Ok(ClaimPb {
        claim_id: claim.id.to_string(),
        state: answer::state(claim.state).into(),
        kind: answer::kind(claim.kind).into(),
        person_id: claim.person.to_string(),
        institution_id: claim.institution.to_string(),
        visit_id: claim.visit.clone(),
        stay_id: claim.stay.clone(),
        bill: Some(wire::write::bill(&facts.bill, facts.person.use_account)),
        person_facts: Some(wire::write::person(&facts.person)),
        decision_sha256: sha256(&bytes_of(&claim.decided.decision).map_err(Fault::internal)?),
        revision: claim.decided.revision,
        catalogue_version: claim.origin.catalogue_version.clone(),
        year: u32::try_from(claim.year).unwrap_or_default(),
        idempotency_key: claim.key.clone(),
        settled_at: Some(wire::write::moment(claim.settled_at)),
        third_system: wire::write::third_system(claim.third_system()),
        ..ClaimPb::default()
    })
}
