//! Takes a claim out of its year, whole; what comes after it is decided anew.

use rpc::{Fault, Reason};
use store::idempotency::{Call, Kept};
use terms::Name;

use super::book::{Adjusted, Because, Recorded, put_on_record};
use super::plan::Edit;
use super::restate::restate;
use super::{Context, Trouble};
use crate::domain::{Cause, Claim, Desk, Reversal};

/// Which claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Original {
    /// By its id.
    Claim(Name),
    /// By the call it was settled with, where the caller never got its id.
    Call(Call),
}

/// A claim to reverse.
#[derive(Clone, Debug)]
pub struct Reverse {
    /// The call.
    pub call: Call,
    /// Which claim.
    pub original: Original,
    /// The institution that billed.
    pub institution: Name,
    /// Why.
    pub reason: String,
}

/// What became of a reversal.
#[derive(Clone, Debug)]
pub enum Reversed {
    /// The claim was taken out; what it changed behind it.
    Claim(Box<Recorded>, Vec<Adjusted>),
    /// The original has not come; it is refused from now on.
    Ahead,
    /// The original was refused by the policy: there was nothing to reverse.
    WasRefused,
}

/// The calls about a bill that settle none.
const UNDOING: [&str; 2] = ["ReverseClaim", "RefundLines"];

/// The field of the call that stands for a key whose original is never to be settled.
pub(crate) const TOMBSTONE: &str = "tombstone";

/// The mark left under the key of an original that has not come.
pub(super) fn tombstone(original: &Call) -> Call {
    Call::new(original.caller(), original.key()).field(TOMBSTONE, "")
}

pub(super) fn reverse(
    context: &Context<'_>,
    desk: &mut Desk,
    reverse: &Reverse,
    kept: Option<&Kept>,
) -> Result<Reversed, Trouble> {
    let claim = match &reverse.original {
        Original::Claim(id) => desk.claims.get(id),
        Original::Call(call) => {
            desk.claims.values().find(|claim| claim.institution == reverse.institution && claim.key == call.key())
        }
    };
    let claim = claim.filter(|claim| claim.institution == reverse.institution).cloned();
    match (claim, &reverse.original) {
        (Some(claim), Original::Claim(id)) if claim.across().is_some() => {
            let message = "the bill came from another province: it is taken back at the place of care, so that both have the same";
            Err(Fault::wrong_state("cross_province", message).with("claim_id", id.as_str()).into())
        }
        (Some(claim), _) => take_out(context, desk, &claim, reverse),
        (None, Original::Claim(id)) => Err(Fault::not_found("claim", id.as_str()).into()),
        (None, Original::Call(call)) => {
            let Some(kept) = kept else {
                if !desk.writes.tombstones.contains(&tombstone(call)) {
                    desk.writes.tombstones.push(tombstone(call));
                }
                return Ok(Reversed::Ahead);
            };
            if let Some(other) = UNDOING.into_iter().find(|method| kept.says("method", method)) {
                let message = format!("the key was used by a call to {other}, which settles nothing");
                let fault = Fault::wrong_state("no_settlement", message);
                return Err(fault.with("original_key", call.key()).into());
            }
            Ok(if kept.has_field(TOMBSTONE) { Reversed::Ahead } else { Reversed::WasRefused })
        }
    }
}

fn take_out(context: &Context<'_>, desk: &mut Desk, claim: &Claim, reverse: &Reverse) -> Result<Reversed, Trouble> {
    if !claim.stands() {
        return Err(Fault::wrong_state(claim.state.word(), "the claim is reversed already").into());
    }
    let year = desk.year(claim.person, claim.year);
    let edit = Edit { goes: Some(claim.clone()), ..Edit::default() };
    let restated = restate(context, desk, &year, &edit)?;
    let because = Because { cause: Cause::EarlierReversed, claim: Some(claim.id) };
    let booked = put_on_record(context, desk, year, (&edit, restated), None, because)?;
    booked.put_on(desk);
    let (claim, reason) = (claim.id, reverse.reason.clone());
    desk.writes.reversals.push(Reversal { claim, key: reverse.call.key().to_owned(), reason, at: context.now });
    let gone = booked.gone.ok_or_else(|| Trouble::internal("a claim was taken out and is not gone"))?;
    Ok(Reversed::Claim(Box::new(gone), booked.adjusted))
}

/// The fault of a call whose reversal came first.
pub(super) fn reversed_before() -> Fault {
    Fault::new(Reason::ReversedBefore, "a reversal under this key came before; the bill is never settled under it")
}
