//! Limits of a year and the holds that take a part of them until they are posted or voided.

use chrono::{DateTime, Utc};
use money::Fen;
use policy::Version;
use terms::{Division, Name, Scheme};

use super::words::words;

words! {
    /// Where a hold stands.
    HoldState { Pending "pending", Posted "posted", Voided "voided" }
    /// Why the use of a limit moved.
    MoveKind { Reserve "reserve", Post "post", Void "void", Change "change", Opening "opening", Adopt "adopt" }
}

/// The limit of a payer in a person's year, and how much of it is used, in fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limit {
    /// The highest cap that a hold was granted under; none where the policy sets none.
    pub(crate) cap: Option<Fen>,
    /// Whether a cap was ever asked of a policy: before that nothing is known of it.
    pub(crate) is_set: bool,
    pub(crate) pending: Fen,
    pub(crate) posted: Fen,
    /// How many moves it had.
    pub(crate) moves: i64,
}

/// A part of limits that is or was held for one call of settlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) id: Name,
    pub(crate) person: Name,
    /// What it was granted under; none where it was refused before it was asked for.
    pub(crate) under: Option<Under>,
    pub(crate) owner: String,
    pub(crate) state: HoldState,
    /// In order of year and payer.
    pub(crate) parts: Vec<Part>,
    /// The Change that ended it.
    pub(crate) change: Option<Name>,
    pub(crate) reserved_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) asked_at: Option<DateTime<Utc>>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
}

/// What a hold was granted under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Under {
    pub(crate) division: Division,
    pub(crate) version: Version,
    pub(crate) scheme: Scheme,
}

/// What a hold takes of one payer in one year, in fen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) year: i32,
    pub(crate) payer: Name,
    pub(crate) asked: Fen,
    pub(crate) granted: Fen,
    pub(crate) posted: Fen,
}

/// What is asked of one payer in one year, and the limit the policy gives there, in fen; none for no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) year: i32,
    pub(crate) payer: Name,
    pub(crate) net: Fen,
    pub(crate) cap: Option<Fen>,
}

/// A hold to be made, or made to hold more.
#[derive(Clone, Debug)]
pub(crate) struct Reserving {
    pub(crate) id: Name,
    pub(crate) under: Under,
    pub(crate) owner: String,
    pub(crate) asks: Vec<Ask>,
    pub(crate) now: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reserved {
    /// It is pending: one for each ask, in the order asked for, and until when it is waited for.
    Held(Vec<Granted>, DateTime<Utc>),
    /// It was ended before.
    Over(HoldState),
    /// The hold is another person's.
    Anothers,
}

/// What is held of one ask, in fen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Granted {
    pub(crate) year: i32,
    pub(crate) payer: Name,
    pub(crate) asked: Fen,
    pub(crate) granted: Fen,
}

/// A move of a limit, for the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) year: i32,
    pub(crate) payer: Name,
    pub(crate) number: i64,
    pub(crate) kind: MoveKind,
    /// The hold or Change that moved it.
    pub(crate) about: Name,
    pub(crate) pending_after: Fen,
    pub(crate) posted_after: Fen,
}

impl Limit {
    /// Learns of a cap: the highest counts, and what is there already is never above it.
    pub(crate) fn learn(&mut self, cap: Option<Fen>) {
        self.cap = match (self.is_set, self.cap, cap) {
            (true, None, _) | (_, _, None) => None,
            (true, Some(known), Some(cap)) => Some(known.max(cap)),
            (false, _, Some(cap)) => Some(cap),
        };
        self.is_set = true;
        self.stretch();
    }

    /// Raises the cap to what is used, if that is more.
    pub(crate) fn stretch(&mut self) {
        self.cap = self.cap.map(|cap| cap.max(self.pending + self.posted));
    }

    /// What a hold may take that has `own` of it already.
    pub(crate) fn left(&self, own: Fen) -> Fen {
        self.cap.map_or(Fen::LIMIT, |cap| (cap - self.pending - self.posted + own).max(Fen::ZERO))
    }

    /// Whether nothing is below zero or above the cap.
    pub(crate) fn is_sound(&self) -> bool {
        let fits = self.cap.is_none_or(|cap| self.pending + self.posted <= cap);
        fits && !self.pending.is_negative() && !self.posted.is_negative()
    }
}
