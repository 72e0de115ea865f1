//! The services that know the people, as the demonstration asks them: who they are, and as what they are assisted.

use chrono::NaiveDate;
use pb::assistance::v1::category_service_client::CategoryServiceClient;
use pb::assistance::v1::reservation_service_client::ReservationServiceClient;
use pb::assistance::v1::watch_service_client::WatchServiceClient;
use pb::assistance::v1::{GetLimitsRequest, GetLimitsResponse, Limit, ListWatchRequest, ListWatchResponse, WatchEntry};
use pb::enrolment::v1::person_service_client::PersonServiceClient;
use pb::enrolment::v1::{DocumentType, Identity, RegisterPersonRequest, RegisterPersonResponse, Sex};
use terms::{Category, Division};

use crate::error::Error;
use crate::granting::granting;

/// Their clients.
pub(super) struct Window {
    people: PersonServiceClient<rpc::Client>,
    categories: CategoryServiceClient<rpc::Client>,
    limits: ReservationServiceClient<rpc::Client>,
    watch: WatchServiceClient<rpc::Client>,
}

impl Window {
    /// Behind the addresses of enrolment and assistance.
    pub(super) fn new(enrolment: &str, assistance: &str) -> Result<Self, Error> {
        let (people, assisted) = (rpc::channel(enrolment)?, rpc::channel(assistance)?);
        Ok(Self {
            people: PersonServiceClient::new(people),
            categories: CategoryServiceClient::new(assisted.clone()),
            limits: ReservationServiceClient::new(assisted.clone()),
            watch: WatchServiceClient::new(assisted),
        })
    }

    /// Registers a person made up for the case of this number; the person's id.
    pub(super) async fn register(&mut self, number: usize) -> Result<String, Error> {
        let identity = Identity {
            name: format!("演示{number}"),
            document_type: DocumentType::Passport.into(),
            document_number: format!("D{number:08}"),
            born_date: BORN.to_owned(),
            sex: Sex::Female.into(),
            phone: String::new(),
        };
        let request = RegisterPersonRequest {
            idempotency_key: format!("person-{number}"),
            identity: Some(identity),
            ..RegisterPersonRequest::default()
        };
        let answer = self.people.register_person(request).await;
        let failed = |status| Error::call("register a person", status);
        let RegisterPersonResponse { person } = answer.map_err(failed)?.into_inner();
        Ok(person.map(|person| person.person_id).unwrap_or_default())
    }

    /// Grants a person a category from a day on.
    pub(super) async fn grant(
        &mut self,
        person: &str,
        category: Category,
        division: Division,
        from: NaiveDate,
    ) -> Result<(), Error> {
        let request = granting(person.to_owned(), category, division, from, "demo");
        let failed = |status| Error::call(format!("grant {category}"), status);
        self.categories.grant_category(request).await.map_err(failed)?;
        Ok(())
    }

    /// What the year of a person has used and holds of the third system's limits.
    pub(super) async fn limits(&mut self, person: &str, year: u32) -> Result<Vec<Limit>, Error> {
        let request = GetLimitsRequest { person_id: person.to_owned(), year };
        let failed = |status| Error::call("get limits", status);
        let GetLimitsResponse { limits } = self.limits.get_limits(request).await.map_err(failed)?.into_inner();
        Ok(limits)
    }

    /// A person's entry on the watch list of a year; nothing where there is none.
    pub(super) async fn watched(&mut self, person: &str, year: u32) -> Result<Option<WatchEntry>, Error> {
        let request = ListWatchRequest { person_id: person.to_owned(), year, ..ListWatchRequest::default() };
        let failed = |status| Error::call("list the people watched", status);
        let ListWatchResponse { entries, .. } = self.watch.list_watch(request).await.map_err(failed)?.into_inner();
        Ok(entries.into_iter().next())
    }
}

const BORN: &str = "1970-01-01";
