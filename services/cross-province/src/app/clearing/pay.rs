//! Notes what was paid and received.

use ::pb::cross_province::v1 as pb;
use chrono::NaiveDate;
use crossing::clearing::{Act, Month, RowAct};
use money::Fen;
use rpc::{Fault, Reason, Violations};
use store::idempotency::Call;
use store::{Attempts, Tx};
use terms::Division;

use super::issue::payer;
use super::{once, period, row, say};
use crate::app::{App, Problem};
use crate::store::clearing::sheets::SheetRow;
use crate::store::clearing::{Lock, periods, sheets};

/// A row of a month.
pub(crate) type Of = (Month, Division, Division);

/// What is said of it: by whom, how much, on which day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report {
    pub(crate) by: Division,
    pub(crate) amount: Fen,
    pub(crate) day: NaiveDate,
}

/// The payer has paid.
///
/// # Errors
/// `WRONG_PROVINCE` where another pays the row; `WRONG_STATE` where it is paid, or comes to another amount.
pub(crate) async fn paid(
    app: &App,
    call: &Call,
    of: Of,
    (report, reference): (Report, &str),
) -> Result<pb::ReportPaidResponse, Problem> {
    let work = |tx: Tx| async move {
        let mut row = reported(&tx, of, report, Act::Pay).await?;
        if payer(&row).0 != report.by {
            return Err(Fault::new(Reason::WrongProvince, "the row is paid by the other province").into());
        }
        row.state = row.state.after(RowAct::Pay).ok_or_else(|| {
            Fault::wrong_state(row.state.word(), "the row is paid already, or there is nothing to pay")
        })?;
        (row.paid_on, row.paid_reference) = (Some(report.day), reference.to_owned());
        keep(app, &tx, &row, ("paid", report)).await?;
        Ok(pb::ReportPaidResponse { row: Some(say::row(&row)) })
    };
    once(app, call, Attempts::default(), work).await
}

/// The receiver has received it.
///
/// # Errors
/// As [`paid`]; `INVALID_FIELDS` where it was received before it was paid.
pub(crate) async fn received(
    app: &App,
    call: &Call,
    of: Of,
    report: Report,
) -> Result<pb::ReportReceivedResponse, Problem> {
    let work = |tx: Tx| async move {
        let mut row = reported(&tx, of, report, Act::Receive).await?;
        if payer(&row).1 != report.by {
            return Err(Fault::new(Reason::WrongProvince, "the row is received by the other province").into());
        }
        row.state = row
            .state
            .after(RowAct::Receive)
            .ok_or_else(|| Fault::wrong_state(row.state.word(), "the row is not paid yet, or received already"))?;
        if let Some(paid_on) = row.paid_on.filter(|paid_on| report.day < *paid_on) {
            let mut v = Violations::new();
            v.add("received_date", report.day, format!("a day not before it was paid, {paid_on}"));
            v.finish::<()>(None)?;
        }
        row.received_on = Some(report.day);
        keep(app, &tx, &row, ("received", report)).await?;
        Ok(pb::ReportReceivedResponse { row: Some(say::row(&row)) })
    };
    once(app, call, Attempts::default(), work).await
}

async fn reported(tx: &Tx, (month, care, insured): Of, report: Report, act: Act) -> Result<SheetRow, Problem> {
    period(tx, month, Lock::Shared, act).await?;
    let row = row(tx, month, care, insured).await?;
    let cleared = row.row.cleared();
    if report.amount != cleared.max(-cleared) {
        let fault = Fault::wrong_state("other_amount", "the row comes to another amount, and is paid whole");
        return Err(fault.with("cleared_fen", cleared.get().to_string()).into());
    }
    Ok(row)
}

async fn keep(app: &App, tx: &Tx, row: &SheetRow, (act, report): (&str, Report)) -> Result<(), Problem> {
    sheets::keep(tx, row).await?;
    let about = format!("{}/{}, {} fen on {}", row.care, row.insured, report.amount.get(), report.day);
    periods::note(tx, row.month, (act, &report.by.to_string(), &about), app.now()).await?;
    Ok(())
}
