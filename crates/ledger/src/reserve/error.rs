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
    /// An amount of zero or less.
    #[error("reserve, post or give back {amount}, which is not above zero")]
    NotPositive {
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
    /// More than was posted and not yet given back.
    #[error("give back {asked}, of which {left} is left")]
    BeyondPosted {
        /// What is left.
        left: Fen,
        /// What was asked for.
        asked: Fen,
    },
    /// It was posted already (with another amount, where it is posted again).
    #[error("change a reservation that was posted with {amount}")]
    AlreadyPosted {
        /// What was posted.
        amount: Fen,
    },
    /// It was voided.
    #[error("post a reservation that was voided")]
    AlreadyVoided,
    /// It was expired.
    #[error("post a reservation that has expired")]
    AlreadyExpired,
    /// It was voided before it arrived.
    #[error("hold a reservation that was voided before it arrived")]
    VoidedBefore,
    /// Nothing was posted that could be given back.
    #[error("give back what was not posted")]
    NotPosted,
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
