//! Tells the keeper of the third system what was committed: Changes that wait together go in one call.

use std::sync::Arc;

use host::failpoint;
use pb::settlement::v1::Change;
use prost::Message as _;
use rpc::Fault;
use store::outbox::Event;
use tokio::sync::{mpsc, oneshot};
use tonic::{Code, Status};
use tracing::Instrument as _;

use crate::clients::Assistance;
use crate::store::CHANGE_TOPIC;

/// The most Changes of one call.
const TOGETHER_MOST: usize = 256;
/// How many may wait for a call.
const WAITING_MOST: usize = 1024;

/// Why a Change is not kept yet.
#[derive(Debug, thiserror::Error)]
pub enum Untold {
    /// The keeper was not reached.
    #[error("tell the third system of a commit")]
    Status(#[source] Arc<Status>),
    /// It does not keep it, and says why in its own log.
    #[error("have a Change kept")]
    NotKept,
    /// The event is none of ours.
    #[error("read an event of the outbox")]
    Event(#[source] Fault),
}

struct Telling {
    change: Change,
    reply: oneshot::Sender<Result<(), Untold>>,
}

/// Tells Changes. Clones share one queue.
#[derive(Clone, Debug)]
pub struct Teller {
    queue: mpsc::Sender<Telling>,
}

impl std::fmt::Debug for Telling {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Telling").field("change", &self.change.change_id).finish_non_exhaustive()
    }
}

impl Teller {
    /// Starts what tells; it ends when every clone is gone. Needs a running tokio.
    #[must_use]
    pub fn start(assistance: Arc<Assistance>) -> Self {
        let (queue, mut waiting) = mpsc::channel::<Telling>(WAITING_MOST);
        tokio::spawn(async move {
            let mut together = Vec::new();
            while waiting.recv_many(&mut together, TOGETHER_MOST).await > 0 {
                tell(&assistance, std::mem::take(&mut together)).await;
            }
        });
        Self { queue }
    }

    /// Tells what an event holds.
    ///
    /// # Errors
    /// Why it is not told yet; it is to be tried again.
    pub async fn event(&self, event: Event) -> Result<(), Untold> {
        let span = tracing::info_span!("deliver", topic = event.topic, id = event.id);
        if let Some(parent) = &event.trace_context {
            rpc::trace::follow(&span, parent);
        }
        let unknown = || Untold::Event(Fault::internal(format!("an event of the unknown topic {}", event.topic)));
        let telling = async {
            if event.topic != CHANGE_TOPIC {
                return Err(unknown());
            }
            let change = Change::decode(event.payload.as_slice());
            let change = change.map_err(|error| Untold::Event(Fault::internal(error)))?;
            let (reply, answer) = oneshot::channel();
            self.queue.send(Telling { change, reply }).await.map_err(|_| Untold::NotKept)?;
            answer.await.unwrap_or(Err(Untold::NotKept))
        };
        telling.instrument(span).await
    }
}

/// Tells Changes; where one of them cannot be read, or they are too much for one call, each half by itself.
async fn tell(assistance: &Assistance, together: Vec<Telling>) {
    let mut parts = vec![together];
    while let Some(mut part) = parts.pop() {
        let changes = part.iter().map(|telling| telling.change.clone()).collect();
        failpoint("relay.taken");
        let posted = assistance.post(changes).await;
        failpoint("relay.sent");
        match posted {
            Ok(kept) => {
                let mut kept = kept.into_iter();
                for telling in part {
                    let answer = if kept.next() == Some(true) { Ok(()) } else { Err(Untold::NotKept) };
                    let _ = telling.reply.send(answer);
                }
            }
            Err(status) if part.len() > 1 && is_of_the_content(&status) => {
                parts.push(part.split_off(part.len() / 2));
                parts.push(part);
            }
            Err(status) => {
                let status = Arc::new(status);
                for telling in part {
                    let _ = telling.reply.send(Err(Untold::Status(Arc::clone(&status))));
                }
            }
        }
    }
}

/// Whether the answer is about what was sent.
fn is_of_the_content(status: &Status) -> bool {
    matches!(status.code(), Code::InvalidArgument | Code::OutOfRange | Code::ResourceExhausted)
}
