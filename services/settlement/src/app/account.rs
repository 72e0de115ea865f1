//! What happens to accounts beside bills: credits, debits, bindings between relatives.

use chrono::NaiveDate;
use ledger::{Account as LedgerAccount, Draft, Entry, Heading};
use money::Fen;
use rpc::{Fault, Reason, Violation, Violations};
use store::idempotency::Call;
use terms::{Division, EntryKind, Name};

use super::till::{Move, Till};
use super::{Context, Trouble};
use crate::domain::{Binding, Desk, Movement, MovementKind};

/// An amount to put on an account.
#[derive(Clone, Debug)]
pub struct Credit {
    /// The call.
    pub call: Call,
    /// The owner.
    pub person: Name,
    /// What is credited, named by the sender for ever.
    pub credit: Name,
    /// Credit or brought in.
    pub kind: MovementKind,
    /// How much, in fen, above zero.
    pub amount: Fen,
    /// The division whose fund credits it, or that brings it in.
    pub division: Division,
    /// The fund that credits it; none for what is brought in.
    pub payer: Option<Name>,
}

/// An amount to take off an account.
#[derive(Clone, Debug)]
pub struct Debit {
    /// The call.
    pub call: Call,
    /// The owner.
    pub person: Name,
    /// Relative's premium, taken along or taken back.
    pub kind: MovementKind,
    /// How much, in fen, above zero.
    pub amount: Fen,
    /// The payment or transfer it is for.
    pub about: Name,
    /// The relative.
    pub relative: Option<Name>,
    /// For what is taken back: the division, and the fund that credited it; none where it was brought in. What goes elsewhere is
    /// payable.
    pub back: Option<(Division, Option<Name>)>,
}

/// A relative's bills to be paid from an account.
#[derive(Clone, Debug)]
pub struct Bind {
    /// The call.
    pub call: Call,
    /// Whose account.
    pub owner: Name,
    /// Whose bills.
    pub relative: Name,
    /// What the relative is to the owner, a word of `Relation`.
    pub relation: String,
    /// First day; today where none is given.
    pub from: Option<NaiveDate>,
}

/// A binding to end.
#[derive(Clone, Debug)]
pub struct Unbind {
    /// The call.
    pub call: Call,
    /// The binding.
    pub binding: Name,
    /// Last day; today where none is given.
    pub to: Option<NaiveDate>,
}

/// An account that moved.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The movement.
    pub movement: Movement,
    /// What of a taking back was not there and is owed now, in fen.
    pub owed: Fen,
    /// What was booked: the movement's own entry, and what of a debt came in by it.
    pub entries: Vec<Entry>,
}

pub(super) fn credit(context: &Context<'_>, desk: &mut Desk, credit: &Credit) -> Result<Moved, Trouble> {
    if desk.credits.contains_key(credit.credit.as_str()) {
        let fault = Fault::new(Reason::Duplicate, "this credit was booked under another key");
        return Err(fault.with("kind", "credit").with("id", credit.credit.as_str()).into());
    }
    let from = source(credit.division, credit.payer);
    let heading = Heading { id: context.id()?, date: context.today(), reference: credit.credit };
    let mut draft = Draft::new(EntryKind::AccountCredit, heading);
    draft.debit(from, credit.amount);
    draft.credit(LedgerAccount::Personal { person: credit.person }, credit.amount);
    let Credit { person, kind, amount, .. } = *credit;
    let moved =
        book(context, desk, draft, Move { person, kind, amount, about: credit.credit.as_str(), relative: None })?;
    desk.credits.insert(credit.credit.to_string(), (credit.person, credit.amount));
    Ok(moved)
}

/// Where a credit is from: a fund, or what was brought in.
fn source(division: Division, payer: Option<Name>) -> LedgerAccount {
    payer.map_or(LedgerAccount::Opening { division }, |payer| LedgerAccount::Fund { division, payer })
}

pub(super) fn debit(context: &Context<'_>, desk: &mut Desk, debit: &Debit) -> Result<Moved, Trouble> {
    if desk.debits.contains(debit.about.as_str()) {
        let fault = Fault::new(Reason::Duplicate, "what this debit is for was taken off an account under another key");
        return Err(fault.with("kind", "debit").with("id", debit.about.as_str()).into());
    }
    if let Some(relative) = debit.relative {
        let bound = desk.bindings.get(&relative).into_iter().flatten().any(|binding| binding.owner == debit.person);
        if !bound {
            return Err(Fault::wrong_state("unbound", "no binding lets the account pay for this relative today").into());
        }
    }
    if let Some((division, payer)) = debit.back {
        return take_back(context, desk, debit, source(division, payer));
    }
    let heading = Heading { id: context.id()?, date: context.today(), reference: debit.about };
    let mut draft = Draft::new(EntryKind::AccountDebit, heading);
    draft.debit(LedgerAccount::Personal { person: debit.person }, debit.amount);
    draft.credit(LedgerAccount::Payable { institution: debit.about }, debit.amount);
    // what is owed on is the whole of it: the ledger holds an entry's payable to its total
    draft.total = debit.amount;
    let Debit { person, kind, relative, .. } = *debit;
    let what = Move { person, kind, amount: -debit.amount, about: debit.about.as_str(), relative };
    let moved = book(context, desk, draft, what)?;
    desk.debits.insert(debit.about.to_string());
    Ok(moved)
}

