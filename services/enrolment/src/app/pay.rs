//! Takes a premium: the right amount, from the right pocket, once; then benefits, entries and credit in one commit.

use std::sync::Arc;

use chrono::NaiveDate;
use ledger::Entry;
use pb::settlement::v1::MovementKind;
use policy::{Policy, Reason};
use rpc::{Fault, Violations};
use store::Tx;
use terms::{PersonGroup, Scheme};

use super::decide::{self, Cover, Memory, Refused};
use super::enrol::{Done, NEWEST, locked_enrolment};
use super::{App, Problem, book, recognise, transfer};
use crate::clients::Debit;
use crate::domain::{Covered, Days, Enrolment, Payment, Person, PremiumSource, State, Terms, clauses};
use crate::store::{enrolments, people};

/// Asks to take a premium.
#[derive(Clone)]
pub(crate) struct Pay {
    pub(crate) enrolment: String,
    pub(crate) payment: Payment,
}

/// What is due before benefits begin, in fen: the own premium, of employees the employer's too as far as it is known; nothing
/// where the own premium's rate is not known.
pub(crate) fn due(enrolment: &Enrolment) -> Option<i64> {
    let contribution = &enrolment.contribution;
    match enrolment.terms.scheme {
        Scheme::Resident => contribution.own_fen,
        Scheme::Employee => contribution.employee_fen?.checked_add(contribution.employer_fen.unwrap_or(0)),
    }
}

/// Whether a payment is what is due. An employer whose rate nobody knows pays no less than the own premium: what is over it is
/// the employer's own, as the employer paid it.
pub(crate) fn is_due(enrolment: &Enrolment, payment: &Payment, due: i64) -> bool {
    let open = enrolment.terms.scheme == Scheme::Employee && enrolment.contribution.employer_fen.is_none();
    let paid = payment.amount.get();
    if open && payment.source == PremiumSource::Employer { paid >= due } else { paid == due }
}

/// Takes a premium.
pub(crate) async fn pay(app: &App, tx: &Tx, command: &Pay) -> Result<Result<Done, Refused>, Problem> {
    let (person, old) = locked_enrolment(tx, &command.enrolment).await?;
    if let Err(no) = ready(app, &old, person.identity.born, &command.payment)? {
        return Ok(Err(no));
    }
    let others = enrolments::of_person(tx, &person.id, NEWEST).await?;
    let others: Vec<Enrolment> = others.into_iter().filter(|other| other.id != old.id).collect();
    recognise::is_due(&others, &old)?;
    let mut enrolment = Enrolment { version: old.version + 1, recorded_at: app.after(old.recorded_at), ..old };
    let payment = command.payment.clone();
    let entries = match settle(app, &mut Memory::default(), &mut enrolment, payment, (&person, &others))? {
        Ok(entries) => entries,
        Err(refused) => return Ok(Err(refused)),
    };
    let receipt = &command.payment.receipt;
    if !receipt.is_empty() && enrolments::keep_receipts(tx, &[(receipt.clone(), enrolment.id.clone())]).await? > 0 {
        return Err(receipt_used().into());
    }
    enrolments::add(tx, std::slice::from_ref(&enrolment)).await?;
    let mut credits = transfer::brought_in(tx, &enrolment).await?;
    credits.extend(book::credit(app, &enrolment, enrolment.recorded_at));
    book::write(app, tx, &entries, &credits).await?;
    Ok(Ok(Done { enrolment, entries }))
}

/// Whether a payment can be taken: the enrolment waits for it, the amount is what is due and the pocket fits.
pub(crate) fn ready(
    app: &App,
    enrolment: &Enrolment,
    born: NaiveDate,
    payment: &Payment,
) -> Result<Result<(), Refused>, Fault> {
    if enrolment.state != State::Unpaid {
        return Err(Fault::wrong_state(enrolment.state.word(), "the enrolment does not wait for a payment"));
    }
    let Some(due) = due(enrolment) else {
        let policy = decide::policy_of(app, enrolment.terms.division).ok();
        return Ok(Err(nothing_known(policy, enrolment)));
    };
    fitting(enrolment, born, payment)?;
    if !is_due(enrolment, payment, due) {
        let fault = Fault::new(rpc::Reason::WrongPremium, "the premium paid is not the premium due");
        return Err(fault.with("due_fen", due.to_string()));
    }
    Ok(Ok(()))
}

/// The "no" where the packs say that a rate of the premium is not known.
pub(crate) fn nothing_known(policy: Option<Arc<Policy>>, enrolment: &Enrolment) -> Refused {
    let Terms { group, division, .. } = &enrolment.terms;
    let about = format!(
        "contribution.own_fen of {} in {division}: the rate of the premium is not known there",
        wire::name(*group)
    );
    Refused::new(policy, Reason::AbsentValue, about, &[]).citing(&clauses(&enrolment.contribution.values))
}

fn receipt_used() -> Fault {
    Fault::new(rpc::Reason::Duplicate, "the receipt was used before").with("kind", "receipt")
}

