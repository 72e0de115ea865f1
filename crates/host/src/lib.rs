//! The life of a process: configuration, clock and ids, telemetry, health and reflection, serving, drain.
//!
//! A service's `main` is four calls: [`configure`], [`run`], and inside it [`Server::bind`] first and [`Server::serve`] last.
//! Beside the server, [`every`] does what is done periodically and a [`Gauge`] tells what it found, until a [`Stop`].
//! The environment, the clock, signals and the process's output are read here and handed in everywhere else.
//!
//! Invariant: it knows no rule, no amount, no stored thing and no service by name.
//! Invariant: a broken configuration is refused with all its errors at once, before a port is bound.

mod clock;
mod configuration;
mod failpoint;
mod gauges;
mod log;
mod periodic;
mod process;
mod readiness;
mod serve;
mod settings;
mod telemetry;

/// A service makes and drops many small things for each call: this allocator takes them from where the same thread left them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub use clock::{Clock, Ids, SystemClock, SystemIds, china_day};
pub use configuration::{BadConfiguration, Reader, Secret};
pub use failpoint::failpoint;
pub use gauges::Gauge;
pub use periodic::{Stop, every};
pub use process::{Command, Process, Start, configure, configure_for, run, stop_asked};
pub use readiness::Readiness;
pub use serve::{Server, Services};
pub use settings::Settings;
pub use telemetry::Telemetry;

/// Why a process ends otherwise than asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The port is taken, or the address is not of this machine.
    #[error("bind {address}")]
    Bind {
        /// The address asked for.
        address: std::net::SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The server broke.
    #[error("serve")]
    Serve(#[source] tonic::transport::Error),
    /// Certificate, key or authority are none.
    #[error("serve over TLS")]
    Tls(#[source] tonic::transport::Error),
    /// The messages' description cannot be served.
    #[error("describe the services by reflection")]
    Reflection(#[source] tonic_reflection::server::Error),
    /// Calls were still running when the time to drain was over.
    #[error("finish the running calls within {0:?}")]
    Drain(std::time::Duration),
    /// Telemetry cannot be sent, or was begun twice.
    #[error("begin telemetry")]
    Telemetry(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The runtime or its signals cannot be had.
    #[error("begin the process")]
    Process(#[source] std::io::Error),
}
