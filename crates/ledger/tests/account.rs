use ledger::Account;
use proptest::prelude::*;
use terms::{AccountKind, IncomeSource, Word};

use crate::support::{division, fund, name};

fn any_account() -> impl Strategy<Value = Account> {
    let free_text = "[a-zA-Z0-9:_一-三-]{1,15}".prop_map(|text| name(&text));
    (free_text, 0..AccountKind::ALL.len(), 0..IncomeSource::ALL.len()).prop_map(|(name, kind, source)| {
        let (division, source) = (division(), IncomeSource::ALL[source]);
        match AccountKind::ALL[kind] {
            AccountKind::Fund => Account::Fund { division, payer: name },
            AccountKind::Income => Account::Income { division, source },
            AccountKind::Personal => Account::Personal { person: name },
            AccountKind::Family => Account::Family { family: name },
            AccountKind::Receivable => Account::Receivable { person: name },
            AccountKind::Other => Account::Other { division, payer: name },
            AccountKind::Due => Account::Due { division, payer: name },
            AccountKind::Payable => Account::Payable { institution: name },
            AccountKind::Cross => Account::Cross { province: division },
            AccountKind::Province => Account::Province { province: division },
            AccountKind::Clearing => Account::Clearing { province: division },
            AccountKind::Opening => Account::Opening { division },
            AccountKind::Hospital => Account::Hospital { institution: name },
            AccountKind::Cash => Account::Cash { person: name },
            AccountKind::Limit => Account::Limit { name },
        }
    })
}

proptest! {
    #[test]
    fn an_account_reads_back_from_its_code(account in any_account()) {
        prop_assert_eq!(account.to_string().parse(), Ok(account));
        let json = serde_json::to_string(&account).unwrap();
        prop_assert_eq!(serde_json::from_str::<Account>(&json).unwrap(), account);
    }

    #[test]
    fn no_text_makes_the_reader_fall_over(text in "\\PC{0,60}") {
        if let Ok(account) = text.parse::<Account>() {
            prop_assert_eq!(account.to_string(), text);
        }
    }
}

#[test]
fn codes_are_stable() {
    assert_eq!(fund().to_string(), "fund:990100:pooled_fund");
    let source = IncomeSource::SubsidyCity;
    assert_eq!(Account::Income { division: division(), source }.to_string(), "income:990100:subsidy_city");
    let due = Account::Due { division: division(), payer: name("assistance") };
    assert_eq!(due.to_string(), "due:990100:assistance");
    assert!(!due.is_memorandum());
    assert_eq!(Account::Personal { person: name("P:1") }.to_string(), "personal:P:1");
    assert_eq!(Account::Opening { division: division() }.to_string(), "opening:990100");
    assert_eq!(Account::Cross { province: division() }.to_string(), "cross:990100");
    assert_eq!(Account::Province { province: division() }.to_string(), "province:990100");
    assert_eq!(Account::Clearing { province: division() }.to_string(), "clearing:990100");
}

#[test]
fn a_code_that_is_none_says_what_would_be_right() {
    let long = format!("cash:{}", "x".repeat(48));
    let wrong =
        ["", "fund", "bank:1", "fund:990100", "fund:990100:", "fund:99010:a", "income:990100:tax", "personal:", &long];
    for text in wrong {
        let error = text.parse::<Account>().unwrap_err();
        assert_eq!(error.found, text);
        assert!(!error.expected.is_empty());
    }
}
