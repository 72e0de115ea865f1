//! Applications: what may follow what, who may decide, and what a decision has brought.

mod award;

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use money::Fen;
use terms::{Category, Division, Name};

use super::words::words;
use super::{Evidence, Terms};

pub(crate) use award::{Awarding, Revision, awards};

words! {
    /// Where an application stands.
    ApplicationState {
        Applied "applied", Proposed "proposed", Approved "approved", Rejected "rejected", Paid "paid",
        Appealed "appealed", Withdrawn "withdrawn",
    }
    /// What a step did.
    Act {
        Applied "applied", Attached "attached", Proposed "proposed", Confirmed "confirmed", SentBack "sent_back",
        Paid "paid", Appealed "appealed", Withdrawn "withdrawn",
    }
}

/// What can be done with an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Attach,
    Propose,
    Approve,
    Reject,
    SendBack,
    Pay,
    Appeal,
    Withdraw,
}

impl Verb {
    /// The call that does it.
    const fn call(self) -> &'static str {
        match self {
            Self::Attach => "AttachEvidence",
            Self::Propose => "ProposeDecision",
            Self::Approve | Self::Reject | Self::SendBack => "ConfirmDecision",
            Self::Pay => "PayApplication",
            Self::Appeal => "Appeal",
            Self::Withdraw => "WithdrawApplication",
        }
    }
}

/// Where a verb leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Nowhere else.
    Stays,
    To(ApplicationState),
    /// To what was decided before the appeal; without one the application is withdrawn.
    Back,
}

/// What may be done in which state, and where it leads; what is not here is refused.
const WAYS: &[(ApplicationState, &[(Verb, Way)])] = {
    use ApplicationState as At;
    use Verb::{Appeal, Approve, Attach, Pay, Propose, Reject, SendBack, Withdraw};
    use Way::{Back, Stays, To};
    &[
        (At::Applied, &[(Attach, Stays), (Propose, To(At::Proposed)), (Withdraw, Back)]),
        (
            At::Proposed,
            &[
                (Attach, Stays),
                (Approve, To(At::Approved)),
                (Reject, To(At::Rejected)),
                (SendBack, To(At::Applied)),
                (Withdraw, Back),
            ],
        ),
        (At::Approved, &[(Attach, Stays), (Pay, To(At::Paid)), (Appeal, To(At::Appealed))]),
        (At::Rejected, &[(Appeal, To(At::Appealed))]),
        (At::Paid, &[(Appeal, To(At::Appealed))]),
        (At::Appealed, &[(Attach, Stays), (Propose, To(At::Proposed)), (Withdraw, Back)]),
        (At::Withdrawn, &[]),
    ]
};

fn ways(state: ApplicationState) -> &'static [(Verb, Way)] {
    WAYS.iter().find(|(at, _)| *at == state).map_or(&[], |(_, ways)| ways)
}

/// The calls a state allows, as people are told.
pub(crate) fn allowed(state: ApplicationState) -> String {
    let mut calls: Vec<&str> = ways(state).iter().map(|(verb, _)| verb.call()).collect();
    calls.dedup();
    if calls.is_empty() { "nothing".to_owned() } else { calls.join(", ") }
}

/// The state a verb leads to; none where it is not allowed. `decided` is what was appealed against.
pub(crate) fn leads_to(
    state: ApplicationState,
    decided: Option<ApplicationState>,
    verb: Verb,
) -> Option<ApplicationState> {
    let (_, way) = ways(state).iter().find(|(known, _)| *known == verb)?;
    Some(match way {
        Way::Stays => state,
        Way::To(next) => *next,
        Way::Back => decided.unwrap_or(ApplicationState::Withdrawn),
    })
}

/// What is applied for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Category(Category),
    /// Temporary assistance, of at most as much.
    Temporary(Fen),
}

impl Wanted {
    /// Whether two applications are about the same thing, whatever the amount.
    pub(crate) fn is_same_thing(self, other: Self) -> bool {
        match (self, other) {
            (Self::Category(one), Self::Category(other)) => one == other,
            (Self::Temporary(_), Self::Temporary(_)) => true,
            _ => false,
        }
    }
}

