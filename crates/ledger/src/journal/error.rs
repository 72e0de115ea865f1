use money::Fen;
use terms::Name;

use crate::Account;

/// Why the journal does not take an entry. Amounts in fen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The id is taken by an entry with other content.
    #[error("append an entry whose id is there with another {field}")]
    OtherContent {
        /// The first field that differs.
        field: &'static str,
    },
    /// Some entries of the commit are there already and others are not, or one stands twice in it.
    #[error("append a commit of which a part is there already")]
    PartlyKnown,
    /// The entry it names is not in the journal.
    #[error("find the original")]
    UnknownOriginal,
    /// The original itself follows another entry, or settles nothing.
    #[error("refund or adjust an entry that is no settlement")]
    NotASettlement,
    /// It was reversed already.
    #[error("change what was reversed by {by}")]
    AlreadyReversed {
        /// The reversal.
        by: Name,
    },
    /// A reversal is not reversed.
    #[error("reverse a reversal; what it took back is settled again under a new id")]
    ReversalOfReversal,
    /// Later entries stand on it and are reversed first.
    #[error("reverse what {follower} stands on; reverse that first")]
    StoodOn {
        /// The newest of them.
        follower: Name,
    },
    /// A reversal that is not the mirror of its original.
    #[error("mirror the original: {field} is not its mirror")]
    NotTheMirror {
        /// The first field that is wrong.
        field: &'static str,
    },
    /// The claim has a settlement that stands.
    #[error("settle a claim twice; {by} stands")]
    AlreadySettled {
        /// Its settlement.
        by: Name,
    },
    /// A refund is about another claim than its original.
    #[error("follow an entry of another claim")]
    OtherClaim,
    /// More is given back than is left.
    #[error("give back {asked} on {account}, of which {left} is left")]
    BeyondLeft {
        /// Where.
        account: Account,
        /// What is left of the bill there.
        left: Fen,
        /// What was asked for.
        asked: Fen,
    },
    /// A payer would owe less than nothing of the bill, or the institution get less than nothing.
    #[error("leave {left} of the bill on {account}")]
    WrongSide {
        /// Where.
        account: Account,
        /// What would be left there, debits above zero.
        left: Fen,
    },
    /// The account holds too little.
    #[error("overdraw {account} by {by}")]
    Overdrawn {
        /// Which account.
        account: Account,
        /// How much is missing.
        by: Fen,
    },
    /// The sums do not fit.
    #[error("add up amounts that large")]
    TooLarge,
}

/// A commit that was refused whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("append entry {id}, number {at} of its commit")]
pub struct GroupRefused {
    /// The place of the entry in its commit, from 0.
    pub at: usize,
    /// Its id.
    pub id: Name,
    /// Why.
    #[source]
    pub reason: Box<JournalError>,
}
