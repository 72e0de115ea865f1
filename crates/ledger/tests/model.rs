//! Any sequence of settlements, reversals, refunds, retries and reservations, beside a count of its own.

use std::collections::BTreeMap;

use ledger::{Account, Appended, Command, Entry, JournalError, Parties, Reservations, book};
use money::Fen;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use terms::{EntryKind, Name};

use crate::mirror::{Keeper, due_by_claim};
use crate::support::{Books, SHIPPED, bill_cases, booked, claim, day, expected, name};

#[derive(Clone, Debug)]
enum Op {
    /// Settles a bill of a person's case, under a new id or under the case's own.
    Settle { person: usize, bill: usize, fresh: bool },
    /// Settles a bill and reverses it at once.
    ThereAndBack { person: usize, bill: usize },
    /// Reverses one of the bills that stand.
    Reverse { person: usize, nth: usize },
    /// Gives back so many percent of what is left on one account of a bill; more than 100 is refused.
    Refund { person: usize, nth: usize, account: usize, percent: i64 },
    /// Sends an earlier commit's first entry again.
    Retry { nth: usize },
}

fn any_op() -> impl Strategy<Value = Op> {
    let (person, at) = (0..PEOPLE, 0..64_usize);
    prop_oneof![
        5 => (person.clone(), at.clone(), any::<bool>())
            .prop_map(|(person, bill, fresh)| Op::Settle { person, bill, fresh }),
        1 => (person.clone(), at.clone()).prop_map(|(person, bill)| Op::ThereAndBack { person, bill }),
        2 => (person.clone(), at.clone()).prop_map(|(person, nth)| Op::Reverse { person, nth }),
        2 => (person, at.clone(), at.clone(), 1..140_i64)
            .prop_map(|(person, nth, account, percent)| Op::Refund { person, nth, account, percent }),
        1 => at.prop_map(|nth| Op::Retry { nth }),
    ]
}

const PEOPLE: usize = 3;

struct Model {
    books: Books,
    reservations: Reservations,
    /// What each standing bill used of its person's limit.
    used: BTreeMap<Name, (Account, Fen)>,
    fresh: u32,
    /// The books that keep the funds of held payers.
    keeper: Keeper,
}

fn limit(parties: &Parties) -> Account {
    Account::Limit { name: parties.person }
}

impl Model {
    fn new(cases: &[usize], cap: i64) -> Self {
        let (mut books, mut reservations) = (Books::default(), Reservations::new());
        let all = bill_cases();
        for case in cases {
            let at = books.insure(all[case % all.len()]);
            reservations.set_limit(limit(&books.people[at].parties), Fen::new(cap)).unwrap();
        }
        Self { books, reservations, used: BTreeMap::new(), fresh: 0, keeper: Keeper::default() }
    }

    fn obey(&mut self, op: &Op) {
        match *op {
            Op::Settle { person, bill, fresh } => {
                self.settle(person, bill, fresh);
            }
            Op::ThereAndBack { person, bill } => {
                let before = booked(&self.books.journal);
                if let Some(id) = self.settle(person, bill, true) {
                    self.reverse(person, &id).unwrap();
                }
                assert_eq!(booked(&self.books.journal), before, "a reversal brings every balance back");
            }
            Op::Reverse { person, nth } => {
                if let Some(id) = self.nth(person, nth)
                    && let Err(reason) = self.reverse(person, &id)
                {
                    assert!(matches!(reason, JournalError::WrongSide { .. }), "{reason:?}");
                }
            }
            Op::Refund { person, nth, account, percent } => self.refund(person, nth, account, percent),
            Op::Retry { nth } => self.retry(nth),
        }
        self.keeper.hears_of(&self.books);
    }

    /// Reserves what the funds will bear, settles, posts; the bill's id if it stands now.
    fn settle(&mut self, person: usize, bill: usize, fresh: bool) -> Option<Name> {
        let insured = &self.books.people[person];
        let mut bill = insured.bills.bills[bill % insured.bills.bills.len()].clone();
        if fresh {
            self.fresh += 1;
            bill.id = name(&format!("F{}", self.fresh));
        }
        if insured.year.decision(&bill.id).is_some() {
            return None;
        }
        let applied = insured.year.clone().apply(insured.bills.person.clone(), bill.clone()).unwrap();
        let asked = applied.decision.settlement().map_or(Fen::ZERO, |settlement| settlement.shares.fund);
        let (limit, claim) = (limit(&insured.parties), claim(&insured.parties, &bill.id));
        let id = self.books.id();
        if !asked.is_zero() {
            let expires = chrono::DateTime::UNIX_EPOCH;
            self.reservations.obey(&Command::Reserve { id, limit, amount: asked, expires }).ok()?;
        }
        let number = bill.id;
        match self.books.settle(person, bill) {
            Ok(_) if asked.is_zero() => {}
            Ok(_) => {
                self.reservations.obey(&Command::Post { id, amount: asked }).unwrap();
                self.used.insert(claim, (limit, asked));
            }
            Err(refused) => {
                self.reservations.obey(&Command::Void { id }).unwrap();
                assert!(matches!(*refused.reason, JournalError::WrongSide { .. }), "{refused:?}");
                return None;
            }
        }
        Some(number)
    }

    fn reverse(&mut self, person: usize, bill: &Name) -> Result<Appended, JournalError> {
        let claim = claim(&self.books.people[person].parties, bill);
        let reversed = self.books.reverse(person, bill).map_err(|refused| *refused.reason)?;
        if let Some((limit, amount)) = self.used.remove(&claim) {
            let id = self.books.id();
            self.reservations.obey(&Command::Change { id, limit, amount: -amount }).unwrap();
        }
        Ok(reversed)
    }

