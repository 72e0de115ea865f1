//! What the keeper of the third system is told of a commit: how each year it touched stands.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use money::Fen;
use policy::{Decision, Facts, Period, Policy, Settlement};
use terms::{Category, Division, Name, Scheme};
use wire::change::{self, Change, ClaimStand, PayerAmount, PayerShare, YearStand};

use super::plan::policy_of;
use super::{Context, Trouble};
use crate::domain::{Cause, Claim, Desk, HoldEnd, PersonYear, Third, Touched};

/// Puts what a command did to years on the desk as a Change, with the hold it came with: used, or refused where it took nothing.
/// `before` is how many years were touched before the command.
pub(super) fn tell(context: &Context<'_>, desk: &mut Desk, before: usize) -> Result<(), Trouble> {
    let touched = desk.writes.touched.split_off(before.min(desk.writes.touched.len()));
    let hold = match context.third {
        Third::Whole => None,
        Third::Granted(grant) => grant.hold,
    };
    let person = touched.first().map(|touched| touched.year.person).or(hold.map(|hold| hold.person));
    let Some(person) = person else { return Ok(()) };
    let years = years(context, desk, &touched)?;
    // a hold whose answer never came is not used, whatever was granted
    let is_away = matches!(context.third, Third::Granted(grant) if grant.is_away);
    let is_used = !years.is_empty() && !is_away;
    let account = desk.accounts.entry(person).or_default();
    account.changes += 1;
    let id = context.id()?;
    let hold = hold.map(|hold| hold.id);
    desk.writes.changes.push(Change {
        id,
        person,
        sequence: u64::try_from(account.changes).map_err(Trouble::internal)?,
        hold: hold.filter(|_| is_used),
        released: hold.filter(|_| !is_used).into_iter().collect(),
        years,
        committed_at: context.now,
    });
    let change = Some(id).filter(|_| is_used);
    desk.writes.holds.extend(hold.map(|hold| HoldEnd { hold, person, change, at: context.now }));
    Ok(())
}

/// The years, in order and each once, with the claims that changed.
fn years(context: &Context<'_>, desk: &Desk, touched: &[Touched]) -> Result<Vec<YearStand>, Trouble> {
    let mut years: BTreeMap<i32, Told<'_>> = BTreeMap::new();
    for touched in touched {
        let empty = || Told { year: &touched.year, claims: BTreeMap::new(), opening: Vec::new() };
        let told = years.entry(touched.year.year).or_insert_with(empty);
        told.year = &touched.year;
        told.claims.extend(touched.claims.iter().map(|claim| (claim.id, claim)));
        told.opening.extend(touched.opening.iter().copied());
    }
    let stand =
        |told: Told<'_>| Ok(YearStand { opening: told.opening, ..year_stand(context, desk, told.year, told.claims)? });
    years.into_values().map(stand).collect()
}

/// What is told of a year.
struct Told<'a> {
    year: &'a PersonYear,
    claims: BTreeMap<Name, &'a Claim>,
    opening: Vec<PayerAmount>,
}

/// How a year stands that has a start and no claim; none where its start was given before such years were told.
#[must_use]
pub(super) fn stand_of_start(year: &PersonYear) -> Option<YearStand> {
    let opening = year.opening.as_ref()?;
    let third = opening.third.as_ref()?;
    Some(YearStand {
        year: year.year,
        division: opening.division?,
        version: third.version,
        scheme: third.scheme,
        rules_date: NaiveDate::from_ymd_opt(year.year, 1, 1)?,
        categories: Vec::new(),
        burden: third.burden,
        claims: Vec::new(),
        opening: amounts(third.held.clone()),
    })
}

/// What the third system paid of a year's start; `policy` says so of one that was given before it was kept.
#[must_use]
pub(super) fn paid_before(policy: &Policy, year: &PersonYear, division: Division) -> Vec<PayerAmount> {
    let Some(opening) = &year.opening else { return Vec::new() };
    if let Some(third) = &opening.third {
        return amounts(third.held.clone());
    }
    let days = NaiveDate::from_ymd_opt(year.year, 1, 1).zip(NaiveDate::from_ymd_opt(year.year, 12, 31));
    let Some((from, to)) = days else { return Vec::new() };
    let division = opening.division.unwrap_or(division);
    amounts(policy.paid_before(division, Period { from, to }, &opening.start).held)
}

fn year_stand(
    context: &Context<'_>,
    desk: &Desk,
    year: &PersonYear,
    claims: BTreeMap<Name, &Claim>,
) -> Result<YearStand, Trouble> {
    let standing = desk.standing(year);
    let last = standing.last().or(claims.values().next().copied());
    let Some(last) = last else {
        return stand_of_start(year).ok_or_else(|| Trouble::internal("a year was touched and has no claim"));
    };
    let mut claims: Vec<&Claim> = claims.into_values().collect();
    let place = |claim: &Claim| standing.iter().position(|other| other.id == claim.id).unwrap_or(usize::MAX);
    claims.sort_by_key(|claim| (place(claim), claim.number));
    let claims = claims.into_iter().map(|claim| Ok(claim_stand(policy_of(context.policies, claim)?, claim)));
    let claims = claims.collect::<Result<Vec<_>, Trouble>>()?;
    Ok(stand_of_year(policy_of(context.policies, last)?, year, last, claims))
}

