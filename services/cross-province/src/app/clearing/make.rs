//! Makes the sheet of a month, and shows it.

use ::pb::cross_province::v1 as pb;
use crossing::clearing::{Act, Month, PeriodState};
use rpc::Fault;
use store::Tx;
use store::idempotency::Call;

use super::{MAKING, no_period, once, period, say};
use crate::app::{App, Problem};
use crate::store::clearing::{Lock, periods, sheets};

/// Makes it, where it is not made yet.
///
/// # Errors
/// `WRONG_STATE` before the last day of declaring while a place of care has not closed its declaration.
pub(crate) async fn make(
    app: &App,
    call: &Call,
    month: Month,
    officer: &str,
) -> Result<pb::MakeSheetResponse, Problem> {
    let work = |tx: Tx| async move {
        // alone: nobody declares, deducts, confirms or disputes beside
        let there = periods::get(&tx, month, Lock::Alone).await?.ok_or_else(|| no_period(month))?;
        if there.state != PeriodState::Declaring {
            let rows = sheets::rows(&tx, month).await?;
            return Ok(pb::MakeSheetResponse { sheet: Some(say::sheet(&there, &rows)) });
        }
        let made = period(&tx, month, Lock::Alone, Act::MakeSheet).await?;
        sheets::make(&tx, month).await?;
        let today = host::china_day(app.now());
        if today <= made.days.declare
            && let Some(care) = periods::not_closed(&tx, month).await?
        {
            let message = "a place of care has not closed its declaration, and may declare until the last day";
            return Err(Fault::wrong_state("declaring", message).with("care", care).into());
        }
        periods::keep(&tx, &made).await?;
        periods::note(&tx, month, ("make_sheet", officer, ""), app.now()).await?;
        let rows = sheets::rows(&tx, month).await?;
        Ok(pb::MakeSheetResponse { sheet: Some(say::sheet(&made, &rows)) })
    };
    once(app, call, MAKING, work).await
}

/// The sheet as it is; of a month that declares, as it would be now.
pub(crate) async fn show(app: &App, month: Month) -> Result<pb::ClearingSheet, Problem> {
    let reader = app.database.reader();
    let period = periods::get(reader, month, Lock::None).await?.ok_or_else(|| no_period(month))?;
    let rows = match period.state {
        PeriodState::Declaring => sheets::so_far(reader, month).await?,
        PeriodState::Sheet | PeriodState::Noticed | PeriodState::Closed => sheets::rows(reader, month).await?,
    };
    Ok(say::sheet(&period, &rows))
}
