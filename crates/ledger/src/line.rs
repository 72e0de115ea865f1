use money::Fen;
use serde::{Deserialize, Serialize};
use terms::Side;

use crate::Account;

/// A line of an entry: an amount above zero on one side of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The account; never a memorandum account.
    pub account: Account,
    /// Debit or credit.
    pub side: Side,
    /// How much, in fen; above zero.
    pub amount: Fen,
}

impl Line {
    /// The amount in fen, above zero on the debit side and below on the credit side.
    #[must_use]
    pub fn signed(&self) -> Fen {
        match self.side {
            Side::Debit => self.amount,
            Side::Credit => -self.amount,
        }
    }
}

/// What an entry remembers beside the books: an amount of a memorandum account, in fen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memo {
    /// A memorandum account of the hospital or of the person's cash.
    pub account: Account,
    /// How much more (or, below zero, less) it bears, in fen; never zero.
    pub amount: Fen,
}
