//! Pages: a token says where to go on, and of which question it is.

use prost::Message;
use rpc::Violations;
use sha2::{Digest as _, Sha256};
use terms::Name;

/// Where a page begins and how long it is.
pub(super) struct Page {
    question: String,
    offset: u64,
    size: u64,
}

impl Page {
    /// The page a request asks for; `question` is the request without size and token.
    pub(super) fn read(v: &mut Violations, question: &impl Message, size: u32, token: &str) -> Option<Self> {
        let size = wire::read::page(v, size);
        let question = hash(question);
        let offset = read_token(v, &question, token, |offset| offset.parse().ok());
        let offset = offset.map(Option::unwrap_or_default);
        Some(Self { question, offset: offset?, size: size?.into() })
    }

    /// Where to begin and how many to look up: one more than the page has, to know whether there is another.
    pub(super) fn range(&self) -> (u64, u64) {
        (self.offset, self.size.saturating_add(1))
    }

    /// The token to go on after a place.
    pub(super) fn token(&self, place: u64) -> String {
        format!("{}-{place}", self.question)
    }

    /// Cuts what was looked up to the page; gives it with the token of the next one, empty on the last.
    pub(super) fn cut<T>(&self, mut found: Vec<T>) -> (Vec<T>, String) {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        if found.len() <= size {
            return (found, String::new());
        }
        found.truncate(size);
        (found, self.token(self.offset.saturating_add(self.size)))
    }

    /// The page of a list that is at hand whole.
    pub(super) fn of<T>(&self, all: Vec<T>) -> (Vec<T>, String) {
        let (offset, most) = self.range();
        let (offset, most) =
            (usize::try_from(offset).unwrap_or(usize::MAX), usize::try_from(most).unwrap_or(usize::MAX));
        self.cut(all.into_iter().skip(offset).take(most).collect())
    }
}

/// A page that goes on behind an id: what comes in between moves nothing on it.
pub(super) struct Behind {
    question: String,
    after: Option<Name>,
    size: u64,
}

impl Behind {
    /// The page a request asks for; `question` is the request without size and token.
    pub(super) fn read(v: &mut Violations, question: &impl Message, size: u32, token: &str) -> Option<Self> {
        let question = hash(question);
        let after = read_token(v, &question, token, |after| Name::new(after).ok().filter(|after| !after.is_empty()));
        let size = wire::read::page(v, size);
        Some(Self { question, after: after?, size: size?.into() })
    }

    /// The id to go on behind; none: from the start.
    pub(super) fn after(&self) -> Option<Name> {
        self.after
    }

    /// How many to look up: one more than the page has, to know whether there is another.
    pub(super) fn most(&self) -> u64 {
        self.size.saturating_add(1)
    }

    /// Cuts what was looked up to the page; gives it with the token of the next one, empty on the last.
    pub(super) fn cut<T>(&self, mut found: Vec<T>, id: impl Fn(&T) -> Name) -> (Vec<T>, String) {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        if found.len() <= size {
            return (found, String::new());
        }
        found.truncate(size);
        let token = found.last().map(|last| format!("{}-{}", self.question, id(last)));
        (found, token.unwrap_or_default())
    }
}

/// What is to be told from another question.
fn hash(question: &impl Message) -> String {
    let hash = Sha256::digest(question.encode_to_vec());
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Where a token of this question says to go on; `Some(None)`: at the start.
fn read_token<T>(
    v: &mut Violations,
    question: &str,
    token: &str,
    place: impl FnOnce(&str) -> Option<T>,
) -> Option<Option<T>> {
    let found = match token.split_once('-') {
        None if token.is_empty() => Some(None),
        Some((of, at)) if of == question => place(at).map(Some),
        _ => None,
    };
    if found.is_none() {
        v.add("page_token", token, "next_page_token of the page before, of the same question");
    }
    found
}
