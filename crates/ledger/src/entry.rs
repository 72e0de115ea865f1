use std::ops::Deref;

use money::Fen;
use serde::{Deserialize, Serialize};
use terms::{AccountKind, EntryKind, Name, Side};

use crate::{Account, Draft, Line, Memo};

/// An entry: a draft that was found right. It can be read like one and never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Draft", into = "Draft")]
pub struct Entry(Draft);

/// Why a draft is no entry. Amounts in fen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Books that are one-sided.
    #[error("balance the entry: debits {debits}, credits {credits}, difference {difference}")]
    Unbalanced {
        /// Sum of the debits.
        debits: Fen,
        /// Sum of the credits.
        credits: Fen,
        /// Debits less credits.
        difference: Fen,
    },
    /// Payable, hospital's share and cash are not the bill.
    #[error("account for the bill: the bill is {total}, payable, hospital's share and cash are {booked}")]
    NotTheBill {
        /// The bill.
        total: Fen,
        /// What was booked of it.
        booked: Fen,
    },
    /// A line of zero or less.
    #[error("book a line: {amount} on {account} is not above zero")]
    NotPositive {
        /// Where.
        account: Account,
        /// How much.
        amount: Fen,
    },
    /// A line on a memorandum account, or a memo on an account of the books or of zero.
    #[error("book {account}: it is on the wrong side of the line between books and memorandum, or remembers nothing")]
    Misplaced {
        /// Where.
        account: Account,
    },
    /// An account without its id.
    #[error("book an account of kind {kind} that has no id")]
    Nameless {
        /// Its kind.
        kind: AccountKind,
    },
    /// Neither a line nor a memo.
    #[error("record an entry without a line or a memo")]
    Empty,
    /// No id, or a claim without a reference.
    #[error("find the {field} of the entry")]
    Missing {
        /// Which field.
        field: &'static str,
    },
    /// An entry of a kind that names no original names one.
    #[error("record a {kind} that names an original")]
    StrayOriginal {
        /// Its kind.
        kind: EntryKind,
    },
    /// The sums do not fit.
    #[error("add up amounts that large")]
    TooLarge,
}

impl Entry {
    /// Every account it moves and by how much, in fen, debits above zero; memorandum accounts as remembered.
    pub fn changes(&self) -> impl Iterator<Item = (Account, Fen)> {
        let lines = self.0.lines.iter().map(|line| (line.account, line.signed()));
        lines.chain(self.0.memo.iter().map(|memo| (memo.account, memo.amount)))
    }

    /// Sum of its debits, in fen; the sum of its credits is the same.
    #[must_use]
    pub fn debits(&self) -> Fen {
        self.0.lines.iter().filter(|line| line.side == Side::Debit).map(|line| line.amount).sum()
    }

    /// Everything it moves and remembers, in fen, above zero.
    pub(crate) fn turnover(&self) -> Fen {
        remembered(&self.0).fold(self.debits(), |sum, amount| sum + amount)
    }

    /// The draft it was made from.
    #[must_use]
    pub fn into_draft(self) -> Draft {
        self.0
    }
}

impl Deref for Entry {
    type Target = Draft;
    fn deref(&self) -> &Draft {
        &self.0
    }
}

impl From<Entry> for Draft {
    fn from(entry: Entry) -> Self {
        entry.0
    }
}

impl TryFrom<Draft> for Entry {
    type Error = EntryError;
    fn try_from(draft: Draft) -> Result<Self, EntryError> {
        heading(&draft)?;
        draft.lines.iter().try_for_each(line)?;
        draft.memo.iter().try_for_each(memo)?;
        let side = |side| {
            let amounts = draft.lines.iter().filter(|line| line.side == side).map(|line| line.amount);
            sum(amounts).ok_or(EntryError::TooLarge)
        };
        let (debits, credits) = (side(Side::Debit)?, side(Side::Credit)?);
        if debits != credits {
            return Err(EntryError::Unbalanced { debits, credits, difference: debits - credits });
        }
        the_bill(&draft)?;
        sum(std::iter::once(debits).chain(remembered(&draft))).ok_or(EntryError::TooLarge)?;
        Ok(Self(draft))
    }
}

fn heading(draft: &Draft) -> Result<(), EntryError> {
    let missing = |field| Err(EntryError::Missing { field });
    if draft.id.is_empty() {
        return missing("id");
    }
    if draft.is_empty() {
        return Err(EntryError::Empty);
    }
    match draft.kind {
        EntryKind::Reversal if draft.original.is_none() => missing("original"),
        EntryKind::Refund if draft.original.is_none() => missing("original"),
        EntryKind::Settlement | EntryKind::Adjustment | EntryKind::Refund if draft.reference.is_empty() => {
            missing("reference")
        }
        EntryKind::Reversal | EntryKind::Refund | EntryKind::Adjustment => {
            if draft.original.as_ref().is_some_and(Name::is_empty) { missing("original") } else { Ok(()) }
        }
        kind if draft.original.is_some() => Err(EntryError::StrayOriginal { kind }),
        _ => Ok(()),
    }
}

fn line(line: &Line) -> Result<(), EntryError> {
    let Line { account, amount, .. } = *line;
    named(&account)?;
    small_enough(amount)?;
    if account.is_memorandum() {
        return Err(EntryError::Misplaced { account });
    }
    if amount <= Fen::ZERO { Err(EntryError::NotPositive { account, amount }) } else { Ok(()) }
}

fn memo(memo: &Memo) -> Result<(), EntryError> {
    let Memo { account, amount } = *memo;
    named(&account)?;
    small_enough(amount)?;
    let may_be_remembered = matches!(account.kind(), AccountKind::Hospital | AccountKind::Cash);
    if may_be_remembered && !amount.is_zero() { Ok(()) } else { Err(EntryError::Misplaced { account }) }
}

fn named(account: &Account) -> Result<(), EntryError> {
    match account.name() {
        Some(name) if name.is_empty() => Err(EntryError::Nameless { kind: account.kind() }),
        _ => Ok(()),
    }
}

/// The sizes of what is remembered.
fn remembered(draft: &Draft) -> impl Iterator<Item = Fen> {
    draft.memo.iter().map(|memo| if memo.amount.is_negative() { -memo.amount } else { memo.amount })
}

/// Whether an amount can be taken back too without passing what the type holds.
fn small_enough(amount: Fen) -> Result<(), EntryError> {
    let size = amount.max(Fen::new(amount.get().saturating_neg()));
    if size > Fen::UNLIMITED { Err(EntryError::TooLarge) } else { Ok(()) }
}

/// Bill = payable to the institution + hospital's own share + cash. Of a bill whose place of care is in another province the books
/// that settle it owe the books between provinces instead; these themselves only pass it on.
fn the_bill(draft: &Draft) -> Result<(), EntryError> {
    let passed_on = draft.lines.iter().any(|line| line.account.kind() == AccountKind::Province);
    let is_owed = |kind| kind == AccountKind::Payable || (kind == AccountKind::Cross && !passed_on);
    let payable = draft.lines.iter().filter(|line| is_owed(line.account.kind()));
    let payable = payable.map(|line| -line.signed());
    let booked = sum(payable.chain(draft.memo.iter().map(|memo| memo.amount))).ok_or(EntryError::TooLarge)?;
    let total = draft.total;
    small_enough(total)?;
    if booked == total { Ok(()) } else { Err(EntryError::NotTheBill { total, booked }) }
}

fn sum(mut amounts: impl Iterator<Item = Fen>) -> Option<Fen> {
    amounts.try_fold(Fen::ZERO, Fen::checked_add)
}
