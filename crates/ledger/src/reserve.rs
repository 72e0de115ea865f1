//! What is held of a limit until it is posted or voided: pending -> posted | voided | expired, and what changes afterwards.

mod command;
mod error;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use money::Fen;
use serde::{Deserialize, Serialize};
use terms::Name;

use crate::Account;

pub use command::Command;
pub use error::ReserveError;

/// Limits and the reservations that hold parts of them.
///
/// Invariant: of each limit, pending + posted never pass the cap; what is refused changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reservations {
    limits: BTreeMap<Account, Limit>,
    held: BTreeMap<Name, Reservation>,
    /// Each reservation as it first came, before it was raised.
    first: BTreeMap<Name, Reservation>,
    /// What was changed under which id: of which limit, by how much.
    changes: BTreeMap<Name, (Account, Fen)>,
    /// Ids that were voided before they arrived.
    tombstones: BTreeSet<Name>,
}

/// A limit and how much of it is used, in fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// The most that may be pending and posted together.
    pub cap: Fen,
    /// Held by reservations that are neither posted nor voided.
    pub pending: Fen,
    /// Used by posted reservations, and what changed since.
    pub posted: Fen,
}

impl Limit {
    /// What a further reservation may hold, in fen.
    #[must_use]
    pub fn left(&self) -> Fen {
        self.cap - self.pending - self.posted
    }
}

/// A part of a limit that is or was held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// The caller's id.
    pub id: Name,
    /// The limit it holds a part of.
    pub limit: Account,
    /// How much it holds or held, in fen: what was reserved, and what it was raised by.
    pub amount: Fen,
    /// From when on it may be expired.
    pub expires: DateTime<Utc>,
    /// What became of it.
    pub standing: Standing,
}

/// What became of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It holds its amount.
    Pending,
    /// It was used, for this many fen; the rest is free again.
    Posted(Fen),
    /// It was given up.
    Voided,
    /// It was given up because its time had passed.
    Expired,
}

/// The answer to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The reservation as it stands now.
    Stands(Reservation),
    /// Voided before it arrived; a late arrival is refused.
    NeverHeld,
    /// The limit as it stands now.
    Uses(Limit),
}

impl Reservations {
    /// No limits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the cap of a limit, in fen; a new limit is unused.
    ///
    /// # Errors
    /// [`ReserveError::BelowUse`] where more is pending and posted; [`ReserveError::Negative`] for a cap below zero;
    /// [`ReserveError::TooLarge`].
    pub fn set_limit(&mut self, limit: Account, cap: Fen) -> Result<Limit, ReserveError> {
        if cap.is_negative() {
            return Err(ReserveError::Negative { amount: cap });
        }
        if cap > Fen::UNLIMITED {
            return Err(ReserveError::TooLarge);
        }
        let before = self.limits.get(&limit).copied().unwrap_or_default();
        let used = before.pending + before.posted;
        if cap < used {
            return Err(ReserveError::BelowUse { cap, used });
        }
        let after = Limit { cap, ..before };
        self.limits.insert(limit, after);
        Ok(after)
    }

    /// Obeys a batch: one result for each command, in order; each sees what those before it did.
    pub fn apply(&mut self, batch: &[Command]) -> Vec<Result<Answer, ReserveError>> {
        batch.iter().map(|command| self.obey(command)).collect()
    }

    /// A limit.
    #[must_use]
    pub fn limit(&self, limit: &Account) -> Option<&Limit> {
        self.limits.get(limit)
    }

    /// A reservation.
    #[must_use]
    pub fn reservation(&self, id: &Name) -> Option<&Reservation> {
        self.held.get(id)
    }

    /// The pending reservations whose time has passed: their owners are asked what became of them, then they are posted,
    /// voided or expired. Nothing expires by itself.
    pub fn overdue(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Reservation> {
        self.held.values().filter(move |held| held.standing == Standing::Pending && held.expires <= now)
    }

    /// Whether each limit's use is what its reservations and changes add up to and within its cap: the first limit that is not.
    #[must_use]
    pub fn broken(&self) -> Option<&Account> {
        self.limits
            .iter()
            .find(|(account, limit)| {
                self.used(account) != **limit || limit.left().is_negative() || limit.posted.is_negative()
            })
            .map(|(account, _)| account)
    }

    fn used(&self, account: &Account) -> Limit {
        let cap = self.limits.get(account).map_or(Fen::ZERO, |limit| limit.cap);
        let mut used = Limit { cap, ..Limit::default() };
        for held in self.held.values().filter(|held| held.limit == *account) {
            match held.standing {
                Standing::Pending => used.pending += held.amount,
                Standing::Posted(amount) => used.posted += amount,
                Standing::Voided | Standing::Expired => {}
            }
        }
        used.posted +=
            self.changes.values().filter(|(limit, _)| limit == account).map(|(_, amount)| *amount).sum::<Fen>();
        used
    }
}
