//! All services in this process, each on a port of its own of this machine, with SQLite in a folder.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use enrolment::Policies;
use host::{Process, Server, Services, Stop};
use store::Database;
use store::migrations::{Set, migrate};
use tokio::sync::{Notify, watch};

use crate::error::Error;

/// Where the suite lives.
pub(crate) struct Place {
    /// The folder of its data.
    pub(crate) folder: PathBuf,
    /// Settlement's port; 0 takes a free one.
    pub(crate) settlement: u16,
    /// Enrolment's port.
    pub(crate) enrolment: u16,
    /// Assistance's port.
    pub(crate) assistance: u16,
}

/// The services, ready to be served: callers can connect already.
pub(crate) struct Suite {
    /// Where settlement listens.
    pub(crate) settlement: SocketAddr,
    /// Where enrolment listens.
    pub(crate) enrolment: SocketAddr,
    /// Where assistance listens.
    pub(crate) assistance: SocketAddr,
    ports: [Server; 3],
    settles: Services,
    enrols: enrolment::Running,
    assists: assistance::Running,
    databases: [Database; 3],
    /// Held as long as the folder is in use.
    lock: File,
}

impl Suite {
    /// Takes the folder and the ports, brings the databases up to date and starts the services.
    ///
    /// Callers are trusted with a person's facts: who can reach these ports is on this machine.
    pub(crate) async fn start(place: &Place, process: &Process, stop: &Stop) -> Result<Self, Error> {
        let folder = &place.folder;
        // names and document numbers will stand in it
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| Error::WriteFile(folder.clone(), error))?;
        let lock = lock(folder)?;
        let accounts = open(folder, "settlement", settlement::wiring::MIGRATIONS).await?;
        let people = open(folder, "enrolment", enrolment::MIGRATIONS).await?;
        let helped = open(folder, "assistance", assistance::MIGRATIONS).await?;
        let settlement = bind("settlement", place.settlement).await?;
        let enrolment = bind("enrolment", place.enrolment).await?;
        let assistance = bind("assistance", place.assistance).await?;
        let (settled, enrolled, assisted) = (settlement.address(), enrolment.address(), assistance.address());
        let parts = settlement::wiring::Parts {
            database: accounts.clone(),
            redis: None,
            poll: Duration::from_secs(5),
            enrolment: Some(format!("http://{enrolled}")),
            assistance: Some(format!("http://{assisted}")),
            patience: Duration::from_millis(settlement::wiring::PATIENCE_MILLISECONDS.into()),
            trusts_facts: true,
            trusts_cross_province: true,
            clock: Arc::clone(&process.clock),
            ids: Arc::clone(&process.ids),
        };
        let running = settlement::wiring::start(parts, stop.asked()).await;
        let running = running.map_err(|error| Error::Start("settlement", error))?;
        let assists = assistance::Parts {
            database: helped.clone(),
            policies: assistance::Policies::Registry(running.registry.clone()),
            settlement: rpc::channel(&format!("http://{settled}"))?,
            enrolment: Some(rpc::channel(&format!("http://{enrolled}"))?),
            trusts_categories: true,
            clock: Arc::clone(&process.clock),
            ids: Arc::clone(&process.ids),
            hold: Duration::from_secs(u64::from(assistance::HOLD_SECONDS)),
            sweep: Duration::from_secs(u64::from(assistance::SWEEP_SECONDS)),
            streams: None,
        };
        let parts = enrolment::Parts {
            database: people.clone(),
            policies: Policies::Registry(running.registry),
            settlement: Some(rpc::channel(&format!("http://{settled}"))?),
            assistance: Some(rpc::channel(&format!("http://{assisted}"))?),
            clock: Arc::clone(&process.clock),
            ids: Arc::clone(&process.ids),
            outbox_keep: Duration::from_secs(u64::from(enrolment::OUTBOX_KEEP_DAYS) * 86_400),
        };
        Ok(Self {
            settlement: settled,
            enrolment: enrolled,
            assistance: assisted,
            ports: [settlement, enrolment, assistance],
            settles: running.services,
            enrols: enrolment::start(parts, stop),
            assists: assistance::start(assists, stop),
            databases: [accounts, people, helped],
            lock,
        })
    }

    /// Serves until asked to stop, and lets the running calls finish. Settlement ends first: its calls may need the others.
    pub(crate) async fn serve(self, drain: Duration, stop: &Stop) -> Result<(), Error> {
        let Self { ports: [settlement, enrolment, assistance], settles, enrols, assists, databases, lock, .. } = self;
        let (settled, over) = watch::channel(false);
        let broken = Notify::new();
        let settling = async {
            let stop = async {
                tokio::select! { () = stop.asked() => {}, () = broken.notified() => {} }
            };
            let served = settlement.serve(settles, drain, stop).await;
            settled.send_replace(true);
            served
        };
        let following = async |server: Server, services: Services| {
            let mut over = over.clone();
            let served = server.serve(services, drain, async move { drop(over.wait_for(|over| *over).await) }).await;
            broken.notify_one();
            served
        };
        let (mut tasks, mut assisting) = (enrols.tasks, assists.tasks);
        let (first, second, third) =
            tokio::join!(settling, following(enrolment, enrols.services), following(assistance, assists.services));
        first.and(second).and(third).map_err(Error::Serve)?;
        while tasks.join_next().await.is_some() {}
        while assisting.join_next().await.is_some() {}
        for database in databases {
            database.close().await.map_err(Error::Database)?;
        }
        drop(lock);
        Ok(())
    }
}

/// One process at a time may bring the databases up to date and write to them.
fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join("lock");
    let written = |error| Error::WriteFile(path.clone(), error);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(written)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::FolderInUse(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(written(error)),
    }
}

async fn bind(service: &'static str, port: u16) -> Result<Server, Error> {
    let bound = Server::bind_silently((Ipv4Addr::LOCALHOST, port).into()).await;
    bound.map_err(|source| Error::Port { service, source })
}

async fn open(folder: &Path, service: &'static str, steps: &[Set]) -> Result<Database, Error> {
    let path = folder.join(format!("{service}.sqlite"));
    // a URL would read these as its own
    let path = path.display().to_string().replace('%', "%25").replace('?', "%3F");
    let database = Database::open(&format!("sqlite:{path}")).await.map_err(Error::Database)?;
    migrate(&database, steps).await.map_err(Error::Migration)?;
    Ok(database)
}
