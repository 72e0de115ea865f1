//! The calls of `ReconciliationService`.

mod read;
mod write;

use std::sync::Arc;

use pb::settlement::v1::reconciliation_service_server::ReconciliationService;
use pb::settlement::v1::{
    Difference, GetReconciliationRequest, GetReconciliationResponse, ListDifferencesRequest, ListDifferencesResponse,
    ReconcileDetailsRequest, ReconcileDetailsResponse, ReconcileTotalsRequest, ReconcileTotalsResponse,
};
use prost::Message as _;
use rpc::limits::MESSAGE_BYTES_MAX;
use rpc::{Fault, Reason, Violations};
use terms::Name;
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status, Streaming};
use wire::read::{id as read_id, page as page_size};

use super::page::Place;
use super::{Settlement, page};
use crate::app::{day_of, reconcile_details, reconcile_totals, store_fault};
use crate::store::{self as tables, Reconciliation};

/// How many streams of details are held in memory at once.
const STREAMS_MOST: usize = 4;
/// How many differences the reply to a stream shows.
const SHOWN_MOST: u32 = 1_000;
/// How many of our claims are read at once: each brings its whole bill.
const CHUNK: usize = 50;
/// How much of a message differences may take.
const BYTES_MOST: usize = MESSAGE_BYTES_MAX / 2;

/// Answers the calls about reconciliation.
#[derive(Clone)]
pub struct ReconciliationRpc {
    settlement: Settlement,
    streams: Arc<Semaphore>,
}

#[tonic::async_trait]
impl ReconciliationService for ReconciliationRpc {
    async fn reconcile_totals(
        &self,
        request: Request<ReconcileTotalsRequest>,
    ) -> Result<Response<ReconcileTotalsResponse>, Status> {
        let bench = &self.settlement.bench;
        let command = read::totals(&request.into_inner(), day_of(bench.clock.now()))?;
        let bytes = reconcile_totals(bench, command, write::totals).await?;
        Ok(Response::new(ReconcileTotalsResponse::decode(bytes.as_slice()).map_err(Fault::internal)?))
    }

    async fn reconcile_details(
        &self,
        request: Request<Streaming<ReconcileDetailsRequest>>,
    ) -> Result<Response<ReconcileDetailsResponse>, Status> {
        let busy = |_| Fault::new(Reason::TooMuch, "as many streams as the service takes are under way");
        let _held = self.streams.try_acquire().map_err(busy)?;
        let command = read::details(request.into_inner()).await?;
        let id = command.reconciliation;
        reconcile_details(&self.settlement.bench, command).await?;
        let (differences, _) = self.differences(&id, 0, SHOWN_MOST).await?;
        let reconciliation = Some(write::reconciliation(&self.recorded(&id).await?));
        Ok(Response::new(ReconcileDetailsResponse { reconciliation, differences }))
    }

    async fn get_reconciliation(
        &self,
        request: Request<GetReconciliationRequest>,
    ) -> Result<Response<GetReconciliationResponse>, Status> {
        let mut v = Violations::new();
        let id = read_id(&mut v, "reconciliation_id", &request.into_inner().reconciliation_id);
        let reconciliation = Some(write::reconciliation(&self.recorded(&v.finish(id)?).await?));
        Ok(Response::new(GetReconciliationResponse { reconciliation }))
    }

    async fn list_differences(
        &self,
        request: Request<ListDifferencesRequest>,
    ) -> Result<Response<ListDifferencesResponse>, Status> {
        let request = request.into_inner();
        let question = ListDifferencesRequest { page_token: String::new(), page_size: 0, ..request.clone() };
        let question = question.encode_to_vec();
        let mut v = Violations::new();
        let id = read_id(&mut v, "reconciliation_id", &request.reconciliation_id);
        let most = page_size(&mut v, request.page_size);
        let after = page::place(&mut v, "page_token", &request.page_token, &question);
        let (id, (most, after)) = v.finish(id.zip(most.zip(after)))?;
        self.recorded(&id).await?;
        let after = after.map_or(0, |place| place.number);
        let (differences, next) = self.differences(&id, after, most).await?;
        let next = next.map(|position| page::token(&question, &Place { number: position, id: id.to_string() }));
        Ok(Response::new(ListDifferencesResponse { differences, next_page_token: next.unwrap_or_default() }))
    }
}

impl ReconciliationRpc {
    /// The calls about reconciliation, answered with what settlement has.
    #[must_use]
    pub fn new(settlement: Settlement) -> Self {
        Self { settlement, streams: Arc::new(Semaphore::new(STREAMS_MOST)) }
    }

    async fn recorded(&self, id: &Name) -> Result<Reconciliation, Fault> {
        let found = tables::reconciliation(self.settlement.bench.database.reader(), id).await.map_err(store_fault)?;
        found.ok_or_else(|| Fault::not_found("reconciliation", id.as_str()))
    }

    /// Differences after a position, as many as a message holds, and the last position where more follow.
    async fn differences(&self, id: &Name, after: i64, most: u32) -> Result<(Vec<Difference>, Option<i64>), Fault> {
        let reader = self.settlement.bench.database.reader();
        let found = tables::differences(reader, id, after, most + 1).await.map_err(store_fault)?;
        let (mut written, mut bytes) = (Vec::new(), 0);
        let page = found.get(..most as usize).unwrap_or(&found);
        let mut last = after;
        for chunk in page.chunks(CHUNK) {
            let claims = tables::compared(reader, chunk).await.map_err(store_fault)?;
            for one in chunk {
                let difference = write::difference(one, &claims)?;
                bytes += difference.encoded_len();
                if bytes > BYTES_MOST && !written.is_empty() {
                    return Ok((written, Some(last)));
                }
                written.push(difference);
                last = one.position;
            }
        }
        Ok((written, Some(last).filter(|_| found.len() > page.len())))
    }
}
