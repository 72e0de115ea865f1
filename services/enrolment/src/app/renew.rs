//! Enrols a person for the year after.

use chrono::NaiveDate;
use rpc::{Fault, Violations};
use store::Tx;
use terms::{EnrolHow, PersonGroup, Scheme};

use super::decide::Refused;
use super::enrol::{self, Done, NEWEST, locked_enrolment};
use super::{App, Problem};
use crate::domain::{EndReason, Enrolment, Granted, History, State, Terms};
use crate::store::enrolments;

/// Asks to renew.
pub(crate) struct Renew {
    pub(crate) enrolment: String,
    /// What the new year differs in, whole.
    pub(crate) terms: Option<Terms>,
    /// The day of the call.
    pub(crate) today: NaiveDate,
    /// What assistance has granted that holds on it, where the terms are those of the year before; none where it was not asked.
    pub(crate) granted: Option<Granted>,
}

/// Enrols a person for the year after the enrolment's.
pub(crate) async fn renew(app: &App, tx: &Tx, command: &Renew) -> Result<Result<Done, Refused>, Problem> {
    let (person, old) = locked_enrolment(tx, &command.enrolment).await?;
    if old.state == State::Ended && old.end_reason != Some(EndReason::Wish) {
        return Err(Fault::wrong_state(old.state.word(), "an enrolment that ended is not renewed").into());
    }
    let year = old.terms.cover_year + 1;
    let terms = match &command.terms {
        Some(terms) => {
            let mut violations = Violations::new();
            if terms.cover_year != year {
                violations
                    .within("terms", |v| v.add("cover_year", terms.cover_year, format!("the year after, {year}")));
            }
            violations.finish(Some(terms.clone()))?
        }
        None => renewed(&old, year, command),
    };
    let others = enrolments::of_person(tx, &person.id, NEWEST).await?;
    enrol::begin(app, tx, &person, terms, &others).await
}

/// The terms of the year before. How a person came to be enrolled, and what was before, was that year's: a resident who renews
/// before the year begins does so in the central period, later it is late; employees have no such period and go on from the
/// day on which their insurance stopped. A newborn is a minor in the next year.
fn renewed(old: &Enrolment, year: i32, command: &Renew) -> Terms {
    let mut terms =
        Terms { cover_year: year, enrolled: command.today, joined: None, grants: None, ..old.terms.clone() };
    if let Some(granted) = command.granted.clone() {
        terms.granted(granted);
    }
    let in_time = terms.enrolled < terms.year().from;
    terms.history = History { carried_months: old.terms.history.carried_months, ..History::default() };
    terms.how = match terms.scheme {
        Scheme::Employee => EnrolHow::AfterEmployee,
        Scheme::Resident if in_time => EnrolHow::CentralPeriod,
        Scheme::Resident => EnrolHow::Late,
    };
    if terms.scheme == Scheme::Employee {
        terms.history.employee_ended = old.days.map(|days| days.to);
    }
    if terms.group == PersonGroup::Newborn {
        terms.group = PersonGroup::Minor;
    }
    terms
}
