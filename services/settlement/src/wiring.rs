//! Puts the parts of the service together.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use host::{Clock, Ids, Services, Stop};
use pb::policy::v1::answer_service_server::AnswerServiceServer;
use pb::policy::v1::registry_service_server::RegistryServiceServer;
use pb::settlement::v1::account_service_server::AccountServiceServer;
use pb::settlement::v1::catalogue_service_server::CatalogueServiceServer;
use pb::settlement::v1::one_stop_service_server::OneStopServiceServer;
use pb::settlement::v1::reconciliation_service_server::ReconciliationServiceServer;
use pb::settlement::v1::settlement_service_server::SettlementServiceServer;
use pb::settlement::v1::split_service_server::SplitServiceServer;
use policy::Policy;
use registry::{Registry, Seed, Source};
use store::Database;
use store::migrations::{SHARED, Set};
use store::outbox::{self, RelaySettings};

use tokio::task::JoinSet;
use watch::Watch;

use crate::app::{Bench, Committer, OneStop, Teller};
use crate::catalogue::Catalogue;
use crate::clients::{Assistance, Enrolment};
use crate::rpc::{AnswerRpc, CatalogueRpc, OneStopRpc, ReconciliationRpc, RegistryRpc, Settlement};

/// The steps of everything in settlement's database.
pub const MIGRATIONS: &[Set] = &[SHARED, registry::MIGRATIONS, crate::store::MIGRATIONS];

/// How many milliseconds assistance is waited for where nothing else is said.
pub const PATIENCE_MILLISECONDS: u32 = 300;

/// What the service is made of.
pub struct Parts {
    /// Its database, up to date.
    pub database: Database,
    /// Where policy versions are cached.
    pub redis: Option<String>,
    /// How often the registry is looked at.
    pub poll: Duration,
    /// The address of enrolment.
    pub enrolment: Option<String>,
    /// The address of assistance, which keeps the third system's funds; none: nothing is held anywhere, and nobody is told.
    pub assistance: Option<String>,
    /// The most of a call's time that assistance is waited for; then it is away.
    pub patience: Duration,
    /// Whether callers may hand in a person's facts.
    pub trusts_facts: bool,
    /// Whether callers may settle bills of other provinces' hospitals.
    pub trusts_cross_province: bool,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
}

/// The service, ready to be served.
pub struct Running {
    /// Its calls.
    pub services: Services,
    /// The policy registry.
    pub registry: Registry,
    /// What commits: for work of this process that comes by no call.
    pub committer: Committer,
}

/// Why the service cannot be started.
pub type StartError = Box<dyn std::error::Error + Send + Sync>;

/// The packs that ship, to be published where nothing ever was.
fn shipped(id: String, at: DateTime<Utc>) -> Seed {
    Seed {
        id,
        files: Policy::shipped_files(),
        operator: "yibao".to_owned(),
        reason: "the packs that ship with this program".to_owned(),
        source: format!("yibao {}", env!("CARGO_PKG_VERSION")),
        at,
    }
}

