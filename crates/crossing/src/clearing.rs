//! Monthly clearing (清算): which month a bill is cleared in, what the months come to, and what may happen when.
//!
//! A place of care declares the items of a month; the centre makes a sheet of them, a row for each place of care and place of insurance;
//! the place of insurance confirms its rows and disputes bills; notices say what is to be paid.
//!
//! Invariant: an item is in one month at most, and in none while it is disputed: so it is cleared once, and a sheet counts it once.
//! Invariant: a sheet does not depend on the order in which its items came, and the nets of all provinces add up to zero.
//! Invariant: no day, count of days or count of months stands here: all come out of a [`Timetable`].

mod dispute;
mod month;
mod period;
mod sheet;
mod timetable;

pub use dispute::{Dispute, DisputeState, NotResolved, Place, Unmoved};
pub use month::{Month, NotAMonth};
pub use period::{Act, PeriodState, RowAct, RowState};
pub use sheet::{Line, Net, Row, Sheet};
pub use timetable::{Deadlines, Late, Timetable, Timetables, TimetablesError};
