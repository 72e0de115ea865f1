//! A service of the test's own, a clock that the test sets, and a settlement service that says what the test tells it to.

mod directory;

use std::collections::BTreeMap;
use std::future::pending;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use ::pb::assistance::v1 as pb;
use ::pb::settlement::v1 as settlement_pb;
use ::pb::r#type::v1 as type_pb;
use assistance::{MIGRATIONS, Parts, Policies};
use chrono::{DateTime, Utc};
use host::{Server, Services, Stop, SystemIds};
use pb::application_service_client::ApplicationServiceClient;
use pb::category_service_client::CategoryServiceClient;
use pb::payer_service_client::PayerServiceClient;
use pb::premium_service_client::PremiumServiceClient;
use pb::report_service_client::ReportServiceClient;
use pb::reservation_service_client::ReservationServiceClient;
use pb::watch_service_client::WatchServiceClient;
use policy::Policy;
use rpc::{Client, Fault};
use settlement_pb::one_stop_service_server::{OneStopService, OneStopServiceServer};
use store::sea_orm::{ConnectionTrait as _, Statement};
use store::{Database, migrations};
use tokio_stream::Stream;
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt as _;

pub(crate) use directory::{directory, serving_directory};

/// The packs that ship: division 370800 keeps a limit of 30,000 yuan for assistance and 20,000 for tilt.
pub(crate) static SHIPPED: LazyLock<Arc<Policy>> =
    LazyLock::new(|| Arc::new(Policy::compile(&Policy::shipped_files()).unwrap()));

/// The limit of `assistance` in 370800, in fen.
pub(crate) const LIMIT: i64 = 3_000_000;

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
    pub(crate) settlement: Arc<Settlement>,
    pub(crate) categories: CategoryServiceClient<Client>,
    pub(crate) reservations: ReservationServiceClient<Client>,
    pub(crate) watch: WatchServiceClient<Client>,
    pub(crate) applications: ApplicationServiceClient<Client>,
    pub(crate) reports: ReportServiceClient<Client>,
    pub(crate) payers: PayerServiceClient<Client>,
    pub(crate) premiums: PremiumServiceClient<Client>,
}

impl World {
    /// A service with the packs that ship, at noon of 10 October 2022 in China.
    pub(crate) async fn new(url: &str) -> Self {
        // what goes wrong inside is shown with the test that failed
        drop(tracing_subscriber::fmt().with_env_filter("warn").with_test_writer().try_init());
        let database = Database::open(url).await.unwrap();
        migrations::migrate(&database, MIGRATIONS).await.unwrap();
        let clock = Arc::new(TestClock(Mutex::new("2022-10-10T04:00:00Z".parse().unwrap())));
        let settlement = Arc::new(Settlement::default());
        Self::of(database, clock, settlement, (Arc::clone(&SHIPPED), Some(directory().await))).await
    }

    /// Another process of the same service, which is not connected with enrolment, or with one that is away.
    pub(crate) async fn with_enrolment(&self, address: Option<&str>) -> Self {
        let enrolment = address.map(|address| rpc::channel(address).unwrap());
        let (database, clock, settlement) = (self.database.clone(), self.clock.clone(), self.settlement.clone());
        Self::of(database, clock, settlement, (Arc::clone(&SHIPPED), enrolment)).await
    }

    /// Another process of the same service.
    pub(crate) async fn replica(&self) -> Self {
        self.under(Arc::clone(&SHIPPED)).await
    }

    /// Another process of the same service, in which another policy is in use.
    pub(crate) async fn under(&self, policy: Arc<Policy>) -> Self {
        let (database, clock, settlement) = (self.database.clone(), self.clock.clone(), self.settlement.clone());
        Self::of(database, clock, settlement, (policy, Some(directory().await))).await
    }

