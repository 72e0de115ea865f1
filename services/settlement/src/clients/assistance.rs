//! Asks the keeper of the third system for categories and holds, and tells it what was committed.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::NaiveDate;
use money::Fen;
use pb::assistance::v1::payer_service_client::PayerServiceClient;
use pb::assistance::v1::reservation_service_client::ReservationServiceClient;
use pb::assistance::v1::{
    Ask, GetStandingRequest, ListOffersRequest, Offer, OfferState, PlannedDay, PostChangesRequest, PostOutcome,
    ReserveRequest, reserve_response,
};
use pb::settlement::v1::Change;
use policy::statement::{OtherPayer, Promise};
use prost::Message as _;
use rpc::{Call, Client, Deadline, Fault, Violations};
use store::outbox::Event;
use terms::{Category, Name};
use tokio::time::Instant;
use tonic::{Code, Status};
use wire::{read, write};

use crate::domain::{Limit, Needed};

/// How long it is taken as away after it was not reached.
const PAUSE: Duration = Duration::from_secs(1);
/// How long it may take to keep Changes.
const POSTING: Duration = Duration::from_secs(10);

/// The keeper of the third system, as settlement needs it.
#[derive(Debug)]
pub struct Assistance {
    client: ReservationServiceClient<Client>,
    payers: PayerServiceClient<Client>,
    patience: Duration,
    /// Until when nobody asks it.
    paused: Mutex<Option<Instant>>,
}

/// A hold to ask for.
#[derive(Clone, Debug)]
pub struct Reserving<'a> {
    /// Its id.
    pub hold: Name,
    /// What it is for.
    pub needed: &'a Needed,
    /// What is asked for, in fen.
    pub asks: &'a BTreeMap<Limit, Fen>,
    /// Which call it is for.
    pub owner: String,
    /// Changes of the person that were not delivered yet.
    pub earlier: &'a [Event],
    /// How long its caller waits.
    pub waits: Waits,
}

/// How long the keeper is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// Somebody waits at a window: shortly, and not at all for a while after it was not reached.
    Shortly,
    /// The keeper itself has asked, so it is there: a part of the time it gave, whatever bills found.
    Patiently,
}

/// What became of a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// It is pending, with what was granted in fen.
    Held(BTreeMap<Limit, Fen>),
    /// The person's categories are these on days.
    Stale(BTreeMap<NaiveDate, Vec<Category>>),
    /// It has ended before.
    Over,
}

impl Assistance {
    /// The keeper behind a channel, which an answer is waited for no longer than `patience`, whatever the call's deadline.
    #[must_use]
    pub fn new(client: Client, patience: Duration) -> Self {
        let payers = PayerServiceClient::new(client.clone());
        Self { client: ReservationServiceClient::new(client), payers, patience, paused: Mutex::new(None) }
    }

    /// A person's categories on days.
    ///
    /// # Errors
    /// `UNAVAILABLE` where it is not reached in time.
    pub async fn standing(
        &self,
        person: Name,
        days: &[NaiveDate],
        waits: Waits,
    ) -> Result<BTreeMap<NaiveDate, Vec<Category>>, Fault> {
        let on_dates = days.iter().map(|day| write::date(*day)).collect();
        let request = GetStandingRequest { person_id: person.to_string(), on_dates, known_at: None };
        let mut client = self.client.clone();
        let answer = self.asked(waits, async move { client.get_standing(request).await }).await?;
        let mut v = Violations::new();
        let days = answer.into_inner().days.iter().map(|day| on_day(&mut v, day)).collect();
        v.finish(days).map_err(Fault::internal)
    }

