use money::Fen;
use policy::Version;
use terms::{Division, EntryKind, Name};

use super::BookError;
use crate::{Account, Draft, Heading};

/// The entry of temporary assistance, in fen: what officers gave a person beside any bill is debited to the fund and owed to
/// the person. The heading's reference is the application it was given on.
///
/// # Errors
/// [`BookError::Entry`] where it would be no entry.
pub fn aid(
    heading: Heading,
    policy: Version,
    (division, payer): (Division, Name),
    person: Name,
    amount: Fen,
) -> Result<crate::Entry, BookError> {
    let mut draft = Draft::new(EntryKind::Aid, heading);
    draft.policy = Some(policy);
    draft.total = amount;
    draft.debit(Account::Fund { division, payer }, amount);
    draft.credit(Account::Payable { institution: person }, amount);
    Ok(draft.seal()?)
}
