use chrono::NaiveDate;
use money::Fen;
use policy::Version;
use serde::{Deserialize, Serialize};
use terms::{EntryKind, Name, Side};

use crate::{Account, Entry, EntryError, Line, Memo};

/// An entry in the making, and the shape in which entries are stored and read back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The caller's id: unique for ever in a journal.
    pub id: Name,
    /// What the entry records.
    pub kind: EntryKind,
    /// The day it is booked on.
    pub date: NaiveDate,
    /// The claim, bill or enrolment it is about; empty where it is about none.
    pub reference: Name,
    /// The entry it reverses, refunds or adjusts.
    pub original: Option<Name>,
    /// The policy version that decided it.
    pub policy: Option<Version>,
    /// Ids of the clauses it rests on, in order of id.
    pub clauses: Vec<String>,
    /// What the bill it is about grew by, in fen; below zero for what is taken back, zero where there is no bill.
    pub total: Fen,
    /// The lines, in order.
    pub lines: Vec<Line>,
    /// What is remembered beside the books, in order.
    pub memo: Vec<Memo>,
}

/// What the caller says about an entry: its id, its day and what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// The caller's id: unique for ever in a journal.
    pub id: Name,
    /// The day it is booked on.
    pub date: NaiveDate,
    /// The claim, bill or enrolment it is about; empty where it is about none.
    pub reference: Name,
}

impl Draft {
    /// A draft without lines.
    #[must_use]
    pub fn new(kind: EntryKind, heading: Heading) -> Self {
        let Heading { id, date, reference } = heading;
        let (lines, memo) = (Vec::new(), Vec::new());
        Self {
            id,
            kind,
            date,
            reference,
            original: None,
            policy: None,
            clauses: Vec::new(),
            total: Fen::ZERO,
            lines,
            memo,
        }
    }

    /// Debits an account; zero fen make no line.
    pub fn debit(&mut self, account: Account, amount: Fen) -> &mut Self {
        self.line(account, Side::Debit, amount)
    }

    /// Credits an account; zero fen make no line.
    pub fn credit(&mut self, account: Account, amount: Fen) -> &mut Self {
        self.line(account, Side::Credit, amount)
    }

    /// Moves an account by fen of either sign: above zero a debit, below a credit; a memorandum account by a memo.
    pub fn change(&mut self, account: Account, signed: Fen) -> &mut Self {
        if account.is_memorandum() {
            if !signed.is_zero() {
                self.memo.push(Memo { account, amount: signed });
            }
            self
        } else if signed.is_negative() {
            self.credit(account, -signed)
        } else {
            self.debit(account, signed)
        }
    }

    fn line(&mut self, account: Account, side: Side, amount: Fen) -> &mut Self {
        if !amount.is_zero() {
            self.lines.push(Line { account, side, amount });
        }
        self
    }

    /// Whether it records no amount at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.memo.is_empty()
    }

    /// The entry.
    ///
    /// # Errors
    /// [`EntryError`] says what is wrong: the first mistake found.
    pub fn seal(self) -> Result<Entry, EntryError> {
        Entry::try_from(self)
    }

    /// The first field in which two drafts differ.
    #[must_use]
    pub fn first_difference(&self, other: &Self) -> Option<&'static str> {
        let same = [
            ("id", self.id == other.id),
            ("kind", self.kind == other.kind),
            ("date", self.date == other.date),
            ("reference", self.reference == other.reference),
            ("original", self.original == other.original),
            ("policy", self.policy == other.policy),
            ("clauses", self.clauses == other.clauses),
            ("total", self.total == other.total),
            ("lines", self.lines == other.lines),
            ("memo", self.memo == other.memo),
        ];
        same.into_iter().find(|(_, same)| !same).map(|(field, _)| field)
    }
}
