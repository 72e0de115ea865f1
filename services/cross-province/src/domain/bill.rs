//! A bill as it is kept: the machine's state, and the messages it stands on.

use chrono::{DateTime, Utc};
use crossing::{CareBill, InsuredBill};
use money::Fen;
use pb::cross_province::v1 as pb;
use terms::{Division, Name};

/// Which side of a bill this province is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The place of care.
    Care,
    /// The place of insurance.
    Insured,
}

impl Role {
    /// The word that is stored.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Care => "care",
            Self::Insured => "insured",
        }
    }
}

/// A bill at the place of care.
#[derive(Clone, Debug)]
pub(crate) struct CareRow {
    pub(crate) bill: CareBill,
    pub(crate) institution: Name,
    pub(crate) key: String,
    pub(crate) visit: String,
    /// What was asked, without step.
    pub(crate) prepare: pb::Prepare,
    /// How this province split its lines: a Split in protobuf's binary form; empty where it came in parts.
    pub(crate) split: Vec<u8>,
    /// The offer it stands on, as it came.
    pub(crate) offer: pb::Offered,
    /// The refusal, as it came.
    pub(crate) refusal: pb::Refused,
    /// The receipt, as it came; empty.
    pub(crate) receipt: Vec<u8>,
    /// Why it is taken back; empty.
    pub(crate) reason: String,
    pub(crate) owed: Fen,
    pub(crate) cash: Fen,
    pub(crate) opened_at: DateTime<Utc>,
}

impl CareRow {
    /// The bill, in fen.
    pub(crate) fn total(&self) -> Fen {
        Fen::new(self.prepare.bill.as_ref().map_or(0, |bill| bill.total_fen))
    }

    /// The province of insurance.
    pub(crate) fn peer(&self) -> Option<Division> {
        self.prepare.insured_division.parse().ok().map(Division::province)
    }
}

/// A bill at the place of insurance.
#[derive(Clone, Debug)]
pub(crate) struct InsuredRow {
    pub(crate) bill: InsuredBill,
    /// The province of care.
    pub(crate) peer: Division,
    /// What was asked; empty of a bill that was undone before it came.
    pub(crate) prepare: pb::Prepare,
    /// The last offer.
    pub(crate) offer: pb::Offered,
    /// The refusal.
    pub(crate) refusal: pb::Refused,
    /// The receipt; empty.
    pub(crate) receipt: Vec<u8>,
    pub(crate) owed: Fen,
    pub(crate) cash: Fen,
    pub(crate) opened_at: DateTime<Utc>,
}

impl InsuredRow {
    /// The bill, in fen.
    pub(crate) fn total(&self) -> Fen {
        Fen::new(self.prepare.bill.as_ref().map_or(0, |bill| bill.total_fen))
    }
}

/// One event of a bill's history.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) number: u32,
    pub(crate) event: String,
    pub(crate) state: String,
    pub(crate) step: u32,
    pub(crate) at: DateTime<Utc>,
}
