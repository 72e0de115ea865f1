//! Takes off what an audit of the place of care found.

use ::pb::cross_province::v1 as pb;
use crossing::clearing::{Act, Month, Place};
use crossing::{BillId, ItemKind};
use money::Fen;
use rpc::{Fault, Violations};
use store::idempotency::Call;
use store::{Attempts, Tx};
use terms::Division;

use super::{once, period};
use crate::app::{App, Problem};
use crate::domain::Role;
use crate::store::bills;
use crate::store::clearing::items::{self, Declared, Held};
use crate::store::clearing::{Lock, periods};

/// What is taken off a bill.
#[derive(Clone, Debug)]
pub(crate) struct Deduction {
    /// Its place in the request.
    pub(crate) at: usize,
    pub(crate) bill: BillId,
    pub(crate) deducted: Fen,
    pub(crate) reason: String,
}

/// Takes all of it off, or nothing.
///
/// # Errors
/// `INVALID_FIELDS`: bills that were not declared by this place of care or are disputed, and more than is left of them.
pub(crate) async fn deduct(
    app: &App,
    call: &Call,
    (month, care): (Month, Division),
    deductions: &[Deduction],
) -> Result<pb::DeductBillsResponse, Problem> {
    let mut ordered: Vec<&Deduction> = deductions.iter().collect();
    ordered.sort_unstable_by_key(|deduction| deduction.bill);
    let ordered = &ordered;
    let work = |tx: Tx| async move {
        period(&tx, month, Lock::Shared, Act::Deduct).await?;
        if periods::closed(&tx, month, care).await?.is_some() {
            let message = "the place of care has closed its declaration: deduct with a later month";
            return Err(Fault::wrong_state("declaration_closed", message).into());
        }
        let (mut v, mut lines) = (Violations::new(), Vec::new());
        for deduction in ordered {
            bills::lock(&tx, Role::Care, deduction.bill).await?;
            let there = items::of_bill(&tx, deduction.bill).await?;
            let line = v.within_item("deductions", deduction.at, |v| {
                line(v, care, deduction, &there, host::china_day(app.now()))
            });
            lines.extend(line);
        }
        let whole = (lines.len() == ordered.len()).then_some(());
        v.finish(whole)?;
        items::add(&tx, (month, care), &lines).await?;
        let sum: Fen = ordered.iter().map(|deduction| deduction.deducted).sum();
        let about = format!("{} bills, {} fen", lines.len(), sum.get());
        periods::note(&tx, month, ("deduct", &care.to_string(), &about), app.now()).await?;
        Ok(pb::DeductBillsResponse { deducted_fen: sum.get() })
    };
    once(app, call, Attempts::default(), work).await
}

fn line(
    v: &mut Violations,
    care: Division,
    deduction: &Deduction,
    there: &[Held],
    today: chrono::NaiveDate,
) -> Option<Declared> {
    let settled = there.iter().find(|item| item.kind == ItemKind::Settled && item.care == care);
    let Some(settled) = settled else {
        v.add("bill_id", deduction.bill, "a bill that this place of care has declared");
        return None;
    };
    if there.iter().any(|item| matches!(item.place, Place::Disputed { .. })) {
        v.add(
            "bill_id",
            deduction.bill,
            "a bill that is not disputed: the centre's officers take off what does not stand",
        );
        return None;
    }
    let left: Fen = there.iter().map(|item| item.owed).sum();
    if deduction.deducted > left {
        v.add(
            "deducted_fen",
            deduction.deducted.get(),
            format!("at most what is left of the bill: {} fen", left.get()),
        );
        return None;
    }
    let number = there.iter().filter(|item| item.kind == ItemKind::Deducted).count();
    Some(Declared {
        bill: deduction.bill,
        kind: ItemKind::Deducted,
        number: u32::try_from(number).unwrap_or(u32::MAX),
        insured: settled.insured,
        day: today,
        owed: -deduction.deducted,
        reason: deduction.reason.clone(),
        decided: false,
    })
}
