//! Transfers out and in.

use std::sync::Arc;

use pb::enrolment::v1 as pb;
use pb::transfer_service_server::TransferService;
use rpc::{Fault, Violations};
use tonic::{Request, Response, Status};
use wire::read as fields;

use super::{read, write};
use crate::app::change::{Asked, change};
use crate::app::{App, Problem, assisted, transfer};
use crate::store::transfers;

/// Transfers people between places.
#[derive(Clone)]
pub(crate) struct Transfers(pub(crate) Arc<App>);

impl Transfers {
    async fn out(&self, r: pb::TransferOutRequest) -> Result<pb::TransferOutResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let enrolment = read::id(&mut v, "enrolment_id", &r.enrolment_id);
        let to_division = fields::division(&mut v, "to_division", &r.to_division);
        let to = fields::date(&mut v, "to_date", &r.to_date);
        let command = (|| Some(transfer::TransferOut { enrolment: enrolment?, to_division: to_division?, to: to? }))();
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("TransferOut", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            let transfer::Left { transfer, entries, lost } = transfer::out(&app, &tx, &c).await?;
            let entries = write::entries(&entries, transfer.recorded_at);
            let lost_days = lost.into_iter().map(write::days).collect();
            Ok(pb::TransferOutResponse { transfer: Some(write::transfer(&transfer)), entries, lost_days })
        })
        .await
    }

    async fn take_in(&self, r: pb::TransferInRequest) -> Result<pb::TransferInResponse, Fault> {
        use pb::transfer_in_response::Outcome;
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let person = read::id(&mut v, "person_id", &r.person_id);
        let certificate = read::certificate(&mut v, r.certificate.as_ref());
        let from = certificate.as_ref().and_then(|certificate| certificate.to.succ_opt());
        let terms = read::terms(&mut v, r.terms.as_ref(), self.0.today(), from);
        let confirmed = read::confirmation(&mut v, r.confirmed_by.as_ref());
        // else it is looked at with what is on the books: all that is wrong is said at once
        if let (false, Some(certificate), Some(terms)) = (v.is_empty(), &certificate, &terms) {
            transfer::fits(&self.0, &mut v, certificate, terms);
        }
        let command = (|| {
            let (person, certificate, terms) = (person?, certificate?, terms?);
            Some(transfer::TransferIn { person, certificate, terms, confirmed: confirmed? })
        })();
        let (key, mut command) = v.finish(key.zip(command))?;
        let asked = Asked::new("TransferIn", &key, &r);
        assisted::decide(&self.0, &asked, &command.person, &mut command.terms).await?;
        change(&self.0, asked, command, |app, tx, c| async move {
            Ok(match transfer::take_in(&app, &tx, &c).await? {
                Ok((done, transfer)) => pb::TransferInResponse {
                    outcome: Some(Outcome::Enrolment(write::enrolment(&done.enrolment))),
                    transfer: Some(write::transfer(&transfer)),
                },
                Err(no) => {
                    pb::TransferInResponse { outcome: Some(Outcome::Refused(write::refused(&no))), transfer: None }
                }
            })
        })
        .await
    }

    async fn get(&self, r: pb::GetTransferRequest) -> Result<pb::GetTransferResponse, Fault> {
        let mut v = Violations::new();
        let id = read::id(&mut v, "transfer_id", &r.transfer_id);
        let id = v.finish(id)?;
        let found = transfers::by_id(self.0.database.reader(), &id).await.map_err(Problem::Store)?;
        let transfer = found.ok_or_else(|| Fault::not_found("transfer", &id))?;
        Ok(pb::GetTransferResponse { transfer: Some(write::transfer(&transfer)) })
    }
}

#[tonic::async_trait]
impl TransferService for Transfers {
    async fn transfer_out(
        &self,
        request: Request<pb::TransferOutRequest>,
    ) -> Result<Response<pb::TransferOutResponse>, Status> {
        Ok(Response::new(self.out(request.into_inner()).await?))
    }

    async fn transfer_in(
        &self,
        request: Request<pb::TransferInRequest>,
    ) -> Result<Response<pb::TransferInResponse>, Status> {
        Ok(Response::new(self.take_in(request.into_inner()).await?))
    }

    async fn get_transfer(
        &self,
        request: Request<pb::GetTransferRequest>,
    ) -> Result<Response<pb::GetTransferResponse>, Status> {
        Ok(Response::new(self.get(request.into_inner()).await?))
    }
}
