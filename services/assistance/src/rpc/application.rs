//! Applications.

mod answer;
mod ask;

use std::sync::Arc;

use ::pb::assistance::v1 as pb;
use ::pb::r#type::v1::EntryState;
use pb::application_service_server::ApplicationService;
use rpc::{Fault, Violations};
use tonic::{Request, Response, Status};
use wire::{read as fields, write as messages};

use self::answer::{listed, whole};
pub(crate) use self::ask::confirmed;
use super::page::Behind;
use super::words::application_state;
use super::{read, write};
use crate::app::change::{Asked, change, is_known};
use crate::app::grant::is_registered;
use crate::app::{App, Problem, appeal, apply, attach, confirm, pay_application, propose, withdraw};
use crate::store::applications::{self, Wanted};

/// Keeps applications.
#[derive(Clone)]
pub(crate) struct Applications(pub(crate) Arc<App>);

impl Applications {
    async fn applied(&self, r: pb::ApplyRequest) -> Result<pb::ApplyResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let command = ask::applying(&mut v, &r, self.0.today());
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("Apply", &key, &r);
        if !is_known(&self.0, &asked).await? {
            is_registered(&self.0, command.person).await?;
            apply::is_insured(&self.0, &command).await?;
        }
        change(&self.0, asked, command, |app, tx, c| async move {
            let id = apply::apply(&app, &tx, &c).await?;
            Ok(pb::ApplyResponse { application: Some(whole(&tx, id).await?) })
        })
        .await
    }

    async fn attached(&self, r: pb::AttachEvidenceRequest) -> Result<pb::AttachEvidenceResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let application = fields::id(&mut v, "application_id", &r.application_id);
        let evidence = read::list(&mut v, "evidence", &r.evidence, (1, read::EVIDENCE_AT_MOST), read::evidence);
        let by = ask::by(&mut v, &r.operator_id, ("remark", "", false));
        let command = (|| Some(attach::Attaching { application: application?, evidence: evidence?, by: by? }))();
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("AttachEvidence", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            attach::attach(&app, &tx, &c).await?;
            Ok(pb::AttachEvidenceResponse { application: Some(whole(&tx, c.application).await?) })
        })
        .await
    }

    async fn proposed(&self, r: pb::ProposeDecisionRequest) -> Result<pb::ProposeDecisionResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let command = ask::proposing(&mut v, &r);
        let (key, proposing) = v.finish(key.zip(command))?;
        let asked = Asked::new("ProposeDecision", &key, &r);
        // settlement is asked outside the transaction, and not for an answer that is kept
        let prepared = if is_known(&self.0, &asked).await? {
            propose::Prepared { proposing, preview: None }
        } else {
            propose::prepare(&self.0, proposing).await?
        };
        change(&self.0, asked, prepared, |app, tx, c| async move {
            propose::propose(&app, &tx, &c).await?;
            let application = Some(whole(&tx, c.proposing.application).await?);
            let preview = c.preview.clone().unwrap_or_default();
            let would_award_fen = preview.award.get();
            let (would_change, refused) = (preview.would_change, preview.refused);
            Ok(pb::ProposeDecisionResponse { application, would_change, would_award_fen, refused })
        })
        .await
    }

    async fn confirmed(&self, r: pb::ConfirmDecisionRequest) -> Result<pb::ConfirmDecisionResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let application = fields::id(&mut v, "application_id", &r.application_id);
        if r.proposal == 0 {
            v.add("proposal", 0, "the number of the step that proposed what was seen");
        }
        let by = ask::by(&mut v, &r.operator_id, ("remark", &r.remark, r.send_back));
        let (proposal, sends_back) = (r.proposal, r.send_back);
        let command = (|| Some(confirm::Confirming { application: application?, proposal, sends_back, by: by? }))();
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("ConfirmDecision", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            let made = confirm::confirm(&app, &tx, &c).await?;
            let entry = |(entry, at): &(ledger::Entry, _)| messages::entry(entry, EntryState::Posted, *at);
            Ok(pb::ConfirmDecisionResponse {
                application: Some(whole(&tx, c.application).await?),
                grant: made.grant.as_ref().map(write::grant),
                entries: made.entry.iter().map(entry).collect(),
            })
        })
        .await
    }

    async fn paid(&self, r: pb::PayApplicationRequest) -> Result<pb::PayApplicationResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let command = ask::paying(&mut v, &r, self.0.today());
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("PayApplication", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            pay_application::pay(&app, &tx, &c).await?;
            Ok(pb::PayApplicationResponse { application: Some(whole(&tx, c.application).await?) })
        })
        .await
    }

    async fn appealed(&self, r: pb::AppealRequest) -> Result<pb::AppealResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let application = fields::id(&mut v, "application_id", &r.application_id);
        let evidence = read::list(&mut v, "evidence", &r.evidence, (0, read::EVIDENCE_AT_MOST), read::evidence);
        let by = ask::by(&mut v, &r.operator_id, ("reason", &r.reason, true));
        let command = (|| Some(attach::Attaching { application: application?, evidence: evidence?, by: by? }))();
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("Appeal", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            appeal::appeal(&app, &tx, &c).await?;
            Ok(pb::AppealResponse { application: Some(whole(&tx, c.application).await?) })
        })
        .await
    }

    async fn withdrawn(&self, r: pb::WithdrawApplicationRequest) -> Result<pb::WithdrawApplicationResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let application = fields::id(&mut v, "application_id", &r.application_id);
        let by = ask::by(&mut v, &r.operator_id, ("reason", &r.reason, true));
        let (key, command) = v.finish(key.zip(application.zip(by)))?;
        let asked = Asked::new("WithdrawApplication", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            withdraw::withdraw(&app, &tx, &c).await?;
            Ok(pb::WithdrawApplicationResponse { application: Some(whole(&tx, c.0).await?) })
        })
        .await
    }

    async fn get(&self, r: pb::GetApplicationRequest) -> Result<pb::GetApplicationResponse, Fault> {
        let mut v = Violations::new();
        let id = fields::id(&mut v, "application_id", &r.application_id);
        let application = whole(self.0.database.reader(), v.finish(id)?).await?;
        Ok(pb::GetApplicationResponse { application: Some(application) })
    }

    async fn list(&self, r: pb::ListApplicationsRequest) -> Result<pb::ListApplicationsResponse, Fault> {
        let mut v = Violations::new();
        let question = pb::ListApplicationsRequest { page_size: 0, page_token: String::new(), ..r.clone() };
        let page = Behind::read(&mut v, &question, r.page_size, &r.page_token);
        let person =
            if r.person_id.is_empty() { Some(None) } else { fields::id(&mut v, "person_id", &r.person_id).map(Some) };
        let division = if r.division.is_empty() {
            Some(None)
        } else {
            fields::division(&mut v, "division", &r.division).map(Some)
        };
        if r.division.is_empty() && r.person_id.is_empty() {
            v.add("division", "nothing", "a division, or a person_id");
        }
        let states = read::list(&mut v, "states", &r.states, (0, 100), |v, state| application_state(v, "", *state));
        let wanted = (|| {
            let (person, division, states, page) = (person?, division?, states?, page?);
            Some((Wanted { person, division, states, after: page.after(), most: page.most() }, page))
        })();
        let (wanted, page) = v.finish(wanted)?;
        let reader = self.0.database.reader();
        let found = applications::list(reader, &wanted).await.map_err(Problem::Store)?;
        let (found, next_page_token) = page.cut(found, |found| found.id);
        let applications = listed(reader, &found).await?;
        Ok(pb::ListApplicationsResponse { applications, next_page_token })
    }
}

