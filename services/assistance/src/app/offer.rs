//! Offers other payers their computed shares of settled bills, in the commit that keeps what they are computed from (SD-12).

use std::collections::BTreeSet;

use store::Tx;
use terms::Name;
use wire::change::Change;

use super::keep::Answer;
use super::{App, Problem, tell};
use crate::domain::{Kept, Offer, OfferBill, Renewed, Renewing, renewed};
use crate::store::{offers, plans};

/// Offers what follows from Changes that are kept now.
///
/// # Errors
/// What the database said.
pub(crate) async fn keep(app: &App, tx: &Tx, changes: &[Change], answers: &[Answer]) -> Result<(), Problem> {
    let kept = changes.iter().zip(answers).filter(|(_, answer)| answer.kept == Kept::Now);
    let years = kept.flat_map(|(change, _)| change.years.iter().map(|year| (change.person, year.year)));
    renew(app, tx, &years.collect()).await
}

/// Offers years anew, whose people are locked: what plans promise of them as they stand now.
///
/// # Errors
/// What the database said.
pub(crate) async fn renew(app: &App, tx: &Tx, years: &BTreeSet<(Name, i32)>) -> Result<(), Problem> {
    if years.is_empty() {
        return Ok(());
    }
    let people: BTreeSet<Name> = years.iter().map(|(person, _)| *person).collect();
    let members = plans::members(tx, people.into_iter()).await?;
    // nobody ceases to be a member, so who is none has no offer either
    let people: BTreeSet<Name> = members.iter().map(|member| member.person).collect();
    let years: BTreeSet<(Name, i32)> = years.iter().filter(|(person, _)| people.contains(person)).copied().collect();
    if years.is_empty() {
        return Ok(());
    }
    let ids: BTreeSet<Name> = members.iter().map(|member| member.plan).collect();
    let plans = plans::versions(tx, ids.into_iter()).await?;
    let bills = offers::bills(tx, &years).await?;
    let known = offers::of_years(tx, &years).await?;
    let now = app.now();
    let id = || Name::new(&app.id()).unwrap_or(Name::EMPTY);
    let mut all = Renewed::default();
    for year in &years {
        let (bills, known) = (bills.get(year), known.get(year));
        let bills = bills.map(Vec::as_slice).unwrap_or_default();
        // after the triple system (SD-12): while a share of it is to come, what was offered of the year stays as it is
        if bills.iter().any(|bill| bill.is_waiting && !bill.is_reversed) {
            continue;
        }
        let members: Vec<_> = members.iter().filter(|member| member.person == year.0).copied().collect();
        let found = renewed(Renewing {
            person: year.0,
            year: year.1,
            plans: &plans,
            members: &members,
            bills,
            offers: known.map(Vec::as_slice).unwrap_or_default(),
            by_service_date: is_by_service_date(app, bills),
            now,
            id: &id,
        });
        all.superseded.extend(found.superseded);
        all.offered.extend(found.offered);
    }
    write(app, tx, &all).await
}

/// Whether the policy in use orders a year by days of service.
fn is_by_service_date(app: &App, bills: &[OfferBill]) -> bool {
    let first = bills.iter().min_by_key(|bill| bill.number);
    first.is_some_and(|bill| {
        let policy = app.policies.head(bill.division);
        policy.is_some_and(|policy| policy.year_by_service_date(bill.division, Some(bill.scheme), bill.rules_date))
    })
}

async fn write(app: &App, tx: &Tx, renewed: &Renewed) -> Result<(), Problem> {
    let gone: Vec<Offer> = renewed.superseded.iter().map(|(offer, _, _)| offer.clone()).collect();
    // first what no longer stands: of a plan one offer stands for a claim
    offers::go_on(tx, &gone).await?;
    offers::add(tx, &renewed.offered).await?;
    tell::offers(app, tx, renewed).await
}
