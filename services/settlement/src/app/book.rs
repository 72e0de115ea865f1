//! What a year decided anew puts on record: claims, movements of accounts, entries of the journal.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use ledger::{Account as LedgerAccount, Booking, Draft, Entry, Heading, Parties, book};
use money::Fen;
use policy::{Decision, Facts};
use terms::{EntryKind, Name};

use super::plan::{Edit, policy_of};
use super::restate::{Redone, Restated};
use super::till::Till;
use super::{Context, Trouble};
use crate::domain::{
    Cause, Claim, Decided, Desk, Draw, Kind, PersonYear, State, Touched, draw, drawn_from, give_back, owners, taken,
};

/// A claim whose decision was replaced.
#[derive(Clone, Debug)]
pub struct Adjusted {
    /// As it stood.
    pub before: Claim,
    /// As it stands.
    pub now: Claim,
    /// What was booked for it.
    pub entries: Vec<Entry>,
}

/// A claim and what was booked for it now.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// As it stands.
    pub claim: Claim,
    /// What was booked for it now.
    pub entries: Vec<Entry>,
    /// Its place in the person's year, from 1; 0 where it has none.
    pub place: u32,
    /// When.
    pub booked_at: DateTime<Utc>,
}

/// Everything a command puts on record.
#[derive(Clone, Debug)]
pub struct Booked {
    /// The new claim.
    pub new: Option<Recorded>,
    /// The claim that was taken out.
    pub gone: Option<Recorded>,
    /// The claims that were decided anew, in the year's order.
    pub adjusted: Vec<Adjusted>,
    pub(super) year: PersonYear,
    pub(super) till: Till,
}

/// Why claims are decided anew: for what became of another, where it is not for what became of the person.
#[derive(Clone, Copy, Debug)]
pub(super) struct Because {
    pub(super) cause: Cause,
    pub(super) claim: Option<Name>,
}

/// Puts a year decided anew on record. `new` is the claim of the bill that was added, without its decision's accounts.
pub(super) fn put_on_record(
    context: &Context<'_>,
    desk: &Desk,
    mut year: PersonYear,
    (edit, restated): (&Edit, Restated),
    new: Option<Claim>,
    because: Because,
) -> Result<Booked, Trouble> {
    year.state = restated.state;
    let mut till = Till::new(desk, context.now);
    let mut shared = Shares::of(desk, &year, edit, &restated.redone, new.as_ref())?;
    let gone = edit.goes.as_ref().map(|claim| gone(context, desk, claim, &mut till)).transpose()?;
    let mut adjusted = Vec::with_capacity(restated.redone.len());
    for redone in restated.redone {
        let draws = shared.take(&redone.claim.id);
        adjusted.push(adjust(context, redone, draws, because)?);
    }
    // What comes back comes first, so that no account is below zero on the way.
    for one in &adjusted {
        till.settle_up(context, (&one.before, &one.before.decided), Some((&one.now, &one.now.decided)), true)?;
    }
    for one in &adjusted {
        till.settle_up(context, (&one.before, &one.before.decided), Some((&one.now, &one.now.decided)), false)?;
    }
    let new = new.map(|claim| settle(context, claim, &mut shared, &mut till)).transpose()?;
    year.claims += i64::from(new.is_some()) - i64::from(gone.is_some());
    Ok(Booked { new, gone, adjusted, year, till })
}

/// Which relatives' accounts pay which claim now: what is given back is given back before anything is drawn.
struct Shares(Vec<(Name, Vec<Draw>)>);

