//! A bill at the place of care: what an event makes of it, kept in one commit with its messages and books.

use crossing::{CareBill, CareEvent, Effect, Moved, Receipt, Says, Sealed, Told};
use host::failpoint;
use money::Fen;
use rpc::Fault;
use store::Tx;
use terms::Name;
use wire::crossing::{About, Body, asked};

use super::admit::append;
use super::book::Books;
use super::{App, Problem};
use crate::domain::{CareRow, Role};
use crate::store::{bills, links};

/// What is to be done after the commit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Todo {
    /// To be sent, in order.
    pub(crate) send: Vec<Sealed>,
    /// What the hospital is told.
    pub(crate) told: Option<Told>,
}

/// What a message said, beside what the machine needs of it.
pub(super) fn note(row: &mut CareRow, body: &Body) {
    match body {
        Body::Offered(offer) => row.offer = offer.clone(),
        Body::Refused(refusal) => row.refusal = refusal.clone(),
        Body::Confirmed(confirmed) => row.receipt.clone_from(&confirmed.receipt),
        Body::Reversed(reversed) if !reversed.receipt.is_empty() => row.receipt.clone_from(&reversed.receipt),
        _ => {}
    }
}

/// Moves a bill by an event, and keeps the move with all that belongs to it. The bill is locked.
pub(super) async fn moved(
    app: &App,
    tx: &Tx,
    mut row: CareRow,
    event: CareEvent,
    said: Option<&Body>,
) -> Result<(CareRow, Todo), Problem> {
    let Moved { state, effects } = row.bill.step(event, app.now(), &app.terms);
    let is_moved = state != row.bill;
    let is_another = (state.state, state.step) != (row.bill.state, row.bill.step);
    row.bill = state;
    if let Some(body) = said.filter(|_| is_another) {
        note(&mut row, body);
    }
    for effect in &effects {
        if let Effect::Book(crossing::Booked::Settled(receipt)) = effect {
            (row.owed, row.cash) = (receipt.owed, receipt.cash);
        }
    }
    if is_moved {
        bills::keep_care(tx, &row).await?;
    }
    if is_another {
        let (state, step) = (row.bill.word(), row.bill.step);
        bills::add_step(tx, (Role::Care, row.bill.id), (word(&event), state, step), app.now()).await?;
    }
    let mut todo = Todo::default();
    for effect in effects {
        match effect {
            Effect::Send(step, asks) => {
                let about = About { bill: row.bill.id, step };
                let body = asked(about, asks, &row.prepare, &row.reason);
                todo.send.push(message(app, tx, &row, about, &body).await?);
            }
            Effect::Book(booked) => books(&row)?.book(app, tx, booked).await?,
            Effect::Answer(told) => todo.told = Some(told),
            // no prepayment is set so far: nothing is held, and nothing is asked of the bureau here
            Effect::Hold(_) | Effect::Free | Effect::Use | Effect::GiveBack => {}
            Effect::Reply(..)
            | Effect::Decide { .. }
            | Effect::Settle { .. }
            | Effect::Renew { .. }
            | Effect::Reverse { .. } => {
                return Err(Fault::internal("the place of care was asked for what the place of insurance does").into());
            }
        }
    }
    failpoint("care.moved");
    Ok((row, todo))
}

/// What a bill that is on record has for who asks again: what is known, or, where it is under way, what is due is sent once more, for
/// somebody waits for it. The bill is locked.
pub(super) async fn asked_again(app: &App, tx: &Tx, row: &CareRow) -> Result<Todo, Problem> {
    let mut todo = Todo { told: row.bill.told(), ..Todo::default() };
    if todo.told.is_none()
        && let Some(Effect::Send(step, asks)) = row.bill.due(app.now(), &app.terms)
    {
        let about = About { bill: row.bill.id, step };
        let body = asked(about, asks, &row.prepare, &row.reason);
        todo.send.push(message(app, tx, row, about, &body).await?);
    }
    Ok(todo)
}

/// The message of this step: the one that was sent already, byte by byte, or a new one.
async fn message(app: &App, tx: &Tx, row: &CareRow, about: About, body: &Body) -> Result<Sealed, Problem> {
    let kind = body.word();
    if let Some(sent) = links::sent_of_step(tx, &super::admit::of_bill(Some(about)), kind.as_str()).await? {
        return Ok(sent);
    }
    let peer = row.peer().ok_or_else(|| Fault::internal("a bill has no place of insurance"))?;
    append(app, tx, peer, body, Some(about), None).await
}

fn books(row: &CareRow) -> Result<Books, Fault> {
    Ok(Books {
        role: Role::Care,
        bill: row.bill.id,
        peer: row.peer().ok_or_else(|| Fault::internal("a bill has no place of insurance"))?,
        institution: row.institution,
        person: Name::new(&row.prepare.insured_id).map_err(Fault::internal)?,
        total: row.total(),
    })
}

const fn word(event: &CareEvent) -> &'static str {
    match event {
        CareEvent::Settle { .. } => "settle",
        CareEvent::ReverseWanted => "reverse_wanted",
        CareEvent::Tick => "tick",
        CareEvent::Said { says, .. } => match says {
            Says::Offered(_) => "offered",
            Says::Refused(_) => "refused",
            Says::Confirmed(_) => "confirmed",
            Says::Changed(_) => "changed",
            Says::Ended(_) => "ended",
            Says::Reversed(_) => "reversed",
            Says::Finished => "finished",
            Says::InProgress => "in_progress",
            Says::NeverSeen => "never_seen",
            Says::Stale { .. } => "stale",
        },
    }
}

/// A bill that is not on record yet.
pub(super) fn new_row(bill: CareBill, institution: Name, key: &str, app: &App) -> CareRow {
    CareRow {
        bill,
        institution,
        key: key.to_owned(),
        visit: String::new(),
        prepare: pb::cross_province::v1::Prepare::default(),
        split: Vec::new(),
        offer: pb::cross_province::v1::Offered::default(),
        refusal: pb::cross_province::v1::Refused::default(),
        receipt: Vec::new(),
        reason: String::new(),
        owed: Fen::ZERO,
        cash: Fen::ZERO,
        opened_at: app.now(),
    }
}

/// Whether a receipt is about the bill that was sent: what it owes, pays and bears adds up to that bill.
pub(super) fn fits(row: &CareRow, bytes: &[u8], receipt: &Receipt) -> bool {
    let Ok((full, _)) = wire::crossing::receipt(bytes) else { return false };
    let asked = &row.prepare;
    full.total_fen == row.total().get()
        && full.insured_division == asked.insured_division
        && full.insured_id == asked.insured_id
        && full.care_division == asked.care_division
        && full.institution_id == asked.institution_id
        && receipt.owed + receipt.cash <= row.total()
}
