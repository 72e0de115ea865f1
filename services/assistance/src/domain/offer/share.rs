//! What each plan promises of each bill of a person's years, given which answers stand.

use std::collections::{BTreeMap, BTreeSet};

use money::Fen;
use policy::{OfferCounts, OfferFacts, OfferPeriod, offer};
use terms::Name;

use super::{OfferBill, OfferState, Plan, Renewing, version_on};

/// A plan and a claim.
pub(super) type Key = (Name, Name);

/// What a plan promises of a bill; amounts in fen.
pub(super) struct Share<'a> {
    pub(super) plan: &'a Plan,
    pub(super) bill: &'a OfferBill,
    pub(super) base: Fen,
    /// What it would promise of the bill in all, by itself.
    pub(super) alone: Fen,
    /// Of that, what it has paid before: of this claim, or of an earlier one of the same bill or stay.
    pub(super) paid: Fen,
    /// What is still due, as far as its ceiling and other payers leave it.
    pub(super) due: Fen,
    /// What may be confirmed now at most.
    pub(super) most: Room,
}

/// What may be confirmed of a bill at most, in fen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// What others leave of the person's cash.
    pub(crate) cash: Fen,
    /// What the plan's ceiling leaves in the period; none: it has no ceiling.
    pub(crate) ceiling: Option<Fen>,
}

impl Room {
    pub(super) fn holds(self, amount: Fen) -> bool {
        amount <= self.cash && self.ceiling.is_none_or(|ceiling| amount <= ceiling)
    }
}

/// The person's bills that stand, in the policy's order, and who holds what was paid before.
pub(super) struct Bills<'a> {
    pub(super) all: Vec<&'a OfferBill>,
    /// Of each thing that is billed, the claim that stands for it.
    holders: BTreeMap<Name, &'a OfferBill>,
}

impl<'a> Bills<'a> {
    pub(super) fn of(of: Renewing<'a>) -> Self {
        let mut all: Vec<&OfferBill> = of.bills.iter().filter(|bill| !bill.is_reversed).collect();
        all.sort_by_key(|bill| {
            let day = of.by_service_date.contains(&bill.year).then_some(bill.rules_date);
            (bill.year, day, bill.settled_date, bill.number)
        });
        let mut holders = BTreeMap::new();
        for bill in &all {
            holders.entry(of.same.first(bill.claim)).or_insert(*bill);
        }
        Self { all, holders }
    }

    /// The claim that stands for what a claim was settled for.
    pub(super) fn holder(&self, of: Renewing<'_>, claim: Name) -> Option<&'a OfferBill> {
        self.holders.get(&of.same.first(claim)).copied()
    }
}

/// What was paid under offers that no longer stand, and what answers that stand take.
#[derive(Default)]
struct Taken {
    /// By plan and the claim that stands for the same, or the claim itself.
    paid: BTreeMap<Key, Fen>,
    stands: BTreeMap<Key, Fen>,
    /// What was answered and stands.
    answered: BTreeSet<Key>,
    /// By plan and year, what was paid and what answers take.
    used: BTreeMap<(Name, i32), Fen>,
}

impl Taken {
    fn of(of: Renewing<'_>, bills: &Bills<'_>, gone: &BTreeSet<Name>) -> Self {
        let mut taken = Self::default();
        for offer in of.offers {
            let is_gone = offer.state == OfferState::Superseded || gone.contains(&offer.id);
            // what was really paid counts for the bill as it stands now; where none does, where it was paid
            let holder = bills.holder(of, offer.claim).filter(|_| is_gone);
            let claim = holder.map_or(offer.claim, |bill| bill.claim);
            let (amounts, amount) =
                if is_gone { (&mut taken.paid, offer.paid) } else { (&mut taken.stands, offer.takes()) };
            *amounts.entry((offer.plan, claim)).or_default() += amount;
            // of the ceiling of the year it was offered in, for good: a bill that is billed again in another year takes nothing along
            *taken.used.entry((offer.plan, offer.year)).or_default() += amount;
            if !is_gone && offer.state.is_answer() {
                taken.answered.insert((offer.plan, claim));
            }
        }
        taken
    }

