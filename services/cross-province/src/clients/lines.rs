//! The lines to other provinces.

use std::collections::BTreeMap;
use std::time::Duration;

use crossing::Sealed;
use pb::cross_province::v1::DeliverRequest;
use pb::cross_province::v1::peer_service_client::PeerServiceClient;
use rpc::{BadAddress, Call, Client, Deadline, Tls};
use terms::Division;
use wire::crossing::{envelope, sealed};

use crate::domain::Peers;

/// How long an answer is waited for; then the same is sent again.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is no answer. Nothing follows from it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    /// Nobody speaks for that province here.
    #[error("find the province {0} in the table of peers")]
    Unknown(Division),
    /// The call failed.
    #[error("deliver a message")]
    Call(#[from] Box<tonic::Status>),
    /// What came is no signed message.
    #[error("read the answer to a message")]
    Form,
}

/// A client for each province.
pub(crate) struct Lines {
    peers: BTreeMap<Division, PeerServiceClient<Client>>,
}

impl Lines {
    /// Connects with the first message to each.
    pub(crate) fn new(peers: &Peers, own: Division, tls: Option<&Tls>) -> Result<Self, BadAddress> {
        let others = peers.all().filter(|(province, _)| *province != own);
        let line = |(province, _): (Division, &crate::domain::Peer)| {
            let address = peers.next(own, province).map_or("", |peer| &peer.address);
            let channel = match tls {
                Some(tls) => rpc::channel_over(address, tls)?,
                None => rpc::channel(address)?,
            };
            Ok((province, PeerServiceClient::new(channel)))
        };
        Ok(Self { peers: others.map(line).collect::<Result<_, _>>()? })
    }

    /// Delivers a message and gives what came back, of which nothing is believed yet.
    pub(crate) async fn deliver(&self, message: &Sealed) -> Result<Sealed, Unanswered> {
        let receiver = message.header.receiver;
        let mut line = self.peers.get(&receiver).cloned().ok_or(Unanswered::Unknown(receiver))?;
        let request = DeliverRequest { envelope: Some(envelope(message)) };
        // a message is no part of the hospital's call: it goes on when that is over
        let call = Call { request_id: message.header.message_id.to_string(), deadline: Deadline::after(PATIENCE) };
        let answer = call.carry(async move { line.deliver(request).await }).await.map_err(Box::new)?;
        let answer = answer.into_inner().envelope.ok_or(Unanswered::Form)?;
        sealed(&answer).map_err(|_| Unanswered::Form)
    }
}
