//! An enrolment that knows everybody as an insured resident of the place of insurance: what settlement asks it for.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use ::pb::policy::v1::PersonFacts;
use ::pb::r#type::v1::{Period, PersonGroup, Scheme};
use host::{Server, Services};
use pb::directory_service_server::{DirectoryService, DirectoryServiceServer};
use pb::enrolment::v1 as pb;
use pb::enrolment_service_server::{EnrolmentService, EnrolmentServiceServer};
use sha2::{Digest as _, Sha256};
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
                request: Request<pb::GetCoverageRequest>,
            ) -> Result<Response<pb::GetCoverageResponse>, Status> {
                if request.get_ref().person_id == "nobody" {
                    return Err(Status::not_found("nobody"));
                }
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

/// The identity card of `p`.
pub(crate) const CARD: &str = "11010519491231002X";

/// Knows one document, by its hash: somebody insured in the years 2020 to 2099, with two diseases that are recognised.
#[tonic::async_trait]
impl DirectoryService for Everybody {
    async fn find_people_by_hash(
        &self,
        request: Request<pb::FindPeopleByHashRequest>,
    ) -> Result<Response<pb::FindPeopleByHashResponse>, Status> {
        let known = hex::encode(Sha256::digest(format!("resident_id:{CARD}")));
        let asked = request.into_inner();
        let person = pb::InsuredPerson {
            index: 0,
            person_id: "p".to_owned(),
            division: INSURED.to_owned(),
            scheme: Scheme::Resident.into(),
            group: PersonGroup::Adult.into(),
            covered: Some(Period { from_date: "2020-01-01".to_owned(), to_date: "2099-12-31".to_owned() }),
            diseases: vec!["M03900".to_owned(), "M01600".to_owned()],
            cite: vec!["EX-1".to_owned()],
        };
        let people = if asked.document_sha256 == [known] { vec![person] } else { Vec::new() };
        Ok(Response::new(pb::FindPeopleByHashResponse { people }))
    }

    async fn find_people(&self, _: Request<pb::FindPeopleRequest>) -> Result<Response<pb::FindPeopleResponse>, Status> {
        Err(Status::unimplemented("not of this test"))
    }

    async fn find_unknown(
        &self,
        _: Request<pb::FindUnknownRequest>,
    ) -> Result<Response<pb::FindUnknownResponse>, Status> {
        Err(Status::unimplemented("not of this test"))
    }

    async fn find_places(&self, _: Request<pb::FindPlacesRequest>) -> Result<Response<pb::FindPlacesResponse>, Status> {
        Err(Status::unimplemented("not of this test"))
    }

    async fn get_phone(&self, _: Request<pb::GetPhoneRequest>) -> Result<Response<pb::GetPhoneResponse>, Status> {
        Err(Status::unimplemented("not of this test"))
    }
}

/// Serves it, and says where.
pub(crate) async fn enrols() -> SocketAddr {
    let server = Server::bind_silently((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
    let address = server.address();
    let services =
        Services::new().with(EnrolmentServiceServer::new(Everybody)).with(DirectoryServiceServer::new(Everybody));
    tokio::spawn(async move { server.serve(services, Duration::from_secs(5), std::future::pending()).await.unwrap() });
    address
}
