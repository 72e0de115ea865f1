//! Bills for days without coverage, settled through both services: each is refused with the clause that keeps the person from
//! benefits, and nothing is kept.

use pb::enrolment::v1 as enrolment_pb;
use pb::enrolment::v1::enrolment_service_client::EnrolmentServiceClient;
use pb::enrolment::v1::person_service_client::PersonServiceClient;
use pb::policy::v1 as policy_pb;
use pb::policy::v1::{Refusal, RefusalReason};
use pb::settlement::v1::settlement_service_client::SettlementServiceClient;
use pb::settlement::v1::{ListClaimsRequest, SettleRequest, settle_response};
use pb::r#type::v1 as type_pb;
use tokio::runtime::Runtime;

use crate::serving::Serving;
use crate::trace::submission;

type Enrolments = EnrolmentServiceClient<rpc::Client>;

async fn person(address: &str, number: &str) -> String {
    let identity = enrolment_pb::Identity {
        name: "某某".to_owned(),
        document_type: enrolment_pb::DocumentType::Passport.into(),
        document_number: number.to_owned(),
        born_date: "1980-01-01".to_owned(),
        sex: enrolment_pb::Sex::Female.into(),
        ..Default::default()
    };
    let idempotency_key = format!("person-{number}");
    let request =
        enrolment_pb::RegisterPersonRequest { idempotency_key, identity: Some(identity), ..Default::default() };
    let mut people = PersonServiceClient::new(rpc::channel(&format!("http://{address}")).unwrap());
    people.register_person(request).await.unwrap().into_inner().person.unwrap().person_id
}

/// Enrols a person as a resident of a division; the enrolment and what is to be paid for it.
async fn enrolled(client: &mut Enrolments, person: &str, division: &str) -> (String, i64) {
    let terms = enrolment_pb::EnrolmentTerms {
        division: division.to_owned(),
        scheme: type_pb::Scheme::Resident.into(),
        group: type_pb::PersonGroup::Adult.into(),
        cover_year: 2022,
        how: type_pb::EnrolHow::CentralPeriod.into(),
        enrolled_date: "2021-11-15".to_owned(),
        ..Default::default()
    };
    let (idempotency_key, person_id) = (format!("enrol-{person}"), person.to_owned());
    let request = enrolment_pb::EnrolRequest { idempotency_key, person_id, terms: Some(terms) };
    let answer = client.enrol(request).await.unwrap().into_inner();
    let Some(enrolment_pb::enrol_response::Outcome::Enrolment(enrolment)) = answer.outcome else { panic!("refused") };
    (enrolment.enrolment_id, enrolment.contribution.unwrap().own_fen())
}

async fn paid(client: &mut Enrolments, enrolment: &str, amount_fen: i64) {
    let payment = enrolment_pb::Payment {
        amount_fen,
        paid_date: "2021-11-15".to_owned(),
        source: enrolment_pb::PremiumSource::Own.into(),
        ..Default::default()
    };
    let (idempotency_key, enrolment_id) = (format!("pay-{enrolment}"), enrolment.to_owned());
    let request = enrolment_pb::PayPremiumRequest { idempotency_key, enrolment_id, payment: Some(payment) };
    client.pay_premium(request).await.unwrap();
}

/// The refusal of a stay in March of a year, settled without the person's facts.
async fn refused(address: &str, person: &str, year: &str) -> Refusal {
    let mut client = SettlementServiceClient::new(rpc::channel(&format!("http://{address}")).unwrap());
    let mut asked = submission(person);
    let bill = asked.bill.as_mut().unwrap();
    (bill.from_date, bill.to_date) = (format!("{year}-03-01"), format!("{year}-03-10"));
    let request = SettleRequest { idempotency_key: format!("{person}-{year}"), submission: Some(asked) };
    let answer = client.settle(request.clone()).await.unwrap().into_inner();
    assert_eq!(client.settle(request).await.unwrap().into_inner(), answer, "the refusal is kept for its key");
    let Some(settle_response::Outcome::Refused(decision)) = answer.outcome else { panic!("settled") };
    let Some(policy_pb::decision::Outcome::Refused(refusal)) = decision.outcome else { panic!("not refused") };
    let listed = ListClaimsRequest { person_id: person.to_owned(), ..Default::default() };
    assert!(client.list_claims(listed).await.unwrap().into_inner().claims.is_empty(), "nothing is kept");
    refusal
}

#[track_caller]
fn cites(refusal: &Refusal, reason: RefusalReason, clause: &str) {
    let cause = refusal.causes.iter().find(|cause| cause.reason() == reason).unwrap_or_else(|| panic!("{refusal:?}"));
    assert!(cause.cite.iter().any(|cite| cite == clause), "{reason:?} cites {clause}: {refusal:?}");
    for cite in &cause.cite {
        let explained = refusal.clauses.iter().find(|clause| clause.clause_id == *cite);
        assert!(
            explained.is_some_and(|clause| !clause.zh.is_empty() && !clause.document.is_empty()),
            "{cite}: {refusal:?}"
        );
    }
}

#[test]
fn a_bill_for_a_day_without_coverage_is_refused_with_its_clause() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &[]);
    Runtime::new().unwrap().block_on(async {
        let (settlement, enrolment) = (serving.settlement.as_str(), serving.enrolment.as_str());
        let mut client = EnrolmentServiceClient::new(rpc::channel(&format!("http://{enrolment}")).unwrap());
        let stranger = person(enrolment, "A1").await;
        let reason = RefusalReason::NoScheme;
        cites(&refused(settlement, &stranger, "2022").await, reason, "DM-3.3");
        let unpaid = person(enrolment, "A2").await;
        enrolled(&mut client, &unpaid, "450000").await;
        let refusal = refused(settlement, &unpaid, "2022").await;
        assert!(refusal.causes.iter().all(|cause| !cause.cite.is_empty()), "unpaid: {refusal:?}");
        let insured = person(enrolment, "A3").await;
        let (id, own) = enrolled(&mut client, &insured, "450000").await;
        paid(&mut client, &id, own).await;
        // the year before the cover year
        let refusal = refused(settlement, &insured, "2021").await;
        assert!(refusal.causes.iter().all(|cause| !cause.cite.is_empty()), "before: {refusal:?}");
        let suspend = enrolment_pb::SuspendEnrolmentRequest {
            idempotency_key: "suspend".to_owned(),
            enrolment_id: id,
            from_date: "2022-02-01".to_owned(),
            reason: "a test".to_owned(),
        };
        client.suspend_enrolment(suspend).await.unwrap();
        cites(&refused(settlement, &insured, "2022").await, RefusalReason::NotCovered, "GX-7");
    });
    serving.stop();
}
