//! Puts the service together.

use std::sync::Arc;
use std::time::Duration;

use crossing::{SigningKey, Terms};
use host::{Services, Stop, every};
use pb::cross_province::v1::care_service_server::CareServiceServer;
use pb::cross_province::v1::clearing_service_server::ClearingServiceServer;
use pb::cross_province::v1::filing_service_server::FilingServiceServer;
use pb::cross_province::v1::peer_service_server::PeerServiceServer;
use pb::cross_province::v1::province_clearing_service_server::ProvinceClearingServiceServer;
use rpc::limits::MESSAGE_BYTES_MAX;
use rpc::{BadAddress, Tls};
use store::Database;
use terms::Division;
use tokio::task::JoinSet;

use crate::app::clearing::Clearing;
use crate::app::{App, fetch, forget, wake};
use crate::clients::{Enrolment, Lines, Policies, Settlement};
use crate::domain::Peers;
use crate::rpc::{Care, Clearing as Clears, Filings, Messages, ProvinceClearing};

/// How often it is looked for messages that did not come.
const FILL_EVERY: Duration = Duration::from_secs(2);

/// How often it is looked for bills for which time has passed.
const WAKE_EVERY: Duration = Duration::from_millis(100);

/// How often it is looked for enquiries whose time is over.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// How long things take where nothing else is said: technical configuration, no rule of any policy.
#[must_use]
pub const fn default_terms() -> Terms {
    Terms {
        offer: chrono::Duration::seconds(120),
        first_wait: chrono::Duration::milliseconds(250),
        most_wait: chrono::Duration::seconds(60),
        give_up_asking: chrono::Duration::seconds(5),
        rounds: 3,
    }
}

/// What the service is made of.
pub struct Parts {
    /// Its database, migrated ([`crate::MIGRATIONS`]).
    pub database: Database,
    /// The province it speaks for.
    pub province: Division,
    /// The other provinces, and itself.
    pub peers: Peers,
    /// What it signs with.
    pub key: SigningKey,
    /// Who it is on connections to other provinces; none: they need no certificate, as inside one process.
    pub tls: Option<Tls>,
    /// Whether it hands on messages between other provinces.
    pub forwards: bool,
    /// The client of the bureau's settlement, which trusts it with bills of other provinces.
    pub settlement: rpc::Client,
    /// The client of the bureau's enrolment; without it nobody is found or filed here.
    pub enrolment: Option<rpc::Client>,
    /// The policies of the places of insurance.
    pub policies: Policies,
    /// What time it is.
    pub clock: Arc<dyn host::Clock>,
    /// New ids.
    pub ids: Arc<dyn host::Ids>,
    /// How long things take.
    pub terms: Terms,
}

/// The service, ready to be served.
pub struct Running {
    /// What hospitals and officers call.
    pub services: Services,
    /// What other provinces call, on a port of its own.
    pub peer_services: Services,
    /// What it does in the background; it ends after the stop, when what is under way is done.
    pub tasks: JoinSet<()>,
}

/// Starts the service's background work, which goes on until `stop`, and gives its servers. Needs a running tokio.
///
/// # Errors
/// A peer's address that is none.
pub fn start(parts: Parts, stop: &Stop) -> Result<Running, BadAddress> {
    let Parts { database, province, peers, key, tls, forwards, settlement, enrolment, policies, clock, ids, terms } =
        parts;
    let lines = Lines::new(&peers, province, tls.as_ref())?;
    let clearing = Clearing::new(&peers, province, tls.as_ref())?;
    let settlement = Settlement::new(settlement);
    let enrolment = enrolment.map(Enrolment::new);
    let registry = match &policies {
        Policies::Fixed(_) => None,
        Policies::Registry(registry) => Some(registry.clone()),
    };
    let watched = (database.clone(), Arc::clone(&clock));
    let app = Arc::new(App {
        province,
        database,
        peers,
        lines,
        key,
        forwards,
        settlement,
        enrolment,
        policies,
        clearing,
        clock,
        ids,
        terms,
    });
    let most = MESSAGE_BYTES_MAX;
    let services = Services::new()
        .with(CareServiceServer::new(Care(Arc::clone(&app))).max_decoding_message_size(most))
        .with(FilingServiceServer::new(Filings(Arc::clone(&app))).max_decoding_message_size(most));
    let peer_services =
        Services::new().with(PeerServiceServer::new(Messages(Arc::clone(&app))).max_decoding_message_size(most));
    let (services, peer_services) = clears(&app, (services, peer_services));
    let mut tasks = JoinSet::new();
    let (database, clock) = watched;
    let readiness = services.readiness();
    watch::Watch { books: "cross_province", database, registry, readiness, clock, keep: None }.begin(&mut tasks, stop);
    tasks.spawn(look_after(Arc::clone(&app), stop.clone()));
    tasks.spawn(fill_gaps(Arc::clone(&app), stop.clone()));
    tasks.spawn(forget_enquiries(app, stop.clone()));
    Ok(Running { services, peer_services, tasks })
}

/// Adds what clears months: of a province its own side, of the centre the other one, on both of its ports.
fn clears(app: &Arc<App>, (services, peer_services): (Services, Services)) -> (Services, Services) {
    if app.peers.centre() != Some(app.province) {
        return (services.with(ProvinceClearingServiceServer::new(ProvinceClearing(Arc::clone(app)))), peer_services);
    }
    let clears = || ClearingServiceServer::new(Clears(Arc::clone(app))).max_decoding_message_size(MESSAGE_BYTES_MAX);
    (services.with(clears()), peer_services.with(clears()))
}

/// Looks after bills for which time has passed.
async fn look_after(app: Arc<App>, stop: Stop) {
    let once = || {
        let app = Arc::clone(&app);
        async move {
            if let Err(problem) = wake::wake(&app).await {
                tracing::warn!(%problem, "bills were not looked after");
            }
        }
    };
    every(WAKE_EVERY, stop.asked(), once).await;
}

/// Fetches messages that did not come.
async fn fill_gaps(app: Arc<App>, stop: Stop) {
    let looked: Arc<fetch::Looked> = Arc::default();
    let once = || {
        let (app, looked) = (Arc::clone(&app), Arc::clone(&looked));
        async move {
            if let Err(problem) = fetch::fill(&app, &looked).await {
                tracing::warn!(%problem, "missing messages were not looked for");
            }
        }
    };
    every(FILL_EVERY, stop.asked(), once).await;
}

/// Removes what enquiries said once their time is over.
async fn forget_enquiries(app: Arc<App>, stop: Stop) {
    let once = || {
        let app = Arc::clone(&app);
        async move {
            if let Err(problem) = forget::forget(&app).await {
                tracing::warn!(%problem, "enquiries were not forgotten");
            }
        }
    };
    every(FORGET_EVERY, stop.asked(), once).await;
}
