//! An assistance service of the test's own: it says what the test granted, and writes down what it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::pb::assistance::v1 as pb;
use ::pb::r#type::v1 as type_pb;
use host::Services;
use pb::premium_service_server::{PremiumService, PremiumServiceServer};
use pb::reservation_service_server::{ReservationService, ReservationServiceServer};
use rpc::{Fault, Reason};
use tonic::{Request, Response, Status, Streaming};

use super::serve;

/// Categories by person, each with its first and last day.
type Grants = BTreeMap<String, Vec<(type_pb::Category, String, String)>>;

/// An assistance service.
#[derive(Default)]
pub(crate) struct Assisting {
    pub(crate) grants: Mutex<Grants>,
    /// Whether it is away.
    pub(crate) away: Mutex<bool>,
    /// Whom it was asked about, each time, and for which day.
    pub(crate) asked: Mutex<Vec<(String, String)>>,
    /// What was booked, by key: a second call under a key is answered as the first was.
    pub(crate) booked: Mutex<Vec<pb::BookPremiumAssistanceRequest>>,
    pub(crate) reversed: Mutex<Vec<pb::ReversePremiumAssistanceRequest>>,
    /// What it was told, repeated calls too: `book` or `reverse`, and the enrolment.
    pub(crate) told: Mutex<Vec<(&'static str, String)>>,
    /// How many calls that book fail after they were done.
    pub(crate) lost: Mutex<u32>,
}

impl Assisting {
    /// Serves it and gives the address.
    pub(crate) async fn serve(self: &Arc<Self>) -> String {
        let services = Services::new()
            .with(ReservationServiceServer::from_arc(Arc::clone(self)))
            .with(PremiumServiceServer::from_arc(Arc::clone(self)));
        serve(services).await
    }

    /// Grants a category for some days.
    pub(crate) fn grant(&self, person: &str, category: type_pb::Category, from: &str, to: &str) {
        let grant = (category, from.to_owned(), to.to_owned());
        self.grants.lock().unwrap().entry(person.to_owned()).or_default().push(grant);
    }

    /// Ends all grants of a person on a day.
    pub(crate) fn end(&self, person: &str, to: &str) {
        for grant in self.grants.lock().unwrap().get_mut(person).into_iter().flatten() {
            grant.2 = to.to_owned();
        }
    }

    /// What its fund has paid and not got back, in fen.
    pub(crate) fn paid_fen(&self) -> i64 {
        let back: Vec<String> = self.reversed.lock().unwrap().iter().map(|one| one.enrolment_id.clone()).collect();
        let booked = self.booked.lock().unwrap();
        let standing = booked.iter().filter_map(|one| one.assistance.as_ref());
        standing.filter(|one| !back.contains(&one.enrolment_id)).map(|one| one.amount_fen).sum()
    }

    fn is_there(&self) -> Result<(), Status> {
        let away = *self.away.lock().unwrap();
        if away { Err(Fault::unavailable("assistance", Duration::from_secs(1)).into()) } else { Ok(()) }
    }
}

#[tonic::async_trait]
impl PremiumService for Assisting {
    async fn book_premium_assistance(
        &self,
        request: Request<pb::BookPremiumAssistanceRequest>,
    ) -> Result<Response<pb::BookPremiumAssistanceResponse>, Status> {
        self.is_there()?;
        let request = request.into_inner();
        let enrolment = request.assistance.clone().unwrap().enrolment_id;
        self.told.lock().unwrap().push(("book", enrolment));
        let mut booked = self.booked.lock().unwrap();
        if !booked.iter().any(|known| known.idempotency_key == request.idempotency_key) {
            booked.push(request);
        }
        let mut lost = self.lost.lock().unwrap();
        if *lost > 0 {
            *lost -= 1;
            return Err(Fault::unavailable("assistance", Duration::ZERO).into());
        }
        Ok(Response::new(Default::default()))
    }

    async fn reverse_premium_assistance(
        &self,
        request: Request<pb::ReversePremiumAssistanceRequest>,
    ) -> Result<Response<pb::ReversePremiumAssistanceResponse>, Status> {
        self.is_there()?;
        let request = request.into_inner();
        self.told.lock().unwrap().push(("reverse", request.enrolment_id.clone()));
        let of = |known: &pb::BookPremiumAssistanceRequest| known.assistance.as_ref().unwrap().enrolment_id.clone();
        if !self.booked.lock().unwrap().iter().any(|known| of(known) == request.enrolment_id) {
            return Err(Fault::not_found("premium_assistance", &request.enrolment_id).into());
        }
        let mut reversed = self.reversed.lock().unwrap();
        if !reversed.iter().any(|known| known.idempotency_key == request.idempotency_key) {
            reversed.push(request);
        }
        Ok(Response::new(Default::default()))
    }

    async fn get_premium_assistance(
        &self,
        _: Request<pb::GetPremiumAssistanceRequest>,
    ) -> Result<Response<pb::GetPremiumAssistanceResponse>, Status> {
        Err(not_asked())
    }
}

#[tonic::async_trait]
impl ReservationService for Assisting {
    async fn get_standing(
        &self,
        request: Request<pb::GetStandingRequest>,
    ) -> Result<Response<pb::GetStandingResponse>, Status> {
        self.is_there()?;
        let request = request.into_inner();
        let grants = self.grants.lock().unwrap().get(&request.person_id).cloned().unwrap_or_default();
        let day = |on_date: &String| {
            self.asked.lock().unwrap().push((request.person_id.clone(), on_date.clone()));
            let holds = |grant: &&(type_pb::Category, String, String)| grant.1 <= *on_date && *on_date <= grant.2;
            let held: Vec<i32> = grants.iter().filter(holds).map(|grant| grant.0.into()).collect();
            let grant_ids = (0..held.len()).map(|at| format!("grant {at} of {}", request.person_id)).collect();
            pb::DayCategories { on_date: on_date.clone(), categories: held, grant_ids }
        };
        let days = request.on_dates.iter().map(day).collect();
        Ok(Response::new(pb::GetStandingResponse { days, known_at: None }))
    }

    async fn reserve(&self, _: Request<pb::ReserveRequest>) -> Result<Response<pb::ReserveResponse>, Status> {
        Err(not_asked())
    }

    async fn post_changes(
        &self,
        _: Request<pb::PostChangesRequest>,
    ) -> Result<Response<pb::PostChangesResponse>, Status> {
        Err(not_asked())
    }

    async fn get_reservation(
        &self,
        _: Request<pb::GetReservationRequest>,
    ) -> Result<Response<pb::GetReservationResponse>, Status> {
        Err(not_asked())
    }

    async fn list_reservations(
        &self,
        _: Request<pb::ListReservationsRequest>,
    ) -> Result<Response<pb::ListReservationsResponse>, Status> {
        Err(not_asked())
    }

    async fn get_limits(&self, _: Request<pb::GetLimitsRequest>) -> Result<Response<pb::GetLimitsResponse>, Status> {
        Err(not_asked())
    }

    async fn adopt_shares(
        &self,
        _: Request<Streaming<pb::AdoptSharesRequest>>,
    ) -> Result<Response<pb::AdoptSharesResponse>, Status> {
        Err(not_asked())
    }
}

fn not_asked() -> Status {
    Fault::new(Reason::WrongState, "enrolment does not ask this").into()
}
