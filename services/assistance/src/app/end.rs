//! Ends a grant with a day.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use rpc::{Fault, Violation};
use store::Tx;
use terms::Name;

use super::grant::after;
use super::{App, Problem, tell};
use crate::domain::{Grant, Terms};
use crate::store::{categories, people};

/// Which grant ends when, and on whose word.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub(crate) grant: String,
    pub(crate) version: u32,
    pub(crate) to: NaiveDate,
    pub(crate) operator: String,
    pub(crate) reason: String,
}

/// Ends it.
///
/// # Errors
/// `NOT_FOUND`; `WRONG_STATE` where it has ended, was taken back, or has a newer version; `INVALID_FIELDS` for a day before its
/// first or after its last.
pub(crate) async fn end(app: &App, tx: &Tx, asked: &Ending) -> Result<Grant, Problem> {
    let (before, versions) = seen(tx, &asked.grant, asked.version).await?;
    if before.terms.to.is_some_and(|to| to < app.today()) {
        return Err(Fault::wrong_state("ended", "the grant has ended").into());
    }
    let (from, last) = (before.terms.from, before.terms.to.unwrap_or(NaiveDate::MAX));
    if asked.to < from || asked.to > last {
        let until = before.terms.to.map(|to| format!(" and not after {to}")).unwrap_or_default();
        let expected = format!("a day not before {from}{until}");
        let violation = Violation { field: "to_date".to_owned(), found: asked.to.to_string(), expected };
        return Err(Fault::invalid(vec![violation]).into());
    }
    let grant = Grant {
        version: before.version + 1,
        terms: Terms { to: Some(asked.to), ..before.terms.clone() },
        claw_back: false,
        operator: asked.operator.clone(),
        reason: asked.reason.clone(),
        recorded_at: after(app, &versions),
        import: String::new(),
        ..before
    };
    categories::add(tx, std::slice::from_ref(&grant)).await?;
    tell::categories(app, tx, std::slice::from_ref(&grant)).await?;
    Ok(grant)
}

/// The newest version of a grant, which the officer saw, with all that is recorded of its person, who is locked.
pub(super) async fn seen(tx: &Tx, id: &str, version: u32) -> Result<(Grant, Vec<Grant>), Problem> {
    let unknown = || Fault::not_found("grant", id);
    let found = categories::newest(tx, id).await?.ok_or_else(unknown)?;
    let person = Name::new(&found.person).map_err(Fault::internal)?;
    people::lock(tx, &BTreeSet::from([person])).await?;
    // what was found before the lock may be old by now
    let versions = categories::of_person(tx, person.as_str()).await?;
    let newest = versions.iter().filter(|grant| grant.id == id).max_by_key(|grant| grant.version);
    let newest = newest.cloned().ok_or_else(unknown)?;
    if newest.version != version {
        let fault = Fault::wrong_state("changed", "the grant has another version than the one that was seen");
        return Err(fault.with("version", newest.version.to_string()).into());
    }
    if newest.taken_back {
        return Err(Fault::wrong_state("taken_back", "the grant was taken back").into());
    }
    Ok((newest, versions))
}
