//! Closes gaps in the log: messages that were sent and did not come are had from who sent them, and kept.
//!
//! Nothing follows from them: what is still wanted is sent again by itself, byte by byte, and is heard then.

use std::collections::BTreeMap;
use std::sync::Arc;

use crossing::Sealed;
use pb::cross_province::v1 as pb;
use rpc::{Fault, Reason};
use store::Tx;
use terms::Division;
use tokio::sync::Mutex;
use wire::crossing::{About, Body, Meaning, envelope, meaning, sealed};

use super::admit::{self, append, take};
use super::{App, Problem};
use crate::store::links;

/// The most messages of one answer, which stays below the largest message that is sent.
const MOST: u64 = 256;

/// The most answers that are fetched of one province before another has its turn.
const ANSWERS_MOST: u32 = 64;

/// How far each chain came, when it was last looked at.
pub(crate) type Looked = Mutex<BTreeMap<Division, u64>>;

/// Answers what was sent to a province and did not come there.
pub(super) async fn answer(app: &Arc<App>, question: Sealed, wanted: pb::Fetch) -> Result<Sealed, Fault> {
    let (working, question) = (Arc::clone(app), Arc::new(question));
    let committing = async move {
        let work = |tx: Tx| {
            let (app, question) = (Arc::clone(&working), Arc::clone(&question));
            async move {
                let peer = question.header.sender;
                take(&app, &tx, &question, None).await?;
                let range = (wanted.after_sequence, wanted.to_sequence);
                let found = links::sent_between(&tx, peer, range, MOST).await?;
                let body: Body = pb::Fetched { envelopes: found.iter().map(envelope).collect() }.into();
                append(&app, &tx, peer, &body, None, Some(&question)).await
            }
        };
        working.database.transaction::<_, Problem, _, _>(work).await
    };
    super::to_its_end::to_its_end(committing).await
}

/// Fetches what is missing of each chain that has had the same gap since it was last looked at: what is only late comes by itself.
///
/// # Errors
/// What the database said.
pub(crate) async fn fill(app: &Arc<App>, looked: &Looked) -> Result<(), Problem> {
    let mut looked = looked.lock().await;
    let mut gaps = BTreeMap::new();
    for link in links::with_gaps(app.database.reader(), app.province).await? {
        if let (Some(missing), Some(before)) = (link.missing(), looked.get(&link.peer))
            && *before == link.seen.sequence
        {
            let wanted = pb::Fetch { after_sequence: link.seen.sequence, to_sequence: *missing.end() };
            catch_up(app, link.peer, wanted).await?;
        }
        gaps.insert(link.peer, link.seen.sequence);
    }
    *looked = gaps;
    Ok(())
}

/// Fetches one answer's messages after the other, as long as each brings the chain on.
async fn catch_up(app: &Arc<App>, peer: Division, mut wanted: pb::Fetch) -> Result<(), Problem> {
    for _ in 0..ANSWERS_MOST {
        if let Err(fault) = fetch(app, peer, wanted).await {
            tracing::info!(%peer, %fault, "missing messages were not fetched");
            return Ok(());
        }
        let links = links::with_gaps(app.database.reader(), app.province).await?;
        let Some(link) = links.into_iter().find(|link| link.peer == peer) else { return Ok(()) };
        let came = link.seen.sequence;
        let Some(missing) = link.missing().filter(|_| came > wanted.after_sequence) else { return Ok(()) };
        wanted = pb::Fetch { after_sequence: came, to_sequence: *missing.end() };
    }
    Ok(())
}

async fn fetch(app: &Arc<App>, peer: Division, wanted: pb::Fetch) -> Result<(), Fault> {
    let (asking, body) = (Arc::clone(app), Body::from(wanted));
    let work = |tx: Tx| {
        let (app, body) = (Arc::clone(&asking), body.clone());
        async move { append(&app, &tx, peer, &body, None, None).await }
    };
    let question = app.database.transaction::<_, Problem, _, _>(work).await?;
    let away = |error| Fault::unavailable("the other province", std::time::Duration::from_secs(1)).because(error);
    let answer = app.lines.deliver(&question).await.map_err(away)?;
    let not = |what: &str| Fault::new(Reason::WrongProvince, what.to_owned());
    let Body::Fetched(fetched) = admit::believed(app, &answer)? else { return Err(not("no messages were answered")) };
    let messages = fetched.envelopes.iter().map(|one| sealed(one).map_err(|_| not("an envelope cannot be read")));
    let mut kept = messages.collect::<Result<Vec<Sealed>, Fault>>()?;
    kept.push(answer);
    for message in kept {
        keep(app, peer, message).await?;
    }
    Ok(())
}

/// Keeps a message that is its sender's, and does nothing of what it says.
async fn keep(app: &Arc<App>, peer: Division, message: Sealed) -> Result<(), Fault> {
    let about: Option<About> = if links::is_forgotten(&message.header, &message.body) {
        admit::signed(app, &message)?;
        None
    } else {
        match meaning(&admit::believed(app, &message)?) {
            Ok(Meaning::Asks(about, _) | Meaning::Says(about, _)) => Some(about),
            _ => None,
        }
    };
    if message.header.sender != peer {
        return Err(Fault::new(Reason::WrongProvince, "the message is another province's"));
    }
    let (app, message) = (Arc::clone(app), Arc::new(message));
    let work = |tx: Tx| {
        let (app, message) = (Arc::clone(&app), Arc::clone(&message));
        async move { take(&app, &tx, &message, about).await.map(drop) }
    };
    Ok(app.database.transaction::<_, Problem, _, _>(work).await?)
}
