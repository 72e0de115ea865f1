//! Proves one message to a third party: without a log, a database or a service, from the message and a list of keys.

use crate::chain::{Head, leads};
use crate::{Header, Keys, NotAuthentic, Sealed};

/// Why a message proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotProven {
    /// It is not its sender's.
    #[error("a message of its sender")]
    NotAuthentic(#[source] NotAuthentic),
    /// The head is of another chain, or the headers between do not lead to it.
    #[error("headers that lead to the head")]
    NotCovered,
}

/// Whether a message was sent by who it says, with a key of the day it says. A head that the other side has signed, with the
/// headers between the message and it, further proves that both have it in their logs.
///
/// # Errors
/// [`NotProven`].
pub fn check(sealed: &Sealed, keys: &Keys, covered: Option<(&[Header], &Head)>) -> Result<(), NotProven> {
    keys.check(sealed, sealed.header.day()).map_err(NotProven::NotAuthentic)?;
    let Some((path, head)) = covered else { return Ok(()) };
    let same = (head.sender, head.receiver) == (sealed.header.sender, sealed.header.receiver);
    if same && leads(&sealed.header, path, &head.mark) { Ok(()) } else { Err(NotProven::NotCovered) }
}