/// How a year stands whose last claim, in the policy's order, is this one.
#[must_use]
pub fn stand_of_year(policy: &Policy, year: &PersonYear, last: &Claim, claims: Vec<ClaimStand>) -> YearStand {
    let facts = &last.decided.facts;
    YearStand {
        year: year.year,
        division: facts.person.division,
        version: policy.version(),
        scheme: scheme(facts),
        rules_date: rules_date(policy, facts),
        categories: facts.person.categories.clone(),
        burden: policy.burden(facts.person.division, scheme(facts), &year.state),
        claims,
        opening: Vec::new(),
    }
}

/// How a claim stands. What held payers were cut by is what the policy gives without the caps.
#[must_use]
pub fn claim_stand(policy: &Policy, claim: &Claim) -> ClaimStand {
    let (decided, facts) = (&claim.decided, &claim.decided.facts);
    let is_gone = !claim.stands();
    // a claim whose decision settles nothing any more pays nothing
    let settlement = decided.decision.settlement();
    let paying = settlement.filter(|_| !is_gone);
    let shares = settlement.map(|settlement| settlement.shares).unwrap_or_default();
    let held = paying.map(|settlement| policy.held(settlement)).unwrap_or_default();
    let short = if is_gone { Vec::new() } else { short(policy, facts, &held) };
    ClaimStand {
        claim: claim.id,
        division: facts.person.division,
        revision: decided.revision,
        cause: cause(decided.cause),
        reversed: is_gone,
        institution: claim.institution,
        bill: facts.bill.id.to_string(),
        stay: claim.stay.clone(),
        rules_date: rules_date(policy, facts),
        settled_date: facts.bill.settled,
        care: facts.bill.care,
        scheme: scheme(facts),
        category: settlement.map_or(Category::None, |settlement| settlement.category),
        categories: sorted(&facts.person.categories),
        categories_handed_in: claim.origin.has_own_categories,
        third_system: claim.third_system(),
        total: facts.bill.total,
        within_scope: settlement.map_or(Fen::ZERO, |settlement| settlement.parts.within_scope),
        fund: if is_gone { Fen::ZERO } else { shares.fund },
        cash: if is_gone { Fen::ZERO } else { shares.cash },
        payers: paying.map(|settlement| payers(policy, settlement)).unwrap_or_default(),
        held: amounts(held),
        short,
    }
}

fn sorted(categories: &[Category]) -> Vec<Category> {
    let mut categories = categories.to_vec();
    categories.sort_unstable();
    categories.dedup();
    categories
}

fn scheme(facts: &Facts) -> Scheme {
    facts.person.schemes.first().copied().unwrap_or(Scheme::Resident)
}

fn rules_date(policy: &Policy, facts: &Facts) -> NaiveDate {
    policy.day_of_rules(&facts.person, &facts.bill)
}

fn amounts(shares: BTreeMap<Name, Fen>) -> Vec<PayerAmount> {
    let paid = shares.into_iter().filter(|(_, amount)| *amount > Fen::ZERO);
    paid.map(|(payer, amount)| PayerAmount { payer, amount }).collect()
}

fn short(policy: &Policy, facts: &Facts, held: &BTreeMap<Name, Fen>) -> Vec<PayerAmount> {
    if facts.held.is_empty() {
        return Vec::new();
    }
    let whole: Decision = policy.adjudicate(&Facts { held: Vec::new(), ..facts.clone() });
    let whole = whole.settlement().map(|settlement| policy.held(settlement)).unwrap_or_default();
    let missing = |(payer, amount): (Name, Fen)| (payer, amount - held.get(&payer).copied().unwrap_or_default());
    amounts(whole.into_iter().map(missing).collect())
}

fn payers(policy: &Policy, settlement: &Settlement) -> Vec<PayerShare> {
    let mut shares: BTreeMap<Name, PayerShare> = BTreeMap::new();
    for layer in settlement.layers.iter().filter(|layer| layer.paid > Fen::ZERO) {
        let Some(payer) = policy.payer(layer.payer) else { continue };
        let share = shares.entry(payer.name).or_insert(PayerShare {
            payer: payer.name,
            kind: layer.kind,
            amount: Fen::ZERO,
            within_scope: Fen::ZERO,
        });
        share.amount += layer.paid;
        share.within_scope += layer.paid_within_scope;
    }
    shares.into_values().collect()
}

const fn cause(cause: Cause) -> change::Cause {
    match cause {
        Cause::Settled => change::Cause::Settled,
        Cause::EarlierReversed => change::Cause::EarlierReversed,
        Cause::EarlierRefunded => change::Cause::EarlierRefunded,
        Cause::EarlierAdded => change::Cause::EarlierAdded,
        Cause::Refunded => change::Cause::Refunded,
        Cause::StayEnded => change::Cause::StayEnded,
        Cause::PersonChanged => change::Cause::PersonChanged,
        Cause::ThirdFollowed => change::Cause::ThirdFollowed,
        Cause::LimitFreed => change::Cause::LimitFreed,
        Cause::StartCorrected => change::Cause::StartCorrected,
    }
}
