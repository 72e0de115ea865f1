//! Decides a year anew from the first bill that is touched on: the one fold that settling, reversing and refunding share.

use std::sync::Arc;

use money::Fen;
use policy::{Accumulators, Decision, Facts};

use super::held::Tally;
use super::plan::{Edit, Item, Plan, facts_now, policy_of};
use super::{Context, Trouble};
use crate::domain::{Claim, Desk, LineRefund, PersonYear, after, balances_of, taken};

/// A claim decided anew.
#[derive(Clone, Debug)]
pub(super) struct Redone {
    pub(super) claim: Claim,
    pub(super) facts: Arc<Facts>,
    pub(super) decision: Arc<Decision>,
    /// All refunds of the claim, where lines of it were taken out now.
    pub(super) refunds: Option<Vec<LineRefund>>,
}

/// A year decided anew.
#[derive(Clone, Debug)]
pub(super) struct Restated {
    /// The new bill's facts and decision.
    pub(super) new: Option<(Arc<Facts>, Arc<Decision>)>,
    /// Claims whose facts or decision changed, in the year's order.
    pub(super) redone: Vec<Redone>,
    /// What the year holds now.
    pub(super) state: Accumulators,
}

/// Decides anew. A refusal of the new bill leaves everything as it is: nothing else was touched then.
pub(super) fn restate(context: &Context<'_>, desk: &Desk, year: &PersonYear, edit: &Edit) -> Result<Restated, Trouble> {
    let Plan { items, mut state, mut offer, bound } = Plan::new(desk, year, edit);
    let new = edit.comes.as_ref().map(|new| (&*new.policy, new.person.division));
    let mut tally = Tally::new(context, year, &items, new)?;
    let mut restated = Restated { new: None, redone: Vec::new(), state: Accumulators::default() };
    let mut rest = items.as_slice();
    while let Some((item, behind)) = rest.split_first() {
        rest = behind;
        let (then, now) = match item {
            Item::Goes(claim) => ((taken(&claim.decided.decision).0, bound.parts(claim).0), (Fen::ZERO, Fen::ZERO)),
            Item::Comes => {
                let Some(new) = &edit.comes else { continue };
                // A bill between others is offered what the one behind it was; at the end, all there is.
                let next = behind.iter().find_map(Item::claim).map(|claim| &claim.decided.facts.accumulated);
                let own = offer.own.offered(next.map_or(offer.own.left(), |next| next.account), Fen::ZERO);
                let family = next.map_or(offer.family.left(), |next| next.family_account);
                let family = offer.family.offered(family, Fen::ZERO);
                let accumulated = balances_of(&state, own, family);
                let held = tally.first_caps(&new.policy, new.person.division);
                let facts = Facts { person: new.person.clone(), bill: new.bill.clone(), accumulated, held };
                let (facts, decision) = tally.decide(&new.policy, facts, new.has_own_categories);
                state = after(&decision, &state);
                let now = taken(&decision);
                restated.new = Some((Arc::new(facts), Arc::new(decision)));
                ((Fen::ZERO, Fen::ZERO), now)
            }
            Item::Stays(claim) | Item::Renews(claim, _) | Item::Shrinks(claim, ..) => {
                let held = &claim.decided.facts.accumulated;
                let (part, apart) = bound.parts(claim);
                let before = (taken(&claim.decided.decision).0, part);
                let own = offer.own.offered(held.account, before.0);
                let family = (offer.family.offered(held.family_account - apart, part) + apart).min(Fen::LIMIT);
                let accumulated = balances_of(&state, own, family);
                let redone = redo(context, &mut tally, (item, claim), accumulated)?;
                state = after(&redone.decision, &state);
                let (own, family) = taken(&redone.decision);
                let shares = (before, (own, bound.part_of(claim, family)?));
                if redone.refunds.is_some()
                    || redone.facts != claim.decided.facts
                    || redone.decision != claim.decided.decision
                {
                    restated.redone.push(redone);
                }
                shares
            }
        };
        offer.own.spend(then.0, now.0);
        offer.family.spend(then.1, now.1);
    }
    // A year that cannot be decided anew stays as it is: nothing may be held for it.
    let is_refused = (edit.restarts || !edit.renews.is_empty())
        && restated.redone.iter().any(|one| one.decision.settlement().is_none());
    if !is_refused {
        tally.finish(year)?;
    }
    restated.state = state;
    Ok(restated)
}

fn redo(
    context: &Context<'_>,
    tally: &mut Tally<'_>,
    (item, claim): (&Item, &Claim),
    accumulated: Accumulators,
) -> Result<Redone, Trouble> {
    let refunds = match item {
        Item::Shrinks(_, _, refunds) => Some(refunds.clone()),
        _ => None,
    };
    let is_pinned = match item {
        Item::Renews(_, renewal) => renewal.is_pinned,
        _ => true,
    };
    let facts = facts_now(item, claim, accumulated);
    let (facts, decision) = tally.decide(policy_of(context.policies, claim)?, facts, is_pinned);
    Ok(Redone { claim: claim.clone(), facts: Arc::new(facts), decision: Arc::new(decision), refunds })
}
