use chrono::{DateTime, NaiveDate, Utc};
use host::{Ids, china_day};
use terms::Name;

use super::Trouble;
use crate::domain::{Policies, Third};

/// What a commit knows beside its desk.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The policy versions at hand.
    pub policies: &'a Policies,
    /// The moment.
    pub now: DateTime<Utc>,
    /// New ids.
    pub ids: &'a dyn Ids,
    /// What the command may take of funds that another service keeps.
    pub third: &'a Third,
}

impl Context<'_> {
    /// The bureau's day.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        china_day(self.now)
    }

    /// A new id.
    ///
    /// # Errors
    /// Never in practice: ids are shorter than names may be.
    pub fn id(&self) -> Result<Name, Trouble> {
        Name::new(&self.ids.next().to_string()).map_err(Trouble::internal)
    }
}
