//! Categories.

use std::sync::Arc;

use ::pb::assistance::v1 as pb;
use pb::category_service_server::CategoryService;
use pb::correct_category_request::Correction;
use rpc::{Fault, Violations};
use tonic::{Request, Response, Status, Streaming};
use wire::{read as fields, write as messages};

use super::page::Page;
use super::words::ask_state;
use super::{import, read, write};
use crate::app::change::{Asked, change, is_known};
use crate::app::{App, Problem, correct, end, grant, standing};
use crate::store::mends::Wanted;
use crate::store::{categories, mends};

/// Keeps categories.
#[derive(Clone)]
pub(crate) struct Categories(pub(crate) Arc<App>);

impl Categories {
    async fn grant(&self, r: pb::GrantCategoryRequest) -> Result<pb::GrantCategoryResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let person = fields::id(&mut v, "person_id", &r.person_id);
        let terms = read::terms(&mut v, r.terms.as_ref());
        let operator = fields::text(&mut v, "operator_id", &r.operator_id, 100);
        let reason = fields::optional_text(&mut v, "reason", &r.reason, 1_000);
        let command = (|| {
            let (person, terms, operator) = (person?, terms?, operator?);
            Some(grant::Granting { person, terms, operator, reason: reason?, application: None })
        })();
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("GrantCategory", &key, &r);
        // an answer that is kept waits for nobody
        if !is_known(&self.0, &asked).await? {
            grant::is_registered(&self.0, command.person).await?;
        }
        change(&self.0, asked, command, |app, tx, c| async move {
            let (grant, years) = grant::grant(&app, &tx, &c).await?;
            let reassessed_years = years.into_iter().map(write::year).collect();
            Ok(pb::GrantCategoryResponse { grant: Some(write::grant(&grant)), reassessed_years })
        })
        .await
    }

    async fn end(&self, r: pb::EndCategoryRequest) -> Result<pb::EndCategoryResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let grant = fields::id(&mut v, "grant_id", &r.grant_id);
        let version = read::version(&mut v, r.version);
        let to = fields::date(&mut v, "to_date", &r.to_date);
        let operator = fields::text(&mut v, "operator_id", &r.operator_id, 100);
        let reason = fields::text(&mut v, "reason", &r.reason, 1_000);
        let command = (|| {
            let grant = grant?.to_string();
            Some(end::Ending { grant, version: version?, to: to?, operator: operator?, reason: reason? })
        })();
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("EndCategory", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            let grant = end::end(&app, &tx, &c).await?;
            Ok(pb::EndCategoryResponse { grant: Some(write::grant(&grant)) })
        })
        .await
    }

    async fn correct(&self, r: pb::CorrectCategoryRequest) -> Result<pb::CorrectCategoryResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let grant = fields::id(&mut v, "grant_id", &r.grant_id);
        let version = read::version(&mut v, r.version);
        let terms = match &r.correction {
            Some(Correction::Terms(terms)) => read::terms(&mut v, Some(terms)).map(Some),
            Some(Correction::TakenBack(true)) => Some(None),
            Some(Correction::TakenBack(false)) => {
                v.add("taken_back", "false", "true: nothing was granted");
                None
            }
            None => v.required("terms", None, "what is right: terms, or taken_back"),
        };
        let operator = fields::text(&mut v, "operator_id", &r.operator_id, 100);
        let reason = fields::text(&mut v, "reason", &r.reason, 1_000);
        let command = (|| {
            let (grant, claw_back) = (grant?.to_string(), r.claw_back);
            let (version, terms, operator) = (version?, terms?, operator?);
            Some(correct::Correcting { grant, version, terms, claw_back, operator, reason: reason? })
        })();
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("CorrectCategory", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            let (grant, years) = correct::correct(&app, &tx, &c).await?;
            let reassessed_years = years.into_iter().map(write::year).collect();
            Ok(pb::CorrectCategoryResponse { grant: Some(write::grant(&grant)), reassessed_years })
        })
        .await
    }

    async fn get(&self, r: pb::GetCategoriesRequest) -> Result<pb::GetCategoriesResponse, Fault> {
        let mut v = Violations::new();
        let person = fields::id(&mut v, "person_id", &r.person_id);
        let on = fields::optional_date(&mut v, "on_date", &r.on_date);
        let known_at = fields::moment(&mut v, "known_at", &r.known_at);
        let ((person, on), known_at) = v.finish(person.zip(on).zip(known_at))?;
        let (day, now) = (on.unwrap_or_else(|| self.0.today()), self.0.now());
        let found = standing::on_days(&self.0, person.as_str(), &[day], known_at).await?;
        let (categories, grants) = found.into_iter().next().map(|day| (day.categories, day.grants)).unwrap_or_default();
        Ok(pb::GetCategoriesResponse {
            categories: categories.into_iter().map(messages::word).collect(),
            grants: grants.iter().map(write::grant).collect(),
            known_at: Some(messages::moment(known_at.unwrap_or(now))),
        })
    }

    async fn history(&self, r: pb::ListCategoryHistoryRequest) -> Result<pb::ListCategoryHistoryResponse, Fault> {
        let mut v = Violations::new();
        let question = pb::ListCategoryHistoryRequest { page_size: 0, page_token: String::new(), ..r.clone() };
        let page = Page::read(&mut v, &question, r.page_size, &r.page_token);
        let person = fields::id(&mut v, "person_id", &r.person_id);
        let (page, person) = v.finish(page.zip(person))?;
        let found = categories::of_person(self.0.database.reader(), person.as_str()).await;
        let mut found = found.map_err(Problem::Store)?;
        found.sort_by(|a, b| (b.recorded_at, &b.id, b.version).cmp(&(a.recorded_at, &a.id, a.version)));
        let (found, next_page_token) = page.of(found);
        Ok(pb::ListCategoryHistoryResponse { versions: found.iter().map(write::grant).collect(), next_page_token })
    }

    async fn reassessments(&self, r: pb::ListReassessmentsRequest) -> Result<pb::ListReassessmentsResponse, Fault> {
        let mut v = Violations::new();
        let question = pb::ListReassessmentsRequest { page_size: 0, page_token: String::new(), ..r.clone() };
        let page = Page::read(&mut v, &question, r.page_size, &r.page_token);
        let person =
            if r.person_id.is_empty() { Some(None) } else { fields::id(&mut v, "person_id", &r.person_id).map(Some) };
        let year = if r.year == 0 { Some(None) } else { fields::year(&mut v, "year", r.year).map(Some) };
        let states = read::list(&mut v, "states", &r.states, (0, 100), |v, number| ask_state(v, "", *number));
        let wanted = (|| {
            let (page, person, year, states) = (page?, person?, year?, states?);
            let (offset, most) = page.range();
            Some((page, Wanted { person, year, states, offset, most }))
        })();
        let (page, wanted) = v.finish(wanted)?;
        let found = mends::list(self.0.database.reader(), &wanted).await.map_err(Problem::Store)?;
        let (found, next_page_token) = page.cut(found);
        let reassessments = found.iter().map(write::reassessment).collect::<Result<_, _>>().map_err(Fault::internal)?;
        Ok(pb::ListReassessmentsResponse { reassessments, next_page_token })
    }
}

