//! Other payers: their plans, members and offers (SD-12).

mod answer;
mod ask;
mod join;

use std::sync::Arc;

use ::pb::assistance::v1 as pb;
use ::store::sea_orm::ConnectionTrait;
use pb::payer_service_server::PayerService;
use rpc::{Fault, Violations};
use tonic::{Request, Response, Status, Streaming};
use wire::read as fields;

use self::answer::{offer, plan};
use super::page::Behind;
use super::read;
use super::words::offer_state;
use crate::app::change::{Asked, change};
use crate::app::offer::{self as offered, Before};
use crate::app::{App, Problem, answer_offer, plan as plans};
use crate::domain::{Offer, Plan};
use crate::store::offers::Wanted;
use crate::store::{offers, plans as kept_plans};

/// Keeps plans, members and offers.
#[derive(Clone)]
pub(crate) struct Payers(pub(crate) Arc<App>);

impl Payers {
    async fn register(&self, r: pb::RegisterPlanRequest) -> Result<pb::RegisterPlanResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let command = ask::registering(&mut v, &r, self.0.today());
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("RegisterPlan", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            let registered = plans::register(&app, &tx, &c).await?;
            Ok(pb::RegisterPlanResponse { plan: Some(whole(&app, &tx, &registered).await?) })
        })
        .await
    }

    async fn end(&self, r: pb::EndPlanRequest) -> Result<pb::EndPlanResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let command = ask::ending(&mut v, &r, self.0.today());
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("EndPlan", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            let ended = plans::end(&app, &tx, &c).await?;
            Ok(pb::EndPlanResponse { plan: Some(whole(&app, &tx, &ended).await?) })
        })
        .await
    }

    async fn get(&self, r: pb::GetPlanRequest) -> Result<pb::GetPlanResponse, Fault> {
        let mut v = Violations::new();
        let id = fields::id(&mut v, "plan_id", &r.plan_id);
        let version = match r.version {
            Some(version) => read::version(&mut v, version).map(Some),
            None => Some(None),
        };
        let (id, version) = v.finish(id.zip(version))?;
        let reader = self.0.database.reader();
        let mut found = kept_plans::versions(reader, [id].into_iter()).await.map_err(Problem::Store)?;
        let versions = found.remove(&id).unwrap_or_default();
        let wanted = |plan: &&Plan| version.is_none_or(|version| plan.version == version);
        let found = versions.iter().rfind(wanted).ok_or_else(|| Fault::not_found("plan", id.as_str()))?;
        Ok(pb::GetPlanResponse { plan: Some(whole(&self.0, reader, found).await?) })
    }

    async fn list(&self, r: pb::ListOffersRequest) -> Result<pb::ListOffersResponse, Fault> {
        let mut v = Violations::new();
        let question = pb::ListOffersRequest { page_size: 0, page_token: String::new(), ..r.clone() };
        let page = Behind::read(&mut v, &question, r.page_size, &r.page_token);
        let mut one = |field: &str, id: &str| {
            if id.is_empty() { Some(None) } else { fields::id(&mut v, field, id).map(Some) }
        };
        let claim = one("claim_id", &r.claim_id);
        let (person, plan) = (one("person_id", &r.person_id), one("plan_id", &r.plan_id));
        if r.with_earlier && r.claim_id.is_empty() {
            v.add("with_earlier", "true", "a claim_id, which the earlier ones are of");
        }
        if [&r.claim_id, &r.person_id, &r.plan_id].iter().all(|id| id.is_empty()) {
            v.add("claim_id", "nothing", "a claim, or a person_id or plan_id");
        }
        let states = read::list(&mut v, "states", &r.states, (0, 100), |v, state| offer_state(v, "", *state));
        let wanted = (|| {
            let (claim, person, plan) = (claim?, person?, plan?);
            let (page, earlier) = (page?, Vec::new());
            let (after, most) = (page.after(), page.most());
            Some((Wanted { claim, earlier, person, plan, states: states?, after, most }, page))
        })();
        let (mut wanted, page) = v.finish(wanted)?;
        let before = match wanted.claim.filter(|_| r.with_earlier) {
            Some(claim) => offered::before(&self.0, claim).await?,
            None => Before::default(),
        };
        wanted.earlier = before.claims;
        let found = offers::list(self.0.database.reader(), &wanted).await.map_err(Problem::Store)?;
        let (found, next_page_token) = page.cut(found, |found| found.id);
        let overpaid = |one: &Offer| before.overpaid.get(&one.id).copied().unwrap_or_default().get();
        let offers = found.iter().map(|one| pb::Offer { overpaid_fen: overpaid(one), ..offer(one) }).collect();
        Ok(pb::ListOffersResponse { offers, next_page_token })
    }

    async fn answer(&self, r: pb::AnswerOfferRequest) -> Result<pb::AnswerOfferResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let command = ask::answering(&mut v, &r);
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("AnswerOffer", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            let answered = answer_offer::answer(&app, &tx, &c).await?;
            Ok(pb::AnswerOfferResponse { offer: Some(offer(&answered)) })
        })
        .await
    }

    async fn pay(&self, r: pb::RecordOfferPaidRequest) -> Result<pb::RecordOfferPaidResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let command = ask::paying(&mut v, &r, self.0.today());
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("RecordOfferPaid", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            let paid = answer_offer::pay(&app, &tx, &c).await?;
            Ok(pb::RecordOfferPaidResponse { offer: Some(offer(&paid)) })
        })
        .await
    }
}

/// A plan with how many members it has today.
async fn whole(app: &App, connection: &impl ConnectionTrait, of: &Plan) -> Result<pb::Plan, Problem> {
    let members = kept_plans::members_on(connection, of.id, app.today()).await?;
    Ok(plan(of, members))
}

#[tonic::async_trait]
impl PayerService for Payers {
    async fn register_plan(
        &self,
        request: Request<pb::RegisterPlanRequest>,
    ) -> Result<Response<pb::RegisterPlanResponse>, Status> {
        Ok(Response::new(self.register(request.into_inner()).await?))
    }

    async fn end_plan(&self, request: Request<pb::EndPlanRequest>) -> Result<Response<pb::EndPlanResponse>, Status> {
        Ok(Response::new(self.end(request.into_inner()).await?))
    }

    async fn get_plan(&self, request: Request<pb::GetPlanRequest>) -> Result<Response<pb::GetPlanResponse>, Status> {
        Ok(Response::new(self.get(request.into_inner()).await?))
    }

    async fn join_members(
        &self,
        request: Request<Streaming<pb::JoinMembersRequest>>,
    ) -> Result<Response<pb::JoinMembersResponse>, Status> {
        Ok(Response::new(join::take(&self.0, request.into_inner()).await?))
    }

    async fn list_offers(
        &self,
        request: Request<pb::ListOffersRequest>,
    ) -> Result<Response<pb::ListOffersResponse>, Status> {
        Ok(Response::new(self.list(request.into_inner()).await?))
    }

    async fn answer_offer(
        &self,
        request: Request<pb::AnswerOfferRequest>,
    ) -> Result<Response<pb::AnswerOfferResponse>, Status> {
        Ok(Response::new(self.answer(request.into_inner()).await?))
    }

    async fn record_offer_paid(
        &self,
        request: Request<pb::RecordOfferPaidRequest>,
    ) -> Result<Response<pb::RecordOfferPaidResponse>, Status> {
        Ok(Response::new(self.pay(request.into_inner()).await?))
    }
}
