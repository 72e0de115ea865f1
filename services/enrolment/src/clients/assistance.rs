use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::NaiveDate;
use pb::assistance::v1::premium_service_client::PremiumServiceClient;
use pb::assistance::v1::reservation_service_client::ReservationServiceClient;
use pb::assistance::v1::{
    BookPremiumAssistanceRequest, GetStandingRequest, PremiumAssistance, ReversePremiumAssistanceRequest,
};
use rpc::{Call, Client, Deadline, Fault, Reason, Violations};
use tokio::time::Instant;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use wire::{read, write};

use crate::domain::Granted;

/// How long it is taken as away after it was not reached.
const PAUSE: Duration = Duration::from_secs(1);
/// The most of a call's time that it is waited for: nobody can be enrolled without its answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long it may take to book a premium.
const BOOKING: Duration = Duration::from_secs(10);

/// The keeper of the categories, and of the fund that assists with premiums.
#[derive(Debug)]
pub(crate) struct Assistance {
    standing: ReservationServiceClient<Client>,
    premiums: PremiumServiceClient<Client>,
    /// Until when nobody who waits at a window asks it.
    paused: Mutex<Option<Instant>>,
    is_away: AtomicBool,
}

impl Assistance {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            standing: ReservationServiceClient::new(client.clone()),
            premiums: PremiumServiceClient::new(client),
            paused: Mutex::default(),
            is_away: AtomicBool::new(false),
        }
    }

    /// Whether it was away when it was asked or told last.
    pub(crate) fn is_away(&self) -> bool {
        self.is_away.load(Ordering::Relaxed)
    }

    /// What a person was granted that holds on a day, as known now.
    ///
    /// # Errors
    /// `UNAVAILABLE` with a pause where it does not say; for a while after that at once. `DEADLINE` where the caller left it no time.
    pub(crate) async fn standing(&self, person: &str, day: NaiveDate) -> Result<Granted, Fault> {
        let paused = *self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        if paused.is_some_and(|until| Instant::now() < until) {
            return Err(Fault::unavailable("assistance", PAUSE));
        }
        let on_date = write::date(day);
        let request =
            GetStandingRequest { person_id: person.to_owned(), on_dates: vec![on_date.clone()], known_at: None };
        let mut client = self.standing.clone();
        let answer = self.asked(async move { client.get_standing(request).await }).await?;
        let nothing = || Fault::internal("assistance said nothing of the day it was asked for");
        let found = answer.days.into_iter().find(|found| found.on_date == on_date).ok_or_else(nothing)?;
        let mut v = Violations::new();
        let categories = found.categories.iter().map(|word| read::word(&mut v, "categories", *word)).collect();
        let mut categories: Vec<_> = v.finish(categories).map_err(Fault::internal)?;
        categories.sort_unstable();
        categories.dedup();
        Ok(Granted { categories, grants: found.grant_ids })
    }

    /// Books what its fund pays of a premium, under the event's own id.
    ///
    /// # Errors
    /// Why it is not booked yet; it is to be tried again.
    pub(crate) async fn book(&self, key: &str, assistance: PremiumAssistance) -> Result<(), Fault> {
        let request = BookPremiumAssistanceRequest { idempotency_key: key.to_owned(), assistance: Some(assistance) };
        let mut client = self.premiums.clone();
        // it stands there under another key, or was told in fewer words by an earlier version: it is there
        let known = [Reason::Duplicate, Reason::KeyReused];
        self.told(async move { client.book_premium_assistance(request).await.map(drop) }, &known).await
    }

    /// Takes back what its fund paid of a premium, under the event's own id.
    ///
    /// # Errors
    /// Why it is not taken back yet; it is to be tried again.
    pub(crate) async fn take_back(&self, key: &str, enrolment: &str, on: NaiveDate) -> Result<(), Fault> {
        let request = ReversePremiumAssistanceRequest {
            idempotency_key: key.to_owned(),
            enrolment_id: enrolment.to_owned(),
            reversed_date: write::date(on),
        };
        let mut client = self.premiums.clone();
        // it was taken back under another key
        self.told(async move { client.reverse_premium_assistance(request).await.map(drop) }, &[Reason::WrongState])
            .await
    }

    /// Asks within the time that is left. Where it was not reached in all the time it may take, nobody asks for a while; a caller in a
    /// hurry says nothing about it, and is told so itself.
    async fn asked<T>(&self, asking: impl Future<Output = Result<tonic::Response<T>, Status>>) -> Result<T, Fault> {
        let running = Call::running();
        let left = running.as_ref().and_then(|call| call.deadline.remaining()).unwrap_or(PATIENCE * 2);
        // a part stays for the commit
        let may_take = PATIENCE.min(left / 2);
        let deadline = Deadline::after(may_take);
        let request_id = running.map(|call| call.request_id).unwrap_or_default();
        let answer = deadline.run(Call { request_id, deadline }.carry(asking)).await;
        let is_late = match &answer {
            Ok(Err(status)) => matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled),
            answer => answer.is_err(),
        };
        if is_late && may_take < PATIENCE {
            return Err(Fault::late());
        }
        let is_away = is_late || matches!(&answer, Ok(Err(status)) if status.code() == Code::Unavailable);
        let until = is_away.then(|| Instant::now() + PAUSE);
        *self.paused.lock().unwrap_or_else(PoisonError::into_inner) = until;
        self.is_away.store(is_away, Ordering::Relaxed);
        let answer = answer.map_err(|late| Fault::unavailable("assistance", PAUSE).because(late))?;
        let answer = answer.map_err(|status| Fault::unavailable("assistance", PAUSE).because(status))?;
        Ok(answer.into_inner())
    }

    /// Tells it something; an answer with a reason of `known` says that it is so already.
    async fn told(&self, telling: impl Future<Output = Result<(), Status>>, known: &[Reason]) -> Result<(), Fault> {
        let id = Call::running().map(|call| call.request_id).unwrap_or_default();
        let call = Call { request_id: id, deadline: Deadline::after(BOOKING) };
        let told = call.carry(telling).await;
        let is_away =
            matches!(&told, Err(status) if matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded));
        self.is_away.store(is_away, Ordering::Relaxed);
        match told {
            Err(status) if reason(&status).is_some_and(|reason| known.contains(&reason)) => Ok(()),
            Err(status) if is_away => Err(Fault::unavailable("assistance", PAUSE).because(status)),
            Err(status) => Err(Fault::internal(status)),
            Ok(()) => Ok(()),
        }
    }
}

fn reason(status: &Status) -> Option<Reason> {
    Reason::from_str_name(&format!("ERROR_REASON_{}", status.get_details_error_info()?.reason))
}
