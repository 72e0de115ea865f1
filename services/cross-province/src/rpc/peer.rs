//! Messages of other provinces.

use std::sync::Arc;
use std::time::Duration;

use crossing::Sealed;
use pb::cross_province::v1 as pb;
use pb::peer_service_server::PeerService;
use rpc::{Caller, Fault, Reason};
use terms::Division;
use tonic::{Request, Response, Status};
use wire::crossing::{envelope, sealed};

use crate::app::{App, deliver};
use crate::clients::Unanswered;

/// When a message is sent again that could not be handed on.
const AGAIN: Duration = Duration::from_secs(1);

/// Takes messages.
#[derive(Clone)]
pub(crate) struct Messages(pub(crate) Arc<App>);

impl Messages {
    async fn take(&self, caller: Option<Caller>, request: pb::DeliverRequest) -> Result<pb::DeliverResponse, Status> {
        let given = request.envelope.unwrap_or_default();
        let message = sealed(&given).map_err(|error| {
            let fault = Fault::new(Reason::NotAuthentic, format!("the envelope cannot be read: {}", error.field));
            fault.with("why", "format").with("field", error.field)
        })?;
        self.brought(caller, message.header.sender)?;
        let answer = match message.header.receiver {
            receiver if receiver != self.0.province && self.0.forwards => self.hand_on(&message).await?,
            _ => deliver::deliver(&self.0, message).await?,
        };
        Ok(pb::DeliverResponse { envelope: Some(envelope(&answer)) })
    }

    /// A message is brought by who says it, or by who hands on for him: what the certificate of the connection says.
    fn brought(&self, caller: Option<Caller>, sender: Division) -> Result<(), Fault> {
        // without certificates nobody is known, inside one process and in tests; a process of its own takes no such connection
        let Some(caller) = caller else { return Ok(()) };
        if self.0.peers.may_bring(self.0.province, &caller.uri, sender) {
            return Ok(());
        }
        let message =
            "the caller's certificate is neither that of the message's sender nor that of who hands on for it";
        Err(Fault::new(Reason::WrongPeer, message).with("sender", sender.to_string()).with("caller", caller.uri))
    }

    /// Hands a message on as it came, and back what is answered: nothing of it is kept or believed here.
    async fn hand_on(&self, message: &Sealed) -> Result<Sealed, Status> {
        let receiver = message.header.receiver;
        self.0.lines.deliver(message).await.map_err(|unanswered| match unanswered {
            Unanswered::Unknown(_) => {
                let message = "the message is for a province that is in no table of peers here";
                Fault::new(Reason::WrongProvince, message).with("receiver", receiver.to_string()).into()
            }
            // why it is refused there is for its sender
            Unanswered::Call(status) => *status,
            Unanswered::Form => Fault::unavailable("the province the message is for", AGAIN).because(unanswered).into(),
        })
    }
}

#[tonic::async_trait]
impl PeerService for Messages {
    async fn deliver(&self, request: Request<pb::DeliverRequest>) -> Result<Response<pb::DeliverResponse>, Status> {
        let caller = request.extensions().get().cloned();
        Ok(Response::new(self.take(caller, request.into_inner()).await?))
    }
}
