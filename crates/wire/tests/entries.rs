//! Entries of the ledger on the wire.

use chrono::{DateTime, NaiveDate, Utc};
use ledger::{Account, Draft, Heading};
use money::Fen;
use pb::r#type::v1 as type_pb;
use policy::{Problem, Severity};
use terms::{EntryKind, Name};
use wire::{read, write};

use crate::support::reading;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

#[test]
fn an_entry_is_sent_with_its_lines_in_order_and_the_moment_to_the_microsecond() {
    let date = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
    let heading = Heading { id: name("E1"), date, reference: name("C1") };
    let division = "990100".parse().unwrap();
    let mut draft = Draft::new(EntryKind::Settlement, heading);
    draft.debit(Account::Fund { division, payer: name("pooled_fund") }, Fen::new(700));
    draft.credit(Account::Payable { institution: name("H1") }, Fen::new(700));
    draft.change(Account::Cash { person: name("P1") }, Fen::new(300));
    draft.total = Fen::new(1_000);
    let entry = draft.seal().expect("the draft is an entry");
    let booked_at: DateTime<Utc> = DateTime::from_timestamp(1_772_323_200, 123_456_789).unwrap();

    let sent = write::entry(&entry, type_pb::EntryState::Posted, booked_at);

    let line = |account: &str, side: type_pb::Side| type_pb::JournalLine {
        account: account.to_owned(),
        side: side.into(),
        amount_fen: 700,
    };
    let expected = type_pb::JournalEntry {
        entry_id: "E1".to_owned(),
        state: type_pb::EntryState::Posted.into(),
        kind: "settlement".to_owned(),
        about_id: "C1".to_owned(),
        lines: vec![line("fund:990100:pooled_fund", type_pb::Side::Debit), line("payable:H1", type_pb::Side::Credit)],
        booked_at: Some(prost_types::Timestamp { seconds: 1_772_323_200, nanos: 123_456_000 }),
    };
    assert_eq!(sent, expected);
    let back = reading(|v| read::moment(v, "booked_at", &sent.booked_at)).unwrap().unwrap();
    assert_eq!(back.timestamp_micros(), booked_at.timestamp_micros());
}

#[test]
fn a_problem_is_sent_with_its_place_and_kind() {
    let problem = Problem {
        file: "990100/a.toml".to_owned(),
        line: 7,
        column: 3,
        severity: Severity::Warning,
        kind: "gap",
        found: "nothing".to_owned(),
        expected: "a value".to_owned(),
    };
    let sent = write::problem(&problem);
    assert_eq!((sent.file.as_str(), sent.line, sent.column, sent.kind.as_str()), ("990100/a.toml", 7, 3, "gap"));
    assert_eq!(sent.severity, i32::from(pb::policy::v1::Severity::Warning));
}
