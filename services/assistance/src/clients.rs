//! Asks other services.

mod enrolment;
mod inbox;
mod policies;
mod sender;
mod settlement;
mod streams;

pub(crate) use enrolment::{Directory, Document, NoPhone, Phone};
pub(crate) use inbox::{Inbox, Taken};
pub use policies::Publications;
pub use sender::Sender;
pub(crate) use settlement::{Burden, NotSaid, OneStop, Outcome, Preview, cause_number};
pub(crate) use streams::{Entry as StreamEntry, Streams};