/// What an officer proposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Category(Terms),
    Temporary(Fen),
    /// With the reason.
    Reject(String),
}

/// An application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Application {
    pub(crate) id: Name,
    pub(crate) person: Name,
    pub(crate) division: Division,
    pub(crate) year: i32,
    pub(crate) wanted: Wanted,
    pub(crate) state: ApplicationState,
    /// What stood before the appeal that is open.
    pub(crate) decided: Option<ApplicationState>,
    pub(crate) steps: u32,
    /// The step that proposed what is to be confirmed.
    pub(crate) proposal: Option<u32>,
    /// What was proposed last.
    pub(crate) decision: Option<Decision>,
    /// The category that was granted, and the person's last Change before that.
    pub(crate) grant: Option<(Name, u64)>,
    /// Temporary assistance that was approved.
    pub(crate) approved: Fen,
    pub(crate) paid: Fen,
    pub(crate) watch_entry: Option<Name>,
    pub(crate) applied_at: DateTime<Utc>,
}

/// One step of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApplicationStep {
    pub(crate) number: u32,
    pub(crate) act: Act,
    pub(crate) operator: String,
    pub(crate) remark: String,
    pub(crate) state: ApplicationState,
    pub(crate) done_at: DateTime<Utc>,
}

/// Who does something, and what is said to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct By {
    pub(crate) operator: String,
    pub(crate) remark: String,
}

/// What became due of an application is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) reference: String,
    pub(crate) amount: Fen,
    pub(crate) day: NaiveDate,
}

/// The evidence of an application may grow to this many.
pub(crate) const EVIDENCE_MOST: usize = 200;

/// Evidence of an application, with the step that attached it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attached {
    pub(crate) number: u32,
    pub(crate) step: u32,
    pub(crate) evidence: Evidence,
}

impl Application {
    /// Whether nobody has decided it, or it is to be decided again.
    pub(crate) const fn is_open(&self) -> bool {
        use ApplicationState::{Appealed, Applied, Proposed};
        matches!(self.state, Applied | Proposed | Appealed)
    }

    /// Whether something was approved that an appeal leaves as it is.
    pub(crate) const fn has_approval(&self) -> bool {
        matches!(self.decided, Some(ApplicationState::Approved | ApplicationState::Paid))
    }

    /// The state a verb leads to; none where it is not allowed.
    pub(crate) fn leads_to(&self, verb: Verb) -> Option<ApplicationState> {
        leads_to(self.state, self.decided, verb)
    }

    /// Does what is allowed: the new step.
    pub(crate) fn step(&mut self, act: Act, to: ApplicationState, by: &By, now: DateTime<Utc>) -> ApplicationStep {
        self.steps = self.steps.saturating_add(1);
        if act == Act::Appealed {
            self.decided = Some(self.state);
        } else if matches!(act, Act::Confirmed | Act::Withdrawn) {
            self.decided = None;
        }
        if act == Act::Proposed {
            self.proposal = Some(self.steps);
        } else if act != Act::Attached {
            self.proposal = None;
        }
        self.state = to;
        let By { operator, remark } = by.clone();
        ApplicationStep { number: self.steps, act, operator, remark, state: to, done_at: now }
    }
}

/// Whether an officer has decided before: proposed, or confirmed, a decision that was confirmed.
pub(crate) fn has_decided(steps: &[ApplicationStep], operator: &str) -> bool {
    let mut deciders = BTreeSet::new();
    let mut proposer = None;
    for step in steps {
        match step.act {
            Act::Proposed => proposer = Some(officer(&step.operator)),
            Act::Confirmed => deciders.extend(proposer.clone().into_iter().chain([officer(&step.operator)])),
            _ => {}
        }
    }
    deciders.contains(&officer(operator))
}

/// Whether an officer proposed what is to be confirmed.
pub(crate) fn has_proposed(steps: &[ApplicationStep], operator: &str) -> bool {
    let proposed = steps.iter().rev().find(|step| step.act == Act::Proposed);
    proposed.is_some_and(|step| officer(&step.operator) == officer(operator))
}

/// Who an account is: nobody becomes another officer by writing the account otherwise.
fn officer(operator: &str) -> String {
    operator.split_whitespace().collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests;
