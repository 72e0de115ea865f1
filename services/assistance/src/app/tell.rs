//! Tells departments and people through Redis Streams: each event at least once, under its own id.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rpc::Fault;
use serde_json::json;
use store::Tx;
use store::batch::Batch;
use store::outbox::{self, Event};
use terms::{Category, Name, Word as _};
use tokio::time::timeout;
use wire::change::Change;

use super::keep::Answer;
use super::{App, Problem};
use crate::clients::{StreamEntry, Streams};
use crate::domain::{
    Application, Entry, Grant, Kept, Message, Offer, OfferState, Office, Renewed, Telling, WatchNews, of_claim,
    of_grant, offices,
};

/// The topics of what goes to streams.
pub(crate) const TOPICS: &[&str] = &[CIVIL, RURAL, OFFER, SMS];
const CIVIL: &str = "push.civil_affairs";
const RURAL: &str = "push.rural_revitalisation";
const OFFER: &str = "push.offer";
const SMS: &str = "sms";

/// The stream of messages to people, and the group that sends them.
pub(crate) const SMS_STREAM: &str = "yibao:sms";
/// The group of the messages' senders.
pub(crate) const SMS_GROUP: &str = "sms";

/// How long a delivery that failed keeps its place: many others would fail as well.
const PAUSE: Duration = Duration::from_millis(500);

/// A stream, its group, and how far back it is filled again where Redis has lost it.
struct Place {
    stream: &'static str,
    group: &'static str,
    again: Duration,
}

fn place(topic: &str) -> Option<Place> {
    let days = |days: u64| Duration::from_secs(days * 86_400);
    match topic {
        CIVIL => Some(Place { stream: "yibao:push:civil_affairs", group: "civil_affairs", again: days(7) }),
        RURAL => {
            Some(Place { stream: "yibao:push:rural_revitalisation", group: "rural_revitalisation", again: days(7) })
        }
        OFFER => Some(Place { stream: "yibao:push:offer", group: "offer", again: days(7) }),
        // nobody wants yesterday's messages twice
        SMS => Some(Place { stream: SMS_STREAM, group: SMS_GROUP, again: Duration::from_secs(3_600) }),
        _ => None,
    }
}

/// Adds an event of the outbox to its stream. A stream that Redis does not know is made with its group; what it may have lost is
/// told again.
///
/// # Errors
/// Why it is not there yet; it is to be tried again.
pub(crate) async fn event(app: &Arc<App>, streams: &Streams, event: Event) -> Result<(), Problem> {
    let Some(place) = place(&event.topic) else {
        return Err(Fault::internal(format!("an event of the unknown topic {}", event.topic)).into());
    };
    let added = add(app, streams, &place, &event).await;
    let was_away = app.streams_away.swap(added.is_err(), Ordering::Relaxed);
    if let Err(problem) = &added {
        if !was_away {
            tracing::warn!(error = super::deliver::chain(problem), stream = place.stream, "events wait for redis");
        }
        drop(timeout(PAUSE, std::future::pending::<()>()).await);
    }
    added
}

async fn add(app: &Arc<App>, streams: &Streams, place: &Place, event: &Event) -> Result<(), Problem> {
    let away = |error| Problem::from(Fault::unavailable("redis", PAUSE).because(error));
    let json = str::from_utf8(&event.payload).map_err(Fault::internal)?;
    let entry = StreamEntry { id: &event.id, about: event.key.split_once(':').map_or("", |(_, about)| about), json };
    let now = app.now();
    let added = streams.add(place.stream, entry, now.timestamp_millis()).await.map_err(away)?;
    let Some(added) = added else { return Ok(()) };
    streams.make(place.stream, place.group).await.map_err(away)?;
    let since = now.timestamp_micros().saturating_sub(i64::try_from(place.again.as_micros()).unwrap_or(i64::MAX));
    let again = outbox::again(&app.database, &event.topic, since).await?;
    if again > 0 {
        tracing::warn!(stream = place.stream, again, "redis has lost a stream: its last events are told again");
    }
    if streams.note(place.stream, &added).await.map_err(away)? {
        return Ok(());
    }
    // it was lost again meanwhile: this event too is told again
    Err(Fault::unavailable("redis", PAUSE).into())
}

/// What departments hear of an entry, one event for each of them that is concerned now or was before.
pub(crate) fn departments(app: &App, entry: &Entry, before: &[Category], news: WatchNews, about: Name) -> Vec<Event> {
    if !app.tells {
        return Vec::new();
    }
    let mut offices: BTreeSet<Office> = offices(&entry.stand.categories);
    if news == WatchNews::Left {
        offices.extend(self::offices(before));
    }
    let topic = |office: &Office| if *office == Office::RuralRevitalisation { RURAL } else { CIVIL };
    offices.iter().map(|office| push(app, entry, topic(office), news, about)).collect()
}

