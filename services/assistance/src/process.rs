//! The life of the process.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use host::{Command, Process, Server, Start, Stop};
use registry::{Registry, Source};
use store::{Database, migrations};

use crate::{Config, MIGRATIONS, PREFIX, Parts, Policies, Publications, SmsParts, SmsSettings};

/// The argument with which the program sends messages to people, and does nothing else.
const SMS: &str = "sms";

/// Runs the process to its end, as its arguments and its environment say.
#[must_use]
pub fn process() -> ExitCode {
    let (start, config) = match host::configure_for(PREFIX, &[SMS], Config::read) {
        Ok(configured) => configured,
        Err(code) => return code,
    };
    host::run("assistance", &config.host.clone(), |process| async move {
        match start {
            Start::Command(Command::Migrate) => migrate(&config).await,
            Start::Command(Command::Serve) => serve(config, process).await,
            Start::Work(_) => sms(config, process).await,
        }
    })
}

async fn open(config: &Config) -> Result<Database, store::Error> {
    let settings = store::Settings { connections: config.database_connections, ..store::Settings::default() };
    Database::open_with(config.database_url.expose(), settings).await
}

async fn migrate(config: &Config) -> Result<(), Box<dyn Error + Send + Sync>> {
    let database = open(config).await?;
    let applied = migrations::migrate(&database, MIGRATIONS).await?;
    println!("assistance: {applied} steps applied, the database is up to date");
    Ok(database.close().await?)
}

async fn serve(config: Config, process: Process) -> Result<(), Box<dyn Error + Send + Sync>> {
    // A database that cannot be served is told before anybody could call.
    let database = open(&config).await?;
    migrations::check(&database, MIGRATIONS).await?;
    let server = Server::bind("assistance", config.host.listen).await?;
    let stop = Stop::when(host::stop_asked()?);
    let settlement = rpc::channel(&config.settlement_address)?;
    let source = Source::Remote(Arc::new(Publications::new(settlement.clone())));
    let redis = config.redis_url.as_ref().map(|url| url.expose().clone());
    let registry = Registry::unseen(source, registry::Settings { redis, poll: config.policy_poll })?;
    let policies = Policies::Registry(registry.clone());
    let Process { clock, ids } = process;
    let (hold, sweep) = (config.hold, config.sweep);
    let streams = config.streams_redis_url.as_ref().map(|url| url.expose().clone());
    let enrolment = config.enrolment_address.as_deref().map(rpc::channel).transpose()?;
    let (database_kept, trusts_categories) = (database.clone(), config.trusts_categories);
    let parts = Parts {
        database: database_kept,
        policies,
        settlement,
        enrolment,
        trusts_categories,
        clock,
        ids,
        hold,
        sweep,
        streams,
    };
    let mut running = crate::start(parts, &stop);
    let readiness = running.services.readiness();
    // Settlement has the policies; it may start after this process.
    watch::follow(registry, "settlement", readiness, (&mut running.tasks, &stop)).await;
    server.serve(running.services, config.host.drain, stop.asked()).await?;
    while running.tasks.join_next().await.is_some() {}
    Ok(database.close().await?)
}

async fn sms(config: Config, process: Process) -> Result<(), Box<dyn Error + Send + Sync>> {
    let (Some(streams), Some(enrolment)) = (&config.streams_redis_url, &config.enrolment_address) else {
        return Err(format!("send messages: {PREFIX}STREAMS_REDIS_URL and {PREFIX}ENROLMENT_ADDRESS are needed").into());
    };
    let settings = SmsSettings {
        tries: config.sms_tries,
        backoff: Duration::from_secs(1),
        backoff_max: Duration::from_secs(300),
        left_lying: Duration::from_secs(600),
    };
    let (streams, enrolment) = (streams.expose().clone(), rpc::channel(enrolment)?);
    let parts = SmsParts { streams, enrolment, sender: config.sms_sender, ids: process.ids, settings };
    Ok(crate::send_sms(parts, host::stop_asked()?).await?)
}
