//! Two officers of the centre say how a dispute ends.

use ::pb::cross_province::v1 as pb;
use crossing::clearing::{Dispute, DisputeState, NotResolved, Place};
use crossing::{BillId, ItemKind};
use money::Fen;
use rpc::{Fault, Reason, Violations};
use store::idempotency::Call;
use store::{Attempts, Tx};
use terms::{Division, Name};

use super::{once, say};
use crate::app::{App, Problem};
use crate::domain::Role;
use crate::store::bills;
use crate::store::clearing::disputes::{self, Disputed};
use crate::store::clearing::items::{self, Declared};
use crate::store::clearing::periods;

/// An officer proposes what is taken off.
///
/// # Errors
/// `NOT_FOUND`: the bill is not disputed; `WRONG_STATE`: it is resolved; `INVALID_FIELDS`: more than it comes to.
pub(crate) async fn propose(
    app: &App,
    call: &Call,
    (bill, officer): (BillId, Name),
    (deducted, reason): (Fen, &str),
) -> Result<pb::ProposeResolutionResponse, Problem> {
    let work = |tx: Tx| async move {
        let mut row = disputed(&tx, bill).await?;
        let proposed = row.dispute()?.propose(officer, deducted);
        let owed = row.owed;
        state(&mut row, proposed.map_err(|why| refused(why, (deducted, owed)))?);
        row.proposed_by = officer.to_string();
        row.deducted = deducted;
        row.resolution = reason.to_owned();
        disputes::keep(&tx, &row).await?;
        let about = format!("{bill}, {} fen taken off", deducted.get());
        periods::note(&tx, row.month, ("propose", officer.as_str(), &about), app.now()).await?;
        Ok(pb::ProposeResolutionResponse { dispute: Some(say::dispute(&row)) })
    };
    once(app, call, Attempts::default(), work).await
}

/// Another officer confirms it: the bill is put into the earliest month that declares.
///
/// # Errors
/// `NOT_ALLOWED` to who proposed it; `WRONG_STATE` where nothing or another thing is proposed, or no month declares.
pub(crate) async fn confirm(
    app: &App,
    call: &Call,
    (bill, officer): (BillId, Name),
    deducted: Fen,
) -> Result<pb::ConfirmResolutionResponse, Problem> {
    let work = |tx: Tx| async move {
        let into = periods::declaring(&tx).await?;
        let mut row = disputed(&tx, bill).await?;
        let resolved = row.dispute()?.confirm(officer, deducted).map_err(|why| refused(why, (deducted, row.owed)))?;
        let into = into
            .filter(|into| into.month > row.month)
            .ok_or_else(|| Fault::wrong_state("no_period", "no later month declares: open the next one first"))?;
        state(&mut row, resolved);
        row.confirmed_by = officer.to_string();
        row.resolved = Some(into.month);
        put_in(app, &tx, (bill, row.care), &row).await?;
        disputes::keep(&tx, &row).await?;
        let about = format!("{bill}, {} fen taken off, into {}", deducted.get(), into.month);
        periods::note(&tx, row.month, ("resolve", officer.as_str(), &about), app.now()).await?;
        Ok(pb::ConfirmResolutionResponse { dispute: Some(say::dispute(&row)) })
    };
    once(app, call, Attempts::default(), work).await
}

/// Puts the bill's items into the month, with what does not stand taken off.
async fn put_in(app: &App, tx: &Tx, (bill, care): (BillId, Division), row: &Disputed) -> Result<(), Problem> {
    let Some(into) = row.resolved else { return Ok(()) };
    let there = items::of_bill(tx, bill).await?;
    let (mut ids, mut place) = (Vec::new(), Place::In { month: into, decided: true });
    for item in &there {
        if matches!(item.place, Place::Disputed { .. }) {
            place = Place::Disputed { from: row.month }
                .resolve(into)
                .map_err(|_| Fault::internal("a month before its dispute"))?;
            ids.push(item.id.as_str());
        }
    }
    let moved = items::place(tx, &ids, place).await?;
    if moved != row.count {
        return Err(Fault::internal("a dispute has other items than were taken out").into());
    }
    if row.deducted.is_zero() {
        return Ok(());
    }
    let number = there.iter().filter(|item| item.kind == ItemKind::Deducted).count();
    let line = Declared {
        bill,
        kind: ItemKind::Deducted,
        number: u32::try_from(number).unwrap_or(u32::MAX),
        insured: row.insured,
        day: host::china_day(app.now()),
        owed: -row.deducted,
        reason: row.resolution.clone(),
        decided: true,
    };
    items::add(tx, (into, care), &[line]).await?;
    Ok(())
}

async fn disputed(tx: &Tx, bill: BillId) -> Result<Disputed, Problem> {
    bills::lock(tx, Role::Care, bill).await?;
    let found = disputes::get(tx, bill).await?;
    Ok(found.ok_or_else(|| Fault::not_found("dispute", &bill.to_string()))?)
}

fn state(row: &mut Disputed, next: Dispute) {
    let word = match next.state {
        DisputeState::Open => "open",
        DisputeState::Proposed { .. } => "proposed",
        DisputeState::Resolved => "resolved",
    };
    word.clone_into(&mut row.state);
}

fn refused(why: NotResolved, (deducted, owed): (Fen, Fen)) -> Fault {
    match why {
        NotResolved::Already => Fault::wrong_state("resolved", "two officers have resolved it already"),
        NotResolved::NotProposed => Fault::wrong_state("open", "nothing is proposed yet"),
        NotResolved::OtherProposal => Fault::wrong_state("proposed", "the proposal is another: look at it again"),
        NotResolved::SameOfficer => {
            Fault::new(Reason::NotAllowed, "who proposed it cannot confirm it: another officer has to")
        }
        NotResolved::TooMuch => {
            let mut v = Violations::new();
            let most = owed.max(Fen::ZERO).get();
            v.add("deducted_fen", deducted.get(), format!("from 0 to what the bill comes to: {most} fen"));
            v.finish::<()>(None).err().unwrap_or_else(|| Fault::internal("a violation is one"))
        }
    }
}
