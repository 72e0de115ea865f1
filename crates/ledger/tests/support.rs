use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use chrono::NaiveDate;
use ledger::book::{self, BookError};
use ledger::{Account, Appended, Booking, Entry, GroupRefused, Heading, Journal, Parties};
use money::Fen;
use policy::case::{Bills, Case, Question, read};
use policy::{Adjustment, Bill, Decision, Payer, PayerKind, Policy, Year};
use terms::{Division, Name};

/// The packs that ship, compiled once.
pub(crate) static SHIPPED: LazyLock<Policy> =
    LazyLock::new(|| Policy::compile(&Policy::shipped_files()).unwrap_or_else(|problems| panic!("{problems}")));

/// Every golden case, read once.
pub(crate) static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases");
    let mut paths = Vec::new();
    toml_files(&folder, &mut paths);
    paths.sort();
    let case = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        read(&path.display().to_string(), &text).unwrap_or_else(|problems| panic!("{problems}"))
    };
    paths.iter().map(case).collect()
});

fn toml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            toml_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            found.push(path);
        }
    }
}

/// The cases that are bills of a person-year.
pub(crate) fn bill_cases() -> Vec<&'static Bills> {
    let bills = |case: &'static Case| match &case.question {
        Question::Bills(bills) => Some(bills.as_ref()),
        _ => None,
    };
    CASES.iter().filter_map(bills).collect()
}

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub(crate) fn yuan(text: &str) -> Fen {
    text.parse().unwrap()
}

pub(crate) fn division() -> Division {
    "990100".parse().unwrap()
}

pub(crate) fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2023, 5, 4).unwrap()
}

pub(crate) fn heading(id: &str, reference: &str) -> Heading {
    Heading { id: name(id), date: day(), reference: if reference.is_empty() { Name::EMPTY } else { name(reference) } }
}

pub(crate) fn fund() -> Account {
    Account::Fund { division: division(), payer: name("pooled_fund") }
}

pub(crate) fn personal() -> Account {
    Account::Personal { person: name("P1") }
}

pub(crate) fn payable() -> Account {
    Account::Payable { institution: name("H1") }
}

pub(crate) fn cash() -> Account {
    Account::Cash { person: name("P1") }
}

pub(crate) fn booking(decision: &Decision, parties: &Parties) -> Booking {
    Booking::of(&SHIPPED, decision, parties).unwrap()
}

/// A person of a golden case: the year's fold, whose accounts it moves, and what was refunded of which bill.
pub(crate) struct Insured {
    pub(crate) bills: &'static Bills,
    pub(crate) year: Year<'static>,
    pub(crate) parties: Parties,
    pub(crate) refunded: BTreeMap<Name, Vec<(Account, Fen)>>,
}

/// A journal and the people in it. Every step is one commit; a year moves on only if the journal took the commit.
#[derive(Default)]
pub(crate) struct Books {
    pub(crate) journal: Journal,
    pub(crate) people: Vec<Insured>,
    ids: u32,
}

impl Books {
    /// Brings in a person with what the case's accounts hold at the start.
    pub(crate) fn insure(&mut self, bills: &'static Bills) -> usize {
        let person = name(&format!("P{}", self.people.len()));
        let balances = [
            (Account::Personal { person }, bills.accumulated.account),
            (Account::Family { family: person }, bills.accumulated.family_account),
        ];
        if balances.iter().any(|(_, balance)| !balance.is_zero()) {
            let heading = self.heading(Name::EMPTY);
            self.journal.append(book::bring_forward(heading, bills.person.division, &balances).unwrap()).unwrap();
        }
        let institution = name(&format!("H{}", self.people.len() % 2));
        let parties =
            Parties { division: bills.person.division, person, family: Some(person), institution, across: None };
        let year = Year::new(&SHIPPED, bills.accumulated.clone());
        self.people.push(Insured { bills, year, parties, refunded: BTreeMap::new() });
        self.people.len() - 1
    }

    /// Settles a bill, with the adjustments it brings to others.
    pub(crate) fn settle(&mut self, at: usize, bill: Bill) -> Result<Appended, GroupRefused> {
        let insured = &self.people[at];
        let (mut year, parties) = (insured.year.clone(), insured.parties);
        let claim = claim(&parties, &bill.id);
        let applied = year.apply(insured.bills.person.clone(), bill).unwrap();
        let booking = booking(&applied.decision, &parties);
        let mut group = Vec::new();
        if booking.is_nothing() {
            assert_eq!(book::settle(self.heading(claim), &booking), Err(BookError::Refused));
        } else {
            group.push(book::settle(self.heading(claim), &booking).unwrap());
        }
        self.adjustments(&parties, &applied.adjustments, &mut group);
        let appended = self.journal.append_all(group)?;
        self.people[at].year = year;
        Ok(appended)
    }

