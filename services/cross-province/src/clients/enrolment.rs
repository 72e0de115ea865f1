//! This bureau's enrolment: where somebody is insured, and whose a document is.

use std::time::Duration;

use ::pb::enrolment::v1::directory_service_client::DirectoryServiceClient;
use ::pb::enrolment::v1::enrolment_service_client::EnrolmentServiceClient;
use ::pb::enrolment::v1::{FindPeopleByHashRequest, GetCoverageRequest, InsuredPerson, get_coverage_response};
use ::pb::policy::v1::Refusal;
use chrono::NaiveDate;
use rpc::{Client, Fault, Violations};
use terms::{Division, Name, Scheme};
use tonic::{Code, Status};
use wire::{read, write};

/// When enrolment is asked again that was not reached.
const AGAIN: Duration = Duration::from_secs(1);

/// How somebody is insured on a day.
#[derive(Clone, Debug)]
pub(crate) enum Insurance {
    /// There, under this scheme.
    At(Division, Scheme),
    /// Not at all, with its clauses.
    None(Refusal),
}

/// Enrolment, as the place of insurance needs it.
#[derive(Clone, Debug)]
pub(crate) struct Enrolment {
    people: EnrolmentServiceClient<Client>,
    directory: DirectoryServiceClient<Client>,
}

impl Enrolment {
    /// Asks through this client.
    pub(crate) fn new(client: Client) -> Self {
        Self { people: EnrolmentServiceClient::new(client.clone()), directory: DirectoryServiceClient::new(client) }
    }

    /// How a person is insured on a day.
    ///
    /// # Errors
    /// `NOT_FOUND` for somebody unknown; `UNAVAILABLE`.
    pub(crate) async fn insurance(&self, person: Name, on: NaiveDate) -> Result<Insurance, Fault> {
        let request = GetCoverageRequest { person_id: person.to_string(), on_date: write::date(on), known_at: None };
        let answer = self.people.clone().get_coverage(request).await.map_err(|status| match status.code() {
            Code::NotFound => Fault::not_found("person", person.as_str()),
            _ => away(status),
        })?;
        let facts = match answer.into_inner().outcome {
            Some(get_coverage_response::Outcome::Person(facts)) => facts,
            Some(get_coverage_response::Outcome::Refused(refusal)) => return Ok(Insurance::None(refusal)),
            None => return Err(Fault::internal("enrolment answered nothing about a person")),
        };
        let mut v = Violations::new();
        let division = read::division(&mut v, "division", &facts.division);
        let scheme = facts.schemes.first().and_then(|scheme| read::word::<Scheme>(&mut v, "schemes[0]", *scheme));
        let unread = || Fault::internal("enrolment's answer about a person cannot be read");
        let (division, scheme) = division.zip(scheme).ok_or_else(unread)?;
        Ok(Insurance::At(division, scheme))
    }

    /// Whose a document is, by its hash, with how that person is insured on a day; nobody's.
    ///
    /// # Errors
    /// `UNAVAILABLE`.
    pub(crate) async fn find(&self, document_sha256: String, on: NaiveDate) -> Result<Option<InsuredPerson>, Fault> {
        let request = FindPeopleByHashRequest { document_sha256: vec![document_sha256], on_date: write::date(on) };
        let answer = self.directory.clone().find_people_by_hash(request).await.map_err(away)?;
        Ok(answer.into_inner().people.into_iter().next())
    }
}

fn away(status: Status) -> Fault {
    Fault::unavailable("enrolment", AGAIN).because(status)
}
