//! The centre under load, in this process over a loopback port all the same.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use cross_province::{MIGRATIONS, Parts, Peers, Policies, default_terms, start};
use crossing::SigningKey;
use host::{HostError, Server, Stop, SystemClock, SystemIds};
use policy::Policy;
use store::Database;
use terms::Name;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::super::Broken;
use super::bills::{Bills, code};

const DRAIN: Duration = Duration::from_secs(5);
/// Nobody is called at it: a centre of one process calls no province and no settlement.
const NOWHERE: &str = "http://127.0.0.1:9";

/// What serves.
pub(super) struct Centre {
    /// Where it listens.
    pub(super) address: String,
    stop: watch::Sender<bool>,
    serving: JoinHandle<Result<(), HostError>>,
    database: Database,
}

impl Centre {
    /// Serves over a database, which is migrated first.
    pub(super) async fn open(url: &str, bills: &Bills) -> Result<Self, Broken> {
        let database = Database::open(url).await?;
        store::migrations::migrate(&database, MIGRATIONS).await?;
        let own = code(bills.provinces);
        let key = SigningKey::from_seed(Name::new("bench")?, &[7; 32])?;
        let (stop, stopped) = watch::channel(false);
        let asked = |mut stopped: watch::Receiver<bool>| async move {
            drop(stopped.wait_for(|stopped| *stopped).await);
        };
        let parts = Parts {
            database: database.clone(),
            province: own.parse()?,
            peers: Peers::read(&table(bills, &hex::encode(key.public())))?,
            key,
            tls: None,
            forwards: false,
            settlement: rpc::channel(NOWHERE)?,
            enrolment: None,
            policies: Policies::Fixed(Arc::new(Policy::compile(&[])?)),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            terms: default_terms(),
        };
        let mut running = start(parts, &Stop::when(asked(stopped.clone())))?;
        running.tasks.detach_all();
        let server = Server::bind_silently((Ipv4Addr::LOCALHOST, 0).into()).await?;
        let address = format!("http://{}", server.address());
        let serving = tokio::spawn(server.serve(running.services, DRAIN, asked(stopped)));
        Ok(Self { address, stop, serving, database })
    }

    /// Lets the running calls finish.
    pub(super) async fn close(self) -> Result<(), Broken> {
        let _ = self.stop.send(true);
        self.serving.await??;
        Ok(self.database.close().await?)
    }
}

/// The table of the generated provinces, the centre the last of them.
fn table(bills: &Bills, public: &str) -> String {
    let row = |province: u8| {
        let (code, centre) = (code(province), province == bills.provinces);
        let key = format!("[[peer.key]]\nid = \"bench\"\npublic = \"{public}\"\nfrom = \"2020-01-01\"\n");
        format!("[[peer]]\nprovince = \"{code}\"\ncentre = {centre}\naddress = \"{NOWHERE}\"\n{key}")
    };
    (0..=bills.provinces).map(row).collect()
}
