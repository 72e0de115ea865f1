//! Keeps a payer's answer to an offer, and that it paid, each once.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use money::Fen;
use rpc::{Fault, Reason, Violations};
use store::Tx;
use terms::Name;

use super::offer::{most, renew};
use super::{App, Problem};
use crate::domain::{Offer, OfferState};
use crate::store::{offers, people};

/// What a payer says.
#[derive(Clone, Debug)]
pub(crate) struct Answering {
    pub(crate) offer: Name,
    /// What it will pay; none: nothing.
    pub(crate) confirmed: Option<Fen>,
    pub(crate) reason: String,
}

/// What a payer paid.
#[derive(Clone, Debug)]
pub(crate) struct Paying {
    pub(crate) offer: Name,
    pub(crate) amount: Fen,
    pub(crate) day: NaiveDate,
    pub(crate) reference: String,
}

/// An offer as it stands, its person locked: the lock of all that is confirmed of the person's bills, whose plan's it may be.
async fn seen(tx: &Tx, id: Name) -> Result<Offer, Problem> {
    let unknown = || Fault::not_found("offer", id.as_str());
    let found = offers::by_id(tx, id).await?.ok_or_else(unknown)?;
    people::lock(tx, &[found.person].into()).await?;
    // what was found before the lock may be old by now
    Ok(offers::by_id(tx, id).await?.ok_or_else(unknown)?)
}

fn is_in(offer: &Offer, state: OfferState) -> Result<(), Fault> {
    if offer.state == state {
        return Ok(());
    }
    let message = format!("the offer is {}, and is to be {} for this", offer.state.word(), state.word());
    Err(Fault::wrong_state(offer.state.word(), message))
}

/// Keeps the answer.
///
/// # Errors
/// `NOT_FOUND`; `WRONG_STATE` where it was answered, or no longer stands; `INVALID_FIELDS` for more than is left of the person's
/// cash, and for another amount than was promised without a reason.
pub(crate) async fn answer(app: &App, tx: &Tx, asked: &Answering) -> Result<Offer, Problem> {
    let mut offer = seen(tx, asked.offer).await?;
    is_in(&offer, OfferState::Offered)?;
    offer.state = OfferState::Declined;
    if let Some(amount) = asked.confirmed {
        let most = most(app, tx, &offer).await?;
        let mut v = Violations::new();
        if amount > most.cash {
            let expected =
                format!("at most {}: the person's cash less what other offers of the bill take", most.cash.get());
            v.add("confirmed.amount_fen", amount.get(), expected);
        } else if let Some(ceiling) = most.ceiling.filter(|ceiling| amount > *ceiling) {
            let expected = format!("at most {}: what the plan's ceiling leaves in its period", ceiling.get());
            v.add("confirmed.amount_fen", amount.get(), expected);
        }
        if amount != offer.promised && asked.reason.is_empty() {
            v.add("confirmed.reason", "nothing", "why it is not what the plan promises");
        }
        let is_right = v.is_empty().then_some(());
        v.finish(is_right)?;
        (offer.state, offer.confirmed) = (OfferState::Confirmed, amount);
    }
    offer.reason.clone_from(&asked.reason);
    offer.answered_at = Some(app.now());
    offers::go_on(tx, std::slice::from_ref(&offer)).await?;
    // what the ceiling and the person's cash leave to other offers is another amount now
    renew(app, tx, &[(offer.person, offer.year)].into()).await?;
    Ok(offer)
}

/// Records the payment; also of an offer that was confirmed and then superseded, where the payer had paid before it heard of that: it is
/// taken off what stands in its place.
///
/// # Errors
/// `NOT_FOUND`; `WRONG_STATE` where the offer was not confirmed; `INVALID_FIELDS` for another amount than was confirmed, and for a
/// day before the bill's service; `DUPLICATE` for a payment of the payer that was recorded before.
pub(crate) async fn pay(app: &App, tx: &Tx, asked: &Paying) -> Result<Offer, Problem> {
    let mut offer = seen(tx, asked.offer).await?;
    if !offer.may_have_been_paid() {
        is_in(&offer, OfferState::Confirmed)?;
    }
    let mut v = Violations::new();
    if asked.amount != offer.confirmed {
        v.add("amount_fen", asked.amount.get(), format!("{}, what was confirmed", offer.confirmed.get()));
    }
    let claim = offers::claim(tx, offer.claim).await?;
    if let Some(claim) = claim.filter(|claim| asked.day < claim.rules_date) {
        v.add("paid_date", asked.day, format!("a day not before {}, of the bill's service", claim.rules_date));
    }
    let is_right = v.is_empty().then_some(());
    v.finish(is_right)?;
    let now = app.now();
    let is_late = offer.state == OfferState::Superseded;
    if !is_late {
        offer.state = OfferState::Paid;
    }
    (offer.paid, offer.paid_at) = (asked.amount, Some(now));
    offer.payment.clone_from(&asked.reference);
    let other = offers::pay(tx, &offer, asked.day, now).await?;
    if other != offer.id {
        let fault = Fault::new(Reason::Duplicate, "this payment of the payer was recorded before");
        return Err(fault.with("offer_id", other.as_str()).into());
    }
    offers::go_on(tx, std::slice::from_ref(&offer)).await?;
    if is_late {
        // what stands in its place is due less now
        renew(app, tx, &BTreeSet::from([(offer.person, offer.year)])).await?;
    }
    Ok(offer)
}
