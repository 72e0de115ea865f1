//! Where bills stand in a person's year when one is added, taken out or made smaller.

use money::Fen;
use policy::{Accumulators, Bill, Facts, Person, Policy};
use std::collections::BTreeMap;
use std::sync::Arc;
use terms::{Category, Name};

use super::Trouble;
use crate::domain::{
    Claim, Desk, Draw, LineRefund, Offer, PersonYear, Policies, Purse, drawn_from, follows, give_back, order,
};

/// A bill that is to be decided for the first time.
#[derive(Clone, Debug)]
pub struct NewBill {
    /// The person's facts on its last day.
    pub person: Person,
    /// The bill.
    pub bill: Bill,
    /// The policy to decide it by.
    pub policy: Arc<Policy>,
    /// Whether a trusted caller handed the person's assistance categories in.
    pub has_own_categories: bool,
}

/// What happens to one claim of the year, in the year's order.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// It stays, and is decided anew.
    Stays(Claim),
    /// It stays, and is decided anew with other categories of the person and without the caps it had.
    Renews(Claim, Renewal),
    /// It is taken out.
    Goes(Claim),
    /// Lines of it are taken out, and it is decided anew.
    Shrinks(Claim, Bill, Vec<LineRefund>),
    /// It is new.
    Comes,
}

/// What is to be done to a year.
#[derive(Clone, Debug, Default)]
pub(super) struct Edit {
    /// A claim to take out.
    pub(super) goes: Option<Claim>,
    /// A claim to make smaller, its bill then, and all its refunds.
    pub(super) shrinks: Option<(Claim, Bill, Vec<LineRefund>)>,
    /// A bill to add.
    pub(super) comes: Option<NewBill>,
    /// Whether all of the year is decided anew, from its start on.
    pub(super) restarts: bool,
    /// Claims of which the third system is asked anew, with the categories of the person.
    pub(super) renews: BTreeMap<Name, Renewal>,
}

/// The categories a claim is decided with anew.
#[derive(Clone, Debug)]
pub(super) struct Renewal {
    /// Those of the person, and those it keeps.
    pub(super) categories: Vec<Category>,
    /// Whether they are others than the keeper of the third system knows: it does not compare them then.
    pub(super) is_pinned: bool,
}

/// Everything from the first claim that is touched on, and what the year holds before it.
pub(super) struct Plan {
    pub(super) items: Vec<Item>,
    pub(super) state: Accumulators,
    pub(super) offer: Offer,
    pub(super) bound: Bound,
}

/// The relatives whose accounts pay for the person today. What others paid, whose binding has ended, goes back to them and is
/// offered to no other bill; a bill that stays keeps what they paid.
#[derive(Clone, Debug, Default)]
pub(super) struct Bound(Vec<Name>);

impl Bound {
    /// What these draws take from bound accounts, in fen.
    fn part(&self, draws: &[Draw]) -> Fen {
        draws.iter().filter(|draw| self.0.contains(&draw.owner)).map(|draw| draw.amount).sum()
    }

    /// What a claim takes from bound accounts, and what from others.
    pub(super) fn parts(&self, claim: &Claim) -> (Fen, Fen) {
        let part = self.part(&claim.decided.draws);
        (part, taken(claim).1 - part)
    }

    /// What a claim takes from bound accounts once relatives' accounts pay `now` of it.
    pub(super) fn part_of(&self, claim: &Claim, now: Fen) -> Result<Fen, Trouble> {
        let (before, (_, apart)) = (taken(claim).1, self.parts(claim));
        if now >= before {
            return Ok(now - apart);
        }
        let draws = give_back(&claim.decided.draws, before - now);
        let short = || Trouble::internal("relatives' accounts paid less than is given back");
        draws.map(|draws| self.part(&draws)).ok_or_else(short)
    }
}

