//! The real process, killed at each failpoint: what it had kept is there, what it had not comes again, and nothing twice.

use std::io::{BufRead as _, BufReader, Lines};
use std::pin::Pin;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use ::pb::assistance::v1 as pb;
use ::pb::policy::v1 as policy_pb;
use ::pb::settlement::v1 as settlement_pb;
use ::pb::r#type::v1::{Category, EntryState};
use assistance::MIGRATIONS;
use host::Services;
use pb::application_service_client::ApplicationServiceClient;
use pb::category_service_client::CategoryServiceClient;
use pb::payer_service_client::PayerServiceClient;
use pb::reservation_service_client::ReservationServiceClient;
use policy_pb::registry_service_server::{RegistryService, RegistryServiceServer};
use rpc::{Client, Fault};
use settlement_pb::one_stop_service_server::OneStopServiceServer;
use store::sea_orm::{ConnectionTrait as _, Statement};
use store::{Database, Error, Tx, migrations};
use testkit::{on_postgres, on_sqlite};
use tokio_stream::{Stream, iter};
use tonic::{Request, Response, Status};

use crate::applying::{category, grants, wanting};
use crate::offers::{joining, registering, sixty_percent};
use crate::support::{SHIPPED, Settlement, asking, change, eventually, granted, granting, serve, stand, terms};

/// Every failpoint of the service.
const POINTS: [&str; 7] =
    ["reserve.kept", "post.kept", "sweep.asked", "sweep.voided", "reassess.sent", "reassess.asked", "reassess.done"];

#[test]
fn every_failpoint_of_the_service_is_a_point_of_this_test() {
    let sources = [
        include_str!("../../src/app/reserve.rs"),
        include_str!("../../src/app/keep.rs"),
        include_str!("../../src/app/sweep.rs"),
        include_str!("../../src/app/deliver.rs"),
    ];
    let named = sources.iter().flat_map(|source| source.split("failpoint(\"").skip(1));
    let mut named: Vec<&str> = named.filter_map(|rest| rest.split('"').next()).collect();
    let mut tested = POINTS.to_vec();
    named.sort_unstable();
    tested.sort_unstable();
    assert_eq!(named, tested);
}

/// A registry with one publication: the packs that ship, for everywhere.
pub(crate) struct One;

fn not_asked<T>() -> Result<Response<T>, Status> {
    Err(Fault::wrong_state("not_asked", "nobody asks this").into())
}

#[tonic::async_trait]
impl RegistryService for One {
    type StreamVersionStream = Pin<Box<dyn Stream<Item = Result<policy_pb::StreamVersionResponse, Status>> + Send>>;

    async fn list_publications(
        &self,
        _: Request<policy_pb::ListPublicationsRequest>,
    ) -> Result<Response<policy_pb::ListPublicationsResponse>, Status> {
        let publication = policy_pb::Publication {
            publication_id: "1".to_owned(),
            policy_version: SHIPPED.version().to_string(),
            division: "100000".to_owned(),
            operator_id: "officer".to_owned(),
            published_at: Some(prost_types::Timestamp { seconds: 1_600_000_000, nanos: 0 }),
            ..Default::default()
        };
        let (publications, next_page_token) = (vec![publication], String::new());
        Ok(Response::new(policy_pb::ListPublicationsResponse { publications, next_page_token }))
    }

    async fn stream_version(
        &self,
        _: Request<policy_pb::StreamVersionRequest>,
    ) -> Result<Response<Self::StreamVersionStream>, Status> {
        let message = |file: policy::PackFile| {
            let file = Some(policy_pb::PackFile { path: file.path, text: file.text });
            Ok(policy_pb::StreamVersionResponse { file })
        };
        Ok(Response::new(Box::pin(iter(policy::Policy::shipped_files().into_iter().map(message)))))
    }

    async fn check_packs(
        &self,
        _: Request<policy_pb::CheckPacksRequest>,
    ) -> Result<Response<policy_pb::CheckPacksResponse>, Status> {
        not_asked()
    }

    async fn publish_version(
        &self,
        _: Request<policy_pb::PublishVersionRequest>,
    ) -> Result<Response<policy_pb::PublishVersionResponse>, Status> {
        not_asked()
    }

    async fn roll_forward(
        &self,
        _: Request<policy_pb::RollForwardRequest>,
    ) -> Result<Response<policy_pb::RollForwardResponse>, Status> {
        not_asked()
    }

    async fn get_head(
        &self,
        _: Request<policy_pb::GetHeadRequest>,
    ) -> Result<Response<policy_pb::GetHeadResponse>, Status> {
        not_asked()
    }

