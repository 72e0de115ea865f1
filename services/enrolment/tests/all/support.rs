//! A service of the test's own, a clock that the test sets, and a settlement service that writes down what it is told.

mod assisting;

use std::collections::BTreeMap;
use std::future::pending;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::pb::settlement::v1 as settlement_pb;
use ::pb::r#type::v1 as type_pb;
use chrono::{DateTime, Utc};
use enrolment::{MIGRATIONS, Parts, Policies};
use host::{Server, Services, Stop, SystemIds};
use pb::directory_service_client::DirectoryServiceClient;
use pb::enrolment::v1 as pb;
use pb::enrolment_service_client::EnrolmentServiceClient;
use pb::import_service_client::ImportServiceClient;
use pb::person_service_client::PersonServiceClient;
use pb::report_service_client::ReportServiceClient;
use pb::transfer_service_client::TransferServiceClient;
use policy::{PackFile, Policy};
use rpc::{Client, Fault, Reason};
use settlement_pb::account_service_server::{AccountService, AccountServiceServer};
use store::{Database, migrations};
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

pub(crate) use assisting::Assisting;

/// A clock that stands where the test sets it and goes on a millisecond each time it is read.
pub(crate) struct TestClock(Mutex<DateTime<Utc>>);

impl host::Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        let mut now = self.0.lock().unwrap();
        *now += chrono::Duration::milliseconds(1);
        *now
    }
}

/// The service under test and its callers.
pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) accounts: Arc<Accounts>,
    /// Not connected but where the test says so.
    pub(crate) assistance: Arc<Assisting>,
    pub(crate) health: HealthClient<Client>,
    pub(crate) people: PersonServiceClient<Client>,
    pub(crate) enrolments: EnrolmentServiceClient<Client>,
    pub(crate) transfers: TransferServiceClient<Client>,
    pub(crate) imports: ImportServiceClient<Client>,
    pub(crate) reports: ReportServiceClient<Client>,
    pub(crate) directory: DirectoryServiceClient<Client>,
}

impl World {
    /// A service with the tests' own packs, at noon of 15 November 2021 in China.
    pub(crate) async fn new(url: &str) -> Self {
        Self::with(url, packs()).await
    }

    pub(crate) async fn with(url: &str, packs: Vec<PackFile>) -> Self {
        let (database, clock) = ready(url).await;
        Self::of(database, clock, (packs, None), Others::default()).await
    }

    /// A service with the tests' own packs that is connected with assistance.
    pub(crate) async fn assisted(url: &str) -> Self {
        let ((database, clock), others) = (ready(url).await, Others::default());
        let address = others.1.serve().await;
        Self::of(database, clock, (packs(), Some(&address)), others).await
    }

    /// Another process of the same service, connected with assistance.
    pub(crate) async fn connected(&self) -> Self {
        let address = self.assistance.serve().await;
        self.connected_to(&address).await
    }

    /// Another process of the same service, connected with what is at an address.
    pub(crate) async fn connected_to(&self, address: &str) -> Self {
        let (database, clock) = (self.database.clone(), Arc::clone(&self.clock));
        let others = (Arc::clone(&self.accounts), Arc::clone(&self.assistance));
        Self::of(database, clock, (packs(), Some(address)), others).await
    }

    async fn of(
        database: Database,
        clock: Arc<TestClock>,
        (packs, address): (Vec<PackFile>, Option<&str>),
        (accounts, assisting): Others,
    ) -> Self {
        let settlement = serve(Services::new().with(AccountServiceServer::from_arc(Arc::clone(&accounts)))).await;
        let policies = Policies::Fixed(Arc::new(Policy::compile(&packs).unwrap()));
        let (ids, settlement) = (Arc::new(SystemIds), Some(rpc::channel(&settlement).unwrap()));
        let outbox_keep = Duration::from_secs(30 * 86_400);
        let assistance = address.map(|address| rpc::channel(address).unwrap());
        let (kept, clock_of) = (database.clone(), clock.clone());
        let parts = Parts { database: kept, policies, settlement, assistance, clock: clock_of, ids, outbox_keep };
        let mut running = enrolment::start(parts, &Stop::when(pending()));
        tokio::spawn(async move { while running.tasks.join_next().await.is_some() {} });
        let channel = rpc::channel(&serve(running.services).await).unwrap();
        Self {
            database,
            clock,
            accounts,
            assistance: assisting,
            health: HealthClient::new(channel.clone()),
            people: PersonServiceClient::new(channel.clone()),
            enrolments: EnrolmentServiceClient::new(channel.clone()),
            transfers: TransferServiceClient::new(channel.clone()),
            imports: ImportServiceClient::new(channel.clone()),
            directory: DirectoryServiceClient::new(channel.clone()),
            reports: ReportServiceClient::new(channel),
        }
    }

