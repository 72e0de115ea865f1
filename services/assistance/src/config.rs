//! The service's configuration, out of variables that begin with `YIBAO_ASSISTANCE_`.

use std::num::NonZeroU32;
use std::time::Duration;

use host::{Reader, Secret, Settings};

use crate::clients::Sender;

/// The prefix of the service's variables.
pub const PREFIX: &str = "YIBAO_ASSISTANCE_";

/// Seconds a hold is waited for before settlement is asked about it, where nothing else is said.
pub const HOLD_SECONDS: u32 = 30;

/// Seconds between two looks for holds that are overdue, where nothing else is said.
pub const SWEEP_SECONDS: u32 = 5;

/// How often a message to a person is tried before it is put aside, where nothing else is said.
pub const SMS_TRIES: u32 = 8;

/// What the service is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// What every process is told.
    pub host: Settings,
    /// `DATABASE_URL`: `sqlite:<path>` or `postgres://…`.
    pub database_url: Secret<String>,
    /// `DATABASE_CONNECTIONS`: the most that are open for transactions, and as many again for reading.
    pub database_connections: u32,
    /// `SETTLEMENT_ADDRESS`: the service that settles, and has the policy registry; migrating needs none.
    pub settlement_address: String,
    /// `ENROLMENT_ADDRESS`: the service that knows whose a document is; without it lists must name people by their ids.
    pub enrolment_address: Option<String>,
    /// `TRUSTED_CATEGORIES`: whether premium assistance is booked for categories that were handed in (imports) without a grant here.
    pub trusts_categories: bool,
    /// `REDIS_URL`: copies of policy versions; may be left out.
    pub redis_url: Option<Secret<String>>,
    /// `STREAMS_REDIS_URL`: through whose streams departments and people are told; without it nobody is told anything.
    pub streams_redis_url: Option<Secret<String>>,
    /// `SMS_SENDER`: where the worker of `sms` sends messages, `log` or `file:<path>`.
    pub sms_sender: Sender,
    /// `SMS_TRIES`: how often it tries before a message is put aside.
    pub sms_tries: u32,
    /// `POLICY_POLL_SECONDS`: how often the registry is asked whether a head moved.
    pub policy_poll: Duration,
    /// `HOLD_SECONDS`: after how long settlement is asked what became of a hold.
    pub hold: Duration,
    /// `SWEEP_SECONDS`: how often holds are looked for that are overdue.
    pub sweep: Duration,
}

impl Config {
    /// Reads the configuration; errors stay in the reader.
    pub fn read(reader: &mut Reader) -> Option<Self> {
        let host = Settings::read(reader);
        let database_url = reader.database("DATABASE_URL", "sqlite:<path> or postgres://user@host/database");
        if let Some(url) = &database_url
            && !url.expose().is_empty()
            && !["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| url.expose().starts_with(scheme))
        {
            reader.add("DATABASE_URL", "names no database that is supported; expected sqlite:<path> or postgres://…");
        }
        let connections = reader.or("DATABASE_CONNECTIONS", number(16), "a whole number above zero");
        let settlement = reader.address("SETTLEMENT_ADDRESS", "http://settlement:7001");
        let enrolment = reader.optional_address("ENROLMENT_ADDRESS", "http://enrolment:7002");
        let trusts = reader.or("TRUSTED_CATEGORIES", true, "true or false");
        let redis = reader.optional_secret("REDIS_URL", "redis://host:port");
        if let Some(Some(url)) = &redis
            && !registry::is_redis_address(url.expose())
        {
            reader.add("REDIS_URL", "is no address of Redis; expected redis://<host>:<port>");
        }
        let streams = reader.optional_secret("STREAMS_REDIS_URL", "redis://host:port");
        if let Some(Some(url)) = &streams
            && !registry::is_redis_address(url.expose())
        {
            reader.add("STREAMS_REDIS_URL", "is no address of Redis; expected redis://<host>:<port>");
        }
        let sender = reader.or("SMS_SENDER", Sender::Log, "log, or file:<path>");
        let tries = reader.or("SMS_TRIES", number(SMS_TRIES), "a whole number above zero");
        let poll = reader.or("POLICY_POLL_SECONDS", number(5), "whole seconds above zero");
        let hold = reader.or("HOLD_SECONDS", number(HOLD_SECONDS), "whole seconds above zero");
        let sweep = reader.or("SWEEP_SECONDS", number(SWEEP_SECONDS), "whole seconds above zero");
        let seconds = |number: NonZeroU32| Duration::from_secs(number.get().into());
        Some(Self {
            host: host?,
            database_url: database_url?,
            database_connections: connections?.get(),
            settlement_address: settlement?,
            enrolment_address: enrolment?,
            trusts_categories: trusts?,
            redis_url: redis?,
            streams_redis_url: streams?,
            sms_sender: sender?,
            sms_tries: tries?.get(),
            policy_poll: seconds(poll?),
            hold: seconds(hold?),
            sweep: seconds(sweep?),
        })
    }
}

/// A number above zero.
const fn number(number: u32) -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(number - 1)
}
