//! Monthly clearing: what provinces and the centre's officers call.

mod own;
mod read;

use std::sync::Arc;

use crossing::ItemKind;
use crossing::clearing::Month;
use pb::clearing_service_server::ClearingService;
use pb::cross_province::v1 as pb;
use prost::Message;
use rpc::{Caller, Fault, Reason, Violations};
use store::idempotency::Call;
use terms::{Division, Name};
use tonic::{Request, Response, Status, Streaming};
use wire::page::Page;
use wire::read as fields;

pub(crate) use own::ProvinceClearing;

use crate::app::clearing::declare::Taken;
use crate::app::clearing::{confirm, declare, deduct, dispute, issue, make, open, pay, resolve, say};
use crate::app::{App, Problem};
use crate::store::clearing::{Lock, disputes, items, periods};

/// The most refused items that are told.
const TOLD_MOST: usize = 1_000;

/// Clears months.
#[derive(Clone)]
pub(crate) struct Clearing(pub(crate) Arc<App>);

/// Who makes a call.
enum Who {
    /// An officer of the centre.
    Officer,
    /// A province, which the request names.
    Province(Division),
    /// Any province of the table.
    Anyone,
}

/// A call that changes something, by who makes it and what it asks.
fn call(caller: &str, key: &str, method: &str, request: &impl Message) -> Call {
    Call::new(caller, key).field("method", method).field("request", request.encode_to_vec())
}

/// Reads a request with its key: the key, and the call without it.
macro_rules! keyed {
    ($request:expr, $caller:expr, $method:literal) => {{
        let mut bare = $request.clone();
        let key = std::mem::take(&mut bare.idempotency_key);
        call($caller, &key, $method, &bare)
    }};
}
pub(super) use keyed;

impl Clearing {
    /// Whether whoever is at the other end of the connection may make the call. Without certificates nobody is known, inside one process
    /// and on the centre's inner port.
    fn is_allowed(&self, caller: Option<&Caller>, who: &Who) -> Result<(), Fault> {
        let (own, peers) = (self.0.province, &self.0.peers);
        let Some(caller) = caller else { return Ok(()) };
        let is = |province| peers.may_bring(own, &caller.uri, province);
        let is_allowed = peers.get(own).is_some_and(|centre| centre.uri == caller.uri)
            || match who {
                Who::Officer => false,
                Who::Province(province) => is(*province),
                Who::Anyone => peers.all().any(|(province, _)| is(province)),
            };
        if is_allowed {
            return Ok(());
        }
        let message = "the caller's certificate is neither that of the province the request names nor the centre's";
        Err(Fault::new(Reason::WrongPeer, message).with("caller", caller.uri.clone()))
    }

    async fn declare_all(
        &self,
        caller: Option<Caller>,
        mut stream: Streaming<pb::DeclareItemsRequest>,
    ) -> Result<pb::DeclareItemsResponse, Status> {
        let mut sum = pb::DeclareItemsResponse::default();
        while let Some(message) = stream.message().await? {
            let mut v = Violations::new();
            let batch = read::batch(&mut v, &self.0.peers, &message);
            let batch = v.finish(batch)?;
            self.is_allowed(caller.as_ref(), &Who::Province(batch.care))?;
            let taken = declare::declare(&self.0, &batch).await.map_err(Fault::from)?;
            add(&mut sum, &taken);
        }
        Ok(sum)
    }

    async fn bills(
        &self,
        caller: Option<Caller>,
        r: pb::ListSheetBillsRequest,
    ) -> Result<pb::ListSheetBillsResponse, Fault> {
        let mut v = Violations::new();
        let row = read::row(&mut v, &self.0.peers, (&r.month, &r.care_division, &r.insured_division));
        let kind = read::optional_kind(&mut v, "kind", r.kind);
        let size = fields::page(&mut v, r.page_size);
        // an item's id is the place to go on from, whatever was disputed meanwhile
        let is_token = r.page_token.is_empty() || read::is_id(&r.page_token);
        if !is_token {
            v.add("page_token", &r.page_token, "next_page_token of the page before");
        }
        let read = row.zip(kind).zip(size).filter(|_| is_token);
        let ((row, kind), size) = v.finish(read)?;
        if self.is_allowed(caller.as_ref(), &Who::Province(row.1)).is_err() {
            self.is_allowed(caller.as_ref(), &Who::Province(row.2))?;
        }
        let most = u64::from(size) + 1;
        let found = items::page(self.0.database.reader(), row, kind, (&r.page_token, most)).await;
        let mut found = found.map_err(Problem::Store)?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let has_more = found.len() > size;
        found.truncate(size);
        let next_page_token = found.last().filter(|_| has_more).map(|last| last.id.clone()).unwrap_or_default();
        Ok(pb::ListSheetBillsResponse { bills: found.iter().map(say::bill).collect(), next_page_token })
    }