    /// Sets the clock to noon of a day in China.
    pub(crate) fn noon(&self, day: &str) {
        *self.clock.0.lock().unwrap() = format!("{day}T04:00:00Z").parse().unwrap();
    }

    /// Waits until health says whether assistance is away.
    pub(crate) async fn says_that_assistance_is_away(&self, is_away: bool) {
        let expected = if is_away { ServingStatus::NotServing } else { ServingStatus::Serving };
        let asked = HealthCheckRequest { service: "degraded.assistance".to_owned() };
        let look = || async {
            let found = self.health.clone().check(asked.clone()).await.ok()?.into_inner().status();
            (found == expected).then_some(())
        };
        eventually(look).await;
    }

    /// Lets the clock go on.
    pub(crate) fn later(&self, seconds: i64) {
        *self.clock.0.lock().unwrap() += chrono::Duration::seconds(seconds);
    }

    /// The moment it is now, as a message.
    pub(crate) fn moment(&self) -> prost_types::Timestamp {
        wire::write::moment(host::Clock::now(&*self.clock))
    }

    /// Registers a person of this number and gives the id.
    pub(crate) async fn person(&self, number: u32) -> String {
        let request = pb::RegisterPersonRequest {
            idempotency_key: key(),
            identity: Some(identity(number, "1990-01-01")),
            ..Default::default()
        };
        let answer = self.people.clone().register_person(request).await.unwrap().into_inner();
        answer.person.unwrap().person_id
    }

    /// Enrols a person and gives the enrolment.
    pub(crate) async fn enrol(&self, person_id: &str, terms: pb::EnrolmentTerms) -> pb::Enrolment {
        match self.try_enrol(person_id, terms).await.outcome {
            Some(pb::enrol_response::Outcome::Enrolment(enrolment)) => enrolment,
            other => panic!("not enrolled: {other:?}"),
        }
    }

    pub(crate) async fn try_enrol(&self, person_id: &str, terms: pb::EnrolmentTerms) -> pb::EnrolResponse {
        let (idempotency_key, person_id) = (key(), person_id.to_owned());
        let request = pb::EnrolRequest { idempotency_key, person_id, terms: Some(terms) };
        self.enrolments.clone().enrol(request).await.unwrap().into_inner()
    }

    /// Pays what is due and gives the answer.
    pub(crate) async fn pay(&self, enrolment: &pb::Enrolment, paid_date: &str) -> pb::PayPremiumResponse {
        let contribution = enrolment.contribution.as_ref().unwrap();
        let employer = contribution.employer_fen() > 0;
        let source = if employer { pb::PremiumSource::Employer } else { pb::PremiumSource::Own };
        let due = if employer { contribution.total_fen() } else { contribution.own_fen() };
        self.try_pay(&enrolment.enrolment_id, payment(due, paid_date, source)).await.unwrap()
    }

    pub(crate) async fn try_pay(&self, id: &str, payment: pb::Payment) -> Result<pb::PayPremiumResponse, Status> {
        let (idempotency_key, enrolment_id) = (key(), id.to_owned());
        let request = pb::PayPremiumRequest { idempotency_key, enrolment_id, payment: Some(payment) };
        Ok(self.enrolments.clone().pay_premium(request).await?.into_inner())
    }

    /// A resident of this number, enrolled and paid for 2022 in the central period.
    pub(crate) async fn resident(&self, number: u32) -> (String, pb::Enrolment) {
        let person = self.person(number).await;
        let enrolment = self.enrol(&person, resident()).await;
        let paid = paid(self.pay(&enrolment, "2021-11-15").await);
        (person, paid)
    }

    pub(crate) async fn coverage(&self, person: &str, on: &str) -> pb::GetCoverageResponse {
        self.coverage_known(person, on, None).await
    }

    pub(crate) async fn coverage_known(
        &self,
        person: &str,
        on: &str,
        known_at: Option<prost_types::Timestamp>,
    ) -> pb::GetCoverageResponse {
        let request = pb::GetCoverageRequest { person_id: person.to_owned(), on_date: on.to_owned(), known_at };
        self.enrolments.clone().get_coverage(request).await.unwrap().into_inner()
    }

