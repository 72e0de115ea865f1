use chrono::{DateTime, Utc};
use ledger::Entry;
use pb::r#type::v1 as type_pb;
use terms::Word;

use super::plain::{moment, word};

/// An entry of a journal; what it remembers beside the books (cash, the hospital's own share) is no line and is not sent.
#[must_use]
pub fn entry(entry: &Entry, state: type_pb::EntryState, booked_at: DateTime<Utc>) -> type_pb::JournalEntry {
    let line = |line: &ledger::Line| type_pb::JournalLine {
        account: line.account.to_string(),
        side: word(line.side),
        amount_fen: line.amount.get(),
    };
    type_pb::JournalEntry {
        entry_id: entry.id.to_string(),
        state: i32::from(state),
        kind: entry.kind.word().to_owned(),
        about_id: entry.reference.to_string(),
        lines: entry.lines.iter().map(line).collect(),
        booked_at: Some(moment(booked_at)),
    }
}