#[tonic::async_trait]
impl CategoryService for Categories {
    type StreamCategoryDifferencesStream = import::Differences;

    async fn grant_category(
        &self,
        request: Request<pb::GrantCategoryRequest>,
    ) -> Result<Response<pb::GrantCategoryResponse>, Status> {
        Ok(Response::new(self.grant(request.into_inner()).await?))
    }

    async fn end_category(
        &self,
        request: Request<pb::EndCategoryRequest>,
    ) -> Result<Response<pb::EndCategoryResponse>, Status> {
        Ok(Response::new(self.end(request.into_inner()).await?))
    }

    async fn correct_category(
        &self,
        request: Request<pb::CorrectCategoryRequest>,
    ) -> Result<Response<pb::CorrectCategoryResponse>, Status> {
        Ok(Response::new(self.correct(request.into_inner()).await?))
    }

    async fn get_categories(
        &self,
        request: Request<pb::GetCategoriesRequest>,
    ) -> Result<Response<pb::GetCategoriesResponse>, Status> {
        Ok(Response::new(self.get(request.into_inner()).await?))
    }

    async fn list_category_history(
        &self,
        request: Request<pb::ListCategoryHistoryRequest>,
    ) -> Result<Response<pb::ListCategoryHistoryResponse>, Status> {
        Ok(Response::new(self.history(request.into_inner()).await?))
    }

    async fn list_reassessments(
        &self,
        request: Request<pb::ListReassessmentsRequest>,
    ) -> Result<Response<pb::ListReassessmentsResponse>, Status> {
        Ok(Response::new(self.reassessments(request.into_inner()).await?))
    }

    async fn import_categories(
        &self,
        request: Request<Streaming<pb::ImportCategoriesRequest>>,
    ) -> Result<Response<pb::ImportCategoriesResponse>, Status> {
        Ok(Response::new(import::take(&self.0, request.into_inner()).await?))
    }

    async fn get_category_import(
        &self,
        request: Request<pb::GetCategoryImportRequest>,
    ) -> Result<Response<pb::GetCategoryImportResponse>, Status> {
        Ok(Response::new(import::get(&self.0, request.into_inner()).await?))
    }

    async fn stream_category_differences(
        &self,
        request: Request<pb::StreamCategoryDifferencesRequest>,
    ) -> Result<Response<Self::StreamCategoryDifferencesStream>, Status> {
        Ok(Response::new(import::differences(&self.0, request.into_inner()).await?))
    }
}
