use money::Fen;

use super::{Balance, GroupRefused, Journal};
use crate::Account;

/// Why a journal's figures are not those of its entries. Amounts in fen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The entries do not make a journal.
    #[error("replay the entries")]
    Replay(#[source] GroupRefused),
    /// Books that are one-sided.
    #[error("balance the books: debits less credits are {sum}")]
    Sum {
        /// Debits less credits.
        sum: Fen,
    },
    /// An account's balance is not what its lines add up to.
    #[error("prove the balance of {account}: kept {kept:?}, computed {computed:?}")]
    Balance {
        /// Which account.
        account: Account,
        /// What the journal keeps.
        kept: Balance,
        /// What the entries add up to.
        computed: Balance,
    },
    /// Something else that is kept differs: what is left of a claim, what is remembered, what was reversed.
    #[error("prove what is left, remembered and reversed")]
    Other,
}

impl Journal {
    /// Computes everything again from the entries and compares.
    ///
    /// # Errors
    /// The first difference found.
    pub fn verify(&self) -> Result<(), VerifyError> {
        let computed = Self::replay(self.commits().map(<[_]>::to_vec)).map_err(VerifyError::Replay)?;
        for account in computed.state.balances.keys().chain(self.state.balances.keys()) {
            let (kept, computed) = (self.balance(account), computed.balance(account));
            if kept != computed {
                return Err(VerifyError::Balance { account: *account, kept, computed });
            }
        }
        let sum = computed.sum();
        if !sum.is_zero() {
            return Err(VerifyError::Sum { sum });
        }
        if computed == *self { Ok(()) } else { Err(VerifyError::Other) }
    }
}

#[cfg(test)]
mod tests {
    use terms::{EntryKind, Name};

    use super::*;
    use crate::{Draft, Heading};

    fn journal() -> (Journal, Account) {
        let name = |text: &str| Name::new(text).unwrap();
        let account = Account::Personal { person: name("P1") };
        let heading = Heading { id: name("O1"), date: chrono::NaiveDate::MIN, reference: Name::EMPTY };
        let mut draft = Draft::new(EntryKind::Opening, heading);
        draft.debit(Account::Opening { division: "990100".parse().unwrap() }, Fen::new(5));
        draft.credit(account, Fen::new(5));
        let mut journal = Journal::new();
        journal.append(draft.seal().unwrap()).unwrap();
        (journal, account)
    }

    #[test]
    fn a_balance_that_was_tampered_with_is_found() {
        let (mut journal, account) = journal();
        assert_eq!(journal.verify(), Ok(()));
        journal.state.balances.get_mut(&account).unwrap().credits += Fen::new(1);
        let found = journal.verify().unwrap_err();
        assert!(matches!(found, VerifyError::Balance { account: of, .. } if of == account), "{found:?}");
    }

    #[test]
    fn an_entry_that_was_taken_out_is_found() {
        let (mut journal, _) = journal();
        journal.entries.clear();
        journal.commits.clear();
        assert!(journal.verify().is_err());
    }

    #[test]
    fn a_claim_whose_rest_was_tampered_with_is_found() {
        let (mut journal, account) = journal();
        journal.state.chains.values_mut().next().unwrap().left.insert(account, Fen::new(-6));
        assert_eq!(journal.verify(), Err(VerifyError::Other));
    }
}
