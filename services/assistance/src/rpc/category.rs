//! Categories.

use std::pin::Pin;
use std::sync::Arc;

use ::pb::assistance::v1 as pb;
use pb::category_service_server::CategoryService;
use pb::correct_category_request::Correction;
use rpc::{Fault, Violations};
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming};
use wire::{read as fields, write as messages};

use super::page::Page;
use super::{read, write};
use crate::app::change::{Asked, change};
use crate::app::{App, Problem, correct, end, grant, standing};
use crate::store::categories;

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
        let command =
            (|| Some(grant::Granting { person: person?, terms: terms?, operator: operator?, reason: reason? }))();
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("GrantCategory", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            let grant = grant::grant(&app, &tx, &c).await?;
            Ok(pb::GrantCategoryResponse { grant: Some(write::grant(&grant)), reassessed_years: Vec::new() })
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
            let grant = correct::correct(&app, &tx, &c).await?;
            Ok(pb::CorrectCategoryResponse { grant: Some(write::grant(&grant)), reassessed_years: Vec::new() })
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
}

/// What is said by a call that is in the contract and not served yet.
pub(super) fn not_served(call: &'static str) -> Status {
    Fault::wrong_state("not_served", "this service does not serve the call yet").with("call", call).into()
}

#[tonic::async_trait]
impl CategoryService for Categories {
    type StreamCategoryDifferencesStream =
        Pin<Box<dyn Stream<Item = Result<pb::StreamCategoryDifferencesResponse, Status>> + Send>>;

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

    async fn import_categories(
        &self,
        _: Request<Streaming<pb::ImportCategoriesRequest>>,
    ) -> Result<Response<pb::ImportCategoriesResponse>, Status> {
        Err(not_served("ImportCategories"))
    }

    async fn get_category_import(
        &self,
        _: Request<pb::GetCategoryImportRequest>,
    ) -> Result<Response<pb::GetCategoryImportResponse>, Status> {
        Err(not_served("GetCategoryImport"))
    }

    async fn stream_category_differences(
        &self,
        _: Request<pb::StreamCategoryDifferencesRequest>,
    ) -> Result<Response<Self::StreamCategoryDifferencesStream>, Status> {
        Err(not_served("StreamCategoryDifferences"))
    }
}
