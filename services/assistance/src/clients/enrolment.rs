use std::collections::BTreeMap;
use std::time::Duration;

use pb::enrolment::v1::directory_service_client::DirectoryServiceClient;
use pb::enrolment::v1::{FindPeopleRequest, PersonDocument};
use rpc::{Client, Fault};
use terms::Name;

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

impl Directory {
    pub(crate) fn new(client: Client) -> Self {
        Self { service: DirectoryServiceClient::new(client) }
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