    fn refund(&mut self, person: usize, nth: usize, account: usize, percent: i64) {
        let Some(bill) = self.nth(person, nth) else { return };
        let claim = claim(&self.books.people[person].parties, &bill);
        let Some(settled) = self.books.journal.settled(&claim).copied() else { return };
        let left: Vec<(Account, Fen)> =
            self.books.journal.left(&settled).into_iter().filter(|(_, amount)| *amount > Fen::ZERO).collect();
        if left.is_empty() {
            return;
        }
        let (account, left) = left[account % left.len()];
        let amount = Fen::new((left.get() * percent / 100).max(1));
        let original = self.books.journal.entry(&settled).unwrap().clone();
        let institution = self.books.people[person].parties.institution;
        let parts = [(account, amount)];
        let entry = book::refund(self.books.heading(claim), &original, institution, (amount, &parts)).unwrap();
        let result = self.books.journal.append(entry);
        if amount > left {
            assert_eq!(result, Err(JournalError::BeyondLeft { account, left, asked: amount }));
        } else {
            assert_eq!(result, Ok(Appended::Posted));
            self.books.people[person].refunded.entry(bill).or_default().push((account, amount));
        }
    }

    fn retry(&mut self, nth: usize) {
        let commits: Vec<Vec<Entry>> = self.books.journal.commits().map(<[_]>::to_vec).collect();
        let Some(commit) = commits.get(nth % commits.len().max(1)) else { return };
        let before = self.books.journal.clone();
        assert_eq!(self.books.journal.append_all(commit.clone()), Ok(Appended::Known));
        for entry in commit {
            let reversed = self.books.journal.reversed(&entry.id).is_some();
            if reversed && let Ok(again) = book::reverse(name("again"), day(), entry) {
                assert!(self.books.journal.append(again).is_err(), "a second reversal is refused");
            }
        }
        assert_eq!(self.books.journal, before);
    }

    fn nth(&self, person: usize, nth: usize) -> Option<Name> {
        let bills: Vec<Name> = self.books.people[person].year.decisions().map(|(bill, _)| bill.id).collect();
        bills.get(nth % bills.len().max(1)).copied()
    }

    fn holds(&self) {
        let journal = &self.books.journal;
        assert_eq!(journal.sum(), Fen::ZERO);
        assert_eq!(journal.trial_balance().sum(), Fen::ZERO);
        for (account, balance) in journal.balances() {
            assert_eq!(account.overdrawn_by(balance.net()), None, "{account} is overdrawn");
        }
        assert_eq!(booked(journal), expected(&self.books), "the journal is the standing decisions less refunds");
        assert_eq!(self.reservations.broken(), None);
        let both = due_by_claim([journal, &self.keeper.journal]);
        assert!(both.values().all(|due| due.is_zero()), "whole or absent in both books: {both:?}");
        for insured in &self.books.people {
            let limit = limit(&insured.parties);
            let of_limit = self.used.values().filter(|(of, _)| *of == limit).map(|(_, amount)| *amount);
            let kept = self.reservations.limit(&limit).unwrap();
            assert_eq!((kept.pending, kept.posted), (Fen::ZERO, of_limit.sum::<Fen>()));
        }
    }
}

/// The properties below say something only if the sequences get everywhere.
#[test]
fn the_sequences_reach_every_kind_of_entry_of_a_claim() {
    let mut runner = TestRunner::deterministic();
    let sequences = (prop::collection::vec(0..1_000_usize, PEOPLE), prop::collection::vec(any_op(), 40));
    let mut found: BTreeMap<EntryKind, usize> = BTreeMap::new();
    let mut kept: BTreeMap<EntryKind, usize> = BTreeMap::new();
    for _ in 0..40 {
        let (cases, ops) = sequences.new_tree(&mut runner).unwrap().current();
        let mut model = Model::new(&cases, 100_000_000_000);
        ops.iter().for_each(|op| model.obey(op));
        model.holds();
        for entry in model.books.journal.entries() {
            *found.entry(entry.kind).or_default() += 1;
        }
        for entry in model.keeper.journal.entries() {
            *kept.entry(entry.kind).or_default() += 1;
        }
    }
    let kinds = [EntryKind::Settlement, EntryKind::Adjustment, EntryKind::Refund, EntryKind::Reversal];
    for kind in kinds {
        assert!(found.get(&kind).is_some_and(|count| *count >= 20), "{kind}: {found:?}");
    }
    for kind in [EntryKind::Settlement, EntryKind::Adjustment] {
        assert!(kept.get(&kind).is_some_and(|count| *count >= 20), "held payers, {kind}: {kept:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_happens_the_books_are_the_standing_decisions_and_add_up_to_zero(
        cases in prop::collection::vec(0..1_000_usize, PEOPLE),
        cap in prop_oneof![Just(100_000_000_000_i64), 0..20_000_000_i64],
        ops in prop::collection::vec(any_op(), 1..40),
    ) {
        let mut model = Model::new(&cases, cap);
        for op in &ops {
            model.obey(op);
            model.holds();
        }
        prop_assert_eq!(model.books.journal.verify(), Ok(()));
        let entries = model.books.journal.entries();
        prop_assert!(entries.iter().all(|entry| entry.policy.is_none() || entry.policy == Some(SHIPPED.version())));
    }
}
