//! The log between two provinces: the bytes of a header, who is believed, what a link takes, what the verifier finds.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};
use crossing::chain::{Finding, Head, Record, Wrong, verify};
use crossing::receipt::{self, NotProven};
use crossing::{
    Algorithm, Draft, Header, Held, Kept, KeyError, Keys, Link, Mark, NotAuthentic, PublicKey, Refused, Sealed, Sign,
    SigningKey, Taken,
};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use terms::{Division, Name};
use uuid::Uuid;

use crate::support::at;

fn east() -> Division {
    "990100".parse().unwrap()
}

fn west() -> Division {
    "980100".parse().unwrap()
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn signing(id: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(name(id), &[seed; 32]).unwrap()
}

/// East's key of 2026; west has one of its own.
fn keys() -> Keys {
    let mut keys = Keys::new();
    let key = |seed, until: Option<&str>| PublicKey {
        bytes: signing("", seed).public(),
        from: date("2026-01-01"),
        until: until.map(date),
    };
    keys.add(east(), name("e-2026"), key(1, Some("2027-01-01"))).unwrap();
    keys.add(west(), name("w-2026"), key(2, None)).unwrap();
    keys
}

fn draft(number: u128) -> Draft {
    Draft { id: Uuid::from_u128(number), kind: name("CONFIRM"), reply_to: None, at: at(0) }
}

/// A chain from east to west.
fn chain(count: u128) -> (Link, Vec<Sealed>) {
    let mut link = Link::new(east(), west());
    let key = signing("e-2026", 1);
    let sealed = (1..=count).map(|number| link.append(draft(number), vec![u8::try_from(number).unwrap(); 3], &key));
    let sealed = sealed.collect();
    (link, sealed)
}

fn signed_anew(mut header: Header, body: &[u8], key: &SigningKey) -> Sealed {
    (header.key_id, header.body_sha256) = (key.key_id(), Sha256::digest(body).into());
    Sealed { signature: key.sign(&header.bytes()), header, body: body.to_vec() }
}

#[test]
fn the_bytes_of_a_header_are_those_of_the_table() {
    let sealed = chain(2).1.remove(1);
    let header = Header { reply_to: Some(Uuid::from_u128(0xABC)), ..sealed.header };
    let mut bytes = b"yibao cross-province 1\n".to_vec();
    let fields: [&[u8]; 11] = [
        b"990100",
        b"980100",
        b"00000000-0000-0000-0000-000000000002",
        &[0, 0, 0, 0, 0, 0, 0, 2],
        &chain(1).0.sent.sha256,
        // 2026-05-01T09:00:00Z
        &1_777_626_000_000_000_i64.to_be_bytes(),
        b"00000000-0000-0000-0000-000000000abc",
        b"CONFIRM",
        &Sha256::digest([2, 2, 2]),
        b"e-2026",
        b"ed25519",
    ];
    for field in fields {
        bytes.extend([0, 0, 0, u8::try_from(field.len()).unwrap()]);
        bytes.extend(field);
    }
    assert_eq!(header.bytes(), bytes);
    assert_eq!(Header::read(&bytes), Ok(header));
    assert_eq!(header.hash(), <[u8; 32]>::from(Sha256::digest(&bytes)));
}

#[test]
fn a_signature_is_that_of_rfc_8032() {
    // RFC 8032, 7.1, test 2
    let seed = hex::decode("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").unwrap();
    let key = SigningKey::from_seed(name("k"), &seed.try_into().unwrap()).unwrap();
    assert_eq!(hex::encode(key.public()), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    let signature = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
    assert_eq!(hex::encode(key.sign(&[0x72])), signature);
    assert_eq!(SigningKey::from_pkcs8(name("k"), b"no document").err(), Some(KeyError::NotEd25519));
    assert_eq!(format!("{key:?}"), "SigningKey(k)", "a key is never printed");
}

proptest! {
    #[test]
    fn a_header_with_any_byte_changed_is_refused_or_another_one(place in 0_usize..400, with in 1_u8..=255) {
        let sealed = chain(1).1.remove(0);
        let mut bytes = sealed.header.bytes();
        let place = place % bytes.len();
        bytes[place] ^= with;
        if let Ok(header) = Header::read(&bytes) {
            prop_assert_ne!(header, sealed.header);
            prop_assert_eq!(header.bytes(), bytes);
            prop_assert!(keys().signed(&header, &sealed.signature, date("2026-05-01")).is_err());
        }
    }

    #[test]
    fn no_bytes_are_read_that_would_be_written_otherwise(cut in 0_usize..400, more in any::<Vec<u8>>()) {
        let mut bytes = chain(1).1.remove(0).header.bytes();
        bytes.truncate(cut % bytes.len());
        prop_assert!(Header::read(&bytes).is_err());
        bytes.extend(&more);
        prop_assert!(Header::read(&bytes).is_ok_and(|header| header.bytes() == bytes) || Header::read(&bytes).is_err());
    }
}

#[test]
fn an_id_in_capitals_is_another_form_and_refused() {
    let header = Header { message_id: Uuid::from_u128(0xABC), ..chain(1).1[0].header };
    let bytes = header.bytes();
    let place = bytes.windows(3).position(|three| three == b"abc").unwrap();
    let mut capitals = bytes.clone();
    capitals[place..place + 3].copy_from_slice(b"ABC");
    assert!(Header::read(&capitals).is_err());
    assert!(Header::read(&[bytes, vec![0]].concat()).is_err(), "nothing follows");
}

#[test]
fn a_message_is_believed_for_its_senders_key_of_the_day_and_its_own_body_only() {
    let (keys, sealed) = (keys(), chain(1).1.remove(0));
    let on = date("2026-05-01");
    let check = |sealed: &Sealed, on| keys.check(sealed, on);
    assert_eq!(check(&sealed, on), Ok(()));
    let body = Sealed { body: vec![9], ..sealed.clone() };
    assert_eq!(check(&body, on), Err(NotAuthentic::Body));
    let more = Header { sequence: 2, ..sealed.header };
    assert_eq!(check(&Sealed { header: more, ..sealed.clone() }, on), Err(NotAuthentic::Signature));
    let short = Sealed { signature: sealed.signature[1..].to_vec(), ..sealed.clone() };
    assert_eq!(check(&short, on), Err(NotAuthentic::Signature));
    for (day, believed) in [("2025-12-31", false), ("2026-01-01", true), ("2026-12-31", true), ("2027-01-01", false)] {
        let expected = if believed { Ok(()) } else { Err(NotAuthentic::Day) };
        assert_eq!(check(&sealed, date(day)), expected, "{day}");
    }
    let others = signed_anew(sealed.header, &sealed.body, &signing("w-2026", 2));
    assert_eq!(check(&others, on), Err(NotAuthentic::Key), "another province's key");
    let false_id = signed_anew(sealed.header, &sealed.body, &signing("e-2026", 2));
    assert_eq!(check(&false_id, on), Err(NotAuthentic::Signature), "another key under this id");
    let header = Header { algorithm: Algorithm::Sm2Sm3, ..sealed.header };
    let sm2 = Sealed { signature: signing("e-2026", 1).sign(&header.bytes()), header, body: sealed.body.clone() };
    assert_eq!(check(&sm2, on), Err(NotAuthentic::Algorithm));
}

#[test]
fn a_key_is_listed_once_and_the_first_stays() {
    let mut keys = keys();
    let other = PublicKey { bytes: [0; 32], from: date("2026-01-01"), until: None };
    assert_eq!(keys.add(east(), name("e-2026"), other), Err(KeyError::Twice));
    assert_eq!(keys, self::keys());
    assert_ne!(other.fingerprint(), PublicKey { bytes: [1; 32], ..other }.fingerprint());
}

/// West's log of what came from east.
#[derive(Default)]
struct Log(BTreeMap<u64, Kept>);

impl Held for Log {
    fn at(&self, sequence: u64) -> Option<Kept> {
        self.0.get(&sequence).copied()
    }

    fn has(&self, id: Uuid) -> bool {
        self.0.values().any(|kept| kept.id == id)
    }
}

fn take(link: &mut Link, log: &mut Log, header: &Header) -> Taken {
    let taken = link.take(header, log);
    if matches!(taken, Taken::New { .. }) {
        let kept = Kept { id: header.message_id, sha256: header.hash(), previous: header.previous };
        log.0.insert(header.sequence, kept);
    }
    taken
}

proptest! {
    #[test]
    fn in_whatever_order_messages_come_each_is_new_once_and_none_is_missing_in_the_end(
        order in Just((0_usize..8).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let (sent, sealed) = chain(8);
        let (mut link, mut log) = (Link::new(west(), east()), Log::default());
        for place in &order {
            let header = &sealed[*place].header;
            let taken = take(&mut link, &mut log, header);
            let before = log.0.contains_key(&header.sequence.wrapping_sub(1)) || header.sequence == 1;
            let has_gap = matches!(taken, Taken::New { gap: Some(_) });
            prop_assert_eq!(has_gap, !before, "{:?}", taken);
            prop_assert_eq!(take(&mut link, &mut log, header), Taken::Again);
            let first_missing = (1..=9).find(|sequence| !log.0.contains_key(sequence)).unwrap();
            prop_assert_eq!(link.seen.sequence + 1, first_missing);
            let highest = *log.0.keys().max().unwrap();
            let missing = (highest >= first_missing).then_some(first_missing..=highest);
            prop_assert_eq!(link.missing(), missing);
        }
        prop_assert_eq!((link.seen, link.highest, link.missing()), (sent.sent, 8, None));
        link.hears(9);
        prop_assert_eq!(link.missing(), Some(9..=9), "the last one was lost");
    }
}

#[test]
fn what_is_no_message_of_this_chain_is_refused_and_changes_nothing() {
    let (_, sealed) = chain(3);
    let key = signing("e-2026", 1);
    let (mut link, mut log) = (Link::new(west(), east()), Log::default());
    for sealed in [&sealed[0], &sealed[2]] {
        take(&mut link, &mut log, &sealed.header);
    }
    let before = link;
    let with = |header: Header| signed_anew(header, b"other", &key).header;
    let (first, second) = (sealed[0].header, sealed[1].header);
    let refused = [
        ("the same sequence, other content", with(first), Refused::Replayed),
        ("another sequence, the same id", with(Header { sequence: 9, ..first }), Refused::Replayed),
        ("it names another before it", with(Header { previous: [3; 32], ..second }), Refused::Broken),
        ("the next names another", with(second), Refused::Broken),
        (
            "the first names one before it",
            with(Header { sequence: 1, previous: [3; 32], message_id: Uuid::from_u128(7), ..first }),
            Refused::Replayed,
        ),
        ("sequence 0", with(Header { sequence: 0, message_id: Uuid::from_u128(7), ..first }), Refused::Route),
        ("to another", with(Header { receiver: east(), ..second }), Refused::Route),
        ("from another", with(Header { sender: west(), ..second }), Refused::Route),
    ];
    for (what, header, why) in refused {
        assert_eq!(take(&mut link, &mut log, &header), Taken::Refused(why), "{what}");
        assert_eq!(link, before, "{what}");
    }
    let fresh = Header { previous: [3; 32], ..first };
    assert_eq!(Link::new(west(), east()).take(&fresh, &Log::default()), Taken::Refused(Refused::Broken), "a first one");
    assert_eq!(take(&mut link, &mut log, &second), Taken::New { gap: None });
    assert_eq!(link.seen.sequence, 3);
}

fn record(sealed: &Sealed) -> Record {
    Record {
        sender: sealed.header.sender,
        receiver: sealed.header.receiver,
        sequence: sealed.header.sequence,
        header: sealed.header.bytes(),
        signature: sealed.signature.clone(),
        body: Some(sealed.body.clone()),
    }
}

fn findings(records: Vec<Record>, heads: &[Head]) -> Vec<(u64, Wrong)> {
    let keys = keys();
    verify(records.into_iter(), &keys, heads).map(|Finding { sequence, what, .. }| (sequence, what)).collect()
}

#[test]
fn a_log_that_was_touched_anywhere_is_found_out() {
    let (link, sealed) = chain(5);
    let records: Vec<Record> = sealed.iter().map(record).collect();
    let head = Head { sender: east(), receiver: west(), mark: link.sent };
    let touched = |touch: &dyn Fn(&mut Vec<Record>)| {
        let mut records = records.clone();
        touch(&mut records);
        findings(records, &[head])
    };
    let not = Wrong::NotAuthentic;
    assert_eq!(touched(&|_| {}), []);
    assert_eq!(touched(&|log| log[1].body = None), [], "a body that was removed after its time");
    assert_eq!(touched(&|log| log[1].body = Some(vec![9])), [(2, not(NotAuthentic::Body))]);
    assert_eq!(touched(&|log| log[1].signature[0] ^= 1), [(2, not(NotAuthentic::Signature))]);
    assert_eq!(touched(&|log| log[1].header[40] ^= 0xFF)[0], (2, Wrong::Unreadable));
    assert_eq!(touched(&|log| drop(log.remove(1))), [(3, Wrong::Gap { from: 2 })]);
    assert_eq!(touched(&|log| drop(log.remove(0))), [(2, Wrong::Gap { from: 1 })]);
    assert_eq!(touched(&|log| log.truncate(4)), [(4, Wrong::HeadBeyond { theirs: 5 })]);
    assert_eq!(touched(&Vec::clear), [(0, Wrong::HeadBeyond { theirs: 5 })]);
    let swapped = touched(&|log| log.swap(1, 2));
    assert!(swapped.contains(&(3, Wrong::Gap { from: 2 })) && swapped.contains(&(2, Wrong::Order)), "{swapped:?}");
    let twice = touched(&|log| log.insert(2, log[1].clone()));
    assert_eq!(twice, [(2, Wrong::Order), (2, Wrong::IdTwice)]);
    let moved = touched(&|log| log[4].sequence = 6);
    assert!(moved.contains(&(6, Wrong::Gap { from: 5 })) && moved.contains(&(6, Wrong::Route)), "{moved:?}");
}

#[test]
fn a_log_that_its_own_sender_wrote_anew_is_found_out() {
    // with the right key, so that every signature is good: the chain and the other side's head tell
    let (link, sealed) = chain(3);
    let key = signing("e-2026", 1);
    let anew = signed_anew(sealed[1].header, b"another amount", &key);
    let records = vec![record(&sealed[0]), record(&anew), record(&sealed[2])];
    assert_eq!(findings(records, &[]), [(3, Wrong::Broken)]);
    let last = signed_anew(sealed[2].header, b"another amount", &key);
    let records = vec![record(&sealed[0]), record(&sealed[1]), record(&last)];
    let head = Head { sender: east(), receiver: west(), mark: link.sent };
    assert_eq!(findings(records.clone(), &[]), [], "alone nothing can be seen");
    assert_eq!(findings(records, &[head]), [(3, Wrong::HeadDiffers)]);
    let same_id = Header { message_id: sealed[0].header.message_id, ..sealed[1].header };
    let records = vec![record(&sealed[0]), record(&signed_anew(same_id, &sealed[1].body, &key))];
    assert_eq!(findings(records, &[]), [(2, Wrong::IdTwice)]);
    let old = Header { sent_at: at(0) - TimeDelta::days(365), ..sealed[0].header };
    let old = signed_anew(old, &sealed[0].body, &key);
    assert_eq!(findings(vec![record(&old)], &[]), [(1, Wrong::NotAuthentic(NotAuthentic::Day))]);
    let unknown = signed_anew(sealed[0].header, &sealed[0].body, &signing("e-2025", 1));
    assert_eq!(findings(vec![record(&unknown)], &[]), [(1, Wrong::NotAuthentic(NotAuthentic::Key))]);
}

#[test]
fn a_key_signs_from_the_first_moment_of_its_day_in_china() {
    let (key, mut link) = (signing("e-2026", 1), Link::new(east(), west()));
    let mut sent = |at: &str| {
        let draft = Draft { at: at.parse().unwrap(), ..draft(1) };
        link.append(draft, vec![1], &key)
    };
    // 2026-01-01 00:00 in China is 2025-12-31 16:00 in UTC
    assert_eq!(receipt::check(&sent("2025-12-31T16:00:00Z"), &keys(), None), Ok(()));
    let before = receipt::check(&sent("2025-12-31T15:59:59Z"), &keys(), None);
    assert_eq!(before, Err(NotProven::NotAuthentic(NotAuthentic::Day)));
    // each is the first of a chain of its own
    let mut link = Link::new(east(), west());
    let first = link.append(Draft { at: "2025-12-31T16:00:00Z".parse().unwrap(), ..draft(1) }, vec![1], &key);
    assert_eq!(findings(vec![record(&first)], &[]), []);
}

#[test]
fn a_receipt_is_proved_without_a_log_and_that_the_other_side_has_it_by_its_head() {
    let (link, sealed) = chain(4);
    let path: Vec<Header> = sealed[2..].iter().map(|sealed| sealed.header).collect();
    let head = Head { sender: east(), receiver: west(), mark: link.sent };
    let check = |path: &[Header], head| receipt::check(&sealed[1], &keys(), Some((path, &head)));
    assert_eq!(receipt::check(&sealed[1], &keys(), None), Ok(()));
    assert_eq!(check(&path, head), Ok(()));
    let own = Mark { sequence: 2, sha256: sealed[1].header.hash() };
    assert_eq!(check(&[], Head { mark: own, ..head }), Ok(()), "a head of this very message");
    let not = Err(NotProven::NotCovered);
    assert_eq!(check(&path[..1], head), not, "a path that ends before");
    assert_eq!(check(&path[1..], head), not, "a path with a hole");
    assert_eq!(check(&path, Head { sender: west(), receiver: east(), ..head }), not, "a head of the other chain");
    let altered = Header { sequence: 5, ..path[0] };
    assert_eq!(check(&[altered, path[1]], head), not);
    let forged = Sealed { body: vec![1], ..sealed[1].clone() };
    let error = receipt::check(&forged, &keys(), None).unwrap_err();
    assert_eq!(error, NotProven::NotAuthentic(NotAuthentic::Body));
    assert_eq!(error.to_string(), "a message of its sender");
}
