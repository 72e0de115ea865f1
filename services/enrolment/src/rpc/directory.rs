//! Who stands behind documents, and how a person is reached: for other services of the suite.

use std::collections::HashMap;
use std::sync::Arc;

use pb::directory_service_server::DirectoryService;
use pb::enrolment::v1 as pb;
use rpc::{Fault, Violations};
use tonic::{Request, Response, Status};

use super::read;
use super::words::word;
use crate::app::cover::{self, Cover};
use crate::app::{App, Problem, find};
use crate::domain::{Days, document_hash};
use crate::store::people;

/// Answers services that keep neither names nor numbers.
#[derive(Clone)]
pub(crate) struct Directory(pub(crate) Arc<App>);

/// The most documents of a question.
const DOCUMENTS_MAX: usize = 1_000;
/// The most hashes of a question: where each person is insured is looked up.
const HASHES_MAX: usize = 100;
/// The most people of a question.
const PEOPLE_MAX: usize = 1_000;

impl Directory {
    async fn find(&self, r: pb::FindPeopleRequest) -> Result<pb::FindPeopleResponse, Fault> {
        let mut v = Violations::new();
        if r.documents.is_empty() || r.documents.len() > DOCUMENTS_MAX {
            v.add("documents", format!("{} documents", r.documents.len()), format!("1 to {DOCUMENTS_MAX} documents"));
        }
        let document = |(at, given): (usize, &pb::PersonDocument)| {
            v.within_item("documents", at, |v| {
                let kind = word(v, "document_type", given.document_type);
                if given.document_number.is_empty() {
                    v.add("document_number", "nothing", "the document's number");
                }
                kind.map(|kind| document_hash(kind, &given.document_number))
            })
        };
        // all of them are looked at before the first is refused
        let read: Vec<Option<String>> = r.documents.iter().enumerate().take(DOCUMENTS_MAX).map(document).collect();
        let hashes: Vec<String> = v.finish(read.into_iter().collect::<Option<Vec<_>>>())?;
        let owners = people::of_documents(self.0.database.reader(), &hashes).await.map_err(Problem::Store)?;
        let owners: HashMap<String, String> = owners.into_iter().collect();
        let found =
            |(index, hash): (u32, &String)| Some(pb::FoundPerson { index, person_id: owners.get(hash)?.clone() });
        Ok(pb::FindPeopleResponse { people: (0..).zip(&hashes).filter_map(found).collect() })
    }

    async fn hashes(&self, r: pb::FindPeopleByHashRequest) -> Result<pb::FindPeopleByHashResponse, Fault> {
        let mut v = Violations::new();
        let given = &r.document_sha256;
        if given.is_empty() || given.len() > HASHES_MAX {
            v.add("document_sha256", format!("{} hashes", given.len()), format!("1 to {HASHES_MAX} hashes"));
        }
        // what is wrong is not repeated: it may be a number that nobody hashed
        let hash = |(at, hash): (usize, &String)| {
            let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            let is_hash = hash.len() == 64 && hash.bytes().all(is_digit);
            if !is_hash {
                v.within_item("document_sha256", at, |v| {
                    v.add("", "another text", "64 hexadecimal digits in lower case");
                });
            }
            is_hash.then(|| hash.clone())
        };
        let read: Vec<Option<String>> = given.iter().enumerate().take(HASHES_MAX).map(hash).collect();
        let on = wire::read::date(&mut v, "on_date", &r.on_date);
        let (hashes, on) = v.finish(read.into_iter().collect::<Option<Vec<_>>>().zip(on))?;
        let owners = people::of_documents(self.0.database.reader(), &hashes).await.map_err(Problem::Store)?;
        let owners: HashMap<String, String> = owners.into_iter().collect();
        let mut people = Vec::new();
        for (index, hash) in (0..).zip(&hashes) {
            if let Some(person) = owners.get(hash) {
                let cover = cover::coverage(&self.0, person, on, self.0.now()).await?;
                people.push(insured(index, person, cover));
            }
        }
        Ok(pb::FindPeopleByHashResponse { people })
    }

