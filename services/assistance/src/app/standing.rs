//! Which categories a person has on a day, as known at a moment.

use chrono::{DateTime, NaiveDate, Utc};
use terms::Category;

use super::{App, Problem};
use crate::domain::{Grant, categories_on, known};
use crate::store::categories;

/// A person's categories on a day, each once and in the order of the words, with the grants they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OnDay {
    pub(crate) day: NaiveDate,
    pub(crate) categories: Vec<Category>,
    pub(crate) grants: Vec<Grant>,
}

/// A person's categories on some days, as known at a moment; none: now.
///
/// # Errors
/// What the database said.
pub(crate) async fn on_days(
    app: &App,
    person: &str,
    days: &[NaiveDate],
    known_at: Option<DateTime<Utc>>,
) -> Result<Vec<OnDay>, Problem> {
    let known = known(categories::of_person(app.database.reader(), person).await?, known_at);
    Ok(days.iter().map(|day| on_day(&known, *day)).collect())
}

/// The categories of one day.
pub(crate) fn on_day(known: &[Grant], day: NaiveDate) -> OnDay {
    let (categories, grants) = categories_on(known, day);
    OnDay { day, categories, grants: grants.into_iter().cloned().collect() }
}
