//! What is signed of a message, byte by byte.
//!
//! The bytes are `yibao cross-province 1\n`, then each field as its length (4 bytes, big-endian) and its bytes, in this order:
//!
//! | field | bytes |
//! |---|---|
//! | sender, receiver | the province's code, six digits |
//! | message id | UUID in lower case with hyphens |
//! | sequence | 8 bytes, big-endian |
//! | previous | 32 bytes: SHA-256 of these bytes of the message before in the chain; zeros for the first |
//! | sent at | microseconds since 1970-01-01T00:00Z, 8 bytes, big-endian, signed |
//! | reply to | the message id it answers; empty |
//! | kind | the name of the body's message |
//! | body | 32 bytes: SHA-256 of the body as it is transported |
//! | key id | as the table of peers names it |
//! | algorithm | its word |
//!
//! The signature is over these bytes, and `previous` names their SHA-256, without the signature. Own bytes rather than those
//! of a wire format, which no two writers need to write alike; whoever has SHA-256 and Ed25519 can check a message with this table.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use terms::{Division, Name};
use uuid::Uuid;

use crate::bill::length;
use crate::{Algorithm, Sha};

/// The first bytes of every header of this format.
const PREFIX: &[u8] = b"yibao cross-province 1\n";

/// A message's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The province that speaks.
    pub sender: Division,
    /// The province spoken to.
    pub receiver: Division,
    /// The message's id, unique for ever.
    pub message_id: Uuid,
    /// Its place in the chain from this sender to this receiver, from 1, without gaps.
    pub sequence: u64,
    /// The hash of the header before it in that chain; zeros for the first.
    pub previous: Sha,
    /// When it was sent, by the sender's clock, to the microsecond. Nothing is decided by it.
    pub sent_at: DateTime<Utc>,
    /// What it answers.
    pub reply_to: Option<Uuid>,
    /// What the body is.
    pub kind: Name,
    /// SHA-256 of the body as transported.
    pub body_sha256: Sha,
    /// Which of the sender's keys signs it.
    pub key_id: Name,
    /// How it is signed.
    pub algorithm: Algorithm,
}

/// Why bytes are no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a header of format 1: {what}")]
pub struct HeaderError {
    /// What is wrong.
    pub what: &'static str,
}

/// China's time, ahead of UTC all year.
const CHINA: TimeDelta = TimeDelta::hours(8);

impl Header {
    /// The day in China on which it was sent: what its key is to sign on.
    #[must_use]
    pub fn day(&self) -> NaiveDate {
        (self.sent_at + CHINA).date_naive()
    }

    /// The bytes that are signed and hashed.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(400);
        bytes.extend_from_slice(PREFIX);
        let mut field = |content: &[u8]| {
            bytes.extend_from_slice(&length(content.len()));
            bytes.extend_from_slice(content);
        };
        field(self.sender.to_string().as_bytes());
        field(self.receiver.to_string().as_bytes());
        let mut text = Uuid::encode_buffer();
        field(self.message_id.as_hyphenated().encode_lower(&mut text).as_bytes());
        field(&self.sequence.to_be_bytes());
        field(&self.previous);
        field(&self.sent_at.timestamp_micros().to_be_bytes());
        field(self.reply_to.map_or("", |id| id.as_hyphenated().encode_lower(&mut text)).as_bytes());
        field(self.kind.as_str().as_bytes());
        field(&self.body_sha256);
        field(self.key_id.as_str().as_bytes());
        field(self.algorithm.word().as_bytes());
        bytes
    }

    /// What the next message's `previous` names.
    #[must_use]
    pub fn hash(&self) -> Sha {
        Sha256::digest(self.bytes()).into()
    }

    /// Reads the bytes of a header. What it reads writes the same bytes again.
    ///
    /// # Errors
    /// [`HeaderError`] for anything that [`Header::bytes`] does not write.
    pub fn read(bytes: &[u8]) -> Result<Self, HeaderError> {
        let rest = bytes.strip_prefix(PREFIX).ok_or(HeaderError { what: "another beginning" })?;
        let mut fields = Fields { rest };
        let header = Self {
            sender: fields.text()?.parse().map_err(|_| HeaderError { what: "the sender is no division" })?,
            receiver: fields.text()?.parse().map_err(|_| HeaderError { what: "the receiver is no division" })?,
            message_id: fields.id()?.ok_or(HeaderError { what: "no message id" })?,
            sequence: u64::from_be_bytes(fields.exactly()?),
            previous: fields.exactly()?,
            sent_at: DateTime::from_timestamp_micros(i64::from_be_bytes(fields.exactly()?))
                .ok_or(HeaderError { what: "the time is out of range" })?,
            reply_to: fields.id()?,
            kind: fields.name()?,
            body_sha256: fields.exactly()?,
            key_id: fields.name()?,
            algorithm: Algorithm::from_word(fields.text()?).ok_or(HeaderError { what: "an unknown algorithm" })?,
        };
        // one header has one form: an id in capitals would be another
        if header.bytes() == bytes { Ok(header) } else { Err(HeaderError { what: "not in its one form" }) }
    }
}

/// The fields of a header that is read.
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn next(&mut self) -> Result<&'a [u8], HeaderError> {
        let short = HeaderError { what: "it ends within a field" };
        let (length, rest) = self.rest.split_first_chunk::<4>().ok_or(short)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| short)?;
        let (field, rest) = rest.split_at_checked(length).ok_or(short)?;
        self.rest = rest;
        Ok(field)
    }

    fn exactly<const N: usize>(&mut self) -> Result<[u8; N], HeaderError> {
        self.next()?.try_into().map_err(|_| HeaderError { what: "a field of another length" })
    }

    fn text(&mut self) -> Result<&'a str, HeaderError> {
        std::str::from_utf8(self.next()?).map_err(|_| HeaderError { what: "a field that is no text" })
    }

    fn name(&mut self) -> Result<Name, HeaderError> {
        Name::new(self.text()?).map_err(|_| HeaderError { what: "a name that is too long" })
    }

    fn id(&mut self) -> Result<Option<Uuid>, HeaderError> {
        match self.text()? {
            "" => Ok(None),
            text => Uuid::parse_str(text).map(Some).map_err(|_| HeaderError { what: "an id that is none" }),
        }
    }
}
