//! A settlement service of the test's own, served in this process on a loopback port and spoken to over gRPC.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use host::{Clock, Ids, Server, SystemIds};
use money::Fen;
use pb::policy::v1 as policy_pb;
use pb::settlement::v1::Submission;
use pb::settlement::v1::settlement_service_client::SettlementServiceClient;
use policy::{Accumulators, Bill, PackFile, Person, Policy};
use settlement::app::{Bind, Command, Committer, Credit, OpenYear, Work};
use settlement::domain::{MovementKind, Third};
use settlement::wiring::{MIGRATIONS, Parts, start};
use store::Database;
use store::idempotency::Call;
use terms::Name;
use tokio::sync::oneshot;

/// A clock that says what the test says.
pub(crate) struct TestClock(Mutex<DateTime<Utc>>);

impl TestClock {
    pub(crate) fn at(text: &str) -> Arc<Self> {
        Arc::new(Self(Mutex::new(text.parse().expect("a moment"))))
    }

    pub(crate) fn set(&self, text: &str) {
        *self.0.lock().unwrap() = text.parse().expect("a moment");
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        // later with each look, as a clock is
        let mut now = self.0.lock().unwrap();
        *now += Duration::from_micros(1);
        *now
    }
}

/// A service under test.
pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) database: Database,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) committer: Committer,
    pub(crate) registry: registry::Registry,
    stop: Option<oneshot::Sender<()>>,
    ended: tokio::task::JoinHandle<Result<(), host::HostError>>,
}

/// How a service under test differs from the usual.
pub(crate) struct Wish {
    pub(crate) enrolment: Option<String>,
    pub(crate) assistance: Option<String>,
    pub(crate) patience: Duration,
    pub(crate) trusts_facts: bool,
    pub(crate) trusts_cross_province: bool,
    pub(crate) redis: Option<String>,
    pub(crate) poll: Duration,
    /// The packs that are published before it starts; none: those that ship.
    pub(crate) packs: Option<Vec<PackFile>>,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            enrolment: None,
            assistance: None,
            // programs built for tests are slow, and run side by side
            patience: Duration::from_secs(1),
            trusts_facts: true,
            trusts_cross_province: true,
            redis: None,
            poll: Duration::from_millis(200),
            packs: None,
        }
    }
}

/// Brings the database up to date and publishes these packs in it.
pub(crate) async fn publish(database: &Database, files: Vec<PackFile>) {
    store::migrations::migrate(database, MIGRATIONS).await.expect("the database can be migrated");
    let settings = registry::Settings { redis: None, poll: Duration::from_secs(1) };
    let registry = registry::Registry::open(registry::Source::Database(database.clone()), settings).await;
    let (operator, reason, source) = ("test".to_owned(), "a test".to_owned(), "a test".to_owned());
    let (id, at) = (SystemIds.next().to_string(), "2030-01-01T00:00:00Z".parse().unwrap());
    let seed = registry::Seed { id, files, operator, reason, source, at };
    registry.expect("a registry").seed(seed).await.expect("the packs are published");
}

impl House {
    /// Migrates the database of the URL and serves it; it is late enough for every bill of the golden cases.
    pub(crate) async fn open(url: &str) -> Self {
        Self::open_with(url, Wish::default()).await
    }

