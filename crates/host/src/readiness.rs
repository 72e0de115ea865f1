use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use tokio::sync::Mutex;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::Gauge;

/// The health service's own name: it can answer as long as the process lives, whatever its services wait for.
const ALIVE: &str = "grpc.health.v1.Health";

/// Which services of this process can serve: what health answers. The process as a whole can if each of them can.
///
/// The name `grpc.health.v1.Health` is SERVING as long as the process lives, while it drains too.
///
/// What is degraded still serves: with the last good policies, say, while their cache is away. So a service and the process
/// stay SERVING, and it is told apart: health knows the name `degraded.<what>`, NOT_SERVING while it is degraded, and the
/// gauge `yibao.degraded` with the attribute `what` stands at 1. Probes ask for services; alarms ask for these.
#[derive(Clone, Debug)]
pub struct Readiness {
    reporter: HealthReporter,
    ready: Arc<Mutex<BTreeMap<String, bool>>>,
    degraded: Arc<OnceLock<Gauge>>,
    waits: Arc<RwLock<Option<&'static str>>>,
}

impl Readiness {
    pub(crate) fn new(reporter: HealthReporter) -> Self {
        Self { reporter, ready: Arc::default(), degraded: Arc::default(), waits: Arc::default() }
    }

    /// Says whether a service, by its full name, can serve.
    pub async fn set(&self, service: &str, is_ready: bool) {
        let mut ready = self.ready.lock().await;
        ready.insert(service.to_owned(), is_ready);
        self.report(&ready).await;
    }

    /// Says what the process waits for before any of its services can serve, or that it waits no more. While it waits, health says
    /// NOT_SERVING of each of them and their calls are answered with UNAVAILABLE.
    pub async fn waits_for(&self, what: Option<&'static str>) {
        let ready = self.ready.lock().await;
        *self.waits.write().unwrap_or_else(PoisonError::into_inner) = what;
        self.report(&ready).await;
    }

    /// What it waits for.
    pub(crate) fn waited_for(&self) -> Option<&'static str> {
        *self.waits.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whether a part such as `registry` is degraded. A part is known from the first time it is spoken of: say at the
    /// start that it is not.
    pub async fn degraded(&self, what: &str, is_degraded: bool) {
        let gauge = || Gauge::register("yibao.degraded", "1", "Whether a part works with less than it should: 0 or 1.");
        self.degraded.get_or_init(gauge).set_for("what", what, i64::from(is_degraded));
        self.reporter.set_service_status(format!("degraded.{what}"), status(!is_degraded)).await;
    }

    /// A service whose readiness nobody has spoken of can serve once it is served.
    pub(crate) async fn assume(&self, services: &[&'static str]) {
        self.reporter.set_service_status(ALIVE, ServingStatus::Serving).await;
        let mut ready = self.ready.lock().await;
        for service in services {
            ready.entry((*service).to_owned()).or_insert(true);
        }
        self.report(&ready).await;
    }

    /// Nothing can serve from now on.
    pub(crate) async fn end(&self) {
        let mut ready = self.ready.lock().await;
        ready.values_mut().for_each(|is_ready| *is_ready = false);
        self.report(&ready).await;
    }

    async fn report(&self, ready: &BTreeMap<String, bool>) {
        let waits = self.waited_for().is_some();
        for (service, is_ready) in ready {
            self.reporter.set_service_status(service, status(*is_ready && !waits)).await;
        }
        let is_ready = !waits && ready.values().all(|is_ready| *is_ready);
        self.reporter.set_service_status("", status(is_ready)).await;
    }
}

const fn status(is_ready: bool) -> ServingStatus {
    if is_ready { ServingStatus::Serving } else { ServingStatus::NotServing }
}
