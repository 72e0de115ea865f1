//! Takes a hospital's bill back: settled, under way, or not yet come.

use std::sync::Arc;

use crossing::{BillId, CareEvent};
use host::failpoint;
use rpc::Fault;
use store::Tx;
use store::idempotency::{self, Answered, IdempotencyError};
use terms::Name;
use tokio::sync::oneshot;
use tracing::Instrument as _;

use super::care::{self, Todo};
use super::drive::drive;
use super::settle::{TOMBSTONE, Waiting};
use super::{App, Problem};
use crate::domain::{CareRow, Role};
use crate::store::bills;

/// Which bill.
#[derive(Clone, Debug)]
pub(crate) enum Original {
    Bill(BillId),
    Key(String),
}

/// A reversal, read.
#[derive(Clone, Debug)]
pub(crate) struct Reverse {
    pub(crate) call: idempotency::Call,
    pub(crate) institution: Name,
    pub(crate) original: Original,
    pub(crate) reason: String,
}

/// What becomes of a reversal.
pub(crate) enum Begun {
    /// The bill is on its way back, or has ended.
    Bill(Waiting),
    /// The original had not come, and is refused from now on.
    Tombstone,
}

/// Puts a reversal on its way.
///
/// # Errors
/// `KEY_REUSED`; `NOT_FOUND` for an id that is no bill of the institution's; `WRONG_STATE` for a key of another call.
pub(crate) async fn reverse(app: &Arc<App>, reverse: Reverse) -> Result<Begun, Fault> {
    let (working, reverse) = (Arc::clone(app), Arc::new(reverse));
    let committing = async move {
        let work = |tx: Tx| {
            let (app, reverse) = (Arc::clone(&working), Arc::clone(&reverse));
            async move { begun(&app, &tx, &reverse).await }
        };
        working.database.transaction::<_, Problem, _, _>(work).await
    };
    let Some((id, todo)) = super::to_its_end::to_its_end(committing).await? else { return Ok(Begun::Tombstone) };
    failpoint("care.undoing");
    let (window, told) = oneshot::channel();
    let driving = Arc::clone(app);
    tokio::spawn(async move { drive(&driving, id, todo, Some(window)).await }.in_current_span());
    Ok(Begun::Bill(Waiting { bill: id, told }))
}

async fn begun(app: &App, tx: &Tx, reverse: &Reverse) -> Result<Option<(BillId, Todo)>, Problem> {
    let mut todo = None;
    let made = async {
        let Some(row) = found(tx, reverse).await? else { return Ok(Vec::new()) };
        let id = row.bill.id;
        bills::lock(tx, Role::Care, id).await?;
        // as it is under the lock
        let row = bills::care(tx, id).await?.ok_or_else(|| Fault::internal("a bill is not on record"))?;
        let row = CareRow { reason: reverse.reason.clone(), ..row };
        todo = Some((id, care::moved(app, tx, row, CareEvent::ReverseWanted, None).await?.1));
        Ok::<_, Problem>(id.to_string().into_bytes())
    };
    let answer = match idempotency::once::<Problem, _, _>(tx, &reverse.call, || made).await? {
        Answered::Now(_) => return Ok(todo),
        Answered::Before(answer) => answer,
    };
    if answer.is_empty() {
        return Ok(None);
    }
    let mut id = [0; 16];
    hex::decode_to_slice(&answer, &mut id).map_err(Fault::internal)?;
    bills::lock(tx, Role::Care, BillId(id)).await?;
    let row = bills::care(tx, BillId(id)).await?.ok_or_else(|| Fault::internal("a bill is not on record"))?;
    Ok(Some((row.bill.id, care::asked_again(app, tx, &row).await?)))
}

/// The bill that is meant; none where its key had not come, which is then used up.
async fn found(tx: &Tx, reverse: &Reverse) -> Result<Option<CareRow>, Problem> {
    let not_found = |id: &str| Problem::Fault(Fault::not_found("bill", id));
    match &reverse.original {
        Original::Bill(id) => {
            let row = bills::care(tx, *id).await?.filter(|row| row.institution == reverse.institution);
            row.map(Some).ok_or_else(|| not_found(&id.to_string()))
        }
        Original::Key(key) => {
            let tombstone = idempotency::Call::new(reverse.institution.as_str(), key).field("method", TOMBSTONE);
            let planted = idempotency::once::<Problem, _, _>(tx, &tombstone, || async { Ok(Vec::new()) }).await;
            match planted {
                Ok(_) => Ok(None),
                Err(Problem::Idempotency(IdempotencyError::OtherContent { .. })) => {
                    let row = bills::care_by_key(tx, reverse.institution, key).await?;
                    let message = "the key was used by another call, which settles nothing";
                    row.map(Some).ok_or_else(|| {
                        Fault::wrong_state("no_settlement", message).with("original_key", key.as_str()).into()
                    })
                }
                Err(problem) => Err(problem),
            }
        }
    }
}
