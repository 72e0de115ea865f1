//! The calls: each reads its message, hands it to the verb, and writes the answer.

mod adopt;
mod application;
mod category;
mod export;
mod import;
mod page;
mod payer;
mod premium;
mod read;
mod report;
mod reservation;
mod watch;
mod words;
mod write;

pub(crate) use application::{Applications, confirmed};
pub(crate) use category::Categories;
pub(crate) use payer::Payers;
pub(crate) use premium::Premiums;
pub(crate) use report::Reports;
pub(crate) use reservation::Reservations;
pub(crate) use watch::Watching;
