//! The books that keep a fund of which bills are settled in others: what both say of a claim adds up to nothing.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{Account, EntryError, Heading, Journal, JournalError, book, mirror};
use money::Fen;
use terms::{EntryKind, Name, Side};

use crate::support::{Books, SHIPPED, bill_cases, claim, day, division, heading, name, payable, yuan};

/// The books that keep the funds, fed with what stands of each claim: absolute shares, out of the decisions.
#[derive(Default)]
pub(crate) struct Keeper {
    pub(crate) journal: Journal,
    standing: BTreeMap<Name, BTreeMap<Name, Fen>>,
    ids: u32,
}

impl Keeper {
    /// Books the differences between what it knows of each claim and what stands.
    pub(crate) fn hears_of(&mut self, books: &Books) {
        let mut divisions = BTreeMap::new();
        let mut stand: BTreeMap<Name, BTreeMap<Name, Fen>> = BTreeMap::new();
        for insured in &books.people {
            for (bill, decision) in insured.year.decisions() {
                let Some(settlement) = decision.settlement() else { continue };
                let mut shares = SHIPPED.held(settlement);
                for (account, amount) in insured.refunded.get(&bill.id).into_iter().flatten() {
                    if let Account::Due { payer, .. } = account {
                        *shares.get_mut(payer).unwrap() -= *amount;
                    }
                }
                stand.insert(claim(&insured.parties, &bill.id), shares);
            }
            divisions.insert(insured.parties.person, insured.parties.division);
        }
        for claim in self.standing.keys() {
            stand.entry(*claim).or_default();
        }
        for (claim, shares) in stand {
            let person = name(claim.as_str().split_once('/').unwrap().0);
            let before = self.standing.insert(claim, shares.clone()).unwrap_or_default();
            let payers: BTreeSet<Name> = shares.keys().chain(before.keys()).copied().collect();
            let of = |shares: &BTreeMap<Name, Fen>, payer: &Name| shares.get(payer).copied().unwrap_or_default();
            let changes: Vec<(Name, Fen)> =
                payers.into_iter().map(|payer| (payer, of(&shares, &payer) - of(&before, &payer))).collect();
            self.ids += 1;
            let heading = Heading { id: name(&format!("K{}", self.ids)), date: day(), reference: claim };
            let entry = match self.journal.settled(&claim) {
                Some(settled) => mirror::difference(heading, *settled, divisions[&person], &changes),
                None => mirror::share(heading, divisions[&person], &changes),
            };
            if let Some(entry) = entry.unwrap() {
                self.journal.append(entry).unwrap();
            }
        }
        let owes = |(account, balance): (&Account, &ledger::Balance)| match account {
            Account::Fund { .. } => !balance.net().is_negative(),
            Account::Due { .. } => balance.net() <= Fen::ZERO,
            _ => false,
        };
        assert!(self.journal.balances().iter().all(owes), "funds bear, and owe it; nothing else is in these books");
    }
}

/// What journals say is due between them, by claim, in fen.
pub(crate) fn due_by_claim<'j>(journals: impl IntoIterator<Item = &'j Journal>) -> BTreeMap<Name, Fen> {
    let mut due: BTreeMap<Name, Fen> = BTreeMap::new();
    for entry in journals.into_iter().flat_map(Journal::entries) {
        for line in entry.lines.iter().filter(|line| matches!(line.account, Account::Due { .. })) {
            *due.entry(entry.reference).or_default() += line.signed();
        }
    }
    due
}

fn fund() -> Account {
    Account::Fund { division: division(), payer: name("assistance") }
}

fn due() -> Account {
    Account::Due { division: division(), payer: name("assistance") }
}

fn share(id: &str, amount: &str) -> ledger::Entry {
    mirror::share(heading(id, "B1"), division(), &[(name("assistance"), yuan(amount))]).unwrap().unwrap()
}

fn difference(id: &str, amount: &str) -> ledger::Entry {
    let changes = [(name("assistance"), yuan(amount))];
    mirror::difference(heading(id, "B1"), name("S1"), division(), &changes).unwrap().unwrap()
}