    /// Another process of the same service, which tells departments and people through a Redis.
    pub(crate) async fn with_streams(&self, url: &str) -> Self {
        let (database, clock, settlement) = (self.database.clone(), self.clock.clone(), self.settlement.clone());
        let streams = Some(url.to_owned());
        // pauses after a failure are measured by this clock
        let ticking = self.clock.clone();
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_millis(10));
            loop {
                ticks.tick().await;
                *ticking.0.lock().unwrap() += chrono::Duration::milliseconds(50);
            }
        });
        Self::telling(database, clock, settlement, (Arc::clone(&SHIPPED), Some(directory().await)), (streams, true))
            .await
    }

    /// Another process of the same service, which books no premium for a category that nobody granted.
    pub(crate) async fn distrusting(&self) -> Self {
        let (database, clock, settlement) = (self.database.clone(), self.clock.clone(), self.settlement.clone());
        let others = (Arc::clone(&SHIPPED), Some(directory().await));
        Self::telling(database, clock, settlement, others, (None, false)).await
    }

    async fn of(
        database: Database,
        clock: Arc<TestClock>,
        settlement: Arc<Settlement>,
        others: (Arc<Policy>, Option<Client>),
    ) -> Self {
        Self::telling(database, clock, settlement, others, (None, true)).await
    }

    async fn telling(
        database: Database,
        clock: Arc<TestClock>,
        settlement: Arc<Settlement>,
        (policy, enrolment): (Arc<Policy>, Option<Client>),
        (streams, trusts_categories): (Option<String>, bool),
    ) -> Self {
        let address = serve(Services::new().with(OneStopServiceServer::from_arc(Arc::clone(&settlement)))).await;
        let parts = Parts {
            database: database.clone(),
            policies: Policies::Fixed(policy),
            settlement: rpc::channel(&address).unwrap(),
            enrolment,
            trusts_categories,
            clock: clock.clone(),
            ids: Arc::new(SystemIds),
            hold: Duration::from_secs(30),
            sweep: Duration::from_millis(20),
            streams,
        };
        let mut running = assistance::start(parts, &Stop::when(pending()));
        tokio::spawn(async move { while running.tasks.join_next().await.is_some() {} });
        let channel = rpc::channel(&serve(running.services).await).unwrap();
        Self {
            database,
            clock,
            settlement,
            categories: CategoryServiceClient::new(channel.clone()),
            reservations: ReservationServiceClient::new(channel.clone()),
            watch: WatchServiceClient::new(channel.clone()),
            applications: ApplicationServiceClient::new(channel.clone()),
            premiums: PremiumServiceClient::new(channel.clone()),
            reports: ReportServiceClient::new(channel.clone()),
            payers: PayerServiceClient::new(channel),
        }
    }

    /// What settlement is or was asked to decide anew, the oldest first.
    pub(crate) async fn reassessments(&self, person: &str) -> Vec<pb::Reassessment> {
        let request = pb::ListReassessmentsRequest { person_id: person.to_owned(), ..Default::default() };
        let mut found = self.categories.clone().list_reassessments(request).await.unwrap().into_inner().reassessments;
        found.reverse();
        found
    }

    /// Waits until settlement has answered everything that was asked about a person, and gives it, the oldest first.
    pub(crate) async fn answered(&self, person: &str) -> Vec<pb::Reassessment> {
        let look = || async {
            let found = self.reassessments(person).await;
            let is_open = |one: &pb::Reassessment| one.state() == pb::ReassessmentState::Asked;
            (!found.iter().any(is_open)).then_some(found)
        };
        eventually(look).await
    }

    /// How many shares of a person's claims are still to be put right.
    pub(crate) async fn lacking(&self, person: &str) -> i64 {
        let sql = format!("SELECT count(*) AS n FROM mend WHERE is_open = 1 AND person_id = '{person}'");
        let reader = self.database.reader();
        let statement = Statement::from_string(reader.get_database_backend(), sql);
        reader.query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
    }

    /// Sets the clock to noon of a day in China.
    pub(crate) fn noon(&self, day: &str) {
        *self.clock.0.lock().unwrap() = format!("{day}T04:00:00Z").parse().unwrap();
    }

    /// Lets the clock go on.
    pub(crate) fn later(&self, seconds: i64) {
        *self.clock.0.lock().unwrap() += chrono::Duration::seconds(seconds);
    }

    /// The moment it is now, as a message.
    pub(crate) fn moment(&self) -> prost_types::Timestamp {
        wire::write::moment(host::Clock::now(&*self.clock))
    }

    pub(crate) async fn try_grant(&self, person: &str, terms: pb::CategoryTerms) -> Result<pb::CategoryGrant, Status> {
        let request = granting(person, terms);
        Ok(self.categories.clone().grant_category(request).await?.into_inner().grant.unwrap())
    }

    /// Grants a category from a day on.
    pub(crate) async fn grant(&self, person: &str, category: type_pb::Category, from: &str) -> pb::CategoryGrant {
        self.try_grant(person, terms(category, from, "")).await.unwrap()
    }

    /// The categories of a day as known now.
    pub(crate) async fn on(&self, person: &str, day: &str) -> Vec<type_pb::Category> {
        self.on_known(person, day, None).await
    }

    pub(crate) async fn on_known(
        &self,
        person: &str,
        day: &str,
        known_at: Option<prost_types::Timestamp>,
    ) -> Vec<type_pb::Category> {
        let (person_id, on_date) = (person.to_owned(), day.to_owned());
        let request = pb::GetCategoriesRequest { person_id, on_date, known_at };
        let found = self.categories.clone().get_categories(request).await.unwrap().into_inner();
        found.categories().collect()
    }

    pub(crate) async fn try_reserve(
        &self,
        request: pb::ReserveRequest,
    ) -> Result<pb::reserve_response::Outcome, Status> {
        Ok(self.reservations.clone().reserve(request).await?.into_inner().outcome.unwrap())
    }

    /// What is granted of the one ask, in fen.
    pub(crate) async fn reserve(&self, hold: &str, person: &str, net_fen: i64) -> i64 {
        granted(&self.try_reserve(asking(hold, person, net_fen)).await.unwrap())
    }

    /// Posts Changes and gives what became of each.
    pub(crate) async fn post(&self, changes: &[settlement_pb::Change]) -> Vec<pb::PostOutcome> {
        let request = pb::PostChangesRequest { changes: changes.to_vec() };
        let answer = self.reservations.clone().post_changes(request).await.unwrap().into_inner();
        answer.changes.iter().map(pb::PostedChange::outcome).collect()
    }

    /// Limit, pending and posted of `assistance` in 2022, in fen.
    pub(crate) async fn limit(&self, person: &str) -> (Option<i64>, i64, i64) {
        let request = pb::GetLimitsRequest { person_id: person.to_owned(), year: 2022 };
        let found = self.reservations.clone().get_limits(request).await.unwrap().into_inner();
        let found = found.limits.into_iter().find(|limit| limit.payer == "assistance");
        found.map_or((None, 0, 0), |limit| (limit.limit_fen, limit.pending_fen, limit.posted_fen))
    }

    pub(crate) async fn hold(&self, hold: &str) -> pb::Reservation {
        let request = pb::GetReservationRequest { hold_id: hold.to_owned() };
        self.reservations.clone().get_reservation(request).await.unwrap().into_inner().reservation.unwrap()
    }

    /// The balances of the journal, by account, in fen, debits above zero.
    pub(crate) async fn books(&self) -> BTreeMap<String, i64> {
        let balances = store::journal::balances(self.database.reader()).await.unwrap();
        balances.iter().map(|(account, balance)| (account.to_string(), balance.net().get())).collect()
    }
}

