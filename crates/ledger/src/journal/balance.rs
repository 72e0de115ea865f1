use std::collections::BTreeMap;

use money::Fen;
use serde::{Deserialize, Serialize};
use terms::{AccountKind, Side};

use super::Journal;

/// What stands on both sides of an account, in fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// Sum of its debits.
    pub debits: Fen,
    /// Sum of its credits.
    pub credits: Fen,
}

impl Balance {
    /// Debits less credits, in fen.
    #[must_use]
    pub fn net(&self) -> Fen {
        self.debits - self.credits
    }

    pub(super) fn side(&mut self, side: Side) -> &mut Fen {
        match side {
            Side::Debit => &mut self.debits,
            Side::Credit => &mut self.credits,
        }
    }
}

/// The books at a glance: each kind of account, and what is remembered beside them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TrialBalance {
    /// Accounts of the books, by kind.
    pub books: BTreeMap<AccountKind, Balance>,
    /// Memorandum accounts, by kind, in fen.
    pub memo: BTreeMap<AccountKind, Fen>,
}

impl TrialBalance {
    /// Debits less credits over all kinds, in fen: zero.
    #[must_use]
    pub fn sum(&self) -> Fen {
        self.books.values().map(Balance::net).sum()
    }
}

impl Journal {
    /// The trial balance by kind of account.
    #[must_use]
    pub fn trial_balance(&self) -> TrialBalance {
        let mut trial = TrialBalance::default();
        for (account, balance) in &self.state.balances {
            let sum = trial.books.entry(account.kind()).or_default();
            sum.debits += balance.debits;
            sum.credits += balance.credits;
        }
        for (account, amount) in &self.state.memo {
            *trial.memo.entry(account.kind()).or_default() += *amount;
        }
        trial
    }
}