/// Starts the service: opens the registry, publishes the packs that ship where nothing was ever published, follows the heads.
///
/// # Errors
/// If the database is not up to date or cannot be reached, or an address is none.
pub async fn start(parts: Parts, stop: impl Future<Output = ()> + Send + 'static) -> Result<Running, StartError> {
    let Parts { database, redis, poll, enrolment, assistance, patience, clock, ids, .. } = parts;
    let (trusts_facts, trusts_cross_province) = (parts.trusts_facts, parts.trusts_cross_province);
    store::migrations::check(&database, MIGRATIONS).await?;
    let settings = registry::Settings { redis, poll };
    let registry = Registry::open(Source::Database(database.clone()), settings).await?;
    registry.seed(shipped(ids.next().to_string(), clock.now())).await?;
    registry.refresh().await?;
    let stop = Stop::when(stop);
    let (followed, until) = (registry.clone(), stop.asked());
    tokio::spawn(async move { followed.follow(until).await });
    let enrolment = enrolment.map(|address| rpc::channel(&address)).transpose()?;
    let enrolment = enrolment.map(|client| Arc::new(Enrolment::new(client)));
    let assistance = assistance.map(|address| rpc::channel(&address)).transpose()?;
    let assistance = assistance.map(|client| Arc::new(Assistance::new(client, patience)));
    let files = Catalogue::shipped_files();
    let catalogue =
        Catalogue::read(&files).map_err(|problems| format!("read the catalogue that ships: {problems:?}"))?;
    let catalogue = Arc::new(catalogue);
    // SQLite has one writer; PostgreSQL gains from a second commit under way while one waits for the disk.
    let workers = if database.kind() == store::Kind::Sqlite { 1 } else { 2 };
    let watched = database.clone();
    let bench = Bench { database, registry: registry.clone(), clock: Arc::clone(&clock), ids };
    let committer = Committer::start(&bench, workers);
    let mut tasks = JoinSet::new();
    if let Some(assistance) = &assistance {
        tasks.spawn(relay(bench.clone(), Teller::start(Arc::clone(assistance)), stop.clone()));
    }
    let keep = assistance.as_ref().map(|_| OUTBOX_KEEP);
    let policies = RegistryRpc::new(bench.clone());
    let one_stop = OneStop { committer: committer.clone(), bench: bench.clone(), assistance };
    let (committing, catalogue_read) = (committer.clone(), Arc::clone(&catalogue));
    let settlement = Settlement {
        bench,
        committer: committing,
        one_stop,
        enrolment,
        catalogue: catalogue_read,
        trusts_facts,
        trusts_cross_province,
    };
    let reconciliation = ReconciliationRpc::new(settlement.clone());
    let limit = ::rpc::limits::MESSAGE_BYTES_MAX;
    let services = Services::new()
        .with(AccountServiceServer::new(settlement.clone()).max_decoding_message_size(limit))
        .with(ReconciliationServiceServer::new(reconciliation).max_decoding_message_size(limit))
        .with(OneStopServiceServer::new(OneStopRpc::new(settlement.clone())).max_decoding_message_size(limit))
        .with(SplitServiceServer::new(settlement.clone()).max_decoding_message_size(limit))
        .with(SettlementServiceServer::new(settlement).max_decoding_message_size(limit))
        .with(RegistryServiceServer::new(policies).max_decoding_message_size(limit))
        .with(AnswerServiceServer::new(AnswerRpc::new(registry.clone())).max_decoding_message_size(limit))
        .with(CatalogueServiceServer::new(CatalogueRpc::new(catalogue, Arc::clone(&clock))));
    let watch = Watch {
        books: "settlement",
        database: watched,
        registry: Some(registry.clone()),
        readiness: services.readiness(),
        clock,
        keep,
    };
    watch.begin(&mut tasks, &stop);
    tasks.detach_all();
    Ok(Running { services, registry, committer })
}

/// How long a Change stays after it was told.
const OUTBOX_KEEP: Duration = Duration::from_secs(30 * 86_400);
/// The most Changes under way to the keeper of the third system: they go together.
const TOLD_MOST: u16 = 256;
/// How long Changes gather: the keeper keeps many in little more than the time of one, and nobody waits for it.
const TOLD_TOGETHER: Duration = Duration::from_millis(50);

/// Tells the keeper of the third system what is in the outbox.
async fn relay(bench: Bench, teller: Teller, stop: Stop) {
    let owner = bench.ids.next().to_string();
    let (poll, gather) = (Duration::from_millis(200), TOLD_TOGETHER);
    let settings = RelaySettings { most: TOLD_MOST, poll, gather, ..RelaySettings::default() };
    let deliver = |event| {
        let teller = teller.clone();
        async move { teller.event(event).await }
    };
    let now = || bench.clock.now().timestamp_micros();
    outbox::relay(&bench.database, &owner, deliver, now, settings, stop.asked()).await;
}
