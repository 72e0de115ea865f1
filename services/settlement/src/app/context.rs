use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use host::Ids;
use terms::Name;

use super::Trouble;
use crate::domain::Policies;

/// What a commit knows beside its desk.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The policy versions at hand.
    pub policies: &'a Policies,
    /// The moment.
    pub now: DateTime<Utc>,
    /// New ids.
    pub ids: &'a dyn Ids,
}

/// China's standard time: the whole country keeps one, and has no summer time.
const HOURS_EAST: i32 = 8;

/// The bureau's day at a moment.
#[must_use]
pub fn day_of(moment: DateTime<Utc>) -> NaiveDate {
    FixedOffset::east_opt(HOURS_EAST * 3600)
        .map_or_else(|| moment.date_naive(), |zone| moment.with_timezone(&zone).date_naive())
}

impl Context<'_> {
    /// The bureau's day.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        day_of(self.now)
    }

    /// A new id.
    ///
    /// # Errors
    /// Never in practice: ids are shorter than names may be.
    pub fn id(&self) -> Result<Name, Trouble> {
        Name::new(&self.ids.next().to_string()).map_err(Trouble::internal)
    }
}
