//! A directory of the test's own.

use ::pb::enrolment::v1 as enrolment_pb;
use enrolment_pb::directory_service_server::{DirectoryService, DirectoryServiceServer};
use host::Services;
use rpc::{Client, Fault};
use tonic::{Request, Response, Status};

use super::serve;

/// The client of a directory.
pub(crate) async fn directory() -> Client {
    rpc::channel(&serving_directory().await).unwrap()
}

/// The address of a directory.
pub(crate) async fn serving_directory() -> String {
    serve(Services::new().with(DirectoryServiceServer::new(Directory))).await
}

/// Insured in 370890 are those that begin with `D`, in 370900 those with `G`, nowhere those with `H`, in 370800 all others.
///
/// A directory in which a person's document is its id behind `D-`, but for those that begin with `D-X`. People with `N` have no
/// telephone, those with `X` nobody knows.
struct Directory;

#[tonic::async_trait]
impl DirectoryService for Directory {
    async fn find_people(
        &self,
        request: Request<enrolment_pb::FindPeopleRequest>,
    ) -> Result<Response<enrolment_pb::FindPeopleResponse>, Status> {
        let found = |(index, document): (u32, enrolment_pb::PersonDocument)| {
            let person = document.document_number.strip_prefix("D-").filter(|person| !person.starts_with('X'))?;
            Some(enrolment_pb::FoundPerson { index, person_id: person.to_owned() })
        };
        let people = (0..).zip(request.into_inner().documents).filter_map(found).collect();
        Ok(Response::new(enrolment_pb::FindPeopleResponse { people }))
    }

    async fn find_people_by_hash(
        &self,
        _: Request<enrolment_pb::FindPeopleByHashRequest>,
    ) -> Result<Response<enrolment_pb::FindPeopleByHashResponse>, Status> {
        Err(Status::unimplemented("for the cross-province service"))
    }

    async fn find_unknown(
        &self,
        request: Request<enrolment_pb::FindUnknownRequest>,
    ) -> Result<Response<enrolment_pb::FindUnknownResponse>, Status> {
        let asked = request.into_inner().person_ids.into_iter();
        let unknown_person_ids = asked.filter(|person| person.starts_with('X')).collect();
        Ok(Response::new(enrolment_pb::FindUnknownResponse { unknown_person_ids }))
    }

    async fn find_places(
        &self,
        request: Request<enrolment_pb::FindPlacesRequest>,
    ) -> Result<Response<enrolment_pb::FindPlacesResponse>, Status> {
        let asked = request.into_inner();
        // insured since 2020
        let is_before = asked.days.is_some_and(|days| days.to_date.as_str() < "2020-01-01");
        let place = match asked.person_id.chars().next() {
            Some('H') => None,
            _ if is_before => None,
            Some('D') => Some("370890"),
            Some('G') => Some("370900"),
            _ => Some("370800"),
        };
        let divisions = place.map(str::to_owned).into_iter().collect();
        Ok(Response::new(enrolment_pb::FindPlacesResponse { divisions }))
    }

    async fn get_phone(
        &self,
        request: Request<enrolment_pb::GetPhoneRequest>,
    ) -> Result<Response<enrolment_pb::GetPhoneResponse>, Status> {
        let person = request.into_inner().person_id;
        if person.starts_with('X') {
            return Err(Fault::not_found("person", &person).into());
        }
        let phone = if person.starts_with('N') { String::new() } else { format!("phone of {person}") };
        Ok(Response::new(enrolment_pb::GetPhoneResponse { phone }))
    }
}
