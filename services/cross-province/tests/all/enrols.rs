//! An enrolment that knows everybody as an insured resident of the place of insurance: what settlement asks it for.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use ::pb::policy::v1::PersonFacts;
use ::pb::r#type::v1::{PersonGroup, Scheme};
use host::{Server, Services};
use pb::enrolment::v1 as pb;
use pb::enrolment_service_server::{EnrolmentService, EnrolmentServiceServer};
use tonic::{Request, Response, Status};

use crate::pair::INSURED;

#[derive(Clone)]
struct Everybody;

macro_rules! others {
    ($($call:ident $request:ident $response:ident),+ $(,)?) => {
        #[tonic::async_trait]
        impl EnrolmentService for Everybody {
            async fn get_coverage(
                &self,
                _: Request<pb::GetCoverageRequest>,
            ) -> Result<Response<pb::GetCoverageResponse>, Status> {
                let facts = PersonFacts {
                    division: INSURED.to_owned(),
                    schemes: vec![Scheme::Resident.into()],
                    group: PersonGroup::Adult.into(),
                    ..PersonFacts::default()
                };
                let outcome = Some(pb::get_coverage_response::Outcome::Person(facts));
                Ok(Response::new(pb::GetCoverageResponse { outcome, ..pb::GetCoverageResponse::default() }))
            }

            $(
                async fn $call(&self, _: Request<pb::$request>) -> Result<Response<pb::$response>, Status> {
                    Err(Status::unimplemented("not of this test"))
                }
            )+
        }
    };
}

others! {
    enrol EnrolRequest EnrolResponse,
    enrol_newborn EnrolNewbornRequest EnrolNewbornResponse,
    renew_enrolment RenewEnrolmentRequest RenewEnrolmentResponse,
    pay_premium PayPremiumRequest PayPremiumResponse,
    suspend_enrolment SuspendEnrolmentRequest SuspendEnrolmentResponse,
    resume_enrolment ResumeEnrolmentRequest ResumeEnrolmentResponse,
    end_enrolment EndEnrolmentRequest EndEnrolmentResponse,
    switch_scheme SwitchSchemeRequest SwitchSchemeResponse,
    get_enrolment GetEnrolmentRequest GetEnrolmentResponse,
    list_enrolments ListEnrolmentsRequest ListEnrolmentsResponse,
    list_coverage_intervals ListCoverageIntervalsRequest ListCoverageIntervalsResponse,
    list_duplicates ListDuplicatesRequest ListDuplicatesResponse,
    resolve_duplicate ResolveDuplicateRequest ResolveDuplicateResponse,
    list_account_credits ListAccountCreditsRequest ListAccountCreditsResponse,
}

/// Serves it, and says where.
pub(crate) async fn enrols() -> SocketAddr {
    let server = Server::bind_silently((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
    let address = server.address();
    let services = Services::new().with(EnrolmentServiceServer::new(Everybody));
    tokio::spawn(async move { server.serve(services, Duration::from_secs(5), std::future::pending()).await.unwrap() });
    address
}
