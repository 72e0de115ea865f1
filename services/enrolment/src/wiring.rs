//! Puts the service together.

use std::sync::Arc;

use pb::enrolment::v1::enrolment_service_server::EnrolmentServiceServer;
use pb::enrolment::v1::import_service_server::ImportServiceServer;
use pb::enrolment::v1::person_service_server::PersonServiceServer;
use pb::enrolment::v1::report_service_server::ReportServiceServer;
use pb::enrolment::v1::transfer_service_server::TransferServiceServer;
use policy::Policy;
use rpc::limits::MESSAGE_BYTES_MAX;
use store::Database;
use terms::Division;

use crate::app::App;
use crate::clients::Settlement;
use crate::rpc::{Enrolments, Imports, People, Reports, Transfers};

/// Where the policy in use comes from.
#[derive(Clone)]
pub enum Policies {
    /// One version for every division.
    Fixed(Arc<Policy>),
}

impl Policies {
    /// The policy in use for a division.
    #[must_use]
    pub fn head(&self, division: Division) -> Option<Arc<Policy>> {
        match self {
            Self::Fixed(policy) => (!policy.chain(division).is_empty()).then(|| Arc::clone(policy)),
        }
    }
}

/// What the service is made of.
pub struct Parts {
    /// Its database, migrated ([`crate::MIGRATIONS`]).
    pub database: Database,
    /// The policy in use.
    pub policies: Policies,
    /// Settlement's accounts; without them credits wait.
    pub settlement: Option<rpc::Client>,
    /// What time it is.
    pub clock: Arc<dyn host::Clock>,
    /// New ids.
    pub ids: Arc<dyn host::Ids>,
}

/// The service, ready to be served.
pub struct Running {
    /// Every server of the service.
    pub services: host::Services,
}

/// Starts the service's background work and gives its servers.
#[must_use]
pub fn start(parts: Parts) -> Running {
    let app = Arc::new(App {
        database: parts.database,
        policies: parts.policies,
        settlement: parts.settlement.map(Settlement::new),
        clock: parts.clock,
        ids: parts.ids,
        news: Arc::default(),
    });
    let most = MESSAGE_BYTES_MAX;
    let services = host::Services::new()
        .with(PersonServiceServer::new(People(Arc::clone(&app))).max_decoding_message_size(most))
        .with(EnrolmentServiceServer::new(Enrolments(Arc::clone(&app))).max_decoding_message_size(most))
        .with(TransferServiceServer::new(Transfers(Arc::clone(&app))).max_decoding_message_size(most))
        .with(ImportServiceServer::new(Imports(Arc::clone(&app))).max_decoding_message_size(most))
        .with(ReportServiceServer::new(Reports(app)).max_decoding_message_size(most));
    Running { services }
}
