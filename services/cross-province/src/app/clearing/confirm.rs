//! A place of insurance confirms a row of a sheet.

use ::pb::cross_province::v1 as pb;
use crossing::clearing::{Act, Month, RowAct};
use money::Fen;
use rpc::Fault;
use store::idempotency::Call;
use store::{Attempts, Tx};
use terms::Division;

use super::{once, period, row, say};
use crate::app::{App, Problem};
use crate::store::clearing::{Lock, periods, sheets};

/// Confirms what the row comes to.
///
/// # Errors
/// `NOT_FOUND`: no such row; `WRONG_STATE`: it is confirmed, or another than the caller has seen.
pub(crate) async fn confirm(
    app: &App,
    call: &Call,
    (month, care, insured): (Month, Division, Division),
    cleared: Fen,
) -> Result<pb::ConfirmSheetResponse, Problem> {
    let work = |tx: Tx| async move {
        period(&tx, month, Lock::Shared, Act::Confirm).await?;
        let mut row = row(&tx, month, care, insured).await?;
        if row.row.cleared() != cleared {
            let fault = Fault::wrong_state("other_amount", "the row comes to another amount: look at it again");
            return Err(fault.with("cleared_fen", row.row.cleared().get().to_string()).into());
        }
        row.state = row
            .state
            .after(RowAct::Confirm)
            .ok_or_else(|| Fault::wrong_state(row.state.word(), "the row is confirmed already"))?;
        sheets::keep(&tx, &row).await?;
        let about = format!("{care}, {} fen", cleared.get());
        periods::note(&tx, month, ("confirm", &insured.to_string(), &about), app.now()).await?;
        Ok(pb::ConfirmSheetResponse { row: Some(say::row(&row)) })
    };
    once(app, call, Attempts::default(), work).await
}
