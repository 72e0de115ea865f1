use ledger::book::{BookError, account_credit, contribution};
use ledger::{Account, Journal};
use money::Fen;
use policy::Contribution;
use policy::case::Question;
use terms::{IncomeSource, Name};

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
        let (Some(total), Some(own)) = (found.total, found.own) else {
            assert!(matches!(entry, Err(BookError::Unknown { .. })), "{}: {entry:?}", case.file);
            unknown += 1;
            continue;
        };
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
fn an_open_figure_is_never_booked_as_zero() {
    let open =
        Contribution { premium: yuan("100.00"), own: None, total: Some(yuan("100.00")), ..Contribution::default() };
    let entry = contribution(heading("C1", "2023"), &SHIPPED, (division(), pool()), &open);
    assert_eq!(entry, Err(BookError::Unknown { field: "own" }));
}
