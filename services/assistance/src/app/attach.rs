//! Attaches evidence to an application.

use store::Tx;
use terms::Name;

use super::application::{attached, done, may, seen};
use super::{App, Problem};
use crate::domain::{Act, By, Evidence, Verb};

/// What is attached to which application.
#[derive(Clone, Debug)]
pub(crate) struct Attaching {
    pub(crate) application: Name,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) by: By,
}

/// Attaches it.
///
/// # Errors
/// `NOT_FOUND`; `WRONG_STATE`; `INVALID_FIELDS` where there would be too much.
pub(crate) async fn attach(app: &App, tx: &Tx, asked: &Attaching) -> Result<(), Problem> {
    let (mut application, _) = seen(tx, asked.application).await?;
    let to = may(&application, Verb::Attach)?;
    done(app, tx, &mut application, (Act::Attached, to), &asked.by).await?;
    attached(tx, &application, &asked.evidence).await
}
