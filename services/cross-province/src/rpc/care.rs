//! What hospitals call.

use std::sync::Arc;
use std::time::Duration;

use ::pb::settlement::v1::Outcome;
use crossing::{BillId, CareState, Told};
use pb::care_service_server::CareService;
use pb::cross_province::v1 as pb;
use pb::settle_bill_response::Outcome as Settled;
use rpc::{Call, Fault, Violations};
use store::idempotency;
use terms::Name;
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval, timeout_at};
use tonic::{Request, Response, Status};
use wire::read as fields;

use super::{answer, enquiry, read};
use crate::app::reverse::{self, Begun};
use crate::app::settle::{self, Opened, Parts, Settle, TOMBSTONE, Waiting};
use crate::app::{App, Problem, enquire, split};
use crate::domain::{CareRow, Role};
use crate::store::bills;

/// How often a bill is looked at again whose way nobody here follows.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long before the caller's deadline the outcome is said to be open.
const BEFORE: Duration = Duration::from_millis(100);

/// Settles bills of patients insured elsewhere.
#[derive(Clone)]
pub(crate) struct Care(pub(crate) Arc<App>);

impl Care {
    async fn find(&self, r: pb::FindInsuredRequest) -> Result<pb::FindInsuredResponse, Fault> {
        let mut v = Violations::new();
        let wanted = enquiry::read(&mut v, &r, self.0.province, self.0.today());
        let (peer, wanted) = v.finish(wanted)?;
        Ok(pb::FindInsuredResponse { answer: Some(enquire::ask(&self.0, peer, wanted).await?) })
    }

