//! Writes what hospitals are told.

use ::pb::settlement::v1::Split;
use crossing::{CareState, Lapse, Why};
use pb::cross_province::v1 as pb;
use pb::{CrossBill, CrossBillState, NotSettled, NotSettledWhy};
use prost::Message as _;
use wire::write;

use crate::domain::{CareRow, Shown};

/// A bill as the place of care has it.
pub(super) fn bill(row: &CareRow) -> CrossBill {
    let receipt = pb::Receipt::decode(row.receipt.as_slice()).ok().filter(|_| !row.receipt.is_empty());
    // it is shown as it was kept; what cannot be read is not shown
    let split = Split::decode(row.split.as_slice()).unwrap_or_default();
    let stands = matches!(row.bill.state, CareState::Settled { .. } | CareState::Reversing { .. });
    let receipt = receipt.filter(|_| stands).unwrap_or_default();
    let receipt_sha256 = match row.bill.state {
        CareState::Settled { receipt, .. } | CareState::Reversing { receipt } => hex::encode(receipt.message),
        _ => String::new(),
    };
    CrossBill {
        bill_id: row.bill.id.to_string(),
        state: state(row).into(),
        idempotency_key: row.key.clone(),
        institution_id: row.institution.to_string(),
        visit_id: row.visit.clone(),
        insured_id: row.prepare.insured_id.clone(),
        insured_division: row.prepare.insured_division.clone(),
        care_division: row.prepare.care_division.clone(),
        bill: row.prepare.bill.clone(),
        lines: split.lines,
        owed_fen: receipt.owed_fen,
        cash_fen: receipt.cash_fen,
        hospital_fen: receipt.hospital_fen,
        decision: receipt.decision,
        policy_version: receipt.policy_version,
        care_policy_version: row.prepare.care_policy_version.clone(),
        care_catalogue_version: row.prepare.care_catalogue_version.clone(),
        receipt_sha256,
        settled_date: receipt.settled_date,
        claim_id: receipt.claim_id,
        opened_at: Some(write::moment(row.opened_at)),
    }
}

/// Where it stands.
pub(super) const fn state(row: &CareRow) -> CrossBillState {
    match row.bill.state {
        CareState::New
        | CareState::Asking { .. }
        | CareState::Confirming { .. }
        | CareState::Cancelling { .. }
        | CareState::Reversing { .. } => CrossBillState::InProgress,
        CareState::Settled { .. } => CrossBillState::Settled,
        CareState::Refused(_) => CrossBillState::Refused,
        CareState::Lapsed(_) => CrossBillState::Lapsed,
        CareState::Reversed => CrossBillState::Reversed,
    }
}

/// The stored words of a state that callers ask for.
pub(super) fn words_of(state: CrossBillState) -> &'static [&'static str] {
    match state {
        CrossBillState::Unspecified => &[],
        CrossBillState::InProgress => &["asking", "confirming", "cancelling", "reversing"],
        CrossBillState::Settled => &["settled"],
        CrossBillState::Refused => &["refused"],
        CrossBillState::Lapsed => &["lapsed"],
        CrossBillState::Reversed => &["reversed"],
    }
}

/// Why it is not settled; none where it is, was, or is under way.
pub(super) fn not_settled(row: &CareRow) -> Option<NotSettled> {
    let (why, advice) = match row.bill.state {
        CareState::Refused(Why::Policy) => (NotSettledWhy::Refused, row.refusal.advice.as_str()),
        CareState::Refused(_) => (
            NotSettledWhy::Refused,
            "the place of insurance has another bill under this id: settle it under another key",
        ),
        CareState::Lapsed(Lapse::NoAnswer) => (
            NotSettledWhy::NoAnswer,
            "the place of insurance did not answer in time, and nothing was confirmed: settle it under another key, or let the \
             patient pay and claim at home",
        ),
        CareState::Lapsed(Lapse::Expired) => {
            (NotSettledWhy::Expired, "the offer was over before it was confirmed: settle it under another key")
        }
        CareState::Lapsed(Lapse::Limit) => (
            NotSettledWhy::Prepayment,
            "what the province of insurance has paid in advance is used up: the bureau asks it for more; the patient pays and \
             claims at home, or waits",
        ),
        CareState::Lapsed(Lapse::Changed) => {
            (NotSettledWhy::Changed, "the person's year changed with every attempt: settle it under another key")
        }
        CareState::Lapsed(Lapse::Cancelled) => (
            NotSettledWhy::Cancelled,
            "the bill was taken back before it was settled: it may be settled under another key",
        ),
        _ => return None,
    };
    Some(NotSettled {
        why: why.into(),
        refusal: row.refusal.refusal.clone(),
        advice: advice.to_owned(),
        bill_id: row.bill.id.to_string(),
    })
}

/// One event of a bill's history.
pub(super) fn event(shown: &Shown) -> pb::CrossBillEvent {
    pb::CrossBillEvent {
        number: shown.number,
        event: shown.event.clone(),
        state: shown.state.clone(),
        step: shown.step,
        happened_at: Some(write::moment(shown.at)),
    }
}