    async fn unknown(&self, r: pb::FindUnknownRequest) -> Result<pb::FindUnknownResponse, Fault> {
        let mut v = Violations::new();
        if r.person_ids.is_empty() || r.person_ids.len() > PEOPLE_MAX {
            v.add("person_ids", format!("{} people", r.person_ids.len()), format!("1 to {PEOPLE_MAX} people"));
        }
        let person = |(at, id): (usize, &String)| v.within_item("person_ids", at, |v| read::id(v, "", id));
        // all of them are looked at before the first is refused
        let ids: Vec<Option<String>> = r.person_ids.iter().enumerate().take(PEOPLE_MAX).map(person).collect();
        let ids = v.finish(ids.into_iter().collect::<Option<Vec<_>>>())?;
        let unknown = people::unknown(self.0.database.reader(), &ids).await.map_err(Problem::Store)?;
        Ok(pb::FindUnknownResponse { unknown_person_ids: unknown })
    }

    async fn places(&self, r: pb::FindPlacesRequest) -> Result<pb::FindPlacesResponse, Fault> {
        let mut v = Violations::new();
        let id = read::id(&mut v, "person_id", &r.person_id);
        let days = wire::read::period(&mut v, "days", &r.days);
        if r.days.is_none() {
            v.add("days", "nothing", "the days asked for");
        }
        let (id, days) = v.finish(id.zip(days.flatten()))?;
        let places = find::places(&self.0, &id, Days { from: days.from, to: days.to }).await?;
        Ok(pb::FindPlacesResponse { divisions: places.iter().map(ToString::to_string).collect() })
    }

    async fn phone(&self, r: pb::GetPhoneRequest) -> Result<pb::GetPhoneResponse, Fault> {
        let mut v = Violations::new();
        let id = read::id(&mut v, "person_id", &r.person_id);
        let person = find::person(&self.0, &v.finish(id)?, None).await?;
        // nobody is told what happens to the dead
        let phone = if person.died.is_some() { String::new() } else { person.identity.phone };
        Ok(pb::GetPhoneResponse { phone })
    }
}

/// How a person is insured, as far as another province may be told.
fn insured(index: u32, person: &str, cover: Cover) -> pb::InsuredPerson {
    let found = pb::InsuredPerson { index, person_id: person.to_owned(), cite: cover.cite, ..Default::default() };
    match cover.answer {
        // insured twice is no insurance that anybody could settle under
        Ok(facts) if facts.schemes.len() <= 1 => pb::InsuredPerson {
            division: facts.division.to_string(),
            scheme: wire::write::word(facts.group.scheme()),
            group: wire::write::word(facts.group),
            covered: facts.covered.map(wire::write::period),
            diseases: facts.diseases.iter().map(ToString::to_string).collect(),
            ..found
        },
        _ => found,
    }
}

#[tonic::async_trait]
impl DirectoryService for Directory {
    async fn find_people(
        &self,
        request: Request<pb::FindPeopleRequest>,
    ) -> Result<Response<pb::FindPeopleResponse>, Status> {
        Ok(Response::new(self.find(request.into_inner()).await?))
    }

    async fn find_people_by_hash(
        &self,
        request: Request<pb::FindPeopleByHashRequest>,
    ) -> Result<Response<pb::FindPeopleByHashResponse>, Status> {
        Ok(Response::new(self.hashes(request.into_inner()).await?))
    }

    async fn find_unknown(
        &self,
        request: Request<pb::FindUnknownRequest>,
    ) -> Result<Response<pb::FindUnknownResponse>, Status> {
        Ok(Response::new(self.unknown(request.into_inner()).await?))
    }

    async fn find_places(
        &self,
        request: Request<pb::FindPlacesRequest>,
    ) -> Result<Response<pb::FindPlacesResponse>, Status> {
        Ok(Response::new(self.places(request.into_inner()).await?))
    }

    async fn get_phone(&self, request: Request<pb::GetPhoneRequest>) -> Result<Response<pb::GetPhoneResponse>, Status> {
        Ok(Response::new(self.phone(request.into_inner()).await?))
    }
}
