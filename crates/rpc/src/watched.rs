use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderMap, Response};
use http_body::{Frame, SizeHint};
use tonic::body::Body;
use tonic::codegen::Bytes;
use tonic::{Code, Status};

use crate::measure::Measured;
use crate::panics::guarded;

const STATUS: &str = "grpc-status";

/// Follows a reply to its end: the code stands in the headers of a failed call and in the trailers of every other.
pub(crate) fn watched(response: Response<Body>, mut measured: Measured) -> Response<Body> {
    if let Some(code) = code_of(response.headers()) {
        measured.ended(code);
        return response;
    }
    response.map(|inner| Body::new(Watched { inner, measured, has_ended: false }))
}

/// The gRPC code in headers or trailers.
pub(crate) fn code_of(headers: &HeaderMap) -> Option<Code> {
    headers.get(STATUS).map(|value| Code::from_bytes(value.as_bytes()))
}

struct Watched {
    inner: Body,
    measured: Measured,
    has_ended: bool,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let Self { inner, measured, has_ended } = self.get_mut();
        if *has_ended {
            return Poll::Ready(None);
        }
        let span = measured.span().clone();
        let _entered = span.enter();
        let polled = guarded(|| Pin::new(inner).poll_frame(context)).unwrap_or_else(|fault| {
            let mut trailers = HeaderMap::new();
            *has_ended = true;
            let added = Status::from(fault).add_header(&mut trailers);
            Poll::Ready(Some(added.map(|()| Frame::trailers(trailers))))
        });
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(code) = frame.trailers_ref().and_then(code_of) {
                    measured.ended(code);
                }
            }
            Poll::Ready(Some(Err(status))) => measured.ended(status.code()),
            Poll::Ready(None) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
