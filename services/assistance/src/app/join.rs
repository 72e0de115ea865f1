//! Makes people members of a plan: a stream of batches, each in a commit of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use rpc::Fault;
use store::Tx;
use terms::Name;

use super::change::to_its_end;
use super::{App, Problem, offer};
use crate::domain::Member;
use crate::store::{offers, people, plans};

/// Members of one message.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) key: String,
    pub(crate) plan: Name,
    pub(crate) members: Vec<Member>,
    /// How many members the messages before it had.
    pub(crate) before: u64,
}

/// What became of members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) read: u64,
    pub(crate) kept: u64,
    pub(crate) known: u64,
}

/// Keeps a message's members, and offers what bills they have already; none where the stream of this key has ended before.
///
/// # Errors
/// `NOT_FOUND`; `KEY_REUSED` where the key was used for another plan.
pub(crate) async fn keep(app: &Arc<App>, batch: Batch) -> Result<Option<Joined>, Fault> {
    let (app, batch) = (Arc::clone(app), Arc::new(batch));
    let committing = async move {
        let work = |tx: Tx| {
            let (app, batch) = (Arc::clone(&app), Arc::clone(&batch));
            async move { keep_in(&app, &tx, &batch).await }
        };
        app.database.transaction::<_, Problem, _, _>(work).await
    };
    to_its_end(committing).await
}

async fn keep_in(app: &App, tx: &Tx, batch: &Batch) -> Result<Option<Joined>, Problem> {
    if !plans::lock(tx, batch.plan).await? {
        return Err(Fault::not_found("plan", batch.plan.as_str()).into());
    }
    let (plan, ended) = plans::begin(tx, &batch.key, batch.plan, app.now()).await?;
    if plan != batch.plan {
        return Err(Fault::key_reused("plan_id").into());
    }
    if ended.is_some() {
        return Ok(None);
    }
    let people: BTreeSet<Name> = batch.members.iter().map(|member| member.person).collect();
    people::lock(tx, &people).await?;
    let known = plans::members_of(tx, batch.plan, people.iter().copied()).await?;
    let mut joined = Joined::default();
    let mut new: Vec<(u64, Member)> = Vec::new();
    for (number, member) in (batch.before.saturating_add(1)..).zip(&batch.members) {
        joined.read += 1;
        // who was kept before the stream broke off counts as kept when it is sent again
        let is_again = known.iter().any(|(_, joining, at)| *joining == batch.key && *at == number);
        let covers =
            |other: &Member| other.person == member.person && other.from <= member.from && member.to <= other.to;
        let is_known = known.iter().any(|(other, _, _)| covers(other)) || new.iter().any(|(_, other)| covers(other));
        if is_again {
            joined.kept += 1;
        } else if is_known {
            joined.known += 1;
        } else {
            joined.kept += 1;
            new.push((number, *member));
        }
    }
    plans::join(tx, &batch.key, &new, app.now()).await?;
    let people = new.iter().map(|(_, member)| member.person).collect::<BTreeSet<Name>>();
    offer::renew(app, tx, &offers::years(tx, people.into_iter()).await?).await?;
    Ok(Some(joined))
}

/// Ends the stream of a key with its answer, once; gives the answer that is kept.
///
/// # Errors
/// `KEY_REUSED` where another stream ended under this key before.
pub(crate) async fn end(
    app: &Arc<App>,
    (key, plan): (String, Name),
    (answer, hash): (Vec<u8>, String),
) -> Result<Vec<u8>, Fault> {
    let app = Arc::clone(app);
    let committing = async move {
        let work = |tx: Tx| {
            let (app, key, answer, hash) = (Arc::clone(&app), key.clone(), answer.clone(), hash.clone());
            async move {
                match plans::begin(&tx, &key, plan, app.now()).await?.1 {
                    Some((_, other)) if other != hash => Err(Fault::key_reused("members").into()),
                    Some((before, _)) => Ok(before),
                    None => {
                        plans::end(&tx, &key, (answer.clone(), &hash), app.now()).await?;
                        Ok(answer)
                    }
                }
            }
        };
        app.database.transaction::<_, Problem, _, _>(work).await
    };
    to_its_end(committing).await
}
