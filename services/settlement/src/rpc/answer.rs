//! Writes claims, adjustments and what was booked.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use ledger::Entry;
use money::Fen;
use pb::settlement::v1 as settlement_pb;
use pb::r#type::v1::{EntryState, JournalEntry};
use policy::{Costs, Decision, Policy};
use rpc::Fault;
use terms::Division;

use crate::app::{Adjusted, Recorded};
use crate::domain::{Cause, Claim, Kind, Policies, State, Unlisted, UnlistedWhy};
use crate::store::{bytes_of, sha256};

/// How a claim is written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Form {
    /// Whether the decision's steps are wanted.
    pub(super) with_steps: bool,
    /// Whether it is one that would be, and has neither id nor time.
    pub(super) would_be: bool,
}

pub(super) fn state(state: State) -> settlement_pb::ClaimState {
    match state {
        State::Settled => settlement_pb::ClaimState::Settled,
        State::PartlyRefunded => settlement_pb::ClaimState::PartlyRefunded,
        State::Reversed => settlement_pb::ClaimState::Reversed,
    }
}

pub(super) fn cause(cause: Cause) -> settlement_pb::RevisionCause {
    match cause {
        Cause::Settled => settlement_pb::RevisionCause::Settled,
        Cause::EarlierReversed => settlement_pb::RevisionCause::EarlierReversed,
        Cause::EarlierRefunded => settlement_pb::RevisionCause::EarlierRefunded,
        Cause::EarlierAdded => settlement_pb::RevisionCause::EarlierAdded,
        Cause::Refunded => settlement_pb::RevisionCause::Refunded,
        Cause::StayEnded => settlement_pb::RevisionCause::StayEnded,
        Cause::StartCorrected => settlement_pb::RevisionCause::StartCorrected,
        Cause::PersonChanged => settlement_pb::RevisionCause::PersonChanged,
        Cause::ThirdFollowed => settlement_pb::RevisionCause::ThirdFollowed,
        Cause::LimitFreed => settlement_pb::RevisionCause::LimitFreed,
    }
}

pub(super) fn kind(kind: Kind) -> settlement_pb::ClaimKind {
    match kind {
        Kind::Direct => settlement_pb::ClaimKind::Direct,
        Kind::Interim => settlement_pb::ClaimKind::Interim,
        Kind::Reimbursed => settlement_pb::ClaimKind::Reimbursed,
    }
}

/// The policy that decided a claim.
pub(super) fn policy_of<'p>(policies: &'p Policies, decision: &Decision) -> Result<&'p Policy, Fault> {
    let policy = policies.get(&decision.version).map(AsRef::as_ref);
    policy.ok_or_else(|| Fault::internal("the policy of a decision is not at hand"))
}

/// A claim as it stands, without entries.
pub(super) fn claim(policy: &Policy, claim: &Claim, form: Form) -> Result<settlement_pb::Claim, Fault> {
    let decided = &claim.decided;
    let bytes = bytes_of(&decided.decision).map_err(Fault::internal)?;
    let facts = &decided.facts;
    let id = |text: &str| if form.would_be { String::new() } else { text.to_owned() };
    Ok(settlement_pb::Claim {
        claim_id: id(claim.id.as_str()),
        state: state(claim.state).into(),
        kind: kind(claim.kind).into(),
        person_id: claim.person.to_string(),
        institution_id: claim.institution.to_string(),
        visit_id: claim.visit.clone(),
        stay_id: claim.stay.clone(),
        bill: Some(wire::write::bill(&facts.bill, facts.person.use_account)),
        person_facts: Some(wire::write::person(&facts.person)),
        decision: Some(wire::write::decision(policy, &decided.decision, form.with_steps)),
        decision_sha256: sha256(&bytes),
        revision: decided.revision,
        catalogue_version: claim.origin.catalogue_version.clone(),
        year: u32::try_from(claim.year).unwrap_or_default(),
        place_in_year: 0,
        idempotency_key: id(&claim.key),
        settled_at: Some(wire::write::moment(claim.settled_at)).filter(|_| !form.would_be),
        entries: Vec::new(),
        third_system: wire::write::third_system(claim.third_system()),
        unlisted_lines: unlisted(claim),
    })
}

/// The lines whose item the catalogue does not have, with what to do about each.
fn unlisted(claim: &Claim) -> Vec<settlement_pb::UnlistedLine> {
    let division = claim.origin.care_division.unwrap_or(claim.decided.facts.person.division);
    unlisted_lines(
        &claim.origin.bill.costs,
        division,
        &claim.origin.unlisted,
        "reverse the claim and settle it set right",
    )
}

