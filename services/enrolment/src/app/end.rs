//! Ends an enrolment.

use chrono::NaiveDate;
use rpc::{Fault, Violations};
use store::Tx;

use super::enrol::locked_enrolment;
use super::suspend::next;
use super::{App, Problem};
use crate::domain::{Days, EndReason, Enrolment, State};

/// Asks to end an enrolment.
pub(crate) struct End {
    pub(crate) enrolment: String,
    pub(crate) to: NaiveDate,
    pub(crate) reason: EndReason,
}

/// Ends an enrolment.
pub(crate) async fn end(app: &App, tx: &Tx, command: &End) -> Result<Enrolment, Problem> {
    let (_, enrolment) = locked_enrolment(tx, &command.enrolment).await?;
    let ended = ended(enrolment, command.to, command.reason)?;
    next(app, tx, ended).await
}

/// An enrolment that ends on a day: its last one, or the day before its first where it never was.
pub(crate) fn ended(enrolment: Enrolment, to: NaiveDate, reason: EndReason) -> Result<Enrolment, Fault> {
    if enrolment.state == State::Ended {
        return Err(Fault::wrong_state(State::Ended.word(), "the enrolment has ended"));
    }
    shortened(enrolment, to, reason)
}

/// The same, also of one that has ended: of a duplicate, days may be left that another enrolment holds.
pub(crate) fn shortened(mut enrolment: Enrolment, to: NaiveDate, reason: EndReason) -> Result<Enrolment, Fault> {
    let from = enrolment.days.map_or(to, |days| days.from);
    let least = from.pred_opt().unwrap_or(from);
    let most = enrolment.days.map_or(to, |days| days.to);
    if to < least || to > most {
        let mut violations = Violations::new();
        violations.add("to_date", to, format!("a day from {least} to {most}"));
        violations.finish(Some(()))?;
    }
    enrolment.days = Days::new(from, to.min(most));
    enrolment.state = State::Ended;
    enrolment.ended = Some(to);
    enrolment.end_reason = Some(reason);
    Ok(enrolment)
}