/// Whether the pocket fits the scheme and what is due, and the day the person's life.
pub(crate) fn fitting(enrolment: &Enrolment, born: NaiveDate, payment: &Payment) -> Result<(), Fault> {
    let employer = enrolment.contribution.employer_fen.is_some_and(|employer| employer > 0);
    let (fits, expected) = match (enrolment.terms.scheme, payment.source) {
        (_, PremiumSource::Assisted) => {
            let whole = due(enrolment) == Some(0) && enrolment.contribution.assisted_fen > 0;
            (whole, "PREMIUM_SOURCE_ASSISTED only where assistance pays all of it")
        }
        (Scheme::Resident, PremiumSource::Employer) => {
            (false, "PREMIUM_SOURCE_OWN or PREMIUM_SOURCE_RELATIVE_ACCOUNT for residents")
        }
        (Scheme::Employee, PremiumSource::RelativeAccount) => {
            (false, "PREMIUM_SOURCE_OWN or PREMIUM_SOURCE_EMPLOYER for employees")
        }
        (Scheme::Employee, PremiumSource::Own) => {
            (!employer, "PREMIUM_SOURCE_EMPLOYER: the employer pays both parts at once")
        }
        _ => (true, ""),
    };
    let mut violations = Violations::new();
    violations.within("payment", |v| {
        if !fits {
            v.add("source", format!("PREMIUM_SOURCE_{}", payment.source.word().to_ascii_uppercase()), expected);
        }
        if payment.paid < born {
            v.add("paid_date", payment.paid, "a day not before the person's birth");
        }
        if payment.owner.as_ref() == Some(&enrolment.person) {
            let expected = "a relative: a person's own account does not pay the own premium";
            v.add("owner_person_id", &enrolment.person, expected);
        }
    });
    violations.finish(Some(()))
}

/// Makes an enrolment paid: its coverage, cut to the days no other enrolment holds, and the entries to be booked.
pub(crate) fn settle(
    app: &App,
    memory: &mut Memory,
    enrolment: &mut Enrolment,
    payment: Payment,
    (person, others): (&Person, &[Enrolment]),
) -> Result<Result<Vec<Entry>, Refused>, Fault> {
    let terms = &enrolment.terms;
    let days = (payment.paid, person.identity.born);
    let Cover { policy, coverage, mut answered } = match decide::covered(app, memory, terms, days) {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    let floor = floor(enrolment, others);
    let from = floor.map_or(coverage.from, |floor| coverage.from.max(floor));
    let Some(days) = Days::new(from, coverage.to) else {
        let about = format!("benefits would begin on {from}, after {}", coverage.to);
        return Ok(Err(Refused::new(Some(policy), Reason::NotCovered, about, &[])));
    };
    answered.covered = Some(wire::write::period(policy::Period { from, to: coverage.to }));
    let newborn = terms.group == PersonGroup::Newborn;
    let held = enrolment.days.map(|held| Days { from: if newborn { from } else { held.from.min(from) }, to: held.to });
    enrolment.days = held.filter(|held| held.from <= held.to);
    enrolment.covered = Some(Covered { days, waiting_months: coverage.waiting_months });
    enrolment.coverage = Some(answered);
    enrolment.policy_version = policy.version().to_string();
    enrolment.payment = Some(payment);
    enrolment.state = State::Active;
    Ok(Ok(book::entry(app, &policy, enrolment)?.into_iter().collect()))
}

/// The first day on which it can hold: after what was insured before it, here or elsewhere.
fn floor(enrolment: &Enrolment, others: &[Enrolment]) -> Option<NaiveDate> {
    let begins = enrolment.days.map(|days| days.from)?;
    let before = others.iter().filter_map(|other| other.days).filter(|days| days.to < begins);
    let after = before.filter_map(|days| days.to.succ_opt()).max();
    after.max(enrolment.terms.not_before())
}

/// Takes the premium off a relative's account where that pays (QN-4), before the payment is committed: settlement does it
/// once for the enrolment, so that a second attempt takes nothing again.
pub(crate) async fn from_relative(app: &App, command: &Pay) -> Result<(), Problem> {
    let Some(owner) = &command.payment.owner else { return Ok(()) };
    let found = enrolments::known(app.database.reader(), &command.enrolment, NEWEST).await?;
    let enrolment = found.ok_or_else(|| Fault::not_found("enrolment", &command.enrolment))?;
    let unknown = || Fault::not_found("person", &enrolment.person);
    let person = people::known(app.database.reader(), &enrolment.person, NEWEST).await?.ok_or_else(unknown)?;
    // one that is paid is left to the key of the call
    if enrolment.state != State::Unpaid || ready(app, &enrolment, person.identity.born, &command.payment)?.is_err() {
        return Ok(());
    }
    recognise::is_due(&enrolments::of_person(app.database.reader(), &enrolment.person, NEWEST).await?, &enrolment)?;
    let days = (command.payment.paid, enrolment.terms.enrolled);
    if decide::covered(app, &mut Memory::default(), &enrolment.terms, days).is_err() {
        return Ok(());
    }
    let receipt = &command.payment.receipt;
    if !enrolments::used_receipts(app.database.reader(), std::slice::from_ref(receipt)).await?.is_empty() {
        return Err(receipt_used().into());
    }
    let Some(settlement) = &app.settlement else {
        return Err(Fault::unavailable("settlement", std::time::Duration::from_secs(1)).into());
    };
    let (kind, amount_fen) = (MovementKind::RelativePremium, command.payment.amount.get());
    let (about, relative) = (enrolment.id.as_str(), enrolment.person.as_str());
    Ok(settlement.debit(Debit { key: about, person: owner, kind, amount_fen, about, relative, back: None }).await?)
}
