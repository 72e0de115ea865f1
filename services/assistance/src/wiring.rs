//! Puts the service together.

use std::sync::Arc;
use std::time::Duration;

use host::{Stop, every};
use pb::assistance::v1::category_service_server::CategoryServiceServer;
use pb::assistance::v1::reservation_service_server::ReservationServiceServer;
use pb::assistance::v1::watch_service_server::WatchServiceServer;
use policy::{Policy, Version};
use rpc::limits::MESSAGE_BYTES_MAX;
use store::Database;
use store::outbox::{self, RelaySettings};
use terms::Division;
use tokio::task::JoinSet;

use crate::app::{App, deliver, mend, sweep, watch as watched};
use crate::clients::{Directory, OneStop};
use crate::rpc::{Categories, Reservations, Watching};
use crate::watch::{Watch, watch};

/// How often it is looked whether the policy under which settlement refused a year is still the one in use.
const REFUSED_EVERY: Duration = Duration::from_secs(5);

/// How often lines of the watch list are asked for that could not be had.
const LINES_EVERY: Duration = Duration::from_secs(5);

/// Where policy versions come from.
#[derive(Clone, Debug)]
pub enum Policies {
    /// One version, and no other.
    Fixed(Arc<Policy>),
    /// Those of a registry; whoever opened it lets it follow the truth.
    Registry(registry::Registry),
}

impl Policies {
    /// The policy of a version; none where it was never published there.
    ///
    /// # Errors
    /// Why the registry could not say, or could not compile it.
    pub async fn version(&self, version: Version) -> Result<Option<Arc<Policy>>, registry::RegistryError> {
        match self {
            Self::Fixed(policy) => Ok((policy.version() == version).then(|| Arc::clone(policy))),
            Self::Registry(registry) => registry.version(version).await,
        }
    }

    /// The policy in use for a division.
    #[must_use]
    pub fn head(&self, division: Division) -> Option<Arc<Policy>> {
        match self {
            Self::Fixed(policy) => (!policy.chain(division).is_empty()).then(|| Arc::clone(policy)),
            Self::Registry(registry) => registry.head(division),
        }
    }
}

/// What the service is made of.
pub struct Parts {
    /// Its database, migrated ([`crate::MIGRATIONS`]).
    pub database: Database,
    /// The policy versions whose limits are held.
    pub policies: Policies,
    /// The client of settlement, which says what became of a hold.
    pub settlement: rpc::Client,
    /// The client of enrolment, which says whose a document is; without it lists must name people by their ids.
    pub enrolment: Option<rpc::Client>,
    /// What time it is.
    pub clock: Arc<dyn host::Clock>,
    /// New ids.
    pub ids: Arc<dyn host::Ids>,
    /// After how long settlement is asked what became of a hold.
    pub hold: Duration,
    /// How often holds are looked for that are overdue.
    pub sweep: Duration,
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
        settlement: OneStop::new(parts.settlement),
        directory: parts.enrolment.map(Directory::new),
        clock: parts.clock,
        ids: parts.ids,
        hold: parts.hold,
        refused: Arc::default(),
        news: Arc::default(),
    });
    let mut tasks = JoinSet::new();
    let most = MESSAGE_BYTES_MAX;
    let services = host::Services::new()
        .with(CategoryServiceServer::new(Categories(Arc::clone(&app))).max_decoding_message_size(most))
        .with(ReservationServiceServer::new(Reservations(Arc::clone(&app))).max_decoding_message_size(most))
        .with(WatchServiceServer::new(Watching(Arc::clone(&app))).max_decoding_message_size(most));
    let (database, policies, clock) = (app.database.clone(), app.policies.clone(), Arc::clone(&app.clock));
    let refused = Arc::clone(&app.refused);
    watch(Watch { database, policies, readiness: services.readiness(), clock, refused }, &mut tasks, stop);
    let (asked, period, readiness) = (stop.asked(), parts.sweep, services.readiness());
    tasks.spawn(relay(Arc::clone(&app), stop.clone()));
    tasks.spawn(look_at_refused(Arc::clone(&app), stop.clone()));
    tasks.spawn(ask_for_lines(Arc::clone(&app), stop.clone()));
    tasks.spawn(async move {
        let owner = app.id();
        readiness.degraded("settlement", false).await;
        let once = || {
            let (app, owner, readiness) = (Arc::clone(&app), owner.clone(), readiness.clone());
            async move {
                if let Some(answered) = sweep::sweep(&app, &owner).await {
                    readiness.degraded("settlement", !answered).await;
                }
            }
        };
        every(period, asked, once).await;
    });
    Running { services, tasks }
}

/// Asks settlement what is in the outbox.
async fn relay(app: Arc<App>, stop: Stop) {
    let owner = app.id();
    let settings = RelaySettings { wake: Arc::clone(&app.news), ..RelaySettings::default() };
    let deliver = |event| {
        let app = Arc::clone(&app);
        async move { deliver::event(&app, event).await }
    };
    let now = || app.now().timestamp_micros();
    outbox::relay(&app.database, &owner, deliver, now, settings, stop.asked()).await;
}

/// Looks whether the policy under which settlement refused a year is still the one in use.
async fn look_at_refused(app: Arc<App>, stop: Stop) {
    let once = || {
        let app = Arc::clone(&app);
        async move {
            if let Err(problem) = mend::under_another_policy(&app).await {
                tracing::warn!(%problem, "years that were refused were not looked at");
            }
        }
    };
    every(REFUSED_EVERY, stop.asked(), once).await;
}

/// Asks for lines of the watch list that could not be had.
async fn ask_for_lines(app: Arc<App>, stop: Stop) {
    let once = || {
        let app = Arc::clone(&app);
        async move {
            if let Err(problem) = watched::ask_again(&app).await {
                tracing::warn!(%problem, "lines of the watch list were not asked for");
            }
        }
    };
    every(LINES_EVERY, stop.asked(), once).await;
}
