//! Ends an enrolment. One that was a mistake never was: what was booked for it is undone in the same commit.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use ledger::Entry;
use rpc::{Fault, Violations};
use store::{Tx, journal};
use terms::EntryKind;

use super::enrol::{NEWEST, locked_enrolment};
use super::suspend::next;
use super::{App, Problem, book, recognise, resolve, transfer};
use crate::domain::{AccountCredit, Days, EndReason, Enrolment, State};
use crate::store::enrolments;

/// Asks to end an enrolment.
pub(crate) struct End {
    pub(crate) enrolment: String,
    /// Its last day; none for a mistake.
    pub(crate) to: Option<NaiveDate>,
    pub(crate) reason: EndReason,
}

/// An enrolment that ended, and what ended with it.
pub(crate) struct Ended {
    pub(crate) enrolment: Enrolment,
    /// Days with benefits that are lost.
    pub(crate) lost: Vec<Days>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) taken_back: Vec<AccountCredit>,
    /// Enrolments that go on, whose place it had taken.
    pub(crate) reopened: Vec<String>,
}

/// Ends an enrolment.
pub(crate) async fn end(app: &App, tx: &Tx, command: &End) -> Result<Ended, Problem> {
    let (_, enrolment) = locked_enrolment(tx, &command.enrolment).await?;
    if command.reason == EndReason::Mistake {
        return never_was(app, tx, enrolment, command.to).await;
    }
    let before = enrolment.benefits();
    let to = command.to.ok_or_else(|| Fault::internal("an end without a last day"))?;
    let Closed { enrolment, entries, taken_back } = close(app, tx, ended(enrolment, to, command.reason)?).await?;
    let lost = without(before, &enrolment.benefits());
    Ok(Ended { enrolment, lost, entries, taken_back, reopened: Vec::new() })
}

/// An enrolment that is recorded as ended, and what was undone of it.
pub(super) struct Closed {
    pub(super) enrolment: Enrolment,
    pub(super) entries: Vec<Entry>,
    pub(super) taken_back: Vec<AccountCredit>,
}

/// Records that an enrolment ended. Where its cover never began nothing was due: what was booked for it is undone with it.
pub(super) async fn close(app: &App, tx: &Tx, ended: Enrolment) -> Result<Closed, Problem> {
    let void = ended.never_covered();
    let enrolment = next(app, tx, Enrolment { void, ..ended }).await?;
    if !void {
        return Ok(Closed { enrolment, entries: Vec::new(), taken_back: Vec::new() });
    }
    let (mut entries, mut taken_back) = undo(app, tx, &enrolment).await?;
    let first = recognise::give_back(app, tx, &enrolment).await?;
    entries.extend(first.0);
    taken_back.extend(first.1);
    Ok(Closed { enrolment, entries, taken_back })
}

/// Lets an enrolment go on as it was before it ended, and books again what its end had undone; gives what was booked.
pub(super) async fn go_on(
    app: &App,
    tx: &Tx,
    ended: &Enrolment,
    before: Enrolment,
) -> Result<(Enrolment, Vec<Entry>), Problem> {
    let alive = Enrolment { version: ended.version, recorded_at: ended.recorded_at, ..before };
    let alive = next(app, tx, alive).await?;
    if !ended.void {
        return Ok((alive, Vec::new()));
    }
    let mut entries = book::redone(app, &journal::by_reference(tx, &alive.id).await?)?;
    let credit = book::credit(app, &alive, alive.recorded_at);
    book::write(app, tx, &entries, credit.as_slice()).await?;
    entries.extend(recognise::take_again(app, tx, &alive).await?);
    Ok((alive, entries))
}

