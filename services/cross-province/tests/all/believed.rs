//! What is not to be believed is refused, with a stable reason, and has no effect.

use crossing::{Draft, Link, SigningKey};
use host::{Clock as _, Ids as _, SystemClock, SystemIds};
use pb::cross_province::v1 as pb;
use terms::Name;
use testkit::on_both;
use tonic_types::StatusExt as _;
use wire::crossing::{Body, envelope};

use crate::pair::{CARE, INSURED, Pair, hospital, key_of, visit};

/// The place of care's end of a line, in the test's own hands.
pub(crate) struct Speaker {
    link: Link,
    key: SigningKey,
}

impl Speaker {
    pub(crate) fn new() -> Self {
        Self { link: Link::new(CARE.parse().unwrap(), INSURED.parse().unwrap()), key: key_of(CARE) }
    }

    pub(crate) fn says(&mut self, body: &Body) -> pb::Envelope {
        let draft = Draft { id: SystemIds.next(), kind: body.word(), reply_to: None, at: SystemClock.now() };
        envelope(&self.link.append(draft, body.encode(), &self.key))
    }
}

pub(crate) fn prepare(bill: &str) -> pb::Prepare {
    let seen = visit("B1", 130_000);
    pb::Prepare {
        bill_id: bill.to_owned(),
        step: 1,
        care_division: CARE.to_owned(),
        institution_id: hospital(),
        insured_id: "p".to_owned(),
        insured_division: INSURED.to_owned(),
        bill: Some(seen),
        emergency: true,
        ..pb::Prepare::default()
    }
}

/// Sends it; the answer, or reason and why.
pub(crate) async fn sends(pair: &Pair, envelope: &pb::Envelope) -> Result<pb::Envelope, (String, String)> {
    let request = pb::DeliverRequest { envelope: Some(envelope.clone()) };
    let answer = pair.line().deliver(request).await.map_err(|status| {
        let details = status.get_error_details();
        let info = details.error_info().expect("a reason");
        (info.reason.clone(), info.metadata.get("why").cloned().unwrap_or_default())
    })?;
    Ok(answer.into_inner().envelope.unwrap())
}

fn says_no(answer: Result<pb::Envelope, (String, String)>, reason: &str, why: &str) {
    assert_eq!(answer.map(|one| one.kind), Err((reason.to_owned(), why.to_owned())));
}

#[test]
fn only_the_sender_s_own_untouched_message_is_believed() {
    on_both(|url| async move {
        let pair = Pair::open(&url).await;
        let id = "a".repeat(32);
        let good = Speaker::new().says(&prepare(&id).into());
        let mut flipped = good.clone();
        flipped.body[0] ^= 1;
        says_no(sends(&pair, &flipped).await, "NOT_AUTHENTIC", "body");
        let mut signed = good.clone();
        signed.signature[5] ^= 1;
        says_no(sends(&pair, &signed).await, "NOT_AUTHENTIC", "signature");
        let mut later = good.clone();
        later.sequence = 7;
        says_no(sends(&pair, &later).await, "NOT_AUTHENTIC", "signature");
        let mut keyed = good.clone();
        keyed.key_id = "k2".to_owned();
        says_no(sends(&pair, &keyed).await, "NOT_AUTHENTIC", "key");
        let mut chinese = good.clone();
        chinese.algorithm = pb::SigningAlgorithm::Sm2Sm3.into();
        says_no(sends(&pair, &chinese).await, "NOT_AUTHENTIC", "algorithm");
        let mut formed = good.clone();
        formed.format = 2;
        says_no(sends(&pair, &formed).await, "NOT_AUTHENTIC", "format");
        let mut stranger = Speaker::new();
        stranger.key = SigningKey::from_seed(Name::new("k1").unwrap(), &[9; 32]).unwrap();
        says_no(sends(&pair, &stranger.says(&prepare(&id).into())).await, "NOT_AUTHENTIC", "signature");
        assert_eq!(Pair::count(&pair.insured.database, "SELECT COUNT(*) AS n FROM message").await, 0);
        // and the message itself is
        let answer = sends(&pair, &good).await.expect("an offer");
        assert_eq!((answer.kind(), answer.reply_to), (pb::BodyKind::Offered, good.message_id));
    });
}

#[test]
fn a_province_speaks_for_its_own_hospitals_and_to_those_whose_people_they_are() {
    on_both(|url| async move {
        let pair = Pair::open(&url).await;
        let id = "b".repeat(32);
        let others = pb::Prepare { care_division: "970100".to_owned(), ..prepare(&id) };
        says_no(sends(&pair, &Speaker::new().says(&others.into())).await, "WRONG_PROVINCE", "");
        let elsewhere = pb::Prepare { insured_division: "970100".to_owned(), ..prepare(&id) };
        says_no(sends(&pair, &Speaker::new().says(&elsewhere.into())).await, "WRONG_PROVINCE", "");
        let mut astray =
            Speaker { link: Link::new(CARE.parse().unwrap(), "970000".parse().unwrap()), key: key_of(CARE) };
        says_no(sends(&pair, &astray.says(&prepare(&id).into())).await, "WRONG_PROVINCE", "");
        let mut nobody =
            Speaker { link: Link::new("970000".parse().unwrap(), INSURED.parse().unwrap()), key: key_of(CARE) };
        says_no(sends(&pair, &nobody.says(&prepare(&id).into())).await, "WRONG_PROVINCE", "");
        assert_eq!(Pair::count(&pair.insured.database, "SELECT COUNT(*) AS n FROM message").await, 0);
    });
}

#[test]
fn a_message_again_is_answered_as_before_and_another_in_its_place_is_refused() {
    on_both(|url| async move {
        let pair = Pair::open(&url).await;
        let (id, other) = ("c".repeat(32), "d".repeat(32));
        let mut speaker = Speaker::new();
        let first = speaker.says(&prepare(&id).into());
        let answer = sends(&pair, &first).await.expect("an offer");
        assert_eq!(sends(&pair, &first).await.expect("the same"), answer);
        // the same place in the chain, another content
        says_no(sends(&pair, &Speaker::new().says(&prepare(&other).into())).await, "REPLAYED", "");
        // a place further on that does not name the one before
        speaker.link.sent.sha256 = [1; 32];
        says_no(sends(&pair, &speaker.says(&prepare(&other).into())).await, "CHAIN_BROKEN", "");
        assert_eq!(Pair::count(&pair.insured.database, "SELECT COUNT(*) AS n FROM message").await, 2);
        assert_eq!(Pair::count(&pair.insured.database, "SELECT COUNT(*) AS n FROM insured_bill").await, 1);
    });
}
