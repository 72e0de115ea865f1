//! Transfers people between places: years carried, no gap, no overlap (GX-18).

use chrono::NaiveDate;
use rpc::{Fault, Violations};
use store::Tx;
use store::outbox::{self, Event};
use terms::{Division, Scheme};

use super::decide::Refused;
use super::enrol::{self, Done, NEWEST, locked, locked_enrolment};
use super::suspend::next;
use super::{App, Problem, book, end};
use crate::domain::{AccountCredit, Certificate, CreditKind, EndReason, Enrolment, State, Terms, Transfer};
use crate::store::{enrolments, transfers};

/// The topic of a balance that is to be taken along; its payload is the transfer's id.
pub(crate) const BALANCE_TOPIC: &str = "account_balance";

/// Asks to transfer a person out.
pub(crate) struct TransferOut {
    pub(crate) enrolment: String,
    pub(crate) to_division: Division,
    pub(crate) to: NaiveDate,
}

/// Asks to transfer a person in.
pub(crate) struct TransferIn {
    pub(crate) person: String,
    pub(crate) certificate: Certificate,
    pub(crate) terms: Terms,
}

/// Ends the enrolment here and issues a certificate.
pub(crate) async fn out(app: &App, tx: &Tx, command: &TransferOut) -> Result<Transfer, Problem> {
    let (person, enrolment) = locked_enrolment(tx, &command.enrolment).await?;
    if enrolment.state != State::Active {
        return Err(Fault::wrong_state(enrolment.state.word(), "only an active enrolment is transferred out").into());
    }
    let from_division = enrolment.terms.division;
    if command.to_division == from_division {
        let mut violations = Violations::new();
        violations.add("to_division", command.to_division, "another place than that of the enrolment");
        violations.finish(Some(()))?;
    }
    let scheme = enrolment.terms.scheme;
    let ended = next(app, tx, end::ended(enrolment, command.to, EndReason::Transferred)?).await?;
    let all = enrolments::of_person(tx, &person.id, NEWEST).await?;
    let (paid_months, unbroken_months) = months(&all, scheme, command.to);
    let account = scheme == Scheme::Employee;
    let certificate = Certificate {
        id: app.id(),
        person: person.id.clone(),
        from_division: from_division.to_string(),
        to_division: command.to_division.to_string(),
        scheme,
        to: command.to,
        paid_months,
        unbroken_months,
        account_fen: 0,
        issued_at: ended.recorded_at,
    };
    let transfer = Transfer {
        id: app.id(),
        inward: false,
        done: !account,
        certificate,
        person: person.id.clone(),
        enrolment: ended.id,
        account,
        credit: None,
        recorded_at: ended.recorded_at,
    };
    transfers::add(tx, &transfer).await?;
    if account {
        let (payload, trace_context) = (transfer.id.clone().into_bytes(), rpc::trace::parent());
        let (id, topic) = (transfer.id.clone(), BALANCE_TOPIC.to_owned());
        let created_at = transfer.recorded_at.timestamp_micros();
        outbox::put(tx, &[Event { id, key: person.id, topic, payload, trace_context, created_at }]).await?;
    }
    Ok(transfer)
}

/// Months paid for in a scheme until a day, and those of them without a break before it.
fn months(all: &[Enrolment], scheme: Scheme, until: NaiveDate) -> (u32, u32) {
    let mut paid: Vec<&Enrolment> =
        all.iter().filter(|one| one.terms.scheme == scheme && one.paid_months(until) > 0).collect();
    paid.sort_by_key(|one| one.days.map(|days| days.from));
    let carried = paid.iter().map(|one| one.terms.history.carried_months).max().unwrap_or(0);
    let sum = paid.iter().map(|one| one.paid_months(until)).sum::<u32>().saturating_add(carried);
    let mut unbroken = 0_u32;
    let mut later: Option<NaiveDate> = None;
    for one in paid.iter().rev() {
        let Some(days) = one.benefits().last().copied().zip(one.benefits().first().copied()) else { break };
        let (last, first) = (days.0.to, days.1.from);
        if later.is_some_and(|later| last.succ_opt() != Some(later)) {
            return (sum, unbroken);
        }
        unbroken = unbroken.saturating_add(one.paid_months(until));
        later = Some(first);
    }
    // what was carried here came before all of it
    (sum, unbroken.saturating_add(carried))
}

/// Enrols a person with a certificate from elsewhere, from the day after it ended there.
pub(crate) async fn take_in(
    app: &App,
    tx: &Tx,
    command: &TransferIn,
) -> Result<Result<(Done, Transfer), Refused>, Problem> {
    let person = locked(tx, &command.person).await?;
    let certificate = &command.certificate;
    let mut terms = command.terms.clone();
    let mut violations = Violations::new();
    if certificate.to_division != terms.division.to_string() {
        let expected = format!("the place the certificate is for, {}", certificate.to_division);
        violations.within("terms", |v| v.add("division", terms.division, expected));
    }
    if certificate.scheme != terms.scheme {
        violations.within("terms", |v| v.add("scheme", terms.scheme, "the certificate's scheme"));
    }
    violations.finish(Some(()))?;
    terms.enrolled = certificate.to.succ_opt().unwrap_or(certificate.to);
    terms.history.employee_ended = Some(certificate.to);
    terms.history.carried_months = certificate.paid_months;
    let others = enrolments::of_person(tx, &person.id, NEWEST).await?;
    let done = match enrol::begin(app, tx, &person, terms, &others).await? {
        Ok(done) => done,
        Err(refused) => return Ok(Err(refused)),
    };
    let credit = (certificate.account_fen > 0).then(|| AccountCredit {
        id: app.id(),
        person: person.id.clone(),
        enrolment: done.enrolment.id.clone(),
        cover_year: done.enrolment.terms.cover_year,
        kind: CreditKind::BroughtIn,
        amount_fen: certificate.account_fen,
        delivered: false,
        recorded_at: done.enrolment.recorded_at,
    });
    let transfer = Transfer {
        id: app.id(),
        inward: true,
        done: credit.is_none(),
        certificate: certificate.clone(),
        person: person.id,
        enrolment: done.enrolment.id.clone(),
        account: false,
        credit: credit.as_ref().map(|credit| credit.id.clone()),
        recorded_at: done.enrolment.recorded_at,
    };
    if !transfers::add(tx, &transfer).await? {
        let fault = Fault::new(rpc::Reason::Duplicate, "the certificate was taken before");
        return Err(fault.with("kind", "certificate").with("id", certificate.id.clone()).into());
    }
    book::write(tx, &[], credit.as_slice()).await?;
    Ok(Ok((done, transfer)))
}