#[test]
fn a_share_debits_the_fund_and_credits_what_it_owes_and_a_difference_goes_either_way() {
    let entry = share("S1", "7000.00");
    assert_eq!((entry.kind, entry.total, entry.memo.len()), (EntryKind::Settlement, Fen::ZERO, 0));
    let lines: Vec<_> = entry.lines.iter().map(|line| (line.account, line.side, line.amount)).collect();
    let amount = yuan("7000.00");
    assert_eq!(lines, [(fund(), Side::Debit, amount), (due(), Side::Credit, amount)]);
    let less = difference("S2", "-500.00");
    assert_eq!((less.kind, less.original), (EntryKind::Adjustment, Some(name("S1"))));
    let lines: Vec<_> = less.lines.iter().map(|line| (line.account, line.side, line.amount)).collect();
    assert_eq!(lines, [(fund(), Side::Credit, yuan("500.00")), (due(), Side::Debit, yuan("500.00"))]);
    let mut journal = Journal::new();
    journal.append_all(vec![entry, less]).unwrap();
    assert_eq!(journal.balance(&due()).net(), yuan("-6500.00"));
    assert_eq!(journal.balance(&fund()).net(), yuan("6500.00"));
}

#[test]
fn nothing_is_no_entry_and_what_cannot_be_one_says_why() {
    let nothing = [(name("assistance"), Fen::ZERO), (name("tilt"), Fen::ZERO)];
    assert_eq!(mirror::share(heading("S1", "B1"), division(), &nothing), Ok(None));
    let one = [(name("assistance"), Fen::new(1))];
    assert_eq!(mirror::share(heading("S1", ""), division(), &one), Err(EntryError::Missing { field: "reference" }));
    let nameless = mirror::share(heading("S1", "B1"), division(), &[(Name::EMPTY, Fen::new(1))]);
    assert!(matches!(nameless, Err(EntryError::Nameless { .. })), "{nameless:?}");
    for huge in [i64::MIN, i64::MAX] {
        let huge = mirror::share(heading("S1", "B1"), division(), &[(name("assistance"), Fen::new(huge))]);
        assert_eq!(huge, Err(EntryError::TooLarge));
    }
}

#[test]
fn the_books_that_keep_a_fund_owe_no_more_than_it_bears_and_others_owe_nothing() {
    let mut journal = Journal::new();
    journal.append(share("S1", "100.00")).unwrap();
    let beyond = journal.append(difference("S2", "-100.01"));
    assert!(matches!(beyond, Err(JournalError::WrongSide { account, .. }) if account == fund()), "{beyond:?}");
    // A debt that no fund bears: in the books that settle bills, such as a payable that another payer's fund is to pay.
    let mut draft = ledger::Draft::new(EntryKind::Settlement, heading("S3", "B2"));
    draft.credit(due(), yuan("1.00")).debit(Account::Fund { division: division(), payer: name("tilt") }, yuan("1.00"));
    let nobody = Err(JournalError::WrongSide { account: due(), left: yuan("-1.00") });
    assert_eq!(Journal::new().append(draft.seal().unwrap()), nobody);
    // What the fund bears goes to another account, and what it owes stays.
    let mut draft = ledger::Draft::new(EntryKind::Adjustment, heading("S4", "B1"));
    draft.original = Some(name("S1"));
    draft.credit(fund(), yuan("1.00")).debit(Account::Fund { division: division(), payer: name("tilt") }, yuan("1.00"));
    let moved = journal.append(draft.seal().unwrap());
    assert_eq!(moved, Err(JournalError::WrongSide { account: due(), left: yuan("-100.00") }));
    let mut draft = ledger::Draft::new(EntryKind::Refund, heading("S5", "B1"));
    draft.original = Some(name("S1"));
    draft.credit(due(), yuan("1.00")).debit(payable(), yuan("1.00"));
    draft.total = yuan("-1.00");
    assert!(matches!(journal.append(draft.seal().unwrap()), Err(JournalError::BeyondLeft { .. })));
}

