//! Moves amounts in and out of personal accounts, each movement numbered and with the balance after it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use ledger::{Entry, Heading, book};
use money::Fen;
use rpc::{Fault, Reason};
use terms::Name;

use super::{Context, Trouble};
use crate::domain::{Account, Claim, Decided, Desk, Draw, Movement, MovementKind, drawn_from, owners, taken};

/// Accounts as they change within a command.
#[derive(Clone, Debug)]
pub(super) struct Till {
    accounts: BTreeMap<Name, Account>,
    movements: Vec<Movement>,
    /// What was paid of what owners owe.
    entries: Vec<Entry>,
    now: DateTime<Utc>,
}

/// A movement that is to be made.
#[derive(Clone, Copy)]
pub(super) struct Move<'a> {
    pub(super) person: Name,
    pub(super) kind: MovementKind,
    pub(super) amount: Fen,
    pub(super) about: &'a str,
    pub(super) relative: Option<Name>,
}

impl Till {
    pub(super) fn new(desk: &Desk, now: DateTime<Utc>) -> Self {
        Self { accounts: desk.accounts.clone(), movements: Vec::new(), entries: Vec::new(), now }
    }

    /// What an account holds now.
    pub(super) fn balance(&self, person: &Name) -> Fen {
        self.accounts.get(person).copied().unwrap_or_default().balance
    }

    /// Makes a movement; nothing for an amount of zero. What comes in pays what the owner owes first.
    ///
    /// # Errors
    /// `BALANCE_TOO_LOW` where the account holds less.
    pub(super) fn make(&mut self, context: &Context<'_>, what: Move<'_>) -> Result<Option<Movement>, Trouble> {
        let made = self.record(context, what)?;
        if what.kind != MovementKind::Owed && what.amount > Fen::ZERO {
            self.pay_owed(context, what)?;
        }
        Ok(made)
    }

    fn pay_owed(&mut self, context: &Context<'_>, came_in: Move<'_>) -> Result<(), Trouble> {
        let account = self.accounts.get(&came_in.person).copied().unwrap_or_default();
        let amount = account.owed.min(account.balance);
        let what = Move { kind: MovementKind::OwedPaid, amount: -amount, relative: None, ..came_in };
        let Some(paid) = self.record(context, what)? else { return Ok(()) };
        // About the movement: a reversal of the claim takes its own entries back and not this one.
        let heading = Heading { id: context.id()?, date: context.today(), reference: paid.id };
        let entry = book::pay_owed(heading, paid.person, amount).map_err(Trouble::internal)?;
        self.entries.push(entry);
        Ok(())
    }

    fn record(&mut self, context: &Context<'_>, what: Move<'_>) -> Result<Option<Movement>, Trouble> {
        let Move { person, kind, amount, about, relative } = what;
        if amount.is_zero() {
            return Ok(None);
        }
        let account = self.accounts.entry(person).or_default();
        let balance = account.balance.checked_add(amount).filter(|balance| *balance <= Fen::LIMIT);
        let balance = balance.ok_or_else(|| Fault::wrong_state("full", "the account would hold more than it may"))?;
        if balance.is_negative() {
            let message = "the account holds less than asked for";
            let fault = Fault::new(Reason::BalanceTooLow, message);
            return Err(fault.with("balance_fen", account.balance.get().to_string()).into());
        }
        let is_debt = matches!(kind, MovementKind::Owed | MovementKind::OwedPaid);
        let owed = account.owed.checked_add(if is_debt { amount } else { Fen::ZERO });
        let owed = owed.filter(|owed| *owed <= Fen::LIMIT);
        let owed = owed.ok_or_else(|| Fault::wrong_state("full", "the owner would owe more than an amount may be"))?;
        *account = Account { balance, owed, moves: account.moves + 1, ..*account };
        let (id, number) = (context.id()?, account.moves);
        let about = about.to_owned();
        let movement = Movement { id, person, number, kind, amount, balance, owed, about, relative, at: self.now };
        self.movements.push(movement.clone());
        Ok(Some(movement))
    }

    /// Takes a new claim's shares from the own account and from relatives'.
    pub(super) fn pay(&mut self, context: &Context<'_>, claim: &Claim) -> Result<(), Trouble> {
        let nothing = [];
        let (own, _) = taken(&claim.decided.decision);
        self.shift(context, claim, (Fen::ZERO, own), (&nothing, &claim.decided.draws), None)
    }

    /// Moves what a claim's shares of accounts changed by: `now` is none for a claim that is taken out. With `back` only what
    /// comes back is moved, without it only what is paid.
    pub(super) fn settle_up(
        &mut self,
        context: &Context<'_>,
        (claim, before): (&Claim, &Decided),
        now: Option<(&Claim, &Decided)>,
        back: bool,
    ) -> Result<(), Trouble> {
        let own = now.map_or(Fen::ZERO, |(_, now)| taken(&now.decision).0);
        let draws = now.map(|(_, now)| now.draws.as_slice()).unwrap_or_default();
        self.shift(context, claim, (taken(&before.decision).0, own), (&before.draws, draws), Some(back))
    }

    fn shift(
        &mut self,
        context: &Context<'_>,
        claim: &Claim,
        (own_before, own_now): (Fen, Fen),
        (before, now): (&[Draw], &[Draw]),
        back: Option<bool>,
    ) -> Result<(), Trouble> {
        let wanted = |amount: &Fen| back.is_none_or(|back| back != amount.is_negative());
        let kind = |amount: Fen, paid| if amount.is_negative() { paid } else { MovementKind::Returned };
        let about = claim.id.as_str();
        let amount = own_before - own_now;
        if wanted(&amount) {
            let kind = kind(amount, MovementKind::Bill);
            self.make(context, Move { person: claim.person, kind, amount, about, relative: None })?;
        }
        for person in owners(before, now) {
            let amount = drawn_from(before, &person) - drawn_from(now, &person);
            if wanted(&amount) {
                let kind = kind(amount, MovementKind::RelativeBill);
                self.make(context, Move { person, kind, amount, about, relative: Some(claim.person) })?;
            }
        }
        Ok(())
    }

    /// What was paid of what owners owe.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Puts accounts, movements and what was paid of debts on the desk, to be written with the commit.
    pub(super) fn put_on(&self, desk: &mut Desk) {
        for movement in &self.movements {
            if let Some(account) = self.accounts.get(&movement.person) {
                desk.accounts.insert(movement.person, *account);
            }
        }
        desk.writes.movements.extend(self.movements.iter().cloned());
        desk.writes.entries.extend(self.entries.iter().cloned());
    }
}
