use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::NaiveDate;
use pb::enrolment::v1::directory_service_client::DirectoryServiceClient;
use pb::enrolment::v1::{FindPeopleRequest, FindPlacesRequest, FindUnknownRequest, GetPhoneRequest, PersonDocument};
use pb::r#type::v1::Period;
use rpc::{Client, Fault};
use terms::{Division, Name};
use wire::write;

/// Enrolment's directory: whose a document is.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    service: DirectoryServiceClient<Client>,
}

/// A document: used and forgotten. Without `Debug`, so that it is in no log.
#[derive(Clone)]
pub(crate) struct Document {
    /// The number of its kind on the wire.
    pub(crate) kind: i32,
    pub(crate) number: String,
}

/// A telephone: used and forgotten. Without `Debug`, so that it is in no log.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Phone(pub(crate) String);

/// Why there is no telephone to send to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoPhone {
    /// Enrolment does not know the person.
    #[error("find the person")]
    Unknown,
    /// It does not say.
    #[error("ask enrolment for a telephone")]
    Away(#[source] Box<tonic::Status>),
}

impl Directory {
    pub(crate) fn new(client: Client) -> Self {
        Self { service: DirectoryServiceClient::new(client) }
    }

    /// A person's telephone; none where there is none to send to.
    pub(crate) async fn phone(&self, person: Name) -> Result<Option<Phone>, NoPhone> {
        let request = GetPhoneRequest { person_id: person.to_string() };
        match self.service.clone().get_phone(request).await {
            Ok(answer) => Ok(Some(answer.into_inner().phone).filter(|phone| !phone.is_empty()).map(Phone)),
            Err(status) if status.code() == tonic::Code::NotFound => Err(NoPhone::Unknown),
            Err(status) => Err(NoPhone::Away(Box::new(status))),
        }
    }

    /// Whether a person is known.
    pub(crate) async fn knows(&self, person: Name) -> Result<bool, Fault> {
        Ok(self.unknown(&[person]).await?.is_empty())
    }

    /// Those of at most 1,000 people who are not known.
    pub(crate) async fn unknown(&self, people: &[Name]) -> Result<BTreeSet<Name>, Fault> {
        if people.is_empty() {
            return Ok(BTreeSet::new());
        }
        let request = FindUnknownRequest { person_ids: people.iter().map(Name::to_string).collect() };
        let away = |status| {
            Fault::unavailable("enrolment, which knows who is registered,", Duration::from_secs(1)).because(status)
        };
        let unknown = self.service.clone().find_unknown(request).await.map_err(away)?.into_inner().unknown_person_ids;
        unknown.iter().map(|id| Name::new(id).map_err(Fault::internal)).collect()
    }

    /// Where a person was insured on any of some days.
    pub(crate) async fn places(
        &self,
        person: Name,
        (from, to): (NaiveDate, NaiveDate),
    ) -> Result<Vec<Division>, Fault> {
        let days = Some(Period { from_date: write::date(from), to_date: write::date(to) });
        let request = FindPlacesRequest { person_id: person.to_string(), days };
        let away = |status: tonic::Status| match status.code() {
            tonic::Code::NotFound => Fault::not_found("person", person.as_str()),
            _ => Fault::unavailable("enrolment, which knows who is insured where,", Duration::from_secs(1))
                .because(status),
        };
        let places = self.service.clone().find_places(request).await.map_err(away)?.into_inner().divisions;
        places.iter().map(|division| division.parse().map_err(Fault::internal)).collect()
    }

    /// The people of at most 1,000 documents, by place; those nobody has are left out.
    pub(crate) async fn find(&self, documents: &[&Document]) -> Result<BTreeMap<usize, Name>, Fault> {
        if documents.is_empty() {
            return Ok(BTreeMap::new());
        }
        let document =
            |one: &&Document| PersonDocument { document_type: one.kind, document_number: one.number.clone() };
        let request = FindPeopleRequest { documents: documents.iter().map(document).collect() };
        let away = |status| Fault::unavailable("enrolment", Duration::from_secs(1)).because(status);
        let found = self.service.clone().find_people(request).await.map_err(away)?.into_inner();
        let person = |one: &pb::enrolment::v1::FoundPerson| {
            let person = Name::new(&one.person_id).map_err(Fault::internal)?;
            Ok((usize::try_from(one.index).map_err(Fault::internal)?, person))
        };
        found.people.iter().map(person).collect()
    }
}
