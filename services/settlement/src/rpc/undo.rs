//! Reversing and refunding.

use pb::settlement::v1::reverse_claim_request::Original as Named;
use pb::settlement::v1::{RefundLinesRequest, RefundLinesResponse, ReverseClaimRequest, ReverseClaimResponse};
use prost::Message as _;
use rpc::{Fault, Violations};
use store::idempotency::Call;
use wire::read;

use super::Settlement;
use super::answer::{self, Form};
use super::call::claims_of;
use super::submission::institution;
use crate::app::{Command, Done, Original, Refund, Refunded, Reverse, Reversed, Work};
use crate::domain::{LineRefund, Policies};

const REASON_CHARS_MAX: usize = 1_000;
const LINES_MOST: usize = 10_000;

impl Settlement {
    pub(super) async fn reverse(&self, request: ReverseClaimRequest) -> Result<ReverseClaimResponse, Fault> {
        let mut v = Violations::new();
        let command = reverse(&mut v, &request);
        let command = Command::Reverse(v.finish(command)?);
        let work = Work { command, encode: Box::new(|policies, done| Ok(reversed(policies, done)?.encode_to_vec())) };
        let bytes = self.committer.commit(work).await?;
        ReverseClaimResponse::decode(bytes.as_slice()).map_err(Fault::internal)
    }

    pub(super) async fn refund(&self, request: RefundLinesRequest) -> Result<RefundLinesResponse, Fault> {
        let mut v = Violations::new();
        let command = refund(&mut v, &request);
        let command = Command::Refund(v.finish(command)?);
        let work = Work { command, encode: Box::new(|policies, done| Ok(refunded(policies, done)?.encode_to_vec())) };
        let bytes = self.committer.commit(work).await?;
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
    let institution = institution?;
    let named = match &request.original {
        Some(Named::ClaimId(id)) => format!("claim {id}"),
        Some(Named::OriginalKey(key)) => format!("key {key}"),
        None => String::new(),
    };
    let call = Call::new(&format!("reversals/{institution}"), &key?);
    let call = call.field("method", "ReverseClaim").field("original", named).field("reason", &request.reason);
    Some(Reverse { call, original: original?, institution, reason: reason? })
}

fn refund(v: &mut Violations, request: &RefundLinesRequest) -> Option<Refund> {
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
            if let Some(amount) = amount {
                lines.push(LineRefund { line, amount, quantity });
            }
        });
    }
    let call = Call::new("refunds", &key?).field("method", "RefundLines").field("claim_id", &request.claim_id);
    let given = RefundLinesRequest { lines: request.lines.clone(), ..RefundLinesRequest::default() };
    let call = call.field("lines", given.encode_to_vec()).field("reason", &request.reason);
    Some(Refund { call, claim: claim?, lines, reason: reason? })
}

fn reversed(policies: &Policies, done: &Done) -> Result<ReverseClaimResponse, Fault> {
    let form = Form::default();
    match done {
        Done::Reversed(Reversed::Claim(gone, adjusted)) => {
            let policy = answer::policy_of(policies, &gone.claim.decided.decision)?;
            Ok(ReverseClaimResponse {
                reversed: true,
                claim: Some(answer::claim(policy, &gone.claim, form)?),
                entries: answer::entries(&gone.entries, gone.booked_at, form),
                adjustments: answer::adjustments(policies, adjusted, form)?,
            })
        }
        Done::Reversed(Reversed::Nothing) => Ok(ReverseClaimResponse::default()),
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
