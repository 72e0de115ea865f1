use money::Fen;
use policy::{Contribution, Policy};
use terms::{Division, EntryKind, IncomeSource, Name};

use super::BookError;
use crate::booking::clause_ids;
use crate::{Account, Draft, Entry, EntryError, Heading};

/// The entry of a contribution, for the journal of fund income: who paid in is debited, the fund credited.
///
/// The subsidy is booked by level of government, and unsplit where the pack says no split. What goes on to personal accounts
/// is a step of its own, [`account_credit`].
///
/// # Errors
/// [`BookError::Unknown`] where the pack says that no figure is known: an open figure is never booked as zero.
/// [`BookError::Entry`] where nothing is paid or the parts are not the total.
pub fn contribution(
    heading: Heading,
    policy: &Policy,
    (division, fund): (Division, Name),
    contribution: &Contribution,
) -> Result<Entry, BookError> {
    let known = |field, amount: Option<Fen>| amount.ok_or(BookError::Unknown { field });
    let total = known("total", contribution.total)?;
    let own = known("own", contribution.own)?;
    let employer = contribution.employer.unwrap_or(Fen::ZERO);
    let Contribution { central, province, city, county, subsidy, assisted, .. } = *contribution;
    let sources = [
        (IncomeSource::PremiumOwn, own),
        (IncomeSource::PremiumEmployer, employer),
        (IncomeSource::PremiumAssisted, assisted),
        (IncomeSource::SubsidyCentral, central),
        (IncomeSource::SubsidyProvince, province),
        (IncomeSource::SubsidyCity, city),
        (IncomeSource::SubsidyCounty, county),
        (IncomeSource::SubsidyUnsplit, subsidy - central - province - city - county),
    ];
    let mut draft = cited(EntryKind::Contribution, heading, policy, contribution);
    for (source, amount) in sources {
        draft.debit(Account::Income { division, source }, amount);
    }
    draft.credit(Account::Fund { division, payer: fund }, total);
    Ok(draft.seal()?)
}

/// The entry of what a contribution credits to one person's account out of the fund; nothing where it credits nothing.
///
/// It belongs in the journal that holds the account, once.
///
/// # Errors
/// [`BookError::Entry`] where it would be no entry.
pub fn account_credit(
    heading: Heading,
    policy: &Policy,
    (division, fund): (Division, Name),
    person: Name,
    contribution: &Contribution,
) -> Result<Option<Entry>, BookError> {
    let mut draft = cited(EntryKind::AccountCredit, heading, policy, contribution);
    draft.debit(Account::Fund { division, payer: fund }, contribution.credit);
    draft.credit(Account::Personal { person }, contribution.credit);
    if draft.is_empty() { Ok(None) } else { Ok(Some(draft.seal()?)) }
}

/// The entry of balances brought forward, each in fen on the credit side: what an account holds when the journal begins.
///
/// # Errors
/// [`BookError::Entry`] where there is none, or where one is on an account beside the books.
pub fn bring_forward(heading: Heading, division: Division, balances: &[(Account, Fen)]) -> Result<Entry, BookError> {
    let mut draft = Draft::new(EntryKind::Opening, heading);
    let mut sum = Fen::ZERO;
    for (account, balance) in balances {
        sum = sum.checked_add(*balance).ok_or(EntryError::TooLarge)?;
        draft.change(*account, Fen::ZERO.checked_sub(*balance).ok_or(EntryError::TooLarge)?);
    }
    draft.change(Account::Opening { division }, sum);
    Ok(draft.seal()?)
}

fn cited(kind: EntryKind, heading: Heading, policy: &Policy, contribution: &Contribution) -> Draft {
    let mut draft = Draft::new(kind, heading);
    draft.policy = Some(policy.version());
    draft.clauses = clause_ids(policy, contribution.values.iter().map(|value| value.source));
    draft
}