impl Shares {
    fn of(
        desk: &Desk,
        year: &PersonYear,
        edit: &Edit,
        redone: &[Redone],
        new: Option<&Claim>,
    ) -> Result<Self, Trouble> {
        let short = || Trouble::internal("relatives' accounts hold less than was offered");
        let mut accounts = desk.family(&year.person);
        let mut owed: BTreeMap<Name, Fen> =
            accounts.iter().map(|(owner, _)| (*owner, desk.account(owner).owed)).collect();
        let mut hand_back = |before: &[Draw], now: &[Draw]| {
            for (owner, balance) in &mut accounts {
                let back = drawn_from(before, owner) - drawn_from(now, owner);
                // what a relative owes is paid first, as in the till
                let paid = owed.get(owner).map_or(Fen::ZERO, |owed| back.min(*owed));
                *balance += back - paid;
                if let Some(owed) = owed.get_mut(owner) {
                    *owed -= paid;
                }
            }
        };
        if let Some(claim) = &edit.goes {
            hand_back(&claim.decided.draws, &[]);
        }
        let mut shares = Vec::new();
        let change = |one: &Redone| taken(&one.decision).1 - taken(&one.claim.decided.decision).1;
        for one in redone.iter().filter(|one| change(one) <= Fen::ZERO) {
            let before = &one.claim.decided.draws;
            let draws = give_back(before, -change(one)).ok_or_else(short)?;
            hand_back(before, &draws);
            shares.push((one.claim.id, draws));
        }
        let more = redone.iter().filter(|one| change(one) > Fen::ZERO);
        let more = more.map(|one| (one.claim.id, one.claim.decided.draws.clone(), change(one)));
        let new = new.map(|claim| (claim.id, Vec::new(), taken(&claim.decided.decision).1));
        for (id, before, amount) in more.chain(new) {
            let draws = draw(&before, amount, &accounts).ok_or_else(short)?;
            for (owner, balance) in &mut accounts {
                *balance -= drawn_from(&draws, owner) - drawn_from(&before, owner);
            }
            shares.push((id, draws));
        }
        Ok(Self(shares))
    }

    fn take(&mut self, claim: &Name) -> Vec<Draw> {
        let found = self.0.iter_mut().find(|(id, _)| id == claim);
        found.map(|(_, draws)| std::mem::take(draws)).unwrap_or_default()
    }
}

fn settle(context: &Context<'_>, mut claim: Claim, shared: &mut Shares, till: &mut Till) -> Result<Recorded, Trouble> {
    claim.decided.draws = shared.take(&claim.id);
    let policy = policy_of(context.policies, &claim)?;
    let parties = Parties { across: claim.across(), ..parties(&claim, payee(&claim), &claim.decided.facts) };
    let booking = Booking::of(policy, &claim.decided.decision, &parties).map_err(Trouble::internal)?;
    let mut entries = sharing(context, &claim, &[], &claim.decided.draws)?;
    let heading = Heading { id: claim.entry, date: context.today(), reference: claim.id };
    entries.push(book::settle(heading, &booking).map_err(Trouble::internal)?);
    till.pay(context, &claim)?;
    Ok(Recorded { claim, entries, place: 0, booked_at: context.now })
}

fn adjust(context: &Context<'_>, redone: Redone, draws: Vec<Draw>, because: Because) -> Result<Adjusted, Trouble> {
    let Redone { claim: before, facts, decision, refunds } = redone;
    let policy = policy_of(context.policies, &before)?;
    let is_own = refunds.is_some();
    let mut now = before.clone();
    now.decided = Decided {
        revision: before.decided.revision + 1,
        cause: if is_own { Cause::Refunded } else { because.cause },
        cause_claim: because.claim.filter(|_| !is_own),
        refunds: refunds.unwrap_or_else(|| before.decided.refunds.clone()),
        facts,
        decision,
        draws,
        at: context.now,
    };
    if is_own {
        now.state = State::PartlyRefunded;
    }
    let (old, new) = (&before.decided, &now.decided);
    let mut entries = sharing(context, &before, &old.draws, &new.draws)?;
    let heading = Heading { id: context.id()?, date: context.today(), reference: before.id };
    let settled = Some(before.entry);
    // The patient has paid the institution what the third system pays late: it is owed to the patient then.
    let funds = |decision: &Decision| decision.settlement().map_or(Fen::ZERO, |settlement| settlement.shares.fund);
    let is_late = matches!(now.decided.cause, Cause::PersonChanged | Cause::ThirdFollowed | Cause::LimitFreed);
    // So does the patient of another province's hospital, whatever changes: between provinces the receipt stands.
    let is_patients = (is_late && funds(&new.decision) > funds(&old.decision)) || before.across().is_some();
    let payee = if is_patients { before.person } else { payee(&before) };
    let booked = |decided: &Decided| {
        let parties = parties(&before, payee, &decided.facts);
        Booking::of(policy, &decided.decision, &parties).map_err(Trouble::internal)
    };
    let (was, is) = (booked(old)?, booked(new)?);
    entries.extend(book::adjust(heading, settled, &was, &is).map_err(Trouble::internal)?);
    Ok(Adjusted { before, now, entries })
}

