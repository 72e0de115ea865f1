//! Takes a hospital's bill of a patient insured elsewhere.

use std::sync::Arc;

use ::pb::settlement::v1::Split;
use chrono::{DateTime, Utc};
use crossing::{BillId, CareBill, CareEvent, Told};
use host::failpoint;
use pb::cross_province::v1 as pb;
use rpc::{Fault, Reason};
use sha2::{Digest as _, Sha256};
use store::Tx;
use store::idempotency::{self, Answered, IdempotencyError};
use terms::Name;
use tokio::sync::oneshot;
use tracing::Instrument as _;

use super::care::{self, Todo};
use super::drive::drive;
use super::{App, Problem};
use crate::domain::{CareRow, Role};
use crate::store::bills;

/// Under which method a key is kept that was undone before it came.
pub(crate) const TOMBSTONE: &str = "tombstone";

/// A hospital's bill, read, and split where it came with lines.
#[derive(Clone, Debug)]
pub(crate) struct Settle {
    pub(crate) call: idempotency::Call,
    pub(crate) institution: Name,
    pub(crate) visit: String,
    /// What the place of insurance is asked, without id and step.
    pub(crate) prepare: pb::Prepare,
    /// Where its four parts come from.
    pub(crate) parts: Parts,
    /// Until when the hospital waits.
    pub(crate) deadline: DateTime<Utc>,
}

/// Where the four parts of a bill come from.
#[derive(Clone, Debug)]
pub(crate) enum Parts {
    /// The hospital gave them, or the call was made before.
    Given,
    /// This province split the lines.
    Split(Box<Split>),
    /// This province's own rules say no: nobody else is asked, and the key says so from now on.
    Refused(Box<pb::NotSettled>),
}

/// What a call to settle comes to.
pub(crate) enum Opened {
    /// The bill is on record.
    Bill(Waiting),
    /// This province's own rules said no.
    Refused(Box<pb::NotSettled>),
}

/// What a hospital waits for: the bill, and what it will be told unless that is known already.
pub(crate) struct Waiting {
    pub(crate) bill: BillId,
    pub(crate) told: oneshot::Receiver<Told>,
}

impl Settle {
    fn id(&self) -> Result<BillId, Fault> {
        let care = self.prepare.care_division.parse().map_err(Fault::internal)?;
        let own = self.prepare.bill.as_ref().map(|bill| bill.bill_id.as_str()).unwrap_or_default();
        Ok(BillId::of(care, self.institution.as_str(), own, self.call.key()))
    }
}

/// Puts a bill on record and on its way; the same call again finds it where it is.
///
/// # Errors
/// `KEY_REUSED`, `REVERSED_BEFORE`, `DUPLICATE` for a bill of the institution that stands or is under way under another key.
pub(crate) async fn settle(app: &Arc<App>, settle: Settle) -> Result<Opened, Fault> {
    let id = settle.id()?;
    let (working, settle) = (Arc::clone(app), Arc::new(settle));
    let committing = async move {
        let work = |tx: Tx| {
            let (app, settle) = (Arc::clone(&working), Arc::clone(&settle));
            async move { opened(&app, &tx, id, &settle).await }
        };
        working.database.transaction::<_, Problem, _, _>(work).await
    };
    let todo = match super::to_its_end::to_its_end(committing).await? {
        On::Record(todo) => todo,
        On::No(no) => return Ok(Opened::Refused(no)),
    };
    failpoint("care.asked");
    let (window, told) = oneshot::channel();
    let driving = Arc::clone(app);
    tokio::spawn(async move { drive(&driving, id, todo, Some(window)).await }.in_current_span());
    Ok(Opened::Bill(Waiting { bill: id, told }))
}

/// What a commit finds under a key, or leaves there.
enum On {
    Record(Todo),
    No(Box<pb::NotSettled>),
}

async fn opened(app: &App, tx: &Tx, id: BillId, settle: &Settle) -> Result<On, Problem> {
    bills::lock(tx, Role::Care, id).await?;
    let mut todo = Todo::default();
    let made = async {
        if let Parts::Refused(no) = &settle.parts {
            return Ok(prost::Message::encode_to_vec(&**no));
        }
        let own = settle.prepare.bill.as_ref().map(|bill| bill.bill_id.as_str()).unwrap_or_default();
        if let Some(other) = bills::standing(tx, settle.institution, own).await? {
            let message = "the institution's bill is settled, or under way, under another key";
            return Err(Fault::new(Reason::Duplicate, message).with("kind", "bill").with("bill_id", other).into());
        }
        let prepare = pb::Prepare { bill_id: id.to_string(), ..settle.prepare.clone() };
        let content = Sha256::digest(prost::Message::encode_to_vec(&prepare)).into();
        let new = care::new_row(CareBill::new(id), settle.institution, settle.call.key(), app);
        let split = match &settle.parts {
            Parts::Split(split) => prost::Message::encode_to_vec(&**split),
            Parts::Given | Parts::Refused(_) => Vec::new(),
        };
        let row = CareRow { visit: settle.visit.clone(), prepare, split, ..new };
        let event = CareEvent::Settle { content, deadline: settle.deadline };
        todo = care::moved(app, tx, row, event, None).await?.1;
        Ok::<_, Problem>(id.to_string().into_bytes())
    };
    match idempotency::once::<Problem, _, _>(tx, &settle.call, || made).await {
        Ok(Answered::Now(_)) if let Parts::Refused(no) = &settle.parts => Ok(On::No(no.clone())),
        Ok(Answered::Now(_)) => Ok(On::Record(todo)),
        Ok(Answered::Before(answer)) => again(app, tx, id, &answer).await,
        Err(Problem::Idempotency(IdempotencyError::OtherContent { field })) => {
            let kept = idempotency::look_up(tx, &[&settle.call]).await?.pop().flatten();
            if kept.is_some_and(|kept| kept.says("method", TOMBSTONE)) {
                let message = "a reversal under this key came before; the bill is never settled under it";
                return Err(Fault::new(Reason::ReversedBefore, message).into());
            }
            Err(IdempotencyError::OtherContent { field }.into())
        }
        Err(problem) => Err(problem),
    }
}

/// What a bill that is on record has for who asks again.
async fn again(app: &App, tx: &Tx, id: BillId, answer: &[u8]) -> Result<On, Problem> {
    match bills::care(tx, id).await? {
        Some(row) => Ok(On::Record(care::asked_again(app, tx, &row).await?)),
        None => Ok(On::No(Box::new(refused_here(answer)?))),
    }
}

/// What is kept under a key whose bill this province's own rules refused.
///
/// # Errors
/// That something else is kept.
pub(crate) fn refused_here(answer: &[u8]) -> Result<pb::NotSettled, Fault> {
    let kept: pb::NotSettled = prost::Message::decode(answer).map_err(Fault::internal)?;
    if kept.why() == pb::NotSettledWhy::RefusedHere {
        Ok(kept)
    } else {
        Err(Fault::internal("a bill is not on record"))
    }
}
