//! What plans offer of a person's years as they stand now, and what becomes of what they offered before.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use money::Fen;
use terms::Name;

use super::same::Same;
use super::share::{Bills, Key, Room, Share, paid, shares, taken};
use super::{Member, Offer, OfferBill, OfferState, Plan};

/// A person's years, and what is known of plans.
#[derive(Clone, Copy)]
pub(crate) struct Renewing<'a> {
    pub(crate) person: Name,
    /// Every version of the plans the person is a member of, by plan.
    pub(crate) plans: &'a BTreeMap<Name, Vec<Plan>>,
    /// The person's memberships.
    pub(crate) members: &'a [Member],
    /// The claims of the years as they stand, also those that were reversed.
    pub(crate) bills: &'a [OfferBill],
    /// Every offer of the years.
    pub(crate) offers: &'a [Offer],
    /// Which of the person's claims are of one bill or stay.
    pub(crate) same: &'a Same,
    /// The years the policy orders by days of service; the others by settlement.
    pub(crate) by_service_date: &'a BTreeSet<i32>,
    pub(crate) now: DateTime<Utc>,
    pub(crate) id: &'a dyn Fn() -> Name,
}

/// What is to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Renewed {
    /// Offers that no longer stand, as they are now; each with the state it had, and the offer in its place.
    pub(crate) superseded: Vec<(Offer, OfferState, Option<Name>)>,
    /// New offers.
    pub(crate) offered: Vec<Offer>,
}

/// What plans offer of the years now. An offer stays as long as its plan looks at the same and promises the same, whichever revision of
/// the claim it was computed from, so that nobody is asked twice for one thing; one that was answered stays also where less is promised
/// now, as long as that is no less than what was confirmed. What was paid of an offer that no longer stands counts towards what stands
/// in its place, also where the stay or bill was settled anew as another claim.
pub(crate) fn renewed(of: Renewing<'_>) -> Renewed {
    let bills = Bills::of(of);
    let (gone, shares) = answered(of, &bills);
    let standing: BTreeMap<Key, &Offer> = standing(of).map(|offer| ((offer.plan, offer.claim), offer)).collect();
    let stays = |key: &Key, offer: &Offer| match offer.state {
        OfferState::Offered => shares.get(key).is_some_and(|share| promises(share, offer)),
        _ => !gone.contains(&offer.id),
    };
    let kept: BTreeSet<Key> = standing.iter().filter(|(key, offer)| stays(key, offer)).map(|(key, _)| *key).collect();
    let new = shares.iter().filter(|(key, share)| !kept.contains(*key) && share.due > Fen::ZERO);
    let offered: Vec<Offer> = new.map(|(_, share)| offered(of, share)).collect();
    let superseded = standing.iter().filter(|(key, _)| !kept.contains(*key)).map(|(key, before)| {
        let of_same = |new: &&Offer| new.plan == key.0 && of.same.first(new.claim) == of.same.first(key.1);
        let in_its_place = offered.iter().find(of_same).map(|new| new.id);
        let gone = Offer { state: OfferState::Superseded, superseded_at: Some(of.now), ..Offer::clone(before) };
        (gone, before.state, in_its_place)
    });
    Renewed { superseded: superseded.collect(), offered }
}

/// What may be confirmed of an offer at most, in fen; nothing where its bill no longer stands.
pub(crate) fn room(of: Renewing<'_>, offer: &Offer) -> Room {
    let bills = Bills::of(of);
    let nothing = Room { cash: Fen::ZERO, ceiling: None };
    shares(of, &bills, &BTreeSet::new()).get(&(offer.plan, offer.claim)).map_or(nothing, |share| share.most)
}

/// What plans have paid beyond what they would pay now of the same bill or stay, in fen, by the offer that was paid last. Who paid first
/// keeps its place in the person's cash: together they are what was paid beyond that, and beyond the plans.
pub(crate) fn overpaid(of: Renewing<'_>) -> BTreeMap<Name, Fen> {
    let bills = Bills::of(of);
    let shares = shares(of, &bills, &BTreeSet::new());
    let mut left: BTreeMap<Name, Fen> = bills.all.iter().map(|bill| (bill.claim, bill.cash)).collect();
    let mut paid: Vec<(Vec<&Offer>, Key, Fen)> =
        paid(of, &bills).into_iter().map(|(key, paid)| (paid_under(of, &bills, key), key, paid)).collect();
    paid.sort_by_key(|(offers, key, _)| (offers.first().map(|offer| offer.paid_at), *key));
    let mut overpaid = BTreeMap::new();
    for (offers, key, paid) in paid {
        let alone = shares.get(&key).map_or(Fen::ZERO, |share| share.alone);
        let cash = left.entry(key.1).or_default();
        let due = alone.min(*cash);
        *cash -= due.min(paid);
        let beyond = paid.above(due);
        if let Some(last) = offers.last().filter(|_| beyond > Fen::ZERO) {
            overpaid.insert(last.id, beyond);
        }
    }
    overpaid
}

