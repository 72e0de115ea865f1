use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use http::Uri;

use crate::Reader;

/// What every process is told about itself.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `LISTEN`: where to serve; port 0 takes any free one.
    pub listen: SocketAddr,
    /// `DRAIN_SECONDS`: how long running calls may finish after the process was asked to stop.
    pub drain: Duration,
    /// `LOG`: what is logged, as in `info,settlement=debug`.
    pub log: String,
    /// `OTLP_ENDPOINT`: where traces and metrics go; none, no effect.
    pub otlp: Option<Uri>,
}

impl Settings {
    /// Reads the settings; errors stay in the reader. All fields are read before the first error ends it.
    pub fn read(reader: &mut Reader) -> Option<Self> {
        let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listen = reader.or("LISTEN", local, "an address with a port, such as 0.0.0.0:7001");
        let drain = reader.or("DRAIN_SECONDS", NonZeroU32::MIN.saturating_add(24), "whole seconds above zero");
        let log = reader.or("LOG", "info".to_owned(), "a filter such as info,settlement=debug");
        let otlp = reader.optional::<Uri>("OTLP_ENDPOINT", "an address such as http://127.0.0.1:4317");
        if let Some(Some(uri)) = &otlp
            && (uri.scheme_str() != Some("http") || uri.authority().is_none_or(|place| place.as_str().contains('@')))
        {
            let wrong =
                "has no scheme http and host, or names a user; expected an address such as http://127.0.0.1:4317";
            reader.add("OTLP_ENDPOINT", wrong);
        }
        if let Some(filter) = &log
            && let Err(error) = crate::log::filter(filter)
        {
            reader.add("LOG", format!("is no filter: {error}"));
        }
        Some(Self { listen: listen?, drain: Duration::from_secs(drain?.get().into()), log: log?, otlp: otlp? })
    }
}