impl Plan {
    /// Lays an edit over a year. Every standing claim of the year is on the desk, unless a bill is only added at its end.
    pub(super) fn new(desk: &Desk, year: &PersonYear, edit: &Edit) -> Self {
        let standing = desk.standing(year);
        let is = |claim: &Claim, other: Option<&Claim>| other.is_some_and(|other| other.id == claim.id);
        let shrinks = edit.shrinks.as_ref().map(|(claim, ..)| claim);
        let place = edit.comes.as_ref().map(|new| {
            let behind = |claim: &Claim| year.by_service_date && order(claim.bill()) > order(&new.bill);
            standing.iter().position(behind).unwrap_or(standing.len())
        });
        let touched =
            |claim: &Claim| is(claim, edit.goes.as_ref()) || is(claim, shrinks) || edit.renews.contains_key(&claim.id);
        let first = standing.iter().position(touched).unwrap_or(standing.len()).min(place.unwrap_or(standing.len()));
        let first = if edit.restarts { 0 } else { first };
        let mut items = Vec::new();
        for (at, claim) in standing.iter().enumerate().skip(first) {
            if place == Some(at) {
                items.push(Item::Comes);
            }
            items.push(match &edit.shrinks {
                Some((_, bill, refunds)) if is(claim, shrinks) => {
                    Item::Shrinks(claim.clone(), bill.clone(), refunds.clone())
                }
                _ if is(claim, edit.goes.as_ref()) => Item::Goes(claim.clone()),
                _ => match edit.renews.get(&claim.id) {
                    Some(renewal) => Item::Renews(claim.clone(), renewal.clone()),
                    None => Item::Stays(claim.clone()),
                },
            });
        }
        if place == Some(standing.len()) {
            items.push(Item::Comes);
        }
        let state = if first == standing.len() { year.state.clone() } else { before(year, &standing, first) };
        let bound = Bound(desk.family(&year.person).into_iter().map(|(owner, _)| owner).collect());
        let offer = offer(desk, year, &items, &bound);
        Self { items, state, offer, bound }
    }
}

/// What the claims before this place accumulated.
fn before(year: &PersonYear, standing: &[Claim], place: usize) -> Accumulators {
    let settled = standing.iter().take(place).rev().find_map(|claim| claim.decided.decision.settlement());
    settled.map_or_else(
        || year.start(),
        |settlement| crate::domain::balances_of(&settlement.accumulators, Fen::ZERO, Fen::ZERO),
    )
}

fn offer(desk: &Desk, year: &PersonYear, items: &[Item], bound: &Bound) -> Offer {
    let paid = items.iter().filter_map(Item::claim).map(|claim| (taken(claim).0, bound.parts(claim).0));
    let paid: Vec<(Fen, Fen)> = paid.collect();
    let account = desk.account(&year.person);
    let own = Purse::new(account.balance, paid.iter().map(|(own, _)| *own), account.owed);
    let relatives = desk.family(&year.person);
    let family = relatives.iter().map(|(_, balance)| *balance).sum();
    // A relative pays what he owes out of what comes back to him: at most what he has paid of these bills.
    let lent = |owner: &Name| {
        let draws = items.iter().filter_map(Item::claim).map(|claim| drawn_from(&claim.decided.draws, owner));
        desk.account(owner).owed.min(draws.sum())
    };
    let owed = relatives.iter().map(|(owner, _)| lent(owner)).sum();
    Offer { own, family: Purse::new(family, paid.iter().map(|(_, family)| *family), owed) }
}

fn taken(claim: &Claim) -> (Fen, Fen) {
    crate::domain::taken(&claim.decided.decision)
}

impl Item {
    /// The claim it is about, if it is there already.
    pub(super) fn claim(&self) -> Option<&Claim> {
        match self {
            Self::Stays(claim) | Self::Renews(claim, _) | Self::Goes(claim) | Self::Shrinks(claim, ..) => Some(claim),
            Self::Comes => None,
        }
    }
}

/// The policy a claim was decided by.
pub(super) fn policy_of<'p>(policies: &'p Policies, claim: &Claim) -> Result<&'p Arc<Policy>, Trouble> {
    let version = claim.decided.decision.version;
    policies.get(&version).ok_or(Trouble::NeedVersion(version))
}

/// What a claim is decided from now. What was cut because the third system was away stays so until that is asked anew: what the
/// person is entitled to was not known; other caps fall, and are found again where they are needed.
pub(super) fn facts_now(item: &Item, claim: &Claim, accumulated: Accumulators) -> Facts {
    let facts = &claim.decided.facts;
    let (mut person, mut bill, mut held) = (facts.person.clone(), &facts.bill, Vec::new());
    match item {
        Item::Renews(_, renewal) => person.categories.clone_from(&renewal.categories),
        Item::Shrinks(_, smaller, _) => bill = smaller,
        Item::Stays(_) | Item::Goes(_) | Item::Comes => {}
    }
    if !matches!(item, Item::Renews(..)) && follows(facts) {
        held.clone_from(&facts.held);
    }
    Facts { person, bill: bill.clone(), accumulated, held }
}
