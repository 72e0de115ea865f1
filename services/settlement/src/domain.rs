//! What settlement knows without a database or a wire: claims, a person's year, accounts, and what a commit does to them.

mod account;
mod claim;
mod desk;
mod purse;
pub mod reconcile;
mod reduce;
mod share;
mod third;
mod year;

pub use account::{Account, Binding, Movement, MovementKind};
pub use claim::{Cause, Claim, Decided, Evidence, Kind, Origin, Reimbursement, State, Unlisted, UnlistedWhy};
pub use desk::{Desk, HoldEnd, Opened, Reversal, Touched, Writes};
pub use purse::{Offer, Purse};
pub use reduce::{LineRefund, ReduceError, reduce};
pub use share::{Draw, draw, drawn_from, give_back, owners};
pub use third::{Grant, Hold, Limit, Needed, PlannedDay, Room, Third, follows, third_system};
pub use year::{OpenedThird, Opening, PersonYear, Policies, balances_of, order};
pub(crate) use year::{after, taken};