    /// The intervals of a person: kind, first and last day.
    pub(crate) async fn intervals(&self, person: &str) -> Vec<(pb::CoverageKind, String, String)> {
        let request = pb::ListCoverageIntervalsRequest { person_id: person.to_owned(), ..Default::default() };
        let found = self.enrolments.clone().list_coverage_intervals(request).await.unwrap().into_inner();
        let days = |interval: &pb::CoverageInterval| interval.days.clone().unwrap();
        let one = |interval: &pb::CoverageInterval| (interval.kind(), days(interval).from_date, days(interval).to_date);
        found.intervals.iter().map(one).collect()
    }
}

/// The services beside it.
type Others = (Arc<Accounts>, Arc<Assisting>);

/// A database that is migrated, and a clock at noon of 15 November 2021 in China.
async fn ready(url: &str) -> (Database, Arc<TestClock>) {
    // what goes wrong inside is shown with the test that failed
    drop(tracing_subscriber::fmt().with_env_filter("warn").with_test_writer().try_init());
    let database = Database::open(url).await.unwrap();
    migrations::migrate(&database, MIGRATIONS).await.unwrap();
    (database, Arc::new(TestClock(Mutex::new("2021-11-15T04:00:00Z".parse().unwrap()))))
}

/// Serves on a free loopback port and gives the address.
pub(crate) async fn serve(services: Services) -> String {
    let server = Server::bind("test", "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = format!("http://{}", server.address());
    tokio::spawn(async move { server.serve(services, Duration::from_secs(1), pending()).await });
    address
}

/// The packs beside these tests.
pub(crate) fn packs() -> Vec<PackFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                files.push(PackFile { path: name, text: std::fs::read_to_string(&path).unwrap() });
            }
        }
    }
    files
}

/// A key nobody used.
pub(crate) fn key() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// The person of a number: a passport, whose number is free.
pub(crate) fn identity(number: u32, born: &str) -> pb::Identity {
    pb::Identity {
        name: format!("某人{number}"),
        document_type: pb::DocumentType::Passport.into(),
        document_number: format!("P{number:08}"),
        born_date: born.to_owned(),
        sex: pb::Sex::Female.into(),
        phone: String::new(),
    }
}

/// A resident of 990100 for 2022, in the central period.
pub(crate) fn resident() -> pb::EnrolmentTerms {
    pb::EnrolmentTerms {
        division: "990100".to_owned(),
        scheme: type_pb::Scheme::Resident.into(),
        group: type_pb::PersonGroup::Adult.into(),
        cover_year: 2022,
        how: type_pb::EnrolHow::CentralPeriod.into(),
        ..Default::default()
    }
}

/// An active employee of 990100 for 2022, in the central period, with a premium base of 60,000 yuan.
pub(crate) fn employee() -> pb::EnrolmentTerms {
    pb::EnrolmentTerms {
        scheme: type_pb::Scheme::Employee.into(),
        group: type_pb::PersonGroup::Active.into(),
        premium_base_fen: 6_000_000,
        employer_id: "E1".to_owned(),
        ..resident()
    }
}

pub(crate) fn payment(amount_fen: i64, paid_date: &str, source: pb::PremiumSource) -> pb::Payment {
    pb::Payment { amount_fen, paid_date: paid_date.to_owned(), source: source.into(), ..Default::default() }
}

pub(crate) fn paid(answer: pb::PayPremiumResponse) -> pb::Enrolment {
    match answer.outcome {
        Some(pb::pay_premium_response::Outcome::Enrolment(enrolment)) => enrolment,
        other => panic!("not paid: {other:?}"),
    }
}

/// The days of an enrolment's benefits.
pub(crate) fn covered(enrolment: &pb::Enrolment) -> (String, String) {
    let days = enrolment.coverage.as_ref().unwrap().covered.clone().unwrap();
    (days.from_date, days.to_date)
}

/// The reasons of a refusal.
pub(crate) fn reasons(refusal: &::pb::policy::v1::Refusal) -> Vec<::pb::policy::v1::RefusalReason> {
    refusal.causes.iter().map(::pb::policy::v1::Cause::reason).collect()
}

/// Reason and metadata of an error.
pub(crate) fn fault(status: &Status) -> (String, BTreeMap<String, String>) {
    let info = status.get_details_error_info().unwrap();
    (info.reason, info.metadata.into_iter().collect())
}

/// The fields that cannot be read, in order.
pub(crate) fn fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let mut fields: Vec<String> =
        status.get_details_bad_request().unwrap().field_violations.into_iter().map(|one| one.field).collect();
    fields.sort();
    fields
}

