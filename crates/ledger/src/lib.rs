//! Double entry for the medical funds: what a decision, a contribution or a refund puts on the books, and what is held.
//!
//! Three things, each usable alone:
//!
//! * An [`Entry`] is made from a [`Draft`] and never changes: ordered lines (account, debit or credit, fen above zero), the
//!   caller's id, the day, the claim, the policy version and the clauses. [`Booking`] says what a decision of the policy
//!   engine puts on the books; [`book`] makes entries of it: settlement, reversal, adjustment, refund, contribution,
//!   account credit, what is taken back of it, balances brought forward.
//! * A [`Journal`] is append-only and knows what the entries add up to. Entries of one commit are taken together or not at
//!   all ([`Journal::append_all`]); a batch gives one ordered result for each ([`Journal::append_each`]). It is the model
//!   that stores are held to, and what the demonstration and `verify` use; services keep theirs in a database.
//! * [`Reservations`] hold a part of a limit until it is posted or voided: pending -> posted | voided | expired.
//!
//! # The books
//! | account | debit | credit |
//! |---|---|---|
//! | `fund:<division>:<payer>` | pays a bill, credits a personal account | receives income |
//! | `income:<division>:<source>` | a premium or subsidy came in | it was taken back |
//! | `personal:<person>`, `family:<family>` | pays a bill | is credited |
//! | `receivable:<person>` | what was to be taken back from the person's account was spent already | it was paid |
//! | `other:<division>:<payer>` | a charity or insurer owes its share | its share was taken back |
//! | `due:<division>:<payer>` | a fund that other books keep owes its share of a bill | in those books: the fund owes it |
//! | `payable:<institution>` | less is owed | the bureau owes the institution |
//! | `cross:<province>` | in the books between provinces: what the books that settle owe them | a bill of a patient treated there |
//! | `province:<province>` | it owes for a patient treated here | it is owed for a patient insured here |
//! | `clearing:<province>` | it is to pay by notices of clearing | it is to be paid |
//! | `opening:<division>` | balances brought forward | the same, taken back |
//!
//! **Cash and the hospital's own share are not the bureau's money**: they never touch a fund, so they make no line.
//! Each entry about a bill carries them as [`Memo`] (`cash:<person>`, `hospital:<institution>`: memorandum accounts, 备查),
//! so that bill = payable to the institution + hospital's own share + cash, checked when the entry is made. A bill
//! paid wholly in cash is an entry without lines: it is still on record and can be reversed.
//!
//! A share of a payer beside the funds is settled at the same window: the bureau owes it to the institution and the payer
//! owes it to the bureau. A whole refund or a cancelled visit is a reversal, never a refund of everything.
//!
//! A share of a fund that another service keeps (the packs' `held_by`: assistance, tilt) is owed by it: `due:` is debited in
//! the books that settle the bill, and [`mirror`] makes the entry of the books that keep the fund, which debits `fund:` and
//! credits `due:`. Summed over both journals, `due:` is zero for each claim: a claim is whole in both, or absent in both.
//! So is a premium that such a fund pays: `income:<division>:premium_assisted` where it came in, and
//! `due:<division>:premium_assisted` in the books that keep the fund, add up to zero for each enrolment.
//!
//! A bill between two provinces: the place of insurance settles it and credits `cross:<province of care>` instead of `payable:`; its
//! books between provinces pass that on to `province:<province of care>`; those of the place of care debit `province:<province of
//! insurance>` and credit `payable:<institution>` ([`crossing`]). For each bill `cross:` adds up to zero over both books of the one
//! bureau, and `province:` over the books of both. Once a month is cleared, both move what it comes to from `province:` to `clearing:`,
//! and what an audit took off goes back the way it came: from `payable:` at the place of care, to `cross:` at the place of insurance.
//!
//! Sums are written with debits above zero. A fund may be overdrawn (a shortfall is a fact to report, not a reason to turn a
//! patient away); personal and family accounts may not, nor may more of a receivable be paid than is owed, judged after each
//! commit.
//!
//! Invariant: an entry's debits equal its credits, each line is above zero, and bill = payable + memo; nothing else is an entry.
//! Invariant: the journal adds up to zero after every append, and a refused append changes nothing.
//! Invariant: the same id with the same content gives the same answer; with other content it is refused, naming the field.
//! Invariant: what a province is owed for a bill stands in the other one's books as the same amount owed.
//! Invariant: of a claim, what the books that keep a fund owe never passes what that fund bears there.
//! Invariant: a claim stands once; nothing of it is given back twice, or beyond what is left.
//! Invariant: pending and posted together never pass a limit, inside a batch or across batches.
//! Invariant: this crate knows no clock, no file, no network and no database; days and times are handed in.
//! Invariant: it computes no share: every amount comes out of `policy` or from the caller.

mod account;
pub mod book;
mod booking;
pub mod crossing;
mod draft;
mod entry;
mod journal;
mod line;
pub mod mirror;
mod reserve;

pub use account::{Account, ParseAccountError};
pub use booking::{Booking, BookingError, Parties};
pub use draft::{Draft, Heading};
pub use entry::{Entry, EntryError};
pub use journal::{Appended, Balance, GroupRefused, Journal, JournalError, TrialBalance, VerifyError};
pub use line::{Line, Memo};
pub use reserve::{Answer, Command, Limit, Reservation, Reservations, ReserveError, Standing};