    /// Reverses a bill and everything that stands on it, with the adjustments this brings to others.
    pub(crate) fn reverse(&mut self, at: usize, bill: &Name) -> Result<Appended, GroupRefused> {
        let insured = &self.people[at];
        let (mut year, parties) = (insured.year.clone(), insured.parties);
        let adjustments = year.reverse(bill).unwrap();
        let mut group = Vec::new();
        if let Some(settled) = self.journal.settled(&claim(&parties, bill)).copied() {
            let standing: Vec<Entry> = self.journal.standing(&settled).cloned().collect();
            group.extend(standing.iter().map(|entry| book::reverse(self.id(), day(), entry).unwrap()));
        }
        self.adjustments(&parties, &adjustments, &mut group);
        let appended = self.journal.append_all(group)?;
        self.people[at].year = year;
        self.people[at].refunded.remove(bill);
        Ok(appended)
    }

    fn adjustments(&mut self, parties: &Parties, adjustments: &[Adjustment], group: &mut Vec<Entry>) {
        for adjustment in adjustments {
            let claim = claim(parties, &adjustment.bill);
            let settled = self.journal.settled(&claim).copied();
            let (before, after) = (booking(&adjustment.before, parties), booking(&adjustment.after, parties));
            let entry = book::adjust(self.heading(claim), settled, &before, &after).unwrap();
            let moved = !adjustment.payers.is_empty() || !adjustment.cash.is_zero();
            assert_eq!(entry.is_some(), moved, "an entry where an amount moved, and none elsewhere");
            group.extend(entry);
        }
    }

    /// The next id.
    pub(crate) fn id(&mut self) -> Name {
        self.ids += 1;
        name(&format!("E{}", self.ids))
    }

    pub(crate) fn heading(&mut self, reference: Name) -> Heading {
        Heading { id: self.id(), date: day(), reference }
    }
}

/// Claims of several people in one journal: a bill's id is the person's own.
pub(crate) fn claim(parties: &Parties, bill: &Name) -> Name {
    name(&format!("{}/{bill}", parties.person))
}

/// What the standing decisions of everyone say each account bears, less what stands refunded: computed from the policy's
/// own sums, not from what is booked.
pub(crate) fn expected(books: &Books) -> BTreeMap<Account, Fen> {
    let payers: BTreeMap<String, &Payer> =
        (0..).map_while(|number| SHIPPED.payer(number)).map(|payer| (payer.name.to_string(), payer)).collect();
    let mut sums: BTreeMap<Account, Fen> = BTreeMap::new();
    for insured in &books.people {
        let Parties { division, person, institution, .. } = insured.parties;
        let settlements = insured.year.decisions().filter_map(|(_, decision)| decision.settlement());
        for settlement in settlements {
            let shares = &settlement.shares;
            for (payer, paid) in SHIPPED.payments(settlement) {
                let account = match payers[&payer].kind {
                    // Its fund is in other books, which owe it.
                    PayerKind::Fund if payers[&payer].held_by.is_some() => {
                        Account::Due { division, payer: name(&payer) }
                    }
                    PayerKind::Fund => Account::Fund { division, payer: name(&payer) },
                    PayerKind::Other => Account::Other { division, payer: name(&payer) },
                    PayerKind::Account => Account::Personal { person },
                    PayerKind::FamilyAccount => Account::Family { family: person },
                    PayerKind::Hospital | PayerKind::Nobody => continue,
                };
                *sums.entry(account).or_default() += paid;
            }
            *sums.entry(Account::Hospital { institution }).or_default() += shares.hospital;
            *sums.entry(Account::Cash { person }).or_default() += shares.cash;
            let owed = shares.total - shares.hospital - shares.cash;
            *sums.entry(Account::Payable { institution }).or_default() -= owed;
        }
        for (account, amount) in insured.refunded.values().flatten() {
            *sums.entry(*account).or_default() -= *amount;
            if !account.is_memorandum() {
                *sums.entry(Account::Payable { institution }).or_default() += *amount;
            }
        }
        for (account, balance) in [
            (Account::Personal { person }, insured.bills.accumulated.account),
            (Account::Family { family: person }, insured.bills.accumulated.family_account),
        ] {
            *sums.entry(account).or_default() -= balance;
            *sums.entry(Account::Opening { division }).or_default() += balance;
        }
    }
    sums.retain(|_, amount| !amount.is_zero());
    sums
}

/// What the journal says each account bears, in fen.
pub(crate) fn booked(journal: &Journal) -> BTreeMap<Account, Fen> {
    let mut sums: BTreeMap<Account, Fen> =
        journal.balances().iter().map(|(account, balance)| (*account, balance.net())).collect();
    for account in journal.entries().iter().flat_map(|entry| &entry.memo).map(|memo| memo.account) {
        sums.insert(account, journal.remembered(&account));
    }
    sums.retain(|_, amount| !amount.is_zero());
    sums
}
