use std::convert::Infallible;
use std::error::Error;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Request, Response};
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tonic::{Status, TimeoutExpired};
use tower::Service;
use tracing::field::Empty;
use tracing::{Instrument as _, Span, info_span};

use crate::call::{REQUEST_ID, TIMEOUT, write};
use crate::limits::{CONNECT_MAX, DEADLINE_DEFAULT, KEEPALIVE_INTERVAL, KEEPALIVE_MAX};
use crate::measure::{Measured, Measures, names_of};
use crate::watched::watched;
use crate::{Call, Fault, Tls, trace};

/// An address no channel can be made to.
#[derive(Debug, thiserror::Error)]
#[error("make a channel to {address}")]
pub struct BadAddress {
    address: String,
    source: tonic::transport::Error,
}

/// A client of the service at `address` (`http://host:port`); it connects with its first call, and again after every loss.
/// Needs a running tokio.
///
/// # Errors
/// If the address is none.
pub fn channel(address: &str) -> Result<Client, BadAddress> {
    Ok(client(endpoint(address)?))
}

/// The same over mutual TLS, at `https://host:port`: the certificate there is one for that host, of our authority.
///
/// # Errors
/// If the address is none, or certificate, key or authority are none.
pub fn channel_over(address: &str, tls: &Tls) -> Result<Client, BadAddress> {
    let endpoint = endpoint(address)?.tls_config(tls.client());
    Ok(client(endpoint.map_err(|source| BadAddress { address: address.to_owned(), source })?))
}

fn endpoint(address: &str) -> Result<Endpoint, BadAddress> {
    Endpoint::from_shared(address.to_owned()).map_err(|source| BadAddress { address: address.to_owned(), source })
}

fn client(endpoint: Endpoint) -> Client {
    let channel = endpoint
        .connect_timeout(CONNECT_MAX)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_MAX)
        .keep_alive_while_idle(true)
        .connect_lazy();
    Client { channel, measures: Measures::client() }
}

/// What a generated client calls through: it adds span, trace context, request id and what is left of the deadline.
///
/// A service that cannot be reached, or does not answer in time, answers here with the status of a [`Fault`].
#[derive(Clone, Debug)]
pub struct Client {
    channel: Channel,
    measures: Arc<Measures>,
}

impl Service<Request<Body>> for Client {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let names = names_of(request.uri().path());
        let span = span_of(&names);
        trace::inject(&span, request.headers_mut());
        let measured = Measured::new(Arc::clone(&self.measures), span.clone(), names);
        let mut channel = self.channel.clone();
        let calling = async move {
            let response = match prepare(request.headers_mut()) {
                Ok(()) => send(&mut channel, request).await,
                Err(fault) => Status::from(fault).into_http(),
            };
            Ok(watched(response, measured))
        };
        Box::pin(calling.instrument(span))
    }
}

fn span_of((service, method): &(String, String)) -> Span {
    info_span!(
        "call",
        otel.name = format!("{service}/{method}"),
        otel.kind = "client",
        otel.status_code = Empty,
        rpc.system = "grpc",
        rpc.service = service,
        rpc.method = method,
        rpc.grpc.status_code = Empty,
    )
}

/// Hands on the id of the running call and what is left of its deadline; a timeout the caller set himself stands.
fn prepare(headers: &mut HeaderMap) -> Result<(), Fault> {
    let running = Call::running();
    let left = match &running {
        Some(call) => call.deadline.remaining().ok_or_else(Fault::late)?,
        None => DEADLINE_DEFAULT,
    };
    if !headers.contains_key(TIMEOUT) {
        insert(headers, TIMEOUT, &write(left));
    }
    if let Some(call) = running {
        insert(headers, REQUEST_ID, &call.request_id);
    }
    Ok(())
}

fn insert(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

async fn send(channel: &mut Channel, request: Request<Body>) -> Response<Body> {
    let sent = match poll_fn(|context| channel.poll_ready(context)).await {
        Ok(()) => channel.call(request).await,
        Err(error) => Err(error),
    };
    sent.unwrap_or_else(|error| Status::from(fault_of(error)).into_http())
}

fn fault_of(error: tonic::transport::Error) -> Fault {
    let fault = if is_late(&error) { Fault::late() } else { Fault::unavailable("the service", Duration::from_secs(1)) };
    fault.because(error)
}

fn is_late(error: &(dyn Error + 'static)) -> bool {
    error.is::<TimeoutExpired>() || error.source().is_some_and(is_late)
}
