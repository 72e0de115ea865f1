//! Issues the notices of a month, and gives a province its own.

use ::pb::cross_province::v1 as pb;
use crossing::clearing::{Act, Month, RowAct};
use money::Fen;
use rpc::Fault;
use store::idempotency::Call;
use store::{Attempts, Tx};
use terms::Division;

use super::{no_period, once, period, say};
use crate::app::{App, Problem};
use crate::store::clearing::sheets::SheetRow;
use crate::store::clearing::{Lock, periods, sheets};

/// Issues them: from then on nothing of the month changes.
///
/// # Errors
/// `WRONG_STATE` while a row is not confirmed and silence does not confirm it yet.
pub(crate) async fn issue(
    app: &App,
    call: &Call,
    month: Month,
    officer: &str,
) -> Result<pb::IssueNoticesResponse, Problem> {
    let timetable = app.clearing.timetable(month)?;
    let work = |tx: Tx| async move {
        let mut issued = period(&tx, month, Lock::Alone, Act::Issue).await?;
        let today = host::china_day(app.now());
        let silence = timetable.silence_confirms && today > issued.days.confirm;
        let mut rows = sheets::rows(&tx, month).await?;
        for row in &mut rows {
            let is_even = row.row.cleared().is_zero();
            row.state = row.state.after(RowAct::Issue { silence, is_even }).ok_or_else(|| {
                let message = "a row is not confirmed: its place of insurance has until the last day of confirming";
                let fault = Fault::wrong_state(row.state.word(), message);
                fault.with("care", row.care.to_string()).with("insured", row.insured.to_string())
            })?;
            sheets::keep(&tx, row).await?;
        }
        let pay_until = timetable.pay_until(today);
        (issued.pay_until, issued.receive_until) = (Some(pay_until), Some(timetable.receive_until(pay_until)));
        periods::keep(&tx, &issued).await?;
        periods::note(&tx, month, ("issue", officer, ""), app.now()).await?;
        Ok(pb::IssueNoticesResponse { sheet: Some(say::sheet(&issued, &rows)) })
    };
    once(app, call, Attempts::default(), work).await
}

/// Who pays a row, and who receives it.
pub(crate) fn payer(row: &SheetRow) -> (Division, Division) {
    if row.row.cleared().is_negative() { (row.care, row.insured) } else { (row.insured, row.care) }
}

/// A province's notices.
///
/// # Errors
/// `WRONG_STATE` before they are issued.
pub(crate) async fn notices(app: &App, month: Month, province: Division) -> Result<pb::GetNoticesResponse, Problem> {
    let reader = app.database.reader();
    let period = periods::get(reader, month, Lock::None).await?.ok_or_else(|| no_period(month))?;
    if period.pay_until.is_none() {
        return Err(Fault::wrong_state(period.state.word(), "the month's notices are not issued yet").into());
    }
    let rows = sheets::rows(reader, month).await?;
    let own: Vec<SheetRow> = rows.into_iter().filter(|row| row.care == province || row.insured == province).collect();
    let mut answer = pb::GetNoticesResponse { period: Some(say::period(&period)), ..pb::GetNoticesResponse::default() };
    for row in &own {
        let to = match row.row.cleared() {
            Fen::ZERO => &mut answer.even,
            _ if payer(row).0 == province => &mut answer.to_pay,
            _ => &mut answer.to_receive,
        };
        to.push(say::row(row));
    }
    let none = pb::ClearingNet { division: province.to_string(), ..pb::ClearingNet::default() };
    answer.net = say::nets(&own).into_iter().find(|net| net.division == province.to_string()).or(Some(none));
    Ok(answer)
}
