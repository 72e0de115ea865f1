//! Goes over to the other scheme: one ends, the other begins the day after; refused, nothing ends.

use chrono::NaiveDate;
use rpc::{Fault, Violations};
use store::Tx;

use super::decide::Refused;
use super::end::{ended, without};
use super::enrol::{self, Done, NEWEST, locked_enrolment};
use super::suspend::next;
use super::{App, Problem};
use crate::domain::{Days, EndReason, Enrolment, State, Terms};
use crate::store::enrolments;

/// Asks to go over to the other scheme.
pub(crate) struct Switch {
    pub(crate) enrolment: String,
    pub(crate) to: NaiveDate,
    pub(crate) terms: Terms,
}

/// The new enrolment and the one that ended.
pub(crate) struct Switched {
    pub(crate) done: Done,
    pub(crate) ended: Enrolment,
    /// Days with benefits that the one that ended loses.
    pub(crate) lost: Vec<Days>,
}

/// Goes over to the other scheme.
pub(crate) async fn switch(app: &App, tx: &Tx, command: &Switch) -> Result<Result<Switched, Refused>, Problem> {
    let (person, old) = locked_enrolment(tx, &command.enrolment).await?;
    if old.state == State::Unpaid {
        let message = "an enrolment that was never paid has nothing to go over from: pay it or end it first";
        return Err(Fault::wrong_state(old.state.word(), message).into());
    }
    let mut violations = Violations::new();
    violations.within("terms", |v| {
        if command.terms.scheme == old.terms.scheme {
            v.add("scheme", wire::name(command.terms.scheme), "another scheme than that of the enrolment that ends");
        }
        if command.terms.division != old.terms.division {
            v.add(
                "division",
                command.terms.division,
                "the place of the enrolment that ends; other places are transfers",
            );
        }
    });
    violations.finish(Some(()))?;
    let before = old.benefits();
    let ended = ended(old, command.to, EndReason::Switched)?;
    let lost = without(before, &ended.benefits());
    let others: Vec<Enrolment> = enrolments::of_person(tx, &person.id, NEWEST).await?;
    let others =
        others.into_iter().map(|other| if other.id == ended.id { ended.clone() } else { other }).collect::<Vec<_>>();
    let mut terms = command.terms.clone();
    terms.after(command.to, app.today());
    match enrol::begin(app, tx, &person, terms, &others).await? {
        Ok(done) => Ok(Ok(Switched { done, ended: next(app, tx, ended).await?, lost })),
        Err(refused) => Ok(Err(refused)),
    }
}
