//! Reads what is asked about filings.

use ::pb::settlement::v1::Evidence as EvidencePb;
use chrono::NaiveDate;
use pb::cross_province::v1 as pb;
use rpc::Violations;
use store::idempotency::Call;
use terms::{Division, Filing};
use wire::read as fields;

use crate::app::change_filing::{Change, ChangeFiling};
use crate::app::file::File;
use crate::domain::{Channel, Evidence};

/// Whose calls the keys of filings are: one namespace for all of them, beside those of institutions.
const CALLER: &str = "filing";
const DOCUMENTS_MAX: usize = 50;
const REASON_CHARS_MAX: usize = 1_000;
const REFERENCE_CHARS_MAX: usize = 200;

/// Reads a filing.
pub(super) fn file(v: &mut Violations, r: &pb::FileRequest, today: NaiveDate) -> Option<File> {
    let key = fields::key(v, "idempotency_key", &r.idempotency_key);
    let person = fields::id(v, "person_id", &r.person_id);
    let kind = fields::word(v, "kind", r.kind).filter(|kind| {
        let is_filed = matches!(kind, Filing::LongTerm | Filing::Referred | Filing::Temporary);
        if !is_filed {
            v.add("kind", kind, "long-term, referred or temporary: an emergency counts as filed");
        }
        is_filed
    });
    let destination = destination(v, &r.destination_division);
    let from = fields::optional_date(v, "from_date", &r.from_date).map(|from| from.unwrap_or(today));
    let from = from.and_then(|from| not_before(v, "from_date", from, today));
    let to = fields::optional_date(v, "to_date", &r.to_date);
    if let Some((from, Some(to))) = from.zip(to).filter(|(from, to)| to.is_some_and(|to| to < *from)) {
        v.add("to_date", to, format!("a day not before {from}"));
    }
    let documents = documents(v, &r.documents, 0);
    let operator = fields::id(v, "operator_id", &r.operator_id);
    let channel = channel(v, r.channel);
    let call = Call::new(CALLER, &key?)
        .field("method", "File")
        .field("person_id", &r.person_id)
        .field("kind", r.kind.to_be_bytes())
        .field("destination_division", &r.destination_division)
        .field("from_date", &r.from_date)
        .field("to_date", &r.to_date)
        .field("documents", bytes(&r.documents))
        .field("promise", [u8::from(r.promise)])
        .field("operator_id", &r.operator_id)
        .field("channel", r.channel.to_be_bytes());
    Some(File {
        call,
        person: person?,
        kind: kind?,
        destination: destination?,
        from: from?,
        to: to?,
        documents: documents?,
        promise: r.promise,
        operator: operator?.to_string(),
        channel: channel?,
    })
}

/// Reads a change.
pub(super) fn change(v: &mut Violations, r: &pb::ChangeFilingRequest, today: NaiveDate) -> Option<ChangeFiling> {
    let key = fields::key(v, "idempotency_key", &r.idempotency_key);
    let id = fields::id(v, "filing_id", &r.filing_id);
    let destination = match r.destination_division.as_str() {
        "" => Some(None),
        code => destination(v, code).map(Some),
    };
    let to = fields::optional_date(v, "to_date", &r.to_date);
    let to = to.and_then(|to| match to {
        Some(to) => not_before(v, "to_date", to, today).map(Some),
        None => Some(None),
    });
    if r.destination_division.is_empty() && r.to_date.is_empty() {
        v.add("destination_division", "nothing", "a new destination, or a new last day in to_date");
    }
    let reason = fields::text(v, "reason", &r.reason, REASON_CHARS_MAX);
    let operator = fields::id(v, "operator_id", &r.operator_id);
    let call = Call::new(CALLER, &key?)
        .field("method", "ChangeFiling")
        .field("filing_id", &r.filing_id)
        .field("destination_division", &r.destination_division)
        .field("to_date", &r.to_date)
        .field("reason", &r.reason)
        .field("operator_id", &r.operator_id);
    let change = Change::Move { destination: destination?, to: to? };
    let (id, operator) = (id?.to_string(), operator?.to_string());
    Some(ChangeFiling { call, id, change, reason: reason?, operator })
}