/// Takes a claim out: the mirror of each of its entries, the last one first, and what it took from accounts comes back.
fn gone(context: &Context<'_>, desk: &Desk, claim: &Claim, till: &mut Till) -> Result<Recorded, Trouble> {
    // The answer shows the decision that is taken back.
    policy_of(context.policies, claim)?;
    let stored = desk.entries.get(&claim.id).map(Vec::as_slice).unwrap_or_default();
    let undone: Vec<Name> =
        stored.iter().filter(|entry| entry.kind == EntryKind::Reversal).filter_map(|entry| entry.original).collect();
    let standing = stored.iter().filter(|entry| entry.kind != EntryKind::Reversal && !undone.contains(&entry.id));
    let mut entries = Vec::new();
    for entry in standing.rev() {
        let mirror = book::reverse(context.id()?, context.today(), entry);
        entries.push(mirror.map_err(Trouble::internal)?);
    }
    till.settle_up(context, (claim, &claim.decided), None, true)?;
    let claim = Claim { state: State::Reversed, ..claim.clone() };
    Ok(Recorded { claim, entries, place: 0, booked_at: context.now })
}

/// To whom the funds' shares of a claim are owed: a manual reimbursement to the person, not to the institution.
fn payee(claim: &Claim) -> Name {
    if claim.kind == Kind::Reimbursed { claim.person } else { claim.institution }
}

/// Whose accounts a decision of a claim moves, where the funds owe their shares to `institution`.
fn parties(claim: &Claim, institution: Name, facts: &Facts) -> Parties {
    let (person, division) = (claim.person, facts.person.division);
    Parties { division, person, family: Some(person), institution, across: None }
}

/// Entries that move relatives' amounts to and from what is offered to the person; one for each owner that pays differently.
fn sharing(context: &Context<'_>, claim: &Claim, before: &[Draw], now: &[Draw]) -> Result<Vec<Entry>, Trouble> {
    let mut entries = Vec::new();
    for owner in owners(before, now) {
        let more = drawn_from(now, &owner) - drawn_from(before, &owner);
        if more.is_zero() {
            continue;
        }
        let heading = Heading { id: context.id()?, date: context.today(), reference: claim.id };
        let mut draft = Draft::new(EntryKind::Sharing, heading);
        draft.change(LedgerAccount::Personal { person: owner }, more);
        draft.change(LedgerAccount::Family { family: claim.person }, -more);
        entries.push(draft.seal().map_err(Trouble::internal)?);
    }
    Ok(entries)
}

impl Booked {
    /// Puts everything on the desk, to be written with the commit.
    pub(super) fn put_on(&self, desk: &mut Desk) {
        let recorded = self.gone.iter().chain(&self.new);
        for Recorded { claim, entries, .. } in recorded {
            desk.claims.insert(claim.id, claim.clone());
            desk.writes.entries.extend(entries.iter().cloned());
            desk.entries.entry(claim.id).or_default().extend(entries.iter().cloned());
        }
        if let Some(Recorded { claim, .. }) = &self.new {
            desk.writes.claims.insert(claim.id);
            desk.writes.decided.push(claim.clone());
            desk.bills.insert((claim.institution, claim.origin.bill.id.to_string()), claim.id);
        }
        if let Some(Recorded { claim, .. }) = &self.gone {
            desk.writes.changed.insert(claim.id);
            desk.writes.freed.push(claim.id);
            desk.bills.retain(|_, id| *id != claim.id);
            desk.stays.retain(|_, id| *id != claim.id);
            desk.evidence.retain(|_, id| *id != claim.id);
        }
        for Adjusted { now, entries, .. } in &self.adjusted {
            desk.claims.insert(now.id, now.clone());
            desk.writes.changed.insert(now.id);
            desk.writes.decided.push(now.clone());
            desk.writes.entries.extend(entries.iter().cloned());
            desk.entries.entry(now.id).or_default().extend(entries.iter().cloned());
        }
        let changed = self.adjusted.iter().map(|one| &one.now);
        let claims =
            self.gone.iter().chain(&self.new).map(|recorded| &recorded.claim).chain(changed).cloned().collect();
        desk.writes.touched.push(Touched { year: self.year.clone(), claims, opening: Vec::new() });
        let key = (self.year.person, self.year.year);
        desk.years.insert(key, self.year.clone());
        desk.writes.years.insert(key);
        self.till.put_on(desk);
    }
}

/// The first decision of a claim.
pub(super) fn first(context: &Context<'_>, (facts, decision): (Arc<Facts>, Arc<Decision>)) -> Decided {
    let (draws, refunds) = (Vec::new(), Vec::new());
    let (revision, cause, cause_claim) = (0, Cause::Settled, None);
    Decided { revision, cause, cause_claim, facts, decision, draws, refunds, at: context.now }
}
