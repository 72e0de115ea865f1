use chrono::{DateTime, NaiveDate, Utc};

use super::{QualificationKind, Relation};

/// A household with its members on a day.
#[derive(Clone, Debug)]
pub(crate) struct Household {
    pub(crate) id: String,
    pub(crate) division: String,
    pub(crate) members: Vec<Membership>,
}

/// A person's time in a household.
#[derive(Clone, Debug)]
pub(crate) struct Membership {
    pub(crate) id: String,
    pub(crate) version: i64,
    pub(crate) household: String,
    pub(crate) person: String,
    pub(crate) relation: Relation,
    pub(crate) from: NaiveDate,
    pub(crate) to: Option<NaiveDate>,
    pub(crate) recorded_at: DateTime<Utc>,
}

impl Membership {
    pub(crate) fn holds(&self, day: NaiveDate) -> bool {
        self.from <= day && self.to.is_none_or(|to| day <= to)
    }
}

/// A recognised disease or a plan's membership, with its days.
#[derive(Clone, Debug)]
pub(crate) struct Qualification {
    pub(crate) id: String,
    pub(crate) version: i64,
    pub(crate) person: String,
    pub(crate) kind: QualificationKind,
    /// Code of the disease or name of the plan.
    pub(crate) name: String,
    pub(crate) from: NaiveDate,
    pub(crate) to: Option<NaiveDate>,
    pub(crate) evidence: String,
    pub(crate) operator: String,
    pub(crate) reason: String,
    pub(crate) recorded_at: DateTime<Utc>,
}

impl Qualification {
    pub(crate) fn holds(&self, day: NaiveDate) -> bool {
        self.from <= day && self.to.is_none_or(|to| day <= to)
    }
}
