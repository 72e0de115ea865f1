//! Takes disputed bills out of a sheet, which goes on without them.

use std::collections::BTreeMap;

use ::pb::cross_province::v1 as pb;
use crossing::clearing::{Act, Month, Place, Row, RowAct, Unmoved};
use crossing::{BillId, ItemKind};
use money::Fen;
use rpc::{Fault, Violations};
use store::idempotency::Call;
use store::{Attempts, Tx};
use terms::Division;

use super::{once, period, row, say};
use crate::app::{App, Problem};
use crate::domain::Role;
use crate::store::bills;
use crate::store::clearing::disputes::{self, Disputed};
use crate::store::clearing::items::{self, Held};
use crate::store::clearing::sheets::SheetRow;
use crate::store::clearing::{Lock, periods, sheets};

/// A bill that is disputed: its place in the request, and why.
pub(crate) type Questioned = (usize, String);

/// Takes bills out: all of them, or none.
///
/// # Errors
/// `INVALID_FIELDS`: bills that are not in the row, or of which officers have decided; `WRONG_STATE` where the row is confirmed.
pub(crate) async fn dispute(
    app: &App,
    call: &Call,
    (month, care, insured): (Month, Division, Division),
    questioned: &BTreeMap<BillId, Questioned>,
) -> Result<pb::DisputeBillsResponse, Problem> {
    let work = |tx: Tx| async move {
        period(&tx, month, Lock::Shared, Act::Dispute).await?;
        let mut row = row(&tx, month, care, insured).await?;
        row.state = row.state.after(RowAct::Dispute).ok_or_else(|| {
            Fault::wrong_state(row.state.word(), "the row is confirmed: what is wrong is corrected in a later month")
        })?;
        let mut v = Violations::new();
        let mut taken_out = 0;
        for (bill, (at, reason)) in questioned {
            bills::lock(&tx, Role::Care, *bill).await?;
            let there = items::of_bill(&tx, *bill).await?;
            let Some(items) = v.within_item("bills", *at, |v| in_row(v, &row, *bill, there)) else { continue };
            take_out(app, &tx, &mut row, (*bill, reason), &items).await?;
            taken_out += 1;
        }
        let whole = (taken_out == questioned.len()).then_some(());
        v.finish(whole)?;
        sheets::keep(&tx, &row).await?;
        let about = format!("{care}, {taken_out} bills");
        periods::note(&tx, month, ("dispute", &insured.to_string(), &about), app.now()).await?;
        Ok(pb::DisputeBillsResponse { row: Some(say::row(&row)) })
    };
    once(app, call, Attempts::default(), work).await
}

/// The items of a bill that the row counts.
fn in_row(v: &mut Violations, row: &SheetRow, bill: BillId, there: Vec<Held>) -> Option<Vec<Held>> {
    let mut items = Vec::new();
    for item in there.into_iter().filter(|item| item.care == row.care && item.insured == row.insured) {
        match item.place.dispute(row.month) {
            Ok(_) => items.push(item),
            Err(Unmoved::Decided) => {
                v.add("bill_id", bill, "a bill of which the centre's officers have not decided");
                return None;
            }
            Err(Unmoved::Elsewhere | Unmoved::NotDisputed | Unmoved::NotLater) => {}
        }
    }
    if items.is_empty() {
        v.add("bill_id", bill, "a bill that is in this row");
        return None;
    }
    Some(items)
}

async fn take_out(
    app: &App,
    tx: &Tx,
    row: &mut SheetRow,
    (bill, reason): (BillId, &str),
    items: &[Held],
) -> Result<(), Problem> {
    let ids: Vec<&str> = items.iter().map(|item| item.id.as_str()).collect();
    items::place(tx, &ids, Place::Disputed { from: row.month }).await?;
    let owed: Fen = items.iter().map(|item| item.owed).sum();
    let count = u64::try_from(items.len()).unwrap_or(u64::MAX);
    let new = Disputed {
        bill: bill.to_string(),
        month: row.month,
        care: row.care,
        insured: row.insured,
        count,
        owed,
        reason: reason.to_owned(),
        state: "open".to_owned(),
        deducted: Fen::ZERO,
        resolution: String::new(),
        proposed_by: String::new(),
        confirmed_by: String::new(),
        resolved: None,
    };
    disputes::add(tx, &new, app.now()).await?;
    without(&mut row.row, items);
    Ok(())
}

/// The row without items.
fn without(row: &mut Row, items: &[Held]) {
    for item in items {
        row.count = row.count.saturating_sub(1);
        row.disputed_count += 1;
        row.disputed += item.owed;
        match item.kind {
            ItemKind::Settled => row.settled -= item.owed,
            ItemKind::Reversed => row.reversed -= item.owed,
            ItemKind::Deducted | ItemKind::DeductionReturned | ItemKind::AccountTransfer => row.deducted -= item.owed,
        }
    }
}