/// Takes an enrolment back that was a mistake: its days, what was booked for it, and what it credited.
async fn never_was(app: &App, tx: &Tx, enrolment: Enrolment, to: Option<NaiveDate>) -> Result<Ended, Problem> {
    let stands = matches!(
        enrolment.end_reason,
        None | Some(EndReason::Wish | EndReason::Death | EndReason::EmploymentEnded | EndReason::Duplicate)
    );
    // a death takes no certificate back
    let before = match enrolment.end_reason {
        Some(EndReason::Death) => enrolments::before_death(tx, &enrolment.id).await?.and_then(|one| one.end_reason),
        _ => None,
    };
    let left = before.filter(|reason| *reason == EndReason::Transferred);
    if !stands || left.is_some() {
        let reason = left.or(enrolment.end_reason).map_or("ended", EndReason::word);
        let message = format!("the enrolment has ended ({reason}): it cannot be taken back as a mistake");
        return Err(Fault::wrong_state(State::Ended.word(), message).into());
    }
    recognise::is_free(tx, &enrolment).await?;
    let first = enrolment.days.map_or(enrolment.terms.enrolled, |days| days.from);
    let last = first.pred_opt().unwrap_or(first);
    if let Some(to) = to.filter(|to| *to != last && enrolment.days.is_some()) {
        let mut violations = Violations::new();
        violations.add("to_date", to, format!("nothing, or {last}: what was a mistake held on no day"));
        violations.finish(Some(()))?;
    }
    let lost = enrolment.benefits();
    let ended = Enrolment {
        days: None,
        state: State::Ended,
        ended: Some(last),
        end_reason: Some(EndReason::Mistake),
        ..enrolment
    };
    let enrolment = next(app, tx, ended).await?;
    let (entries, mut taken_back) = undo(app, tx, &enrolment).await?;
    taken_back.extend(transfer::undo(app, tx, &enrolment).await?);
    enrolments::free_receipt(tx, &enrolment.id, enrolment.recorded_at).await?;
    let why = format!("enrolment {} was a mistake", enrolment.id);
    let reopened = reopen(app, tx, &enrolment).await?;
    resolve::apart(app, tx, &enrolment.person, None, &why).await?;
    Ok(Ended { enrolment, lost, entries, taken_back, reopened })
}

/// Lets the enrolment go on that ended by a switch to one that never was, unless another one holds on some of its days by now.
async fn reopen(app: &App, tx: &Tx, mistake: &Enrolment) -> Result<Vec<String>, Problem> {
    let all = enrolments::of_person(tx, &mistake.person, NEWEST).await?;
    let made_way = |one: &&Enrolment| {
        one.end_reason == Some(EndReason::Switched) && one.ended == mistake.terms.enrolled.pred_opt()
    };
    let Some(ended) = all.iter().find(made_way) else { return Ok(Vec::new()) };
    let Some(before) = enrolments::before_end(tx, &ended.id).await? else { return Ok(Vec::new()) };
    let is_held = |one: &Enrolment| {
        one.id != ended.id && one.days.zip(before.days).is_some_and(|(held, days)| held.shared(days).is_some())
    };
    if all.iter().any(is_held) {
        return Ok(Vec::new());
    }
    Ok(vec![go_on(app, tx, ended, before).await?.0.id])
}

/// Undoes what was booked and credited for an enrolment that never was.
pub(super) async fn undo(
    app: &App,
    tx: &Tx,
    enrolment: &Enrolment,
) -> Result<(Vec<Entry>, Vec<AccountCredit>), Problem> {
    let booked = standing(journal::by_reference(tx, &enrolment.id).await?);
    let entries = book::undone(app, enrolment, &booked)?;
    book::write(app, tx, &entries, &[]).await?;
    let taken_back = book::take_back(tx, enrolment).await?;
    Ok((entries, taken_back))
}

/// The contributions that were booked and not reversed.
pub(super) fn standing(booked: Vec<Entry>) -> Vec<Entry> {
    let reversed: BTreeSet<_> =
        booked.iter().filter(|entry| entry.kind == EntryKind::Reversal).filter_map(|entry| entry.original).collect();
    let stands = |entry: &Entry| entry.kind == EntryKind::Contribution && !reversed.contains(&entry.id);
    booked.into_iter().filter(stands).collect()
}

/// The days of one list that are in none of another.
pub(super) fn without(mut days: Vec<Days>, others: &[Days]) -> Vec<Days> {
    for other in others {
        days = days.into_iter().flat_map(|days| days.without(*other)).collect();
    }
    days
}

/// An enrolment that ends on a day: its last one, or the day before its first where it never was.
pub(crate) fn ended(enrolment: Enrolment, to: NaiveDate, reason: EndReason) -> Result<Enrolment, Fault> {
    if enrolment.state == State::Ended {
        return Err(Fault::wrong_state(State::Ended.word(), "the enrolment has ended"));
    }
    shortened(enrolment, to, reason)
}

/// The same, also of one that has ended: of a duplicate, days may be left that another enrolment holds.
pub(crate) fn shortened(mut enrolment: Enrolment, to: NaiveDate, reason: EndReason) -> Result<Enrolment, Fault> {
    let from = enrolment.days.map_or(to, |days| days.from);
    let least = from.pred_opt().unwrap_or(from);
    let most = enrolment.days.map_or(to, |days| days.to);
    if to < least || to > most {
        let mut violations = Violations::new();
        violations.add("to_date", to, format!("a day from {least} to {most}"));
        violations.finish(Some(()))?;
    }
    enrolment.days = Days::new(from, to.min(most));
    enrolment.state = State::Ended;
    enrolment.ended = Some(to);
    enrolment.end_reason = Some(reason);
    Ok(enrolment)
}