    async fn diff_versions(
        &self,
        _: Request<policy_pb::DiffVersionsRequest>,
    ) -> Result<Response<policy_pb::DiffVersionsResponse>, Status> {
        not_asked()
    }
}

/// A database, and a settlement service that outlives every process.
struct Around {
    url: String,
    database: Database,
    settlement: Arc<Settlement>,
    address: String,
}

impl Around {
    async fn new(url: String) -> Self {
        let database = Database::open(&url).await.unwrap();
        migrations::migrate(&database, MIGRATIONS).await.unwrap();
        let settlement = Arc::new(Settlement::default());
        let one_stop = OneStopServiceServer::from_arc(Arc::clone(&settlement));
        let address = serve(Services::new().with(one_stop).with(RegistryServiceServer::new(One))).await;
        Self { url, database, settlement, address }
    }

    /// As if the time had passed for which a killed process had taken something for itself.
    async fn leases_end(&self) {
        for table in ["outbox", "hold"] {
            let pending = if table == "hold" { " WHERE state = 'pending'" } else { "" };
            let work = |tx: Tx| async move {
                let sql = format!("UPDATE {table} SET lease_until = 0{pending}");
                tx.execute_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
                Ok::<_, Error>(())
            };
            self.database.transaction(work).await.unwrap();
        }
    }

    /// The process, which stops for good at a failpoint; at none where it is empty.
    async fn served(&self, point: &str) -> Served {
        let mut child = Command::new(env!("CARGO_BIN_EXE_assistance"))
            .env("YIBAO_ASSISTANCE_LISTEN", "127.0.0.1:0")
            .env("YIBAO_ASSISTANCE_DATABASE_URL", &self.url)
            .env("YIBAO_ASSISTANCE_SETTLEMENT_ADDRESS", &self.address)
            .env("YIBAO_ASSISTANCE_HOLD_SECONDS", "1")
            .env("YIBAO_ASSISTANCE_SWEEP_SECONDS", "1")
            .env("YIBAO_ASSISTANCE_LOG", "off")
            .env("YIBAO_FAILPOINT", point)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the process starts");
        let said = BufReader::new(child.stdout.take().expect("an output"));
        let heard = tokio::task::spawn_blocking(move || {
            let mut lines = said.lines();
            let listens = |line: String| line.split_once(" listens on ").map(|(_, address)| address.to_owned());
            (lines.by_ref().map_while(Result::ok).find_map(listens), lines)
        });
        let (address, said) = heard.await.expect("heard");
        let channel = rpc::channel(&format!("http://{}", address.expect("it says where it listens"))).unwrap();
        Served { child, channel, said: Some(said) }
    }
}

/// The process, killed with the test.
struct Served {
    child: Child,
    channel: Client,
    said: Option<Lines<BufReader<ChildStdout>>>,
}

impl Served {
    fn reservations(&self) -> ReservationServiceClient<Client> {
        ReservationServiceClient::new(self.channel.clone())
    }

    fn applications(&self) -> ApplicationServiceClient<Client> {
        ApplicationServiceClient::new(self.channel.clone())
    }

    fn categories(&self) -> CategoryServiceClient<Client> {
        CategoryServiceClient::new(self.channel.clone())
    }

    fn payers(&self) -> PayerServiceClient<Client> {
        PayerServiceClient::new(self.channel.clone())
    }

    /// Registers a plan that has a person as member.
    async fn plan(&self, person: &str) {
        let plan = self.payers().register_plan(registering("", sixty_percent())).await.unwrap().into_inner();
        let members = [(person, "2022-01-01", "2022-12-31")];
        let joining = joining("join", &plan.plan.unwrap().plan_id, &members);
        self.payers().join_members(iter(vec![joining])).await.unwrap();
    }

    /// What stands promised to a person, in fen.
    async fn promised(&self, person: &str) -> Vec<i64> {
        let request = pb::ListOffersRequest { person_id: person.to_owned(), ..Default::default() };
        let offers = self.payers().list_offers(request).await.unwrap().into_inner().offers;
        offers.iter().map(|offer| offer.promised_fen).collect()
    }

