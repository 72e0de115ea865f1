//! The other side of a settlement: entries of the books that keep a fund of which bills are settled elsewhere.

use money::Fen;
use terms::{Division, EntryKind, Name};

use crate::{Account, Draft, Entry, EntryError, Heading};

/// The entry of the first shares of a claim, by payer and in fen: each fund is debited, what it owes the books that settle is
/// credited; below zero the other way round. Nothing where every share is zero.
///
/// # Errors
/// [`EntryError`]: no claim in the heading's reference, a payer without a name, or amounts that do not fit.
pub fn share(heading: Heading, division: Division, changes: &[(Name, Fen)]) -> Result<Option<Entry>, EntryError> {
    entry(Draft::new(EntryKind::Settlement, heading), division, changes)
}

/// The entry of what the shares of a claim changed by since: new less old, by payer and in fen. `settled` is the id of the
/// claim's first entry, made by [`share`].
///
/// # Errors
/// As [`share`].
pub fn difference(
    heading: Heading,
    settled: Name,
    division: Division,
    changes: &[(Name, Fen)],
) -> Result<Option<Entry>, EntryError> {
    let mut draft = Draft::new(EntryKind::Adjustment, heading);
    draft.original = Some(settled);
    entry(draft, division, changes)
}

fn entry(mut draft: Draft, division: Division, changes: &[(Name, Fen)]) -> Result<Option<Entry>, EntryError> {
    for (payer, change) in changes {
        let owed = Fen::ZERO.checked_sub(*change).ok_or(EntryError::TooLarge)?;
        draft.change(Account::Fund { division, payer: *payer }, *change);
        draft.change(Account::Due { division, payer: *payer }, owed);
    }
    if draft.is_empty() { Ok(None) } else { Ok(Some(draft.seal()?)) }
}
