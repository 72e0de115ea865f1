//! The policy registry over the wire: publishing, heads, versions, differences.

mod hostile;
mod lists;
mod once;
mod publishing;
mod replicas;

use std::time::Duration;

use pb::policy::v1 as policy_pb;
use pb::policy::v1::answer_service_client::AnswerServiceClient;
use pb::policy::v1::registry_service_client::RegistryServiceClient;
use policy::case::{Question, read};
use policy::{Facts, PackFile, Policy};
use rpc::Client;
use settlement::wiring::MIGRATIONS;
use store::Database;
use tonic::service::interceptor::InterceptedService;
use tonic::{Request, Status};
use tonic_types::StatusExt as _;

use crate::support::{House, Wish, shares};

/// Whose head moves in these tests, the root above it, and a district below it.
const CITY: &str = "370800";
const ROOT: &str = "100000";
const DISTRICT: &str = "370890";

const FILE: &str = "370800/resident/inpatient.toml";
const RATIO: &str = r#"tertiary  = { 2015-01-01 = "0.55", 2022-01-01 = "0.60" }"#;

/// A resident's stay of 10,000.00 within scope in a tertiary hospital: (10,000.00 - 800.00) x ratio is paid. At 0.60 that is
/// 5,520.00, at 0.65 it is 5,980.00; neither rest comes near the line of the serious illness insurance.
const STAY: &str = r#"
title = "a stay"
[person]
division = "370890"
scheme = "resident"
group = "adult"
age = 45
[[bill]]
care = "inpatient"
institution = "tertiary"
from = 2022-03-01
to = 2022-03-10
total = "10000.00"
parts = { within_scope = "10000.00" }
"#;
const PAID: i64 = 552_000;
const PAID_AT_65: i64 = 598_000;

fn stay() -> Facts {
    let case = read("stay", STAY).expect("the case is read");
    let Question::Bills(bills) = case.question else { panic!("the case has a bill") };
    Facts { person: bills.person.clone(), bill: bills.bills[0].clone(), accumulated: bills.accumulated.clone(), held: Vec::new() }
}

/// The shipped file of the city's ratios with another ratio for tertiary hospitals.
fn ratio(value: &str) -> policy_pb::PackFile {
    let file = Policy::shipped_files().into_iter().find(|file| file.path == FILE).expect("the file ships");
    assert_eq!(file.text.matches(RATIO).count(), 1);
    let text = file.text.replace(RATIO, &RATIO.replace("0.60", value));
    policy_pb::PackFile { path: file.path, text }
}

/// The version of the packs with these files in place of theirs.
fn version_with(files: &[policy_pb::PackFile]) -> String {
    let mut tree = packs();
    tree.retain(|file| files.iter().all(|new| new.path != file.path));
    tree.extend(files.iter().map(|file| PackFile { path: file.path.clone(), text: file.text.clone() }));
    policy::Version::of(&tree).to_string()
}

/// The packs of the city, of what is below and above it, as they ship: to check all packs takes a test long.
fn packs() -> Vec<PackFile> {
    let mut files = Policy::shipped_files();
    let above_and_below = [ROOT, "370000", CITY, DISTRICT];
    files.retain(|file| above_and_below.iter().any(|code| file.path.starts_with(code)) || file.path == "clauses.toml");
    files
}

/// A service whose registry begins with the packs of the city alone.
async fn open_with(url: &str, wish: Wish) -> House {
    let database = Database::open(url).await.expect("the database can be opened");
    store::migrations::migrate(&database, MIGRATIONS).await.expect("the database can be migrated");
    let source = ::registry::Source::Database(database);
    let registry = ::registry::Registry::open(source, ::registry::Settings::default()).await.expect("it can be read");
    let [operator, reason, source] = ["yibao", "test", "as shipped"].map(str::to_owned);
    let (id, at) = (uuid::Uuid::now_v7().to_string(), "2026-01-01T00:00:00Z".parse().expect("a moment"));
    let seed = ::registry::Seed { id, files: packs(), operator, reason, source, at };
    registry.seed(seed).await.expect("the packs are sound");
    House::open_with(url, wish).await
}

async fn open(url: &str) -> House {
    open_with(url, Wish::default()).await
}

/// Checking packs takes a build without optimisation, on a busy machine, longer than a call usually may.
const PATIENCE: Duration = Duration::from_secs(100);

type Patient = InterceptedService<Client, fn(Request<()>) -> Result<Request<()>, Status>>;

fn patiently(mut request: Request<()>) -> Result<Request<()>, Status> {
    request.set_timeout(PATIENCE);
    Ok(request)
}

fn registry(house: &House) -> RegistryServiceClient<Patient> {
    RegistryServiceClient::with_interceptor(house.channel(), patiently)
}

fn change(base_version: &str, files: Vec<policy_pb::PackFile>) -> policy_pb::PackChange {
    policy_pb::PackChange { base_version: base_version.to_owned(), files, removed_paths: Vec::new() }
}

fn publish(key: &str, division: &str, change: policy_pb::PackChange) -> policy_pb::PublishVersionRequest {
    policy_pb::PublishVersionRequest {
        idempotency_key: key.to_owned(),
        division: division.to_owned(),
        change: Some(change),
        operator_id: "officer-7".to_owned(),
        reason: "居民三级医院支付比例调整".to_owned(),
        source: "某医保发〔2026〕1号".to_owned(),
    }
}

fn roll(key: &str, division: &str, version: &str, replaced: &str) -> policy_pb::RollForwardRequest {
    policy_pb::RollForwardRequest {
        idempotency_key: key.to_owned(),
        division: division.to_owned(),
        policy_version: version.to_owned(),
        replaced_version: replaced.to_owned(),
        operator_id: "officer-8".to_owned(),
        reason: "撤回".to_owned(),
    }
}

async fn head(house: &House, division: &str) -> policy_pb::GetHeadResponse {
    let asked = policy_pb::GetHeadRequest { division: division.to_owned() };
    registry(house).get_head(asked).await.expect("there is a head").into_inner()
}

/// The version that is the head of a division.
async fn head_version(house: &House, division: &str) -> String {
    head(house, division).await.publication.expect("an act made it the head").policy_version
}

/// Publishes the city's ratio and gives the new version.
async fn publish_ratio(house: &House, key: &str, value: &str) -> String {
    let base = head_version(house, CITY).await;
    let asked = publish(key, CITY, change(&base, vec![ratio(value)]));
    let reply = registry(house).publish_version(asked).await.expect("it is published").into_inner();
    reply.publication.expect("the act is told").policy_version
}

/// What the funds pay of the stay, and under which version, asked for a version or the head.
async fn paid(house: &House, version: &str) -> (i64, String) {
    let facts = Some(wire::write::facts(&stay()));
    let asked = policy_pb::AdjudicateFactsRequest { facts, policy_version: version.to_owned(), with_steps: false };
    let reply = AnswerServiceClient::new(house.channel()).adjudicate_facts(asked).await.expect("it is decided");
    let decision = reply.into_inner().decision.expect("a decision");
    (shares(&decision).fund_fen, decision.policy_version)
}

async fn publications(house: &House) -> Vec<policy_pb::Publication> {
    let asked = policy_pb::ListPublicationsRequest::default();
    registry(house).list_publications(asked).await.expect("they are listed").into_inner().publications
}

pub(crate) fn reason(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

pub(crate) fn said(status: &Status, key: &str) -> String {
    let details = status.get_error_details();
    details.error_info().and_then(|info| info.metadata.get(key).cloned()).unwrap_or_default()
}

pub(crate) fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let listed = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    listed.into_iter().map(|violation| violation.field).collect()
}
