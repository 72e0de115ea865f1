//! What an operator sees of a call: one trace through both services and the commit, and logs that name nobody.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use host::{Settings, Telemetry};
use opentelemetry_proto::tonic::collector::metrics::v1 as metrics;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1 as traces;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use pb::enrolment::v1 as enrolment_pb;
use pb::enrolment::v1::enrolment_service_client::EnrolmentServiceClient;
use pb::enrolment::v1::person_service_client::PersonServiceClient;
use pb::policy::v1 as policy_pb;
use pb::settlement::v1::settlement_service_client::SettlementServiceClient;
use pb::settlement::v1::{SettleRequest, Submission, settle_response};
use pb::r#type::v1 as type_pb;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tracing::{Instrument as _, info_span};

use crate::serving::Serving;

const NAME: &str = "欧阳某某";
const NUMBER: &str = "E99887766";
const PHONE: &str = "13900001111";

/// Takes in spans, and what gauges said last.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>, Arc<Mutex<BTreeMap<String, i64>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<traces::ExportTraceServiceRequest>,
    ) -> Result<Response<traces::ExportTraceServiceResponse>, Status> {
        let scopes = request.into_inner().resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        self.0.lock().unwrap().extend(scopes.flat_map(|scope| scope.spans));
        Ok(Response::new(Default::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<metrics::ExportMetricsServiceRequest>,
    ) -> Result<Response<metrics::ExportMetricsServiceResponse>, Status> {
        let scopes = request.into_inner().resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
        for metric in scopes.flat_map(|scope| scope.metrics) {
            let Some(Data::Gauge(gauge)) = metric.data else { continue };
            for point in gauge.data_points {
                if let Some(Value::AsInt(value)) = point.value {
                    self.1.lock().unwrap().insert(metric.name.clone(), value);
                }
            }
        }
        Ok(Response::new(Default::default()))
    }
}

impl Collector {
    async fn serve(&self) -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let receiving = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(self.clone()))
            .add_service(MetricsServiceServer::new(self.clone()))
            .serve_with_incoming(TcpIncoming::from(listener));
        tokio::spawn(receiving);
        format!("http://{address}")
    }
}

/// Registers a person, enrols her as a resident and takes her premium; her id.
async fn insured(address: &str) -> String {
    let channel = rpc::channel(&format!("http://{address}")).unwrap();
    let identity = enrolment_pb::Identity {
        name: NAME.to_owned(),
        document_type: enrolment_pb::DocumentType::Passport.into(),
        document_number: NUMBER.to_owned(),
        born_date: "1980-01-01".to_owned(),
        sex: enrolment_pb::Sex::Female.into(),
        phone: PHONE.to_owned(),
    };
    let request = |key: &str| enrolment_pb::RegisterPersonRequest {
        idempotency_key: key.to_owned(),
        identity: Some(identity.clone()),
        ..Default::default()
    };
    let mut people = PersonServiceClient::new(channel.clone());
    let person = people.register_person(request("person")).await.unwrap().into_inner().person.unwrap();
    people.register_person(request("again")).await.expect_err("the document is known");
    let mut enrolments = EnrolmentServiceClient::new(channel);
    let terms = enrolment_pb::EnrolmentTerms {
        division: "450000".to_owned(),
        scheme: type_pb::Scheme::Resident.into(),
        group: type_pb::PersonGroup::Adult.into(),
        cover_year: 2022,
        how: type_pb::EnrolHow::CentralPeriod.into(),
        enrolled_date: "2021-11-15".to_owned(),
        ..Default::default()
    };
    let (person_id, terms) = (person.person_id.clone(), Some(terms));
    let request = enrolment_pb::EnrolRequest { idempotency_key: "enrol".to_owned(), person_id, terms };
    let answer = enrolments.enrol(request).await.unwrap().into_inner();
    let Some(enrolment_pb::enrol_response::Outcome::Enrolment(enrolment)) = answer.outcome else { panic!("refused") };
    let payment = enrolment_pb::Payment {
        amount_fen: enrolment.contribution.unwrap().own_fen(),
        paid_date: "2021-11-15".to_owned(),
        source: enrolment_pb::PremiumSource::Own.into(),
        ..Default::default()
    };
    let (enrolment_id, payment) = (enrolment.enrolment_id, Some(payment));
    let request = enrolment_pb::PayPremiumRequest { idempotency_key: "pay".to_owned(), enrolment_id, payment };
    enrolments.pay_premium(request).await.unwrap();
    person.person_id
}

pub(crate) fn submission(person_id: &str) -> Submission {
    let bill = policy_pb::Bill {
        bill_id: "B1".to_owned(),
        care: type_pb::Care::Inpatient.into(),
        institution: type_pb::Institution::Tertiary.into(),
        place: type_pb::Place::Local.into(),
        filing: type_pb::Filing::AtHome.into(),
        referral: type_pb::Referral::FollowedReferral.into(),
        from_date: "2022-03-01".to_owned(),
        to_date: "2022-03-10".to_owned(),
        total_fen: 2_000_000,
        costs: Some(policy_pb::bill::Costs::Parts(policy_pb::Parts {
            within_scope_fen: 2_000_000,
            ..Default::default()
        })),
        ..Default::default()
    };
    let (person_id, institution_id) = (person_id.to_owned(), "H45000000001".to_owned());
    Submission { person_id, institution_id, bill: Some(bill), ..Submission::default() }
}

