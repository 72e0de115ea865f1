//! Follows what the bills of a year take of funds that another service keeps: no more than it granted, or the command is to come
//! with a greater grant.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use money::Fen;
use policy::{Decision, Facts, HeldShare, Policy, Version};
use terms::{Division, HeldWhy, Name, Scheme};

use super::plan::{Item, policy_of};
use super::{Context, Trouble};
use crate::domain::{Grant, Needed, PersonYear, PlannedDay, Room, Third};

/// What the bills of a year take, in the fold's order.
pub(super) struct Tally<'a> {
    grant: Option<&'a Grant>,
    room: Room,
    before: BTreeMap<Name, Fen>,
    after: BTreeMap<Name, Fen>,
    days: BTreeMap<NaiveDate, PlannedDay>,
    under: Option<(Division, Version, Scheme)>,
}

impl<'a> Tally<'a> {
    /// Begins with what the claims that are decided anew, or taken out, took so far.
    pub(super) fn new(
        context: &Context<'a>,
        year: &PersonYear,
        items: &[Item],
        new: Option<(&Policy, Division)>,
    ) -> Result<Self, Trouble> {
        let grant = match context.third {
            Third::Whole => None,
            Third::Granted(grant) => Some(grant),
        };
        let (days, under, after) = (BTreeMap::new(), None, BTreeMap::new());
        let mut tally = Self { grant, room: Room::default(), before: BTreeMap::new(), after, days, under };
        let Some(grant) = grant else { return Ok(tally) };
        let mut payers = Vec::new();
        for claim in items.iter().filter_map(Item::claim) {
            let policy = policy_of(context.policies, claim)?;
            let shares = claim.decided.decision.settlement().map(|settlement| policy.held(settlement));
            add(&mut tally.before, &shares.unwrap_or_default());
            if grant.is_limited() {
                payers.extend(policy.held_payers(claim.decided.facts.person.division));
            }
        }
        if let Some((policy, division)) = new.filter(|_| grant.is_limited()) {
            payers.extend(policy.held_payers(division));
        }
        let is_cut = |payer: &Name| grant.is_cut(&(year.year, *payer));
        let left = |payer: Name| {
            let before = tally.before.get(&payer).copied().unwrap_or_default();
            (payer, before + grant.granted(&(year.year, payer)))
        };
        tally.room = Room::new(payers.into_iter().filter(is_cut).map(left).collect());
        Ok(tally)
    }

    /// The caps a new bill begins with: where the keeper was not reached, nobody knows what it is entitled to.
    pub(super) fn first_caps(&self, policy: &Policy, division: Division) -> Vec<HeldShare> {
        if !self.grant.is_some_and(|grant| grant.is_away) {
            return Vec::new();
        }
        let payers = policy.held_payers(division).into_iter();
        payers.map(|payer| HeldShare { payer, most: Fen::ZERO, why: HeldWhy::Away }).collect()
    }

    /// Decides a bill: with all that the policy gives, and where that is more than is left, with what is left.
    pub(super) fn decide(&mut self, policy: &Policy, mut facts: Facts, is_pinned: bool) -> (Facts, Decision) {
        loop {
            let decision = policy.adjudicate(&facts);
            let Some(grant) = self.grant else { return (facts, decision) };
            let Some(settlement) = decision.settlement() else { return (facts, decision) };
            let shares = policy.held(settlement);
            if let Some(caps) = self.room.caps(&shares, &facts.held, grant.why()) {
                facts.held = caps;
                continue;
            }
            if !shares.is_empty() {
                self.count(policy, &facts, &shares, is_pinned);
            }
            return (facts, decision);
        }
    }

    fn count(&mut self, policy: &Policy, facts: &Facts, shares: &BTreeMap<Name, Fen>, is_pinned: bool) {
        self.room.take(shares);
        add(&mut self.after, shares);
        let (person, bill) = (&facts.person, &facts.bill);
        let day = self
            .days
            .entry(policy.day_of_rules(person, bill))
            .or_insert_with(|| PlannedDay { is_pinned: true, ..PlannedDay::default() });
        if !is_pinned && day.is_pinned {
            day.categories.clear();
        }
        if !is_pinned || day.is_pinned {
            day.categories.extend(person.categories.iter().copied());
            day.is_pinned = is_pinned;
        }
        let scheme = person.schemes.first().copied().unwrap_or(Scheme::Resident);
        self.under = Some((person.division, policy.version(), scheme));
    }

    /// Holds the year's new shares against the grant.
    ///
    /// # Errors
    /// [`Trouble::Hold`] with what is needed, where the grant is less.
    pub(super) fn finish(self, year: &PersonYear) -> Result<(), Trouble> {
        let (Some(grant), Some(under)) = (self.grant, self.under) else { return Ok(()) };
        let before = |payer: &Name| self.before.get(payer).copied().unwrap_or_default();
        let net = self.after.iter().map(|(payer, after)| ((year.year, *payer), *after - before(payer)));
        let asks: BTreeMap<(i32, Name), Fen> = net.filter(|(_, net)| *net > Fen::ZERO).collect();
        if asks.iter().all(|(limit, net)| *net <= grant.granted(limit)) {
            return Ok(());
        }
        Err(Trouble::Hold(Box::new(Needed { person: year.person, under, days: self.days, asks })))
    }
}

fn add(sums: &mut BTreeMap<Name, Fen>, shares: &BTreeMap<Name, Fen>) {
    for (payer, share) in shares {
        *sums.entry(*payer).or_default() += *share;
    }
}
