use ledger::book::{account_credit, bring_forward, pay_owed, refund, reverse, take_back};
use ledger::{Account, Appended, Draft, Entry, Journal, JournalError, VerifyError};
use money::Fen;
use terms::{AccountKind, EntryKind};

use crate::support::{SHIPPED, cash, day, division, fund, heading, name, payable, personal, yuan};

fn settlement(id: &str, claim: &str, from_fund: &str, from_account: &str) -> Entry {
    let mut draft = Draft::new(EntryKind::Settlement, heading(id, claim));
    let owed = yuan(from_fund) + yuan(from_account);
    draft.total = owed + yuan("5.00");
    draft.debit(fund(), yuan(from_fund)).debit(personal(), yuan(from_account)).credit(payable(), owed);
    draft.change(cash(), yuan("5.00"));
    draft.seal().unwrap()
}

fn adjustment(id: &str, claim: &str, settled: &str, changes: &[(Account, &str)]) -> Entry {
    let mut draft = Draft::new(EntryKind::Adjustment, heading(id, claim));
    draft.original = Some(name(settled));
    changes.iter().for_each(|(account, change)| {
        draft.change(*account, yuan(change));
    });
    draft.seal().unwrap()
}

fn reversal(id: &str, original: &Entry) -> Entry {
    reverse(name(id), day(), original).unwrap()
}

fn with_account(balance: &str) -> Journal {
    let mut journal = Journal::new();
    let opening = bring_forward(heading("O1", ""), division(), &[(personal(), yuan(balance))]).unwrap();
    journal.append(opening).unwrap();
    journal
}

#[test]
fn a_double_submission_is_counted_once() {
    let mut journal = Journal::new();
    let entry = settlement("S1", "B1", "60.00", "0.00");
    assert_eq!(journal.append(entry.clone()), Ok(Appended::Posted));
    let once = journal.clone();
    assert_eq!(journal.append(entry), Ok(Appended::Known));
    assert_eq!(journal, once);
    let same_id = journal.append(settlement("S1", "B1", "61.00", "0.00"));
    assert_eq!(same_id, Err(JournalError::OtherContent { field: "total" }));
    let same_claim = journal.append(settlement("S2", "B1", "60.00", "0.00"));
    assert_eq!(same_claim, Err(JournalError::AlreadySettled { by: name("S1") }));
    assert_eq!(journal, once);
}

#[test]
fn a_second_reversal_is_refused_and_the_same_one_is_known() {
    let mut journal = Journal::new();
    let entry = settlement("S1", "B1", "60.00", "0.00");
    journal.append(entry.clone()).unwrap();
    assert_eq!(journal.append(reversal("R1", &entry)), Ok(Appended::Posted));
    assert_eq!(journal.append(reversal("R1", &entry)), Ok(Appended::Known));
    let second = journal.append(reversal("R2", &entry));
    assert_eq!(second, Err(JournalError::AlreadyReversed { by: name("R1") }));
    assert_eq!(journal.balance(&fund()).net(), Fen::ZERO);
    assert_eq!(journal.remembered(&cash()), Fen::ZERO);
}

#[test]
fn a_reversed_claim_can_be_settled_again_under_a_new_id() {
    let mut journal = Journal::new();
    let entry = settlement("S1", "B1", "60.00", "0.00");
    journal.append_all(vec![entry.clone(), reversal("R1", &entry)]).unwrap();
    assert_eq!(journal.settled(&name("B1")), None);
    assert_eq!(journal.append(settlement("S2", "B1", "70.00", "0.00")), Ok(Appended::Posted));
    assert_eq!(journal.settled(&name("B1")), Some(&name("S2")));
    assert_eq!(journal.balance(&payable()).net(), yuan("-70.00"));
}

#[test]
fn a_reversal_that_is_not_the_mirror_is_refused() {
    let mut journal = Journal::new();
    let entry = settlement("S1", "B1", "60.00", "0.00");
    journal.append(entry.clone()).unwrap();
    let mut half = reversal("R1", &settlement("S1", "B1", "30.00", "0.00")).into_draft();
    half.total = yuan("-35.00");
    let found = journal.append(half.seal().unwrap());
    assert_eq!(found, Err(JournalError::NotTheMirror { field: "lines" }));
    let reversal_of_reversal = {
        journal.append(reversal("R1", &entry)).unwrap();
        let mut draft = entry.clone().into_draft();
        (draft.id, draft.kind, draft.original) = (name("R2"), EntryKind::Reversal, Some(name("R1")));
        journal.append(draft.seal().unwrap())
    };
    assert_eq!(reversal_of_reversal, Err(JournalError::ReversalOfReversal));
}

