use ledger::book::{self, BookError};
use ledger::{Account, Booking, BookingError, Parties};
use money::Fen;
use policy::{Outcome, Policy};
use terms::{AccountKind, Side};

use crate::support::{Books, SHIPPED, bill_cases, booked, booking, claim, expected, heading, name};

#[test]
fn every_golden_case_books_to_balanced_entries_that_add_up_to_its_standing_decisions() {
    let cases = bill_cases();
    assert!(cases.len() >= 200, "only {} cases with bills", cases.len());
    let (mut settled, mut reversed) = (0, 0);
    for bills in cases {
        let mut books = Books::default();
        let at = books.insure(bills);
        for bill in &bills.bills {
            if books.people[at].year.decision(&bill.id).is_none() {
                books.settle(at, bill.clone()).unwrap();
                settled += 1;
            }
        }
        assert_eq!(booked(&books.journal), expected(&books));
        for bill in &bills.reversed {
            if books.people[at].year.decision(bill).is_some() {
                books.reverse(at, bill).unwrap();
                reversed += 1;
            }
        }
        assert_eq!(booked(&books.journal), expected(&books));
        assert_eq!(books.journal.sum(), Fen::ZERO);
        assert_eq!(books.journal.verify(), Ok(()));
    }
    assert!(settled > 250 && reversed > 5, "{settled} bills, {reversed} reversals");
}

#[test]
fn every_golden_account_holds_in_the_journal_what_its_year_says() {
    for bills in bill_cases() {
        let mut books = Books::default();
        let at = books.insure(bills);
        for bill in &bills.bills {
            if books.people[at].year.decision(&bill.id).is_none() {
                books.settle(at, bill.clone()).unwrap();
            }
        }
        let (state, person) = (books.people[at].year.state(), books.people[at].parties.person);
        let held = |account: Account| -books.journal.balance(&account).net();
        assert_eq!(held(Account::Personal { person }), state.account);
        assert_eq!(held(Account::Family { family: person }), state.family_account);
    }
}

#[test]
fn an_entry_names_its_policy_version_and_its_clauses_and_debits_payers_in_the_stacks_order() {
    let mut seen = 0;
    for bills in bill_cases() {
        let mut books = Books::default();
        let at = books.insure(bills);
        let bill = bills.bills[0].clone();
        books.settle(at, bill.clone()).unwrap();
        let Some(id) = books.journal.settled(&claim(&books.people[at].parties, &bill.id)) else { continue };
        let entry = books.journal.entry(id).unwrap();
        assert_eq!(entry.policy, Some(SHIPPED.version()));
        assert!(!entry.clauses.is_empty() && entry.clauses.is_sorted());
        assert!(entry.clauses.iter().all(|clause| SHIPPED.clause(clause).is_some()));
        let payables = entry.lines.iter().filter(|line| line.account.kind() == AccountKind::Payable);
        assert!(payables.count() <= 1);
        assert!(entry.lines.iter().rev().skip(1).all(|line| line.side == Side::Debit), "the payable comes last");
        seen += usize::from(entry.lines.len() > 2);
    }
    assert!(seen > 10, "only {seen} bills with several payers");
}

#[test]
fn a_refused_bill_settles_nothing() {
    let refusal = bill_cases().into_iter().find_map(|bills| {
        let mut year = policy::Year::new(&SHIPPED, bills.accumulated.clone());
        let applied = year.apply(bills.person.clone(), bills.bills[0].clone()).unwrap();
        matches!(applied.decision.outcome, Outcome::Refused(_)).then_some(applied.decision)
    });
    let parties = Parties {
        division: "990100".parse().unwrap(),
        person: name("P1"),
        family: None,
        institution: name("H1"),
        across: None,
    };
    let booking = booking(&refusal.unwrap(), &parties);
    assert!(booking.is_nothing());
    assert_eq!(book::settle(heading("S1", "B1"), &booking), Err(BookError::Refused));
}

#[test]
fn a_decision_is_booked_with_its_own_policy_and_a_family_share_with_its_account() {
    let mut files = Policy::shipped_files();
    files[0].text.push('\n');
    let other = Policy::compile(&files).unwrap();
    let mut without_family = 0;
    for bills in bill_cases() {
        let mut year = policy::Year::new(&SHIPPED, bills.accumulated.clone());
        let decision = year.apply(bills.person.clone(), bills.bills[0].clone()).unwrap().decision;
        let parties = Parties {
            division: bills.person.division,
            person: name("P1"),
            family: None,
            institution: name("H1"),
            across: None,
        };
        let error = Booking::of(&other, &decision, &parties).unwrap_err();
        assert!(matches!(error, BookingError::OtherVersion { .. }));
        let family = decision.settlement().map_or(Fen::ZERO, |settlement| settlement.shares.family_account);
        if !family.is_zero() {
            without_family += 1;
            assert_eq!(Booking::of(&SHIPPED, &decision, &parties), Err(BookingError::NoFamily { amount: family }));
        }
    }
    assert!(without_family > 0);
}

#[test]
fn shares_that_do_not_add_up_to_the_bill_are_not_booked() {
    let bills = bill_cases()[0];
    let mut year = policy::Year::new(&SHIPPED, bills.accumulated.clone());
    let mut decision = year.apply(bills.person.clone(), bills.bills[0].clone()).unwrap().decision;
    let Outcome::Settled(settlement) = &mut decision.outcome else { panic!("the first case settles") };
    settlement.shares.cash -= Fen::new(1);
    let parties = Parties {
        division: bills.person.division,
        person: name("P1"),
        family: None,
        institution: name("H1"),
        across: None,
    };
    let error = Booking::of(&SHIPPED, &decision, &parties);
    assert_eq!(error, Err(BookingError::NotTheBill { difference: Fen::new(1) }));
}

#[test]
fn the_hospitals_own_share_is_remembered_and_never_owed() {
    let bills = bill_cases()[0];
    let mut year = policy::Year::new(&SHIPPED, bills.accumulated.clone());
    let mut decision = year.apply(bills.person.clone(), bills.bills[0].clone()).unwrap().decision;
    let Outcome::Settled(settlement) = &mut decision.outcome else { panic!("the first case settles") };
    let borne = Fen::new(7);
    settlement.shares.hospital += borne;
    settlement.shares.cash -= borne;
    let (person, institution) = (name("P1"), name("H1"));
    let parties = Parties { division: bills.person.division, person, family: None, institution, across: None };
    let entry = book::settle(heading("S1", "B1"), &booking(&decision, &parties)).unwrap();
    let of = |account: Account| entry.changes().filter(|(of, _)| *of == account).map(|(_, change)| change).sum::<Fen>();
    let settlement = decision.settlement().unwrap();
    assert_eq!(of(Account::Hospital { institution }), borne);
    assert_eq!(of(Account::Cash { person }), settlement.shares.cash);
    let owed = settlement.shares.total - settlement.shares.cash - borne;
    assert_eq!(of(Account::Payable { institution }), -owed);
}
