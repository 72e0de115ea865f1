//! Pages: a token says where to go on, and of which question it is.

use prost::Message;
use rpc::Violations;
use sha2::{Digest as _, Sha256};

/// Where a page begins and how long it is.
#[derive(Clone, Debug)]
pub struct Page {
    question: String,
    offset: u64,
    size: u64,
}

impl Page {
    /// The page a request asks for; `question` is the request without size and token. What is wrong stands in `v`.
    pub fn read(v: &mut Violations, question: &impl Message, size: u32, token: &str) -> Option<Self> {
        let size = crate::read::page(v, size);
        let hash = Sha256::digest(question.encode_to_vec());
        let question: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let offset = match token.split_once('-') {
            None if token.is_empty() => Some(0),
            Some((of, offset)) if of == question => offset.parse().ok(),
            _ => None,
        };
        if offset.is_none() {
            v.add("page_token", token, "next_page_token of the page before, of the same question");
        }
        Some(Self { question, offset: offset?, size: size?.into() })
    }

    /// Where to begin and how many to look up: one more than the page has, to know whether there is another.
    #[must_use]
    pub fn range(&self) -> (u64, u64) {
        (self.offset, self.size.saturating_add(1))
    }

    /// Cuts what was looked up to the page; gives it with the token of the next one, empty on the last.
    #[must_use]
    pub fn cut<T>(&self, mut found: Vec<T>) -> (Vec<T>, String) {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        if found.len() <= size {
            return (found, String::new());
        }
        found.truncate(size);
        let next = self.offset.saturating_add(self.size);
        (found, format!("{}-{next}", self.question))
    }
}