    fn of_claim(amounts: &BTreeMap<Key, Fen>, claim: Name) -> Fen {
        amounts.iter().filter(|((_, of), _)| *of == claim).map(|(_, amount)| *amount).sum()
    }
}

/// What all plans take of a bill's cash, and were ever paid of it.
pub(super) fn taken(of: Renewing<'_>, bills: &Bills<'_>, gone: &BTreeSet<Name>, claim: Name) -> Fen {
    let taken = Taken::of(of, bills, gone);
    Taken::of_claim(&taken.paid, claim) + Taken::of_claim(&taken.stands, claim)
}

/// What was paid under offers that no longer stand, by plan and the claim that stands for the same, or the claim itself.
pub(super) fn paid(of: Renewing<'_>, bills: &Bills<'_>) -> BTreeMap<Key, Fen> {
    Taken::of(of, bills, &BTreeSet::new()).paid
}

/// What plans promise, where these answered offers no longer stand. What was paid, and what stands confirmed, takes of ceiling and cash
/// before anything is promised; what is promised takes of the ceiling in the policy's order, and of the cash nothing: payers race for it. What uses a ceiling no document says: it is this project's own choice (payer.proto, PlanTerms).
pub(super) fn shares<'a>(of: Renewing<'a>, bills: &Bills<'a>, gone: &BTreeSet<Name>) -> BTreeMap<Key, Share<'a>> {
    let taken = Taken::of(of, bills, gone);
    let plans: BTreeSet<Name> = of.members.iter().map(|member| member.plan).collect();
    let mut shares = BTreeMap::new();
    for (plan, versions) in of.plans.iter().filter(|(plan, _)| plans.contains(*plan)) {
        for of_year in bills.all.chunk_by(|one, other| one.year == other.year) {
            let found = of_plan(of, (*plan, versions), of_year, &taken);
            shares.extend(found.into_iter().map(|share| ((*plan, share.bill.claim), share)));
        }
    }
    shares
}

/// What a plan promises of a year's bills, in their order.
fn of_plan<'a>(
    of: Renewing<'_>,
    (plan, versions): (Name, &'a [Plan]),
    bills: &[&'a OfferBill],
    taken: &Taken,
) -> Vec<Share<'a>> {
    let is_member = |bill: &OfferBill| {
        let covers =
            |member: &&super::Member| member.plan == plan && (member.from..=member.to).contains(&bill.rules_date);
        of.members.iter().any(|member| covers(&member))
    };
    let year = bills.first().map(|bill| bill.year).unwrap_or_default();
    let mut used = taken.used.get(&(plan, year)).copied().unwrap_or_default();
    let mut counted = Fen::ZERO;
    let mut shares: Vec<Share<'_>> = Vec::new();
    for bill in bills.iter().copied().filter(|bill| is_member(bill)) {
        let Some(version) = version_on(versions, bill.rules_date).filter(|version| version.is_for(bill)) else {
            continue;
        };
        let key = (plan, bill.claim);
        let amount = |amounts: &BTreeMap<Key, Fen>| amounts.get(&key).copied().unwrap_or_default();
        let (paid, own) = (amount(&taken.paid), amount(&taken.stands));
        let all = Taken::of_claim(&taken.paid, bill.claim) + Taken::of_claim(&taken.stands, bill.claim);
        let by_others = all - paid - own;
        let facts = OfferFacts {
            left_within_scope: bill.left,
            cash: bill.cash,
            categories: bill.categories.clone(),
            before: OfferCounts { base: counted, promised: used - paid - own },
            paid,
            taken: by_others,
        };
        let found = offer(&version.pays, &facts);
        let alone = OfferCounts { promised: Fen::ZERO, ..facts.before };
        let alone = offer(&version.pays, &OfferFacts { before: alone, taken: Fen::ZERO, ..facts }).promised;
        let most = Room { cash: bill.cash.above(by_others + paid), ceiling: None };
        shares.push(Share { plan: version, bill, base: found.base, alone, paid, due: found.due, most });
        counted += found.base;
        // what was answered counts already, with what the answer said
        if !taken.answered.contains(&key) {
            used += found.due;
        }
    }
    for share in &mut shares {
        let key = (plan, share.bill.claim);
        let own = if taken.answered.contains(&key) { taken.stands.get(&key).copied() } else { Some(share.due) };
        share.most.ceiling = share.plan.pays.ceiling.map(|ceiling| match share.plan.pays.period {
            OfferPeriod::Bill => ceiling.above(share.paid),
            OfferPeriod::Year => ceiling.above(used - own.unwrap_or_default()),
        });
    }
    shares
}
