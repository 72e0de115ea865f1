//! Reservations: standing, holds, Changes, limits.

use std::sync::Arc;

use ::pb::assistance::v1 as pb;
use pb::reservation_service_server::ReservationService;
use pb::reserve_response::Outcome;
use rpc::{Fault, Violations};
use tonic::{Request, Response, Status, Streaming};
use wire::{read as fields, write as messages};

use super::page::Page;
use super::words::{state, state_number};
use super::{adopt, read, write};
use crate::app::{App, Problem, keep, reserve, standing};
use crate::domain::{Kept, Under};
use crate::store::holds::Wanted;
use crate::store::{holds, limits};

/// Holds limits and keeps Changes.
#[derive(Clone)]
pub(crate) struct Reservations(pub(crate) Arc<App>);

impl Reservations {
    async fn standing(&self, r: pb::GetStandingRequest) -> Result<pb::GetStandingResponse, Fault> {
        let mut v = Violations::new();
        let person = fields::id(&mut v, "person_id", &r.person_id);
        let days = read::days(&mut v, "on_dates", &r.on_dates, 400);
        let known_at = fields::moment(&mut v, "known_at", &r.known_at);
        let ((person, days), known_at) = v.finish(person.zip(days).zip(known_at))?;
        let now = self.0.now();
        let found = standing::on_days(&self.0, person.as_str(), &days, known_at).await?;
        let days = found.iter().map(write::day).collect();
        Ok(pb::GetStandingResponse { days, known_at: Some(messages::moment(known_at.unwrap_or(now))) })
    }

    async fn hold(&self, r: pb::ReserveRequest) -> Result<pb::ReserveResponse, Fault> {
        let mut v = Violations::new();
        let hold = fields::id(&mut v, "hold_id", &r.hold_id);
        let person = fields::id(&mut v, "person_id", &r.person_id);
        let division = fields::division(&mut v, "division", &r.division);
        let version = fields::version(&mut v, "policy_version", &r.policy_version);
        let scheme = fields::word(&mut v, "scheme", r.scheme);
        let days = read::planned(&mut v, &r.days);
        let asks = read::asks(&mut v, &r.asks);
        let earlier = read::changes(&mut v, "earlier", &r.earlier, (0, 100), person);
        let owner = fields::text(&mut v, "owner", &r.owner, 200);
        let request = (|| {
            let under = Under { division: division?, version: version?, scheme: scheme? };
            let (hold, person, days, asks) = (hold?, person?, days?, asks?);
            Some(reserve::Request { hold, person, under, days, asks, earlier: earlier?, owner: owner? })
        })();
        let outcome = match reserve::reserve(&self.0, v.finish(request)?).await? {
            reserve::Answer::Held(granted, until) => Outcome::Held(pb::Held {
                granted: granted.iter().map(write::granted).collect(),
                expires_at: Some(messages::moment(until)),
            }),
            reserve::Answer::Stale(days) => Outcome::Stale(pb::Stale { days: days.iter().map(write::day).collect() }),
            reserve::Answer::Over(state) => Outcome::Over(pb::Over { state: state_number(state) }),
        };
        Ok(pb::ReserveResponse { outcome: Some(outcome) })
    }

    async fn post(&self, r: pb::PostChangesRequest) -> Result<pb::PostChangesResponse, Fault> {
        let mut v = Violations::new();
        let changes = read::changes(&mut v, "changes", &r.changes, (1, 256), None);
        let answers = keep::post(&self.0, v.finish(changes)?).await?;
        let posted = |answer: &keep::Answer| {
            let outcome = match answer.kept {
                Kept::Now => pb::PostOutcome::Kept,
                Kept::Known => pb::PostOutcome::Known,
                Kept::TooEarly => pb::PostOutcome::TooEarly,
                Kept::Refused(_) => pb::PostOutcome::Refused,
            };
            let (change_id, kept_sequence) = (answer.change.to_string(), answer.sequence);
            pb::PostedChange { change_id, outcome: outcome.into(), kept_sequence }
        };
        Ok(pb::PostChangesResponse { changes: answers.iter().map(posted).collect() })
    }

