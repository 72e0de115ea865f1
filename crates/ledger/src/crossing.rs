//! A bill between two provinces, in the books between provinces: at the place of care, and at the place of insurance.

use money::Fen;
use terms::{Division, EntryKind, Name};

use crate::{Account, Draft, Entry, EntryError, Heading};

/// What a bill of a patient insured elsewhere is, in fen. The four amounts are one sum: total = owed + hospital + cash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// The bill.
    pub total: Fen,
    /// What the place of insurance owes the place of care.
    pub owed: Fen,
    /// What the hospital bears itself.
    pub hospital: Fen,
    /// What the patient pays.
    pub cash: Fen,
}

/// The entry at the place of care: the province of insurance owes the bureau what the bureau owes the hospital; the hospital's own
/// share and the patient's cash are remembered. The heading's reference is the bill.
///
/// # Errors
/// [`EntryError`]: amounts that do not add up to the bill, below zero or too large; a bill of nothing.
pub fn care(
    heading: Heading,
    insured: Division,
    (institution, person): (Name, Name),
    bill: &Crossing,
) -> Result<Entry, EntryError> {
    let mut draft = Draft::new(EntryKind::Crossing, heading);
    draft.total = bill.total;
    draft.debit(Account::Province { province: insured.province() }, bill.owed);
    draft.credit(Account::Payable { institution }, bill.owed);
    draft.change(Account::Hospital { institution }, bill.hospital);
    draft.change(Account::Cash { person }, bill.cash);
    draft.seal()
}

/// The entry at the place of insurance: what the books that settle owe for the bill is owed to the place of care. Nothing where
/// nothing is owed.
///
/// # Errors
/// [`EntryError`]: an amount below zero or too large.
pub fn insured(heading: Heading, care: Division, owed: Fen) -> Result<Option<Entry>, EntryError> {
    if owed.is_zero() {
        return Ok(None);
    }
    let mut draft = Draft::new(EntryKind::Crossing, heading);
    draft.debit(Account::Cross { province: care.province() }, owed);
    draft.credit(Account::Province { province: care.province() }, owed);
    draft.seal().map(Some)
}

/// The entry of a month that is cleared, the same at both provinces: what stood in the books between them is to be received from the other
/// one (above zero) or to be paid to it (below) by the notices. Nothing where that is nothing.
///
/// # Errors
/// [`EntryError`]: an amount that is too large.
pub fn cleared(heading: Heading, other: Division, receives: Fen) -> Result<Option<Entry>, EntryError> {
    if receives.is_zero() {
        return Ok(None);
    }
    let mut draft = Draft::new(EntryKind::Clearing, heading);
    draft.change(Account::Clearing { province: other.province() }, receives);
    draft.change(Account::Province { province: other.province() }, -receives);
    draft.seal().map(Some)
}

/// The entry at the place of care of what an audit took off a bill: the province of insurance owes less, and so does the bureau owe the
/// hospital. The heading's reference is the bill.
///
/// # Errors
/// [`EntryError`]: an amount that is not above zero or too large.
pub fn deducted_care(
    heading: Heading,
    insured: Division,
    institution: Name,
    deducted: Fen,
) -> Result<Entry, EntryError> {
    let mut draft = Draft::new(EntryKind::Crossing, heading);
    draft.total = -deducted;
    draft.debit(Account::Payable { institution }, deducted);
    draft.credit(Account::Province { province: insured.province() }, deducted);
    draft.seal()
}

/// The entry at the place of insurance of what an audit took off a bill: less is owed to the place of care, and the books that settle owe
/// less for the bill.
///
/// # Errors
/// As [`deducted_care`].
pub fn deducted_insured(heading: Heading, care: Division, deducted: Fen) -> Result<Entry, EntryError> {
    let mut draft = Draft::new(EntryKind::Crossing, heading);
    draft.debit(Account::Province { province: care.province() }, deducted);
    draft.credit(Account::Cross { province: care.province() }, deducted);
    draft.seal()
}
