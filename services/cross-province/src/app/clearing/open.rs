//! Opens a month, and closes it.

use ::pb::cross_province::v1 as pb;
use crossing::clearing::{Act, Month, PeriodState, RowState};
use rpc::{Fault, Reason};
use store::Attempts;
use store::idempotency::Call;

use super::{once, period, say};
use crate::app::{App, Problem};
use crate::store::clearing::Lock;
use crate::store::clearing::periods::{self, Period};
use crate::store::clearing::sheets;

/// Opens a month for declaring.
///
/// # Errors
/// `DUPLICATE` where it is open; `WRONG_STATE` before it has begun, or where no timetable holds for it.
pub(crate) async fn open(
    app: &App,
    call: &Call,
    month: Month,
    officer: &str,
) -> Result<pb::OpenPeriodResponse, Problem> {
    let timetable = app.clearing.timetable(month)?;
    if Month::of(host::china_day(app.now())) < month {
        return Err(Fault::wrong_state("not_begun", "the month has not begun: nothing can be declared for it").into());
    }
    let work = |tx| async move {
        let new = Period {
            month,
            state: PeriodState::Declaring,
            days: timetable.deadlines(month),
            pay_until: None,
            receive_until: None,
            opened_at: app.now(),
        };
        if !periods::add(&tx, &new).await? {
            let fault = Fault::new(Reason::Duplicate, "the month is open already").with("month", month.to_string());
            return Err(fault.into());
        }
        periods::note(&tx, month, ("open", officer, ""), app.now()).await?;
        Ok(pb::OpenPeriodResponse { period: Some(say::period(&new)) })
    };
    once(app, call, Attempts::default(), work).await
}

/// Closes a month in which nothing is left to be paid.
///
/// # Errors
/// `WRONG_STATE` where something is; the metadata names the first row.
pub(crate) async fn close(
    app: &App,
    call: &Call,
    month: Month,
    officer: &str,
) -> Result<pb::ClosePeriodResponse, Problem> {
    let work = |tx| async move {
        let closed = period(&tx, month, Lock::Alone, Act::Close).await?;
        let rows = sheets::rows(&tx, month).await?;
        if let Some(left) = rows.iter().find(|row| row.state != RowState::Received) {
            let message = "something is not received yet: ReportPaid and ReportReceived first";
            let fault = Fault::wrong_state(left.state.word(), message);
            let fault = fault.with("care", left.care.to_string()).with("insured", left.insured.to_string());
            return Err(fault.into());
        }
        periods::keep(&tx, &closed).await?;
        periods::note(&tx, month, ("close", officer, ""), app.now()).await?;
        Ok(pb::ClosePeriodResponse { period: Some(say::period(&closed)) })
    };
    once(app, call, Attempts::default(), work).await
}
