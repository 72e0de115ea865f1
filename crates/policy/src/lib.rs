//! Policy: law as dated data, and one pure function from facts to a decision.
//!
//! A [`Policy`] is compiled once from packs (`packs/README.md`); [`Policy::adjudicate`] turns [`Facts`] into a
//! [`Decision`] whose shares add up to the bill and whose steps name the clause, the value and since when.
//!
//! Invariant: the same policy version and the same facts give the same decision, byte for byte, for ever.
//! Invariant: no amount, no ratio and no place stands in this crate's code; they stand in packs with a date and a citation.
//! Invariant: this crate knows no clock, no file system, no network and no database.

mod adjudicate;
mod batch;
pub mod case;
pub mod check;
mod compile;
mod condition;
mod decision;
mod door;
mod facts;
mod lang;
mod pack;
mod policy;
mod problem;
mod question;
mod recorder;
mod rules;
pub mod show;
mod split;
pub mod statement;
mod year;

pub use batch::Batch;
pub use decision::{
    Cause, Decision, LayerShare, LineSplit, Outcome, Reason, Refusal, Rule, Settlement, Shares, Step, Used,
};
pub use facts::{Accumulators, Bill, Costs, Counts, Facts, HeldShare, Line, Meter, Parts, Period, Person};
pub use lang::Lang;
pub use pack::{Citation, Clause, Mark, NationalField, PackDivision, PackFile, Payer, PayerKind, SourceId};
pub use policy::{ParseVersionError, Policy, Version};
pub use problem::{Problem, Problems, Severity, printable};
pub use question::{
    Contribution, ContributionFacts, Coverage, CoverageFacts, FilingFacts, FilingTerms, FoundValue, Indicator,
    IndicatorFacts, LimitFacts, MostPaid, PaidBefore, Watch, WatchFacts,
};
pub use rules::offer::{
    Offer, OfferBand, OfferBase, OfferCounts, OfferFacts, OfferPeriod, OfferTerms, OfferTilt, offer,
};
pub use split::{Split, SplitFacts};
pub use year::{Adjustment, Applied, Year, YearError};
