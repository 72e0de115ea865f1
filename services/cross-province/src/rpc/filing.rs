//! What people and officers call about filings.

mod answer;
mod read;

use std::sync::Arc;

use pb::cross_province::v1 as pb;
use pb::filing_service_server::FilingService;
use rpc::{Fault, Violations};
use tonic::{Request, Response, Status};
use wire::read as fields;

use crate::app::change_filing::{self, ChangeFiling};
use crate::app::filing::Outcome;
use crate::app::{App, Problem, file};
use crate::store::filings;

/// Keeps filings of people insured here.
#[derive(Clone)]
pub(crate) struct Filings(pub(crate) Arc<App>);

impl Filings {
    async fn files(&self, r: pb::FileRequest) -> Result<pb::FileResponse, Fault> {
        use pb::file_response::Outcome as Said;
        let mut v = Violations::new();
        let wanted = read::file(&mut v, &r, self.0.today());
        let outcome = match file::file(&self.0, v.finish(wanted)?).await? {
            Outcome::Kept(filed) => Said::Filed(answer::record(&filed)),
            Outcome::Refused(no) => Said::Refused(*no),
        };
        Ok(pb::FileResponse { outcome: Some(outcome) })
    }

    async fn change(&self, r: pb::ChangeFilingRequest) -> Result<pb::ChangeFilingResponse, Fault> {
        use pb::change_filing_response::Outcome as Said;
        let mut v = Violations::new();
        let wanted = read::change(&mut v, &r, self.0.today());
        let outcome = match self.changes(v.finish(wanted)?).await? {
            Outcome::Kept(filed) => Said::Changed(answer::record(&filed)),
            Outcome::Refused(no) => Said::Refused(*no),
        };
        Ok(pb::ChangeFilingResponse { outcome: Some(outcome) })
    }

    async fn cancel(&self, r: pb::CancelFilingRequest) -> Result<pb::CancelFilingResponse, Fault> {
        use pb::cancel_filing_response::Outcome as Said;
        let mut v = Violations::new();
        let wanted = read::cancel(&mut v, &r);
        let outcome = match self.changes(v.finish(wanted)?).await? {
            Outcome::Kept(filed) => Said::Cancelled(answer::record(&filed)),
            Outcome::Refused(no) => Said::Refused(*no),
        };
        Ok(pb::CancelFilingResponse { outcome: Some(outcome) })
    }

    async fn supply(&self, r: pb::SupplyDocumentsRequest) -> Result<pb::SupplyDocumentsResponse, Fault> {
        let mut v = Violations::new();
        let wanted = read::supply(&mut v, &r);
        match self.changes(v.finish(wanted)?).await? {
            Outcome::Kept(filed) => Ok(pb::SupplyDocumentsResponse { filing: Some(answer::record(&filed)) }),
            Outcome::Refused(_) => Err(Fault::internal("documents are asked of no policy")),
        }
    }

    async fn changes(&self, wanted: ChangeFiling) -> Result<Outcome, Fault> {
        change_filing::change(&self.0, wanted).await
    }

    async fn get(&self, r: pb::GetFilingRequest) -> Result<pb::GetFilingResponse, Fault> {
        let mut v = Violations::new();
        let id = fields::id(&mut v, "filing_id", &r.filing_id);
        let id = v.finish(id)?;
        let found = filings::of_id(self.0.database.reader(), id.as_str()).await.map_err(Problem::Store)?;
        let found = found.ok_or_else(|| Fault::not_found("filing", id.as_str()))?;
        Ok(pb::GetFilingResponse { filing: Some(answer::record(&found)) })
    }

    async fn list(&self, r: pb::ListFilingsRequest) -> Result<pb::ListFilingsResponse, Fault> {
        let mut v = Violations::new();
        let question = pb::ListFilingsRequest { page_size: 0, page_token: String::new(), ..r.clone() };
        let page = wire::page::Page::read(&mut v, &question, r.page_size, &r.page_token);
        let person = fields::id(&mut v, "person_id", &r.person_id);
        let (page, person) = v.finish(page.zip(person))?;
        let found = filings::page_of_person(self.0.database.reader(), person.as_str(), page.range()).await;
        let (found, next_page_token) = page.cut(found.map_err(Problem::Store)?);
        Ok(pb::ListFilingsResponse { filings: found.iter().map(answer::record).collect(), next_page_token })
    }
}

#[tonic::async_trait]
impl FilingService for Filings {
    async fn file(&self, request: Request<pb::FileRequest>) -> Result<Response<pb::FileResponse>, Status> {
        Ok(Response::new(self.files(request.into_inner()).await?))
    }

    async fn change_filing(
        &self,
        request: Request<pb::ChangeFilingRequest>,
    ) -> Result<Response<pb::ChangeFilingResponse>, Status> {
        Ok(Response::new(self.change(request.into_inner()).await?))
    }

    async fn cancel_filing(
        &self,
        request: Request<pb::CancelFilingRequest>,
    ) -> Result<Response<pb::CancelFilingResponse>, Status> {
        Ok(Response::new(self.cancel(request.into_inner()).await?))
    }

    async fn supply_documents(
        &self,
        request: Request<pb::SupplyDocumentsRequest>,
    ) -> Result<Response<pb::SupplyDocumentsResponse>, Status> {
        Ok(Response::new(self.supply(request.into_inner()).await?))
    }

    async fn get_filing(
        &self,
        request: Request<pb::GetFilingRequest>,
    ) -> Result<Response<pb::GetFilingResponse>, Status> {
        Ok(Response::new(self.get(request.into_inner()).await?))
    }

    async fn list_filings(
        &self,
        request: Request<pb::ListFilingsRequest>,
    ) -> Result<Response<pb::ListFilingsResponse>, Status> {
        Ok(Response::new(self.list(request.into_inner()).await?))
    }
}
