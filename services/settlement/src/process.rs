//! The life of the process.

use std::process::ExitCode;

use host::{Command, Process, Server, configure, run, stop_asked};
use store::{Database, Settings};
use tokio::sync::watch;

use crate::config::{Config, PREFIX};
use crate::wiring::{MIGRATIONS, Parts, StartError, start};

/// Runs the process to its end, as its arguments and its environment say.
#[must_use]
pub fn process() -> ExitCode {
    match configure(PREFIX, Config::read) {
        Ok((Command::Serve, config)) => run("settlement", &config.host.clone(), |process| serve(config, process)),
        Ok((Command::Migrate, config)) => run("settlement", &config.host.clone(), |_| migrate(config)),
        Err(code) => code,
    }
}

async fn open(config: &Config) -> Result<Database, StartError> {
    let settings = Settings { connections: config.connections, ..Settings::default() };
    Ok(Database::open_with(config.database.expose(), settings).await?)
}

async fn migrate(config: Config) -> Result<(), StartError> {
    let database = open(&config).await?;
    let applied = store::migrations::migrate(&database, MIGRATIONS).await?;
    println!("settlement: {applied} steps applied, the database is up to date");
    Ok(database.close().await?)
}

async fn serve(config: Config, process: Process) -> Result<(), StartError> {
    // A database that cannot be served is told before anybody could call.
    let database = open(&config).await?;
    store::migrations::check(&database, MIGRATIONS).await?;
    let server = Server::bind("settlement", config.listen()).await?;
    let stop = stop_asked()?;
    let (stopping, stopped) = watch::channel(false);
    let parts = Parts {
        database,
        redis: config.redis.map(|url| url.expose().clone()),
        poll: config.poll,
        enrolment: config.enrolment,
        assistance: config.assistance,
        patience: config.patience,
        trusts_facts: config.trusts_facts,
        trusts_cross_province: config.trusts_cross_province,
        clock: process.clock,
        ids: process.ids,
    };
    let mut until = stopped.clone();
    let until = async move { drop(until.wait_for(|stopped| *stopped).await) };
    let running = start(parts, until).await?;
    let stop = async move {
        stop.await;
        let _ = stopping.send(true);
    };
    Ok(server.serve(running.services, config.host.drain, stop).await?)
}
