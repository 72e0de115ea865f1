use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderValue, Request, Response};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};
use tracing::field::Empty;
use tracing::{Instrument as _, Span, info_span};

use crate::call::REQUEST_ID;
use crate::limits::MESSAGE_BYTES_MAX;
use crate::measure::{Measured, Measures, names_of};
use crate::panics::{Guarded, guarded};
use crate::watched::{code_of, watched};
use crate::{Call, Caller, Fault, Reason, trace};

/// Stands before every server: span, request id, deadline, measurements, and panics turned into `INTERNAL`.
///
/// Make it after telemetry has begun: its measurements go to the meter there is at that moment.
#[derive(Clone, Debug)]
pub struct RpcLayer {
    measures: Arc<Measures>,
}

impl RpcLayer {
    /// A layer that measures from now on.
    #[must_use]
    pub fn new() -> Self {
        Self { measures: Measures::server() }
    }
}

impl Default for RpcLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for RpcLayer {
    type Service = Incoming<S>;

    fn layer(&self, inner: S) -> Incoming<S> {
        Incoming { inner, measures: Arc::clone(&self.measures) }
    }
}

/// A server with [`RpcLayer`] before it.
#[derive(Clone, Debug)]
pub struct Incoming<S> {
    inner: S,
    measures: Arc<Measures>,
}

impl<S> Service<Request<Body>> for Incoming<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let fresh = self.inner.clone();
        let inner = mem::replace(&mut self.inner, fresh);
        let call = Call::of(request.headers());
        let names = names_of(request.uri().path());
        let span = span_of(&names, &call.request_id);
        trace::continue_in(&span, trace::of(request.headers()));
        let measured = Measured::new(Arc::clone(&self.measures), span.clone(), names);
        request.extensions_mut().insert(call.clone());
        if let Some(caller) = Caller::of(request.extensions()) {
            request.extensions_mut().insert(caller);
        }
        let answering = async move {
            let mut response = answer(inner, request, &call).await?;
            if let Ok(id) = HeaderValue::try_from(call.request_id) {
                response.headers_mut().insert(REQUEST_ID, id);
            }
            Ok(watched(response, measured))
        };
        Box::pin(answering.instrument(span))
    }
}

fn span_of((service, method): &(String, String), request_id: &str) -> Span {
    info_span!(
        "rpc",
        otel.name = format!("{service}/{method}"),
        otel.kind = "server",
        otel.status_code = Empty,
        rpc.system = "grpc",
        rpc.service = service,
        rpc.method = method,
        rpc.grpc.status_code = Empty,
        request_id,
    )
}

/// The handler's answer, or a fault: too late, panicked, too large.
async fn answer<S>(mut inner: S, request: Request<Body>, call: &Call) -> Result<Response<Body>, S::Error>
where
    S: Service<Request<Body>, Response = Response<Body>>,
{
    if let Err(fault) = call.deadline.check() {
        return Ok(Status::from(fault).into_http());
    }
    let handling = match guarded(|| inner.call(request)) {
        Ok(future) => Guarded(Box::pin(future)),
        Err(fault) => return Ok(Status::from(fault).into_http()),
    };
    match call.deadline.run(call.clone().carry(handling)).await {
        Ok(Ok(answered)) => answered.map(explained),
        Ok(Err(fault)) | Err(fault) => Ok(Status::from(fault).into_http()),
    }
}

/// Gives tonic's own refusal of a large message the reason our callers know.
fn explained(response: Response<Body>) -> Response<Body> {
    if code_of(response.headers()) != Some(Code::OutOfRange) {
        return response;
    }
    let message = format!("a message has more than {MESSAGE_BYTES_MAX} bytes");
    let fault = Fault::new(Reason::TooMuch, message).with("bytes_max", MESSAGE_BYTES_MAX.to_string());
    Status::from(fault).into_http()
}
