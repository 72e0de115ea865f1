//! What one commit of settlement did to a person, in plain types: [`crate::read::change`] and [`crate::write::change`] carry it.
//!
//! `proto/yibao/settlement/v1/change.proto` says of each part what it means and when it is there.

use chrono::{DateTime, NaiveDate, Utc};
use money::Fen;
use policy::{PayerKind, Version};
use terms::{Care, Category, Division, Name, Scheme};

/// What one commit of settlement did to one person, in all years it touched. Shares are absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its id: what is kept once.
    pub id: Name,
    /// The person.
    pub person: Name,
    /// Its place among the person's Changes, from 1.
    pub sequence: u64,
    /// The hold that the commit used.
    pub hold: Option<Name>,
    /// Holds that are refused for ever.
    pub released: Vec<Name>,
    /// The years it touched, in order, each once.
    pub years: Vec<YearStand>,
    /// When it was committed.
    pub committed_at: DateTime<Utc>,
}

/// How a person's year stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YearStand {
    /// The year.
    pub year: i32,
    /// Place of insurance of the last claim.
    pub division: Division,
    /// The policy version that decided it.
    pub version: Version,
    /// Its scheme.
    pub scheme: Scheme,
    /// The day whose rules decided it.
    pub rules_date: NaiveDate,
    /// The categories it was decided with.
    pub categories: Vec<Category>,
    /// The year's burden that the watch list is about; none where the policy counts none.
    pub burden: Option<Fen>,
    /// The claims: those a Change touched, or all that stand.
    pub claims: Vec<ClaimStand>,
    /// Shares of held payers from before the year was opened here, in order of payer.
    pub opening: Vec<PayerAmount>,
}

/// How one claim stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimStand {
    /// The claim.
    pub claim: Name,
    /// The revision of its decision.
    pub revision: u32,
    /// Place of insurance: whose funds pay it.
    pub division: Division,
    /// Why this revision came to be.
    pub cause: Cause,
    /// Whether it was reversed: then nobody pays anything.
    pub reversed: bool,
    /// The institution that billed.
    pub institution: Name,
    /// The institution's id of the bill; empty where it was not told.
    pub bill: String,
    /// The institution's id of the stay; empty where there is none.
    pub stay: String,
    /// The day whose rules decided it.
    pub rules_date: NaiveDate,
    /// Day of settlement.
    pub settled_date: NaiveDate,
    /// Kind of care.
    pub care: Care,
    /// Scheme.
    pub scheme: Scheme,
    /// The category under which it was computed.
    pub category: Category,
    /// The categories it was decided with.
    pub categories: Vec<Category>,
    /// Whether these were handed in, and are never renewed.
    pub categories_handed_in: bool,
    /// Whether the third system is whole in it.
    pub third_system: ThirdSystem,
    /// The bill.
    pub total: Fen,
    /// Of the bill, what is within policy scope.
    pub within_scope: Fen,
    /// All funds, within scope.
    pub fund: Fen,
    /// The person's cash.
    pub cash: Fen,
    /// What each payer pays, in order of name.
    pub payers: Vec<PayerShare>,
    /// The shares of held payers, in order of name.
    pub held: Vec<PayerAmount>,
    /// What held payers were cut by, in order of name.
    pub short: Vec<PayerAmount>,
}

/// An amount that is one payer's: above zero, but of a year's opening that was corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayerAmount {
    /// The payer.
    pub payer: Name,
    /// The amount.
    pub amount: Fen,
}

/// What one payer pays of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayerShare {
    /// The payer.
    pub payer: Name,
    /// What kind of payer it is.
    pub kind: PayerKind,
    /// What it pays, above zero.
    pub amount: Fen,
    /// Of that, within scope.
    pub within_scope: Fen,
}

/// One year of a person, whole, and up to which Change it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingYear {
    /// The person.
    pub person: Name,
    /// The last Change that is contained; 0 for none.
    pub sequence: u64,
    /// The year.
    pub year: YearStand,
}

/// Why a decision was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The first decision.
    Settled,
    /// An earlier bill was reversed.
    EarlierReversed,
    /// Lines of an earlier bill were refunded.
    EarlierRefunded,
    /// An earlier bill came late.
    EarlierAdded,
    /// Lines of this bill were refunded.
    Refunded,
    /// The final settlement of a stay took it in.
    StayEnded,
    /// What the person is entitled to was set right.
    PersonChanged,
    /// The third system's share followed.
    ThirdFollowed,
    /// The year's limit had room again.
    LimitFreed,
    /// What the year starts from was corrected.
    StartCorrected,
}

/// Whether the third system is whole in a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ThirdSystem {
    /// No category, and no share of it.
    NotConcerned,
    /// It pays all that the policy gives.
    Whole,
    /// It was away; its share follows.
    Follows,
    /// Other bills hold the rest of the limit.
    Short,
}
