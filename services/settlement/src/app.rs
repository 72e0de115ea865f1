//! What settlement does: one file a verb, and the commit that all verbs that change something go through.

mod account;
mod book;
mod context;
mod plan;
mod refund;
mod restate;
mod reverse;
mod settle;
mod till;
mod trouble;

pub use account::{Bind, Credit, Debit, Moved, OpenYear, Unbind};
pub use book::{Adjusted, Booked, Recorded};
pub use context::{Context, day_of};
pub use plan::NewBill;
pub use refund::{Refund, Refunded};
pub(crate) use reverse::TOMBSTONE;
pub use reverse::{Original, Reverse, Reversed};
pub use settle::{Settle, Settled};
pub use trouble::Trouble;
