//! Makes a version the head: prepares it with nothing open, keeps the publication in one commit, tells everyone.

use registry::{Prepared, Publish, PublishError, Published, RollForward};
use rpc::Fault;
use store::Tx;
use store::idempotency::{self, Answered, Call, IdempotencyError};
use tokio::task::JoinError;
use tracing::{Instrument as _, Span};

use super::{Bench, store_fault};

/// Writes down what was published, as it is kept for the call's key.
pub type WritePublished = fn(&Published) -> Vec<u8>;

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum Unpublished {
    /// The registry does not take it, or cannot say.
    #[error("publish a policy version")]
    Refused(#[from] PublishError),
    /// The call's key.
    #[error("answer the call once")]
    Call(#[from] IdempotencyError),
    /// A defect broke the commit off.
    #[error("finish the commit of a publication")]
    BrokenOff(#[from] JoinError),
}

impl From<store::Error> for Unpublished {
    fn from(error: store::Error) -> Self {
        Self::Refused(error.into())
    }
}

/// Adds a version and makes it a head; gives the answer of the first call under its key.
///
/// # Errors
/// [`Unpublished`]; nothing was kept, unless the database does not say whether it was.
pub async fn publish(
    bench: &Bench,
    call: Call,
    publish: Publish,
    write: WritePublished,
) -> Result<Vec<u8>, Unpublished> {
    if let Some(answer) = answered(bench, &call).await? {
        return Ok(answer);
    }
    let prepared = bench.registry.prepare(publish).await?;
    commit(bench, call, prepared, write).await
}

/// Makes an earlier version a head again; gives the answer of the first call under its key.
///
/// # Errors
/// As [`publish`].
pub async fn roll_forward(
    bench: &Bench,
    call: Call,
    roll: RollForward,
    write: WritePublished,
) -> Result<Vec<u8>, Unpublished> {
    if let Some(answer) = answered(bench, &call).await? {
        return Ok(answer);
    }
    let prepared = bench.registry.prepare_roll_forward(roll).await?;
    commit(bench, call, prepared, write).await
}

/// The answer that is kept for the key. Compiling again what was published before would be work for nothing, and a key used
/// for something else is to be told as that, whatever else is wrong with the call.
async fn answered(bench: &Bench, call: &Call) -> Result<Option<Vec<u8>>, Unpublished> {
    let kept = idempotency::look_up(bench.database.reader(), &[call]).await?.pop().flatten();
    match kept {
        None => Ok(None),
        Some(kept) => match kept.first_difference(call) {
            None => Ok(Some(kept.answer)),
            Some(field) => Err(IdempotencyError::OtherContent { field }.into()),
        },
    }
}

/// Commits in a task of its own: a caller that goes away stops neither the commit nor the word that a head moved.
async fn commit(bench: &Bench, call: Call, prepared: Prepared, write: WritePublished) -> Result<Vec<u8>, Unpublished> {
    let bench = bench.clone();
    let committing = async move {
        let attempt = |tx: Tx| {
            let (registry, call, prepared) = (bench.registry.clone(), call.clone(), prepared.clone());
            async move {
                let publish = || async { Ok(write(&registry.publish(&tx, &prepared).await?)) };
                idempotency::once::<Unpublished, _, _>(&tx, &call, publish).await
            }
        };
        match bench.database.transaction(attempt).await? {
            Answered::Before(answer) => Ok(answer),
            Answered::Now(answer) => {
                bench.registry.announce(prepared.version()).await;
                Ok(answer)
            }
        }
    };
    let committing = committing.instrument(Span::current());
    match rpc::Call::running() {
        Some(running) => tokio::spawn(running.carry(committing)).await?,
        None => tokio::spawn(committing).await?,
    }
}

/// What a caller is told where the registry cannot say.
pub fn registry_fault(error: registry::RegistryError) -> Fault {
    use registry::RegistryError::{Remote, Store, Unusable};
    match error {
        Store(error) => store_fault(error),
        Remote(_) => Fault::unavailable("the policy registry", std::time::Duration::from_secs(1)).because(error),
        Unusable { version, .. } => {
            let fault = Fault::new(rpc::Reason::PolicyVersion, "this program cannot compile this policy version");
            fault.with("policy_version", version.to_string()).because(error)
        }
        error => Fault::internal(error),
    }
}
