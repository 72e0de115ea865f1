//! Bills as the tests of accounts and of reconciliation hand them in, and errors as they read them.

use pb::policy::v1::{Bill, Parts, PersonFacts, bill};
use pb::settlement::v1::settlement_service_client::SettlementServiceClient;
use pb::settlement::v1::{Claim, SettleRequest, Submission, settle_response};
use pb::r#type::v1::{Care, Filing, Institution, PersonGroup, Place, Referral, Scheme};
use tonic::Status;
use tonic_types::StatusExt as _;

/// A bill within scope; below the deductible of an admission, so that accounts and cash pay all of it.
#[derive(Clone, Copy)]
pub(crate) struct Paper<'p> {
    pub(crate) person: &'p str,
    pub(crate) institution: &'p str,
    pub(crate) bill: &'p str,
    pub(crate) scheme: Scheme,
    pub(crate) fen: i64,
}

impl Paper<'_> {
    pub(crate) fn submission(self) -> Submission {
        let group = if self.scheme == Scheme::Employee { PersonGroup::Active } else { PersonGroup::Adult };
        let parts = Parts { within_scope_fen: self.fen, ..Parts::default() };
        Submission {
            person_id: self.person.to_owned(),
            institution_id: self.institution.to_owned(),
            bill: Some(Bill {
                bill_id: self.bill.to_owned(),
                care: Care::Inpatient.into(),
                institution: Institution::Primary.into(),
                place: Place::Local.into(),
                filing: Filing::AtHome.into(),
                referral: Referral::FollowedReferral.into(),
                from_date: "2022-06-01".to_owned(),
                to_date: "2022-06-10".to_owned(),
                total_fen: self.fen,
                costs: Some(bill::Costs::Parts(parts)),
                ..Bill::default()
            }),
            person_facts: Some(PersonFacts {
                division: "370800".to_owned(),
                schemes: vec![self.scheme.into()],
                group: group.into(),
                age: Some(40),
                ..PersonFacts::default()
            }),
            ..Submission::default()
        }
    }

    /// Settles it under a key of its own.
    pub(crate) async fn settle(self, client: &mut SettlementServiceClient<rpc::Client>) -> Claim {
        let idempotency_key = format!("settle-{}-{}", self.institution, self.bill);
        let request = SettleRequest { idempotency_key, submission: Some(self.submission()) };
        let reply = client.settle(request).await.expect("the bill is decided").into_inner();
        match reply.outcome.expect("an outcome") {
            settle_response::Outcome::Claim(claim) => claim,
            settle_response::Outcome::Refused(decision) => panic!("refused: {decision:?}"),
        }
    }
}

/// The reason of an error, and one thing it speaks of.
pub(crate) fn said(status: &Status, about: &str) -> (String, String) {
    let details = status.get_error_details();
    let info = details.error_info().unwrap_or_else(|| panic!("no reason: {status:?}"));
    (info.reason.clone(), info.metadata.get(about).cloned().unwrap_or_default())
}

/// The reason of an error.
pub(crate) fn reason(status: &Status) -> String {
    said(status, "").0
}

/// The fields an error complains of.
pub(crate) fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let listed = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    listed.into_iter().map(|violation| violation.field).collect()
}
