//! The service's configuration, out of variables that begin with `YIBAO_ENROLMENT_`.

use std::num::NonZeroU32;
use std::time::Duration;

use host::{Reader, Secret, Settings};

/// The prefix of the service's variables.
pub const PREFIX: &str = "YIBAO_ENROLMENT_";

/// What the service is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// What every process is told.
    pub host: Settings,
    /// `DATABASE_URL`: `sqlite:<path>` or `postgres://…`.
    pub database_url: Secret<String>,
    /// `DATABASE_CONNECTIONS`: the most that are open for transactions, and as many again for reading.
    pub database_connections: u32,
    /// `SETTLEMENT_ADDRESS`: the service with the accounts and the policy registry; migrating needs none.
    pub settlement_address: String,
    /// `ASSISTANCE_ADDRESS`: which categories people have, and whose fund assists with premiums; none: categories are handed in.
    pub assistance_address: Option<String>,
    /// `REDIS_URL`: copies of policy versions; may be left out.
    pub redis_url: Option<Secret<String>>,
    /// `POLICY_POLL_SECONDS`: how often the registry is asked whether a head moved.
    pub policy_poll: Duration,
    /// `OUTBOX_KEEP_DAYS`: how long an event stays after it was delivered.
    pub outbox_keep: Duration,
}

/// Days that events stay after delivery where nothing else is said.
pub const OUTBOX_KEEP_DAYS: u32 = 30;

impl Config {
    /// Reads the configuration; errors stay in the reader.
    pub fn read(reader: &mut Reader) -> Option<Self> {
        let host = Settings::read(reader);
        let database_url = reader.secret("DATABASE_URL", "sqlite:<path> or postgres://user@host/database");
        if let Some(url) = &database_url
            && !["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| url.expose().starts_with(scheme))
        {
            reader.add("DATABASE_URL", "names no database that is supported; expected sqlite:<path> or postgres://…");
        }
        let sixteen = NonZeroU32::MIN.saturating_add(15);
        let connections = reader.or("DATABASE_CONNECTIONS", sixteen, "a whole number above zero");
        let settlement = reader.address("SETTLEMENT_ADDRESS", "http://settlement:7001");
        let assistance = reader.optional_address("ASSISTANCE_ADDRESS", "http://assistance:7003");
        let redis = reader.optional_secret("REDIS_URL", "redis://host:port");
        if let Some(Some(url)) = &redis
            && !registry::is_redis_address(url.expose())
        {
            reader.add("REDIS_URL", "is no address of Redis; expected redis://<host>:<port>");
        }
        let five = NonZeroU32::MIN.saturating_add(4);
        let poll = reader.or("POLICY_POLL_SECONDS", five, "whole seconds above zero");
        let thirty = NonZeroU32::MIN.saturating_add(OUTBOX_KEEP_DAYS - 1);
        let keep = reader.or("OUTBOX_KEEP_DAYS", thirty, "whole days above zero");
        Some(Self {
            host: host?,
            database_url: database_url?,
            database_connections: connections?.get(),
            settlement_address: settlement?,
            assistance_address: assistance?,
            redis_url: redis?,
            policy_poll: Duration::from_secs(poll?.get().into()),
            outbox_keep: Duration::from_secs(u64::from(keep?.get()) * 86_400),
        })
    }
}
