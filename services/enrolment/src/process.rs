//! The life of the process.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use host::{Command, Process, Server, Stop};
use registry::{Registry, Source};
use store::{Database, migrations};

use crate::{Config, MIGRATIONS, PREFIX, Parts, Policies, Publications};

/// Runs the process to its end, as its arguments and its environment say.
#[must_use]
pub fn process() -> ExitCode {
    let (command, config) = match host::configure(PREFIX, Config::read) {
        Ok(configured) => configured,
        Err(code) => return code,
    };
    host::run("enrolment", &config.host.clone(), |process| async move {
        match command {
            Command::Migrate => migrate(&config).await,
            Command::Serve => serve(config, process).await,
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
    println!("enrolment: {applied} steps applied, the database is up to date");
    Ok(database.close().await?)
}

async fn serve(config: Config, process: Process) -> Result<(), Box<dyn Error + Send + Sync>> {
    // A database that cannot be served is told before anybody could call.
    let database = open(&config).await?;
    migrations::check(&database, MIGRATIONS).await?;
    let server = Server::bind("enrolment", config.host.listen).await?;
    let stop = Stop::when(host::stop_asked()?);
    let settlement = rpc::channel(&config.settlement_address)?;
    let source = Source::Remote(Arc::new(Publications::new(settlement.clone())));
    let redis = config.redis_url.as_ref().map(|url| url.expose().clone());
    let registry = Registry::unseen(source, registry::Settings { redis, poll: config.policy_poll })?;
    let policies = Policies::Registry(registry.clone());
    let Process { clock, ids } = process;
    let outbox_keep = config.outbox_keep;
    let assistance = config.assistance_address.as_deref().map(rpc::channel).transpose()?;
    let settlement = Some(settlement);
    let parts = Parts { database: database.clone(), policies, settlement, assistance, clock, ids, outbox_keep };
    let mut running = crate::start(parts, &stop);
    let readiness = running.services.readiness();
    // Settlement has the policies; it may start after this process.
    watch::follow(registry, "settlement", readiness, (&mut running.tasks, &stop)).await;
    server.serve(running.services, config.host.drain, stop.asked()).await?;
    while running.tasks.join_next().await.is_some() {}
    Ok(database.close().await?)
}
