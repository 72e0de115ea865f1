//! One premium a person, place, scheme and cover year: who comes back in a year whose premium stands rests on it, and it is undone
//! under nobody.

use std::sync::Arc;

use ledger::Entry;
use pb::policy::v1::{Citation, Contribution, FoundValue, Mark};
use rpc::{Fault, Reason};
use store::{Tx, journal};

use super::decide::{self, Due, Refused};
use super::end::{standing as contributions, undo};
use super::enrol::NEWEST;
use super::suspend::next;
use super::{App, Problem, book};
use crate::domain::{AccountCredit, Enrolment, State, Terms};
use crate::store::enrolments;

/// The enrolment, of a person's, that has ended and whose premium stands for these terms.
pub(crate) fn standing<'e>(others: &'e [Enrolment], terms: &Terms) -> Option<&'e Enrolment> {
    let bears = |one: &&Enrolment| one.state == State::Ended && one.bears_premium() && one.terms.shares_premium(terms);
    others.iter().find(bears)
}

/// What is due where the premium stands: nothing, and why.
pub(crate) fn due(app: &App, first: &Enrolment, terms: &Terms) -> Result<Due, Refused> {
    let policy = decide::policy_of(app, terms.division)?;
    let known = &first.contribution;
    let paid = first.payment.as_ref().map_or(first.terms.enrolled, |payment| payment.paid);
    let said = FoundValue {
        name: "premium_enrolment_id".to_owned(),
        citation: Some(Citation {
            cite: crate::domain::clauses(&known.values),
            mark: Mark::Assumed.into(),
            source: format!("one premium a person, place, scheme and cover year: the one paid on {paid} stands"),
            value: first.id.clone(),
            ..Citation::default()
        }),
    };
    let nothing = |amount: Option<i64>| amount.map(|_| 0);
    let is_job = terms.scheme == terms::Scheme::Employee;
    let contribution = Contribution {
        own_fen: nothing(known.own_fen),
        employer_fen: if is_job { Some(0) } else { nothing(known.employer_fen) },
        employee_fen: if is_job { Some(0) } else { nothing(known.employee_fen) },
        total_fen: Some(0),
        values: known.values.iter().cloned().chain([said]).collect(),
        ..Contribution::default()
    };
    Ok(Due { policy: Arc::clone(&policy), contribution, category: first.category })
}

/// Refuses a payment of a premium that stands already.
pub(crate) fn is_due(others: &[Enrolment], enrolment: &Enrolment) -> Result<(), Fault> {
    let Some(first) = standing(others, &enrolment.terms) else { return Ok(()) };
    let fault = Fault::new(
        Reason::Duplicate,
        "the premium of the cover year stands: end this enrolment and enrol again, nothing is due then",
    );
    Err(fault.with("kind", "premium").with("enrolment_id", first.id.clone()))
}

/// Refuses to undo a premium that another enrolment rests on.
pub(super) async fn is_free(tx: &Tx, first: &Enrolment) -> Result<(), Problem> {
    let all = enrolments::of_person(tx, &first.person, NEWEST).await?;
    let Some(other) = all.iter().find(|one| one.premium_of.as_ref() == Some(&first.id) && !one.never_was()) else {
        return Ok(());
    };
    let message = "another enrolment rests on this premium: it is to be ended as a mistake before";
    Err(Fault::wrong_state("relied_on", message).with("enrolment_id", other.id.clone()).into())
}

/// What is undone of the premium an enrolment rested on whose cover never began: all of it, where it covered nobody on any day.
pub(super) async fn give_back(
    app: &App,
    tx: &Tx,
    void: &Enrolment,
) -> Result<(Vec<Entry>, Vec<AccountCredit>), Problem> {
    let nothing = (Vec::new(), Vec::new());
    let Some(first) = &void.premium_of else { return Ok(nothing) };
    let all = enrolments::of_person(tx, &void.person, NEWEST).await?;
    let rest_on = |one: &&Enrolment| one.id == *first || one.premium_of.as_ref() == Some(first);
    if all.iter().filter(rest_on).any(|one| !one.never_was() && !one.benefits().is_empty()) {
        return Ok(nothing);
    }
    let Some(first) = all.into_iter().find(|one| one.id == *first && one.bears_premium()) else { return Ok(nothing) };
    let first = next(app, tx, Enrolment { void: true, ..first }).await?;
    undo(app, tx, &first).await
}

/// Books the premium again that was undone with an enrolment which goes on.
pub(super) async fn take_again(app: &App, tx: &Tx, alive: &Enrolment) -> Result<Vec<Entry>, Problem> {
    let Some(first) = &alive.premium_of else { return Ok(Vec::new()) };
    let Some(first) = enrolments::known(tx, first, NEWEST).await? else { return Ok(Vec::new()) };
    // one whose own end undid it goes on by itself
    if !first.void || first.never_covered() {
        return Ok(Vec::new());
    }
    let first = next(app, tx, Enrolment { void: false, ..first }).await?;
    let booked = journal::by_reference(tx, &first.id).await?;
    if !contributions(booked.clone()).is_empty() {
        return Ok(Vec::new());
    }
    let entries = book::redone(app, &booked)?;
    book::write(app, tx, &entries, book::credit(app, &first, first.recorded_at).as_slice()).await?;
    Ok(entries)
}
