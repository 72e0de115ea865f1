//! Asks enrolment what a person is entitled to on a day.

use pb::enrolment::v1::enrolment_service_client::EnrolmentServiceClient;
use pb::enrolment::v1::{GetCoverageRequest, GetCoverageResponse};
use rpc::{Client, Fault};
use std::time::Duration;
use tonic::Code;

/// Enrolment, as settlement needs it.
#[derive(Clone, Debug)]
pub struct Enrolment {
    client: EnrolmentServiceClient<Client>,
}

impl Enrolment {
    /// Enrolment behind a channel.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client: EnrolmentServiceClient::new(client) }
    }

    /// Whether and how a person is covered on a day, as known now.
    ///
    /// # Errors
    /// `NOT_FOUND` for a person enrolment does not know; `UNAVAILABLE` where it cannot be asked.
    pub async fn coverage(&self, person_id: &str, on_date: &str) -> Result<GetCoverageResponse, Fault> {
        let request =
            GetCoverageRequest { person_id: person_id.to_owned(), on_date: on_date.to_owned(), known_at: None };
        let answer = self.client.clone().get_coverage(request).await;
        answer.map(tonic::Response::into_inner).map_err(|status| match status.code() {
            Code::NotFound => Fault::not_found("person", person_id),
            Code::DeadlineExceeded => Fault::late().because(status),
            _ => Fault::unavailable("enrolment", Duration::from_secs(1)).because(status),
        })
    }
}
