//! Where a list goes on: opaque to callers, and good only for the question it was given for.

use rpc::Violations;
use sha2::{Digest as _, Sha256};

/// A place in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The number of what stands there, in the list's order.
    pub(super) number: i64,
    /// Its id.
    pub(super) id: String,
}

/// The token of a place in the answers to a question.
pub(super) fn token(question: &[u8], place: &Place) -> String {
    format!("{:x}.{}.{}", place.number, place.id, mark(question))
}

/// The place of a token; the inner `None` for an empty one: from the start.
pub(super) fn place(v: &mut Violations, field: &str, text: &str, question: &[u8]) -> Option<Option<Place>> {
    if text.is_empty() {
        return Some(None);
    }
    let mut parts = text.split('.');
    let read = (|| {
        let number = i64::from_str_radix(parts.next()?, 16).ok()?;
        let id = parts.next().filter(|id| !id.is_empty() && id.len() <= 47)?.to_owned();
        let is_ours = parts.next()? == mark(question) && parts.next().is_none();
        is_ours.then_some(Place { number, id })
    })();
    if read.is_none() {
        v.add(field, text, "the token of the page before, with the same question");
    }
    read.map(Some)
}

pub(super) fn mark(question: &[u8]) -> String {
    Sha256::digest(question).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}