    async fn settle(&self, r: pb::SettleBillRequest) -> Result<pb::SettleBillResponse, Status> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let submitted = read::submission(&mut v, r.submission.as_ref(), self.0.province);
        let (key, submitted) = v.finish(key.zip(submitted))?;
        let given = r.submission.unwrap_or_default();
        let call = read::settling(submitted.institution, &key, &given);
        let waits = Call::running().and_then(|call| call.deadline.remaining()).unwrap_or_default();
        let deadline = self.0.now() + chrono::Duration::from_std(waits).unwrap_or_default();
        let read::Submitted { institution, visit, prepare, splits } = submitted;
        let mut settle = Settle { call, institution, visit, prepare, parts: Parts::Given, deadline };
        if let Some(patient) = splits {
            settle = split::split(&self.0, settle, patient).await?;
        }
        let waiting = match settle::settle(&self.0, settle).await? {
            Opened::Bill(waiting) => waiting,
            Opened::Refused(no) => return Ok(pb::SettleBillResponse { outcome: Some(Settled::NotSettled(*no)) }),
        };
        let row = self.told(waiting, |row| row.bill.told().is_some()).await?;
        let outcome = match answer::not_settled(&row) {
            Some(not_settled) => Settled::NotSettled(not_settled),
            None => Settled::Settled(answer::bill(&row)),
        };
        Ok(pb::SettleBillResponse { outcome: Some(outcome) })
    }

    async fn reverse(&self, r: pb::ReverseBillRequest) -> Result<pb::ReverseBillResponse, Fault> {
        let mut v = Violations::new();
        let wanted = read::reversal(&mut v, &r);
        let wanted = v.finish(wanted)?;
        let waiting = match reverse::reverse(&self.0, wanted).await? {
            Begun::Bill(waiting) => waiting,
            Begun::Tombstone => {
                let effect = pb::ReverseEffect::OriginalRefusedFromNowOn.into();
                return Ok(pb::ReverseBillResponse { effect, bill: None });
            }
        };
        let is_over = |row: &CareRow| !matches!(answer::state(row), pb::CrossBillState::InProgress);
        let row = self.told(waiting, is_over).await?;
        let effect = match row.bill.state {
            CareState::Reversed => pb::ReverseEffect::Reversed,
            CareState::Settled { .. } => pb::ReverseEffect::Stands,
            _ => pb::ReverseEffect::NothingSettled,
        };
        Ok(pb::ReverseBillResponse { effect: effect.into(), bill: Some(answer::bill(&row)) })
    }

    /// The bill once it is known what became of it.
    ///
    /// # Errors
    /// `DEADLINE`: it goes on, and its outcome may be asked for.
    async fn told(&self, waiting: Waiting, is_over: impl Fn(&CareRow) -> bool) -> Result<CareRow, Fault> {
        let Waiting { bill, told } = waiting;
        let left = Call::running().and_then(|call| call.deadline.remaining()).unwrap_or_default();
        let until = tokio::time::Instant::now() + left.saturating_sub(BEFORE);
        let known: Result<Result<Told, oneshot::error::RecvError>, _> = timeout_at(until, told).await;
        if known.is_err() {
            return Err(Fault::late());
        }
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            timeout_at(until, looks.tick()).await.map_err(|_| Fault::late())?;
            let row = self.row(bill).await?;
            if is_over(&row) {
                return Ok(row);
            }
        }
    }

    async fn row(&self, bill: BillId) -> Result<CareRow, Fault> {
        let found = bills::care(self.0.database.reader(), bill).await.map_err(Problem::Store)?;
        found.ok_or_else(|| Fault::not_found("bill", &bill.to_string()))
    }

    async fn get(&self, r: pb::GetBillRequest) -> Result<pb::GetBillResponse, Fault> {
        let mut v = Violations::new();
        let id = read::bill_id(&mut v, "bill_id", &r.bill_id);
        let id = v.finish(id)?;
        let row = self.row(id).await?;
        let steps = bills::steps(self.0.database.reader(), Role::Care, id).await.map_err(Problem::Store)?;
        Ok(pb::GetBillResponse { bill: Some(answer::bill(&row)), events: steps.iter().map(answer::event).collect() })
    }

    async fn outcome(&self, r: pb::GetOutcomeRequest) -> Result<pb::GetOutcomeResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let institution = read::institution(&mut v, "institution_id", &r.institution_id);
        let (key, institution) = v.finish(key.zip(institution))?;
        let reader = self.0.database.reader();
        let Some(row) = bills::care_by_key(reader, institution, &key).await.map_err(Problem::Store)? else {
            return self.other_outcome(institution, &key).await;
        };
        let not_settled = answer::not_settled(&row);
        let (outcome, message) = match answer::state(&row) {
            pb::CrossBillState::Settled => (Outcome::Settled, "settled in both provinces"),
            pb::CrossBillState::Reversed => (Outcome::Reversed, "settled, and taken back in both provinces"),
            pb::CrossBillState::Refused | pb::CrossBillState::Lapsed => (
                Outcome::Refused,
                "nothing was settled, and nothing will be under this key; not_settled says what to do",
            ),
            pb::CrossBillState::InProgress | pb::CrossBillState::Unspecified => {
                (Outcome::InProgress, "under way: it ends by itself; ask again, or try again with the same key")
            }
        };
        let message = message.to_owned();
        Ok(pb::GetOutcomeResponse { outcome: outcome.into(), bill: Some(answer::bill(&row)), not_settled, message })
    }

    /// What became of a key under which no bill was settled.
    async fn other_outcome(&self, institution: Name, key: &str) -> Result<pb::GetOutcomeResponse, Fault> {
        let call = idempotency::Call::new(institution.as_str(), key);
        let kept = idempotency::look_up(self.0.database.reader(), &[&call]).await.map_err(Problem::Store)?;
        let (outcome, about, message) = match kept.into_iter().next().flatten() {
            None => {
                let message = "nothing came under this key; it may still be on its way: reverse by key to be sure";
                (Outcome::NeverSeen, None, message)
            }
            Some(kept) if kept.says("method", TOMBSTONE) => {
                (Outcome::Tombstone, None, "it was reversed before it came, and will be refused")
            }
            Some(kept) if kept.says("method", "SettleBill") => {
                let not_settled = Some(settle::refused_here(&kept.answer)?);
                let message =
                    "nothing was settled, and nothing will be under this key; not_settled says what to do".to_owned();
                let outcome = Outcome::Refused.into();
                return Ok(pb::GetOutcomeResponse { outcome, not_settled, message, bill: None });
            }
            Some(kept) if kept.answer.is_empty() => {
                let message = "a reversal whose original had not come: the original is refused from now on";
                (Outcome::ReversalOfNothing, None, message)
            }
            Some(kept) => {
                let text = String::from_utf8(kept.answer).map_err(Fault::internal)?;
                let id = read::bill_id(&mut Violations::new(), "bill_id", &text);
                let row = self.row(id.ok_or_else(|| Fault::internal("a kept answer is no bill"))?).await?;
                match answer::state(&row) {
                    pb::CrossBillState::Reversed => {
                        (Outcome::Reversal, Some(row), "it took the bill out, in both provinces")
                    }
                    pb::CrossBillState::InProgress => {
                        (Outcome::InProgress, Some(row), "the bill is being taken back: it ends by itself; ask again")
                    }
                    _ => (
                        Outcome::ReversalOfNothing,
                        Some(row),
                        "it took nothing out: `bill` says where the bill stands",
                    ),
                }
            }
        };
        let (bill, message) = (about.as_ref().map(answer::bill), message.to_owned());
        Ok(pb::GetOutcomeResponse { outcome: outcome.into(), bill, message, ..pb::GetOutcomeResponse::default() })
    }

    async fn list(&self, r: pb::ListBillsRequest) -> Result<pb::ListBillsResponse, Fault> {
        let mut v = Violations::new();
        let question = pb::ListBillsRequest { page_size: 0, page_token: String::new(), ..r.clone() };
        let page = wire::page::Page::read(&mut v, &question, r.page_size, &r.page_token);
        let institution = read::institution(&mut v, "institution_id", &r.institution_id);
        let mut words = Vec::new();
        for (at, state) in r.states.iter().enumerate() {
            match pb::CrossBillState::try_from(*state).map(answer::words_of) {
                Ok(known) if !known.is_empty() => words.extend(known),
                _ => v.add(&format!("states[{at}]"), state, "a known state"),
            }
        }
        let (page, institution) = v.finish(page.zip(institution))?;
        let found = bills::of_institution(self.0.database.reader(), institution, &words, page.range()).await;
        let (found, next_page_token) = page.cut(found.map_err(Problem::Store)?);
        // lines are shown of one bill at a time: a page of bills fits into one message
        let bills = found.iter().map(|row| pb::CrossBill { lines: Vec::new(), ..answer::bill(row) }).collect();
        Ok(pb::ListBillsResponse { bills, next_page_token })
    }
}