/// The same of a bill of which no claim is made yet; `mend` is what to do about a line that is wrong.
pub(super) fn unlisted_lines(
    costs: &Costs,
    division: Division,
    unlisted: &[Unlisted],
    mend: &str,
) -> Vec<settlement_pb::UnlistedLine> {
    let Costs::Lines(lines) = costs else { return Vec::new() };
    let write = |unlisted: &Unlisted| {
        let (why, what) = match unlisted.why {
            UnlistedWhy::UnknownItem => (settlement_pb::UnlistedWhy::UnknownItem, "has no such item on any day"),
            UnlistedWhy::NotOnDay => (settlement_pb::UnlistedWhy::NotOnDay, "has the item, and not on this day"),
        };
        settlement_pb::UnlistedLine {
            line: u32::try_from(unlisted.line).unwrap_or_default(),
            item: lines.get(unlisted.line).map(|line| line.item.clone()).unwrap_or_default(),
            on_date: wire::write::date(unlisted.on),
            why: why.into(),
            hint: format!(
                "the catalogue of {division} {what}: the person bears the line whole. Compare the code and the day with \
                 CatalogueService.ListItems; where one is wrong, {mend}; where the item is outside the catalogue, say so with \
                 empty terms"
            ),
        }
    };
    unlisted.iter().map(write).collect()
}

/// A claim with what was booked for it now.
pub(super) fn recorded(policies: &Policies, recorded: &Recorded, form: Form) -> Result<settlement_pb::Claim, Fault> {
    let policy = policy_of(policies, &recorded.claim.decided.decision)?;
    let mut written = claim(policy, &recorded.claim, form)?;
    written.entries = entries(&recorded.entries, recorded.booked_at, form);
    written.place_in_year = recorded.place;
    Ok(written)
}

/// Entries of the journal.
pub(super) fn entries(entries: &[Entry], at: DateTime<Utc>, form: Form) -> Vec<JournalEntry> {
    let write = |entry: &Entry| {
        let mut entry = wire::write::entry(entry, EntryState::Posted, at);
        if form.would_be {
            (entry.entry_id, entry.about_id, entry.booked_at) = (String::new(), String::new(), None);
        }
        entry
    };
    entries.iter().map(write).collect()
}

/// What a claim's shares changed by.
pub(super) fn adjustment(
    policies: &Policies,
    adjusted: &Adjusted,
    form: Form,
) -> Result<settlement_pb::Adjustment, Fault> {
    let (before, now) = (&adjusted.before.decided, &adjusted.now.decided);
    let mut payers = payments(policies, &now.decision)?;
    for (payer, paid) in payments(policies, &before.decision)? {
        *payers.entry(payer).or_default() -= paid;
    }
    let payers = payers.into_iter().filter(|(_, amount)| !amount.is_zero());
    let cash = |decision: &Decision| decision.settlement().map_or(Fen::ZERO, |settlement| settlement.shares.cash);
    let write =
        |decision: &Decision| policy_of(policies, decision).map(|policy| wire::write::decision(policy, decision, true));
    Ok(settlement_pb::Adjustment {
        claim_id: adjusted.now.id.to_string(),
        bill_id: adjusted.now.bill().id.to_string(),
        revision: now.revision,
        cause: cause(now.cause).into(),
        payers: payers
            .map(|(payer, amount)| settlement_pb::PayerDifference { payer, amount_fen: amount.get() })
            .collect(),
        cash_fen: (cash(&now.decision) - cash(&before.decision)).get(),
        before: Some(write(&before.decision)?),
        after: Some(write(&now.decision)?),
        entries: entries(&adjusted.entries, now.at, form),
    })
}

/// All of them, those that changed nothing but what is behind the amounts left out.
pub(super) fn adjustments(
    policies: &Policies,
    adjusted: &[Adjusted],
    form: Form,
) -> Result<Vec<settlement_pb::Adjustment>, Fault> {
    let changed = adjusted.iter().filter(|one| one.before.decided.decision.outcome != one.now.decided.decision.outcome);
    changed.map(|one| adjustment(policies, one, form)).collect()
}

/// An interim claim that the next settlement of its stay took in: all its shares are taken back.
pub(super) fn taken_in(policies: &Policies, gone: &Recorded, form: Form) -> Result<settlement_pb::Adjustment, Fault> {
    let decided = &gone.claim.decided;
    let payers = payments(policies, &decided.decision)?.into_iter();
    let cash = decided.decision.settlement().map_or(Fen::ZERO, |settlement| settlement.shares.cash);
    let policy = policy_of(policies, &decided.decision)?;
    Ok(settlement_pb::Adjustment {
        claim_id: gone.claim.id.to_string(),
        bill_id: gone.claim.bill().id.to_string(),
        revision: decided.revision,
        cause: settlement_pb::RevisionCause::StayEnded.into(),
        payers: payers
            .map(|(payer, paid)| settlement_pb::PayerDifference { payer, amount_fen: (-paid).get() })
            .collect(),
        cash_fen: (-cash).get(),
        before: Some(wire::write::decision(policy, &decided.decision, true)),
        after: None,
        entries: entries(&gone.entries, gone.booked_at, form),
    })
}

fn payments(policies: &Policies, decision: &Decision) -> Result<BTreeMap<String, Fen>, Fault> {
    let policy = policy_of(policies, decision)?;
    Ok(decision.settlement().map(|settlement| policy.payments(settlement)).unwrap_or_default())
}
