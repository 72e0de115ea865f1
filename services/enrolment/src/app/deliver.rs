//! Tells settlement what it must hear, each once: the id of the credit or transfer is its key there too. Assistance is told by `premium`.

use pb::settlement::v1::MovementKind;
use rpc::{Fault, Reason};
use store::Tx;
use store::outbox::Event;
use tracing::Instrument as _;

use super::book::{CREDIT_TOPIC, RETURN_SUFFIX, RETURN_TOPIC, fund};
use super::transfer::BALANCE_TOPIC;
use super::{App, Problem, premium};
use crate::clients::{Debit, Settlement};
use crate::domain::CreditKind;
use crate::store::{credits, enrolments, transfers};

/// Delivers one credit; one that is delivered already is left alone.
///
/// # Errors
/// Why it is not delivered yet; it is to be tried again.
pub(crate) async fn credit(app: &App, id: &str) -> Result<(), Problem> {
    let unknown = || Fault::not_found("account_credit", id);
    let credit = credits::by_id(app.database.reader(), id).await?.ok_or_else(unknown)?;
    if credit.delivered {
        return Ok(());
    }
    let enrolment = enrolments::known(app.database.reader(), &credit.enrolment, app.now()).await?;
    let unknown = || Fault::not_found("enrolment", &credit.enrolment);
    let division = enrolment.ok_or_else(unknown)?.terms.division;
    let fund = match credit.kind {
        CreditKind::Credit => {
            let nothing = || Fault::unavailable("the policy", std::time::Duration::from_secs(5));
            Some(fund(&*app.policies.head(division).ok_or_else(nothing)?, division)?)
        }
        CreditKind::BroughtIn => None,
    };
    match settlement(app)?.credit(&credit, (division, fund)).await {
        Ok(()) => {}
        // settlement has this credit id under another key: it is there
        Err(fault) if fault.reason() == Reason::Duplicate => {}
        Err(fault) => return Err(fault.into()),
    }
    let (id, now) = (credit.id, app.now());
    let work = |tx: Tx| {
        let id = id.clone();
        async move { Ok::<_, Problem>(credits::delivered(&tx, &id, now).await?) }
    };
    app.database.transaction(work).await
}

/// Takes a credit back into the fund that gave it, all of it: what of it is spent, the owner owes from then on. A balance that was
/// brought in goes back to where it was from.
///
/// The amount is recorded before it is taken: a second attempt takes the same amount under the same key.
///
/// # Errors
/// Why it is not done yet; it is to be tried again.
pub(crate) async fn take_back(app: &App, id: &str) -> Result<(), Problem> {
    let unknown = || Fault::not_found("account_credit", id);
    let credit = credits::by_id(app.database.reader(), id).await?.ok_or_else(unknown)?;
    if credit.taken_back.is_some_and(|taken| taken.amount_fen.is_some()) {
        return Ok(());
    }
    let unknown = || Fault::not_found("enrolment", &credit.enrolment);
    let enrolment = enrolments::known(app.database.reader(), &credit.enrolment, app.now()).await?;
    let division = enrolment.ok_or_else(unknown)?.terms.division;
    let nothing = || Fault::unavailable("the policy", std::time::Duration::from_secs(5));
    let fund = match credit.kind {
        CreditKind::Credit => Some(fund(&*app.policies.head(division).ok_or_else(nothing)?, division)?),
        CreditKind::BroughtIn => None,
    };
    let settlement = settlement(app)?;
    let (whole, now) = (credit.amount_fen, app.now());
    // one that was begun before all of it was owed takes what was recorded then
    let intend = |tx: Tx| async move { Ok::<_, Problem>(credits::to_take(&tx, id, whole, now).await?) };
    let amount_fen = app.database.transaction(intend).await?;
    if amount_fen > 0 {
        let (kind, key) = (MovementKind::TakenBack, format!("{id}{RETURN_SUFFIX}"));
        let (person, back) = (credit.person.as_str(), Some((division, fund)));
        settlement.debit(Debit { key: &key, person, kind, amount_fen, about: id, relative: "", back }).await?;
    }
    let taken = |tx: Tx| async move { Ok::<_, Problem>(credits::taken(&tx, id, now).await?) };
    app.database.transaction(taken).await
}

fn settlement(app: &App) -> Result<&Settlement, Fault> {
    app.settlement.as_ref().ok_or_else(|| Fault::unavailable("settlement", std::time::Duration::from_secs(60)))
}

/// Takes the balance of a person who was transferred out off the account, so that the certificate can say it.
///
/// The amount is recorded before it is taken: a second attempt takes the same amount under the same key.
///
/// # Errors
/// Why it is not done yet; it is to be tried again.
pub(crate) async fn balance(app: &App, id: &str) -> Result<(), Problem> {
    let transfer = transfers::by_id(app.database.reader(), id).await?;
    let transfer = transfer.ok_or_else(|| Fault::not_found("transfer", id))?;
    if transfer.done {
        return Ok(());
    }
    let settlement = settlement(app)?;
    let (found, now) = (settlement.balance(&transfer.person).await?, app.now());
    let intend = |tx: Tx| async move { Ok::<_, Problem>(transfers::balance(&tx, id, found, now).await?) };
    let amount_fen = app.database.transaction(intend).await?;
    if amount_fen > 0 {
        let kind = MovementKind::TakenAlong;
        let debit = Debit { key: id, person: &transfer.person, kind, amount_fen, about: id, relative: "", back: None };
        settlement.debit(debit).await?;
    }
    let taken = |tx: Tx| async move { Ok::<_, Problem>(transfers::taken(&tx, id, now).await?) };
    app.database.transaction(taken).await
}

/// Delivers an event of the outbox.
///
/// # Errors
/// Why it is not delivered yet; it is to be tried again.
pub(crate) async fn event(app: &App, event: Event) -> Result<(), Problem> {
    let span = tracing::info_span!("deliver", topic = event.topic, id = event.id);
    if let Some(parent) = &event.trace_context {
        rpc::trace::follow(&span, parent);
    }
    let id = String::from_utf8(event.payload).map_err(Fault::internal)?;
    let delivering = async {
        match event.topic.as_str() {
            CREDIT_TOPIC => credit(app, &id).await,
            RETURN_TOPIC => take_back(app, &id).await,
            BALANCE_TOPIC => balance(app, &id).await,
            topic if premium::TOPICS.contains(&topic) => premium::deliver(app, (topic, &event.id), &id).await,
            topic => Err(Fault::internal(format!("an event of the unknown topic {topic}")).into()),
        }
    };
    delivering.instrument(span).await
}
