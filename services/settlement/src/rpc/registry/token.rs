//! Where a list of the registry goes on: opaque to callers, and good only for the question it was given for.

use std::str::FromStr;

use rpc::Violations;

use crate::rpc::page::mark;

/// The token of what comes after a place in the answers to a question.
pub(super) fn token(question: &str, after: &str) -> String {
    format!("{after}.{}", mark(format!("{question}|{after}").as_bytes()))
}

/// The place of a token; the inner `None` for an empty one: from the start.
pub(super) fn after<T: FromStr>(v: &mut Violations, text: &str, question: &str) -> Option<Option<T>> {
    if text.is_empty() {
        return Some(None);
    }
    let after = text.rsplit_once('.').map(|(after, _)| after).filter(|after| token(question, after) == text);
    let after = after.and_then(|after| after.parse().ok());
    if after.is_none() {
        v.add("page_token", policy::printable(text), "the token of the page before, with the same question");
    }
    after.map(Some)
}
