use pb::settlement::v1::GetHoldOutcomeRequest;
use pb::settlement::v1::one_stop_service_client::OneStopServiceClient;
use rpc::{Client, Fault, Violations};
use terms::Name;
use tonic::Status;
use wire::change::Change;
use wire::read;

/// What settlement answers to the keeper of the third system.
#[derive(Clone, Debug)]
pub(crate) struct OneStop {
    service: OneStopServiceClient<Client>,
}

/// What became of a hold, for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A commit used it: the person's Changes that were not kept yet, in order.
    Used(Vec<Change>),
    /// None did, and none will.
    Refused,
}

/// Why settlement did not say.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotSaid {
    /// It was not reached, or refused to answer.
    #[error("ask settlement what became of a hold")]
    Status(#[source] Box<Status>),
    /// Its answer cannot be read.
    #[error("read what settlement says of a hold")]
    Answer(#[source] Fault),
}

impl OneStop {
    pub(crate) fn new(client: Client) -> Self {
        Self { service: OneStopServiceClient::new(client) }
    }

    /// Asks what became of a hold of a person, of whose Changes all up to `after` are kept. The question is decisive: a hold
    /// that is not used is refused by it.
    pub(crate) async fn outcome(&self, hold: Name, person: Name, after: u64) -> Result<Outcome, NotSaid> {
        let (hold_id, person_id) = (hold.to_string(), person.to_string());
        let request = GetHoldOutcomeRequest { hold_id, person_id, after_sequence: after };
        let answer = self.service.clone().get_hold_outcome(request).await;
        let answer = answer.map_err(|status| NotSaid::Status(Box::new(status)))?.into_inner();
        if !answer.used {
            return Ok(Outcome::Refused);
        }
        let mut v = Violations::new();
        let changes: Option<Vec<Change>> = answer
            .changes
            .iter()
            .enumerate()
            .map(|(at, change)| v.within_item("changes", at, |v| read::change(v, change)))
            .collect();
        Ok(Outcome::Used(v.finish(changes).map_err(NotSaid::Answer)?))
    }
}
