//! Withdraws an application nobody has decided, or an appeal: then what was decided before stands.

use store::Tx;
use terms::Name;

use super::application::{done, may, seen};
use super::{App, Problem};
use crate::domain::{Act, By, Verb};

/// Withdraws it; the reason is the remark of the step.
///
/// # Errors
/// `NOT_FOUND`; `WRONG_STATE`.
pub(crate) async fn withdraw(app: &App, tx: &Tx, (id, by): &(Name, By)) -> Result<(), Problem> {
    let (mut application, _) = seen(tx, *id).await?;
    let to = may(&application, Verb::Withdraw)?;
    done(app, tx, &mut application, (Act::Withdrawn, to), by).await
}
