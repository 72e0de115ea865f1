//! The calls: each reads its message, hands it to the verb, and writes the answer.

mod directory;
mod enrolment;
mod import;
mod page;
mod people;
mod read;
mod report;
mod transfer;
mod words;
mod write;

pub(crate) use directory::Directory;
pub(crate) use enrolment::Enrolments;
pub(crate) use import::Imports;
pub(crate) use people::People;
pub(crate) use report::Reports;
pub(crate) use transfer::Transfers;