/// Booked under packs that knew no other keeper, decided anew under those that do.
#[test]
fn a_claim_booked_as_the_funds_own_may_become_what_is_due_from_it() {
    let institution = name("H1");
    let mut draft = ledger::Draft::new(EntryKind::Settlement, heading("S1", "B1"));
    draft.debit(fund(), yuan("10.00")).credit(Account::Payable { institution }, yuan("10.00"));
    draft.total = yuan("10.00");
    let mut journal = Journal::new();
    journal.append(draft.seal().unwrap()).unwrap();
    let mut draft = ledger::Draft::new(EntryKind::Adjustment, heading("S2", "B1"));
    draft.original = Some(name("S1"));
    draft.credit(fund(), yuan("10.00")).debit(due(), yuan("10.00"));
    journal.append(draft.seal().unwrap()).unwrap();
    assert_eq!(journal.balance(&due()).net(), yuan("10.00"));
}

#[test]
fn every_golden_case_is_whole_in_both_books_and_absent_in_both_after_its_reversal() {
    let (mut assisted, mut most) = (0, Fen::ZERO);
    for bills in bill_cases() {
        let (mut books, mut keeper) = (Books::default(), Keeper::default());
        let at = books.insure(bills);
        for bill in &bills.bills {
            if books.people[at].year.decision(&bill.id).is_none() {
                books.settle(at, bill.clone()).unwrap();
                keeper.hears_of(&books);
            }
        }
        let own = due_by_claim([&books.journal]);
        assert!(own.values().all(|due| *due >= Fen::ZERO));
        assert!(due_by_claim([&books.journal, &keeper.journal]).values().all(|due| due.is_zero()));
        assisted += usize::from(!own.is_empty());
        most = most.max(own.values().copied().max().unwrap_or_default());
        let funds = books.journal.balances().keys().filter(|account| matches!(account, Account::Fund { .. }));
        let held = SHIPPED.held_payers(bills.person.division);
        assert!(funds.flat_map(|account| account.name()).all(|payer| !held.contains(payer)), "kept elsewhere");
        for bill in &bills.bills {
            if books.people[at].year.decision(&bill.id).is_some() {
                books.reverse(at, &bill.id).unwrap();
                keeper.hears_of(&books);
            }
        }
        assert!(due_by_claim([&books.journal]).values().all(|due| due.is_zero()));
        assert!(due_by_claim([&keeper.journal]).values().all(|due| due.is_zero()));
    }
    assert!(assisted >= 30, "{assisted} cases with assistance");
    assert_eq!(most, yuan("50000.00"), "both limits of one bill, reached");
}

#[test]
fn a_reversal_in_the_keepers_books_is_the_mirror_of_its_entry() {
    let mut journal = Journal::new();
    let entry = share("S1", "7.00");
    journal.append(entry.clone()).unwrap();
    journal.append(book::reverse(name("R1"), day(), &entry).unwrap()).unwrap();
    assert_eq!(journal.balance(&due()).net(), Fen::ZERO);
}

#[test]
fn a_premium_that_a_fund_pays_is_owed_to_the_books_in_which_it_came_in() {
    let place = (division(), name("assistance"));
    let entry = mirror::premium(heading("S1", "E1"), SHIPPED.version(), place, yuan("320.00")).unwrap();
    let lines: Vec<_> = entry.lines.iter().map(|line| (line.account.to_string(), line.signed())).collect();
    let (fund, due) = (format!("fund:{}:assistance", division()), format!("due:{}:premium_assisted", division()));
    assert_eq!(lines, [(fund, yuan("320.00")), (due, -yuan("320.00"))]);
    assert_eq!((entry.kind, entry.policy), (EntryKind::Contribution, Some(SHIPPED.version())));
    let mut journal = Journal::new();
    journal.append(entry.clone()).unwrap();
    journal.append(book::reverse(name("R1"), day(), &entry).unwrap()).unwrap();
    assert!(journal.balances().values().all(|balance| balance.net().is_zero()));
    let nothing = mirror::premium(heading("S2", "E1"), SHIPPED.version(), place, Fen::ZERO);
    assert_eq!(nothing, Err(EntryError::Empty));
}
