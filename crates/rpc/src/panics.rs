use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::{Fault, Reason};

/// Runs a step of a handler; a panic in it is a defect, logged, and the end of this call only.
///
/// What the panic said is left out: it may quote the request.
pub(crate) fn guarded<T>(step: impl FnOnce() -> T) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(step))
        .map_err(|_| Fault::new(Reason::Internal, "a defect of the service; it was logged with the trace id"))
        .inspect_err(|_| tracing::error!("a handler panicked"))
}

/// A future whose panics are faults.
pub(crate) struct Guarded<F>(pub(crate) Pin<Box<F>>);

impl<F: Future> Future for Guarded<F> {
    type Output = Result<F::Output, Fault>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match guarded(|| self.0.as_mut().poll(context)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(fault) => Poll::Ready(Err(fault)),
        }
    }
}
