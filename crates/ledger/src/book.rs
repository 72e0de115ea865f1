//! Entries for what happens: a settlement, its reversal, adjustment and refund; contributions, account credits, balances
//! brought forward, temporary assistance.
//!
//! Each function makes an entry and changes nothing; whether it may be appended is the journal's to say, which alone knows
//! what stands and what is left.

mod aid;
mod claim;
mod income;

pub use aid::aid;
pub use claim::{adjust, refund, reverse, settle};
pub use income::{account_credit, bring_forward, contribution, owe_back, pay_owed, take_back};

use crate::EntryError;

/// Why no entry can be made of what is given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// The entry would not be one.
    #[error("make an entry")]
    Entry(#[from] EntryError),
    /// A refusal settles nothing.
    #[error("settle a bill that was refused")]
    Refused,
    /// The pack says that no value is known.
    #[error("book a figure nobody has given: {field}")]
    Unknown {
        /// Which figure of the contribution.
        field: &'static str,
    },
    /// A reversal is not reversed: settle again.
    #[error("reverse a reversal; what it took back is settled again under a new id")]
    ReversalOfReversal,
    /// Only a settled bill is refunded in part.
    #[error("refund a part of an entry that settles no bill")]
    NotAClaim,
    /// An amount to give back that is zero or less.
    #[error("give back an amount above zero on {account}")]
    NotPositive {
        /// Where.
        account: crate::Account,
    },
}
