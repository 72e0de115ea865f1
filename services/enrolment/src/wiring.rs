//! Puts the service together.

use std::sync::Arc;
use std::time::Duration;

use host::{Readiness, Stop, every};
use pb::enrolment::v1::directory_service_server::DirectoryServiceServer;
use pb::enrolment::v1::enrolment_service_server::EnrolmentServiceServer;
use pb::enrolment::v1::import_service_server::ImportServiceServer;
use pb::enrolment::v1::person_service_server::PersonServiceServer;
use pb::enrolment::v1::report_service_server::ReportServiceServer;
use pb::enrolment::v1::transfer_service_server::TransferServiceServer;
use policy::Policy;
use rpc::limits::MESSAGE_BYTES_MAX;
use store::Database;
use store::outbox::{self, RelaySettings, Topics};
use terms::Division;
use tokio::task::JoinSet;
use watch::Watch;

use crate::app::{App, deliver, premium};
use crate::clients::{Assistance, Settlement};
use crate::rpc::{Directory, Enrolments, Imports, People, Reports, Transfers};

/// Where the policy in use comes from.
#[derive(Clone, Debug)]
pub enum Policies {
    /// One version for every division that it has packs for.
    Fixed(Arc<Policy>),
    /// The heads of a registry; whoever opened it lets it follow the truth.
    Registry(registry::Registry),
}

impl Policies {
    /// The policy in use for a division.
    #[must_use]
    pub fn head(&self, division: Division) -> Option<Arc<Policy>> {
        match self {
            Self::Fixed(policy) => (!policy.chain(division).is_empty()).then(|| Arc::clone(policy)),
            Self::Registry(registry) => registry.head(division),
        }
    }

    /// The policy in use somewhere, for what is the same everywhere.
    #[must_use]
    pub fn any(&self) -> Option<Arc<Policy>> {
        match self {
            Self::Fixed(policy) => Some(Arc::clone(policy)),
            Self::Registry(registry) => registry.any_head(),
        }
    }
}

/// What the service is made of.
pub struct Parts {
    /// Its database, migrated ([`crate::MIGRATIONS`]).
    pub database: Database,
    /// The policy in use.
    pub policies: Policies,
    /// The client of settlement's accounts; without it credits wait.
    pub settlement: Option<rpc::Client>,
    /// The client of assistance, which says which categories people have and whose fund assists with premiums; without it categories
    /// are handed in, and what is booked of premium assistance waits until it is connected.
    pub assistance: Option<rpc::Client>,
    /// What time it is.
    pub clock: Arc<dyn host::Clock>,
    /// New ids.
    pub ids: Arc<dyn host::Ids>,
    /// How long an event of the outbox stays after it was delivered.
    pub outbox_keep: Duration,
}

/// The service, ready to be served.
pub struct Running {
    /// Every server of the service.
    pub services: host::Services,
    /// What it does in the background; it ends after the stop, when what is under way is done.
    pub tasks: JoinSet<()>,
}

/// Starts the service's background work, which goes on until `stop`, and gives its servers. Needs a running tokio.
#[must_use]
pub fn start(parts: Parts, stop: &Stop) -> Running {
    let app = Arc::new(App {
        database: parts.database,
        policies: parts.policies,
        settlement: parts.settlement.map(Settlement::new),
        assistance: parts.assistance.map(Assistance::new),
        clock: parts.clock,
        ids: parts.ids,
        news: Arc::default(),
        premium_news: Arc::default(),
    });
    let mut tasks = JoinSet::new();
    let (database, policies) = (app.database.clone(), app.policies.clone());
    let (clock, keep) = (Arc::clone(&app.clock), parts.outbox_keep);
    if app.settlement.is_some() {
        tasks.spawn(relay(Arc::clone(&app), stop.clone()));
    }
    let most = MESSAGE_BYTES_MAX;
    let services = host::Services::new()
        .with(PersonServiceServer::new(People(Arc::clone(&app))).max_decoding_message_size(most))
        .with(EnrolmentServiceServer::new(Enrolments(Arc::clone(&app))).max_decoding_message_size(most))
        .with(DirectoryServiceServer::new(Directory(Arc::clone(&app))).max_decoding_message_size(most))
        .with(TransferServiceServer::new(Transfers(Arc::clone(&app))).max_decoding_message_size(most))
        .with(ImportServiceServer::new(Imports(Arc::clone(&app))).max_decoding_message_size(most))
        .with(ReportServiceServer::new(Reports(Arc::clone(&app))).max_decoding_message_size(most));
    if app.assistance.is_some() {
        tasks.spawn(relay_to_assistance(Arc::clone(&app), services.readiness(), stop.clone()));
    }
    let registry = match policies {
        Policies::Registry(registry) => Some(registry),
        _ => None,
    };
    let watch =
        Watch { books: "enrolment", database, registry, readiness: services.readiness(), clock, keep: Some(keep) };
    watch.begin(&mut tasks, stop);
    Running { services, tasks }
}

