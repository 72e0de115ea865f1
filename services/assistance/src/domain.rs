//! What the service keeps, and what follows from it without asking anybody: no clock, no database, no wire.

mod category;
mod desk;
mod hold;
mod words;

pub(crate) use category::{Authority, Evidence, Grant, Terms, categories_on, known, overlapping};
pub(crate) use desk::{Circumstances, Desk, Fact, Kept, News, Standing};
pub(crate) use hold::{Ask, Granted, Hold, HoldState, Limit, Move, Part, Reserved, Reserving, Under};
pub(crate) use words::Office;