#[test]
fn a_personal_account_is_never_overdrawn() {
    let mut journal = with_account("50.00");
    let before = journal.clone();
    let too_much = journal.append(settlement("S1", "B1", "10.00", "50.01"));
    assert_eq!(too_much, Err(JournalError::Overdrawn { account: personal(), by: Fen::new(1) }));
    assert_eq!(journal, before);
    journal.append(settlement("S1", "B1", "10.00", "50.00")).unwrap();
    let nothing_left = journal.append(settlement("S2", "B2", "10.00", "0.01"));
    assert_eq!(nothing_left, Err(JournalError::Overdrawn { account: personal(), by: Fen::new(1) }));
}

#[test]
fn a_cascade_may_pass_through_an_overdraft_and_may_not_end_in_one() {
    let mut journal = with_account("50.00");
    journal.append(settlement("S1", "B1", "10.00", "50.00")).unwrap();
    // a late bill takes its place before the first and takes the account's money; the first gives it back
    let late = settlement("S2", "B2", "10.00", "50.00");
    let given_back = adjustment("A1", "B1", "S1", &[(personal(), "-50.00"), (payable(), "50.00"), (cash(), "50.00")]);
    let refused = journal.clone().append_all(vec![late.clone()]).unwrap_err();
    assert_eq!(*refused.reason, JournalError::Overdrawn { account: personal(), by: yuan("50.00") });
    assert_eq!(journal.append_all(vec![late, given_back]), Ok(Appended::Posted));
    assert_eq!(journal.balance(&personal()).net(), Fen::ZERO);
    assert_eq!(journal.verify(), Ok(()));
}

#[test]
fn an_adjustment_leaves_nobody_below_zero() {
    let mut journal = Journal::new();
    journal.append(settlement("S1", "B1", "60.00", "0.00")).unwrap();
    let other = Account::Fund { division: division(), payer: name("assistance") };
    let swapped = adjustment("A1", "B1", "S1", &[(fund(), "-60.01"), (other, "60.01")]);
    let found = journal.append(swapped);
    assert_eq!(found, Err(JournalError::WrongSide { account: fund(), left: Fen::new(-1) }));
    let swapped = adjustment("A1", "B1", "S1", &[(fund(), "-60.00"), (other, "60.00")]);
    assert_eq!(journal.append(swapped), Ok(Appended::Posted));
    assert_eq!(journal.left(&name("S1"))[&other], yuan("60.00"));
}

#[test]
fn a_refused_commit_leaves_the_journal_as_it_was() {
    let mut journal = with_account("50.00");
    let entry = settlement("S1", "B1", "60.00", "20.00");
    journal.append(entry.clone()).unwrap();
    let parts = (yuan("1.00"), [(fund(), yuan("1.00"))]);
    let part = refund(heading("F1", ""), &entry, name("H1"), (parts.0, &parts.1)).unwrap();
    journal.append(part.clone()).unwrap();
    let before = journal.clone();
    let stray = adjustment("A1", "B9", "S9", &[(fund(), "1.00"), (personal(), "-1.00")]);
    let groups = [
        vec![settlement("S2", "B2", "1.00", "1.00"), reversal("R1", &entry)],
        vec![reversal("R0", &part), reversal("R1", &entry), reversal("R2", &entry)],
        vec![reversal("R0", &part), reversal("R0", &part)],
        vec![reversal("R0", &part), reversal("R1", &entry), settlement("S2", "B1", "1.00", "1.00"), stray],
        vec![settlement("S2", "B2", "1.00", "1.00"), settlement("S3", "B3", "0.00", "40.00")],
        vec![settlement("S2", "B2", "1.00", "1.00"), settlement("S2", "B2", "1.00", "1.00")],
        vec![settlement("S2", "B2", "1.00", "1.00"), entry],
    ];
    for group in groups {
        assert!(journal.append_all(group.clone()).is_err(), "{group:?}");
        assert_eq!(journal, before);
    }
    assert_eq!(journal.verify(), Ok(()));
}

#[test]
fn a_batch_gives_one_result_for_each_in_order() {
    let mut journal = with_account("10.00");
    let first = settlement("S1", "B1", "1.00", "10.00");
    let batch =
        vec![first.clone(), settlement("S2", "B2", "1.00", "10.00"), first, settlement("S3", "B3", "1.00", "0.00")];
    let overdrawn = JournalError::Overdrawn { account: personal(), by: yuan("10.00") };
    let expected = [Ok(Appended::Posted), Err(overdrawn), Ok(Appended::Known), Ok(Appended::Posted)];
    assert_eq!(journal.append_each(batch), expected);
}

