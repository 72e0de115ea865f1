//! Takes lines, or parts of lines, out of a claim, and decides it and what comes after it anew.

use rpc::{Fault, Reason, Violation};
use store::idempotency::Call;
use terms::Name;

use super::book::{Adjusted, Because, put_on_record};
use super::plan::Edit;
use super::restate::restate;
use super::{Context, Trouble};
use crate::domain::{Cause, Desk, LineRefund, ReduceError, reduce};

/// Lines to refund.
#[derive(Clone, Debug)]
pub struct Refund {
    /// The call.
    pub call: Call,
    /// The claim.
    pub claim: Name,
    /// What is given back.
    pub lines: Vec<LineRefund>,
    /// Why.
    pub reason: String,
}

/// What a refund changed.
#[derive(Clone, Debug)]
pub struct Refunded {
    /// The claim itself.
    pub own: Box<Adjusted>,
    /// The claims after it.
    pub adjusted: Vec<Adjusted>,
}

pub(super) fn refund(context: &Context<'_>, desk: &mut Desk, refund: &Refund) -> Result<Refunded, Trouble> {
    let claim = desk.claims.get(&refund.claim).cloned();
    let claim = claim.ok_or_else(|| Fault::not_found("claim", refund.claim.as_str()))?;
    if !claim.stands() {
        return Err(Fault::wrong_state(claim.state.word(), "the claim is reversed").into());
    }
    let all: Vec<LineRefund> = claim.decided.refunds.iter().chain(&refund.lines).copied().collect();
    let bill = reduce(&claim.origin.bill, &all).map_err(|error| fault(&error, claim.state.word()))?;
    let year = desk.year(claim.person, claim.year);
    let edit = Edit { shrinks: Some((claim.clone(), bill, all)), ..Edit::default() };
    let restated = restate(context, desk, &year, &edit)?;
    let because = Because { cause: Cause::EarlierRefunded, claim: claim.id };
    let booked = put_on_record(context, desk, year, (&edit, restated), None, because)?;
    booked.put_on(desk);
    let mut adjusted = booked.adjusted;
    let own = adjusted.iter().position(|one| one.now.id == claim.id);
    let own = own.ok_or_else(|| Trouble::internal("a refunded claim was not decided anew"))?;
    Ok(Refunded { own: Box::new(adjusted.remove(own)), adjusted })
}

fn fault(error: &ReduceError, state: &str) -> Fault {
    match error {
        ReduceError::Exceeds { line, asked, left } => {
            let fault = Fault::new(Reason::RefundExceedsLine, format!("line {line} has less left than is given back"));
            let fault = fault.with("line", line.to_string()).with("left_fen", left.get().to_string());
            fault.with("asked_fen", asked.get().to_string())
        }
        ReduceError::UnknownLine { line } => Fault::invalid(vec![Violation {
            field: "lines.line".to_owned(),
            found: line.to_string(),
            expected: "the place of a line in the bill as first settled, from 0".to_owned(),
        }]),
        ReduceError::Quantity { line } => Fault::invalid(vec![Violation {
            field: "lines.quantity".to_owned(),
            found: format!("for line {line} none, or one that leaves nothing"),
            expected: "a quantity that leaves some of the line, or an amount that is whole units of its price"
                .to_owned(),
        }]),
        ReduceError::NoLines => Fault::wrong_state(state, "the bill came in parts and has no lines"),
        ReduceError::Everything => {
            Fault::wrong_state(state, "nothing of the bill would be left; reverse it with ReverseClaim")
        }
    }
}
