use std::fmt::Write as _;

use chrono::NaiveDate;
use rpc::Violations;
use sha2::{Digest, Sha256};

/// Characters of the question's fingerprint, in hexadecimal.
const FINGERPRINT: usize = 16;
const DAY: usize = 10;

/// Where a list of items goes on.
pub(super) struct Token {
    /// The day of the list.
    pub(super) on: NaiveDate,
    /// The last code of the page before.
    pub(super) last: String,
}

impl Token {
    /// As text that says nothing to its reader; the fingerprint ties it to its question.
    pub(super) fn write(&self, question: &str) -> String {
        let mut text = fingerprint(question);
        for byte in format!("{}{}", self.on, self.last).bytes() {
            // Writing into a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

/// The token of a request: none where it is empty, a violation where it is none, or another question's.
pub(super) fn read(v: &mut Violations, text: &str, question: &str) -> Option<Option<Token>> {
    if text.is_empty() {
        return Some(None);
    }
    let token = text.strip_prefix(&fingerprint(question)).and_then(unwrapped);
    if token.is_none() {
        v.add("page_token", text, "the next_page_token of the page before, of the same question");
    }
    token.map(Some)
}

fn unwrapped(hex: &str) -> Option<Token> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    let bytes: Option<Vec<u8>> = pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect();
    let text = String::from_utf8(bytes?).ok()?;
    let (day, last) = text.split_at_checked(DAY)?;
    Some(Token { on: day.parse().ok()?, last: last.to_owned() })
}

fn fingerprint(question: &str) -> String {
    let mut text = String::with_capacity(FINGERPRINT);
    for byte in Sha256::digest(question.as_bytes()).iter().take(FINGERPRINT / 2) {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