    /// Waits until the process has stopped at a failpoint, and kills it: SIGKILL.
    async fn killed_at(mut self, point: &str) {
        let (mut said, stopped) = (self.said.take().expect("asked once"), format!("failpoint {point}"));
        let heard = tokio::task::spawn_blocking(move || said.any(|line| line.is_ok_and(|line| line == stopped)));
        assert!(heard.await.expect("heard"), "the process ended before {point}");
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    async fn hold(&self, hold: &str) -> pb::Reservation {
        let request = pb::GetReservationRequest { hold_id: hold.to_owned() };
        self.reservations().get_reservation(request).await.unwrap().into_inner().reservation.unwrap()
    }

    /// Pending and posted of `assistance` in 2022, in fen.
    async fn limit(&self, person: &str) -> (i64, i64) {
        let request = pb::GetLimitsRequest { person_id: person.to_owned(), year: 2022 };
        let found = self.reservations().get_limits(request).await.unwrap().into_inner().limits;
        found.first().map_or((0, 0), |limit| (limit.pending_fen, limit.posted_fen))
    }

    async fn reserve(&self, hold: &str, person: &str) -> i64 {
        let answer = self.reservations().reserve(asking(hold, person, 700)).await.unwrap().into_inner();
        granted(&answer.outcome.unwrap())
    }

    async fn post(&self, change: settlement_pb::Change) -> pb::PostOutcome {
        let request = pb::PostChangesRequest { changes: vec![change] };
        self.reservations().post_changes(request).await.unwrap().into_inner().changes[0].outcome()
    }

    async fn reassessments(&self, person: &str) -> Vec<pb::Reassessment> {
        let request = pb::ListReassessmentsRequest { person_id: person.to_owned(), ..Default::default() };
        self.categories().list_reassessments(request).await.unwrap().into_inner().reassessments
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn holds_and_changes(around: &Around) {
    // settlement has used these holds and its Changes are on their way: the sweep keeps them if it comes first
    let used = change("post", 1, "post", &[("C1", 0, 600)]);
    around.settlement.made.lock().unwrap().push(used.clone());
    let served = around.served("reserve.kept").await;
    let mut client = served.reservations();
    let calling = tokio::spawn(async move { client.reserve(asking("post", "post", 700)).await });
    served.killed_at("reserve.kept").await;
    assert!(calling.await.unwrap().is_err(), "nobody was answered");
    let served = around.served("post.kept").await;
    let held = served.hold("post").await;
    assert!(held.parts[0].granted_fen == 700, "it was kept: {held:?}");
    served.plan("post").await;
    let mut client = served.reservations();
    let request = pb::PostChangesRequest { changes: vec![used.clone()] };
    let calling = tokio::spawn(async move { client.post_changes(request).await });
    served.killed_at("post.kept").await;
    assert!(calling.await.unwrap().is_err());
    let served = around.served("").await;
    assert_eq!(served.post(used).await, pb::PostOutcome::Known);
    assert_eq!((served.limit("post").await, served.hold("post").await.state()), ((0, 600), EntryState::Posted));
    // 60 % of (99,994.00 - 3,000.00): offered in the same commit, and once
    assert_eq!(served.promised("post").await, [5_819_640]);
    let late = served.reservations().reserve(asking("post", "post", 700)).await.unwrap().into_inner();
    assert!(matches!(late.outcome, Some(pb::reserve_response::Outcome::Over(_))), "{late:?}");
}

async fn sweeps(around: &Around) {
    for point in ["sweep.asked", "sweep.voided"] {
        let served = around.served(point).await;
        assert_eq!(served.reserve(point, point).await, 700);
        served.killed_at(point).await;
        around.leases_end().await;
        let served = around.served("").await;
        let look = || async { Some(served.hold(point).await.state()).filter(|state| *state != EntryState::Pending) };
        assert_eq!((eventually(look).await, served.limit(point).await), (EntryState::Voided, (0, 0)), "{point}");
    }
}

async fn reassessments(around: &Around) {
    for point in ["reassess.sent", "reassess.asked", "reassess.done"] {
        let mut settled = change(point, 1, "", &[(point, 0, 0)]);
        settled.years[0].claims = vec![settlement_pb::ClaimStand {
            categories: Vec::new(),
            third_system: settlement_pb::ThirdSystem::NotConcerned.into(),
            ..stand(point, 0, 0)
        }];
        let served = around.served(point).await;
        assert_eq!(served.post(settled).await, pb::PostOutcome::Kept);
        let grant = granting(point, terms(Category::Destitute, "2022-01-01", ""));
        // the process may stop before it has answered
        let mut client = served.categories();
        let (asked, calling) = (grant.clone(), tokio::spawn(async move { client.grant_category(grant).await }));
        served.killed_at(point).await;
        drop(calling.await);
        around.leases_end().await;
        let served = around.served("").await;
        let again = served.categories().grant_category(asked).await.unwrap().into_inner();
        assert_eq!(again.reassessed_years, [2022], "the kept answer");
        let look = || async {
            let found = served.reassessments(point).await;
            found.iter().all(|one| one.state() != pb::ReassessmentState::Asked).then_some(found)
        };
        let found = eventually(look).await;
        let states: Vec<pb::ReassessmentState> = found.iter().map(pb::Reassessment::state).collect();
        assert_eq!(states, [pb::ReassessmentState::NothingChanged], "{point}");
        eventually(|| async { (store::outbox::waiting(&around.database).await.unwrap() == 0).then_some(()) }).await;
        let times =
            |asked: &Vec<settlement_pb::ReassessRequest>| asked.iter().filter(|one| one.person_id == point).count();
        let times = times(&around.settlement.reassessed.lock().unwrap());
        assert_eq!(times, if point == "reassess.asked" { 2 } else { 1 }, "{point}");
    }
    assert_eq!(around.settlement.answered.lock().unwrap().len(), 3, "one key for each");
}

/// The process is killed between a confirmation and what follows from it: the decision stands once, and its bills are decided anew.
async fn applications(around: &Around) {
    let (person, point) = ("apply", "reassess.sent");
    let served = around.served(point).await;
    let mut settled = change(person, 1, "", &[(person, 0, 0)]);
    settled.years[0].claims = vec![settlement_pb::ClaimStand {
        categories: Vec::new(),
        third_system: settlement_pb::ThirdSystem::NotConcerned.into(),
        ..stand(person, 0, 0)
    }];
    assert_eq!(served.post(settled).await, pb::PostOutcome::Kept);
    let mut client = served.applications();
    let applying = pb::ApplyRequest {
        idempotency_key: "apply".to_owned(),
        person_id: person.to_owned(),
        terms: Some(wanting(category(Category::IllnessPoor))),
        operator_id: "window".to_owned(),
        ..Default::default()
    };
    let id = client.apply(applying).await.unwrap().into_inner().application.unwrap().application_id;
    let proposing = pb::ProposeDecisionRequest {
        idempotency_key: "propose".to_owned(),
        application_id: id.clone(),
        decision: Some(pb::ProposedDecision { verdict: Some(grants(Category::IllnessPoor, "2022-10-01")) }),
        operator_id: "first".to_owned(),
        remark: String::new(),
    };
    client.propose_decision(proposing).await.unwrap();
    let confirming = pb::ConfirmDecisionRequest {
        idempotency_key: "confirm".to_owned(),
        application_id: id.clone(),
        proposal: 2,
        operator_id: "second".to_owned(),
        ..Default::default()
    };
    let asked = confirming.clone();
    let calling = tokio::spawn(async move { client.confirm_decision(asked).await });
    served.killed_at(point).await;
    drop(calling.await);
    around.leases_end().await;
    let served = around.served("").await;
    let answer = served.applications().confirm_decision(confirming).await.unwrap().into_inner();
    assert_eq!(answer.application.unwrap().steps.len(), 3, "the kept answer");
    let look = || async {
        let found = served.reassessments(person).await;
        found.iter().all(|one| one.state() != pb::ReassessmentState::Asked).then_some(found)
    };
    assert_eq!(eventually(look).await.len(), 1);
    let of_person = pb::ListCategoryHistoryRequest { person_id: person.to_owned(), ..Default::default() };
    let versions = served.categories().list_category_history(of_person).await.unwrap().into_inner().versions;
    assert_eq!(versions.iter().map(|one| one.application_id.as_str()).collect::<Vec<_>>(), [id]);
}

async fn killed_at_every_point(url: String) {
    let around = Around::new(url).await;
    holds_and_changes(&around).await;
    sweeps(&around).await;
    reassessments(&around).await;
    applications(&around).await;
    assert!(store::journal::sum(around.database.reader()).await.unwrap().is_zero());
    let balances = store::journal::balances(around.database.reader()).await.unwrap();
    let spent = balances.iter().find(|(account, _)| account.to_string() == "fund:370800:assistance").unwrap();
    assert_eq!(spent.1.net().get(), 600, "booked once");
}

/// A program built for release has no failpoints.
const HAS_FAILPOINTS: bool = cfg!(debug_assertions);

#[test]
fn a_process_killed_at_any_point_has_lost_nothing_and_done_nothing_twice_on_sqlite() {
    if HAS_FAILPOINTS {
        on_sqlite(killed_at_every_point);
    }
}

#[test]
fn a_process_killed_at_any_point_has_lost_nothing_and_done_nothing_twice_on_postgresql() {
    if HAS_FAILPOINTS {
        on_postgres(killed_at_every_point);
    }
}
