//! Other payers (SD-12): their plans, who is a member of them, and what they are offered of settled bills.

mod renew;
mod same;
mod share;

use chrono::{DateTime, NaiveDate, Utc};
use money::Fen;
use policy::OfferTerms;
use terms::{Care, Category, Division, Name, Scheme};

use super::words::words;

pub(crate) use renew::{Renewed, Renewing, overpaid, renewed, room};
pub(crate) use same::{BillOf, Same};
pub(crate) use share::Room;

words! {
    /// What kind of payer it is.
    OtherPayerKind { Charity "charity", Union "union", Commercial "commercial" }
    /// Where an offer stands.
    OfferState {
        Offered "offered", Confirmed "confirmed", Declined "declined", Paid "paid", Superseded "superseded",
    }
}

impl OfferState {
    /// Whether the payer has said what it will pay, and that stands.
    pub(crate) const fn is_answer(self) -> bool {
        matches!(self, Self::Confirmed | Self::Declined | Self::Paid)
    }
}

/// A plan in one version: for days of service from its first, until a later version's first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) id: Name,
    pub(crate) version: u32,
    pub(crate) payer: Name,
    pub(crate) zh: String,
    pub(crate) en: String,
    pub(crate) kind: OtherPayerKind,
    /// Whose insured people it is for, those of the divisions below it too.
    pub(crate) division: Division,
    pub(crate) from: NaiveDate,
    /// The first day it is no longer for.
    pub(crate) until: Option<NaiveDate>,
    /// Empty: all.
    pub(crate) cares: Vec<Care>,
    pub(crate) pays: OfferTerms,
    pub(crate) source: String,
    pub(crate) operator: String,
    /// Why this version ends the plan; empty where it does not.
    pub(crate) reason: String,
    pub(crate) recorded_at: DateTime<Utc>,
}

impl Plan {
    /// Whether it is for a bill.
    fn is_for(&self, bill: &OfferBill) -> bool {
        let is_in_time = self.until.is_none_or(|until| bill.rules_date < until);
        let is_of_its_care = self.cares.is_empty() || self.cares.contains(&bill.care);
        // who pays in the settlement has paid there, whatever was registered
        is_in_time && is_of_its_care && is_within(self.division, bill.division) && !bill.payers.contains(&self.payer)
    }
}

/// Of a plan's versions, the one a day of service falls under: the newest that has begun by then, also where it has ended.
pub(crate) fn version_on(versions: &[Plan], day: NaiveDate) -> Option<&Plan> {
    versions.iter().filter(|plan| plan.from <= day).max_by_key(|plan| plan.version)
}

/// Whether a division is another one or lies in it.
pub(crate) fn is_within(outer: Division, inner: Division) -> bool {
    std::iter::successors(Some(inner), |division| division.above()).any(|division| division == outer)
}

/// Days of service for which a person is a member of a plan, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Member {
    pub(crate) plan: Name,
    pub(crate) person: Name,
    pub(crate) from: NaiveDate,
    pub(crate) to: NaiveDate,
}

/// How a claim stands, as plans see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OfferBill {
    pub(crate) claim: Name,
    pub(crate) year: i32,
    pub(crate) revision: u32,
    pub(crate) is_reversed: bool,
    pub(crate) division: Division,
    pub(crate) scheme: Scheme,
    pub(crate) rules_date: NaiveDate,
    pub(crate) settled_date: NaiveDate,
    /// The place of its first row among all that were ever kept.
    pub(crate) number: i64,
    pub(crate) care: Care,
    /// The categories it was decided with.
    pub(crate) categories: Vec<Category>,
    /// What is left within scope after all that pays in the settlement; the person's own account is the person.
    pub(crate) left: Fen,
    pub(crate) cash: Fen,
    /// Who pays in the settlement.
    pub(crate) payers: Vec<Name>,
    /// Whether a share of the third system is still to come: what is left behind it is not known yet.
    pub(crate) is_waiting: bool,
}

/// A share of a settled bill, offered to a payer; amounts in fen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) id: Name,
    pub(crate) plan: Name,
    pub(crate) version: u32,
    pub(crate) payer: Name,
    pub(crate) zh: String,
    pub(crate) en: String,
    pub(crate) person: Name,
    pub(crate) year: i32,
    pub(crate) claim: Name,
    pub(crate) revision: u32,
    pub(crate) state: OfferState,
    pub(crate) base: Fen,
    pub(crate) promised: Fen,
    pub(crate) confirmed: Fen,
    pub(crate) paid: Fen,
    pub(crate) reason: String,
    pub(crate) payment: String,
    pub(crate) offered_at: DateTime<Utc>,
    pub(crate) answered_at: Option<DateTime<Utc>>,
    pub(crate) paid_at: Option<DateTime<Utc>>,
    pub(crate) superseded_at: Option<DateTime<Utc>>,
}

impl Offer {
    /// Whether a payment may still be recorded although it no longer stands: the payer had promised it.
    pub(crate) fn may_have_been_paid(&self) -> bool {
        self.state == OfferState::Superseded && self.confirmed > Fen::ZERO && self.paid.is_zero()
    }

    /// What of the person's cash it takes: what was confirmed while it stands, what was paid for ever.
    pub(crate) fn takes(&self) -> Fen {
        match self.state {
            OfferState::Confirmed | OfferState::Paid => self.confirmed,
            OfferState::Superseded => self.paid,
            OfferState::Offered | OfferState::Declined => Fen::ZERO,
        }
    }
}

#[cfg(test)]
mod tests;
