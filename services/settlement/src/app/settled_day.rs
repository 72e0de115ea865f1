//! The day of settlement: the bureau's day of the commit, by which claims are reconciled with their institution.

use std::borrow::Cow;

use chrono::NaiveDate;
use rpc::{Fault, Reason, Violation};

use super::plan::NewBill;
use super::settle::Settle;
use super::{Context, Trouble};
use crate::domain::{Desk, Kind};

/// Whose word a bill's day of settlement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettledDay {
    /// The caller named none: it is the day of the commit, whatever the bill says so far.
    OfCommit,
    /// The caller named it, and is not trusted with another day than that of the commit.
    Named,
    /// The caller named it, and is trusted with a past one.
    NamedByTrusted,
}

impl Settle {
    /// The day that a trusted caller named, where it may be a past one on which claims are reconciled. What was reimbursed by hand
    /// is in no institution's books.
    #[must_use]
    pub fn past_day(&self) -> Option<NaiveDate> {
        let is_named = self.day == SettledDay::NamedByTrusted && self.kind != Kind::Reimbursed;
        is_named.then_some(self.new.bill.settled)
    }
}

/// The bill with its day of settlement.
///
/// # Errors
/// `INVALID_FIELDS` for another day than today from a caller who is not trusted with one; `WRONG_STATE` for a past day whose
/// claims were reconciled with the institution; `CONTENDED` where the year ended between reading and committing.
pub(super) fn on_its_day<'s>(
    context: &Context<'_>,
    desk: &Desk,
    settle: &'s Settle,
) -> Result<Cow<'s, Settle>, Trouble> {
    let (today, named) = (context.today(), settle.new.bill.settled);
    match settle.day {
        _ if named == today => Ok(Cow::Borrowed(settle)),
        SettledDay::OfCommit => {
            let bill = policy::Bill { settled: today, ..settle.new.bill.clone() };
            let moved = Settle { new: NewBill { bill, ..settle.new.clone() }, ..settle.clone() };
            if moved.year() != settle.year() {
                let message = "the year ended meanwhile; try again with the same key";
                return Err(Fault::new(Reason::Contended, message).into());
            }
            Ok(Cow::Owned(moved))
        }
        SettledDay::Named => {
            let field = "submission.bill.settled_date".to_owned();
            let expected = format!("nothing, or today, {today}: a bill is settled on the day of its commit");
            Err(Fault::invalid(vec![Violation { field, found: named.to_string(), expected }]).into())
        }
        SettledDay::NamedByTrusted if desk.reconciled.contains(&(settle.institution, named)) => {
            let message = "the claims of this day of settlement were reconciled with the institution already; leave \
                           settled_date out, and the bill counts on the day of its commit";
            Err(Fault::wrong_state("reconciled", message).with("settled_date", named.to_string()).into())
        }
        SettledDay::NamedByTrusted => Ok(Cow::Borrowed(settle)),
    }
}
