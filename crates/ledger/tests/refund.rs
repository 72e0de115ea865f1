use ledger::book::{BookError, refund, reverse};
use ledger::{Account, Appended, Draft, Entry, EntryError, Journal, JournalError};
use money::Fen;
use terms::EntryKind;

use crate::support::{cash, day, fund, heading, name, payable, yuan};

/// A bill of 150: the fund pays 100, the person 50 in cash.
fn settled() -> (Journal, Entry) {
    let mut draft = Draft::new(EntryKind::Settlement, heading("S1", "B1"));
    draft.total = yuan("150.00");
    draft.debit(fund(), yuan("100.00")).credit(payable(), yuan("100.00")).change(cash(), yuan("50.00"));
    let entry = draft.seal().unwrap();
    let mut journal = Journal::new();
    journal.append(entry.clone()).unwrap();
    (journal, entry)
}

fn of_the_fund(id: &str, original: &Entry, amount: &str) -> Entry {
    refund(heading(id, ""), original, name("H1"), (yuan(amount), &[(fund(), yuan(amount))])).unwrap()
}

#[test]
fn hyperswitch_two_refunds_of_60_on_100_one_passes() {
    let (mut journal, original) = settled();
    let refunds = vec![of_the_fund("F1", &original, "60.00"), of_the_fund("F2", &original, "60.00")];
    let beyond = JournalError::BeyondLeft { account: fund(), left: yuan("40.00"), asked: yuan("60.00") };
    assert_eq!(journal.append_each(refunds.clone()), [Ok(Appended::Posted), Err(beyond.clone())]);
    assert_eq!(journal.left(&original.id)[&fund()], yuan("40.00"));
    assert_eq!(journal.append(refunds[1].clone()), Err(beyond));
    let (mut journal, _) = settled();
    let refused = journal.append_all(refunds).unwrap_err();
    assert_eq!((refused.at, refused.id), (1, name("F2")));
    assert_eq!(journal.entries().len(), 1, "a commit is whole or absent");
}

#[test]
fn a_refund_sent_twice_is_given_once() {
    let (mut journal, original) = settled();
    let refund = of_the_fund("F1", &original, "40.00");
    assert_eq!(journal.append(refund.clone()), Ok(Appended::Posted));
    assert_eq!(journal.append(refund), Ok(Appended::Known));
    assert_eq!(journal.left(&original.id)[&fund()], yuan("60.00"));
    let other = of_the_fund("F1", &original, "41.00");
    assert_eq!(journal.append(other), Err(JournalError::OtherContent { field: "total" }));
}

#[test]
fn a_refund_down_to_the_last_fen_passes_and_one_fen_more_does_not() {
    let (mut journal, original) = settled();
    let parts = [(fund(), yuan("100.00")), (cash(), yuan("50.00"))];
    let all = refund(heading("F1", ""), &original, name("H1"), (yuan("150.00"), &parts)).unwrap();
    journal.append(all).unwrap();
    assert!(journal.left(&original.id).is_empty());
    assert_eq!(journal.balance(&payable()).net(), Fen::ZERO);
    assert_eq!(journal.remembered(&cash()), Fen::ZERO);
    let more = of_the_fund("F2", &original, "0.01");
    let beyond = JournalError::BeyondLeft { account: fund(), left: Fen::ZERO, asked: Fen::new(1) };
    assert_eq!(journal.append(more), Err(beyond));
}

#[test]
fn a_refund_from_another_institution_is_refused() {
    let (mut journal, original) = settled();
    let part = (yuan("1.00"), [(fund(), yuan("1.00"))]);
    let elsewhere = refund(heading("F1", ""), &original, name("H2"), (part.0, &part.1)).unwrap();
    let account = Account::Payable { institution: name("H2") };
    let found = journal.append(elsewhere).unwrap_err();
    assert_eq!(found, JournalError::BeyondLeft { account, left: Fen::ZERO, asked: yuan("1.00") });
}

#[test]
fn a_refund_to_someone_who_paid_nothing_is_refused() {
    let (mut journal, original) = settled();
    let assistance = Account::Fund { division: crate::support::division(), payer: name("assistance") };
    let stray =
        refund(heading("F1", ""), &original, name("H1"), (yuan("1.00"), &[(assistance, yuan("1.00"))])).unwrap();
    let found = journal.append(stray).unwrap_err();
    assert_eq!(found, JournalError::BeyondLeft { account: assistance, left: Fen::ZERO, asked: yuan("1.00") });
}

#[test]
fn a_refund_says_how_much_of_the_bill_it_is() {
    let (_, original) = settled();
    let wrong = refund(heading("F1", ""), &original, name("H1"), (yuan("10.00"), &[(fund(), yuan("9.00"))]));
    let not_the_bill = EntryError::NotTheBill { total: yuan("-10.00"), booked: yuan("-9.00") };
    assert_eq!(wrong, Err(BookError::Entry(not_the_bill)));
    let nothing = refund(heading("F1", ""), &original, name("H1"), (Fen::ZERO, &[(fund(), Fen::ZERO)]));
    assert_eq!(nothing, Err(BookError::NotPositive { account: fund() }));
}

#[test]
fn a_bill_is_not_reversed_whole_while_a_refund_of_it_stands() {
    let (mut journal, original) = settled();
    let refund = of_the_fund("F1", &original, "60.00");
    journal.append(refund.clone()).unwrap();
    let reversal = reverse(name("R1"), day(), &original).unwrap();
    assert_eq!(journal.append(reversal.clone()), Err(JournalError::StoodOn { follower: refund.id }));
    let newest_first: Vec<Entry> = journal.standing(&original.id).cloned().collect();
    assert_eq!(newest_first, [refund.clone(), original.clone()]);
    let of_refund = reverse(name("R0"), day(), &refund).unwrap();
    assert_eq!(journal.append_all(vec![of_refund, reversal]), Ok(Appended::Posted));
    assert!(journal.balances().values().all(|balance| balance.net().is_zero()));
    assert_eq!(journal.standing(&original.id).count(), 0);
}

#[test]
fn what_was_reversed_is_not_refunded() {
    let (mut journal, original) = settled();
    journal.append(reverse(name("R1"), day(), &original).unwrap()).unwrap();
    let late = of_the_fund("F1", &original, "60.00");
    assert_eq!(journal.append(late), Err(JournalError::AlreadyReversed { by: name("R1") }));
}

#[test]
fn a_refund_is_of_a_settlement_and_of_the_same_claim() {
    let (mut journal, original) = settled();
    let first = of_the_fund("F1", &original, "10.00");
    journal.append(first.clone()).unwrap();
    assert_eq!(
        refund(heading("F2", ""), &first, name("H1"), (yuan("1.00"), &[(fund(), yuan("1.00"))])),
        Err(BookError::NotAClaim)
    );
    let mut of_refund = of_the_fund("F2", &original, "1.00").into_draft();
    of_refund.original = Some(first.id);
    assert_eq!(journal.append(of_refund.seal().unwrap()), Err(JournalError::NotASettlement));
    let mut other = of_the_fund("F3", &original, "1.00").into_draft();
    other.reference = name("B2");
    assert_eq!(journal.append(other.seal().unwrap()), Err(JournalError::OtherClaim));
    let mut unknown = of_the_fund("F4", &original, "1.00").into_draft();
    unknown.original = Some(name("S9"));
    assert_eq!(journal.append(unknown.seal().unwrap()), Err(JournalError::UnknownOriginal));
}
