//! What the service keeps, and what follows from it without asking anybody: no clock, no database, no wire.

mod application;
mod category;
mod desk;
mod hold;
mod list;
mod mend;
mod message;
mod offer;
mod premium;
mod report;
mod same;
mod watch;
mod words;

pub(crate) use application::{
    Act, Application, ApplicationState, ApplicationStep, Attached, Awarding, By, Decision, EVIDENCE_MOST, Payment,
    Revision, Verb, Wanted, allowed, awards, has_decided, has_proposed,
};
pub(crate) use category::{
    Authority, Evidence, Grant, TakenBack, Terms, categories_on, known, overlapping, owed_on, was_granted,
};
pub(crate) use desk::{Adopting, Circumstances, Desk, Fact, Kept, News, Over, Settled, Standing, Tally};
pub(crate) use hold::{Ask, Granted, Hold, HoldState, Limit, Move, Part, Reserved, Reserving, Under};
pub(crate) use list::{
    Compared, Difference, DifferenceKind, Import, ImportMode, ImportState, List, RowProblem, Said, compare, ended,
};
pub(crate) use mend::{Answer, AskState, Mend, Occasion, Reassess, Refused};
pub(crate) use message::{Message, NoText, Telling, of_application, of_claim, of_grant};
pub(crate) use offer::{
    BillOf, Member, Offer, OfferBill, OfferState, OtherPayerKind, Plan, Renewed, Renewing, Room, Same, is_within,
    overpaid, renewed, room, version_on,
};
pub(crate) use premium::{BookedPremium, Premium, PremiumRow, PremiumSum, Told, possible, premium_fund};
pub(crate) use report::{Cell, Counted, Month, Row, Sum, Table, Territory};
pub(crate) use same::payment_key;
pub(crate) use watch::{
    Entry, Line, Seen, Step, WatchDifference, WatchDifferenceKind, WatchNews, WatchState, differs, follow, offices,
};
pub(crate) use words::Office;
