use chrono::NaiveDate;
use ledger::{Account, Appended, Draft, Entry, Heading, Journal, JournalError, book};
use money::Fen;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use store::journal::{AppendError, append, balance, balances, by_ids, by_reference, sum};
use store::{Database, Error, Tx};
use terms::{EntryKind, Name};
use testkit::on_both;

use crate::support::{count, opened, raw};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn settlement(id: &str, claim: &str, fen: i64) -> Entry {
    let date = NaiveDate::from_ymd_opt(2023, 5, 4).unwrap();
    let mut draft = Draft::new(EntryKind::Settlement, Heading { id: name(id), date, reference: name(claim) });
    draft.clauses = vec!["DM-1".to_owned()];
    draft.total = Fen::new(fen + 1);
    draft.debit(Account::Fund { division: "990100".parse().unwrap(), payer: name("pooled_fund") }, Fen::new(fen));
    draft.credit(Account::Payable { institution: name("H:1") }, Fen::new(fen));
    draft.change(Account::Cash { person: name("P1") }, Fen::new(1));
    draft.seal().unwrap()
}

fn reversal(id: &str, of: &Entry) -> Entry {
    book::reverse(name(id), of.date, of).unwrap()
}

async fn post(database: &Database, commit: &[Entry]) -> Result<Appended, AppendError> {
    database.transaction(|tx: Tx| async move { append(&tx, commit).await }).await
}

fn forbidden<T>(result: &Result<T, AppendError>) -> bool {
    matches!(result, Err(AppendError::Store(Error::Forbidden(_))))
}

#[test]
fn entries_come_back_as_they_were_and_are_booked_once() {
    on_both(|url| async move {
        let database = opened(&url).await;
        let commit = [settlement("E1", "C1", i64::from(i32::MAX) * 1_000), settlement("E2", "C2", 5)];
        assert_eq!(post(&database, &commit).await.unwrap(), Appended::Posted);
        assert_eq!(post(&database, &commit).await.unwrap(), Appended::Known);
        assert_eq!(by_ids(database.reader(), &["E2", "E1"]).await.unwrap(), commit);
        assert_eq!(by_reference(database.reader(), "C2").await.unwrap(), commit[1..]);
        assert_eq!(sum(database.reader()).await.unwrap(), Fen::ZERO);
        let owed = Account::Payable { institution: name("H:1") };
        assert_eq!(balance(database.reader(), &owed).await.unwrap().credits, commit[0].debits() + Fen::new(5));
        let other = post(&database, &[settlement("E1", "C1", 6)]).await;
        assert!(matches!(other, Err(AppendError::Refused(JournalError::OtherContent { field: "total" }))));
        let partly = post(&database, &[commit[0].clone(), settlement("E3", "C3", 5)]).await;
        assert!(matches!(partly, Err(AppendError::Refused(JournalError::PartlyKnown))));
    });
}

#[test]
fn a_claim_is_settled_once_until_it_is_reversed_and_reversed_once() {
    on_both(|url| async move {
        let database = opened(&url).await;
        let first = settlement("E1", "C1", 5);
        assert!(forbidden(&post(&database, &[reversal("R0", &first)]).await), "the original is not there");
        post(&database, std::slice::from_ref(&first)).await.unwrap();
        assert!(forbidden(&post(&database, &[settlement("E2", "C1", 5)]).await));
        post(&database, &[reversal("R1", &first)]).await.unwrap();
        assert!(forbidden(&post(&database, &[reversal("R2", &first)]).await));
        post(&database, &[settlement("E2", "C1", 7)]).await.unwrap();
        assert_eq!(count(&database, "journal").await, 3);
    });
}

const LINES: &str = "INSERT INTO journal_line (entry, position, account, side, amount_fen) VALUES ";