#[test]
fn the_trial_balance_is_by_kind_and_adds_up_to_zero() {
    let mut journal = with_account("50.00");
    journal.append(settlement("S1", "B1", "60.00", "20.00")).unwrap();
    let trial = journal.trial_balance();
    let net = |kind| trial.books[&kind].net();
    assert_eq!(net(AccountKind::Opening), yuan("50.00"));
    assert_eq!(net(AccountKind::Personal), yuan("-30.00"));
    assert_eq!(net(AccountKind::Fund), yuan("60.00"));
    assert_eq!(net(AccountKind::Payable), yuan("-80.00"));
    assert_eq!(trial.memo[&AccountKind::Cash], yuan("5.00"));
    assert_eq!((trial.sum(), journal.sum()), (Fen::ZERO, Fen::ZERO));
}

#[test]
fn a_journal_is_what_its_commits_replay_to() {
    let mut journal = with_account("50.00");
    let entry = settlement("S1", "B1", "60.00", "20.00");
    journal.append(entry.clone()).unwrap();
    journal.append_all(vec![reversal("R1", &entry), settlement("S2", "B2", "1.00", "50.00")]).unwrap();
    let replayed = Journal::replay(journal.commits().map(<[_]>::to_vec)).unwrap();
    assert_eq!(replayed, journal);
    assert_eq!(journal.commits().count(), 3);
    let mut commits: Vec<Vec<Entry>> = journal.commits().map(<[_]>::to_vec).collect();
    commits.remove(0);
    assert_eq!(
        *Journal::replay(commits).unwrap_err().reason,
        JournalError::Overdrawn { account: personal(), by: yuan("20.00") }
    );
    assert!(!matches!(journal.verify(), Err(VerifyError::Sum { .. })));
}

#[test]
fn an_account_credit_comes_out_of_the_fund_and_is_kept_once() {
    let contribution = policy::Contribution { credit: yuan("1200.00"), ..policy::Contribution::default() };
    let heading = heading("C1", "2023");
    let credit = account_credit(heading, &SHIPPED, (division(), name("pooled_fund")), name("P1"), &contribution);
    let credit = credit.unwrap().unwrap();
    let mut journal = Journal::new();
    journal.append(credit.clone()).unwrap();
    assert_eq!(journal.append(credit), Ok(Appended::Known));
    assert_eq!(journal.balance(&personal()).net(), yuan("-1200.00"));
    assert_eq!(journal.balance(&fund()).net(), yuan("1200.00"));
    let nothing = policy::Contribution::default();
    let none = account_credit(heading, &SHIPPED, (division(), name("pooled_fund")), name("P1"), &nothing);
    assert_eq!(none, Ok(None));
}

#[test]
fn a_credit_taken_back_after_it_was_spent_is_owed_and_no_more_is_paid_than_is_owed() {
    let mut journal = with_account("50.00");
    let owed = Account::Receivable { person: name("P1") };
    let gone = take_back(heading("T1", "C1"), fund(), name("P1"), (yuan("50.00"), yuan("30.00")));
    journal.append(gone.unwrap()).unwrap();
    let net = |journal: &Journal, account: Account| journal.balance(&account).net();
    assert_eq!(
        [net(&journal, personal()), net(&journal, owed), net(&journal, fund())],
        ["0.00", "30.00", "-80.00"].map(yuan)
    );
    let overdrawn = journal.append(pay_owed(heading("W1", "M1"), name("P1"), yuan("30.00")).unwrap());
    assert_eq!(overdrawn, Err(JournalError::Overdrawn { account: personal(), by: yuan("30.00") }));
    let come = bring_forward(heading("B2", ""), division(), &[(personal(), yuan("40.00"))]).unwrap();
    journal.append(come).unwrap();
    let beyond = journal.append(pay_owed(heading("W1", "M1"), name("P1"), yuan("30.01")).unwrap());
    assert_eq!(beyond, Err(JournalError::Overdrawn { account: owed, by: Fen::new(1) }));
    journal.append(pay_owed(heading("W1", "M1"), name("P1"), yuan("30.00")).unwrap()).unwrap();
    assert_eq!([net(&journal, personal()), net(&journal, owed)], ["-10.00", "0.00"].map(yuan));
    assert_eq!(journal.sum(), Fen::ZERO);
}
