//! The other side of what is booked elsewhere: entries of the books that keep a fund of which bills are settled, or premiums paid.

use money::Fen;
use policy::Version;
use terms::{Division, EntryKind, IncomeSource, Name, Word as _};

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

/// The entry of a premium that a fund pays for a person, in fen: the fund is debited, and owes it to the books in which it came in as
/// `income:<division>:premium_assisted`, under the same last word (`due:<division>:premium_assisted`). The heading's reference is
/// the enrolment; `policy` is the version that computed the premium.
///
/// # Errors
/// [`EntryError`]: nothing paid, a payer without a name, or an amount that does not fit.
pub fn premium(
    heading: Heading,
    policy: Version,
    (division, payer): (Division, Name),
    amount: Fen,
) -> Result<Entry, EntryError> {
    let mut draft = Draft::new(EntryKind::Contribution, heading);
    draft.policy = Some(policy);
    draft.debit(Account::Fund { division, payer }, amount);
    let owed_for = Name::new(IncomeSource::PremiumAssisted.word()).unwrap_or(Name::EMPTY);
    draft.credit(Account::Due { division, payer: owed_for }, amount);
    draft.seal()
}

fn entry(mut draft: Draft, division: Division, changes: &[(Name, Fen)]) -> Result<Option<Entry>, EntryError> {
    for (payer, change) in changes {
        let owed = Fen::ZERO.checked_sub(*change).ok_or(EntryError::TooLarge)?;
        draft.change(Account::Fund { division, payer: *payer }, *change);
        draft.change(Account::Due { division, payer: *payer }, owed);
    }
    if draft.is_empty() { Ok(None) } else { Ok(Some(draft.seal()?)) }
}
