//! Enrols a person: nothing in the way, a contribution computed, and paid at once where nothing is left to pay.

use chrono::{DateTime, NaiveDate, Utc};
use ledger::Entry;
use policy::Reason;
use rpc::{Fault, Violations};
use store::Tx;
use terms::{PersonGroup, Scheme};

use super::decide::{self, Memory, Refused};
use super::{App, Problem, book, pay, recognise};
use crate::domain::{Enrolment, Payment, Person, PremiumSource, State, TWICE, Terms, clauses};
use crate::store::{enrolments, people};

/// Later than everything recorded: the newest version.
pub(crate) const NEWEST: DateTime<Utc> = DateTime::<Utc>::MAX_UTC;

/// An enrolment as it is now, and the entries booked for it.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) enrolment: Enrolment,
    pub(crate) entries: Vec<Entry>,
}

/// Asks to enrol a person.
pub(crate) struct Enrol {
    pub(crate) person: String,
    pub(crate) terms: Terms,
}

/// Enrols a person.
pub(crate) async fn enrol(app: &App, tx: &Tx, command: &Enrol) -> Result<Result<Done, Refused>, Problem> {
    let person = locked(tx, &command.person).await?;
    let others = enrolments::of_person(tx, &person.id, NEWEST).await?;
    begin(app, tx, &person, command.terms.clone(), &others).await
}

/// A person, locked until the transaction ends.
pub(crate) async fn locked(tx: &Tx, id: &str) -> Result<Person, Problem> {
    let unknown = || Fault::not_found("person", id);
    if !people::lock(tx, id).await? {
        return Err(unknown().into());
    }
    Ok(people::known(tx, id, NEWEST).await?.ok_or_else(unknown)?)
}

/// An enrolment's newest version, with its person locked until the transaction ends.
pub(crate) async fn locked_enrolment(tx: &Tx, id: &str) -> Result<(Person, Enrolment), Problem> {
    let unknown = || Fault::not_found("enrolment", id);
    let person = enrolments::person_of(tx, id).await?.ok_or_else(unknown)?;
    let person = locked(tx, &person).await?;
    let enrolment = enrolments::known(tx, id, NEWEST).await?.ok_or_else(unknown)?;
    Ok((person, enrolment))
}

/// Begins an enrolment of a person who is locked; `others` are the person's enrolments as they will be.
pub(crate) async fn begin(
    app: &App,
    tx: &Tx,
    person: &Person,
    terms: Terms,
    others: &[Enrolment],
) -> Result<Result<Done, Refused>, Problem> {
    let mut memory = Memory::default();
    // what is dated back is not paid before the call
    let paid = terms.joined.unwrap_or_else(|| app.today().min(terms.enrolled));
    let first = recognise::standing(others, &terms);
    let mut done = match decided(app, &mut memory, (person, paid), terms, (others, first))? {
        Ok(enrolment) => Done { enrolment, entries: Vec::new() },
        Err(refused) => return Ok(Err(refused)),
    };
    if pay::due(&done.enrolment) == Some(0) {
        let payment = nothing_to_pay(&done.enrolment, app.today());
        match pay::settle(app, &mut memory, &mut done.enrolment, payment, (person, others))? {
            Ok(entries) => done.entries = entries,
            Err(refused) => return Ok(Err(refused)),
        }
    }
    enrolments::add(tx, std::slice::from_ref(&done.enrolment)).await?;
    if done.enrolment.payment.is_some() {
        let credit = book::credit(app, &done.enrolment, done.enrolment.recorded_at);
        book::write(app, tx, &done.entries, credit.as_slice()).await?;
    }
    Ok(Ok(done))
}

