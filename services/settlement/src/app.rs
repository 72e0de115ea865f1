//! What settlement does: one file a verb, and the commit that all verbs that change something go through.

mod account;
mod book;
mod command;
mod commit;
mod context;
mod gather;
mod plan;
mod preview;
mod publish;
mod reconcile;
mod refund;
mod restate;
mod reverse;
mod settle;
mod till;
mod trouble;
mod verify;

pub use account::{Bind, Credit, Debit, Moved, OpenYear, Unbind};
pub use book::{Adjusted, Booked, Recorded};
pub use command::{Command, Done};
pub use commit::{Bench, Committer, Encode, Work, fault, store_fault};
pub use context::Context;
pub use gather::{Gathered, person, policy};
pub use host::china_day as day_of;
pub use plan::NewBill;
pub use preview::preview;
pub use publish::{Unpublished, WritePublished, publish, registry_fault, roll_forward};
pub use reconcile::{CLAIMS_MOST, ReconcileDetails, ReconcileTotals, reconcile_details, reconcile_totals};
pub use refund::{Refund, Refunded};
pub(crate) use reverse::TOMBSTONE;
pub use reverse::{Original, Reverse, Reversed};
pub use settle::{Settle, Settled, is_invoice};
pub use trouble::Trouble;
pub use verify::{Difference, Progress, Verified, verify};
