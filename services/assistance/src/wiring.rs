//! Puts the service together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::Datelike as _;
use host::{Stop, every};
use pb::assistance::v1::application_service_server::ApplicationServiceServer;
use pb::assistance::v1::category_service_server::CategoryServiceServer;
use pb::assistance::v1::payer_service_server::PayerServiceServer;
use pb::assistance::v1::premium_service_server::PremiumServiceServer;
use pb::assistance::v1::report_service_server::ReportServiceServer;
use pb::assistance::v1::reservation_service_server::ReservationServiceServer;
use pb::assistance::v1::watch_service_server::WatchServiceServer;
use policy::{Policy, Version};
use rpc::limits::MESSAGE_BYTES_MAX;
use store::Database;
use store::outbox::{self, RelaySettings, Topics};
use terms::Division;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::app::sms::{self, SmsSettings};
use crate::app::{App, apply, deliver, mend, monthly, sweep, tell, watch as watched};
use crate::clients::{Directory, Inbox, OneStop, Sender, Streams};
use crate::rpc::{Applications, Categories, Payers, Premiums, Reports, Reservations, Watching, confirmed};
use crate::watch::{Watch, watch};

/// How often it is looked whether the policy under which settlement refused a year is still the one in use.
const REFUSED_EVERY: Duration = Duration::from_secs(5);

/// How often lines of the watch list are asked for that could not be had.
const LINES_EVERY: Duration = Duration::from_secs(5);

/// How often it is looked for applications that answers of departments want: an earlier version opened none.
const WANTED_EVERY: Duration = Duration::from_secs(60);

/// How often it is looked whether a month has ended whose watch lists nobody has compared.
const MONTHLY_EVERY: Duration = Duration::from_secs(600);

/// How often it is looked for what is to be told.
const STREAMS_POLL: Duration = Duration::from_millis(200);
/// The longest pause before what could not be added to a stream is tried again.
const STREAMS_BACKOFF: Duration = Duration::from_secs(5);
/// How often it is shown whether the streams are away.
const STREAMS_SHOWN_EVERY: Duration = Duration::from_secs(1);

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
    /// Whether premium assistance is booked for categories that were handed in without a grant here.
    pub trusts_categories: bool,
    /// What time it is.
    pub clock: Arc<dyn host::Clock>,
    /// New ids.
    pub ids: Arc<dyn host::Ids>,
    /// After how long settlement is asked what became of a hold.
    pub hold: Duration,
    /// How often holds are looked for that are overdue.
    pub sweep: Duration,
    /// The URL of the Redis through whose streams departments and people are told; without it nobody is told anything.
    pub streams: Option<String>,
}

/// The service, ready to be served.
pub struct Running {
    /// Every server of the service.
    pub services: host::Services,
    /// What it does in the background; it ends after the stop, when what is under way is done.
    pub tasks: JoinSet<()>,
}

