//! A bill between two provinces: three books, and what two of them say to each other adds up to nothing.

use std::collections::BTreeMap;

use ledger::crossing::{Crossing, care, insured};
use ledger::{Account, Entry, EntryError, Heading, Journal, book};
use money::Fen;
use terms::{AccountKind, Division, EntryKind};

use crate::support::{day, name, yuan};

fn division(code: &str) -> Division {
    code.parse().unwrap()
}

fn heading(id: &str) -> Heading {
    Heading { id: name(id), date: day(), reference: name("bill-1") }
}

/// 20,000.00 within scope, of which the place of insurance pays 10,320.00: the rest is the patient's.
fn bill() -> Crossing {
    Crossing { total: yuan("20000.00"), owed: yuan("10320.00"), hospital: Fen::ZERO, cash: yuan("9680.00") }
}

fn sums(entries: &[&Entry]) -> BTreeMap<Account, Fen> {
    let mut sums = BTreeMap::new();
    for line in entries.iter().flat_map(|entry| &entry.lines) {
        *sums.entry(line.account).or_default() += line.signed();
    }
    sums
}

#[test]
fn both_provinces_say_the_same_amount() {
    let here = care(heading("C1"), division("990100"), (name("H1"), name("P1")), &bill()).unwrap();
    let there = insured(heading("I1"), division("980102"), yuan("10320.00")).unwrap().unwrap();
    assert_eq!((here.kind, here.total, here.memo.len()), (EntryKind::Crossing, yuan("20000.00"), 1));
    let (here, there) = (sums(&[&here]), sums(&[&there]));
    assert_eq!(here[&Account::Province { province: division("990000") }], yuan("10320.00"));
    assert_eq!(here[&Account::Payable { institution: name("H1") }], yuan("-10320.00"));
    assert_eq!(there[&Account::Cross { province: division("980000") }], yuan("10320.00"));
    assert_eq!(there[&Account::Province { province: division("980000") }], yuan("-10320.00"));
    let province = here.iter().chain(&there).filter(|(account, _)| account.kind() == AccountKind::Province);
    assert_eq!(province.map(|(_, sum)| *sum).sum::<Fen>(), Fen::ZERO);
}

#[test]
fn a_bill_and_its_reversal_leave_nothing_in_either_journal() {
    let entries = [
        care(heading("C1"), division("990100"), (name("H1"), name("P1")), &bill()).unwrap(),
        insured(heading("I1"), division("980102"), yuan("10320.00")).unwrap().unwrap(),
    ];
    for entry in entries {
        let mirror = book::reverse(name("R1"), day(), &entry).unwrap();
        assert!(sums(&[&entry, &mirror]).values().all(|sum| sum.is_zero()));
        let mut journal = Journal::default();
        journal.append(entry.clone()).unwrap();
        journal.append(mirror).unwrap();
        let again = book::reverse(name("R2"), day(), &entry).unwrap();
        assert!(journal.append(again).is_err(), "taken back twice");
    }
}

#[test]
fn what_does_not_add_up_to_the_bill_is_no_entry() {
    let wrong = Crossing { cash: yuan("9680.01"), ..bill() };
    let made = care(heading("C1"), division("990100"), (name("H1"), name("P1")), &wrong);
    assert!(matches!(made, Err(EntryError::NotTheBill { .. })), "{made:?}");
    assert_eq!(insured(heading("I1"), division("980102"), Fen::ZERO), Ok(None));
    assert!(insured(heading("I1"), division("980102"), Fen::new(-1)).is_err());
}

#[test]
fn a_bill_that_the_patient_pays_whole_is_on_record_all_the_same() {
    let cash = Crossing { owed: Fen::ZERO, cash: yuan("20000.00"), ..bill() };
    let entry = care(heading("C1"), division("990100"), (name("H1"), name("P1")), &cash).unwrap();
    assert_eq!((entry.lines.len(), entry.memo.len(), entry.total), (0, 1, yuan("20000.00")));
}
