//! Both processes, each with a database of its own, at addresses that stay; what is killed comes back there.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use pb::assistance::v1::category_service_client::CategoryServiceClient;
use pb::assistance::v1::reservation_service_client::ReservationServiceClient;
use pb::settlement::v1::one_stop_service_client::OneStopServiceClient;
use pb::settlement::v1::settlement_service_client::SettlementServiceClient;
use sea_orm::ConnectionTrait as _;
use testkit::{Program, Serving, free_ports};
use tokio::select;
use tokio::time::{Instant, interval, timeout};
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::audit::Books;
use crate::town;

pub(crate) const SETTLEMENT: Program = Program::new(env!("CARGO_BIN_EXE_e2e-settlement"), "YIBAO_SETTLEMENT_");
pub(crate) const ASSISTANCE: Program = Program::new(env!("CARGO_BIN_EXE_e2e-assistance"), "YIBAO_ASSISTANCE_");

/// How long something is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long nothing may go on where something is still under way: longer than the longest pause of a relay.
const REST: Duration = Duration::from_secs(90);

/// One of the two processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Settlement,
    Assistance,
}

pub(crate) const BOTH: [Who; 2] = [Who::Settlement, Who::Assistance];

/// Where everything is: it outlives every process.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    settlement: SocketAddr,
    assistance: SocketAddr,
    settlement_url: String,
    assistance_url: String,
    channels: [rpc::Client; 2],
}

/// Both processes, killed with the test.
pub(crate) struct Cluster {
    pub(crate) places: Places,
    pub(crate) books: Books,
    settlement: Option<Serving>,
    assistance: Option<Serving>,
}

impl Places {
    fn url(&self, who: Who) -> &str {
        match who {
            Who::Settlement => &self.settlement_url,
            Who::Assistance => &self.assistance_url,
        }
    }

    pub(crate) fn settlement(&self) -> SettlementServiceClient<rpc::Client> {
        SettlementServiceClient::new(self.channels[0].clone())
    }

    pub(crate) fn one_stop(&self) -> OneStopServiceClient<rpc::Client> {
        OneStopServiceClient::new(self.channels[0].clone())
    }

    pub(crate) fn categories(&self) -> CategoryServiceClient<rpc::Client> {
        CategoryServiceClient::new(self.channels[1].clone())
    }

    pub(crate) fn reservations(&self) -> ReservationServiceClient<rpc::Client> {
        ReservationServiceClient::new(self.channels[1].clone())
    }
}

impl Cluster {
    /// Both processes, ready, in the tests' town; `url` is settlement's database, and the other one stands beside it.
    pub(crate) async fn open(url: &str) -> Self {
        let assistance_url = beside(url, "assistance").await;
        let [settlement, assistance] = free_ports();
        // they connect anew after every loss
        let channels = [settlement, assistance].map(|at| rpc::channel(&format!("http://{at}")).expect("an address"));
        let places = Places { settlement, assistance, settlement_url: url.to_owned(), assistance_url, channels };
        let of_settlement = [("DATABASE_URL", places.settlement_url.as_str())];
        // assistance reads all it is told before it migrates
        let elsewhere = ("SETTLEMENT_ADDRESS", "http://127.0.0.1:1");
        let of_assistance = [("DATABASE_URL", places.assistance_url.as_str()), elsewhere];
        for ended in [SETTLEMENT.run(&["migrate"], &of_settlement), ASSISTANCE.run(&["migrate"], &of_assistance)] {
            assert_eq!(ended.code, 0, "{ended:?}");
        }
        town::publish(&places.settlement_url).await;
        let books = Books::open(&places.settlement_url, &places.assistance_url).await;
        let mut cluster = Self { places, books, settlement: None, assistance: None };
        for who in BOTH {
            cluster.start(who, "").await;
        }
        cluster
    }

    /// Starts a process that is not running; it stops for good at a failpoint, at none where that is empty.
    pub(crate) async fn start(&mut self, who: Who, point: &str) {
        let Places { settlement, assistance, settlement_url, assistance_url, .. } = &self.places;
        let (at_settlement, at_assistance) = (format!("http://{settlement}"), format!("http://{assistance}"));
        let listen = match who {
            Who::Settlement => settlement.to_string(),
            Who::Assistance => assistance.to_string(),
        };
        let shared = [("LISTEN", listen.as_str()), ("LOG", "off"), ("DATABASE_CONNECTIONS", "8")];
        let point = [("YIBAO_FAILPOINT", point)];
        match who {
            Who::Settlement => {
                let own = [
                    ("DATABASE_URL", settlement_url.as_str()),
                    ("ASSISTANCE_ADDRESS", &at_assistance),
                    ("TRUSTED_FACTS", "true"),
                ];
                self.settlement = Some(SETTLEMENT.serve(&[&shared[..], &own, &point].concat()).await);
            }
            Who::Assistance => {
                let own = [
                    ("DATABASE_URL", assistance_url.as_str()),
                    ("SETTLEMENT_ADDRESS", &at_settlement),
                    ("HOLD_SECONDS", "1"),
                    ("SWEEP_SECONDS", "1"),
                ];
                self.assistance = Some(ASSISTANCE.serve(&[&shared[..], &own, &point].concat()).await);
            }
        }
    }