    async fn get(&self, r: pb::GetReservationRequest) -> Result<pb::GetReservationResponse, Fault> {
        let mut v = Violations::new();
        let id = fields::id(&mut v, "hold_id", &r.hold_id);
        let id = v.finish(id)?;
        let found = holds::by_id(self.0.database.reader(), id).await.map_err(Problem::Store)?;
        let hold = found.ok_or_else(|| Fault::not_found("hold", id.as_str()))?;
        Ok(pb::GetReservationResponse { reservation: Some(write::hold(&hold)) })
    }

    async fn list(&self, r: pb::ListReservationsRequest) -> Result<pb::ListReservationsResponse, Fault> {
        let mut v = Violations::new();
        let question = pb::ListReservationsRequest { page_size: 0, page_token: String::new(), ..r.clone() };
        let page = Page::read(&mut v, &question, r.page_size, &r.page_token);
        let person =
            if r.person_id.is_empty() { Some(None) } else { fields::id(&mut v, "person_id", &r.person_id).map(Some) };
        let states = read::list(&mut v, "states", &r.states, (0, 100), |v, number| state(v, "", *number));
        let before = fields::moment(&mut v, "before_at", &r.before_at);
        let wanted = (|| {
            let (page, person, states) = (page?, person?, states?);
            let (offset, most) = page.range();
            Some((page, Wanted { person, states, before: before?, offset, most }))
        })();
        let (page, wanted) = v.finish(wanted)?;
        let found = holds::list(self.0.database.reader(), &wanted).await.map_err(Problem::Store)?;
        let (found, next_page_token) = page.cut(found);
        let reservations = found.iter().map(write::hold).collect();
        Ok(pb::ListReservationsResponse { reservations, next_page_token })
    }

    async fn limits(&self, r: pb::GetLimitsRequest) -> Result<pb::GetLimitsResponse, Fault> {
        let mut v = Violations::new();
        let person = fields::id(&mut v, "person_id", &r.person_id);
        let year = fields::year(&mut v, "year", r.year);
        let (person, year) = v.finish(person.zip(year))?;
        let found = limits::of_year(self.0.database.reader(), person, year).await.map_err(Problem::Store)?;
        let limits = found.iter().map(|((_, payer), limit)| write::limit(*payer, limit)).collect();
        Ok(pb::GetLimitsResponse { limits })
    }
}

#[tonic::async_trait]
impl ReservationService for Reservations {
    async fn get_standing(
        &self,
        request: Request<pb::GetStandingRequest>,
    ) -> Result<Response<pb::GetStandingResponse>, Status> {
        Ok(Response::new(self.standing(request.into_inner()).await?))
    }

    async fn reserve(&self, request: Request<pb::ReserveRequest>) -> Result<Response<pb::ReserveResponse>, Status> {
        Ok(Response::new(self.hold(request.into_inner()).await?))
    }

    async fn post_changes(
        &self,
        request: Request<pb::PostChangesRequest>,
    ) -> Result<Response<pb::PostChangesResponse>, Status> {
        Ok(Response::new(self.post(request.into_inner()).await?))
    }

    async fn get_reservation(
        &self,
        request: Request<pb::GetReservationRequest>,
    ) -> Result<Response<pb::GetReservationResponse>, Status> {
        Ok(Response::new(self.get(request.into_inner()).await?))
    }

    async fn list_reservations(
        &self,
        request: Request<pb::ListReservationsRequest>,
    ) -> Result<Response<pb::ListReservationsResponse>, Status> {
        Ok(Response::new(self.list(request.into_inner()).await?))
    }

    async fn get_limits(
        &self,
        request: Request<pb::GetLimitsRequest>,
    ) -> Result<Response<pb::GetLimitsResponse>, Status> {
        Ok(Response::new(self.limits(request.into_inner()).await?))
    }

    async fn adopt_shares(
        &self,
        request: Request<Streaming<pb::AdoptSharesRequest>>,
    ) -> Result<Response<pb::AdoptSharesResponse>, Status> {
        Ok(Response::new(adopt::take(&self.0, request.into_inner()).await?))
    }
}