/// Waits until something is there.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(mut look: impl FnMut() -> F) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), looking).await.expect("it comes in time")
}

/// A settlement service that only keeps accounts: what was credited and debited, by key, and who may not be reached.
#[derive(Default)]
pub(crate) struct Accounts {
    pub(crate) credits: Mutex<Vec<settlement_pb::CreditAccountRequest>>,
    pub(crate) debits: Mutex<Vec<settlement_pb::DebitAccountRequest>>,
    /// Calls of credits, repeated ones too.
    pub(crate) calls: Mutex<u32>,
    /// How many calls of credits fail after they were done.
    pub(crate) lost: Mutex<u32>,
    pub(crate) balance_fen: Mutex<i64>,
}

#[tonic::async_trait]
impl AccountService for Accounts {
    async fn credit_account(
        &self,
        request: Request<settlement_pb::CreditAccountRequest>,
    ) -> Result<Response<settlement_pb::CreditAccountResponse>, Status> {
        let request = request.into_inner();
        *self.calls.lock().unwrap() += 1;
        let mut credits = self.credits.lock().unwrap();
        if !credits.iter().any(|known| known.credit_id == request.credit_id) {
            credits.push(request);
        }
        let mut lost = self.lost.lock().unwrap();
        if *lost > 0 {
            *lost -= 1;
            return Err(Fault::unavailable("settlement", Duration::ZERO).into());
        }
        Ok(Response::new(Default::default()))
    }

    async fn debit_account(
        &self,
        request: Request<settlement_pb::DebitAccountRequest>,
    ) -> Result<Response<settlement_pb::DebitAccountResponse>, Status> {
        let request = request.into_inner();
        let mut debits = self.debits.lock().unwrap();
        if debits.iter().any(|known| known.idempotency_key == request.idempotency_key) {
            return Ok(Response::new(Default::default()));
        }
        let mut balance = self.balance_fen.lock().unwrap();
        let is_back = request.kind() == settlement_pb::MovementKind::TakenBack;
        if *balance < request.amount_fen && !is_back {
            return Err(Fault::new(Reason::BalanceTooLow, "the account holds less").into());
        }
        // what is taken back and is not there is owed
        *balance = (*balance - request.amount_fen).max(0);
        debits.push(request);
        Ok(Response::new(Default::default()))
    }

    async fn get_account(
        &self,
        _: Request<settlement_pb::GetAccountRequest>,
    ) -> Result<Response<settlement_pb::GetAccountResponse>, Status> {
        let balance_fen = *self.balance_fen.lock().unwrap();
        Ok(Response::new(settlement_pb::GetAccountResponse { balance_fen, ..Default::default() }))
    }

    async fn get_accumulators(
        &self,
        _: Request<settlement_pb::GetAccumulatorsRequest>,
    ) -> Result<Response<settlement_pb::GetAccumulatorsResponse>, Status> {
        Err(Fault::wrong_state("not_asked", "enrolment does not ask this").into())
    }

    async fn open_year(
        &self,
        _: Request<settlement_pb::OpenYearRequest>,
    ) -> Result<Response<settlement_pb::OpenYearResponse>, Status> {
        Err(Fault::wrong_state("not_asked", "enrolment does not ask this").into())
    }

    async fn list_movements(
        &self,
        _: Request<settlement_pb::ListMovementsRequest>,
    ) -> Result<Response<settlement_pb::ListMovementsResponse>, Status> {
        Err(Fault::wrong_state("not_asked", "enrolment does not ask this").into())
    }

    async fn bind_family_account(
        &self,
        _: Request<settlement_pb::BindFamilyAccountRequest>,
    ) -> Result<Response<settlement_pb::BindFamilyAccountResponse>, Status> {
        Err(Fault::wrong_state("not_asked", "enrolment does not ask this").into())
    }

    async fn unbind_family_account(
        &self,
        _: Request<settlement_pb::UnbindFamilyAccountRequest>,
    ) -> Result<Response<settlement_pb::UnbindFamilyAccountResponse>, Status> {
        Err(Fault::wrong_state("not_asked", "enrolment does not ask this").into())
    }

    async fn list_family_bindings(
        &self,
        _: Request<settlement_pb::ListFamilyBindingsRequest>,
    ) -> Result<Response<settlement_pb::ListFamilyBindingsResponse>, Status> {
        Err(Fault::wrong_state("not_asked", "enrolment does not ask this").into())
    }
}
