//! Suspends benefits and resumes them.

use chrono::NaiveDate;
use rpc::{Fault, Violations};
use store::Tx;

use super::enrol::locked_enrolment;
use super::{App, Problem, end};
use crate::domain::{Days, Enrolment, State, Suspension};
use crate::store::enrolments;

/// Asks to suspend or to resume.
pub(crate) struct Suspend {
    pub(crate) enrolment: String,
    pub(crate) from: NaiveDate,
    pub(crate) reason: String,
}

/// Suspends benefits from a day on; gives the days with benefits that are lost, too.
pub(crate) async fn suspend(app: &App, tx: &Tx, command: &Suspend) -> Result<(Enrolment, Vec<Days>), Problem> {
    let (_, mut enrolment) = locked_enrolment(tx, &command.enrolment).await?;
    if enrolment.state != State::Active {
        return Err(Fault::wrong_state(enrolment.state.word(), "only an active enrolment is suspended").into());
    }
    if !enrolment.holds(command.from) {
        let mut violations = Violations::new();
        violations.add("from_date", command.from, "a day on which the enrolment holds");
        violations.finish(Some(()))?;
    }
    let before = enrolment.benefits();
    let (from, reason) = (command.from, command.reason.clone());
    enrolment.suspensions.push(Suspension { from, to: None, reason, resumed_because: String::new() });
    enrolment.state = State::Suspended;
    let lost = end::without(before, &enrolment.benefits());
    Ok((next(app, tx, enrolment).await?, lost))
}

/// Resumes benefits from a day on.
pub(crate) async fn resume(app: &App, tx: &Tx, command: &Suspend) -> Result<Enrolment, Problem> {
    let (_, mut enrolment) = locked_enrolment(tx, &command.enrolment).await?;
    if enrolment.state != State::Suspended {
        return Err(Fault::wrong_state(enrolment.state.word(), "only a suspended enrolment is resumed").into());
    }
    if let Some(last) = enrolment.suspensions.last_mut() {
        if command.from < last.from {
            let mut violations = Violations::new();
            violations.add(
                "from_date",
                command.from,
                format!("a day not before the suspension's first, {}", last.from),
            );
            violations.finish(Some(()))?;
        }
        // resumed on its first day, a suspension has no day left
        last.to = command.from.pred_opt();
        last.resumed_because.clone_from(&command.reason);
    }
    enrolment.state = State::Active;
    next(app, tx, enrolment).await
}

/// Records the next version of an enrolment.
pub(crate) async fn next(app: &App, tx: &Tx, enrolment: Enrolment) -> Result<Enrolment, Problem> {
    let (version, recorded_at) = (enrolment.version + 1, app.after(enrolment.recorded_at));
    let enrolment = Enrolment { version, recorded_at, ..enrolment };
    enrolments::add(tx, std::slice::from_ref(&enrolment)).await?;
    Ok(enrolment)
}
