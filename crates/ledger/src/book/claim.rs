use chrono::NaiveDate;
use money::Fen;
use terms::{EntryKind, Name};

use super::BookError;
use crate::{Account, Booking, Draft, Entry, EntryError, Heading, Line, Memo};

/// The entry of a settled bill: each payer's account is debited, the institution's payable credited; the hospital's own share
/// and the cash at its window are remembered.
///
/// # Errors
/// [`BookError::Refused`] for a booking of a refusal or of nothing; [`BookError::Entry`] where it would be no entry.
pub fn settle(heading: Heading, booking: &Booking) -> Result<Entry, BookError> {
    if booking.is_nothing() {
        return Err(BookError::Refused);
    }
    let mut draft = decided(EntryKind::Settlement, heading, booking);
    draft.total = booking.total;
    for (account, change) in &booking.changes {
        draft.change(*account, *change);
    }
    Ok(draft.seal()?)
}

/// The exact mirror of an entry: every line on the other side, every memo with the other sign.
///
/// # Errors
/// [`BookError::ReversalOfReversal`]: what was reversed is settled again, under a new id.
pub fn reverse(id: Name, date: NaiveDate, original: &Entry) -> Result<Entry, BookError> {
    if original.kind == EntryKind::Reversal {
        return Err(BookError::ReversalOfReversal);
    }
    let lines = original.lines.iter().map(|line| Line { side: line.side.other(), ..*line });
    let memo = original.memo.iter().map(|memo| Memo { amount: -memo.amount, ..*memo });
    let draft = Draft {
        id,
        kind: EntryKind::Reversal,
        date,
        reference: original.reference,
        original: Some(original.id),
        policy: original.policy,
        clauses: original.clauses.clone(),
        total: -original.total,
        lines: lines.collect(),
        memo: memo.collect(),
    };
    Ok(draft.seal()?)
}

/// The differences between the decision that stood and the one that stands now; nothing where no amount moved.
///
/// `settled` is the id of the bill's settlement entry, and none where the bill was refused at first: the adjustment then
/// stands as its settlement. The two bookings may come from different policy versions.
///
/// # Errors
/// [`BookError::Entry`] where the differences would be no entry.
pub fn adjust(
    heading: Heading,
    settled: Option<Name>,
    before: &Booking,
    after: &Booking,
) -> Result<Option<Entry>, BookError> {
    let mut draft = decided(EntryKind::Adjustment, heading, after);
    draft.original = settled;
    draft.total = after.total - before.total;
    for (account, change) in &after.changes {
        draft.change(*account, *change - before.change(account));
    }
    let gone = before.changes.iter().filter(|(account, _)| !after.changes.iter().any(|(of, _)| of == account));
    for (account, change) in gone {
        draft.change(*account, -*change);
    }
    if draft.is_empty() { Ok(None) } else { Ok(Some(draft.seal()?)) }
}

/// A refund of a part of a settled bill: `total` fen of it, given back on the accounts named, each above zero.
///
/// A payer's share goes back to the payer and is no longer owed to the institution; the hospital's own share and cash are
/// remembered as given back at its window. `institution` is who gave the care. The journal refuses it where less is left.
///
/// # Errors
/// [`BookError::NotAClaim`] for an entry that settles no bill, [`BookError::NotPositive`], or [`BookError::Entry`] where
/// `total` is not what the accounts add up to.
pub fn refund(
    heading: Heading,
    original: &Entry,
    institution: Name,
    (total, parts): (Fen, &[(Account, Fen)]),
) -> Result<Entry, BookError> {
    if !matches!(original.kind, EntryKind::Settlement | EntryKind::Adjustment) {
        return Err(BookError::NotAClaim);
    }
    let mut draft = Draft::new(EntryKind::Refund, Heading { reference: original.reference, ..heading });
    draft.original = Some(original.id);
    draft.policy = original.policy;
    draft.clauses.clone_from(&original.clauses);
    draft.total = Fen::ZERO.checked_sub(total).ok_or(EntryError::TooLarge)?;
    let mut owed = Fen::ZERO;
    for (account, amount) in parts {
        if *amount <= Fen::ZERO {
            return Err(BookError::NotPositive { account: *account });
        }
        if !account.is_memorandum() {
            owed = owed.checked_add(*amount).ok_or(EntryError::TooLarge)?;
        }
        draft.change(*account, -*amount);
    }
    draft.debit(Account::Payable { institution }, owed);
    Ok(draft.seal()?)
}

/// A draft under the policy version and the clauses of a booking.
fn decided(kind: EntryKind, heading: Heading, booking: &Booking) -> Draft {
    let mut draft = Draft::new(kind, heading);
    draft.policy = Some(booking.version);
    draft.clauses.clone_from(&booking.clauses);
    draft
}
