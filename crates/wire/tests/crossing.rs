//! Messages between provinces: what is written reads back as the same, and what was touched is not read.

use ::crossing::{Asks, BillId, Draft, End, Link, Offer, Receipt, Says, Shares, SigningKey, Undone, Why};
use chrono::{DateTime, NaiveDate, Utc};
use money::Fen;
use pb::cross_province::v1 as pb;
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use terms::Name;
use wire::crossing::{About, Body, Meaning, NotABody, asked, envelope, meaning, receipt, said, sealed};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
}

fn about() -> About {
    About { bill: BillId([7; 16]), step: 2 }
}

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 23).unwrap()
}

/// 20,000.00, of which 10,320.00 is owed and 9,680.00 is the patient's.
fn full() -> pb::Receipt {
    pb::Receipt {
        bill_id: about().bill.to_string(),
        claim_id: "C1".to_owned(),
        settled_date: "2026-11-23".to_owned(),
        owed_fen: 1_032_000,
        cash_fen: 968_000,
        total_fen: 2_000_000,
        ..pb::Receipt::default()
    }
}

fn kept(bytes: &[u8]) -> Receipt {
    let shares = Shares { owed: Fen::new(1_032_000), cash: Fen::new(968_000) };
    Receipt { message: Sha256::digest(bytes).into(), owed: shares.owed, cash: shares.cash, day: day() }
}

fn body(kind: &Body) -> Body {
    Body::read(kind.kind(), &kind.encode()).unwrap()
}

#[test]
fn what_the_place_of_care_asks_reads_back() {
    let prepare = pb::Prepare { care_division: "990100".to_owned(), ..pb::Prepare::default() };
    let all = [
        Asks::Confirm { round: 3 },
        Asks::Finish { receipt: [9; 32] },
        Asks::Cancel,
        Asks::Reverse { receipt: [8; 32] },
        Asks::Ask,
    ];
    for asks in all {
        let written = body(&asked(about(), asks, &prepare, "a reason"));
        assert_eq!(meaning(&written), Ok(Meaning::Asks(about(), asks)), "{asks:?}");
    }
    let written = asked(about(), Asks::Prepare { content: [0; 32] }, &prepare, "");
    let content = Sha256::digest(written.encode()).into();
    assert_eq!(meaning(&body(&written)), Ok(Meaning::Asks(about(), Asks::Prepare { content })));
}

#[test]
fn what_the_place_of_insurance_says_reads_back() {
    let bytes = full().encode_to_vec();
    let offer = |round| Offer { round, owed: Fen::new(5), cash: Fen::new(7), until: at(120) };
    let all = [
        Says::Offered(offer(1)),
        Says::Changed(offer(2)),
        Says::Refused(Why::Policy),
        Says::Refused(Why::OtherContent),
        Says::Refused(Why::Late),
        Says::Confirmed(kept(&bytes)),
        Says::Ended(End::Expired),
        Says::Ended(End::Cancelled),
        Says::Reversed(Undone::TookOut { receipt: kept(&bytes), day: day() }),
        Says::Reversed(Undone::NeverCame),
        Says::Reversed(Undone::Ended),
        Says::Finished,
        Says::InProgress,
        Says::NeverSeen,
        Says::Stale { step: 4 },
    ];
    for says in all {
        let written = body(&said(about(), says, &pb::Offered::default(), &pb::Refused::default(), &bytes));
        assert_eq!(meaning(&written), Ok(Meaning::Says(about(), says)), "{says:?}");
    }
}

#[test]
fn a_receipt_adds_up_and_is_of_its_bill() {
    assert_eq!(receipt(&full().encode_to_vec()).unwrap().1, kept(&full().encode_to_vec()));
    let wrong = [
        pb::Receipt { cash_fen: 968_001, ..full() },
        pb::Receipt { owed_fen: -1, cash_fen: 2_000_001, ..full() },
        pb::Receipt { settled_date: "2026-11-3".to_owned(), ..full() },
    ];
    for wrong in wrong {
        assert!(receipt(&wrong.encode_to_vec()).is_err(), "{wrong:?}");
    }
    let others = pb::Receipt { bill_id: "0".repeat(32), ..full() }.encode_to_vec();
    let confirmed = pb::Confirmed { bill_id: about().bill.to_string(), step: 2, receipt: others };
    assert_eq!(meaning(&confirmed.into()).unwrap_err().field, "receipt.bill_id");
}

#[test]
fn a_body_in_another_form_or_with_a_field_that_is_not_known_is_none() {
    let confirm = pb::Confirm { bill_id: about().bill.to_string(), step: 2, round: 1 };
    let bytes = confirm.encode_to_vec();
    assert!(Body::read(pb::BodyKind::Confirm, &bytes).is_ok());
    // field 15, a varint, which this build does not know
    let unknown = [bytes.as_slice(), &[0x78, 0x01]].concat();
    // the step once more, behind the round: the same content in another form
    let turned = [bytes.as_slice(), &[0x10, 0x02]].concat();
    for other in [unknown, turned, vec![0xff], bytes[..bytes.len() - 1].to_vec()] {
        assert_eq!(Body::read(pb::BodyKind::Confirm, &other), Err(NotABody::Form));
    }
    assert_eq!(Body::read(pb::BodyKind::Unspecified, &bytes), Err(NotABody::Kind));
    assert_eq!(Body::kind_of("in_progress"), Ok(pb::BodyKind::InProgress));
    for word in ["", "Prepare", "unspecified", "prepare "] {
        assert_eq!(Body::kind_of(word), Err(NotABody::Kind), "{word}");
    }
}

#[test]
fn an_envelope_reads_back_and_one_that_was_touched_is_another_or_none() {
    let key = SigningKey::from_seed(Name::new("k1").unwrap(), &[3; 32]).unwrap();
    let mut link = Link::new("990000".parse().unwrap(), "980000".parse().unwrap());
    let confirm: Body = pb::Confirm { bill_id: about().bill.to_string(), step: 2, round: 1 }.into();
    let draft = Draft { id: uuid::Uuid::from_u128(5), kind: confirm.word(), reply_to: None, at: at(0) };
    let message = link.append(draft, confirm.encode(), &key);
    let good = envelope(&message);
    assert_eq!(sealed(&good), Ok(message));
    type Touch = fn(&mut pb::Envelope);
    let touched: [(&str, Touch); 12] = [
        ("format", |e| e.format = 2),
        ("sender", |e| e.sender = "990100".to_owned()),
        ("receiver", |e| e.receiver.clear()),
        ("message_id", |e| e.message_id = e.message_id.to_uppercase().replace('0', "A")),
        ("sequence", |e| e.sequence = 0),
        ("previous_sha256", |e| e.previous_sha256.push('0')),
        ("sent_at", |e| e.sent_at.as_mut().unwrap().nanos = 1),
        ("reply_to", |e| e.reply_to = "x".to_owned()),
        ("kind", |e| e.kind = 99),
        ("body_sha256", |e| e.body_sha256 = e.body_sha256.to_uppercase()),
        ("key_id", |e| e.key_id.clear()),
        ("algorithm", |e| e.algorithm = 0),
    ];
    for (field, touch) in touched {
        let mut bad = good.clone();
        touch(&mut bad);
        assert_eq!(sealed(&bad).unwrap_err().field, field);
    }
}
