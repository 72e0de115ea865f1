//! Tells assistance what its fund pays of premiums, and what of it was taken back: an event for each entry that says so, under the
//! entry's own id.

use std::collections::BTreeSet;

use ledger::{Account, Entry};
use pb::assistance::v1::PremiumAssistance;
use rpc::Fault;
use store::batch::Batch;
use store::outbox::{self, Event};
use store::{Tx, journal};
use terms::{EntryKind, IncomeSource};

use super::enrol::NEWEST;
use super::{App, Problem};
use crate::clients::Assistance;
use crate::store::{enrolments, people, premiums};

/// The topic of premium assistance that was booked; its payload is the enrolment's id.
pub(crate) const PREMIUM_TOPIC: &str = "premium_assisted";

/// The topic of premium assistance that was taken back; its payload is the enrolment's id.
pub(crate) const UNDONE_TOPIC: &str = "premium_assistance_undone";

/// What assistance is told, by a relay of its own: while it is away settlement hears the same person's other news.
pub(crate) const TOPICS: &[&str] = &[PREMIUM_TOPIC, UNDONE_TOPIC];

/// How many entries are adopted in one commit.
const ADOPTED_MOST: i64 = 500;

/// Writes the events of entries that are in the journal and whose people are locked, where assistance is connected; where it is not,
/// they are told once it is. What was not told of the same enrolments before goes first. Whether
/// there was anything to tell.
pub(super) async fn tell(app: &App, tx: &Tx, entries: &[Entry]) -> Result<bool, Problem> {
    let assisted: BTreeSet<&str> =
        entries.iter().filter(|entry| topic(entry).is_some()).map(|entry| entry.reference.as_str()).collect();
    if app.assistance.is_none() || assisted.is_empty() {
        return Ok(false);
    }
    let ids = premiums::untold_of(tx, assisted).await?;
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let now = app.now();
    let entries = journal::by_ids(tx, &ids).await?;
    let events = entries.iter().filter_map(|entry| event(entry, now.timestamp_micros())).collect();
    premiums::told(tx, ids.into_iter(), now).await?;
    let mut batch = Batch::default();
    outbox::put_with(&mut batch, events);
    Ok(batch.run(tx, |_| ()).await? > 0)
}

/// What an entry says to assistance: that premium assistance is booked, or reversed; most say nothing.
fn topic(entry: &Entry) -> Option<&'static str> {
    let is_assisted = |account: &Account| matches!(account, Account::Income { source, .. } if *source == IncomeSource::PremiumAssisted);
    entry.lines.iter().find(|line| is_assisted(&line.account))?;
    match entry.kind {
        EntryKind::Contribution => Some(PREMIUM_TOPIC),
        EntryKind::Reversal => Some(UNDONE_TOPIC),
        _ => None,
    }
}

fn event(entry: &Entry, created_at: i64) -> Option<Event> {
    let topic = topic(entry)?;
    Some(Event {
        id: entry.id.to_string(),
        // in order for each enrolment, whatever else of the person is on its way
        key: format!("premium:{}", entry.reference),
        topic: topic.to_owned(),
        payload: entry.reference.to_string().into_bytes(),
        trace_context: rpc::trace::parent(),
        created_at,
    })
}

/// Delivers what an event of `enrolment` says; `id` is the event's.
///
/// # Errors
/// Why it is not delivered yet; it is to be tried again.
pub(super) async fn deliver(app: &App, (topic, id): (&str, &str), enrolment: &str) -> Result<(), Problem> {
    let assistance = assistance(app)?;
    let reader = app.database.reader();
    if topic == UNDONE_TOPIC {
        let entries = journal::by_ids(reader, &[id]).await?;
        let reversal = entries.first().ok_or_else(|| Fault::not_found("entry", id))?;
        return Ok(assistance.take_back(id, enrolment, reversal.date).await?);
    }
    let found = enrolments::known(reader, enrolment, NEWEST).await?;
    let found = found.ok_or_else(|| Fault::not_found("enrolment", enrolment))?;
    let paid = found.payment.as_ref().map_or(found.terms.enrolled, |payment| payment.paid);
    let said = PremiumAssistance {
        enrolment_id: found.id,
        person_id: found.person,
        division: found.terms.division.to_string(),
        cover_year: u32::try_from(found.terms.cover_year).unwrap_or(0),
        category: wire::write::word(found.category),
        amount_fen: found.contribution.assisted_fen,
        policy_version: found.contribution_version,
        paid_date: wire::write::date(paid),
        categories_handed_in: found.terms.grants.is_none(),
        enrolled_date: wire::write::date(found.terms.enrolled),
        group: Some(wire::write::word(found.terms.group)),
        county: Some(wire::write::word(found.terms.county)),
        college: Some(wire::write::word(found.terms.college)),
    };
    Ok(assistance.book(id, said).await?)
}

fn assistance(app: &App) -> Result<&Assistance, Fault> {
    app.assistance.as_ref().ok_or_else(|| Fault::unavailable("assistance", std::time::Duration::from_secs(60)))
}

/// Writes the events of what was booked while assistance was not connected, a part of it; whether more may be left.
///
/// # Errors
/// What the database said; it is to be tried again.
pub(crate) async fn adopt(app: &App) -> Result<bool, Problem> {
    let left = premiums::untold(app.database.reader(), ADOPTED_MOST).await?;
    if left.is_empty() {
        return Ok(false);
    }
    let left = &left;
    let work = |tx: Tx| async move {
        people::lock_all(&tx, &premiums::people_of(&tx, left).await?).await?;
        // what another process told meanwhile is left out
        let ids: Vec<&str> = left.iter().map(String::as_str).collect();
        tell(app, &tx, &journal::by_ids(&tx, &ids).await?).await
    };
    let told = app.database.transaction(work).await?;
    app.wake();
    Ok(told)
}
