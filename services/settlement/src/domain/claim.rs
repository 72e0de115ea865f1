use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use policy::{Bill, Decision, Facts};
use serde::{Deserialize, Serialize};
use terms::{Division, Name};

use super::{Draw, LineRefund};

/// Declares an enum of words as they are stored; on the wire the same words stand in `settlement.v1`.
macro_rules! stored {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// The word that is stored.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The value of a stored word.
            #[must_use]
            pub fn of_word(word: &str) -> Option<Self> {
                [$(Self::$variant),+].into_iter().find(|value| value.word() == word)
            }
        }
    };
}
pub(crate) use stored;

stored! {
    /// By which door a claim came.
    Kind {
        /// Settled where the care was given (直接结算).
        Direct "direct",
        /// An interim settlement of a long stay (中途结算).
        Interim "interim",
        /// Reimbursed by hand after the fact (零星报销).
        Reimbursed "reimbursed",
    }
}

stored! {
    /// Where a claim stands.
    State {
        /// Settled.
        Settled "settled",
        /// Settled, and some of its lines were refunded.
        PartlyRefunded "partly_refunded",
        /// Reversed: it counts as never done.
        Reversed "reversed",
    }
}

stored! {
    /// Why a decision replaced the one before.
    Cause {
        /// It is the first.
        Settled "settled",
        /// An earlier bill of the year was reversed.
        EarlierReversed "earlier_reversed",
        /// Lines of an earlier bill were refunded.
        EarlierRefunded "earlier_refunded",
        /// A bill with an earlier place in the year came late.
        EarlierAdded "earlier_added",
        /// Lines of this bill were refunded.
        Refunded "refunded",
        /// A later settlement of the stay took it in.
        StayEnded "stay_ended",
        /// What the year starts from was corrected.
        StartCorrected "start_corrected",
        /// The person's assistance categories were set right.
        PersonChanged "person_changed",
        /// The third system, which was away, followed.
        ThirdFollowed "third_followed",
        /// The year's limit of the third system has room again.
        LimitFreed "limit_freed",
    }
}

/// A bill that was settled, with the decision that stands for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its id.
    pub id: Name,
    /// The insured person.
    pub person: Name,
    /// The institution that billed.
    pub institution: Name,
    /// The institution's visit or admission; may be empty.
    pub visit: String,
    /// The stay; empty where there is none.
    pub stay: String,
    /// By which door it came.
    pub kind: Kind,
    /// Where it stands.
    pub state: State,
    /// The year whose accumulators it counts in.
    pub year: i32,
    /// Its number in the person's year, in order of settlement, from 1; it stays when others go.
    pub number: i64,
    /// The idempotency key it was settled under.
    pub key: String,
    /// When it was committed.
    pub settled_at: DateTime<Utc>,
    /// The entry of the journal that settled it.
    pub entry: Name,
    /// What was handed in.
    pub origin: Arc<Origin>,
    /// The decision that stands.
    pub decided: Decided,
}

impl Claim {
    /// Whether it counts.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.state != State::Reversed
    }

    /// The division of the place of care, where that is in another province, which is owed what was settled.
    #[must_use]
    pub fn across(&self) -> Option<Division> {
        self.origin.crossing.and(self.origin.care_division)
    }

    /// The bill as decided: refunded amounts taken off.
    #[must_use]
    pub fn bill(&self) -> &Bill {
        &self.decided.facts.bill
    }
}

/// What was handed in and never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The bill as first settled.
    pub bill: Bill,
    /// The division of the place of care, where the caller named one.
    pub care_division: Option<Division>,
    /// The catalogue version its lines were read with; empty where none was needed.
    pub catalogue_version: String,
    /// What belongs to a manual reimbursement.
    pub reimbursement: Option<Reimbursement>,
    /// Whether a trusted caller handed the person's assistance categories in: they are never renewed then. Claims of before it was
    /// known are written as they were.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_own_categories: bool,
    /// The lines whose item was looked up and not found, in order. Claims of before it was known are written as they were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unlisted: Vec<Unlisted>,
    /// The bill between two provinces, where another province's hospital sent it. Other claims are written as they were before it was
    /// known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crossing: Option<Name>,
}

stored! {
    /// Why an item is not in the catalogue on a day.
    UnlistedWhy {
        /// There is no such item on any day.
        UnknownItem "unknown_item",
        /// It has the item, and not on that day.
        NotOnDay "not_on_day",
    }
}

/// A fee line whose item the catalogue does not have on its day: the person bears it whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlisted {
    /// Its place in the bill, from 0.
    pub line: usize,
    /// The day whose catalogue was asked.
    pub on: NaiveDate,
    /// Why it was not found.
    pub why: UnlistedWhy,
}

/// What a window took in with a manual reimbursement (QN-9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reimbursement {
    /// Why the bill was not settled directly, a word of `ReimbursementReason`.
    pub reason: String,
    /// Remark.
    pub remark: String,
    /// Invoice and other documents.
    pub evidence: Vec<Evidence>,
    /// Reference into the bureau's payment system.
    pub payee_reference: String,
    /// The officer's account.
    pub operator: String,
}

/// A document that proves something, kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it is.
    pub kind: String,
    /// Where it is kept.
    pub reference: String,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
}

/// One decision of a claim's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// 0 for the first.
    pub revision: u32,
    /// Why it replaced the one before.
    pub cause: Cause,
    /// The other claim that caused it.
    pub cause_claim: Option<Name>,
    /// What it was made from.
    pub facts: Arc<Facts>,
    /// The decision.
    pub decision: Arc<Decision>,
    /// Which relatives' accounts paid the family account's share, in order.
    pub draws: Vec<Draw>,
    /// All that was ever given back of its lines, in order.
    pub refunds: Vec<LineRefund>,
    /// When it was committed.
    pub at: DateTime<Utc>,
}