/// The entry X of as many lines, written with them: in one statement where the database holds every statement to it.
fn entry(database: &Database, lines: &str, count: u8) -> String {
    let lines = format!("{LINES} {lines}");
    let entry = format!(
        "INSERT INTO journal (id, kind, date, reference, clauses, total_fen, memo, line_count) \
         VALUES ('X', 'contribution', '2023-05-04', '', '[]', 0, '[]', {count})"
    );
    match database.kind() {
        store::Kind::Postgres => format!("WITH lines AS ({lines}) {entry}"),
        store::Kind::Sqlite => format!("{lines}; {entry}"),
    }
}

#[test]
fn the_database_refuses_what_does_not_balance_and_any_change() {
    on_both(|url| async move {
        let database = opened(&url).await;
        post(&database, &[settlement("E1", "C1", 5)]).await.unwrap();
        let refused = [
            entry(&database, "('X', 0, 'a', 'debit', 5), ('X', 1, 'b', 'credit', 4)", 2),
            entry(&database, "('X', 0, 'a', 'debit', 5)", 1),
            entry(&database, "('X', 0, 'a', 'debit', 5), ('X', 1, 'b', 'credit', 5)", 3),
            format!("{LINES} ('X', 0, 'a', 'debit', 5), ('X', 1, 'b', 'credit', 5)"),
            entry(&database, "('X', 0, 'a', 'debit', 0)", 1),
            entry(&database, "('X', 0, 'a', 'debit', -5), ('X', 1, 'b', 'credit', -5)", 2),
            entry(&database, "('X', 0, 'a', 'neither', 5)", 1),
            entry(&database, "('X', 0, 'a', 'debit', 5), ('X', 2, 'b', 'credit', 5)", 2),
            format!("{LINES} ('E1', 7, 'a', 'debit', 5), ('E1', 8, 'b', 'credit', 5)"),
            "UPDATE journal SET total_fen = 0".to_owned(),
            "DELETE FROM journal".to_owned(),
            "UPDATE journal_line SET amount_fen = 1".to_owned(),
            "DELETE FROM journal_line".to_owned(),
        ];
        for sql in refused {
            let result = raw(&database, &sql).await;
            assert!(matches!(result, Err(Error::Forbidden(_))), "{sql}: {result:?}");
        }
        let right = entry(&database, "('X', 0, 'a', 'debit', 5), ('X', 1, 'b', 'credit', 5)", 2);
        raw(&database, &right).await.unwrap();
        assert_eq!((count(&database, "journal").await, count(&database, "journal_line").await), (2, 4));
    });
}

/// What is tried: a settlement of one of three claims, or the reversal of an earlier settlement.
fn commits() -> impl Strategy<Value = Vec<(bool, usize, i64)>> {
    prop::collection::vec((any::<bool>(), 0..3_usize, 1..1_000_000_i64), 1..25)
}

#[test]
fn the_journal_in_memory_and_the_database_agree_after_any_sequence() {
    on_both(|url| async move {
        let database = opened(&url).await;
        let mut model = Journal::new();
        let mut runner = TestRunner::deterministic();
        let mut id = 0;
        for _ in 0..6 {
            for (settles, nth, fen) in commits().new_tree(&mut runner).unwrap().current() {
                id += 1;
                let settled: Vec<&Entry> =
                    model.entries().iter().filter(|entry| entry.kind == EntryKind::Settlement).collect();
                let entry = match settled.len().checked_sub(1 + nth) {
                    Some(at) if !settles => reversal(&format!("E{id}"), settled[at]),
                    _ => settlement(&format!("E{id}"), &format!("C{nth}"), fen),
                };
                let expected = model.append(entry.clone());
                let found = post(&database, &[entry]).await;
                assert_eq!(found.as_ref().ok(), expected.as_ref().ok(), "{expected:?}, {found:?}");
            }
        }
        let ids: Vec<&str> = model.entries().iter().map(|entry| entry.id.as_str()).collect();
        assert!(ids.len() > 10, "{}", ids.len());
        assert_eq!(by_ids(database.reader(), &ids).await.unwrap(), model.entries());
        assert_eq!(&balances(database.reader()).await.unwrap(), model.balances());
        assert_eq!(sum(database.reader()).await.unwrap(), model.sum());
    });
}
