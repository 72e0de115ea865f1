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
    let bill = reduce(&claim.origin.bill, &all).map_err(|errors| fault(&errors, &refund.lines, claim.state.word()))?;
    let year = desk.year(claim.person, claim.year);
    let edit = Edit { shrinks: Some((claim.clone(), bill, all)), ..Edit::default() };
    let restated = restate(context, desk, &year, &edit)?;
    let because = Because { cause: Cause::EarlierRefunded, claim: Some(claim.id) };
    let booked = put_on_record(context, desk, year, (&edit, restated), None, because)?;
    booked.put_on(desk);
    let mut adjusted = booked.adjusted;
    let own = adjusted.iter().position(|one| one.now.id == claim.id);
    let own = own.ok_or_else(|| Trouble::internal("a refunded claim was not decided anew"))?;
    Ok(Refunded { own: Box::new(adjusted.remove(own)), adjusted })
}

/// What the caller is told: what is wrong with the fields of all lines at once, else the first thing that stands against it.
fn fault(errors: &[ReduceError], lines: &[LineRefund], state: &str) -> Fault {
    let violations: Vec<Violation> = errors.iter().filter_map(|error| violation(error, lines)).collect();
    if !violations.is_empty() {
        return Fault::invalid(violations);
    }
    match errors.first() {
        Some(ReduceError::Exceeds { line, asked, left }) => {
            let fault = Fault::new(Reason::RefundExceedsLine, format!("line {line} has less left than is given back"));
            let fault = fault.with("line", line.to_string()).with("left_fen", left.get().to_string());
            fault.with("asked_fen", asked.get().to_string())
        }
        Some(ReduceError::NoLines) => Fault::wrong_state(state, "the bill came in parts and has no lines"),
        _ => Fault::wrong_state(state, "nothing of the bill would be left; reverse it with ReverseClaim"),
    }
}

fn violation(error: &ReduceError, lines: &[LineRefund]) -> Option<Violation> {
    let field = |line: &usize, name: &str| {
        let at = lines.iter().position(|refund| refund.line == *line).unwrap_or_default();
        format!("lines[{at}].{name}")
    };
    match error {
        ReduceError::UnknownLine { line } => Some(Violation {
            field: field(line, "line"),
            found: line.to_string(),
            expected: "the place of a line in the bill as first settled, from 0".to_owned(),
        }),
        ReduceError::Quantity { line } => Some(Violation {
            field: field(line, "quantity"),
            found: format!(
                "for line {line} none that fits, or all of the line for a part of its amount, or a part for all"
            ),
            expected:
                "a quantity that leaves some of the line, or an amount that is whole units of its price, or all of both"
                    .to_owned(),
        }),
        ReduceError::Unequal { line, quantity, asked, worth } => Some(Violation {
            field: field(line, "amount_fen"),
            found: asked.get().to_string(),
            expected: format!("{} fen, what a quantity of {quantity} costs at the price of line {line}", worth.get()),
        }),
        ReduceError::Exceeds { .. } | ReduceError::NoLines | ReduceError::Everything => None,
    }
}