/// Takes an amount back into the fund that credited it, whether it is there or not: what is not there, the owner owes.
fn take_back(context: &Context<'_>, desk: &mut Desk, debit: &Debit, from: LedgerAccount) -> Result<Moved, Trouble> {
    let Debit { person, kind, amount, about, relative, .. } = *debit;
    let credited = desk.credits.get(about.as_str()).filter(|(whose, _)| *whose == person);
    let (_, credited) = *credited.ok_or_else(|| Fault::not_found("account_credit", about.as_str()))?;
    let mut v = Violations::new();
    if amount > credited {
        v.add("amount_fen", amount.get(), format!("no more than was credited, {} fen", credited.get()));
    }
    v.finish(Some(()))?;
    let mut till = Till::new(desk, context.now);
    let there = till.balance(&person).min(amount);
    let (spent, about) = (amount - there, about.as_str());
    till.make(context, Move { person, kind: MovementKind::Owed, amount: spent, about, relative })?;
    let movement = till.make(context, Move { person, kind, amount: -amount, about, relative })?;
    let heading = Heading { id: context.id()?, date: context.today(), reference: debit.about };
    let entry = ledger::book::take_back(heading, from, person, (there, spent)).map_err(Trouble::internal)?;
    let moved = put(desk, &till, movement, entry)?;
    desk.debits.insert(about.to_owned());
    Ok(Moved { owed: spent, ..moved })
}

fn book(context: &Context<'_>, desk: &mut Desk, draft: Draft, what: Move<'_>) -> Result<Moved, Trouble> {
    let mut till = Till::new(desk, context.now);
    let movement = till.make(context, what)?;
    let entry = draft.seal().map_err(Trouble::internal)?;
    put(desk, &till, movement, entry)
}

/// Puts a movement and its entry on the desk, the entry before what of a debt came in by it.
fn put(desk: &mut Desk, till: &Till, movement: Option<Movement>, entry: Entry) -> Result<Moved, Trouble> {
    let movement = movement.ok_or_else(|| Trouble::internal("a movement of nothing"))?;
    let entries: Vec<Entry> = std::iter::once(&entry).chain(till.entries()).cloned().collect();
    desk.writes.entries.push(entry);
    till.put_on(desk);
    Ok(Moved { movement, owed: Fen::ZERO, entries })
}

pub(super) fn bind(context: &Context<'_>, desk: &mut Desk, bind: &Bind) -> Result<Binding, Trouble> {
    let today = context.today();
    let from = bind.from.unwrap_or(today);
    let pair = desk.pairs.entry((bind.owner, bind.relative)).or_default();
    // What is given no end runs into every binding that has not ended when it begins: together they would offer the account twice.
    if let Some(binding) = pair.iter().find(|binding| binding.to.is_none_or(|to| to >= binding.from.max(from))) {
        let fault = Fault::new(Reason::Duplicate, "the account is bound to this relative then already");
        return Err(fault.with("kind", "binding").with("id", binding.id.as_str()).into());
    }
    let (id, relation) = (context.id()?, bind.relation.clone());
    let binding = Binding { id, owner: bind.owner, relative: bind.relative, relation, from, to: None };
    pair.push(binding.clone());
    if from <= today {
        let bound = desk.bindings.entry(bind.relative).or_default();
        bound.push(binding.clone());
        bound.sort_by_key(|binding| (binding.from, binding.id));
    }
    desk.writes.bindings.push(binding.clone());
    Ok(binding)
}

pub(super) fn unbind(context: &Context<'_>, desk: &mut Desk, unbind: &Unbind) -> Result<Binding, Trouble> {
    let today = context.today();
    let to = unbind.to.unwrap_or(today);
    if to < today {
        let (field, found) = ("to_date".to_owned(), to.to_string());
        return Err(Fault::invalid(vec![Violation { field, found, expected: "today or later".to_owned() }]).into());
    }
    let binding = desk.named.get_mut(&unbind.binding);
    let binding = binding.ok_or_else(|| Fault::not_found("binding", unbind.binding.as_str()))?;
    if binding.to.is_some() {
        return Err(Fault::wrong_state("ended", "the binding has ended, or its end is set").into());
    }
    binding.to = Some(to);
    let ended = binding.clone();
    let known = desk.bindings.values_mut().chain(desk.pairs.values_mut()).flatten();
    for known in known.filter(|known| known.id == ended.id) {
        known.clone_from(&ended);
    }
    desk.writes.bindings.push(ended.clone());
    Ok(ended)
}
