//! The messages between two provinces in order: numbers and chains what is sent, and says what an arriving one is.

use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use terms::{Division, Name};
use uuid::Uuid;

use crate::{Header, Sealed, Sha, Sign};

/// One side's end of the two chains between it and a peer. All it has beside the log is four numbers and two hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Whose end this is.
    pub own: Division,
    /// The other side.
    pub peer: Division,
    /// The last message sent.
    pub sent: Mark,
    /// The last message that came with all before it.
    pub seen: Mark,
    /// The highest sequence that came or that the peer has signed for.
    pub highest: u64,
}

/// A place in a chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The sequence, 0 before the first message.
    pub sequence: u64,
    /// The hash of its header; zeros before the first message.
    pub sha256: Sha,
}

/// A message to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its id.
    pub id: Uuid,
    /// What the body is.
    pub kind: Name,
    /// What it answers.
    pub reply_to: Option<Uuid>,
    /// When.
    pub at: DateTime<Utc>,
}

/// What the log has of a message that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The message's id.
    pub id: Uuid,
    /// The hash of its header.
    pub sha256: Sha,
    /// The hash it names as the one before.
    pub previous: Sha,
}

/// The log of what came from the peer. For [`Link::take`] of a header it needs to know its sequence, the ones beside it, those
/// from `seen` on as far as they are there without a gap, and the id.
pub trait Held {
    /// The message that came with this sequence.
    fn at(&self, sequence: u64) -> Option<Kept>;
    /// Whether a message of this id came from this peer.
    fn has(&self, id: Uuid) -> bool;
}

/// What an arriving message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It never came before: it is kept, and worked on at once, for steps order bills and sequences do not.
    New {
        /// The sequences before it that have not come.
        gap: Option<RangeInclusive<u64>>,
    },
    /// It came before, byte by byte: it is answered as it was.
    Again,
    /// It is not believed, and not kept.
    Refused(Refused),
}

/// Why a message of the right sender is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is of another pair of provinces.
    #[error("a message of this pair of provinces")]
    Route,
    /// Its sequence or its id came with other content.
    #[error("a sequence and an id that are used once")]
    Replayed,
    /// It does not name the message before it, or is not the one the next names.
    #[error("the hash of the message before")]
    Broken,
}

impl Link {
    /// The end of a pair that has not spoken.
    #[must_use]
    pub const fn new(own: Division, peer: Division) -> Self {
        let start = Mark { sequence: 0, sha256: [0; 32] };
        Self { own, peer, sent: start, seen: start, highest: 0 }
    }

    /// Numbers, chains and signs a message. The link is kept in the commit that keeps the message.
    #[must_use]
    pub fn append(&mut self, draft: Draft, body: Vec<u8>, key: &dyn Sign) -> Sealed {
        let header = Header {
            sender: self.own,
            receiver: self.peer,
            message_id: draft.id,
            sequence: self.sent.sequence.saturating_add(1),
            previous: self.sent.sha256,
            sent_at: draft.at,
            reply_to: draft.reply_to,
            kind: draft.kind,
            body_sha256: Sha256::digest(&body).into(),
            key_id: key.key_id(),
            algorithm: key.algorithm(),
        };
        let bytes = header.bytes();
        self.sent = Mark { sequence: header.sequence, sha256: Sha256::digest(&bytes).into() };
        Sealed { header, signature: key.sign(&bytes), body }
    }

    /// What an authentic message is. Where it is new, the link moves on; both are kept in one commit.
    #[must_use]
    pub fn take(&mut self, header: &Header, held: &impl Held) -> Taken {
        if (header.sender, header.receiver) != (self.peer, self.own) || header.sequence == 0 {
            return Taken::Refused(Refused::Route);
        }
        let own = Kept { id: header.message_id, sha256: header.hash(), previous: header.previous };
        match held.at(header.sequence) {
            Some(kept) if kept == own => return Taken::Again,
            Some(_) => return Taken::Refused(Refused::Replayed),
            None if held.has(header.message_id) => return Taken::Refused(Refused::Replayed),
            None => {}
        }
        let before = match header.sequence {
            1 => Some([0; 32]),
            sequence => held.at(sequence.saturating_sub(1)).map(|kept| kept.sha256),
        };
        let after = held.at(header.sequence.saturating_add(1)).map(|kept| kept.previous);
        if before.is_some_and(|before| before != header.previous) || after.is_some_and(|after| after != own.sha256) {
            return Taken::Refused(Refused::Broken);
        }
        let missing = self.seen.sequence.saturating_add(1)..=header.sequence.saturating_sub(1);
        self.highest = self.highest.max(header.sequence);
        if missing.is_empty() {
            self.seen = Mark { sequence: header.sequence, sha256: own.sha256 };
            while let Some(next) = held.at(self.seen.sequence.saturating_add(1)) {
                self.seen = Mark { sequence: self.seen.sequence.saturating_add(1), sha256: next.sha256 };
            }
        }
        Taken::New { gap: before.is_none().then_some(missing) }
    }

    /// The peer has signed that it sent this many: only so is missed what was lost at the end of a chain.
    pub fn hears(&mut self, sequence: u64) {
        self.highest = self.highest.max(sequence);
    }

    /// What is asked of the peer: from the first sequence that has not come to the highest that is known of. Some may have come.
    #[must_use]
    pub fn missing(&self) -> Option<RangeInclusive<u64>> {
        (self.highest > self.seen.sequence).then_some(self.seen.sequence.saturating_add(1)..=self.highest)
    }
}