/// Starts the service's background work, which goes on until `stop`, and gives its servers. Needs a running tokio.
/// A `streams` that is no URL of Redis is logged, and nobody is told anything.
#[must_use]
pub fn start(parts: Parts, stop: &Stop) -> Running {
    let streams = parts.streams.and_then(|url| opened(&url));
    let app = Arc::new(App {
        database: parts.database,
        policies: parts.policies,
        settlement: OneStop::new(parts.settlement),
        directory: parts.enrolment.map(Directory::new),
        trusts_categories: parts.trusts_categories,
        clock: parts.clock,
        ids: parts.ids,
        hold: parts.hold,
        refused: Arc::default(),
        news: Arc::default(),
        tells: streams.is_some(),
        streams_away: AtomicBool::new(false),
    });
    let mut tasks = JoinSet::new();
    let most = MESSAGE_BYTES_MAX;
    let services = host::Services::new()
        .with(ApplicationServiceServer::new(Applications(Arc::clone(&app))).max_decoding_message_size(most))
        .with(CategoryServiceServer::new(Categories(Arc::clone(&app))).max_decoding_message_size(most))
        .with(PayerServiceServer::new(Payers(Arc::clone(&app))).max_decoding_message_size(most))
        .with(PremiumServiceServer::new(Premiums(Arc::clone(&app))).max_decoding_message_size(most))
        .with(ReportServiceServer::new(Reports(Arc::clone(&app))).max_decoding_message_size(most))
        .with(ReservationServiceServer::new(Reservations(Arc::clone(&app))).max_decoding_message_size(most))
        .with(WatchServiceServer::new(Watching(Arc::clone(&app))).max_decoding_message_size(most));
    let (database, policies, clock) = (app.database.clone(), app.policies.clone(), Arc::clone(&app.clock));
    let refused = Arc::clone(&app.refused);
    watch(Watch { database, policies, readiness: services.readiness(), clock, refused }, &mut tasks, stop);
    let (asked, period, readiness) = (stop.asked(), parts.sweep, services.readiness());
    tasks.spawn(relay(Arc::clone(&app), stop.clone()));
    tasks.spawn(look_at_refused(Arc::clone(&app), stop.clone()));
    if let Some(streams) = streams {
        tasks.spawn(relay_to_streams(Arc::clone(&app), streams, services.readiness(), stop.clone()));
    }
    tasks.spawn(ask_for_lines(Arc::clone(&app), stop.clone()));
    tasks.spawn(open_what_is_wanted(Arc::clone(&app), stop.clone()));
    tasks.spawn(compare_each_month(Arc::clone(&app), stop.clone()));
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

fn opened(url: &str) -> Option<Streams> {
    let opened = Streams::open(url);
    opened.inspect_err(|error| tracing::error!(%error, "the streams cannot be opened")).ok()
}

/// What the worker that sends messages to people works with (`assistance sms`).
pub struct SmsParts {
    /// The URL of the Redis with the stream of messages.
    pub streams: String,
    /// The client of enrolment, which knows telephones.
    pub enrolment: rpc::Client,
    /// Where messages are sent.
    pub sender: Sender,
    /// New ids.
    pub ids: Arc<dyn host::Ids>,
    /// How it goes about it.
    pub settings: SmsSettings,
}

/// Sends messages to people until asked to stop; it needs no database. Several workers share the work.
///
/// # Errors
/// A URL that is none of Redis.
pub async fn send_sms(parts: SmsParts, stop: impl Future<Output = ()>) -> Result<(), redis::RedisError> {
    let SmsParts { streams, enrolment, sender, ids, settings } = parts;
    let inbox = Inbox::open(&streams, tell::SMS_STREAM, tell::SMS_GROUP, ids.next().to_string())?;
    let id = Box::new(move || ids.next().to_string());
    sms::work(&sms::Sms { inbox, directory: Directory::new(enrolment), sender, settings, id }, stop).await;
    Ok(())
}

/// Asks settlement what is in the outbox.
async fn relay(app: Arc<App>, stop: Stop) {
    let owner = app.id();
    let topics = Topics::But(tell::TOPICS);
    let settings = RelaySettings { topics, wake: Arc::clone(&app.news), ..RelaySettings::default() };
    let deliver = |event| {
        let app = Arc::clone(&app);
        async move { deliver::event(&app, event).await }
    };
    let now = || app.now().timestamp_micros();
    outbox::relay(&app.database, &owner, deliver, now, settings, stop.asked()).await;
}

/// Adds what departments and people are told to their streams; where Redis is away, it waits in the outbox.
async fn relay_to_streams(app: Arc<App>, streams: Streams, readiness: host::Readiness, stop: Stop) {
    let owner = app.id();
    let (topics, poll, backoff_max) = (Topics::Only(tell::TOPICS), STREAMS_POLL, STREAMS_BACKOFF);
    let settings = RelaySettings { topics, poll, backoff_max, ..RelaySettings::default() };
    let deliver = |event| {
        let (app, streams) = (Arc::clone(&app), streams.clone());
        async move { tell::event(&app, &streams, event).await }
    };
    let now = || app.now().timestamp_micros();
    let telling = outbox::relay(&app.database, &owner, deliver, now, settings, stop.asked());
    let showing = every(STREAMS_SHOWN_EVERY, stop.asked(), || {
        let (app, readiness) = (Arc::clone(&app), readiness.clone());
        async move { readiness.degraded("streams", app.streams_away.load(Ordering::Relaxed)).await }
    });
    tokio::join!(telling, showing);
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

/// Opens applications that answers of departments want and that were not opened with the answer.
async fn open_what_is_wanted(app: Arc<App>, stop: Stop) {
    let once = || {
        let app = Arc::clone(&app);
        async move {
            if let Err(problem) = apply::open_all_wanted(&app, confirmed).await {
                tracing::warn!(%problem, "applications that departments want were not opened");
            }
        }
    };
    every(WANTED_EVERY, stop.asked(), once).await;
}

/// Compares the watch lists of each month that ended.
async fn compare_each_month(app: Arc<App>, stop: Stop) {
    let compared: Arc<Mutex<Option<(i32, u32)>>> = Arc::default();
    let once = || {
        let (app, compared) = (Arc::clone(&app), Arc::clone(&compared));
        async move {
            let today = app.today();
            let month = Some((today.year(), today.month()));
            // a lock that is held while it is compared: the next turn begins after it
            let mut compared = compared.lock().await;
            if *compared == month {
                return;
            }
            match monthly::compare_month_before(&app, today).await {
                Ok(()) => *compared = month,
                Err(fault) => tracing::warn!(%fault, "the watch lists of the month before were not compared"),
            }
        }
    };
    every(MONTHLY_EVERY, stop.asked(), once).await;
}
