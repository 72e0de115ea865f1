use chrono::{DateTime, NaiveDate, Utc};
use money::Fen;
use terms::Name;

use super::claim::stored;

stored! {
    /// Why an amount went in or out of an account.
    MovementKind {
        /// Credited from a premium or from the pooled fund (QN-2, QN-3).
        Credit "credit",
        /// Brought in from another system or pooling area.
        BroughtIn "brought_in",
        /// Paid a bill of the owner.
        Bill "bill",
        /// Paid a bill of a relative.
        RelativeBill "relative_bill",
        /// Came back when a bill was reversed, refunded or adjusted.
        Returned "returned",
        /// Paid a relative's premium (QN-4).
        RelativePremium "relative_premium",
        /// Taken along to another pooling area.
        TakenAlong "taken_along",
        /// Taken back into the fund that credited it.
        TakenBack "taken_back",
        /// What is taken back next and is not there: owed by the owner from now on. It comes in, so that all of it goes out.
        Owed "owed",
        /// Paid what the owner owes, out of what came in just before.
        OwedPaid "owed_paid",
    }
}

use serde::{Deserialize, Serialize};

/// A personal account. Its row is the lock of its person: whoever changes anything of a person holds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// What can be spent, in fen; never below zero.
    pub balance: Fen,
    /// What the owner owes for what was taken back and was spent before, in fen; while it is above zero the balance is zero.
    pub owed: Fen,
    /// Held for calls that are not yet sure, in fen; not contained in the balance.
    pub reserved: Fen,
    /// How many movements it has had.
    pub moves: i64,
    /// How many Changes the keeper of the third system was told of the person.
    pub changes: i64,
}

/// What went in or out of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Its id.
    pub id: Name,
    /// Whose account.
    pub person: Name,
    /// Its number in the account, from 1.
    pub number: i64,
    /// Why.
    pub kind: MovementKind,
    /// The amount in fen: above zero in, below zero out.
    pub amount: Fen,
    /// The balance after it, in fen.
    pub balance: Fen,
    /// What the owner owes after it, in fen.
    pub owed: Fen,
    /// The claim, credit, payment or transfer it is about.
    pub about: String,
    /// The relative it was for, if it was not for the owner.
    pub relative: Option<Name>,
    /// When.
    pub at: DateTime<Utc>,
}

/// That a relative's bills may be paid from an account (共济).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Its id.
    pub id: Name,
    /// Whose account.
    pub owner: Name,
    /// Whose bills.
    pub relative: Name,
    /// What the relative is to the owner, a word of `Relation`.
    pub relation: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day, if it ends.
    pub to: Option<NaiveDate>,
}