/// How often it is looked whether the policy was seen.
const LOOK: Duration = Duration::from_millis(50);

/// Tells settlement what is in the outbox.
async fn relay(app: Arc<App>, stop: Stop) {
    // A credit names its fund: an attempt before the policy was seen would fail, and make the next one wait the longer.
    let mut looks = tokio::time::interval(LOOK);
    while app.policies.any().is_none() {
        tokio::select! {
            () = stop.asked() => return,
            _ = looks.tick() => {}
        }
    }
    let owner = app.id();
    let topics = Topics::But(premium::TOPICS);
    let settings = RelaySettings { topics, wake: Arc::clone(&app.news), ..RelaySettings::default() };
    let deliver = |event| {
        let app = Arc::clone(&app);
        async move { deliver::event(&app, event).await }
    };
    let now = || app.now().timestamp_micros();
    outbox::relay(&app.database, &owner, deliver, now, settings, stop.asked()).await;
}

/// The longest pause before what assistance could not be told is tried again.
const ASSISTANCE_BACKOFF: Duration = Duration::from_secs(5);
/// How often it is shown whether assistance is away.
const ASSISTANCE_SHOWN_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked for premium assistance that nobody was told of: it was booked while assistance was not connected.
const ADOPT_EVERY: Duration = Duration::from_secs(3_600);

/// Tells assistance what its fund pays of premiums; where it is away, that waits in the outbox.
async fn relay_to_assistance(app: Arc<App>, readiness: Readiness, stop: Stop) {
    let owner = app.id();
    let (topics, wake) = (Topics::Only(premium::TOPICS), Arc::clone(&app.premium_news));
    let settings = RelaySettings { topics, wake, backoff_max: ASSISTANCE_BACKOFF, ..RelaySettings::default() };
    let deliver = |event| {
        let app = Arc::clone(&app);
        async move { deliver::event(&app, event).await }
    };
    let now = || app.now().timestamp_micros();
    let telling = outbox::relay(&app.database, &owner, deliver, now, settings, stop.asked());
    let showing = every(ASSISTANCE_SHOWN_EVERY, stop.asked(), || {
        let (app, readiness) = (Arc::clone(&app), readiness.clone());
        async move {
            let is_away = app.assistance.as_ref().is_some_and(Assistance::is_away);
            readiness.degraded("assistance", is_away).await;
        }
    });
    let adopting = async {
        tokio::select! { () = stop.asked() => {}, () = adopt(&app) => {} }
    };
    tokio::join!(telling, showing, adopting);
}

/// Tells of what was booked while assistance was not connected, at the start and then again and again: another process may not have been
/// told its address yet.
async fn adopt(app: &App) {
    let mut turns = tokio::time::interval(ADOPT_EVERY);
    loop {
        turns.tick().await;
        loop {
            match premium::adopt(app).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(problem) => {
                    tracing::warn!(%problem, "premium assistance that was booked without assistance was not told");
                    turns.reset_after(ASSISTANCE_BACKOFF);
                    break;
                }
            }
        }
    }
}