/// Serves on a free loopback port and gives the address.
pub(crate) async fn serve(services: Services) -> String {
    let server = Server::bind("test", "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = format!("http://{}", server.address());
    tokio::spawn(async move { server.serve(services, Duration::from_secs(1), pending()).await });
    address
}

/// A key nobody used.
pub(crate) fn key() -> String {
    uuid::Uuid::now_v7().to_string()
}

pub(crate) fn terms(category: type_pb::Category, from: &str, to: &str) -> pb::CategoryTerms {
    pb::CategoryTerms {
        category: category.into(),
        treated_as: None,
        from_date: from.to_owned(),
        to_date: to.to_owned(),
        authority: Some(pb::Authority {
            office: pb::Office::CivilAffairs.into(),
            division: "370800".to_owned(),
            name: "民政局".to_owned(),
        }),
        evidence: vec![settlement_pb::Evidence {
            kind: "certificate".to_owned(),
            reference: "C-1".to_owned(),
            sha256: "ab".repeat(32),
        }],
    }
}

pub(crate) fn granting(person: &str, terms: pb::CategoryTerms) -> pb::GrantCategoryRequest {
    pb::GrantCategoryRequest {
        idempotency_key: key(),
        person_id: person.to_owned(),
        terms: Some(terms),
        operator_id: "officer".to_owned(),
        reason: String::new(),
    }
}

/// A request for a part of the limit of `assistance` in 2022 of a destitute person, whose category is pinned.
pub(crate) fn asking(hold: &str, person: &str, net_fen: i64) -> pb::ReserveRequest {
    pb::ReserveRequest {
        hold_id: hold.to_owned(),
        person_id: person.to_owned(),
        division: "370800".to_owned(),
        policy_version: SHIPPED.version().to_string(),
        scheme: type_pb::Scheme::Resident.into(),
        days: vec![pb::PlannedDay {
            on_date: "2022-10-10".to_owned(),
            categories: vec![type_pb::Category::Destitute.into()],
            pinned: true,
        }],
        asks: vec![pb::Ask { year: 2022, payer: "assistance".to_owned(), net_fen }],
        earlier: Vec::new(),
        owner: "hospital|1".to_owned(),
    }
}

/// What is granted of the first ask, in fen.
pub(crate) fn granted(outcome: &pb::reserve_response::Outcome) -> i64 {
    match outcome {
        pb::reserve_response::Outcome::Held(held) => held.granted[0].granted_fen,
        other => panic!("not held: {other:?}"),
    }
}

/// A Change of a person that says how claims stand: each with its revision and its share of `assistance`, in fen.
pub(crate) fn change(person: &str, sequence: u64, hold: &str, claims: &[(&str, u32, i64)]) -> settlement_pb::Change {
    let years = settlement_pb::YearStand {
        year: 2022,
        division: "370800".to_owned(),
        policy_version: SHIPPED.version().to_string(),
        scheme: type_pb::Scheme::Resident.into(),
        rules_date: "2022-10-10".to_owned(),
        categories: vec![type_pb::Category::Destitute.into()],
        burden_fen: Some(0),
        claims: claims.iter().map(|(claim, revision, share)| stand(claim, *revision, *share)).collect(),
        opening: Vec::new(),
    };
    settlement_pb::Change {
        change_id: format!("{person}-{sequence}"),
        person_id: person.to_owned(),
        sequence,
        hold_id: hold.to_owned(),
        released_holds: Vec::new(),
        years: if claims.is_empty() { Vec::new() } else { vec![years] },
        committed_at: Some(prost_types::Timestamp { seconds: 1_665_374_400, nanos: 0 }),
    }
}

/// How a claim of 100,000 yuan stands of which `assistance` pays a share, in fen.
pub(crate) fn stand(claim: &str, revision: u32, share_fen: i64) -> settlement_pb::ClaimStand {
    let pays = share_fen > 0;
    let payer = || "assistance".to_owned();
    settlement_pb::ClaimStand {
        claim_id: claim.to_owned(),
        division: "370800".to_owned(),
        revision,
        cause: settlement_pb::RevisionCause::Settled.into(),
        reversed: false,
        institution_id: "H1".to_owned(),
        bill_id: format!("bill-{claim}"),
        stay_id: String::new(),
        rules_date: "2022-10-10".to_owned(),
        settled_date: "2022-10-10".to_owned(),
        care: type_pb::Care::Inpatient.into(),
        scheme: type_pb::Scheme::Resident.into(),
        category: type_pb::Category::Destitute.into(),
        categories: vec![type_pb::Category::Destitute.into()],
        categories_handed_in: false,
        third_system: settlement_pb::ThirdSystem::Whole.into(),
        total_fen: 10_000_000,
        within_scope_fen: 10_000_000,
        fund_fen: share_fen,
        cash_fen: 10_000_000 - share_fen,
        payers: Vec::new(),
        held: if pays {
            vec![settlement_pb::PayerAmount { payer: payer(), amount_fen: share_fen }]
        } else {
            Vec::new()
        },
        short: Vec::new(),
    }
}

/// The same claim, reversed.
pub(crate) fn reversed(claim: &str, revision: u32) -> settlement_pb::ClaimStand {
    settlement_pb::ClaimStand { reversed: true, fund_fen: 0, cash_fen: 0, ..stand(claim, revision, 0) }
}

/// Reason and metadata of an error.
pub(crate) fn fault(status: &Status) -> (String, BTreeMap<String, String>) {
    let info = status.get_details_error_info().unwrap();
    (info.reason, info.metadata.into_iter().collect())
}

/// The fields that cannot be read, in order.
pub(crate) fn fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let found = status.get_details_bad_request().unwrap().field_violations;
    let mut fields: Vec<String> = found.into_iter().map(|one| one.field).collect();
    fields.sort();
    fields
}

