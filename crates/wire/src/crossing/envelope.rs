use ::crossing::{Algorithm, Header, Sealed, Sha};
use chrono::{DateTime, Utc};
use pb::cross_province::v1 as pb;
use prost_types::Timestamp;
use terms::Division;
use uuid::Uuid;

use super::Body;
use super::body::word_of;
use crate::write::moment;

/// The form of the layout that is signed.
const FORMAT: u32 = 1;

/// Why an envelope cannot be read. Nothing of it is believed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an envelope of format 1: {field}")]
pub struct NotAnEnvelope {
    /// The first field that cannot be read.
    pub field: &'static str,
}

/// The envelope of a signed message.
#[must_use]
pub fn envelope(sealed: &Sealed) -> pb::Envelope {
    let header = &sealed.header;
    pb::Envelope {
        format: FORMAT,
        sender: header.sender.to_string(),
        receiver: header.receiver.to_string(),
        message_id: header.message_id.to_string(),
        sequence: header.sequence,
        previous_sha256: hex::encode(header.previous),
        sent_at: Some(moment(header.sent_at)),
        reply_to: header.reply_to.map(|id| id.to_string()).unwrap_or_default(),
        kind: Body::kind_of(header.kind.as_str()).unwrap_or_default().into(),
        body_sha256: hex::encode(header.body_sha256),
        key_id: header.key_id.to_string(),
        algorithm: algorithm_number(header.algorithm).into(),
        signature: sealed.signature.clone(),
        body: sealed.body.clone(),
    }
}

/// The signed message of an envelope; whether it is its sender's is checked elsewhere.
///
/// # Errors
/// [`NotAnEnvelope`].
pub fn sealed(envelope: &pb::Envelope) -> Result<Sealed, NotAnEnvelope> {
    let not = |field| NotAnEnvelope { field };
    if envelope.format != FORMAT {
        return Err(not("format"));
    }
    let kind = pb::BodyKind::try_from(envelope.kind).ok().filter(|kind| *kind != pb::BodyKind::Unspecified);
    let header = Header {
        sender: province(&envelope.sender).ok_or(not("sender"))?,
        receiver: province(&envelope.receiver).ok_or(not("receiver"))?,
        message_id: id(&envelope.message_id).ok_or(not("message_id"))?,
        sequence: Some(envelope.sequence).filter(|sequence| *sequence > 0).ok_or(not("sequence"))?,
        previous: sha(&envelope.previous_sha256).ok_or(not("previous_sha256"))?,
        sent_at: envelope.sent_at.and_then(micros).ok_or(not("sent_at"))?,
        reply_to: match envelope.reply_to.as_str() {
            "" => None,
            text => Some(id(text).ok_or(not("reply_to"))?),
        },
        kind: kind.map(word_of).ok_or(not("kind"))?,
        body_sha256: sha(&envelope.body_sha256).ok_or(not("body_sha256"))?,
        key_id: key(&envelope.key_id).ok_or(not("key_id"))?,
        algorithm: algorithm(envelope.algorithm).ok_or(not("algorithm"))?,
    };
    Ok(Sealed { header, signature: envelope.signature.clone(), body: envelope.body.clone() })
}

/// A province or the centre: a code that is its own province.
fn province(text: &str) -> Option<Division> {
    text.parse().ok().filter(|division: &Division| division.province() == *division)
}

/// An id in its one form: another spelling would be another header.
fn id(text: &str) -> Option<Uuid> {
    Uuid::parse_str(text).ok().filter(|id| id.to_string() == text)
}

fn sha(text: &str) -> Option<Sha> {
    let mut sha = Sha::default();
    hex::decode_to_slice(text, &mut sha).ok()?;
    (hex::encode(sha) == text).then_some(sha)
}

fn key(text: &str) -> Option<terms::Name> {
    terms::Name::new(text).ok().filter(|name| !name.is_empty())
}

/// A moment in whole microseconds, as it is signed.
fn micros(at: Timestamp) -> Option<DateTime<Utc>> {
    let nanos = u32::try_from(at.nanos).ok().filter(|nanos| *nanos < 1_000_000_000 && nanos.is_multiple_of(1_000))?;
    DateTime::from_timestamp(at.seconds, nanos)
}

const fn algorithm_number(algorithm: Algorithm) -> pb::SigningAlgorithm {
    match algorithm {
        Algorithm::Ed25519 => pb::SigningAlgorithm::Ed25519,
        Algorithm::Sm2Sm3 => pb::SigningAlgorithm::Sm2Sm3,
    }
}

fn algorithm(number: i32) -> Option<Algorithm> {
    match pb::SigningAlgorithm::try_from(number).ok()? {
        pb::SigningAlgorithm::Unspecified => None,
        pb::SigningAlgorithm::Ed25519 => Some(Algorithm::Ed25519),
        pb::SigningAlgorithm::Sm2Sm3 => Some(Algorithm::Sm2Sm3),
    }
}
