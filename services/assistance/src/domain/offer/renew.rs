//! What plans offer of a person's year as it stands now, and what becomes of what they offered before.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use money::Fen;
use policy::{OfferCounts, OfferFacts, offer};
use terms::Name;

use super::{Member, Offer, OfferBill, OfferState, Plan, version_on};

/// A person's year, and what is known of plans.
#[derive(Clone, Copy)]
pub(crate) struct Renewing<'a> {
    pub(crate) person: Name,
    pub(crate) year: i32,
    /// Every version of the plans the person is a member of, by plan.
    pub(crate) plans: &'a BTreeMap<Name, Vec<Plan>>,
    /// The person's memberships.
    pub(crate) members: &'a [Member],
    /// The year's claims as they stand, also those that were reversed.
    pub(crate) bills: &'a [OfferBill],
    /// Every offer of the year.
    pub(crate) offers: &'a [Offer],
    /// Whether the policy orders the year by days of service; else by settlement.
    pub(crate) by_service_date: bool,
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

/// What a plan offers of a bill, whatever it has paid of it.
struct Share<'a> {
    plan: &'a Plan,
    bill: &'a OfferBill,
    base: Fen,
    promised: Fen,
}

/// What plans offer of a year now. An offer stays as long as its plan looks at the same and promises the same, whichever revision of
/// the claim it was computed from, so that nobody is asked twice for one thing. What was paid of an offer that no longer stands
/// counts towards what stands in its place.
pub(crate) fn renewed(of: Renewing<'_>) -> Renewed {
    let mut bills: Vec<&OfferBill> = of.bills.iter().filter(|bill| !bill.is_reversed).collect();
    bills.sort_by_key(|bill| (of.by_service_date.then_some(bill.rules_date), bill.settled_date, bill.number));
    let plans: BTreeSet<Name> = of.members.iter().map(|member| member.plan).collect();
    let mut shares: BTreeMap<(Name, Name), Share<'_>> = BTreeMap::new();
    for (plan, versions) in of.plans.iter().filter(|(plan, _)| plans.contains(*plan)) {
        shares.extend(of_plan(of, *plan, versions, &bills).into_iter().map(|share| ((*plan, share.bill.claim), share)));
    }
    let standing = of.offers.iter().filter(|offer| offer.state != OfferState::Superseded);
    let standing: BTreeMap<(Name, Name), &Offer> = standing.map(|offer| ((offer.plan, offer.claim), offer)).collect();
    let kept = kept(of, &shares, &standing);
    let mut renewed = Renewed::default();
    let keys: BTreeSet<(Name, Name)> = shares.keys().chain(standing.keys()).copied().collect();
    for key in keys {
        if kept.contains(&key) {
            continue;
        }
        let share = shares.get(&key);
        let before = standing.get(&key).copied();
        let paid = paid(of.offers, key) + before.map_or(Fen::ZERO, |before| before.paid);
        let new = share.and_then(|share| offered(of, share, paid));
        let in_its_place = new.as_ref().map(|new| new.id);
        renewed.superseded.extend(before.map(|before| {
            let gone = Offer { state: OfferState::Superseded, superseded_at: Some(of.now), ..before.clone() };
            (gone, before.state, in_its_place)
        }));
        renewed.offered.extend(new);
    }
    renewed
}

/// What a plan offers of the bills, in their order.
fn of_plan<'a>(of: Renewing<'_>, plan: Name, versions: &'a [Plan], bills: &[&'a OfferBill]) -> Vec<Share<'a>> {
    let is_member = |bill: &OfferBill| {
        let covers = |member: &&Member| member.plan == plan && (member.from..=member.to).contains(&bill.rules_date);
        of.members.iter().any(|member| covers(&member))
    };
    let mut before = OfferCounts::default();
    let mut shares = Vec::new();
    for bill in bills.iter().copied().filter(|bill| is_member(bill)) {
        let Some(version) = version_on(versions, bill.rules_date).filter(|version| version.is_for(bill)) else {
            continue;
        };
        let (left_within_scope, cash, categories) = (bill.left, bill.cash, bill.categories.clone());
        let found = offer(&version.pays, &OfferFacts { left_within_scope, cash, categories, before });
        before = OfferCounts { base: before.base + found.base, promised: before.promised + found.promised };
        shares.push(Share { plan: version, bill, base: found.base, promised: found.promised });
    }
    shares
}

/// Offers that stay as they are, by plan and claim.
fn kept(
    of: Renewing<'_>,
    shares: &BTreeMap<(Name, Name), Share<'_>>,
    standing: &BTreeMap<(Name, Name), &Offer>,
) -> BTreeSet<(Name, Name)> {
    let mut kept = BTreeSet::new();
    for (key, offer) in standing {
        let is_same = shares.get(key).is_some_and(|share| {
            let due = share.promised.above(paid(of.offers, *key));
            (share.base, due, share.plan.version) == (offer.base, offer.promised, offer.version)
        });
        if is_same {
            kept.insert(*key);
        }
    }
    // where a claim's cash became less than what was confirmed of it, all is to be confirmed anew
    for bill in of.bills {
        let stays = |offer: &&Offer| kept.contains(&(offer.plan, offer.claim));
        let of_claim = of.offers.iter().filter(|offer| offer.claim == bill.claim);
        let taken: Fen = of_claim.clone().map(|offer| if stays(&offer) { offer.takes() } else { offer.paid }).sum();
        if taken > bill.cash {
            of_claim.filter(|offer| offer.state == OfferState::Confirmed).for_each(|offer| {
                kept.remove(&(offer.plan, offer.claim));
            });
        }
    }
    kept
}

/// What was paid of a claim under a plan's offers that no longer stand.
fn paid(offers: &[Offer], (plan, claim): (Name, Name)) -> Fen {
    let gone = |offer: &&Offer| offer.state == OfferState::Superseded && (offer.plan, offer.claim) == (plan, claim);
    offers.iter().filter(gone).map(|offer| offer.paid).sum()
}

/// A new offer of what is still due; none where nothing is.
fn offered(of: Renewing<'_>, share: &Share<'_>, paid: Fen) -> Option<Offer> {
    let promised = share.promised.above(paid);
    (promised > Fen::ZERO).then(|| Offer {
        id: (of.id)(),
        plan: share.plan.id,
        version: share.plan.version,
        payer: share.plan.payer,
        zh: share.plan.zh.clone(),
        en: share.plan.en.clone(),
        person: of.person,
        year: of.year,
        claim: share.bill.claim,
        revision: share.bill.revision,
        state: OfferState::Offered,
        base: share.base,
        promised,
        confirmed: Fen::ZERO,
        paid: Fen::ZERO,
        reason: String::new(),
        payment: String::new(),
        offered_at: of.now,
        answered_at: None,
        paid_at: None,
        superseded_at: None,
    })
}
