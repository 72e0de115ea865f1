//! Appeals against a decision: it is decided again, by two other officers, and what was approved stands meanwhile.

use store::Tx;

use super::application::{attached, done, may, seen};
use super::attach::Attaching;
use super::{App, Problem};
use crate::domain::{Act, Verb};

/// Appeals; the reason is the remark of the step.
///
/// # Errors
/// `NOT_FOUND`; `WRONG_STATE`; `INVALID_FIELDS` where there would be too much evidence.
pub(crate) async fn appeal(app: &App, tx: &Tx, asked: &Attaching) -> Result<(), Problem> {
    let (mut application, _) = seen(tx, asked.application).await?;
    let to = may(&application, Verb::Appeal)?;
    done(app, tx, &mut application, (Act::Appealed, to), &asked.by).await?;
    attached(tx, &application, &asked.evidence).await
}
