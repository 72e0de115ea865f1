//! What both sides book of a bill and compare by day.

use chrono::NaiveDate;
use money::Fen;
use sha2::{Digest as _, Sha256};

use crate::bill::length;
use crate::{BillId, Sha};

/// An item's id: uniform, so that a day in its order can be cut into ranges of like size.
pub type ItemId = [u8; 16];

/// A line between two provinces, the same on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// The item.
    pub id: ItemId,
    /// The bill it is of.
    pub bill: BillId,
    /// What it is.
    pub kind: ItemKind,
    /// The day of the place of insurance.
    pub day: NaiveDate,
    /// What the place of insurance owes by it, in fen; below zero where it takes back.
    pub owed: Fen,
    /// What the patient pays by it, in fen, with the same sign.
    pub cash: Fen,
    /// The bill's total, in fen, with the same sign.
    pub total: Fen,
    /// The receipt it stands on.
    pub receipt: Sha,
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemKind {
    /// A settlement.
    Settled,
    /// Its reversal.
    Reversed,
    /// What an audit takes off.
    Deducted,
    /// What is given back of that.
    DeductionReturned,
    /// An account's balance that moved with the person.
    AccountTransfer,
}

impl ItemKind {
    /// The spelling in hashes and messages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Reversed => "reversed",
            Self::Deducted => "deducted",
            Self::DeductionReturned => "deduction_returned",
            Self::AccountTransfer => "account_transfer",
        }
    }
}

impl Item {
    /// The id of a bill's item of a kind; deductions are counted from 0.
    #[must_use]
    pub fn id_of(bill: BillId, kind: ItemKind, number: u32) -> ItemId {
        let mut hash = Sha256::new();
        hash.update(b"item");
        hash.update(bill.0);
        hash.update(length(kind.word().len()));
        hash.update(kind.word());
        hash.update(number.to_be_bytes());
        let mut id = [0; 16];
        id.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
        id
    }

    /// SHA-256 of all it says, in a fixed layout: id, bill, kind, day, owed, cash, total (8 bytes each, big-endian), receipt.
    #[must_use]
    pub fn digest(&self) -> Sha {
        let mut hash = Sha256::new();
        hash.update(self.id);
        hash.update(self.bill.0);
        for text in [self.kind.word(), &self.day.to_string()] {
            hash.update(length(text.len()));
            hash.update(text);
        }
        for amount in [self.owed, self.cash, self.total] {
            hash.update(amount.get().to_be_bytes());
        }
        hash.update(self.receipt);
        hash.finalize().into()
    }
}
