//! The comparison of each month that ended, which nobody has to remember (SD-10: every month).

use std::collections::BTreeSet;
use std::iter::successors;
use std::sync::Arc;

use chrono::{Datelike as _, Days, NaiveDate};
use rpc::Fault;
use terms::Division;
use tokio::sync::mpsc;

use super::compare::{Comparing, compare};
use super::{App, Problem};
use crate::store::comparisons;

/// Compares the lists of the month before a day, a province at a time; what was compared is not compared again.
///
/// # Errors
/// What the first province that could not be compared was refused for; all others are compared and kept.
pub(crate) async fn compare_month_before(app: &Arc<App>, today: NaiveDate) -> Result<(), Fault> {
    let Some(last) = today.with_day(1).and_then(|first| first.checked_sub_days(Days::new(1))) else { return Ok(()) };
    let (month, year) = (last.format("%Y-%m").to_string(), last.year());
    let divisions = comparisons::divisions(app.database.reader(), year).await.map_err(Problem::Store)?;
    let mut ended = Ok(());
    for division in provinces(&divisions) {
        let key = format!("monthly-{division}-{month}");
        let asked = Comparing { key, division, month: month.clone(), year };
        // nobody listens; what is found is kept, logged and measured
        let (heard, nobody) = mpsc::channel(1);
        drop(nobody);
        ended = ended.and(compare(app, &asked, &heard).await);
    }
    ended
}

/// The provinces of places.
fn provinces(divisions: &[Division]) -> BTreeSet<Division> {
    divisions.iter().filter_map(|division| successors(Some(*division), |one| one.above()).last()).collect()
}