/// What is said of the fields that cannot be read.
pub(crate) fn status_text(status: &Status) -> String {
    let found = status.get_details_bad_request().unwrap().field_violations;
    found.into_iter().map(|one| one.description).collect::<Vec<_>>().join("; ")
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
    tokio::time::timeout(Duration::from_secs(60), looking).await.expect("it comes in time")
}

/// Settlement's answer that no decision changed.
pub(crate) fn nothing_changed() -> settlement_pb::ReassessResponse {
    let done = settlement_pb::Reassessed { nothing_changed: true, ..Default::default() };
    let outcome = Some(settlement_pb::reassess_response::Outcome::Done(done));
    settlement_pb::ReassessResponse { outcome, ..Default::default() }
}

/// Decides a person's year anew.
pub(crate) type Decides = Arc<
    dyn Fn(settlement_pb::ReassessRequest) -> Pin<Box<dyn Future<Output = settlement_pb::ReassessResponse> + Send>>
        + Send
        + Sync,
>;

/// A settlement service that only says what became of holds.
#[derive(Default)]
pub(crate) struct Settlement {
    /// The Changes it made, in order, of everybody.
    pub(crate) made: Mutex<Vec<settlement_pb::Change>>,
    /// Whether it is away.
    pub(crate) away: Mutex<bool>,
    /// The questions it was asked.
    pub(crate) asked: Mutex<Vec<settlement_pb::GetHoldOutcomeRequest>>,
    /// The most Changes of an answer.
    pub(crate) most: Mutex<Option<usize>>,
    /// The years it was asked to decide anew, each time.
    pub(crate) reassessed: Mutex<Vec<settlement_pb::ReassessRequest>>,
    /// What it answered, by key, for ever.
    pub(crate) answered: Mutex<BTreeMap<String, settlement_pb::ReassessResponse>>,
    /// What decides a new key; none: what stands below.
    pub(crate) decides: Mutex<Option<Decides>>,
    /// What it answers to a new key; none: nothing changed.
    pub(crate) answers: Mutex<Option<settlement_pb::ReassessResponse>>,
    /// Whether its answers are lost, although it has kept them.
    pub(crate) loses: Mutex<bool>,
    /// The burdens it folds, in order of person.
    pub(crate) burdens: Mutex<Vec<settlement_pb::StreamBurdensResponse>>,
    /// After how many of them it breaks off, once.
    pub(crate) breaks: Mutex<Option<usize>>,
    /// Behind how many it was asked to go on, each time.
    pub(crate) folded: Mutex<Vec<usize>>,
    /// What it says a category would change; none: nothing.
    pub(crate) previews: Mutex<Option<settlement_pb::PreReassessResponse>>,
    /// What it was asked of that, each time.
    pub(crate) previewed: Mutex<Vec<settlement_pb::PreReassessRequest>>,
    /// While somebody holds this it does not answer.
    pub(crate) gate: tokio::sync::Mutex<()>,
}