    /// Asks for a hold.
    ///
    /// # Errors
    /// `UNAVAILABLE` where it is not reached in time, or cannot hold it.
    pub async fn reserve(&self, reserving: &Reserving<'_>) -> Result<Reserved, Fault> {
        let request = reserve_request(reserving)?;
        let mut client = self.client.clone();
        let answer = self.asked(reserving.waits, async move { client.reserve(request).await }).await?.into_inner();
        let mut v = Violations::new();
        match answer.outcome {
            Some(reserve_response::Outcome::Held(held)) => {
                let granted = held.granted.iter().map(|part| {
                    let payer = read::name(&mut v, "payer", &part.payer)?;
                    let year = i32::try_from(part.year).ok()?;
                    Some(((year, payer), read::fen(&mut v, "granted_fen", part.granted_fen)?))
                });
                let granted = granted.collect();
                Ok(Reserved::Held(v.finish(granted).map_err(Fault::internal)?))
            }
            Some(reserve_response::Outcome::Stale(stale)) => {
                let days = stale.days.iter().map(|day| on_day(&mut v, day)).collect();
                Ok(Reserved::Stale(v.finish(days).map_err(Fault::internal)?))
            }
            Some(reserve_response::Outcome::Over(_)) => Ok(Reserved::Over),
            None => Err(Fault::internal("the keeper of the third system answered nothing")),
        }
    }

    /// Tells it Changes, in order; whether each is kept.
    ///
    /// # Errors
    /// Why none was kept.
    pub async fn post(&self, changes: Vec<Change>) -> Result<Vec<bool>, Status> {
        let mut client = self.client.clone();
        let posting = client.post_changes(PostChangesRequest { changes });
        let id = Call::running().map(|call| call.request_id).unwrap_or_default();
        let call = Call { request_id: id, deadline: Deadline::after(POSTING) };
        let answer = call.carry(posting).await?.into_inner();
        let is_kept = |outcome: PostOutcome| matches!(outcome, PostOutcome::Kept | PostOutcome::Known);
        Ok(answer.changes.iter().map(|posted| is_kept(posted.outcome())).collect())
    }

    /// What other payers promise and have paid of a claim, and paid of earlier ones of its bill or stay. Whether it is reached here says nothing to bills, which do not wait for it.
    ///
    /// # Errors
    /// `UNAVAILABLE` where it is not reached in time.
    pub async fn offers(&self, claim: Name) -> Result<Vec<OtherPayer>, Fault> {
        let away = || Fault::unavailable("assistance", PAUSE);
        if self.paused.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| Instant::now() < until) {
            return Err(away());
        }
        let running = Call::running();
        let left = running.as_ref().and_then(|call| call.deadline.remaining()).unwrap_or(self.patience * 3);
        let deadline = Deadline::after(self.patience.min(left / 3));
        let request_id = running.map(|call| call.request_id).unwrap_or_default();
        let asking = async {
            let (mut offers, mut page_token) = (Vec::new(), String::new());
            loop {
                let (claim_id, states, page_size) = (claim.to_string(), every_state(), 1_000);
                let with_earlier = true;
                let request =
                    ListOffersRequest { claim_id, states, page_size, page_token, with_earlier, ..Default::default() };
                let page = self.payers.clone().list_offers(request).await?.into_inner();
                offers.extend(page.offers);
                page_token = page.next_page_token;
                if page_token.is_empty() {
                    return Ok::<_, Status>(offers);
                }
            }
        };
        let answer = deadline.run(Call { request_id, deadline }.carry(asking)).await;
        let offers = answer.map_err(|late| away().because(late))?.map_err(|status| away().because(status))?;
        offers.into_iter().map(other_payer).collect()
    }

    /// Asks within a part of the time that is left. Where it was not reached in all the time it may take, nobody asks for a while;
    /// a caller in a hurry says nothing about it, and is told so itself.
    async fn asked<T>(&self, waits: Waits, asking: impl Future<Output = Result<T, Status>>) -> Result<T, Fault> {
        let is_patient = waits == Waits::Patiently;
        let paused = *self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_patient && paused.is_some_and(|until| Instant::now() < until) {
            return Err(Fault::unavailable("assistance", PAUSE));
        }
        let running = Call::running();
        let left = running.as_ref().and_then(|call| call.deadline.remaining()).unwrap_or(self.patience * 3);
        let is_hurried = left / 3 < self.patience;
        let deadline = Deadline::after(if is_patient { left / 3 } else { self.patience.min(left / 3) });
        let request_id = running.map(|call| call.request_id).unwrap_or_default();
        let answer = deadline.run(Call { request_id, deadline }.carry(asking)).await;
        let is_late = match &answer {
            Ok(Err(status)) => matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled),
            answer => answer.is_err(),
        };
        if matches!(answer, Ok(Ok(_))) && paused.is_some() {
            // it is there again, whoever noticed first
            *self.paused.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        if is_late && is_hurried {
            return Err(Fault::late());
        }
        if !is_patient && (is_late || matches!(&answer, Ok(Err(status)) if status.code() == Code::Unavailable)) {
            *self.paused.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + PAUSE);
        }
        let answer = answer.map_err(|late| Fault::unavailable("assistance", PAUSE).because(late))?;
        answer.map_err(|status| Fault::unavailable("assistance", PAUSE).because(status))
    }
}

