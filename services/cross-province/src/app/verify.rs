//! Reads the whole log and says what is wrong with it.

use std::sync::mpsc::sync_channel;

use crossing::chain::{Finding, Record, verify};
use store::{Database, Error};
use terms::Division;

use crate::domain::Peers;
use crate::store::links;

/// How many messages are read at once.
const PAGE: u64 = 500;
/// How many wait to be checked.
const AHEAD: usize = 1_000;

/// Everything that is wrong with a province's log of messages: signatures, bodies, chains, and where they end by its own count.
/// Memory grows by 16 bytes a message.
///
/// # Errors
/// What the database said.
pub async fn verify_log(database: &Database, own: Division, peers: &Peers) -> Result<Vec<Finding>, Error> {
    let heads = links::heads(database.reader(), own).await?;
    let (sender, receiver) = sync_channel::<Record>(AHEAD);
    let keys = peers.keys().clone();
    let checking = tokio::task::spawn_blocking(move || verify(receiver.into_iter(), &keys, &heads).collect::<Vec<_>>());
    let mut behind = links::Behind::default();
    loop {
        let records = links::records(database.reader(), own, &mut behind, PAGE).await?;
        if records.is_empty() {
            break;
        }
        let to = sender.clone();
        // whoever checks is slower at times: it is waited for elsewhere than on the runtime's thread
        let sent =
            tokio::task::spawn_blocking(move || records.into_iter().try_for_each(|record| to.send(record))).await;
        if !matches!(sent, Ok(Ok(()))) {
            return Err(Error::Corrupt { what: "the log: checking it broke off" });
        }
    }
    drop(sender);
    checking.await.map_err(|_| Error::Corrupt { what: "the log: checking it broke off" })
}