/// Reads a cancellation.
pub(super) fn cancel(v: &mut Violations, r: &pb::CancelFilingRequest) -> Option<ChangeFiling> {
    let key = fields::key(v, "idempotency_key", &r.idempotency_key);
    let id = fields::id(v, "filing_id", &r.filing_id);
    let reason = fields::text(v, "reason", &r.reason, REASON_CHARS_MAX);
    let operator = fields::id(v, "operator_id", &r.operator_id);
    let call = Call::new(CALLER, &key?)
        .field("method", "CancelFiling")
        .field("filing_id", &r.filing_id)
        .field("reason", &r.reason)
        .field("operator_id", &r.operator_id);
    let (id, operator) = (id?.to_string(), operator?.to_string());
    Some(ChangeFiling { call, id, change: Change::Cancel, reason: reason?, operator })
}

/// Reads documents that come later.
pub(super) fn supply(v: &mut Violations, r: &pb::SupplyDocumentsRequest) -> Option<ChangeFiling> {
    let key = fields::key(v, "idempotency_key", &r.idempotency_key);
    let id = fields::id(v, "filing_id", &r.filing_id);
    let documents = documents(v, &r.documents, 1);
    let operator = fields::id(v, "operator_id", &r.operator_id);
    let call = Call::new(CALLER, &key?)
        .field("method", "SupplyDocuments")
        .field("filing_id", &r.filing_id)
        .field("documents", bytes(&r.documents))
        .field("operator_id", &r.operator_id);
    let (id, operator) = (id?.to_string(), operator?.to_string());
    Some(ChangeFiling { call, id, change: Change::Supply(documents?), reason: String::new(), operator })
}

/// A city or a province: care is filed to one of these, and not to a district or a hospital.
fn destination(v: &mut Violations, text: &str) -> Option<Division> {
    let division = fields::division(v, "destination_division", text)?;
    if division.prefecture() != division {
        v.add("destination_division", text, "a city or a whole province: its code ends in 00");
        return None;
    }
    Some(division)
}

fn not_before(v: &mut Violations, field: &str, day: NaiveDate, today: NaiveDate) -> Option<NaiveDate> {
    if day < today {
        v.add(field, day, format!("a day not before {today}: what is filed or changed counts from today on"));
        return None;
    }
    Some(day)
}

fn documents(v: &mut Violations, given: &[EvidencePb], least: usize) -> Option<Vec<Evidence>> {
    if given.len() < least || given.len() > DOCUMENTS_MAX {
        v.add("documents", format!("{} documents", given.len()), format!("{least} to {DOCUMENTS_MAX} documents"));
        return None;
    }
    let read: Vec<Option<Evidence>> = given
        .iter()
        .enumerate()
        .map(|(at, document)| v.within_item("documents", at, |v| evidence(v, document)))
        .collect();
    read.into_iter().collect()
}

fn evidence(v: &mut Violations, given: &EvidencePb) -> Option<Evidence> {
    let kind = fields::name(v, "kind", &given.kind);
    let reference = fields::text(v, "reference", &given.reference, REFERENCE_CHARS_MAX);
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let is_hash = given.sha256.len() == 64 && given.sha256.bytes().all(is_digit);
    if !is_hash {
        v.add("sha256", &given.sha256, "64 hexadecimal digits in lower case");
        return None;
    }
    Some(Evidence { kind: kind?, reference: reference?, sha256: given.sha256.clone() })
}

fn channel(v: &mut Violations, number: i32) -> Option<Channel> {
    let known = match pb::FilingChannel::try_from(number).unwrap_or_default() {
        pb::FilingChannel::Unspecified => None,
        pb::FilingChannel::Counter => Some(Channel::Counter),
        pb::FilingChannel::App => Some(Channel::App),
        pb::FilingChannel::MiniProgram => Some(Channel::MiniProgram),
        pb::FilingChannel::Phone => Some(Channel::Phone),
    };
    if known.is_none() {
        v.add("channel", number, "counter, app, mini-program or phone");
    }
    known
}

fn bytes(documents: &[EvidencePb]) -> Vec<u8> {
    documents.iter().flat_map(prost::Message::encode_length_delimited_to_vec).collect()
}