#[tonic::async_trait]
impl CareService for Care {
    async fn find_insured(
        &self,
        request: Request<pb::FindInsuredRequest>,
    ) -> Result<Response<pb::FindInsuredResponse>, Status> {
        Ok(Response::new(self.find(request.into_inner()).await?))
    }

    async fn settle_bill(
        &self,
        request: Request<pb::SettleBillRequest>,
    ) -> Result<Response<pb::SettleBillResponse>, Status> {
        Ok(Response::new(self.settle(request.into_inner()).await?))
    }

    async fn reverse_bill(
        &self,
        request: Request<pb::ReverseBillRequest>,
    ) -> Result<Response<pb::ReverseBillResponse>, Status> {
        Ok(Response::new(self.reverse(request.into_inner()).await?))
    }

    async fn get_bill(&self, request: Request<pb::GetBillRequest>) -> Result<Response<pb::GetBillResponse>, Status> {
        Ok(Response::new(self.get(request.into_inner()).await?))
    }

    async fn get_outcome(
        &self,
        request: Request<pb::GetOutcomeRequest>,
    ) -> Result<Response<pb::GetOutcomeResponse>, Status> {
        Ok(Response::new(self.outcome(request.into_inner()).await?))
    }

    async fn list_bills(
        &self,
        request: Request<pb::ListBillsRequest>,
    ) -> Result<Response<pb::ListBillsResponse>, Status> {
        Ok(Response::new(self.list(request.into_inner()).await?))
    }
}
