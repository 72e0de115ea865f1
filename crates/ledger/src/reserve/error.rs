use chrono::{DateTime, Utc};
use money::Fen;

use crate::Account;

/// Why a command is refused. Amounts in fen. Nothing changed; a refused id may be tried again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReserveError {
    /// No such limit.
    #[error("find limit {limit}")]
    UnknownLimit {
        /// The account.
        limit: Account,
    },
    /// No such reservation.
    #[error("find the reservation")]
    UnknownReservation,
    /// An amount below zero.
    #[error("hold, post or allow {amount}, which is below zero")]
    Negative {
        /// The amount.
        amount: Fen,
    },
    /// The limit would be passed.
    #[error("hold {asked} of {limit}, of which {left} is left")]
    BeyondLimit {
        /// The limit.
        limit: Account,
        /// What is left of it.
        left: Fen,
        /// What was asked for.
        asked: Fen,
    },
    /// More than is held.
    #[error("post {asked} of {held} held")]
    BeyondPending {
        /// What the reservation holds.
        held: Fen,
        /// What was asked for.
        asked: Fen,
    },
    /// Less than nothing would be posted of the limit.
    #[error("change by {change} a limit of which {left} is posted")]
    BeyondPosted {
        /// What is posted.
        left: Fen,
        /// New less old.
        change: Fen,
    },
    /// A change by nothing.
    #[error("change what is posted by nothing")]
    NoChange,
    /// It was posted already (with another amount, where it is posted again).
    #[error("change a reservation that was posted with {amount}")]
    AlreadyPosted {
        /// What was posted.
        amount: Fen,
    },
    /// It was voided.
    #[error("raise or post a reservation that was voided")]
    AlreadyVoided,
    /// It was expired.
    #[error("raise or post a reservation that has expired")]
    AlreadyExpired,
    /// It was voided before it arrived.
    #[error("hold a reservation that was voided before it arrived")]
    VoidedBefore,
    /// Its time has not passed.
    #[error("expire a reservation before {expires}")]
    NotYet {
        /// From when on it may be expired.
        expires: DateTime<Utc>,
    },
    /// The id is there with other content.
    #[error("repeat a command whose id is there with another {field}")]
    OtherContent {
        /// The first field that differs.
        field: &'static str,
    },
    /// A cap under what is used.
    #[error("lower the limit to {cap}: {used} is pending and posted")]
    BelowUse {
        /// The cap asked for.
        cap: Fen,
        /// What is pending and posted.
        used: Fen,
    },
    /// The sums do not fit.
    #[error("hold amounts that large")]
    TooLarge,
}
