//! Recognises diseases, takes people into plans, and ends both.

use chrono::NaiveDate;
use rpc::{Fault, Violations};
use store::Tx;

use super::enrol::{NEWEST, locked};
use super::{App, Problem};
use crate::domain::{Qualification, QualificationKind};
use crate::store::qualifications;

/// Asks to recognise a disease or to join a plan.
pub(crate) struct Qualify {
    pub(crate) person: String,
    pub(crate) kind: QualificationKind,
    pub(crate) name: String,
    pub(crate) from: NaiveDate,
    pub(crate) to: Option<NaiveDate>,
    pub(crate) evidence: String,
    pub(crate) operator: String,
}

/// Asks to end a recognition or a membership.
pub(crate) struct EndQualification {
    pub(crate) qualification: String,
    pub(crate) to: NaiveDate,
    pub(crate) reason: String,
}

/// Recognises a disease or takes a person into a plan.
pub(crate) async fn qualify(app: &App, tx: &Tx, command: &Qualify) -> Result<Qualification, Problem> {
    locked(tx, &command.person).await?;
    let there = qualifications::of_person(tx, &command.person, NEWEST).await?;
    let same = |one: &&Qualification| one.kind == command.kind && one.name == command.name;
    let overlaps = |one: &&Qualification| {
        one.to.is_none_or(|to| to >= command.from && to >= one.from) && command.to.is_none_or(|to| one.from <= to)
    };
    if let Some(other) = there.iter().filter(same).find(overlaps) {
        let fault = Fault::new(rpc::Reason::Duplicate, "the person has this on some of these days already");
        return Err(fault.with("kind", "qualification").with("qualification_id", other.id.clone()).into());
    }
    let qualification = Qualification {
        id: app.id(),
        version: 1,
        person: command.person.clone(),
        kind: command.kind,
        name: command.name.clone(),
        from: command.from,
        to: command.to,
        evidence: command.evidence.clone(),
        operator: command.operator.clone(),
        reason: String::new(),
        recorded_at: app.now(),
    };
    qualifications::add(tx, &qualification).await?;
    Ok(qualification)
}

/// Ends a recognition or a membership after a day.
pub(crate) async fn end(app: &App, tx: &Tx, command: &EndQualification) -> Result<Qualification, Problem> {
    let unknown = || Fault::not_found("qualification", &command.qualification);
    let person = qualifications::newest(tx, &command.qualification).await?.ok_or_else(unknown)?.person;
    locked(tx, &person).await?;
    let old = qualifications::newest(tx, &command.qualification).await?.ok_or_else(unknown)?;
    let least = old.from.pred_opt().unwrap_or(old.from);
    if command.to < least || old.to.is_some_and(|to| command.to > to) {
        let expected =
            old.to.map_or_else(|| format!("a day from {least} on"), |to| format!("a day from {least} to {to}"));
        let mut violations = Violations::new();
        violations.add("to_date", command.to, expected);
        violations.finish(Some(()))?;
    }
    let (reason, recorded_at) = (command.reason.clone(), app.after(old.recorded_at));
    let ended = Qualification { version: old.version + 1, to: Some(command.to), reason, recorded_at, ..old };
    qualifications::add(tx, &ended).await?;
    Ok(ended)
}
