//! Reversing and refunding.

use std::sync::Arc;

use money::Rate;
use pb::settlement::v1::reverse_claim_request::Original as Named;
use pb::settlement::v1::{
    RefundLinesRequest, RefundLinesResponse, ReversalEffect, ReverseClaimRequest, ReverseClaimResponse,
};
use prost::Message as _;
use rpc::{Fault, Violations};
use store::idempotency::Call;
use terms::Name;
use wire::read;

use super::Settlement;
use super::answer::{self, Form};
use super::call::{self, claims_of};
use super::submission::institution;
use crate::app::{Command, Done, Original, Refund, Refunded, Reverse, Reversed, store_fault};
use crate::domain::{LineRefund, Policies};
use crate::store as tables;

const REASON_CHARS_MAX: usize = 1_000;
const LINES_MOST: usize = 10_000;

impl Settlement {
    pub(super) async fn reverse(&self, request: ReverseClaimRequest) -> Result<ReverseClaimResponse, Fault> {
        let mut v = Violations::new();
        let command = reverse(&mut v, &request);
        let command = Command::Reverse(v.finish(command)?);
        let encode = Arc::new(|policies: &Policies, done: &Done| Ok(reversed(policies, done)?.encode_to_vec()));
        let bytes = self.one_stop.commit(command, false, encode).await?;
        ReverseClaimResponse::decode(bytes.as_slice()).map_err(Fault::internal)
    }

    pub(super) async fn refund(&self, request: RefundLinesRequest) -> Result<RefundLinesResponse, Fault> {
        let mut v = Violations::new();
        let asked = refund(&mut v, &request);
        let asked = v.finish(asked)?;
        // whose keys they are: a claim stays its institution's for ever, so that the same call finds the same keys
        let billed_by =
            tables::institution_of(self.bench.database.reader(), &asked.claim).await.map_err(store_fault)?;
        let billed_by = billed_by.ok_or_else(|| Fault::not_found("claim", asked.claim.as_str()))?;
        let command = Command::Refund(asked.of(billed_by.as_str(), &request));
        let encode = Arc::new(|policies: &Policies, done: &Done| Ok(refunded(policies, done)?.encode_to_vec()));
        let bytes = self.one_stop.commit(command, false, encode).await?;
        RefundLinesResponse::decode(bytes.as_slice()).map_err(Fault::internal)
    }
}

fn reverse(v: &mut Violations, request: &ReverseClaimRequest) -> Option<Reverse> {
    let key = read::key(v, "idempotency_key", &request.idempotency_key);
    let institution = institution(v, "institution_id", &request.institution_id);
    let reason = read::text(v, "reason", &request.reason, REASON_CHARS_MAX);
    let original = match v.required("original", request.original.as_ref(), "claim_id or original_key")? {
        Named::ClaimId(id) => read::id(v, "claim_id", id).map(Original::Claim),
        Named::OriginalKey(key) => read::key(v, "original_key", key)
            .map(|key| Original::Call(Call::new(&claims_of(&request.institution_id), &key))),
    };
    let (field, named) = match &request.original {
        Some(Named::ClaimId(id)) => ("claim_id", id),
        Some(Named::OriginalKey(key)) => ("original_key", key),
        None => return None,
    };
    if field == "original_key" && *named == request.idempotency_key {
        v.add("original_key", policy::printable(named), "the key of the original, which is not that of this call");
        return None;
    }
    let institution = institution?;
    let call = Call::new(&claims_of(institution.as_str()), &key?);
    let call = call.field("method", "ReverseClaim").field(field, named).field("reason", &request.reason);
    Some(Reverse { call, original: original?, institution, reason: reason? })
}

/// Lines to give back, before it is known whose claim they are of.
struct Asked {
    key: String,
    claim: Name,
    lines: Vec<LineRefund>,
    reason: String,
}

impl Asked {
    fn of(self, institution: &str, request: &RefundLinesRequest) -> Refund {
        let Self { key, claim, lines, reason } = self;
        let call = Call::new(&claims_of(institution), &key).field("method", "RefundLines");
        let call = call::refunded(call, &request.lines).field("claim_id", claim.as_str()).field("reason", &reason);
        Refund { call, claim, lines, reason }
    }
}

fn refund(v: &mut Violations, request: &RefundLinesRequest) -> Option<Asked> {
    let key = read::key(v, "idempotency_key", &request.idempotency_key);
    let claim = read::id(v, "claim_id", &request.claim_id);
    let reason = read::text(v, "reason", &request.reason, REASON_CHARS_MAX);
    if request.lines.is_empty() || request.lines.len() > LINES_MOST {
        v.add("lines", request.lines.len(), format!("1 to {LINES_MOST} lines"));
        return None;
    }
    let mut lines: Vec<LineRefund> = Vec::new();
    for (at, given) in request.lines.iter().enumerate() {
        v.within_item("lines", at, |v| {
            let line = given.line as usize;
            if lines.iter().any(|known| known.line == line) {
                v.add("line", line, "each line once");
            }
            if given.amount_fen <= 0 {
                v.add("amount_fen", given.amount_fen, "an amount above zero");
            }
            let amount = read::fen(v, "amount_fen", given.amount_fen.max(0));
            let quantity = match given.quantity.as_str() {
                "" => None,
                text => read::rate(v, "quantity", text),
            };
            if quantity.is_some_and(|quantity| quantity <= Rate::ZERO) {
                v.add("quantity", &given.quantity, "a quantity above zero, or nothing");
            }
            if let Some(amount) = amount {
                lines.push(LineRefund { line, amount, quantity });
            }
        });
    }
    Some(Asked { key: key?, claim: claim?, lines, reason: reason? })
}

fn reversed(policies: &Policies, done: &Done) -> Result<ReverseClaimResponse, Fault> {
    let form = Form::default();
    match done {
        Done::Reversed(Reversed::Claim(gone, adjusted), original) => {
            let policy = answer::policy_of(policies, &gone.claim.decided.decision)?;
            Ok(ReverseClaimResponse {
                reversed: true,
                claim: Some(answer::claim(policy, &gone.claim, form)?),
                entries: answer::entries(&gone.entries, gone.booked_at, form),
                adjustments: answer::adjustments(policies, adjusted, form)?,
                effect: ReversalEffect::Reversed.into(),
                original_key: original.clone(),
            })
        }
        Done::Reversed(nothing, original) => {
            let effect = match nothing {
                Reversed::WasRefused => ReversalEffect::OriginalWasRefused,
                _ => ReversalEffect::OriginalRefusedFromNowOn,
            };
            Ok(ReverseClaimResponse {
                effect: effect.into(),
                original_key: original.clone(),
                ..ReverseClaimResponse::default()
            })
        }
        _ => Err(Fault::internal("a reversal got the answer of another command")),
    }
}

fn refunded(policies: &Policies, done: &Done) -> Result<RefundLinesResponse, Fault> {
    let form = Form::default();
    let Done::Refunded(refunded) = done else {
        return Err(Fault::internal("a refund got the answer of another command"));
    };
    let Refunded { own, adjusted } = &**refunded;
    let policy = answer::policy_of(policies, &own.now.decided.decision)?;
    Ok(RefundLinesResponse {
        claim: Some(answer::claim(policy, &own.now, form)?),
        refund: Some(answer::adjustment(policies, own, form)?),
        adjustments: answer::adjustments(policies, adjusted, form)?,
    })
}
