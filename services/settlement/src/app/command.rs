//! The commands that change something, what each needs, and what each gives.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use store::idempotency::{Call, Kept};
use terms::{Category, Name};

use super::account::{self, Bind, Credit, Debit, Moved, Unbind};
use super::open_year::{OpenYear, YearOpened, open_year};
use super::reassess::{self, Reassess, Reassessed};
use super::refund::{self, Refund, Refunded};
use super::reverse::{self, Original, Reverse, Reversed};
use super::settle::{self, Settle, Settled};
use super::{Context, Trouble};
use crate::domain::{Binding, Desk, Kind};
use crate::store::Needs;

/// A command.
#[derive(Clone, Debug)]
pub enum Command {
    /// Settle a bill.
    Settle(Box<Settle>),
    /// Keep the answer to a bill whose person is not enrolled: a refusal, and nothing else.
    Refuse(Call),
    /// Take a claim out.
    Reverse(Reverse),
    /// Take lines out of a claim.
    Refund(Refund),
    /// Decide a year anew.
    Reassess(Reassess),
    /// Put an amount on an account.
    Credit(Credit),
    /// Take an amount off an account.
    Debit(Debit),
    /// Give a year a start.
    OpenYear(OpenYear),
    /// Let a relative's bills be paid from an account.
    Bind(Bind),
    /// End that.
    Unbind(Unbind),
}

/// What a command gave.
#[derive(Clone, Debug)]
pub enum Done {
    /// A bill was settled or refused.
    Settled(Settled),
    /// A refusal was kept.
    Refused,
    /// A claim was reversed, or there was none; with the key of the original, where it was named by it.
    Reversed(Reversed, String),
    /// Lines were refunded.
    Refunded(Box<Refunded>),
    /// A year was decided anew.
    Reassessed(Box<Reassessed>),
    /// An account moved.
    Moved(Box<Moved>),
    /// A year is open.
    Opened(Box<YearOpened>),
    /// A binding was made or ended.
    Bound(Binding),
}

impl Command {
    /// The call.
    #[must_use]
    pub const fn call(&self) -> &Call {
        match self {
            Self::Settle(command) => &command.call,
            Self::Refuse(call) => call,
            Self::Reverse(command) => &command.call,
            Self::Refund(command) => &command.call,
            Self::Reassess(command) => &command.call,
            Self::Credit(command) => &command.call,
            Self::Debit(command) => &command.call,
            Self::OpenYear(command) => &command.call,
            Self::Bind(command) => &command.call,
            Self::Unbind(command) => &command.call,
        }
    }

    /// The call it is about, where it names one by its key.
    #[must_use]
    pub const fn original(&self) -> Option<&Call> {
        match self {
            Self::Reverse(Reverse { original: Original::Call(call), .. }) => Some(call),
            _ => None,
        }
    }

    /// Whether it is likely to take of the third system's funds: then they are asked before the first commit is tried.
    #[must_use]
    pub const fn may_take_third(&self) -> bool {
        match self {
            Self::Settle(command) => !command.new.person.categories.is_empty(),
            Self::Reassess(_) => true,
            _ => false,
        }
    }

    /// Takes over what the keeper of the third system says of the person's categories on days.
    pub fn renew(&mut self, days: &BTreeMap<NaiveDate, Vec<Category>>) {
        match self {
            Self::Settle(command) if !command.new.has_own_categories => {
                let new = &mut command.new;
                // of a stay the day may be that of the whole: it is the one day that was compared
                let own = days.get(&new.policy.day_of_rules(&new.person, &new.bill));
                let whole = days.values().next().filter(|_| !command.stay.is_empty());
                if let Some(categories) = own.or(whole) {
                    new.person.categories.clone_from(categories);
                }
            }
            Self::Reassess(command) => command.days.extend(days.iter().map(|(day, known)| (*day, known.clone()))),
            _ => {}
        }
    }

    /// Adds what it needs on the desk.
    pub fn needs(&self, needs: &mut Needs) {
        match self {
            Self::Settle(command) => settle_needs(command, needs),
            Self::Refuse(_) => {}
            Self::Reverse(Reverse { original: Original::Claim(claim), .. }) => {
                needs.claims.insert(*claim);
            }
            Self::Reverse(Reverse { original: Original::Call(call), institution, .. }) => {
                needs.keys.insert((*institution, call.key().to_owned()));
            }
            Self::Refund(command) => {
                needs.claims.insert(command.claim);
            }
            Self::Reassess(command) => {
                needs.persons.insert(command.person);
                needs.whole.insert((command.person, command.year));
            }
            Self::Credit(command) => {
                needs.persons.insert(command.person);
                needs.credits.insert(command.credit.to_string());
            }
            Self::Debit(command) => {
                needs.persons.extend(command.relative.into_iter().chain([command.person]));
                needs.debits.insert(command.about.to_string());
                // the credit that is taken back
                needs.credits.extend(command.back.map(|_| command.about.to_string()));
            }
            Self::OpenYear(command) => {
                needs.persons.insert(command.person);
                needs.years.insert((command.person, command.year));
                if command.replaces.is_some() {
                    needs.whole.insert((command.person, command.year));
                }
            }
            Self::Bind(command) => {
                needs.persons.extend([command.owner, command.relative]);
                needs.pairs.insert((command.owner, command.relative));
            }
            Self::Unbind(command) => {
                needs.bindings.insert(command.binding);
            }
        }
    }

    /// Carries it out on the desk; nothing of the desk is changed where it fails.
    pub(super) fn carry_out(
        &self,
        context: &Context<'_>,
        desk: &mut Desk,
        original: Option<&Kept>,
    ) -> Result<Done, Trouble> {
        Ok(match self {
            Self::Settle(command) => Done::Settled(settle::settle(context, desk, command)?),
            Self::Refuse(_) => Done::Refused,
            Self::Reverse(command) => {
                let key = self.original().map(|call| call.key().to_owned()).unwrap_or_default();
                Done::Reversed(reverse::reverse(context, desk, command, original)?, key)
            }
            Self::Refund(command) => Done::Refunded(Box::new(refund::refund(context, desk, command)?)),
            Self::Reassess(command) => Done::Reassessed(Box::new(reassess::reassess(context, desk, command)?)),
            Self::Credit(command) => Done::Moved(Box::new(account::credit(context, desk, command)?)),
            Self::Debit(command) => Done::Moved(Box::new(account::debit(context, desk, command)?)),
            Self::OpenYear(command) => Done::Opened(Box::new(open_year(context, desk, command)?)),
            Self::Bind(command) => Done::Bound(account::bind(context, desk, command)?),
            Self::Unbind(command) => Done::Bound(account::unbind(context, desk, command)?),
        })
    }
}

fn settle_needs(command: &Settle, needs: &mut Needs) {
    let institution: Name = command.institution;
    needs.persons.insert(command.person);
    needs.years.insert((command.person, command.year()));
    needs.bills.insert((institution, command.new.bill.id.to_string()));
    needs.reconciled.extend(command.past_day().map(|day| (institution, day)));
    if !command.stay.is_empty() {
        needs.stays.insert((institution, command.stay.clone()));
        // the stay may begin in this very commit, and be taken in by its next part: the year is then decided anew from there
        needs.whole.insert((command.person, command.year()));
    }
    if command.kind == Kind::Reimbursed {
        needs.invoices.extend(command.invoices());
    }
}
