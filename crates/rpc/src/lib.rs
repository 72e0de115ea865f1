//! What every call shares: faults and their status, deadlines, request ids, trace context, measurements, client channels.
//!
//! A handler returns [`Fault`]; nothing else in the suite chooses a gRPC code. [`RpcLayer`] stands before every server,
//! [`Client`] behind every client; between them a deadline, a request id and a trace travel by themselves.
//!
//! Invariant: it knows no service, no rule and no stored thing; it reads no environment and no wall clock.
//! Invariant: no name, id number or other content of a message goes into its spans, logs and metrics.

mod call;
mod client;
mod fault;
mod incoming;
pub mod limits;
mod log;
mod measure;
mod panics;
mod status;
mod tls;
pub mod trace;
mod violation;
mod watched;

pub use call::{Call, Deadline};
pub use client::{BadAddress, Client, channel, channel_over};
pub use fault::Fault;
pub use incoming::{Incoming, RpcLayer};
pub use tls::{Caller, Tls};
pub use violation::{Violation, Violations};

/// The stable reasons of a fault.
pub use pb::r#type::v1::ErrorReason as Reason;
