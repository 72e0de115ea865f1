//! Says for ever what became of a hold of the third system: used by a commit, or refused now and for good.

use host::failpoint;
use pb::settlement::v1::Change;
use prost::Message as _;
use rpc::Fault;
use store::Tx;
use terms::Name;

use super::Trouble;
use super::commit::{Bench, fault, store_fault};
use crate::domain::HoldEnd;
use crate::store as tables;

/// The most Changes of one answer.
const CHANGES_MOST: u16 = 100;

/// What became of a hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A commit used it: the person's Changes that are not delivered yet, in order, up to the one that used it.
    Used(Vec<Change>),
    /// None did, and none will.
    Refused,
}

/// What became of a hold of a person of whose Changes the caller has kept all up to `after`.
///
/// # Errors
/// `KEY_REUSED` for another person's hold; the database.
pub async fn outcome(bench: &Bench, hold: Name, person: Name, after: u64) -> Result<Outcome, Fault> {
    let at = bench.clock.now();
    let work = |tx: Tx| async move {
        let refused = HoldEnd { hold, person, change: None, at };
        tables::end_hold(&tx, &refused).await.map_err(Trouble::from)
    };
    let ended = bench.database.transaction(work).await.map_err(fault)?;
    failpoint("hold.ended");
    if ended.person != person {
        return Err(Fault::key_reused("person_id"));
    }
    let Some(used_by) = ended.change else { return Ok(Outcome::Refused) };
    let reader = bench.database.reader();
    let mut events = store::outbox::waiting_of(reader, person.as_str(), CHANGES_MOST).await.map_err(store_fault)?;
    if !events.iter().any(|event| event.id == used_by.as_str()) {
        // delivered already: the caller has it, unless its own books were set back
        let own = store::outbox::by_id(reader, used_by.as_str()).await.map_err(store_fault)?;
        if events.len() < usize::from(CHANGES_MOST) {
            events.splice(0..0, own);
        }
    }
    let changes = events.iter().map(|event| Change::decode(event.payload.as_slice()));
    let mut changes = changes.collect::<Result<Vec<_>, _>>().map_err(Fault::internal)?;
    changes.retain(|change| change.sequence > after);
    if let Some(own) = changes.iter().position(|change| change.change_id == used_by.as_str()) {
        changes.truncate(own + 1);
    }
    Ok(Outcome::Used(changes))
}
