use ledger::book::{BookError, account_credit, aid, contribution, owe_back};
use ledger::{Account, Journal};
use money::Fen;
use policy::Contribution;
use policy::case::Question;
use terms::{EntryKind, IncomeSource, Name};

use crate::support::{CASES, SHIPPED, division, heading, name, yuan};

fn pool() -> Name {
    name("pooled_fund")
}

fn amount(journal: &Journal, source: IncomeSource) -> Fen {
    journal.balance(&Account::Income { division: division(), source }).net()
}

#[test]
fn every_golden_contribution_books_to_a_balanced_entry_by_who_paid() {
    let (mut booked, mut unknown) = (0, 0);
    for case in CASES.iter() {
        let Question::Contribution(facts) = &case.question else { continue };
        let Ok(found) = SHIPPED.contribution(facts) else { continue };
        let entry = contribution(heading("C1", "2023"), &SHIPPED, (division(), pool()), &found);
        let Some(own) = found.own else {
            assert!(matches!(entry, Err(BookError::Unknown { .. })), "{}: {entry:?}", case.file);
            unknown += 1;
            continue;
        };
        // an employer's premium that nobody knows is no line: the fund gets what is known
        let total = found.total.unwrap_or(own + found.assisted + found.subsidy);
        if total.is_zero() {
            continue;
        }
        let mut journal = Journal::new();
        journal.append(entry.unwrap()).unwrap();
        assert_eq!(journal.balance(&Account::Fund { division: division(), payer: pool() }).net(), -total);
        assert_eq!(amount(&journal, IncomeSource::PremiumOwn), own);
        assert_eq!(amount(&journal, IncomeSource::PremiumAssisted), found.assisted);
        assert_eq!(amount(&journal, IncomeSource::PremiumEmployer), found.employer.unwrap_or(Fen::ZERO));
        assert_eq!(amount(&journal, IncomeSource::SubsidyCentral), found.central);
        assert_eq!(amount(&journal, IncomeSource::SubsidyCounty), found.county);
        let subsidies = [
            IncomeSource::SubsidyCentral,
            IncomeSource::SubsidyProvince,
            IncomeSource::SubsidyCity,
            IncomeSource::SubsidyCounty,
            IncomeSource::SubsidyUnsplit,
        ];
        assert_eq!(subsidies.into_iter().map(|source| amount(&journal, source)).sum::<Fen>(), found.subsidy);
        assert_eq!(journal.sum(), Fen::ZERO);
        booked += 1;
    }
    assert!(booked >= 10, "only {booked} contributions booked, {unknown} with an open figure");
}

#[test]
fn a_credit_to_an_account_leaves_the_fund_by_as_much() {
    let mut credited = 0;
    for case in CASES.iter() {
        let Question::Contribution(facts) = &case.question else { continue };
        let Ok(found) = SHIPPED.contribution(facts) else { continue };
        let entry = account_credit(heading("C1", "2023"), &SHIPPED, (division(), pool()), name("P1"), &found);
        let Some(entry) = entry.unwrap() else { continue };
        assert_eq!(entry.debits(), found.credit);
        assert!(!entry.clauses.is_empty());
        credited += 1;
    }
    assert!(credited > 0);
}

#[test]
fn an_employers_premium_nobody_knows_is_no_line_and_the_fund_gets_what_is_known() {
    let open = Contribution {
        own: Some(yuan("1200.00")),
        employee: Some(yuan("1200.00")),
        employer: None,
        total: None,
        ..Contribution::default()
    };
    let entry = contribution(heading("C1", "2023"), &SHIPPED, (division(), pool()), &open).unwrap();
    let accounts: Vec<(String, Fen)> = entry.changes().map(|(account, net)| (account.to_string(), net)).collect();
    let division = division();
    let expected = [
        (format!("income:{division}:premium_own"), yuan("1200.00")),
        (format!("fund:{division}:pooled_fund"), -yuan("1200.00")),
    ];
    assert_eq!(accounts, expected);
}

#[test]
fn premiums_that_are_owed_back_leave_the_books_with_what_came_in_and_to_whom_it_is_owed() {
    let paid = Contribution {
        premium: yuan("300.00"),
        own: Some(yuan("300.00")),
        subsidy: yuan("600.00"),
        total: Some(yuan("900.00")),
        ..Contribution::default()
    };
    let entry = contribution(heading("C1", "E1"), &SHIPPED, (division(), pool()), &paid).unwrap();
    let mut journal = Journal::new();
    journal.append(entry.clone()).unwrap();
    let reversal = ledger::book::reverse(name("C2"), heading("C2", "E1").date, &entry).unwrap();
    journal.append(reversal).unwrap();
    let premiums = [(IncomeSource::PremiumOwn, yuan("300.00")), (IncomeSource::PremiumEmployer, Fen::ZERO)];
    let owed = owe_back(heading("C3", "E1"), division(), &premiums, name("P1")).unwrap().unwrap();
    journal.append(owed).unwrap();
    assert_eq!(journal.balance(&Account::Payable { institution: name("P1") }).net(), -yuan("300.00"));
    assert_eq!(amount(&journal, IncomeSource::PremiumOwn), yuan("300.00"));
    assert_eq!(amount(&journal, IncomeSource::SubsidyUnsplit), Fen::ZERO);
    assert_eq!(journal.balance(&Account::Fund { division: division(), payer: pool() }).net(), Fen::ZERO);
    assert_eq!(owe_back(heading("C4", "E1"), division(), &[], name("P1")).unwrap(), None);
    journal.verify().unwrap();
}

#[test]
fn an_open_figure_is_never_booked_as_zero() {
    let open =
        Contribution { premium: yuan("100.00"), own: None, total: Some(yuan("100.00")), ..Contribution::default() };
    let entry = contribution(heading("C1", "2023"), &SHIPPED, (division(), pool()), &open);
    assert_eq!(entry, Err(BookError::Unknown { field: "own" }));
}

#[test]
fn temporary_assistance_is_owed_to_the_person_by_the_fund() {
    let person = name("P1");
    let entry =
        aid(heading("A1", "application"), SHIPPED.version(), (division(), name("assistance")), person, yuan("500.00"));
    let entry = entry.unwrap();
    assert_eq!((entry.kind, entry.policy, entry.original), (EntryKind::Aid, Some(SHIPPED.version()), None));
    let mut journal = Journal::new();
    journal.append(entry).unwrap();
    assert_eq!(
        journal.balance(&Account::Fund { division: division(), payer: name("assistance") }).net(),
        yuan("500.00")
    );
    assert_eq!(journal.balance(&Account::Payable { institution: person }).net(), -yuan("500.00"));
    let nothing = aid(heading("A2", "application"), SHIPPED.version(), (division(), pool()), person, Fen::ZERO);
    assert!(matches!(nothing, Err(BookError::Entry(_))), "{nothing:?}");
}
