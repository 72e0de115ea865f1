//! Reads what is asked of clearing: everything that is wrong at once.

use std::collections::{BTreeMap, BTreeSet};

use crossing::clearing::Month;
use crossing::{BillId, ItemKind};
use money::Fen;
use pb::cross_province::v1 as pb;
use rpc::Violations;
use terms::{Division, Name};
use wire::read as fields;

use crate::app::clearing::declare::Batch;
use crate::app::clearing::deduct::Deduction;
use crate::app::clearing::dispute::Questioned;
use crate::app::clearing::pay::Report;
use crate::domain::Peers;
use crate::rpc::read::bill_id;
use crate::store::clearing::items::Declared;

const REASON_CHARS_MAX: usize = 1_000;
pub(super) const REFERENCE_CHARS_MAX: usize = 64;
const ITEMS_MOST: usize = 5_000;
const BILLS_MOST: usize = 1_000;

/// A row: month, place of care, place of insurance.
type Row = (Month, Division, Division);

pub(super) fn month(v: &mut Violations, field: &str, text: &str) -> Option<Month> {
    let month = text.parse().ok();
    if month.is_none() {
        v.add(field, if text.is_empty() { "nothing" } else { text }, "a month YYYY-MM from 1900 to 2199");
    }
    month
}

/// A province of the table of peers, which the centre is not.
pub(super) fn province(v: &mut Violations, peers: &Peers, field: &str, text: &str) -> Option<Division> {
    let division = fields::division(v, field, text)?;
    if peers.get(division).is_some_and(|peer| !peer.centre) {
        return Some(division);
    }
    v.add(field, text, "a province of the table of peers");
    None
}

pub(super) fn row(v: &mut Violations, peers: &Peers, (of, care, insured): (&str, &str, &str)) -> Option<Row> {
    let of = month(v, "month", of);
    let care = province(v, peers, "care_division", care);
    let there = province(v, peers, "insured_division", insured);
    if care.is_some() && care == there {
        v.add("insured_division", insured, "another province than that of care");
        return None;
    }
    Some((of?, care?, there?))
}

/// Whether a text is an item's id.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

pub(super) fn reason(v: &mut Violations, text: &str) -> Option<String> {
    fields::text(v, "reason", text, REASON_CHARS_MAX)
}

/// A kind of item, or none.
#[expect(clippy::option_option, reason = "what is wrong is nothing, and what is not asked for is nothing of it")]
pub(super) fn optional_kind(v: &mut Violations, field: &str, number: i32) -> Option<Option<ItemKind>> {
    match pb::ClearingItemKind::try_from(number) {
        Ok(pb::ClearingItemKind::Unspecified) => Some(None),
        Ok(pb::ClearingItemKind::Settled) => Some(Some(ItemKind::Settled)),
        Ok(pb::ClearingItemKind::Reversed) => Some(Some(ItemKind::Reversed)),
        Ok(pb::ClearingItemKind::Deducted) => Some(Some(ItemKind::Deducted)),
        Err(_) => {
            v.add(field, number, "a known kind of item, or nothing");
            None
        }
    }
}

/// Items of a place of care.
pub(super) fn batch(v: &mut Violations, peers: &Peers, r: &pb::DeclareItemsRequest) -> Option<Batch> {
    let of = month(v, "month", &r.month);
    let care = province(v, peers, "care_division", &r.care_division);
    if r.items.is_empty() || r.items.len() > ITEMS_MOST {
        v.add("items", format!("{} items", r.items.len()), "from 1 to 5,000");
        return None;
    }
    let mut items = Vec::with_capacity(r.items.len());
    for (at, given) in r.items.iter().enumerate() {
        items.extend(v.within_item("items", at, |v| item(v, peers, given, care)));
    }
    Some(Batch { month: of?, care: care?, items }).filter(|batch| batch.items.len() == r.items.len())
}