fn push(app: &App, entry: &Entry, topic: &str, news: WatchNews, about: Name) -> Event {
    let (id, stand) = (app.id(), &entry.stand);
    let categories: Vec<&str> = stand.categories.iter().map(|category| category.word()).collect();
    let content = json!({
        "id": id, "kind": news.word(), "entry_id": entry.id.as_str(), "person_id": entry.person.as_str(),
        "year": stand.year, "division": stand.division.to_string(), "scheme": stand.scheme.word(),
        "categories": categories, "burden_fen": stand.burden.unwrap_or_default().get(),
        "line_fen": entry.line.map(money::Fen::get), "rules_date": stand.rules_date.to_string(),
        "policy_version": stand.version.to_string(), "sequence": entry.sequence, "about_id": about.as_str(),
        "happened_at": entry.changed_at.to_rfc3339(),
    });
    // apart from what settlement is asked of the same person: neither waits for the other
    written(app, id, format!("push:{}", entry.person), topic, &content)
}

/// What other payers hear of their offers: each that is made, and each that no longer stands.
///
/// # Errors
/// What the database said.
pub(crate) async fn offers(app: &App, tx: &Tx, renewed: &Renewed) -> Result<(), Problem> {
    if !app.tells {
        return Ok(());
    }
    let event = |offer: &Offer, (kind, was, place): (&str, Option<OfferState>, Option<Name>)| {
        let id = app.id();
        let content = json!({
            "id": id, "kind": kind, "offer_id": offer.id.as_str(), "plan_id": offer.plan.as_str(),
            "version": offer.version, "payer": offer.payer.as_str(), "person_id": offer.person.as_str(),
            "year": offer.year, "claim_id": offer.claim.as_str(), "revision": offer.revision,
            "base_fen": offer.base.get(), "promised_fen": offer.promised.get(),
            "confirmed_fen": offer.confirmed.get(), "paid_fen": offer.paid.get(),
            "state_before": was.map(OfferState::word), "replaced_by": place.map(|place| place.to_string()),
            "happened_at": app.now().to_rfc3339(),
        });
        written(app, id, format!("push:{}", offer.person), OFFER, &content)
    };
    let gone = renewed.superseded.iter().map(|(offer, was, place)| event(offer, ("superseded", Some(*was), *place)));
    let new = renewed.offered.iter().map(|offer| event(offer, ("offered", None, None)));
    write(tx, gone.chain(new).collect()).await
}

fn written(app: &App, id: String, key: String, topic: &str, content: &serde_json::Value) -> Event {
    Event {
        id,
        key,
        topic: topic.to_owned(),
        payload: content.to_string().into_bytes(),
        trace_context: rpc::trace::parent(),
        created_at: app.now().timestamp_micros(),
    }
}

/// Tells people what became of their claims, in the commit that keeps it.
///
/// # Errors
/// What the database said.
pub(crate) async fn claims(app: &App, tx: &Tx, changes: &[Change], answers: &[Answer]) -> Result<(), Problem> {
    let kept = changes.iter().zip(answers).filter(|(_, answer)| app.tells && answer.kept == Kept::Now);
    let mut events = Vec::new();
    for (change, _) in kept {
        for claim in change.years.iter().flat_map(|year| &year.claims) {
            let said = of_claim(claim);
            events.push(sms(app, change.person.as_str(), claim.claim.as_str(), said)?);
        }
    }
    write(tx, events).await
}

/// Tells people which categories were recorded of them, in the commit that records them.
///
/// # Errors
/// What the database said.
pub(crate) async fn categories(app: &App, tx: &Tx, recorded: &[Grant]) -> Result<(), Problem> {
    let told = recorded.iter().filter(|_| app.tells);
    let events: Result<Vec<Event>, Problem> =
        told.map(|grant| sms(app, &grant.person, &grant.id, of_grant(grant))).collect();
    write(tx, events?).await
}

/// Tells a person what became of an application, in the commit that makes it so.
///
/// # Errors
/// What the database said.
pub(crate) async fn application(app: &App, tx: &Tx, of: &Application, said: Telling) -> Result<(), Problem> {
    if !app.tells {
        return Ok(());
    }
    let event = sms(app, of.person.as_str(), of.id.as_str(), said)?;
    write(tx, vec![event]).await
}

/// Writes events of people who are locked: the lock orders what is told of each, so no other is needed.
///
/// # Errors
/// What the database said.
pub(crate) async fn write(tx: &Tx, events: Vec<Event>) -> Result<(), Problem> {
    if events.is_empty() {
        return Ok(());
    }
    let mut batch = Batch::default();
    outbox::put_with(&mut batch, events);
    batch.run(tx, |_| {}).await?;
    Ok(())
}

fn sms(app: &App, person: &str, about: &str, said: Telling) -> Result<Event, Problem> {
    let id = app.id();
    let message = Message::new(id.clone(), person, about, said, app.now());
    let content = serde_json::to_value(&message).map_err(Fault::internal)?;
    Ok(written(app, id, format!("sms:{person}"), SMS, &content))
}