/// The one span of this name and kind below another.
fn below<'s>(spans: &'s [Span], parent: &Span, name: &str, kind: SpanKind) -> &'s Span {
    let is_below = |span: &Span| {
        let mut at = span;
        while let Some(above) = spans.iter().find(|one| one.span_id == at.parent_span_id) {
            if above.span_id == parent.span_id {
                return true;
            }
            at = above;
        }
        false
    };
    let mut found = spans.iter().filter(|span| span.name == name && span.kind() == kind && is_below(span));
    let one = found.next().unwrap_or_else(|| panic!("no {name} of {kind:?} below {} in {spans:#?}", parent.name));
    assert!(found.next().is_none(), "{name} twice");
    one
}

#[test]
fn a_hospitals_call_is_one_trace_through_both_services_to_the_commit_and_no_log_names_anybody() {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let collector = Collector::default();
    let address = runtime.block_on(collector.serve());
    let environment = [("YIBAO_UP_OTLP_ENDPOINT", address.as_str()), ("YIBAO_UP_LOG", "debug")];
    let serving = Serving::start(folder.path(), &environment);
    let trace_id = runtime.block_on(async {
        let (listen, drain) = ((Ipv4Addr::LOCALHOST, 0).into(), Duration::from_secs(5));
        let otlp = Some(address.parse().unwrap());
        let settings = Settings { listen, drain, log: "error".to_owned(), otlp };
        let telemetry = Telemetry::begin("hospital", &settings, std::io::stderr).unwrap();
        let person = insured(&serving.enrolment).await;
        let channel = rpc::channel(&format!("http://{}", serving.settlement)).unwrap();
        let mut settlement = SettlementServiceClient::new(channel);
        let calling = async {
            let request = SettleRequest { idempotency_key: "B1".to_owned(), submission: Some(submission(&person)) };
            let answer = settlement.settle(request).await.unwrap().into_inner();
            assert!(matches!(answer.outcome, Some(settle_response::Outcome::Claim(_))), "{answer:?}");
            rpc::trace::parent().unwrap().split('-').nth(1).unwrap().to_owned()
        };
        let trace_id = calling.instrument(info_span!("discharge")).await;
        let unknown = SettleRequest { idempotency_key: NUMBER.to_owned(), submission: Some(submission(NAME)) };
        settlement.settle(unknown).await.expect_err("nobody has a name for an id");
        telemetry.end().await;
        trace_id
    });
    // what ends sends what it has not sent yet
    let (ended, log) = serving.stop();
    assert!(ended.success(), "{log}");
    let spans = collector.0.lock().unwrap().clone();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let ours: Vec<Span> = spans.iter().filter(|span| hex(&span.trace_id) == trace_id).cloned().collect();
    let root = ours.iter().find(|span| span.parent_span_id.is_empty()).expect("a trace has a root");
    assert_eq!(root.name, "discharge");
    let settle = "yibao.settlement.v1.SettlementService/Settle";
    let called = below(&ours, root, settle, SpanKind::Client);
    let served = below(&ours, called, settle, SpanKind::Server);
    below(&ours, served, "commit", SpanKind::Internal);
    let coverage = "yibao.enrolment.v1.EnrolmentService/GetCoverage";
    let asked = below(&ours, served, coverage, SpanKind::Client);
    below(&ours, asked, coverage, SpanKind::Server);
    assert!(log.lines().count() > 4, "{log}");
    for line in log.lines() {
        let told: serde_json::Value = serde_json::from_str(line).expect("a line of the log is JSON");
        assert!(told["at"].is_string(), "{line}");
    }
    for told in [log, format!("{spans:?}")] {
        for secret in [NAME, NUMBER, PHONE] {
            assert!(!told.contains(secret), "{secret} stands in {told}");
        }
    }
}

/// The gauges of settlement, read where an operator reads them: what `watch.rs` measures reaches a collector.
#[test]
fn what_a_service_watches_of_itself_reaches_a_collector() {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let collector = Collector::default();
    let address = runtime.block_on(collector.serve());
    let serving = Serving::start(folder.path(), &[("YIBAO_UP_OTLP_ENDPOINT", address.as_str())]);
    runtime.block_on(async {
        let person = insured(&serving.enrolment).await;
        let mut client = SettlementServiceClient::new(rpc::channel(&format!("http://{}", serving.settlement)).unwrap());
        let request = SettleRequest { idempotency_key: "B1".to_owned(), submission: Some(submission(&person)) };
        client.settle(request).await.unwrap();
    });
    // what ends sends what its gauges said last
    let (ended, log) = serving.stop();
    assert!(ended.success(), "{log}");
    let told = collector.1.lock().unwrap().clone();
    assert_eq!(told.get("yibao.ledger.sum"), Some(&0), "{told:?}");
    for name in ["yibao.outbox.waiting", "yibao.outbox.lag"] {
        assert!(told.get(name).is_some_and(|value| *value >= 0), "{name}: {told:?}");
    }
    assert!(told.get("yibao.policy.head_age").is_some_and(|age| (0..60).contains(age)), "{told:?}");
}
