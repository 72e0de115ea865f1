use money::Fen;

/// What an account offers to bills that are decided anew in order: as much as each was offered when it was first decided, shifted
/// by what the bills before it now pay differently, and never more than there is.
///
/// While the owner owes something, no bill is offered more than it paid before, except out of what comes back beyond what is
/// owed: a debt is paid before anything is spent.
///
/// Invariant: what is spent out of it is never more than its pot, so that no account ends below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purse {
    /// What there is: the balance now and what the bills to be decided anew had paid, less what they now pay.
    pot: Fen,
    /// What the bills decided so far pay less than before.
    shift: Fen,
    /// Where something is owed: the balance and what has come back so far, less what is owed.
    free: Option<Fen>,
}

impl Purse {
    /// A purse over the balance now and what the bills that are taken out or decided anew had paid; `owed` is what of it goes
    /// elsewhere as soon as it comes back.
    #[must_use]
    pub fn new(balance: Fen, paid: impl IntoIterator<Item = Fen>, owed: Fen) -> Self {
        let free = (owed > Fen::ZERO).then(|| balance - owed);
        Self { pot: balance + paid.into_iter().sum(), shift: Fen::ZERO, free }
    }

    /// What is offered to a bill that was offered `then` when it was last decided and paid `before` of it. Accounts may hold
    /// more together than any amount may be; what no bill can cost is offered to none.
    #[must_use]
    pub fn offered(&self, then: Fen, before: Fen) -> Fen {
        let offered = (then + self.shift).max(Fen::ZERO).min(self.pot).min(Fen::LIMIT);
        self.free.map_or(offered, |free| offered.min(before + free.max(Fen::ZERO)))
    }

    /// A bill that paid `before` pays `now`, at most what it was offered.
    pub fn spend(&mut self, before: Fen, now: Fen) {
        self.pot -= now;
        self.shift += before - now;
        self.free = self.free.map(|free| free + (before - now));
    }

    /// What is left: the balance after all of it.
    #[must_use]
    pub const fn left(&self) -> Fen {
        self.pot
    }
}

/// The purses of one person: the own account, and what relatives' accounts offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The own account.
    pub own: Purse,
    /// Relatives' accounts, as one.
    pub family: Purse,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fen(amount: i64) -> Fen {
        Fen::new(amount)
    }

    #[test]
    fn what_an_earlier_bill_gives_back_is_offered_to_the_next() {
        // 100 in the account; bill 1 took 60, bill 2 was offered 40 and took it; bill 1 is reversed.
        let mut purse = Purse::new(fen(0), [fen(60), fen(40)], fen(0));
        purse.spend(fen(60), fen(0));
        assert_eq!(purse.offered(fen(40), fen(0)), fen(100));
        purse.spend(fen(40), fen(70));
        assert_eq!(purse.left(), fen(30));
    }

    #[test]
    fn what_was_spent_elsewhere_meanwhile_is_not_offered_again() {
        // bill 1 took 60 of 100, bill 2 took 10 of 40, a debit took the last 30; bill 1 is reversed.
        let mut purse = Purse::new(fen(0), [fen(60), fen(10)], fen(0));
        purse.spend(fen(60), fen(0));
        assert_eq!(purse.offered(fen(40), fen(0)), fen(70), "100 by the order of bills, 70 by what is there");
        purse.spend(fen(10), fen(70));
        assert_eq!(purse.left(), Fen::ZERO);
    }

    #[test]
    fn accounts_that_hold_more_together_than_an_amount_may_be_offer_as_much_as_it_may() {
        let purse = Purse::new(Fen::LIMIT + Fen::LIMIT, [], fen(0));
        assert_eq!(purse.offered(purse.left(), fen(0)), Fen::LIMIT);
    }

    #[test]
    fn a_late_bill_takes_from_those_behind_it() {
        // 100 in the account; the bill behind took all of it; the late one is offered what that one was.
        let mut purse = Purse::new(fen(0), [fen(100)], fen(0));
        assert_eq!(purse.offered(fen(100), fen(0)), fen(100));
        purse.spend(fen(0), fen(80));
        assert_eq!(purse.offered(fen(100), fen(0)), fen(20));
    }

    #[test]
    fn what_comes_back_to_one_who_owes_is_offered_beyond_what_is_owed_only() {
        // bill 1 took 60, bill 2 took 30 of 40; 50 are owed; bill 1 is reversed.
        let mut purse = Purse::new(fen(0), [fen(60), fen(30)], fen(50));
        assert_eq!(purse.offered(fen(100), fen(0)), fen(0), "a bill before both gets nothing");
        assert_eq!(purse.offered(fen(100), fen(60)), fen(60), "a bill that stays keeps what it was paid");
        purse.spend(fen(60), fen(0));
        assert_eq!(purse.offered(fen(40), fen(30)), fen(40), "30 it had, and 10 beyond what is owed");
        purse.spend(fen(30), fen(40));
        assert_eq!(purse.left(), fen(50), "all of which is owed");
        assert_eq!(purse.offered(purse.left(), fen(0)), fen(0));
    }
}
