//! Sends messages to people (TB-11): one after the other out of the stream, again after a failure, aside after too many.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use redis::RedisError;
use rpc::{Call, Deadline};
use tokio::time::{Instant, timeout};

use super::deliver::chain;
use crate::clients::{Directory, Inbox, NoPhone, Sender, Taken};
use crate::domain::{Message, NoText};

/// Messages taken at once.
const MOST: usize = 16;
/// Messages that wait to be tried again; with more, nothing new is taken.
const WAITING_MOST: usize = 1_000;
/// How often it is looked for what another worker has left lying.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// How long a read waits for something to come.
const BLOCK: Duration = Duration::from_secs(1);
/// How long nothing is tried where Redis is away.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a sender may take.
const SENDING: Duration = Duration::from_secs(20);
/// How long a message is one worker's alone; longer than it may take to send it.
const ALONE: Duration = Duration::from_secs(30);
/// How long enrolment may take to say a telephone.
const PATIENCE: Duration = Duration::from_secs(5);

/// How a worker goes about its work.
#[derive(Clone, Debug)]
pub struct SmsSettings {
    /// How often a message is tried before it is put aside.
    pub tries: u32,
    /// The pause after the first failure; it doubles with each.
    pub backoff: Duration,
    /// The longest pause.
    pub backoff_max: Duration,
    /// How long an entry lies before another worker takes it over; more than the longest pause.
    pub left_lying: Duration,
}

/// What a worker works with.
pub(crate) struct Sms {
    pub(crate) inbox: Inbox,
    pub(crate) directory: Directory,
    pub(crate) sender: Sender,
    pub(crate) settings: SmsSettings,
    pub(crate) id: Box<dyn Fn() -> String + Send + Sync>,
}

/// Why a message is not sent.
#[derive(Debug, thiserror::Error)]
enum NotSent {
    /// It never will be.
    #[error("read the message")]
    Unreadable(#[source] serde_json::Error),
    #[error("write the text")]
    Text(#[source] NoText),
    #[error("find whom it is for")]
    Nobody,
    /// The next try may do.
    #[error("send it")]
    Sender(#[source] io::Error),
    /// It is nobody's fault: another try is not counted.
    #[error("learn the telephone")]
    Directory(#[source] NoPhone),
    #[error("ask redis")]
    Redis(#[source] RedisError),
    #[error("wait for another worker that is sending it")]
    Busy,
}

/// What became of a message.
enum Became {
    Sent,
    /// There is no telephone.
    Unneeded,
}

/// What waits to be tried again, by when.
type Waiting = BTreeMap<(Instant, String), (Taken, u32)>;

/// Works until asked to stop; what is under way is finished first.
pub(crate) async fn work(sms: &Sms, stop: impl Future<Output = ()>) {
    let mut stop = std::pin::pin!(stop);
    let (mut waiting, mut look_at) = (Waiting::new(), Instant::now());
    while timeout(Duration::ZERO, &mut stop).await.is_err() {
        // a read is never broken off: it may have been given something
        match next(sms, &mut look_at, &waiting).await {
            Ok(taken) => {
                for one in taken {
                    // another consumer may have had it before: it is not here twice
                    if !waiting.values().any(|(known, _)| known.place == one.place) {
                        handle(sms, one, 0, &mut waiting).await;
                    }
                }
            }
            Err(error) => {
                tracing::warn!(error = chain(&error), "redis gives no messages");
                look_at = Instant::now();
                drop(timeout(PAUSE, &mut stop).await);
            }
        }
        let later = waiting.split_off(&(Instant::now(), String::new()));
        for (_, (one, failures)) in std::mem::replace(&mut waiting, later) {
            handle(sms, one, failures, &mut waiting).await;
        }
    }
}

/// What is to be handled next: what others have left lying, then what is new, where there is room for it.
async fn next(sms: &Sms, look_at: &mut Instant, waiting: &Waiting) -> Result<Vec<Taken>, RedisError> {
    if Instant::now() >= *look_at {
        let lying = sms.inbox.left_lying(sms.settings.left_lying, MOST).await?;
        if lying.len() < MOST {
            *look_at = Instant::now() + LOOK_EVERY.min(sms.settings.left_lying);
        }
        if !lying.is_empty() {
            return Ok(lying);
        }
    }
    let due = waiting.keys().next().map(|(due, _)| due.saturating_duration_since(Instant::now()));
    let wait = due.map_or(BLOCK, |due| due.min(BLOCK));
    if waiting.len() >= WAITING_MOST {
        drop(timeout(wait, std::future::pending::<()>()).await);
        return Ok(Vec::new());
    }
    sms.inbox.next(MOST, wait).await
}

/// Sends a message, or notes when it is to be tried again.
async fn handle(sms: &Sms, one: Taken, failures: u32, waiting: &mut Waiting) {
    let ended = match send(sms, &one).await {
        Ok(became) => sms.inbox.done(&one, matches!(became, Became::Sent)).await.map_err(NotSent::Redis),
        Err(not_sent) => Err(not_sent),
    };
    let Err(error) = ended else { return };
    let is_hopeless = matches!(error, NotSent::Unreadable(_) | NotSent::Text(_) | NotSent::Nobody);
    let tries = match &error {
        NotSent::Sender(_) => sms.inbox.failed(&one.id).await.unwrap_or_default(),
        _ => 0,
    };
    if is_hopeless || tries >= sms.settings.tries {
        tracing::error!(id = one.id, tries, error = chain(&error), "a message is put aside");
        if sms.inbox.put_aside(&one, &chain(&error)).await.is_ok() {
            return;
        }
    }
    let doublings = failures.min(20);
    let pause = sms.settings.backoff.saturating_mul(1 << doublings).min(sms.settings.backoff_max);
    tracing::warn!(id = one.id, ?pause, error = chain(&error), "a message is not sent yet");
    waiting.insert((Instant::now() + pause, one.place.clone()), (one, failures.saturating_add(1)));
}

async fn send(sms: &Sms, one: &Taken) -> Result<Became, NotSent> {
    sms.inbox.hold(one).await.map_err(NotSent::Redis)?;
    if !sms.inbox.begin(&one.id, sms.settings.left_lying.min(ALONE)).await.map_err(NotSent::Redis)? {
        return Err(NotSent::Busy);
    }
    let sent = send_alone(sms, one).await;
    if sent.is_err() {
        // where Redis is away it is free by itself after a while
        drop(sms.inbox.leave(&one.id).await);
    }
    sent
}

async fn send_alone(sms: &Sms, one: &Taken) -> Result<Became, NotSent> {
    if sms.inbox.is_sent(&one.id).await.map_err(NotSent::Redis)? {
        return Ok(Became::Sent);
    }
    let message: Message = serde_json::from_str(&one.json).map_err(NotSent::Unreadable)?;
    let text = message.text().map_err(NotSent::Text)?;
    let person = message.person().ok_or(NotSent::Nobody)?;
    let call = Call { request_id: (sms.id)(), deadline: Deadline::after(PATIENCE) };
    let phone = match call.carry(sms.directory.phone(person)).await {
        Ok(Some(phone)) => phone,
        Ok(None) => return Ok(Became::Unneeded),
        Err(NoPhone::Unknown) => return Err(NotSent::Nobody),
        Err(away) => return Err(NotSent::Directory(away)),
    };
    let sending = timeout(SENDING, sms.sender.send(&one.id, &phone, &text)).await;
    sending.unwrap_or_else(|late| Err(late.into())).map_err(NotSent::Sender)?;
    Ok(Became::Sent)
}