/// The offers of a plan that no longer stand and were paid, of what a claim stands for, in the order in which they were paid.
fn paid_under<'a>(of: Renewing<'a>, bills: &Bills<'_>, key: Key) -> Vec<&'a Offer> {
    let is_its = |offer: &&Offer| {
        let claim = bills.holder(of, offer.claim).map_or(offer.claim, |bill| bill.claim);
        offer.state == OfferState::Superseded && offer.paid > Fen::ZERO && (offer.plan, claim) == key
    };
    let mut offers: Vec<&Offer> = of.offers.iter().filter(is_its).collect();
    offers.sort_by_key(|offer| (offer.paid_at, offer.id));
    offers
}

fn standing(of: Renewing<'_>) -> impl Iterator<Item = &Offer> {
    of.offers.iter().filter(|offer| offer.state != OfferState::Superseded)
}

/// The answered offers that no longer stand, and what plans promise then. One goes after the other, for each that goes gives room.
fn answered<'a>(of: Renewing<'a>, bills: &Bills<'a>) -> (BTreeSet<Name>, BTreeMap<Key, Share<'a>>) {
    let mut gone = BTreeSet::new();
    loop {
        let shares = shares(of, bills, &gone);
        let next = next_to_go(of, bills, &shares, &gone);
        if next.is_empty() {
            return (gone, shares);
        }
        gone.extend(next);
    }
}

/// Who goes next: first whose plan looks at something else; then those who together confirmed more than the cash; then the last of those
/// whose answer no longer fits, and last the first of those to whom more is promised.
fn next_to_go(
    of: Renewing<'_>,
    bills: &Bills<'_>,
    shares: &BTreeMap<Key, Share<'_>>,
    gone: &BTreeSet<Name>,
) -> Vec<Name> {
    let answers = || standing(of).filter(|offer| offer.state.is_answer() && !gone.contains(&offer.id));
    let share = |offer: &Offer| shares.get(&(offer.plan, offer.claim));
    let is_strange = |offer: &&Offer| {
        share(offer).is_none_or(|share| (share.base, share.plan.version) != (offer.base, offer.version))
    };
    let strange: Vec<Name> = answers().filter(is_strange).map(|offer| offer.id).collect();
    if !strange.is_empty() {
        return strange;
    }
    for bill in &bills.all {
        let confirmed = answers().filter(|offer| offer.claim == bill.claim && offer.state == OfferState::Confirmed);
        let confirmed: Vec<Name> = confirmed.map(|offer| offer.id).collect();
        // where a claim's cash became less than what was confirmed of it, all is to be confirmed anew
        if !confirmed.is_empty() && taken(of, bills, gone, bill.claim) > bill.cash {
            return confirmed;
        }
    }
    let place = |offer: &Offer| (bills.all.iter().position(|bill| bill.claim == offer.claim), offer.plan);
    let differs = |offer: &&Offer| share(offer).is_some_and(|share| !stays(share, offer));
    let is_more = |offer: &&Offer| share(offer).is_some_and(|share| share.due > offer.promised);
    let less = answers().filter(differs).filter(|offer| !is_more(offer)).max_by_key(|offer| place(offer));
    let more = || answers().filter(differs).min_by_key(|offer| place(offer));
    less.or_else(more).map(|offer| offer.id).into_iter().collect()
}

/// Whether a plan promises what it offered.
fn promises(share: &Share<'_>, offer: &Offer) -> bool {
    (share.base, share.due, share.plan.version) == (offer.base, offer.promised, offer.version)
}

/// Whether an answer still fits: what is paid is paid, whatever others leave.
fn stays(share: &Share<'_>, offer: &Offer) -> bool {
    let is_paid = offer.state == OfferState::Paid;
    let left = if is_paid { share.alone.above(share.paid) } else { share.due };
    let is_covered = share.due < offer.promised && offer.confirmed <= left;
    is_covered || (promises(share, offer) && (is_paid || share.most.holds(offer.confirmed)))
}

/// A new offer of what is still due.
fn offered(of: Renewing<'_>, share: &Share<'_>) -> Offer {
    Offer {
        id: (of.id)(),
        plan: share.plan.id,
        version: share.plan.version,
        payer: share.plan.payer,
        zh: share.plan.zh.clone(),
        en: share.plan.en.clone(),
        person: of.person,
        year: share.bill.year,
        claim: share.bill.claim,
        revision: share.bill.revision,
        state: OfferState::Offered,
        base: share.base,
        promised: share.due,
        confirmed: Fen::ZERO,
        paid: Fen::ZERO,
        reason: String::new(),
        payment: String::new(),
        offered_at: of.now,
        answered_at: None,
        paid_at: None,
        superseded_at: None,
    }
}