    fn running(&mut self, who: Who) -> &mut Option<Serving> {
        match who {
            Who::Settlement => &mut self.settlement,
            Who::Assistance => &mut self.assistance,
        }
    }

    /// Waits until a process has stopped at its failpoint.
    pub(crate) async fn has_stopped_at(&mut self, who: Who, point: &str) {
        let running = self.running(who).as_mut().expect("it runs");
        let stopped = timeout(PATIENCE, running.says(&format!("failpoint {point}"))).await;
        assert!(stopped.unwrap_or_else(|_| panic!("{point} is not reached")), "the process ended before {point}");
    }

    /// SIGKILL. What it had taken for a time is free at once, and what it was asked is asked anew, as if that time had passed.
    pub(crate) async fn kill(&mut self, who: Who) {
        self.kill_only(who);
        self.done(who, "UPDATE outbox SET lease_until = 0 WHERE lease_owner IS NOT NULL AND delivered_at IS NULL")
            .await;
        let asked = "UPDATE hold SET lease_until = 0 WHERE lease_until > 0 AND state = 'pending'";
        self.done(Who::Assistance, asked).await;
    }

    /// SIGKILL, and what it had taken stays taken for as long as it said.
    pub(crate) fn kill_only(&mut self, who: Who) {
        self.running(who).take().expect("it runs").kill();
    }

    /// Kills a process and starts it again; it stops at a failpoint, at none where that is empty.
    pub(crate) async fn again(&mut self, who: Who, point: &str) {
        self.kill(who).await;
        self.start(who, point).await;
    }

    /// Waits until nothing is under way: everything is told, no hold is pending, and every year that was to be decided anew is.
    pub(crate) async fn is_at_rest(&self) {
        let (mut before, mut deadline) = (None, Instant::now() + REST);
        let mut looks = interval(Duration::from_millis(50));
        loop {
            let now = self.books.waiting().await;
            if before == Some(now) {
                if now.0 == 0 {
                    return;
                }
                if Instant::now() > deadline {
                    panic!("in {REST:?} nothing went on: {:#?}", self.books.waits_for().await);
                }
            } else {
                (before, deadline) = (Some(now), Instant::now() + REST);
            }
            looks.tick().await;
        }
    }

    /// Waits until nothing is under way; what waits to be tried again is tried soon, as if the time had passed.
    pub(crate) async fn is_at_rest_soon(&self) {
        let mut turns = interval(Duration::from_secs(2));
        let mut resting = pin!(self.is_at_rest());
        loop {
            select! {
                () = &mut resting => return,
                _ = turns.tick() => {
                    for who in BOTH {
                        self.done(who, "UPDATE outbox SET lease_until = 0 WHERE lease_owner IS NULL AND delivered_at IS NULL").await;
                    }
                }
            }
        }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.places.settlement_url.starts_with("sqlite:")
    }

    /// Runs a statement on a process's database, with a connection of its own.
    pub(crate) async fn done(&self, who: Who, sql: &str) {
        let other = sea_orm::Database::connect(self.places.url(who)).await.expect("a connection");
        other.execute_unprepared(sql).await.expect("done");
        other.close().await.expect("closed");
    }
}

/// Looks again and again until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    let mut looks = interval(Duration::from_millis(20));
    while !is_so().await {
        assert!(Instant::now() < deadline, "in {PATIENCE:?} not: {what}");
        looks.tick().await;
    }
}

/// Calls again and again, with the same key, until there is an answer.
pub(crate) async fn answered<T, F>(what: &str, calling: impl Fn() -> F) -> T
where
    F: Future<Output = Result<tonic::Response<T>, Status>>,
{
    let deadline = Instant::now() + PATIENCE;
    let mut turns = interval(Duration::from_millis(20));
    loop {
        match calling().await {
            Ok(answer) => return answer.into_inner(),
            Err(status) => assert!(may_come_again(&status), "{what}: {status:?}"),
        }
        assert!(Instant::now() < deadline, "in {PATIENCE:?} no answer: {what}");
        turns.tick().await;
    }
}

/// Whether the caller is to try again: nobody answered, or the answer says so.
fn may_come_again(status: &Status) -> bool {
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.as_str());
    reason.is_none_or(|reason| ["UNAVAILABLE", "DEADLINE", "CONTENDED"].contains(&reason))
}

/// The URL of another database beside the first.
pub(crate) async fn beside(url: &str, name: &str) -> String {
    if url.starts_with("sqlite:") {
        return url.replace("test.db", &format!("{name}.db"));
    }
    let first = sea_orm::Database::connect(url).await.expect("a connection");
    first.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("another database");
    first.close().await.expect("closed");
    format!("{}/{name}", url.strip_suffix("/postgres").expect("the server's own database"))
}
