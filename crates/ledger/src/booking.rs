use std::collections::BTreeSet;

use money::Fen;
use policy::{Decision, Payer, PayerKind, Policy, Settlement, SourceId, Version};
use terms::{Division, Name};

use crate::Account;

/// Whose accounts a decision moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parties {
    /// The division whose funds pay.
    pub division: Division,
    /// The insured person.
    pub person: Name,
    /// The id under which relatives' accounts are offered, if they are.
    pub family: Option<Name>,
    /// The institution that gave the care.
    pub institution: Name,
    /// Where what is paid is owed to another province, and not to the institution: any division of that province.
    pub across: Option<Division>,
}

/// What a decision puts on the books: who pays how much, what is owed to the institution, what is remembered.
///
/// Invariant: its changes on the books add up to zero, and total = payable + hospital's own share + cash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    pub(crate) version: Version,
    pub(crate) clauses: Vec<String>,
    pub(crate) total: Fen,
    pub(crate) changes: Vec<(Account, Fen)>,
}

/// Why a decision cannot be booked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BookingError {
    /// The decision was made under another policy version than the one given: payers' numbers would mean others.
    #[error("book a decision of policy {decided} with the payers of policy {given}")]
    OtherVersion {
        /// The decision's version.
        decided: Version,
        /// The policy's version.
        given: Version,
    },
    /// The policy has no payer of this number.
    #[error("find payer {number} in the policy")]
    UnknownPayer {
        /// The number.
        number: u16,
    },
    /// A family account pays and the parties name none.
    #[error("find the family account that pays {amount}")]
    NoFamily {
        /// Its share, fen.
        amount: Fen,
    },
    /// The shares do not add up to the bill.
    #[error("account for the bill: payers, hospital's share and cash differ from it by {difference}")]
    NotTheBill {
        /// The bill less what is accounted for, fen.
        difference: Fen,
    },
}

impl Booking {
    /// What a decision of this policy puts on the books; a refusal puts nothing there.
    ///
    /// # Errors
    /// [`BookingError`]: another policy version, a payer it does not know, no family account where one pays, or shares
    /// that do not add up to the bill.
    pub fn of(policy: &Policy, decision: &Decision, parties: &Parties) -> Result<Self, BookingError> {
        if decision.version != policy.version() {
            return Err(BookingError::OtherVersion { decided: decision.version, given: policy.version() });
        }
        let mut booking =
            Self { version: decision.version, clauses: Vec::new(), total: Fen::ZERO, changes: Vec::new() };
        let Some(settlement) = decision.settlement() else {
            let cites =
                decision.refusal().into_iter().flat_map(|refusal| &refusal.causes).flat_map(|cause| &cause.cite);
            booking.clauses = cites.cloned().collect::<BTreeSet<_>>().into_iter().collect();
            return Ok(booking);
        };
        booking.clauses = clauses(policy, settlement);
        booking.total = settlement.shares.total;
        booking.payers(policy, settlement, parties)?;
        booking.institution(settlement, parties)?;
        Ok(booking)
    }

    /// Whether it puts nothing on the books and remembers nothing.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.changes.is_empty()
    }

    /// The bill, in fen; zero for a refusal.
    #[must_use]
    pub const fn total(&self) -> Fen {
        self.total
    }

    /// Each account it moves and by how much, in fen: payers above zero, payable below, memorandum accounts above.
    #[must_use]
    pub fn changes(&self) -> &[(Account, Fen)] {
        &self.changes
    }

    /// The change of one account, in fen.
    #[must_use]
    pub fn change(&self, account: &Account) -> Fen {
        self.changes.iter().filter(|(of, _)| of == account).map(|(_, amount)| *amount).sum()
    }

    /// What is borne apart first, then each layer in the stack's order; a payer of several layers once.
    fn payers(&mut self, policy: &Policy, settlement: &Settlement, parties: &Parties) -> Result<(), BookingError> {
        let apart = settlement.apart_payer.map(|payer| (payer, settlement.apart));
        let layers = settlement.layers.iter().map(|layer| (layer.payer, layer.paid));
        for (number, paid) in apart.into_iter().chain(layers).filter(|(_, paid)| !paid.is_zero()) {
            let payer = policy.payer(number).ok_or(BookingError::UnknownPayer { number })?;
            if let Some(account) = account(payer, paid, parties)? {
                self.add(account, paid);
            }
        }
        Ok(())
    }

    /// What the payers pay is owed to the institution; its own share and cash are remembered.
    fn institution(&mut self, settlement: &Settlement, parties: &Parties) -> Result<(), BookingError> {
        let Parties { institution, person, across, .. } = *parties;
        let shares = &settlement.shares;
        let owed: Fen = self.changes.iter().map(|(_, paid)| *paid).sum();
        let difference = shares.total - owed - shares.hospital - shares.cash;
        if !difference.is_zero() {
            return Err(BookingError::NotTheBill { difference });
        }
        let owed_to =
            across.map_or(Account::Payable { institution }, |care| Account::Cross { province: care.province() });
        self.add(owed_to, -owed);
        self.add(Account::Hospital { institution }, shares.hospital);
        self.add(Account::Cash { person }, shares.cash);
        Ok(())
    }

    fn add(&mut self, account: Account, amount: Fen) {
        if amount.is_zero() {
            return;
        }
        match self.changes.iter_mut().find(|(of, _)| *of == account) {
            Some((_, sum)) => *sum += amount,
            None => self.changes.push((account, amount)),
        }
    }
}

/// The account of a payer; none for the hospital's own share, which is remembered and not paid, and for a layer that only
/// counts. The fund that another service keeps is not in these books: what it owes them is.
fn account(payer: &Payer, paid: Fen, parties: &Parties) -> Result<Option<Account>, BookingError> {
    let Parties { division, person, family, .. } = *parties;
    let (kind, held, payer) = (payer.kind, payer.held_by.is_some(), payer.name);
    Ok(match kind {
        PayerKind::Fund if held => Some(Account::Due { division, payer }),
        PayerKind::Fund => Some(Account::Fund { division, payer }),
        PayerKind::Other => Some(Account::Other { division, payer }),
        PayerKind::Account => Some(Account::Personal { person }),
        PayerKind::FamilyAccount => {
            Some(Account::Family { family: family.ok_or(BookingError::NoFamily { amount: paid })? })
        }
        PayerKind::Hospital | PayerKind::Nobody => None,
    })
}

/// The ids of the clauses the steps rest on; none where the decision was made without steps.
fn clauses(policy: &Policy, settlement: &Settlement) -> Vec<String> {
    let sources = settlement.steps.iter().flat_map(|step| [step.source, step.via]).flatten();
    clause_ids(policy, sources)
}

/// The clause ids of values, each once, in order of id.
pub(crate) fn clause_ids(policy: &Policy, sources: impl Iterator<Item = SourceId>) -> Vec<String> {
    let sources: BTreeSet<SourceId> = sources.collect();
    let ids = sources.into_iter().filter_map(|source| policy.citation(source)).flat_map(|citation| &citation.cite);
    ids.collect::<BTreeSet<_>>().into_iter().cloned().collect()
}
