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
/// [`BookError::Unknown`] where the own premium is not known: an open figure is never booked as zero. Of an employee whose
/// employer's premium alone is not known, the known parts are booked.
/// [`BookError::Entry`] where nothing is paid or the parts are not the total.
pub fn contribution(
    heading: Heading,
    policy: &Policy,
    (division, fund): (Division, Name),
    contribution: &Contribution,
) -> Result<Entry, BookError> {
    let known = |field, amount: Option<Fen>| amount.ok_or(BookError::Unknown { field });
    let own = known("own", contribution.own)?;
    // an employer's premium that nobody knows is no line at all: what is known is booked, and it is what the fund gets
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
    let known_parts = || sources.iter().try_fold(Fen::ZERO, |sum, (_, amount)| sum.checked_add(*amount));
    let total = match (contribution.total, contribution.employer) {
        (Some(total), _) => total,
        (None, None) => known_parts().ok_or(EntryError::TooLarge)?,
        (None, Some(_)) => return Err(BookError::Unknown { field: "total" }),
    };
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

/// The entry of a credit that was a mistake and goes back to where it was from (a fund, or balances brought forward), in fen:
/// `there` is what the account still holds of it, `spent` what it does not, which the person owes from now on.
///
/// # Errors
/// [`BookError::Entry`] where it would be no entry.
pub fn take_back(
    heading: Heading,
    from: Account,
    person: Name,
    (there, spent): (Fen, Fen),
) -> Result<Entry, BookError> {
    let mut draft = Draft::new(EntryKind::AccountDebit, heading);
    draft.debit(Account::Personal { person }, there);
    draft.debit(Account::Receivable { person }, spent);
    draft.credit(from, there.checked_add(spent).ok_or(EntryError::TooLarge)?);
    Ok(draft.seal()?)
}

/// The entry by which a person's account pays what the person owes, in fen.
///
/// # Errors
/// [`BookError::Entry`] where it would be no entry.
pub fn pay_owed(heading: Heading, person: Name, amount: Fen) -> Result<Entry, BookError> {
    let mut draft = Draft::new(EntryKind::AccountDebit, heading);
    draft.debit(Account::Personal { person }, amount);
    draft.credit(Account::Receivable { person }, amount);
    Ok(draft.seal()?)
}

/// The entry of premiums that came in and are owed back to `payee`, after the entry that made them the fund's was reversed:
/// what came in is debited by source, in fen, and payable. Nothing where nothing came in.
///
/// # Errors
/// [`BookError::Entry`] where it would be no entry.
pub fn owe_back(
    heading: Heading,
    division: Division,
    premiums: &[(IncomeSource, Fen)],
    payee: Name,
) -> Result<Option<Entry>, BookError> {
    let mut draft = Draft::new(EntryKind::OwedBack, heading);
    for (source, amount) in premiums {
        draft.debit(Account::Income { division, source: *source }, *amount);
        draft.total = draft.total.checked_add(*amount).ok_or(EntryError::TooLarge)?;
    }
    draft.credit(Account::Payable { institution: payee }, draft.total);
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
