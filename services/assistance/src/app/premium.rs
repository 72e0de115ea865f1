//! Books what the assistance fund pays of premiums, once for each enrolment, and takes it back.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use ledger::{Entry, Heading, book, mirror};
use rpc::{Fault, Reason};
use store::{Tx, journal};
use terms::Name;

use super::{App, Problem};
use crate::domain::{BookedPremium, Premium, premium_fund};
use crate::store::{people, premiums};

/// Books premium assistance; gives what was booked, and when.
///
/// # Errors
/// `DUPLICATE` where some stands for the enrolment already; `WRONG_STATE` where no fund assists with premiums there; `UNAVAILABLE`
/// where the place's policy was not seen yet.
pub(crate) async fn booked(app: &App, tx: &Tx, premium: &Premium) -> Result<(Entry, DateTime<Utc>), Problem> {
    people::lock(tx, &BTreeSet::from([premium.person])).await?;
    let before = premiums::newest(tx, premium.enrolment).await?;
    if before.as_ref().is_some_and(|before| before.reversed_at.is_none()) {
        let fault = Fault::new(Reason::Duplicate, "the enrolment has premium assistance already");
        return Err(fault
            .with("kind", "premium_assistance")
            .with("enrolment_id", premium.enrolment.to_string())
            .into());
    }
    let Premium { division, version, .. } = *premium;
    let nothing = || Fault::unavailable("the policy", std::time::Duration::from_secs(5));
    let policy = app.policies.head(division).ok_or_else(nothing)?;
    let nobody = || Fault::wrong_state("no_fund", "no fund kept here assists with premiums there");
    let payer = premium_fund(&policy, division).ok_or_else(nobody)?;
    let heading = Heading { id: id(app)?, date: premium.paid, reference: premium.enrolment };
    let entry = mirror::premium(heading, version, (division, payer), premium.amount).map_err(Fault::internal)?;
    journal::append_new(tx, std::slice::from_ref(&entry)).await?;
    let (round, booked_at) = (before.map_or(1, |before| before.round + 1), app.now());
    let booked = BookedPremium { premium: premium.clone(), round, entry: entry.id, booked_at, reversed_at: None };
    premiums::add(tx, &booked).await?;
    Ok((entry, booked_at))
}

/// Takes premium assistance back; gives what was booked, and when.
///
/// # Errors
/// `NOT_FOUND` where the enrolment never had any; `WRONG_STATE` where it was taken back before.
pub(crate) async fn reversed(
    app: &App,
    tx: &Tx,
    (enrolment, on): (Name, NaiveDate),
) -> Result<(Entry, DateTime<Utc>), Problem> {
    let unknown = || Fault::not_found("premium_assistance", enrolment.as_str());
    let person = premiums::newest(tx, enrolment).await?.ok_or_else(unknown)?.premium.person;
    people::lock(tx, &BTreeSet::from([person])).await?;
    let standing = premiums::newest(tx, enrolment).await?.ok_or_else(unknown)?;
    if standing.reversed_at.is_some() {
        return Err(Fault::wrong_state("reversed", "the premium assistance was taken back before").into());
    }
    let entries = journal::by_ids(tx, &[standing.entry.as_str()]).await?;
    let original = entries.first().ok_or_else(|| Fault::internal("premium assistance without its entry"))?;
    let entry = book::reverse(id(app)?, on, original).map_err(Fault::internal)?;
    journal::append_new(tx, std::slice::from_ref(&entry)).await?;
    let reversed_at = app.now();
    premiums::reverse(tx, &standing, (entry.id, on), reversed_at).await?;
    Ok((entry, reversed_at))
}

fn id(app: &App) -> Result<Name, Fault> {
    Name::new(&app.id()).map_err(Fault::internal)
}
