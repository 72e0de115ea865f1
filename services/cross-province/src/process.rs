//! The life of the process.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use crossing::Terms;
use host::{Command, Process, Server, Stop};
use registry::{Registry, Source};
use store::{Database, migrations};

use crate::MIGRATIONS;
use crate::clients::{Policies, Publications};
use crate::config::{Config, PREFIX};
use crate::wiring::{Parts, default_terms, start};

/// Runs the process to its end, as its arguments and its environment say.
#[must_use]
pub fn process() -> ExitCode {
    match host::configure(PREFIX, Config::read) {
        Ok((command, config)) => host::run("cross-province", &config.host.clone(), |process| async move {
            match command {
                Command::Serve => serve(config, process).await,
                Command::Migrate => migrate(&config).await,
            }
        }),
        Err(code) => code,
    }
}

async fn open(config: &Config) -> Result<Database, store::Error> {
    let settings = store::Settings { connections: config.connections, ..store::Settings::default() };
    Database::open_with(config.database.expose(), settings).await
}

async fn migrate(config: &Config) -> Result<(), Box<dyn Error + Send + Sync>> {
    let database = open(config).await?;
    let applied = migrations::migrate(&database, MIGRATIONS).await?;
    println!("cross-province: {applied} steps applied, the database is up to date");
    Ok(database.close().await?)
}

async fn serve(config: Config, process: Process) -> Result<(), Box<dyn Error + Send + Sync>> {
    // A database that cannot be served is told before anybody could call.
    let database = open(&config).await?;
    migrations::check(&database, MIGRATIONS).await?;
    let serving = config.serving.ok_or("serve: the configuration was read to migrate")?;
    let server = Server::bind("cross-province", config.host.listen).await?;
    let peer_server = Server::bind("cross-province for peers", serving.peer_listen).await?.over(serving.tls.clone());
    let stop = Stop::when(host::stop_asked()?);
    let most_wait = chrono::Duration::from_std(serving.retry_most)?;
    let settlement = rpc::channel(&serving.settlement)?;
    let source = Source::Remote(Arc::new(Publications::new(settlement.clone())));
    let redis = serving.redis.as_ref().map(|url| url.expose().clone());
    let registry = Registry::unseen(source, registry::Settings { redis, poll: serving.policy_poll })?;
    let parts = Parts {
        database: database.clone(),
        province: serving.province,
        peers: serving.peers,
        key: serving.key,
        tls: Some(serving.tls),
        forwards: serving.forwards,
        settlement,
        enrolment: serving.enrolment.as_deref().map(rpc::channel).transpose()?,
        policies: Policies::Registry(registry.clone()),
        clock: process.clock,
        ids: process.ids,
        terms: Terms { most_wait, ..default_terms() },
    };
    let mut running = start(parts, &stop)?;
    let readiness = running.services.readiness();
    // settlement has the policies; it may start after this process
    watch::follow(registry, "settlement", readiness, (&mut running.tasks, &stop)).await;
    let drain = config.host.drain;
    let peers = peer_server.serve(running.peer_services, drain, stop.asked());
    tokio::try_join!(server.serve(running.services, drain, stop.asked()), peers)?;
    while running.tasks.join_next().await.is_some() {}
    Ok(database.close().await?)
}