fn item(v: &mut Violations, peers: &Peers, given: &pb::ClearingItem, care: Option<Division>) -> Option<Declared> {
    let bill = bill_id(v, "bill_id", &given.bill_id);
    let insured = province(v, peers, "insured_division", &given.insured_division);
    if insured.is_some() && insured == care {
        v.add("insured_division", &given.insured_division, "another province than that of care");
        return None;
    }
    let day = fields::date(v, "booked_date", &given.booked_date);
    let sign = match given.kind() {
        pb::ClearingItemKind::Settled => Some((ItemKind::Settled, 1)),
        pb::ClearingItemKind::Reversed => Some((ItemKind::Reversed, -1)),
        pb::ClearingItemKind::Unspecified | pb::ClearingItemKind::Deducted => None,
    };
    let Some((kind, sign)) = sign else {
        v.add("kind", given.kind, "CLEARING_ITEM_KIND_SETTLED or CLEARING_ITEM_KIND_REVERSED");
        return None;
    };
    let most = Fen::LIMIT.get();
    let owed = given.owed_fen.checked_mul(sign).filter(|size| (0..=most).contains(size));
    if owed.is_none() {
        let expected = if sign > 0 { format!("from 0 to {most} fen") } else { format!("from -{most} to 0 fen") };
        v.add("owed_fen", given.owed_fen, expected);
    }
    Some(Declared {
        bill: bill?,
        kind,
        number: 0,
        insured: insured?,
        day: day?,
        owed: Fen::new(owed? * sign),
        reason: String::new(),
        decided: false,
    })
}

/// What an audit takes off.
pub(super) fn deductions(
    v: &mut Violations,
    peers: &Peers,
    r: &pb::DeductBillsRequest,
) -> Option<((Month, Division), Vec<Deduction>)> {
    let key = fields::key(v, "idempotency_key", &r.idempotency_key);
    let of = month(v, "month", &r.month);
    let care = province(v, peers, "care_division", &r.care_division);
    few(v, "deductions", r.deductions.len())?;
    let (mut read, mut seen) = (Vec::new(), BTreeSet::new());
    for (at, given) in r.deductions.iter().enumerate() {
        let deduction = v.within_item("deductions", at, |v| {
            let bill = once(v, &given.bill_id, &mut seen);
            let deducted = fields::fen(v, "deducted_fen", given.deducted_fen);
            if deducted == Some(Fen::ZERO) {
                v.add("deducted_fen", 0, "an amount above zero");
            }
            let reason = reason(v, &given.reason);
            Some(Deduction { at, bill: bill?, deducted: deducted?, reason: reason? })
        });
        read.extend(deduction);
    }
    key?;
    Some(((of?, care?), read)).filter(|(_, read)| read.len() == r.deductions.len())
}

/// Bills that are disputed.
pub(super) fn disputes(
    v: &mut Violations,
    peers: &Peers,
    r: &pb::DisputeBillsRequest,
) -> Option<(Row, BTreeMap<BillId, Questioned>)> {
    let key = fields::key(v, "idempotency_key", &r.idempotency_key);
    let row = row(v, peers, (&r.month, &r.care_division, &r.insured_division));
    few(v, "bills", r.bills.len())?;
    let (mut read, mut seen) = (BTreeMap::new(), BTreeSet::new());
    for (at, given) in r.bills.iter().enumerate() {
        let bill = v.within_item("bills", at, |v| {
            let bill = once(v, &given.bill_id, &mut seen);
            let reason = reason(v, &given.reason);
            Some((bill?, (at, reason?)))
        });
        read.extend(bill);
    }
    key?;
    Some((row?, read)).filter(|(_, read)| read.len() == r.bills.len())
}

fn few(v: &mut Violations, field: &str, count: usize) -> Option<()> {
    if (1..=BILLS_MOST).contains(&count) {
        return Some(());
    }
    v.add(field, format!("{count} bills"), "from 1 to 1,000");
    None
}

/// A bill that is named once.
fn once(v: &mut Violations, text: &str, seen: &mut BTreeSet<BillId>) -> Option<BillId> {
    let bill = bill_id(v, "bill_id", text)?;
    if seen.insert(bill) {
        return Some(bill);
    }
    v.add("bill_id", text, "each bill once");
    None
}

/// Who resolves what.
pub(super) fn resolving(v: &mut Violations, (key, bill, officer): (&str, &str, &str)) -> Option<(BillId, Name)> {
    let key = fields::key(v, "idempotency_key", key);
    let bill = bill_id(v, "bill_id", bill);
    let officer = fields::id(v, "officer_id", officer);
    key?;
    bill.zip(officer)
}

/// What was paid or received.
pub(super) fn report(
    v: &mut Violations,
    peers: &Peers,
    by: (&str, &str),
    amount: (&str, i64),
    day: (&str, &str),
) -> Option<Report> {
    let by = province(v, peers, by.0, by.1);
    let read = fields::fen(v, amount.0, amount.1);
    if read == Some(Fen::ZERO) {
        v.add(amount.0, 0, "an amount above zero");
    }
    let day = fields::date(v, day.0, day.1);
    Some(Report { by: by?, amount: read?, day: day? })
}