    pub(crate) async fn open_with(url: &str, wish: Wish) -> Self {
        let Wish { enrolment, assistance, patience, trusts_facts, trusts_cross_province, redis, poll, packs } = wish;
        let database = Database::open(url).await.expect("the database can be opened");
        store::migrations::migrate(&database, MIGRATIONS).await.expect("the database can be migrated");
        if let Some(files) = packs {
            publish(&database, files).await;
        }
        let clock = TestClock::at("2035-06-01T02:00:00Z");
        let ids: Arc<dyn Ids> = Arc::new(SystemIds);
        let parts = Parts {
            database: database.clone(),
            redis,
            poll,
            enrolment,
            assistance,
            patience,
            trusts_facts,
            trusts_cross_province,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ids,
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let (end, ends) = tokio::sync::watch::channel(false);
        let mut until = ends.clone();
        let running = start(parts, async move { drop(until.wait_for(|ended| *ended).await) }).await;
        let running = running.expect("the service starts");
        let server = Server::bind("settlement", (Ipv4Addr::LOCALHOST, 0).into()).await.expect("a port is free");
        let address = server.address();
        let asked = async move {
            drop(stopped.await);
            let _ = end.send(true);
        };
        let ended = tokio::spawn(server.serve(running.services, Duration::from_secs(5), asked));
        let (committer, registry) = (running.committer, running.registry);
        Self { address, database, clock, committer, registry, stop: Some(stop), ended }
    }

    pub(crate) fn channel(&self) -> rpc::Client {
        rpc::channel(&format!("http://{}", self.address)).expect("an address")
    }

    pub(crate) fn client(&self) -> SettlementServiceClient<rpc::Client> {
        SettlementServiceClient::new(self.channel())
    }

    /// Stops serving, waits for the end, and says that the journal adds up to zero.
    pub(crate) async fn close(mut self) {
        assert_eq!(store::journal::sum(self.database.reader()).await.expect("a sum"), Fen::ZERO);
        drop(self.stop.take());
        self.ended.await.expect("the server ends").expect("the server ends well");
    }

    pub(crate) async fn carry_out(&self, command: Command) {
        let work = Work { command, encode: Arc::new(|_, _| Ok(Vec::new())), third: Third::Whole };
        self.committer.commit(work).await.expect("the command is carried out");
    }

    /// Gives a person an account, a relative's account that is bound, and a year with a start.
    pub(crate) async fn seed(&self, person: &str, year: i32, start: &Accumulators) {
        let owner = format!("{person}-relative");
        for (whose, amount) in [(person, start.account), (owner.as_str(), start.family_account)] {
            if !amount.is_zero() {
                self.credit(whose, amount).await;
            }
        }
        if !start.family_account.is_zero() {
            let call = Call::new("test", &format!("bind {person}"));
            let (owner, relative) = (name(&owner), name(person));
            let from = Some("2000-01-01".parse().unwrap());
            self.carry_out(Command::Bind(Bind { call, owner, relative, relation: "parent".to_owned(), from })).await;
        }
        let start = Accumulators { account: Fen::ZERO, family_account: Fen::ZERO, ..start.clone() };
        if start != Accumulators::default() {
            let call = Call::new("test", &format!("open {person} {year}"));
            let (source, operator) = ("test".to_owned(), "test".to_owned());
            let (division, replaces) = ("100000".parse().unwrap(), None);
            let open =
                OpenYear { call, person: name(person), year, division, start, source, operator, replaces, third: None };
            self.carry_out(Command::OpenYear(open)).await;
        }
    }

    pub(crate) async fn credit(&self, person: &str, amount: Fen) {
        let credit = name(&uuid::Uuid::now_v7().to_string());
        let call = Call::new("test", credit.as_str());
        let division = "100000".parse().unwrap();
        let (person, kind, payer) = (name(person), MovementKind::BroughtIn, None);
        self.carry_out(Command::Credit(Credit { call, person, credit, kind, amount, division, payer })).await;
    }
}

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).expect("a short name")
}

/// The packs that ship, compiled once for the whole test binary.
pub(crate) fn shipped() -> &'static Policy {
    static SHIPPED: std::sync::OnceLock<Policy> = std::sync::OnceLock::new();
    SHIPPED.get_or_init(|| Policy::compile(&Policy::shipped_files()).expect("the packs that ship compile"))
}

/// An institution's id of a number.
pub(crate) fn institution(number: usize) -> String {
    format!("H{number:011}")
}

/// The id of an institution of a number, which says whether it is a hospital or a pharmacy, as the bill does.
pub(crate) fn billing(number: usize, bill: &Bill) -> String {
    let letter = if bill.institution == terms::Institution::Pharmacy { 'P' } else { 'H' };
    format!("{letter}{number:011}")
}

/// What an institution hands in.
pub(crate) fn submission(person_id: &str, institution_id: &str, person: &Person, bill: &Bill) -> Submission {
    Submission {
        person_id: person_id.to_owned(),
        institution_id: institution_id.to_owned(),
        bill: Some(wire::write::bill(bill, person.use_account)),
        person_facts: Some(wire::write::person(person)),
        with_steps: true,
        ..Submission::default()
    }
}

/// The figures of a settled decision.
pub(crate) fn shares(decision: &policy_pb::Decision) -> policy_pb::Shares {
    match &decision.outcome {
        Some(policy_pb::decision::Outcome::Settled(settlement)) => settlement.shares.expect("shares"),
        other => panic!("not settled: {other:?}"),
    }
}
