//! Two provinces in one bill: who has said what, what follows from it, and the log that proves it.
//!
//! * [`CareBill`] and [`InsuredBill`] are the two ends of a bill. Each is a pure function: state, event and time in; state and
//!   [`Effect`]s out. The place of care coordinates (Prepare, Confirm, Finish, or Cancel and Reverse), the place of insurance
//!   decides and settles. Effects are derived from the state (`due`), so a restart loses none.
//! * [`Link`] numbers and chains the messages of a pair of provinces and says of an arriving one what it is: new, one that
//!   came before, or one that must not be believed. [`Header`] is what is signed, byte by byte; [`Keys`] checks it.
//! * [`chain::verify`] reads a log and says what is wrong with it; [`receipt::check`] proves one message without any log.
//! * [`Item`]s are what both sides book. [`compare`] finds what two days differ in by the hashes of [`ranges`], at a cost that grows
//!   with the differences.
//! * [`clearing`] says in which month an item is cleared, what a month comes to, and what may be done in it when.
//!
//! A bill is settled where the place of insurance has committed it. The place of care books and answers only with that receipt
//! in hand; whoever does not know asks by the bill's id until told. What comes late has a lower step, and does nothing.
//!
//! Invariant: nothing confirmed ends at the place of care by time or by a failure; only the other side's word ends it.
//! Invariant: at the place of insurance nothing is settled that was not confirmed in its round, or that was undone before it came.
//! Invariant: an event that comes twice changes nothing the second time, and is answered as the first.
//! Invariant: this crate reads no clock, no file and no network, draws no lot, makes no key, and computes no share.

mod bill;
mod care;
pub mod chain;
pub mod clearing;
pub mod compare;
mod header;
mod insured;
mod item;
mod link;
pub mod pace;
pub mod ranges;
pub mod receipt;
mod seal;

pub use bill::{
    Asks, BillId, Booked, Effect, End, Lapse, Moved, Offer, Receipt, Says, Sha, Shares, Step, Terms, Told, Undone, Why,
};
pub use care::{CareBill, CareEvent, CareState};
pub use header::{Header, HeaderError};
pub use insured::{InsuredBill, InsuredEvent, InsuredState, Unsettled};
pub use item::{Item, ItemId, ItemKind};
pub use link::{Draft, Held, Kept, Link, Mark, Refused, Taken};
pub use seal::{Algorithm, KeyError, Keys, NotAuthentic, PublicKey, Sealed, Sign, SigningKey};