#[tonic::async_trait]
impl ApplicationService for Applications {
    async fn apply(&self, request: Request<pb::ApplyRequest>) -> Result<Response<pb::ApplyResponse>, Status> {
        Ok(Response::new(self.applied(request.into_inner()).await?))
    }

    async fn attach_evidence(
        &self,
        request: Request<pb::AttachEvidenceRequest>,
    ) -> Result<Response<pb::AttachEvidenceResponse>, Status> {
        Ok(Response::new(self.attached(request.into_inner()).await?))
    }

    async fn propose_decision(
        &self,
        request: Request<pb::ProposeDecisionRequest>,
    ) -> Result<Response<pb::ProposeDecisionResponse>, Status> {
        Ok(Response::new(self.proposed(request.into_inner()).await?))
    }

    async fn confirm_decision(
        &self,
        request: Request<pb::ConfirmDecisionRequest>,
    ) -> Result<Response<pb::ConfirmDecisionResponse>, Status> {
        Ok(Response::new(self.confirmed(request.into_inner()).await?))
    }

    async fn pay_application(
        &self,
        request: Request<pb::PayApplicationRequest>,
    ) -> Result<Response<pb::PayApplicationResponse>, Status> {
        Ok(Response::new(self.paid(request.into_inner()).await?))
    }

    async fn appeal(&self, request: Request<pb::AppealRequest>) -> Result<Response<pb::AppealResponse>, Status> {
        Ok(Response::new(self.appealed(request.into_inner()).await?))
    }

    async fn withdraw_application(
        &self,
        request: Request<pb::WithdrawApplicationRequest>,
    ) -> Result<Response<pb::WithdrawApplicationResponse>, Status> {
        Ok(Response::new(self.withdrawn(request.into_inner()).await?))
    }

    async fn get_application(
        &self,
        request: Request<pb::GetApplicationRequest>,
    ) -> Result<Response<pb::GetApplicationResponse>, Status> {
        Ok(Response::new(self.get(request.into_inner()).await?))
    }

    async fn list_applications(
        &self,
        request: Request<pb::ListApplicationsRequest>,
    ) -> Result<Response<pb::ListApplicationsResponse>, Status> {
        Ok(Response::new(self.list(request.into_inner()).await?))
    }
}
