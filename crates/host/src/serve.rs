use std::convert::Infallible;
use std::future::Future;
use std::io::Write as _;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use rpc::limits::{KEEPALIVE_INTERVAL, KEEPALIVE_MAX};
use rpc::{Fault, Reason, RpcLayer, Tls};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::timeout;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::{Routes, RoutesBuilder};
use tonic::transport::server::TcpIncoming;
use tower::Service;

use crate::{HostError, Readiness};

const REFLECTION: [&str; 2] = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

/// The services of a port; health and reflection are always among them.
#[derive(Debug)]
pub struct Services {
    routes: RoutesBuilder,
    names: Vec<&'static str>,
    readiness: Readiness,
}

impl Default for Services {
    fn default() -> Self {
        Self::new()
    }
}

impl Services {
    /// Health alone.
    #[must_use]
    pub fn new() -> Self {
        let (reporter, health) = tonic_health::server::health_reporter();
        let mut routes = RoutesBuilder::default();
        routes.add_service(health);
        Self { routes, names: Vec::new(), readiness: Readiness::new(reporter) }
    }

    /// Adds a generated server.
    #[must_use]
    pub fn with<S>(mut self, server: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        self.names.push(S::NAME);
        self.routes.add_service(Gate { server, readiness: self.readiness.clone() });
        self
    }

    /// What tells health which of them can serve.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.readiness.clone()
    }

    /// All of them with reflection, in both of its versions: some clients speak only the older.
    fn routes(mut self) -> Result<Routes, HostError> {
        let describe = || {
            let ours = self.names.iter().chain(&REFLECTION).chain(&["grpc.health.v1.Health"]);
            let builder = tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(pb::FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
                // so that tools can show what is wrong with a call, and not only that something is
                .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET);
            ours.fold(builder, |builder, name| builder.with_service_name(*name))
        };
        let (v1, v1alpha) = (describe().build_v1(), describe().build_v1alpha());
        self.routes.add_service(v1.map_err(HostError::Reflection)?);
        self.routes.add_service(v1alpha.map_err(HostError::Reflection)?);
        Ok(self.routes.routes())
    }
}

/// A server that answers UNAVAILABLE as long as the process waits for something.
#[derive(Clone)]
struct Gate<S> {
    server: S,
    readiness: Readiness,
}

impl<S: NamedService> NamedService for Gate<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Body>> for Gate<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.server.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self.readiness.waited_for() {
            None => Box::pin(self.server.call(request)),
            Some(what) => {
                let answer = tonic::Status::from(waits(what)).into_http();
                Box::pin(std::future::ready(Ok(answer)))
            }
        }
    }
}

/// How long a caller is asked to leave a process alone that waits.
const WAITING: Duration = Duration::from_secs(1);

fn waits(what: &str) -> Fault {
    let message = format!(
        "the process has not begun to serve: it waits for {what}; once that answers it begins by itself, try again then"
    );
    Fault::new(Reason::Unavailable, message).retry_after(WAITING)
}

/// A bound port: callers can connect from now on and are answered once it serves.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Tls>,
}

impl Server {
    /// Binds the port and prints it: `<name> listens on <address>`.
    ///
    /// # Errors
    /// If the port is taken or the address not of this machine.
    pub async fn bind(name: &str, address: SocketAddr) -> Result<Self, HostError> {
        let server = Self::bind_silently(address).await?;
        // Whoever closed our output does not want to know.
        drop(writeln!(std::io::stdout(), "{name} listens on {}", server.address));
        Ok(server)
    }

    /// Binds the port and prints nothing: for a process whose output belongs to somebody else.
    ///
    /// # Errors
    /// As [`Server::bind`].
    pub async fn bind_silently(address: SocketAddr) -> Result<Self, HostError> {
        let failed = |source| HostError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        tracing::info!(%address, "listening");
        Ok(Self { listener, address, tls: None })
    }

    /// The same port, for callers with a certificate alone.
    #[must_use]
    pub fn over(self, tls: Tls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until asked to stop; then takes no new calls and lets the running ones finish within `drain`.
    ///
    /// # Errors
    /// If the server breaks, or calls are still running after `drain`.
    pub async fn serve(
        self,
        services: Services,
        drain: Duration,
        stop: impl Future<Output = ()>,
    ) -> Result<(), HostError> {
        let readiness = services.readiness();
        readiness.assume(&services.names).await;
        let routes = services.routes()?;
        let draining = Notify::new();
        let stopping = async {
            stop.await;
            tracing::info!("draining");
            readiness.end().await;
            draining.notify_one();
        };
        let incoming = TcpIncoming::from(self.listener).with_nodelay(Some(true));
        let mut server = tonic::transport::Server::builder();
        if let Some(tls) = &self.tls {
            server = server.tls_config(tls.server()).map_err(HostError::Tls)?;
        }
        let mut serving = pin!(
            server
                .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
                .http2_keepalive_timeout(Some(KEEPALIVE_MAX))
                .layer(RpcLayer::new())
                .serve_with_incoming_shutdown(routes, incoming, stopping)
        );
        // With no call running it ends as soon as it is asked to.
        let served = tokio::select! {
            served = &mut serving => served,
            () = draining.notified() => timeout(drain, serving).await.map_err(|_| HostError::Drain(drain))?,
        };
        served.map_err(HostError::Serve)?;
        tracing::info!("drained");
        Ok(())
    }
}