#[tonic::async_trait]
impl OneStopService for Settlement {
    type StreamSharesStream = Pin<Box<dyn Stream<Item = Result<settlement_pb::StreamSharesResponse, Status>> + Send>>;
    type StreamBurdensStream = Pin<Box<dyn Stream<Item = Result<settlement_pb::StreamBurdensResponse, Status>> + Send>>;

    async fn get_hold_outcome(
        &self,
        request: Request<settlement_pb::GetHoldOutcomeRequest>,
    ) -> Result<Response<settlement_pb::GetHoldOutcomeResponse>, Status> {
        let request = request.into_inner();
        self.asked.lock().unwrap().push(request.clone());
        if *self.away.lock().unwrap() {
            return Err(Fault::unavailable("settlement", Duration::from_secs(1)).into());
        }
        let made = self.made.lock().unwrap();
        let Some(by) = made.iter().find(|change| change.hold_id == request.hold_id) else {
            return Ok(Response::new(settlement_pb::GetHoldOutcomeResponse::default()));
        };
        let wanted = request.after_sequence + 1..=by.sequence;
        let of = |change: &&settlement_pb::Change| {
            change.person_id == request.person_id && wanted.contains(&change.sequence)
        };
        let most = self.most.lock().unwrap().unwrap_or(100);
        let changes = made.iter().filter(of).take(most).cloned().collect();
        Ok(Response::new(settlement_pb::GetHoldOutcomeResponse { used: true, changes }))
    }

