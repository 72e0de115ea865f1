//! Removes what enquiries said once a day is over: the log keeps their headers, which name the hash of what was said.

use chrono::Duration;
use store::Tx;

use super::{App, Problem};
use crate::store::links;

/// How long the body of an enquiry and of its answer is kept.
const KEPT: Duration = Duration::days(1);

/// Removes them; how many.
///
/// # Errors
/// What the database said.
pub(crate) async fn forget(app: &App) -> Result<u64, Problem> {
    let before = app.now().checked_sub_signed(KEPT).unwrap_or_default();
    let work = |tx: Tx| async move { Ok::<_, Problem>(links::forget(&tx, before).await?) };
    app.database.transaction(work).await
}