    async fn disputed(&self, r: pb::ListDisputesRequest) -> Result<pb::ListDisputesResponse, Fault> {
        let mut v = Violations::new();
        let question = pb::ListDisputesRequest { page_size: 0, page_token: String::new(), ..r.clone() };
        let page = Page::read(&mut v, &question, r.page_size, &r.page_token);
        let month = read::month(&mut v, "month", &r.month);
        let (page, month) = v.finish(page.zip(month))?;
        let found = disputes::of_month(self.0.database.reader(), month, page.range()).await;
        let (found, next_page_token) = page.cut(found.map_err(Problem::Store)?);
        Ok(pb::ListDisputesResponse { disputes: found.iter().map(say::dispute).collect(), next_page_token })
    }

    async fn period(&self, r: pb::GetPeriodRequest) -> Result<pb::GetPeriodResponse, Fault> {
        let month = self.month(&r.month)?;
        let found = periods::get(self.0.database.reader(), month, Lock::None).await.map_err(Problem::Store)?;
        let found = found.ok_or_else(|| Fault::not_found("clearing_period", &month.to_string()))?;
        Ok(pb::GetPeriodResponse { period: Some(say::period(&found)) })
    }

    fn month(&self, text: &str) -> Result<Month, Fault> {
        let mut v = Violations::new();
        let month = read::month(&mut v, "month", text);
        v.finish(month)
    }
}

fn add(sum: &mut pb::DeclareItemsResponse, taken: &Taken) {
    sum.taken += taken.taken;
    sum.known += taken.known;
    sum.refused += u64::try_from(taken.refused.len()).unwrap_or(u64::MAX);
    for (bill, kind, why) in &taken.refused {
        if sum.refusals.len() < TOLD_MOST {
            sum.refusals.push(refused(&bill.to_string(), *kind, *why));
        }
    }
}

fn refused(bill: &str, kind: ItemKind, why: pb::ItemRefusal) -> pb::RefusedItem {
    let advice = match why {
        pb::ItemRefusal::NotYet => "declare it with the month of its day",
        pb::ItemRefusal::TooLate => {
            "it is later than the timetable allows: it is not cleared between provinces any more"
        }
        pb::ItemRefusal::YearClosed => "the year of its day is closed: it is not cleared between provinces any more",
        pb::ItemRefusal::OtherContent => {
            "it was declared otherwise: see ListSheetBills; what is wrong is disputed or deducted"
        }
        pb::ItemRefusal::Held => "its bill is disputed, or something was taken off it: ask the centre's officers",
        pb::ItemRefusal::Unspecified => "",
    };
    pb::RefusedItem {
        bill_id: bill.to_owned(),
        kind: say::kind(kind).into(),
        why: why.into(),
        advice: advice.to_owned(),
    }
}

/// A request of an officer about a month.
macro_rules! officer {
    ($this:expr, $request:expr, $method:literal, $verb:path) => {{
        let caller = $request.extensions().get().cloned();
        let r = $request.into_inner();
        $this.is_allowed(caller.as_ref(), &Who::Officer)?;
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let month = read::month(&mut v, "month", &r.month);
        let officer = fields::id(&mut v, "officer_id", &r.officer_id);
        let (month, officer): (Month, Name) = v.finish(key.and(month.zip(officer)))?;
        let answer = $verb(&$this.0, &keyed!(r, "centre", $method), month, officer.as_str()).await;
        Ok(Response::new(answer.map_err(Fault::from)?))
    }};
}

#[tonic::async_trait]
impl ClearingService for Clearing {
    async fn open_period(
        &self,
        request: Request<pb::OpenPeriodRequest>,
    ) -> Result<Response<pb::OpenPeriodResponse>, Status> {
        officer!(self, request, "OpenPeriod", open::open)
    }

    async fn close_period(
        &self,
        request: Request<pb::ClosePeriodRequest>,
    ) -> Result<Response<pb::ClosePeriodResponse>, Status> {
        officer!(self, request, "ClosePeriod", open::close)
    }

    async fn make_sheet(
        &self,
        request: Request<pb::MakeSheetRequest>,
    ) -> Result<Response<pb::MakeSheetResponse>, Status> {
        officer!(self, request, "MakeSheet", make::make)
    }

