//! What the process is told by its environment.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use host::{Reader, Secret, Settings};

use crate::wiring::PATIENCE_MILLISECONDS;

/// The prefix of the variables.
pub const PREFIX: &str = "YIBAO_SETTLEMENT_";

/// The configuration of a settlement process.
#[derive(Clone, Debug)]
pub struct Config {
    /// What every process is told.
    pub host: Settings,
    /// `DATABASE_URL`: `sqlite:<path>` or `postgres://…`.
    pub database: Secret<String>,
    /// `DATABASE_CONNECTIONS`: the most connections for transactions, and as many again for reading.
    pub connections: u32,
    /// `REDIS_URL`: where policy versions are cached; none, no cache.
    pub redis: Option<Secret<String>>,
    /// `POLICY_POLL_SECONDS`: how often the registry is looked at where Redis says nothing.
    pub poll: Duration,
    /// `ENROLMENT_ADDRESS`: where coverage is asked for; none, callers hand facts in.
    pub enrolment: Option<String>,
    /// `ASSISTANCE_ADDRESS`: where the third system's funds are kept; none: nothing is held anywhere.
    pub assistance: Option<String>,
    /// `ASSISTANCE_PATIENCE_MILLISECONDS`: the most of a call's time that assistance is waited for.
    pub patience: Duration,
    /// `TRUSTED_FACTS`: whether callers may hand in a person's facts.
    pub trusts_facts: bool,
    /// `TRUSTED_CROSS_PROVINCE`: whether callers may settle bills of other provinces' hospitals.
    pub trusts_cross_province: bool,
}

impl Config {
    /// Reads the configuration; errors stay in the reader. All variables are read before the first error ends it.
    pub fn read(reader: &mut Reader) -> Option<Self> {
        let host = Settings::read(reader);
        let database = reader.secret("DATABASE_URL", "sqlite:<path> or postgres://<user>@<host>/<database>");
        if let Some(url) = &database
            && !["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| url.expose().starts_with(scheme))
        {
            reader.add("DATABASE_URL", "names no database that is supported; expected sqlite:<path> or postgres://…");
        }
        let sixteen = NonZeroU32::MIN.saturating_add(15);
        let connections = reader.or("DATABASE_CONNECTIONS", sixteen, "a whole number above zero");
        let redis = reader.optional_secret("REDIS_URL", "redis://<host>:<port>");
        if let Some(Some(url)) = &redis
            && !registry::is_redis_address(url.expose())
        {
            reader.add("REDIS_URL", "is no address of Redis; expected redis://<host>:<port>");
        }
        let poll = reader.or("POLICY_POLL_SECONDS", NonZeroU32::MIN.saturating_add(4), "whole seconds above zero");
        let enrolment = reader.optional_address("ENROLMENT_ADDRESS", "http://enrolment:7002");
        let assistance = reader.optional_address("ASSISTANCE_ADDRESS", "http://assistance:7003");
        let patience = NonZeroU32::new(PATIENCE_MILLISECONDS).unwrap_or(NonZeroU32::MIN);
        let patience = reader.or("ASSISTANCE_PATIENCE_MILLISECONDS", patience, "whole milliseconds above zero");
        let trusts_facts = reader.or("TRUSTED_FACTS", false, "true or false");
        let trusts_cross_province = reader.or("TRUSTED_CROSS_PROVINCE", false, "true or false");
        Some(Self {
            host: host?,
            database: database?,
            connections: connections?.get(),
            redis: redis?,
            poll: Duration::from_secs(poll?.get().into()),
            enrolment: enrolment?,
            assistance: assistance?,
            patience: Duration::from_millis(patience?.get().into()),
            trusts_facts: trusts_facts?,
            trusts_cross_province: trusts_cross_province?,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn listen(&self) -> SocketAddr {
        self.host.listen
    }
}
