//! Offers other payers their computed shares of settled bills, in the commit that keeps what they are computed from (SD-12).

use std::collections::{BTreeMap, BTreeSet};

use money::Fen;
use store::Tx;
use store::sea_orm::ConnectionTrait;
use terms::Name;
use wire::change::Change;

use super::keep::Answer;
use super::{App, Problem, tell};
use crate::domain::{Kept, Member, Offer, OfferBill, Plan, Renewed, Renewing, Room, Same, overpaid, renewed, room};
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
    let id = || Name::new(&app.id()).unwrap_or(Name::EMPTY);
    let mut all = Renewed::default();
    let seen = Seen::look(app, tx, years).await?;
    for part in &seen.parts {
        // after the triple system (SD-12): while a share of it is to come, what was offered stays as it is
        if part.is_waiting() {
            continue;
        }
        let found = renewed(seen.renewing(app, part, &id));
        all.superseded.extend(found.superseded);
        all.offered.extend(found.offered);
    }
    write(app, tx, &all).await
}

/// What may be confirmed of an offer at most, whose person is locked.
///
/// # Errors
/// What the database said.
pub(crate) async fn most(app: &App, tx: &Tx, offer: &Offer) -> Result<Room, Problem> {
    let seen = Seen::look(app, tx, &[(offer.person, offer.year)].into()).await?;
    let found = seen.parts.first().map(|part| room(seen.renewing(app, part, &|| Name::EMPTY), offer));
    Ok(found.unwrap_or(Room { cash: Fen::ZERO, ceiling: None }))
}

/// What was paid before of the bill or stay of a claim.
#[derive(Clone, Debug, Default)]
pub(crate) struct Before {
    /// The claims that it stands in the place of.
    pub(crate) claims: Vec<Name>,
    /// What was paid beyond what is promised now, in fen, by offer.
    pub(crate) overpaid: BTreeMap<Name, Fen>,
}

/// What was paid before of the bill or stay of a claim; nothing where nobody was offered anything of it.
///
/// # Errors
/// What the database said.
pub(crate) async fn before(app: &App, claim: Name) -> Result<Before, Problem> {
    let reader = app.database.reader();
    let Some((person, year)) = offers::year_of(reader, claim).await? else { return Ok(Before::default()) };
    let seen = Seen::look(app, reader, &[(person, year)].into()).await?;
    let Some(part) = seen.parts.first() else { return Ok(Before::default()) };
    // what is promised is not known yet while a share of the third system is to come
    let overpaid =
        if part.is_waiting() { BTreeMap::new() } else { overpaid(seen.renewing(app, part, &|| Name::EMPTY)) };
    Ok(Before { claims: part.same.before(claim), overpaid })
}

/// People's years, as plans see them.
struct Seen {
    plans: BTreeMap<Name, Vec<Plan>>,
    members: Vec<Member>,
    parts: Vec<Part>,
}

/// A person's years that are looked at together: a stay that ended in a year may have been settled so far in another.
struct Part {
    person: Name,
    same: Same,
    members: Vec<Member>,
    bills: Vec<OfferBill>,
    offers: Vec<Offer>,
    by_service_date: BTreeSet<i32>,
}

impl Part {
    /// Whether a share of the third system is to come.
    fn is_waiting(&self) -> bool {
        self.bills.iter().any(|bill| bill.is_waiting && !bill.is_reversed)
    }
}

impl Seen {
    async fn look(
        app: &App,
        connection: &impl ConnectionTrait,
        years: &BTreeSet<(Name, i32)>,
    ) -> Result<Self, Problem> {
        let mut seen = Self { plans: BTreeMap::new(), members: Vec::new(), parts: Vec::new() };
        let people: BTreeSet<Name> = years.iter().map(|(person, _)| *person).collect();
        if people.is_empty() {
            return Ok(seen);
        }
        seen.members = plans::members(connection, people.into_iter()).await?;
        // nobody ceases to be a member, so who is none has no offer either
        let people: BTreeSet<Name> = seen.members.iter().map(|member| member.person).collect();
        if people.is_empty() {
            return Ok(seen);
        }
        let ids: BTreeSet<Name> = seen.members.iter().map(|member| member.plan).collect();
        seen.plans = plans::versions(connection, ids.into_iter()).await?;
        let same = offers::bills_of(connection, people.iter().copied()).await?;
        let same: BTreeMap<Name, Same> = same.into_iter().map(|(person, claims)| (person, Same::of(claims))).collect();
        let mut together: BTreeSet<(Name, BTreeSet<i32>)> = BTreeSet::new();
        for (person, year) in years.iter().filter(|(person, _)| people.contains(person)) {
            let with = same.get(person).map_or_else(|| [*year].into(), |same| same.years_with(*year));
            together.insert((*person, with));
        }
        let all = together.iter().flat_map(|(person, years)| years.iter().map(|year| (*person, *year)));
        let all: BTreeSet<(Name, i32)> = all.collect();
        let mut bills = offers::bills(connection, &all).await?;
        let mut offers = offers::of_years(connection, &all).await?;
        for (person, years) in together {
            let mut part = Part {
                person,
                same: same.get(&person).cloned().unwrap_or_default(),
                members: seen.members.iter().filter(|member| member.person == person).copied().collect(),
                bills: Vec::new(),
                offers: Vec::new(),
                by_service_date: BTreeSet::new(),
            };
            for year in years {
                let found = bills.remove(&(person, year)).unwrap_or_default();
                part.by_service_date.extend(is_by_service_date(app, &found).then_some(year));
                part.bills.extend(found);
                part.offers.extend(offers.remove(&(person, year)).unwrap_or_default());
            }
            seen.parts.push(part);
        }
        Ok(seen)
    }

    fn renewing<'a>(&'a self, app: &App, part: &'a Part, id: &'a dyn Fn() -> Name) -> Renewing<'a> {
        Renewing {
            person: part.person,
            plans: &self.plans,
            members: &part.members,
            bills: &part.bills,
            offers: &part.offers,
            same: &part.same,
            by_service_date: &part.by_service_date,
            now: app.now(),
            id,
        }
    }
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