    async fn reassess(
        &self,
        request: Request<settlement_pb::ReassessRequest>,
    ) -> Result<Response<settlement_pb::ReassessResponse>, Status> {
        let request = request.into_inner();
        self.reassessed.lock().unwrap().push(request.clone());
        let away = || Fault::unavailable("settlement", Duration::from_secs(1));
        if *self.away.lock().unwrap() {
            return Err(away().into());
        }
        let known = self.answered.lock().unwrap().contains_key(&request.idempotency_key);
        let decides = self.decides.lock().unwrap().clone().filter(|_| !known);
        if let Some(decides) = decides {
            let answer = decides(request.clone()).await;
            self.answered.lock().unwrap().insert(request.idempotency_key, answer.clone());
            return Ok(Response::new(answer));
        }
        let new = self.answers.lock().unwrap().clone().unwrap_or_else(nothing_changed);
        let answer = self.answered.lock().unwrap().entry(request.idempotency_key).or_insert(new).clone();
        drop(self.gate.lock().await);
        if *self.loses.lock().unwrap() { Err(away().into()) } else { Ok(Response::new(answer)) }
    }

    async fn pre_reassess(
        &self,
        request: Request<settlement_pb::PreReassessRequest>,
    ) -> Result<Response<settlement_pb::PreReassessResponse>, Status> {
        self.previewed.lock().unwrap().push(request.into_inner());
        if *self.away.lock().unwrap() {
            return Err(Fault::unavailable("settlement", Duration::from_secs(1)).into());
        }
        let done = settlement_pb::Reassessed { nothing_changed: true, ..Default::default() };
        let outcome = Some(settlement_pb::pre_reassess_response::Outcome::Done(done));
        let nothing = || settlement_pb::PreReassessResponse { outcome, ..Default::default() };
        Ok(Response::new(self.previews.lock().unwrap().clone().unwrap_or_else(nothing)))
    }

    async fn stream_shares(
        &self,
        _: Request<settlement_pb::StreamSharesRequest>,
    ) -> Result<Response<Self::StreamSharesStream>, Status> {
        Err(Fault::wrong_state("not_asked", "nobody asks this yet").into())
    }

    async fn stream_burdens(
        &self,
        request: Request<settlement_pb::StreamBurdensRequest>,
    ) -> Result<Response<Self::StreamBurdensStream>, Status> {
        let away = || Fault::unavailable("settlement", Duration::from_secs(1));
        if *self.away.lock().unwrap() {
            return Err(away().into());
        }
        let burdens = self.burdens.lock().unwrap().clone();
        // a token is the number of those before it
        let from = request.into_inner().resume_token.parse().unwrap_or(0);
        self.folded.lock().unwrap().push(from);
        let breaks = self.breaks.lock().unwrap().take();
        let until = breaks.unwrap_or(burdens.len());
        let token = |(at, one)| settlement_pb::StreamBurdensResponse { resume_token: format!("{}", at + 1), ..one };
        let said: Vec<Result<_, Status>> = (0..).zip(burdens).take(until).skip(from).map(token).map(Ok).collect();
        let broken = breaks.map(|_| Err(away().into()));
        Ok(Response::new(Box::pin(tokio_stream::iter(said.into_iter().chain(broken)))))
    }
}
