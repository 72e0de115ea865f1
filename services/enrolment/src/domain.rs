//! What the service keeps, and what follows from it without asking anybody: no clock, no database, no wire.

mod days;
mod document;
mod duplicate;
mod enrolment;
mod household;
mod import;
mod person;
mod same;
mod transfer;
mod words;

pub(crate) use days::{CENTURY, Days};
pub(crate) use document::{BadDocument, check};
pub(crate) use duplicate::{Duplicate, Resolution, TWICE, standing};
pub(crate) use enrolment::{
    Covered, Enrolment, Granted, History, Interval, Payment, Suspension, Terms, clauses, intervals,
};
pub(crate) use household::{Household, Membership, Qualification};
pub(crate) use import::{Import, Reject, RowProblem};
pub(crate) use person::{Identity, Person, document_hash};
pub(crate) use same::{certificate_key, receipt_key};
pub(crate) use transfer::{AccountCredit, Certificate, Confirmation, TakenBack, Transfer};
pub(crate) use words::{
    CoverageKind, CreditKind, DocumentType, EndReason, PremiumSource, QualificationKind, Relation, Sex, State,
};