/// The enrolment that would begin, unpaid; nothing is kept. What could never be paid is refused at once: the policy is asked
/// what a payment on the day `paid` would bring. `others` hold on days of their own; `first` is the one whose premium stands, which
/// is due from nobody again.
pub(crate) fn decided(
    app: &App,
    memory: &mut Memory,
    (person, paid): (&Person, NaiveDate),
    terms: Terms,
    (others, first): (&[Enrolment], Option<&Enrolment>),
) -> Result<Result<Enrolment, Refused>, Fault> {
    if person.died.is_some_and(|died| died < terms.enrolled.max(terms.year().from)) {
        return Err(Fault::wrong_state("dead", "the person died before the enrolment would begin"));
    }
    born_in_time(person, &terms)?;
    let Some(days) = decide::held(&terms) else {
        return Ok(Err(out_of_time(app, memory, (paid, person.identity.born), &terms)));
    };
    let due = first.map_or_else(|| decide::due(app, memory, &terms), |first| recognise::due(app, first, &terms));
    let due = match due {
        Ok(due) => due,
        Err(refused) => return Ok(Err(refused)),
    };
    let cover = policy::Period { from: days.from, to: days.to };
    if let Err(refusal) = due.policy.insures(terms.division, terms.scheme, cover) {
        return Ok(Err(Refused { refusal, policy: Some(due.policy), other: None }));
    }
    if let Some(other) = decide::in_the_way(others, days) {
        if (other.terms.scheme, other.terms.division) == (terms.scheme, terms.division) {
            let fault = Fault::new(rpc::Reason::Duplicate, "the person is enrolled in this scheme and place already");
            return Err(fault.with("kind", "enrolment").with("enrolment_id", other.id.clone()));
        }
        let about = format!("{} in {} holds already", wire::name(other.terms.scheme), other.terms.division);
        let cite = due.policy.holding(terms.division, &TWICE.map(str::to_owned));
        let refused = Refused::new(Some(due.policy), Reason::TwoSchemes, about, &[]).citing(&cite);
        return Ok(Err(Refused { other: Some(Box::new(other.clone())), ..refused }));
    }
    let version = due.policy.version().to_string();
    let enrolment = Enrolment {
        id: app.id(),
        person: person.id.clone(),
        terms,
        state: State::Unpaid,
        category: due.category,
        days: Some(days),
        payment: None,
        covered: None,
        suspensions: Vec::new(),
        ended: None,
        end_reason: None,
        void: false,
        premium_of: first.map(|first| first.id.clone()),
        contribution_version: first.map_or_else(|| version.clone(), |first| first.contribution_version.clone()),
        policy_version: version,
        version: 1,
        recorded_at: app.after(person.recorded_at),
        contribution: due.contribution,
        coverage: None,
    };
    if pay::due(&enrolment).is_none() {
        return Ok(Err(pay::nothing_known(Some(due.policy), &enrolment)));
    }
    match decide::covered(app, memory, &enrolment.terms, (paid, person.identity.born)) {
        Ok(_) => Ok(Ok(enrolment)),
        Err(refused) => Ok(Err(refused)),
    }
}

/// The "no" where the cover year is over before the enrolment begins, with the clauses that say when cover begins and ends, or what
/// the year costs.
fn out_of_time(app: &App, memory: &mut Memory, days: (NaiveDate, NaiveDate), terms: &Terms) -> Refused {
    let about = format!("enrolled {} for cover year {}", terms.enrolled, terms.cover_year);
    let mut cite = match decide::covered(app, memory, terms, days) {
        Ok(cover) => clauses(&cover.answered.values),
        Err(no) => no.refusal.causes.into_iter().flat_map(|cause| cause.cite).collect(),
    };
    if cite.is_empty()
        && let Ok(due) = decide::due(app, memory, terms)
    {
        cite = clauses(&due.contribution.values);
    }
    Refused::new(decide::policy_of(app, terms.division).ok(), Reason::BadDates, about, &[]).citing(&cite)
}

/// Nobody is enrolled before birth, and a newborn is in the first year of life.
fn born_in_time(person: &Person, terms: &Terms) -> Result<(), Fault> {
    let born = person.identity.born;
    let mut violations = Violations::new();
    violations.within("terms", |v| {
        if terms.enrolled < born {
            v.add("enrolled_date", terms.enrolled, "a day not before the person's birth");
        }
        if terms.group == PersonGroup::Newborn && person.age(terms.enrolled) > 0 {
            let expected = "PERSON_GROUP_NEWBORN in the first year of life alone; an older child is PERSON_GROUP_MINOR";
            v.add("group", wire::name(terms.group), expected);
        }
    });
    violations.finish(Some(()))
}

/// The payment of an enrolment for which nothing is due from anybody but the assistance fund.
pub(crate) fn nothing_to_pay(enrolment: &Enrolment, today: NaiveDate) -> Payment {
    let assisted = enrolment.contribution.assisted_fen > 0 && enrolment.terms.scheme == Scheme::Resident;
    Payment {
        amount: money::Fen::ZERO,
        // what begins tomorrow is not paid tomorrow
        paid: enrolment.terms.joined.unwrap_or(enrolment.terms.enrolled.min(today)),
        source: if assisted { PremiumSource::Assisted } else { PremiumSource::Own },
        owner: None,
        receipt: String::new(),
    }
}