fn every_state() -> Vec<i32> {
    let states =
        [OfferState::Offered, OfferState::Confirmed, OfferState::Declined, OfferState::Paid, OfferState::Superseded];
    states.into_iter().map(i32::from).collect()
}

fn other_payer(offer: Offer) -> Result<OtherPayer, Fault> {
    let promise = match offer.state() {
        OfferState::Offered => Promise::Offered,
        OfferState::Confirmed => Promise::Confirmed,
        OfferState::Declined => Promise::Declined,
        OfferState::Paid => Promise::Paid,
        OfferState::Superseded => Promise::Superseded,
        OfferState::Unspecified => return Err(Fault::internal("an offer in a state nobody knows")),
    };
    let (promised, confirmed) = (Fen::new(offer.promised_fen), Fen::new(offer.confirmed_fen));
    let (paid, overpaid) = (Fen::new(offer.paid_fen), Fen::new(offer.overpaid_fen));
    Ok(OtherPayer { payer: offer.payer, zh: offer.zh, en: offer.en, promise, promised, confirmed, paid, overpaid })
}

fn on_day(v: &mut Violations, day: &pb::assistance::v1::DayCategories) -> Option<(NaiveDate, Vec<Category>)> {
    let on = read::date(v, "on_date", &day.on_date);
    let categories = day.categories.iter().map(|word| read::word(v, "categories", *word));
    let categories: Option<Vec<Category>> = categories.collect();
    Some((on?, categories?))
}

fn reserve_request(reserving: &Reserving<'_>) -> Result<ReserveRequest, Fault> {
    let Reserving { hold, needed, asks, owner, earlier, waits: _ } = reserving;
    let (division, version, scheme) = needed.under;
    let day = |(day, planned): (&NaiveDate, &crate::domain::PlannedDay)| PlannedDay {
        on_date: write::date(*day),
        categories: planned.categories.iter().map(|category| write::word(*category)).collect(),
        pinned: planned.is_pinned,
    };
    let ask = |((year, payer), net): (&Limit, &Fen)| Ask {
        year: u32::try_from(*year).unwrap_or_default(),
        payer: payer.to_string(),
        net_fen: net.get(),
    };
    let earlier = earlier.iter().map(|event| Change::decode(event.payload.as_slice()));
    Ok(ReserveRequest {
        hold_id: hold.to_string(),
        person_id: needed.person.to_string(),
        division: division.to_string(),
        policy_version: version.to_string(),
        scheme: write::word(scheme),
        days: needed.days.iter().map(day).collect(),
        asks: asks.iter().map(ask).collect(),
        earlier: earlier.collect::<Result<_, _>>().map_err(Fault::internal)?,
        owner: owner.clone(),
    })
}
