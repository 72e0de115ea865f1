//! A province's own side of clearing, for its officers.

use std::sync::Arc;

use pb::cross_province::v1 as pb;
use pb::province_clearing_service_server::ProvinceClearingService;
use rpc::{Fault, Violations};
use tonic::{Request, Response, Status};
use wire::read as fields;

use super::{call, keyed, read};
use crate::app::App;
use crate::app::clearing::{answer, book_notices, declare_month};

/// The most months that are looked through for what came late.
const MONTHS_MOST: u32 = 12;

/// Declares, answers and books.
#[derive(Clone)]
pub(crate) struct ProvinceClearing(pub(crate) Arc<App>);

#[tonic::async_trait]
impl ProvinceClearingService for ProvinceClearing {
    async fn declare_month(
        &self,
        request: Request<pb::DeclareMonthRequest>,
    ) -> Result<Response<pb::DeclareMonthResponse>, Status> {
        let r = request.into_inner();
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let month = read::month(&mut v, "month", &r.month);
        let before = i32::try_from(r.months_before).ok().filter(|_| r.months_before <= MONTHS_MOST);
        if before.is_none() {
            v.add("months_before", r.months_before, "from 0 to 12");
        }
        let (month, before) = v.finish(key.and(month.zip(before)))?;
        let call = keyed!(r, "officer", "DeclareMonth");
        let answer =
            declare_month::declare_month(&self.0, &call, month, (before, r.closes)).await.map_err(Fault::from)?;
        Ok(Response::new(answer))
    }

    async fn answer_sheet(
        &self,
        request: Request<pb::AnswerSheetRequest>,
    ) -> Result<Response<pb::AnswerSheetResponse>, Status> {
        let r = request.into_inner();
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let month = read::month(&mut v, "month", &r.month);
        let month = v.finish(key.and(month))?;
        let call = keyed!(r, "officer", "AnswerSheet");
        Ok(Response::new(answer::answer(&self.0, &call, month).await.map_err(Fault::from)?))
    }

    async fn book_notices(
        &self,
        request: Request<pb::BookNoticesRequest>,
    ) -> Result<Response<pb::BookNoticesResponse>, Status> {
        let r = request.into_inner();
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let month = read::month(&mut v, "month", &r.month);
        let month = v.finish(key.and(month))?;
        let call = keyed!(r, "officer", "BookNotices");
        Ok(Response::new(book_notices::book_notices(&self.0, &call, month).await.map_err(Fault::from)?))
    }
}
