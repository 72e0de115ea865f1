//! The services under load: settlement in this process over a loopback port all the same, and assistance beside it where people are
//! assisted.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use host::{Server, Services, Stop, SystemClock, SystemIds};
use settlement::wiring::{MIGRATIONS, Parts, start};
use store::Database;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Broken;
use crate::cli::BenchSettle;

/// What serves.
pub(super) struct Bureau {
    /// Where settlement listens.
    pub(super) settlement: String,
    /// Where assistance listens, where it is there.
    pub(super) assistance: Option<String>,
    stop: watch::Sender<bool>,
    serving: Vec<JoinHandle<Result<(), host::HostError>>>,
    databases: Vec<Database>,
}

const DRAIN: Duration = Duration::from_secs(5);

impl Bureau {
    /// Serves over the databases of the arguments, or over SQLite in the folder.
    pub(super) async fn open(args: &BenchSettle, folder: &Path) -> Result<Self, Broken> {
        let in_folder = |file: &str| format!("sqlite:{}", folder.join(file).display());
        let accounts = Database::open(&args.database.clone().unwrap_or_else(|| in_folder("bench.db"))).await?;
        store::migrations::migrate(&accounts, MIGRATIONS).await?;
        let (stop, stopped) = watch::channel(false);
        let (settles, settlement) = bind().await?;
        let keeper = match args.assisted {
            Some(_) => Some(bind().await?),
            None => None,
        };
        let assistance = keeper.as_ref().map(|(_, address)| format!("http://{address}"));
        let parts = Parts {
            database: accounts.clone(),
            redis: None,
            poll: Duration::from_secs(5),
            enrolment: None,
            assistance: assistance.clone(),
            patience: Duration::from_millis(settlement::wiring::PATIENCE_MILLISECONDS.into()),
            trusts_facts: true,
            trusts_cross_province: true,
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
        };
        let running = start(parts, until(stopped.clone())).await?;
        let (mut serving, mut databases) = (Vec::new(), vec![accounts]);
        if let Some((server, _)) = keeper {
            let url = args.assistance_database.clone().unwrap_or_else(|| in_folder("assistance.db"));
            let database = Database::open(&url).await?;
            store::migrations::migrate(&database, assistance::MIGRATIONS).await?;
            let parts = assistance::Parts {
                database: database.clone(),
                policies: assistance::Policies::Registry(running.registry.clone()),
                settlement: rpc::channel(&format!("http://{settlement}"))?,
                enrolment: None,
                trusts_categories: true,
                clock: Arc::new(SystemClock),
                ids: Arc::new(SystemIds),
                hold: Duration::from_secs(u64::from(assistance::HOLD_SECONDS)),
                sweep: Duration::from_secs(u64::from(assistance::SWEEP_SECONDS)),
                streams: None,
            };
            let mut assists = assistance::start(parts, &Stop::when(until(stopped.clone())));
            assists.tasks.detach_all();
            serving.push(serve(server, assists.services, &stopped));
            databases.push(database);
        }
        serving.push(serve(settles, running.services, &stopped));
        Ok(Self { settlement: format!("http://{settlement}"), assistance, stop, serving, databases })
    }

    /// Lets the running calls finish.
    pub(super) async fn close(self) -> Result<(), Broken> {
        let _ = self.stop.send(true);
        for serving in self.serving {
            serving.await??;
        }
        for database in self.databases {
            database.close().await?;
        }
        Ok(())
    }
}

async fn bind() -> Result<(Server, SocketAddr), Broken> {
    let server = Server::bind_silently((Ipv4Addr::LOCALHOST, 0).into()).await?;
    let address = server.address();
    Ok((server, address))
}

fn serve(
    server: Server,
    services: Services,
    stopped: &watch::Receiver<bool>,
) -> JoinHandle<Result<(), host::HostError>> {
    tokio::spawn(server.serve(services, DRAIN, until(stopped.clone())))
}

async fn until(mut stopped: watch::Receiver<bool>) {
    drop(stopped.wait_for(|stopped| *stopped).await);
}
