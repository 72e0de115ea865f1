//! Sets a grant right, or takes it back whole.

use std::collections::BTreeSet;

use store::Tx;

use super::end::seen;
use super::grant::{after, alone};
use super::{App, Problem, mend, tell};
use crate::domain::{Grant, Terms};
use crate::store::categories;

/// Which grant, what is right, and on whose word.
#[derive(Clone, Debug)]
pub(crate) struct Correcting {
    pub(crate) grant: String,
    pub(crate) version: u32,
    /// What was granted; none: nothing was, and the grant is taken back.
    pub(crate) terms: Option<Terms>,
    pub(crate) claw_back: bool,
    pub(crate) operator: String,
    pub(crate) reason: String,
}

/// Sets it right; gives the years of settled claims that it concerns.
///
/// # Errors
/// `NOT_FOUND`; `WRONG_STATE` where it was taken back or has a newer version; `DUPLICATE` as for a new grant.
pub(crate) async fn correct(app: &App, tx: &Tx, asked: &Correcting) -> Result<(Grant, BTreeSet<i32>), Problem> {
    let (before, versions) = seen(tx, &asked.grant, asked.version).await?;
    let recorded_at = after(app, &versions);
    if let Some(terms) = &asked.terms {
        alone(versions, terms, Some(&asked.grant))?;
    }
    let grant = Grant {
        version: before.version + 1,
        taken_back: asked.terms.is_none(),
        terms: asked.terms.clone().unwrap_or(before.terms),
        claw_back: asked.claw_back,
        operator: asked.operator.clone(),
        reason: asked.reason.clone(),
        recorded_at,
        import: String::new(),
        application: before.application,
        list_division: before.list_division,
        id: before.id,
        person: before.person,
    };
    categories::add(tx, std::slice::from_ref(&grant)).await?;
    tell::categories(app, tx, std::slice::from_ref(&grant)).await?;
    let years = mend::recategorised(app, tx, std::slice::from_ref(&grant)).await?;
    Ok((grant, years.into_values().flatten().collect()))
}
