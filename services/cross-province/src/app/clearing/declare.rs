//! Takes what a place of care declares, and that it has declared everything.

use ::pb::cross_province::v1 as pb;
use crossing::clearing::{Act, Late, Month};
use crossing::{BillId, ItemKind};
use money::Fen;
use pb::ItemRefusal;
use rpc::Fault;
use store::idempotency::Call;
use store::{Attempts, Tx};
use terms::Division;
use wire::write;

use super::{once, period};
use crate::app::{App, Problem};
use crate::domain::Role;
use crate::store::bills;
use crate::store::clearing::items::{self, Declared};
use crate::store::clearing::{Lock, disputes, periods, sheets};

/// Items of a place of care for a month.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) month: Month,
    pub(crate) care: Division,
    pub(crate) items: Vec<Declared>,
}

/// What became of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) taken: u64,
    pub(crate) known: u64,
    pub(crate) refused: Vec<(BillId, ItemKind, ItemRefusal)>,
}

/// Takes items in one commit: each that can be taken.
///
/// # Errors
/// `NOT_FOUND` or `WRONG_STATE` where the month takes none, or the place of care has closed its declaration and brings another item.
pub(crate) async fn declare(app: &App, batch: &Batch) -> Result<Taken, Problem> {
    let timetable = app.clearing.timetable(batch.month)?;
    let (mut in_time, mut late) = (Vec::new(), Vec::new());
    for item in &batch.items {
        match timetable.may_declare(item.day, batch.month) {
            Ok(()) => in_time.push(item.clone()),
            Err(why) => late.push((item.bill, item.kind, refusal(why))),
        }
    }
    let (in_time, late) = (&in_time, &late);
    let work = |tx: Tx| async move {
        period(&tx, batch.month, Lock::Shared, Act::Declare).await?;
        let (items, mut refused) = without_held(&tx, in_time).await?;
        refused.extend(late);
        let taken = items::add(&tx, (batch.month, batch.care), &items).await?;
        if taken > 0 && periods::closed(&tx, batch.month, batch.care).await?.is_some() {
            let message = "the place of care has closed its declaration: declare with a later month";
            return Err(Fault::wrong_state("declaration_closed", message).into());
        }
        let count = u64::try_from(items.len()).unwrap_or(u64::MAX);
        let other = if taken < count { items::differing(&tx, batch.care, &items).await? } else { Vec::new() };
        for item in items.iter().filter(|item| other.contains(&item.id())) {
            refused.push((item.bill, item.kind, ItemRefusal::OtherContent));
        }
        let differing = u64::try_from(other.len()).unwrap_or(u64::MAX);
        Ok::<_, Problem>(Taken { taken, known: count.saturating_sub(taken).saturating_sub(differing), refused })
    };
    app.database.transaction(work).await
}

/// Reversals of bills that officers have to look at first are held back.
async fn without_held(
    tx: &Tx,
    items: &[Declared],
) -> Result<(Vec<Declared>, Vec<(BillId, ItemKind, ItemRefusal)>), Problem> {
    let mut reversed: Vec<BillId> =
        items.iter().filter(|item| item.kind == ItemKind::Reversed).map(|item| item.bill).collect();
    reversed.sort_unstable();
    reversed.dedup();
    let mut held = Vec::new();
    for bill in reversed {
        // in one order of bills, so that who meets on two of them waits in turn
        bills::lock(tx, Role::Care, bill).await?;
        let there = items::of_bill(tx, bill).await?;
        let is_known = there.iter().any(|item| item.kind == ItemKind::Reversed);
        let is_cut = there.iter().any(|item| item.kind == ItemKind::Deducted);
        let is_disputed = disputes::get(tx, bill).await?.is_some_and(|dispute| dispute.state != "resolved");
        if !is_known && (is_cut || is_disputed) {
            held.push(bill);
        }
    }
    let is_held = |item: &&Declared| item.kind == ItemKind::Reversed && held.contains(&item.bill);
    let refused = items.iter().filter(is_held).map(|item| (item.bill, item.kind, ItemRefusal::Held)).collect();
    Ok((items.iter().filter(|item| !is_held(item)).cloned().collect(), refused))
}

const fn refusal(late: Late) -> ItemRefusal {
    match late {
        Late::NotYet => ItemRefusal::NotYet,
        Late::TooLate => ItemRefusal::TooLate,
        Late::YearClosed => ItemRefusal::YearClosed,
    }
}

/// A place of care has declared everything, and audited it.
///
/// # Errors
/// `WRONG_STATE` where it counts other items than the centre has.
pub(crate) async fn close(
    app: &App,
    call: &Call,
    (month, care): (Month, Division),
    (count, owed): (u64, Fen),
) -> Result<pb::CloseDeclarationResponse, Problem> {
    let work = |tx| async move {
        // alone: items that are being taken are waited for
        period(&tx, month, Lock::Alone, Act::CloseDeclaration).await?;
        let there = sheets::declared(&tx, month, care).await?;
        if there != (count, owed) {
            let message = "the centre has other items of this place of care: GetSheet says which rows, ListSheetBills which items";
            let fault = Fault::wrong_state("other_items", message);
            let fault = fault.with("item_count", there.0.to_string()).with("owed_fen", there.1.get().to_string());
            return Err(fault.into());
        }
        let now = app.now();
        if periods::close_declaration(&tx, (month, care), there, now).await? {
            let about = format!("{count} items, {} fen", owed.get());
            periods::note(&tx, month, ("close_declaration", &care.to_string(), &about), now).await?;
        }
        let closed_at = periods::closed(&tx, month, care).await?;
        Ok(pb::CloseDeclarationResponse { closed_at: closed_at.map(write::moment) })
    };
    once(app, call, Attempts::default(), work).await
}
