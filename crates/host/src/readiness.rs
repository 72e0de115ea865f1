use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Mutex;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// Which services of this process can serve: what health answers. The process as a whole can if each of them can.
#[derive(Clone, Debug)]
pub struct Readiness {
    reporter: HealthReporter,
    ready: Arc<Mutex<BTreeMap<String, bool>>>,
}

impl Readiness {
    pub(crate) fn new(reporter: HealthReporter) -> Self {
        Self { reporter, ready: Arc::default() }
    }

    /// Says whether a service, by its full name, can serve.
    pub async fn set(&self, service: &str, is_ready: bool) {
        let mut ready = self.ready.lock().await;
        ready.insert(service.to_owned(), is_ready);
        self.report(&ready).await;
    }

    /// A service whose readiness nobody has spoken of can serve once it is served.
    pub(crate) async fn assume(&self, services: &[&'static str]) {
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
        let status = |is_ready| if is_ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        for (service, is_ready) in ready {
            self.reporter.set_service_status(service, status(*is_ready)).await;
        }
        self.reporter.set_service_status("", status(ready.values().all(|is_ready| *is_ready))).await;
    }
}