    async fn issue_notices(
        &self,
        request: Request<pb::IssueNoticesRequest>,
    ) -> Result<Response<pb::IssueNoticesResponse>, Status> {
        officer!(self, request, "IssueNotices", issue::issue)
    }

    async fn get_period(
        &self,
        request: Request<pb::GetPeriodRequest>,
    ) -> Result<Response<pb::GetPeriodResponse>, Status> {
        self.is_allowed(request.extensions().get(), &Who::Anyone)?;
        Ok(Response::new(self.period(request.into_inner()).await?))
    }

    async fn declare_items(
        &self,
        request: Request<Streaming<pb::DeclareItemsRequest>>,
    ) -> Result<Response<pb::DeclareItemsResponse>, Status> {
        let caller = request.extensions().get().cloned();
        Ok(Response::new(self.declare_all(caller, request.into_inner()).await?))
    }

    async fn deduct_bills(
        &self,
        request: Request<pb::DeductBillsRequest>,
    ) -> Result<Response<pb::DeductBillsResponse>, Status> {
        let caller = request.extensions().get().cloned();
        let r = request.into_inner();
        let mut v = Violations::new();
        let read = read::deductions(&mut v, &self.0.peers, &r);
        let (of, deductions) = v.finish(read)?;
        self.is_allowed(caller.as_ref(), &Who::Province(of.1))?;
        let call = keyed!(r, &r.care_division, "DeductBills");
        let answer = deduct::deduct(&self.0, &call, of, &deductions).await.map_err(Fault::from)?;
        Ok(Response::new(answer))
    }

    async fn close_declaration(
        &self,
        request: Request<pb::CloseDeclarationRequest>,
    ) -> Result<Response<pb::CloseDeclarationResponse>, Status> {
        let caller = request.extensions().get().cloned();
        let r = request.into_inner();
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let month = read::month(&mut v, "month", &r.month);
        let care = read::province(&mut v, &self.0.peers, "care_division", &r.care_division);
        let of = v.finish(key.and(month.zip(care)))?;
        self.is_allowed(caller.as_ref(), &Who::Province(of.1))?;
        let call = keyed!(r, &r.care_division, "CloseDeclaration");
        let counted = (r.item_count, money::Fen::new(r.owed_fen));
        Ok(Response::new(declare::close(&self.0, &call, of, counted).await.map_err(Fault::from)?))
    }

    async fn get_sheet(&self, request: Request<pb::GetSheetRequest>) -> Result<Response<pb::GetSheetResponse>, Status> {
        self.is_allowed(request.extensions().get(), &Who::Anyone)?;
        let month = self.month(&request.into_inner().month)?;
        let sheet = make::show(&self.0, month).await.map_err(Fault::from)?;
        Ok(Response::new(pb::GetSheetResponse { sheet: Some(sheet) }))
    }

    async fn list_sheet_bills(
        &self,
        request: Request<pb::ListSheetBillsRequest>,
    ) -> Result<Response<pb::ListSheetBillsResponse>, Status> {
        let caller = request.extensions().get().cloned();
        Ok(Response::new(self.bills(caller, request.into_inner()).await?))
    }

    async fn confirm_sheet(
        &self,
        request: Request<pb::ConfirmSheetRequest>,
    ) -> Result<Response<pb::ConfirmSheetResponse>, Status> {
        let caller = request.extensions().get().cloned();
        let r = request.into_inner();
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let row = read::row(&mut v, &self.0.peers, (&r.month, &r.care_division, &r.insured_division));
        let row = v.finish(key.and(row))?;
        self.is_allowed(caller.as_ref(), &Who::Province(row.2))?;
        let call = keyed!(r, &r.insured_division, "ConfirmSheet");
        let cleared = money::Fen::new(r.cleared_fen);
        Ok(Response::new(confirm::confirm(&self.0, &call, row, cleared).await.map_err(Fault::from)?))
    }

    async fn dispute_bills(
        &self,
        request: Request<pb::DisputeBillsRequest>,
    ) -> Result<Response<pb::DisputeBillsResponse>, Status> {
        let caller = request.extensions().get().cloned();
        let r = request.into_inner();
        let mut v = Violations::new();
        let read = read::disputes(&mut v, &self.0.peers, &r);
        let (row, bills) = v.finish(read)?;
        self.is_allowed(caller.as_ref(), &Who::Province(row.2))?;
        let call = keyed!(r, &r.insured_division, "DisputeBills");
        Ok(Response::new(dispute::dispute(&self.0, &call, row, &bills).await.map_err(Fault::from)?))
    }

