//! Members of plans, message by message.

use std::sync::Arc;

use ::pb::assistance::v1 as pb;
use prost::Message as _;
use rpc::{Fault, Violations};
use sha2::{Digest as _, Sha256};
use terms::Name;
use tokio_stream::StreamExt as _;
use tonic::{Status, Streaming};
use wire::read as fields;

use crate::app::App;
use crate::app::join::{Batch, Joined, end, keep};
use crate::domain::Member;
use crate::rpc::read;

/// The most members of a message.
const MEMBERS_MOST: usize = 1_000;

/// Takes a stream of members, each message in a commit of its own.
pub(super) async fn take(
    app: &Arc<App>,
    mut stream: Streaming<pb::JoinMembersRequest>,
) -> Result<pb::JoinMembersResponse, Status> {
    let mut opened: Option<(String, Name)> = None;
    let (mut sum, mut hash) = (Joined::default(), Sha256::new());
    while let Some(message) = stream.next().await {
        let batch = batch(opened.as_ref(), &message?, sum.read)?;
        are_registered(app, &batch).await?;
        for member in &batch.members {
            // the length of an id is bounded and its letters are known: the bar parts it from the days
            hash.update(format!("{}|{}|{}\n", member.person, member.from, member.to));
        }
        let read = u64::try_from(batch.members.len()).unwrap_or(u64::MAX);
        opened = Some((batch.key.clone(), batch.plan));
        // of a stream that has ended before nothing is kept: in the end it is seen whether it is the same one
        let joined = keep(app, batch).await?.unwrap_or(Joined { read, ..Joined::default() });
        sum = Joined { read: sum.read + joined.read, kept: sum.kept + joined.kept, known: sum.known + joined.known };
    }
    let Some(opened) = opened else {
        return Err(batch(None, &pb::JoinMembersRequest::default(), 0).err().unwrap_or_else(Fault::late).into());
    };
    let Joined { read: members_read, kept: members_kept, known: members_known } = sum;
    let answer = pb::JoinMembersResponse { members_read, members_kept, members_known };
    let kept = end(app, opened, (answer.encode_to_vec(), hex::encode(hash.finalize()))).await?;
    Ok(pb::JoinMembersResponse::decode(kept.as_slice()).map_err(Fault::internal)?)
}

/// Refuses members nobody knows, where enrolment is connected: no bill of theirs will ever come.
async fn are_registered(app: &App, batch: &Batch) -> Result<(), Fault> {
    let Some(directory) = &app.directory else { return Ok(()) };
    let people: Vec<Name> = batch.members.iter().map(|member| member.person).collect();
    let unknown = directory.unknown(&people).await?;
    let mut v = Violations::new();
    for (at, person) in people.iter().enumerate().filter(|(_, person)| unknown.contains(*person)) {
        v.within_item("members", at, |v| v.add("person_id", person, "somebody enrolment knows"));
    }
    let is_right = v.is_empty().then_some(());
    v.finish(is_right)
}

fn batch(opened: Option<&(String, Name)>, message: &pb::JoinMembersRequest, before: u64) -> Result<Batch, Fault> {
    let mut v = Violations::new();
    let (key, plan) = match opened {
        Some((key, plan)) => {
            if !message.idempotency_key.is_empty() && message.idempotency_key != *key {
                v.add("idempotency_key", &message.idempotency_key, "empty, or the key of the first message");
            }
            if !message.plan_id.is_empty() && message.plan_id != plan.as_str() {
                v.add("plan_id", &message.plan_id, "empty, or the plan of the first message");
            }
            (Some(key.clone()), Some(*plan))
        }
        None => (
            fields::key(&mut v, "idempotency_key", &message.idempotency_key),
            fields::id(&mut v, "plan_id", &message.plan_id),
        ),
    };
    let members = read::list(&mut v, "members", &message.members, (0, MEMBERS_MOST), |v, given| {
        let person = fields::id(v, "person_id", &given.person_id);
        if given.days.is_none() {
            v.add("days", "nothing", "the days for which the person is a member");
        }
        let days = fields::period(v, "days", &given.days).flatten();
        let (person, days) = person.zip(days)?;
        Some((person, days))
    });
    let batch = (|| {
        let (key, plan) = (key?, plan?);
        let member = |(person, days): (Name, policy::Period)| Member { plan, person, from: days.from, to: days.to };
        let members = members?.into_iter().map(member).collect();
        Some(Batch { key, plan, members, before })
    })();
    v.finish(batch)
}
