//! Does work that commits to its end, although who asked for it goes away.

use rpc::{Call, Fault};
use tracing::Instrument as _;

/// Does work as part of the call it is for, in a task of its own.
///
/// # Errors
/// What the work gave.
pub(super) async fn to_its_end<T, E>(work: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, Fault>
where
    T: Send + 'static,
    E: Send + 'static,
    Fault: From<E>,
{
    let running = Call::running();
    let carried = async move {
        match running {
            Some(call) => call.carry(work).await,
            None => work.await,
        }
    };
    Ok(tokio::spawn(carried.in_current_span()).await.map_err(Fault::internal)??)
}