    async fn list_disputes(
        &self,
        request: Request<pb::ListDisputesRequest>,
    ) -> Result<Response<pb::ListDisputesResponse>, Status> {
        self.is_allowed(request.extensions().get(), &Who::Officer)?;
        Ok(Response::new(self.disputed(request.into_inner()).await?))
    }

    async fn propose_resolution(
        &self,
        request: Request<pb::ProposeResolutionRequest>,
    ) -> Result<Response<pb::ProposeResolutionResponse>, Status> {
        self.is_allowed(request.extensions().get(), &Who::Officer)?;
        let r = request.into_inner();
        let mut v = Violations::new();
        let by = read::resolving(&mut v, (&r.idempotency_key, &r.bill_id, &r.officer_id));
        let deducted = fields::fen(&mut v, "deducted_fen", r.deducted_fen);
        let reason = read::reason(&mut v, &r.reason);
        let ((by, deducted), reason) = v.finish(by.zip(deducted).zip(reason))?;
        let call = keyed!(r, "centre", "ProposeResolution");
        Ok(Response::new(resolve::propose(&self.0, &call, by, (deducted, &reason)).await.map_err(Fault::from)?))
    }

    async fn confirm_resolution(
        &self,
        request: Request<pb::ConfirmResolutionRequest>,
    ) -> Result<Response<pb::ConfirmResolutionResponse>, Status> {
        self.is_allowed(request.extensions().get(), &Who::Officer)?;
        let r = request.into_inner();
        let mut v = Violations::new();
        let by = read::resolving(&mut v, (&r.idempotency_key, &r.bill_id, &r.officer_id));
        let deducted = fields::fen(&mut v, "deducted_fen", r.deducted_fen);
        let (by, deducted) = v.finish(by.zip(deducted))?;
        let call = keyed!(r, "centre", "ConfirmResolution");
        Ok(Response::new(resolve::confirm(&self.0, &call, by, deducted).await.map_err(Fault::from)?))
    }

    async fn get_notices(
        &self,
        request: Request<pb::GetNoticesRequest>,
    ) -> Result<Response<pb::GetNoticesResponse>, Status> {
        let caller = request.extensions().get().cloned();
        let r = request.into_inner();
        let mut v = Violations::new();
        let month = read::month(&mut v, "month", &r.month);
        let province = read::province(&mut v, &self.0.peers, "division", &r.division);
        let (month, province) = v.finish(month.zip(province))?;
        self.is_allowed(caller.as_ref(), &Who::Province(province))?;
        Ok(Response::new(issue::notices(&self.0, month, province).await.map_err(Fault::from)?))
    }

    async fn report_paid(
        &self,
        request: Request<pb::ReportPaidRequest>,
    ) -> Result<Response<pb::ReportPaidResponse>, Status> {
        let caller = request.extensions().get().cloned();
        let r = request.into_inner();
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let row = read::row(&mut v, &self.0.peers, (&r.month, &r.care_division, &r.insured_division));
        let by = ("payer_division", r.payer_division.as_str());
        let report = read::report(&mut v, &self.0.peers, by, ("paid_fen", r.paid_fen), ("paid_date", &r.paid_date));
        let reference = fields::text(&mut v, "reference", &r.reference, read::REFERENCE_CHARS_MAX);
        let ((row, report), reference) = v.finish(key.and(row.zip(report).zip(reference)))?;
        self.is_allowed(caller.as_ref(), &Who::Province(report.by))?;
        let call = keyed!(r, &r.payer_division, "ReportPaid");
        Ok(Response::new(pay::paid(&self.0, &call, row, (report, &reference)).await.map_err(Fault::from)?))
    }

    async fn report_received(
        &self,
        request: Request<pb::ReportReceivedRequest>,
    ) -> Result<Response<pb::ReportReceivedResponse>, Status> {
        let caller = request.extensions().get().cloned();
        let r = request.into_inner();
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let row = read::row(&mut v, &self.0.peers, (&r.month, &r.care_division, &r.insured_division));
        let by = ("receiver_division", r.receiver_division.as_str());
        let report = read::report(
            &mut v,
            &self.0.peers,
            by,
            ("received_fen", r.received_fen),
            ("received_date", &r.received_date),
        );
        let (row, report) = v.finish(key.and(row.zip(report)))?;
        self.is_allowed(caller.as_ref(), &Who::Province(report.by))?;
        let call = keyed!(r, &r.receiver_division, "ReportReceived");
        Ok(Response::new(pay::received(&self.0, &call, row, report).await.map_err(Fault::from)?))
    }
}
