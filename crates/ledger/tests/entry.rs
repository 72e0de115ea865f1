use ledger::{Account, Draft, Entry, EntryError, book};
use money::Fen;
use terms::{AccountKind, EntryKind, Name, Side};

use crate::support::{cash, day, fund, heading, name, payable, personal, yuan};

fn draft() -> Draft {
    let mut draft = Draft::new(EntryKind::Settlement, heading("S1", "B1"));
    draft.total = yuan("100.00");
    draft.debit(fund(), yuan("60.00")).debit(personal(), yuan("10.00")).credit(payable(), yuan("70.00"));
    draft.change(cash(), yuan("30.00"));
    draft
}

fn refused(change: impl FnOnce(&mut Draft)) -> EntryError {
    let mut draft = draft();
    change(&mut draft);
    draft.seal().unwrap_err()
}

#[test]
fn a_balanced_draft_becomes_an_entry_and_keeps_its_order() {
    let entry = draft().seal().unwrap();
    let sides: Vec<(String, Side)> = entry.lines.iter().map(|line| (line.account.to_string(), line.side)).collect();
    let expected =
        [("fund:990100:pooled_fund", Side::Debit), ("personal:P1", Side::Debit), ("payable:H1", Side::Credit)];
    assert_eq!(sides, expected.map(|(code, side)| (code.to_owned(), side)));
    assert_eq!(entry.debits(), yuan("70.00"));
    assert_eq!(entry.into_draft(), draft());
}

#[test]
fn hospitals_ledgers_one_sided_books_are_refused_with_the_difference() {
    let error = refused(|draft| {
        draft.debit(fund(), Fen::new(1));
    });
    let (debits, credits, difference) = (yuan("70.01"), yuan("70.00"), Fen::new(1));
    assert_eq!(error, EntryError::Unbalanced { debits, credits, difference });
    assert!(error.to_string().contains("difference 0.01"), "{error}");
    let one_sided = refused(|draft| draft.lines.truncate(1));
    assert!(matches!(one_sided, EntryError::Unbalanced { .. }), "{one_sided:?}");
}

#[test]
fn a_bill_that_is_not_payable_and_memo_together_is_refused() {
    let error = refused(|draft| draft.total = yuan("100.01"));
    assert_eq!(error, EntryError::NotTheBill { total: yuan("100.01"), booked: yuan("100.00") });
    let forgotten_cash = refused(|draft| draft.memo.clear());
    assert_eq!(forgotten_cash, EntryError::NotTheBill { total: yuan("100.00"), booked: yuan("70.00") });
}

#[test]
fn zero_makes_no_line_and_below_zero_is_no_line() {
    let mut zero = draft();
    zero.debit(fund(), Fen::ZERO).credit(payable(), Fen::ZERO).change(cash(), Fen::ZERO);
    assert_eq!(zero, draft());
    let error = refused(|draft| {
        draft.debit(fund(), Fen::new(-5)).credit(payable(), Fen::new(-5));
    });
    assert_eq!(error, EntryError::NotPositive { account: fund(), amount: Fen::new(-5) });
}

#[test]
fn a_change_below_zero_is_a_credit_above_zero() {
    let mut draft = Draft::new(EntryKind::Opening, heading("O1", ""));
    draft.change(personal(), yuan("-5.00")).change(fund(), yuan("5.00"));
    let entry = draft.seal().unwrap();
    assert_eq!(entry.lines[0].side, Side::Credit);
    assert_eq!(entry.lines[0].amount, yuan("5.00"));
}

#[test]
fn cash_is_never_in_the_books_and_a_fund_never_in_the_memo() {
    let in_books = refused(|draft| draft.lines[0].account = cash());
    assert_eq!(in_books, EntryError::Misplaced { account: cash() });
    let in_memo = refused(|draft| draft.memo[0].account = fund());
    assert_eq!(in_memo, EntryError::Misplaced { account: fund() });
    let limit = Account::Limit { name: name("L") };
    assert_eq!(refused(|draft| draft.memo[0].account = limit), EntryError::Misplaced { account: limit });
}

#[test]
fn an_entry_has_an_id_a_claim_and_named_accounts() {
    assert_eq!(refused(|draft| draft.id = Name::EMPTY), EntryError::Missing { field: "id" });
    assert_eq!(refused(|draft| draft.reference = Name::EMPTY), EntryError::Missing { field: "reference" });
    assert_eq!(refused(|draft| draft.kind = EntryKind::Refund), EntryError::Missing { field: "original" });
    assert_eq!(refused(|draft| draft.kind = EntryKind::Reversal), EntryError::Missing { field: "original" });
    let stray = refused(|draft| draft.original = Some(name("S0")));
    assert_eq!(stray, EntryError::StrayOriginal { kind: EntryKind::Settlement });
    let nameless = refused(|draft| draft.lines[1].account = Account::Personal { person: Name::EMPTY });
    assert_eq!(nameless, EntryError::Nameless { kind: AccountKind::Personal });
    let empty = Draft::new(EntryKind::Settlement, heading("S1", "B1")).seal();
    assert_eq!(empty, Err(EntryError::Empty));
}

#[test]
fn amounts_that_do_not_fit_are_refused_and_never_wrap() {
    for amount in [Fen::new(i64::MAX), Fen::new(i64::MIN), Fen::new(i64::MAX / 3)] {
        let error = refused(|draft| draft.lines[0].amount = amount);
        assert_eq!(error, EntryError::TooLarge);
        assert_eq!(refused(|draft| draft.memo[0].amount = amount), EntryError::TooLarge);
    }
    let large = Fen::UNLIMITED;
    let error = refused(|draft| {
        for _ in 0..9 {
            draft.debit(fund(), large).credit(payable(), large);
        }
    });
    assert_eq!(error, EntryError::TooLarge);
}

#[test]
fn an_entry_reads_back_from_json_and_a_tampered_one_does_not() {
    let mut with_version = draft();
    with_version.policy = Some(crate::support::SHIPPED.version());
    let entry = with_version.seal().unwrap();
    let json = serde_json::to_string(&entry).unwrap();
    assert_eq!(serde_json::from_str::<Entry>(&json).unwrap(), entry);
    let tampered = json.replacen("\"amount\":6000", "\"amount\":6001", 1);
    assert_ne!(tampered, json);
    let error = serde_json::from_str::<Entry>(&tampered).unwrap_err();
    assert!(error.to_string().contains("difference 0.01"), "{error}");
}

#[test]
fn a_reversal_is_the_exact_mirror_and_names_the_original() {
    let entry = draft().seal().unwrap();
    let reversal = book::reverse(name("R1"), day(), &entry).unwrap();
    assert_eq!(reversal.original, Some(entry.id));
    assert_eq!(reversal.reference, entry.reference);
    assert_eq!(reversal.total, -entry.total);
    let mirrored: Vec<(Account, Fen)> = reversal.changes().map(|(account, change)| (account, -change)).collect();
    assert_eq!(mirrored, entry.changes().collect::<Vec<_>>());
    assert_eq!(book::reverse(name("R2"), day(), &reversal), Err(book::BookError::ReversalOfReversal));
}
