//! The real process, killed: what was answered is there after it, nothing is there in part, and who got no answer tries again.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use pb::settlement::v1::settlement_service_client::SettlementServiceClient;
use pb::settlement::v1::{
    GetOutcomeRequest, GetOutcomeResponse, Outcome, ReverseClaimRequest, ReverseClaimResponse, SettleRequest,
    SettleResponse,
};
use store::Database;
use testkit::{Serving, on_both, on_postgres, on_sqlite};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::process::PROGRAM;
use crate::support::{institution, publish};
use crate::world::{
    Held, Lots, asks, claim_of, count, packs, reversal_by_key, split, until, until_waiting, verified, visit,
};

/// A day of service before the day of any test run: the process looks at the machine's clock.
pub(crate) const DAY: &str = "2025-03-01";

/// The settlement process, killed with the test.
pub(crate) struct Served(Serving);

impl Served {
    pub(crate) async fn start(url: &str) -> Self {
        Self::stopping_at(url, "").await
    }

    /// A process that stops for good at a failpoint.
    pub(crate) async fn stopping_at(url: &str, point: &str) -> Self {
        let told = [("DATABASE_URL", url), ("TRUSTED_FACTS", "true"), ("LOG", "off"), ("YIBAO_FAILPOINT", point)];
        Self(PROGRAM.serve(&told).await)
    }

    /// Waits until the process has stopped at a failpoint.
    pub(crate) async fn has_stopped_at(&mut self, point: &str) {
        assert!(self.0.says(&format!("failpoint {point}")).await, "the process ended before {point}");
    }

    pub(crate) fn channel(&self) -> rpc::Client {
        channel(self.0.address())
    }

    pub(crate) fn client(&self) -> SettlementServiceClient<rpc::Client> {
        SettlementServiceClient::new(self.channel())
    }

    /// SIGKILL.
    pub(crate) fn kill(self) {
        self.0.kill();
    }
}

fn channel(address: SocketAddr) -> rpc::Client {
    rpc::channel(&format!("http://{address}")).expect("an address")
}

pub(crate) async fn prepared(url: &str) -> Database {
    let database = Database::open(url).await.expect("a database");
    publish(&database, packs()).await;
    database
}

pub(crate) async fn outcome(served: &Served, key: &str) -> GetOutcomeResponse {
    let request = GetOutcomeRequest { idempotency_key: key.to_owned(), institution_id: institution(1) };
    served.client().get_outcome(request).await.expect("an outcome").into_inner()
}

/// A call and what it was answered; nothing where the process was killed first.
#[derive(Clone, Debug)]
enum Made {
    Settle(Box<SettleRequest>, Option<SettleResponse>),
    Reverse(ReverseClaimRequest, Option<ReverseClaimResponse>),
}

/// Settles bills and reverses every third until there is no answer any more.
async fn call_on(
    mut client: SettlementServiceClient<rpc::Client>,
    caller: u64,
    round: u64,
    made: Arc<Mutex<Vec<Made>>>,
) {
    let mut lots = Lots::new(caller * 1_000 + round);
    for number in 0.. {
        let key = format!("K{round}-{caller}-{number}");
        let amount = 1 + i64::try_from(lots.below(200_000)).unwrap();
        let request = asks(&key, &format!("p{}", lots.below(4)), &visit(&key, DAY, amount));
        let answer = client.settle(request.clone()).await.ok().map(tonic::Response::into_inner);
        let is_settled = answer.is_some();
        made.lock().unwrap().push(Made::Settle(Box::new(request), answer));
        if !is_settled {
            return;
        }
        if lots.below(3) == 0 {
            let request = reversal_by_key(&format!("R{key}"), &key);
            let answer = client.reverse_claim(request.clone()).await.ok().map(tonic::Response::into_inner);
            let is_reversed = answer.is_some();
            made.lock().unwrap().push(Made::Reverse(request, answer));
            if !is_reversed {
                return;
            }
        }
    }
}

/// What was answered is still answered so, and what was not is done exactly once when it is asked again.
async fn ask_again(served: &Served, made: &[Made]) {
    for call in made {
        match call {
            Made::Settle(request, answer) => {
                let again = served.client().settle(SettleRequest::clone(request)).await.expect("settled").into_inner();
                assert!(answer.as_ref().is_none_or(|answer| *answer == again), "an answer is kept");
                let kept = outcome(served, &request.idempotency_key).await;
                assert!([Outcome::Settled, Outcome::Reversed].contains(&kept.outcome()), "{kept:?}");
                assert_eq!(kept.claim.expect("a claim").claim_id, claim_of(again).claim_id);
            }
            Made::Reverse(request, answer) => {
                let again = served.client().reverse_claim(request.clone()).await.expect("reversed").into_inner();
                assert!(again.reversed && answer.as_ref().is_none_or(|answer| *answer == again), "an answer is kept");
                let kept = outcome(served, request.idempotency_key.trim_start_matches('R')).await;
                assert_eq!(kept.outcome(), Outcome::Reversed);
            }
        }
    }
}

async fn killed_again_and_again(url: String) {
    const ROUNDS: u64 = 6;
    let database = prepared(&url).await;
    let mut lots = Lots::new(7);
    let mut all = Vec::new();
    for round in 0..ROUNDS {
        let served = Served::start(&url).await;
        let made: Arc<Mutex<Vec<Made>>> = Arc::default();
        let mut callers = JoinSet::new();
        for caller in 0..8 {
            callers.spawn(call_on(served.client(), caller, round, Arc::clone(&made)));
        }
        let enough = usize::try_from(10 + lots.below(60)).unwrap();
        until("enough calls are answered", async || made.lock().unwrap().len() >= enough).await;
        served.kill();
        callers.join_all().await;
        let made = made.lock().unwrap().clone();
        let served = Served::start(&url).await;
        assert_eq!(verified(&served.channel()).await.1, Vec::<String>::new(), "right after the kill");
        ask_again(&served, &made).await;
        assert_eq!(verified(&served.channel()).await.1, Vec::<String>::new());
        all.extend(made);
        served.kill();
    }
    let served = Served::start(&url).await;
    ask_again(&served, &all).await;
    let asked = all.iter().filter(|made| matches!(made, Made::Settle(..))).count();
    let kept = count(&database, "SELECT COUNT(*) AS n FROM claim").await;
    assert_eq!(usize::try_from(kept).unwrap(), asked, "each call settled exactly once");
    assert_eq!(store::journal::sum(database.reader()).await.expect("a sum"), money::Fen::ZERO);
}

#[test]
fn a_process_killed_under_load_has_lost_nothing_it_answered_on_sqlite() {
    on_sqlite(killed_again_and_again);
}

#[test]
fn a_process_killed_under_load_has_lost_nothing_it_answered_on_postgresql() {
    on_postgres(killed_again_and_again);
}

/// Nothing is there of the call that was being made; asked again, it is settled once.
async fn nothing_is_there(url: &str, database: &Database, request: &SettleRequest) {
    let served = Served::start(url).await;
    let key = &request.idempotency_key;
    assert_eq!(outcome(&served, key).await.outcome(), Outcome::NeverSeen);
    for (table, rest) in [("claim", "bill"), ("decision", "claim"), ("idempotency", "key")] {
        let there = format!("SELECT COUNT(*) AS n FROM {table} WHERE {rest} LIKE '{key}%'");
        assert_eq!(count(database, &there).await, 0, "{table}");
    }
    assert_eq!(verified(&served.channel()).await.1, Vec::<String>::new());
    let answer = served.client().settle(request.clone()).await.expect("settled").into_inner();
    assert_eq!(served.client().settle(request.clone()).await.expect("settled").into_inner(), answer);
    assert_eq!(count(database, &format!("SELECT COUNT(*) AS n FROM claim WHERE bill = '{key}'")).await, 1);
    assert_eq!(verified(&served.channel()).await.1, Vec::<String>::new());
}

#[test]
fn a_process_killed_between_two_writes_of_a_commit_leaves_nothing_on_postgresql() {
    on_postgres(|url| async move {
        let database = prepared(&url).await;
        let served = Served::start(&url).await;
        served.client().settle(asks("K0", "p", &visit("K0", DAY, 100_000))).await.expect("settled");
        served.kill();
        // each lock stops the process at another place: before it reads the person, after the claim, before the journal,
        // when all is written but the answer to the key
        let points = [
            "UPDATE account SET moves = moves WHERE person = 'p'",
            "LOCK TABLE person_year IN EXCLUSIVE MODE",
            "LOCK TABLE journal IN EXCLUSIVE MODE",
            "LOCK TABLE idempotency IN EXCLUSIVE MODE",
        ];
        for (number, point) in points.into_iter().enumerate() {
            let key = format!("point-{number}");
            let request = asks(&key, "p", &visit(&key, DAY, 50_000));
            let served = Served::start(&url).await;
            let held = Held::by(&url, point).await;
            let (mut client, asked) = (served.client(), request.clone());
            let calling = tokio::spawn(async move { client.settle(asked).await });
            until_waiting(&database, 1).await;
            served.kill();
            assert!(calling.await.expect("a call").is_err(), "{point}");
            held.let_go().await;
            nothing_is_there(&url, &database, &request).await;
        }
    });
}

#[test]
fn a_process_killed_between_two_writes_of_a_commit_leaves_nothing_on_sqlite() {
    on_sqlite(|url| async move {
        let database = prepared(&url).await;
        let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000) SELECT i FROM n";
        Held::done(&url, &format!("CREATE TABLE many AS {many}")).await;
        for table in ["claim", "person_year", "journal", "idempotency"] {
            // the process does not come past this table for as long as anybody waits
            let never = "SELECT COUNT(*) FROM many a, many b, many c, many d";
            let slow = format!("CREATE TRIGGER slow AFTER INSERT ON {table} BEGIN {never}; END");
            Held::done(&url, &slow).await;
            let key = format!("point-{table}");
            let request = asks(&key, "p", &visit(&key, DAY, 50_000));
            let served = Served::start(&url).await;
            let (mut client, asked) = (served.client(), request.clone());
            let calling = tokio::spawn(async move { client.settle(asked).await });
            until("the process has the database", async || {
                assert!(!calling.is_finished(), "{table}: the trigger stops no call");
                Held::is_taken(&url).await
            })
            .await;
            served.kill();
            assert!(calling.await.expect("a call").is_err(), "{table}");
            Held::done(&url, "DROP TRIGGER slow").await;
            nothing_is_there(&url, &database, &request).await;
        }
    });
}

/// Hands bytes on between a caller and the process, until it is told to keep the answers to itself.
async fn gate(to: SocketAddr) -> (SocketAddr, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let keeps = Arc::new(AtomicBool::new(false));
    let is_kept = Arc::clone(&keeps);
    tokio::spawn(async move {
        while let Ok((caller, _)) = listener.accept().await {
            let Ok(process) = TcpStream::connect(to).await else { return };
            let ((mut from_caller, mut to_caller), (mut from_process, mut to_process)) =
                (caller.into_split(), process.into_split());
            tokio::spawn(async move { tokio::io::copy(&mut from_caller, &mut to_process).await });
            let is_kept = Arc::clone(&is_kept);
            tokio::spawn(async move {
                let mut bytes = vec![0; 16_384];
                while let Ok(many @ 1..) = from_process.read(&mut bytes).await {
                    if !is_kept.load(Ordering::SeqCst) && to_caller.write_all(&bytes[..many]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (address, keeps)
}

#[test]
fn a_process_killed_after_the_commit_and_before_the_answer_answers_when_asked_again() {
    on_both(|url| async move {
        let database = prepared(&url).await;
        let served = Served::start(&url).await;
        let (address, keeps) = gate(served.0.address()).await;
        let mut client = SettlementServiceClient::new(channel(address));
        client.settle(asks("K0", "p", &visit("K0", DAY, 100_000))).await.expect("settled");
        keeps.store(true, Ordering::SeqCst);
        let request = asks("K1", "p", &visit("K1", DAY, 50_000));
        let asked = request.clone();
        let calling = tokio::spawn(async move { client.settle(asked).await });
        let committed = "SELECT COUNT(*) AS n FROM claim WHERE key = 'K1'";
        until("the call is committed", async || count(&database, committed).await == 1).await;
        served.kill();
        assert!(calling.await.expect("a call").is_err(), "the answer never came");
        let served = Served::start(&url).await;
        assert_eq!(outcome(&served, "K1").await.outcome(), Outcome::Settled);
        let claim = claim_of(served.client().settle(request).await.expect("settled").into_inner());
        // 560.00 of the ceiling of 1000.00 are paid; 500.00 × 0.8 = 400.00
        assert_eq!((split(&claim)[0], count(&database, committed).await), (40_000, 1));
        assert_eq!(verified(&served.channel()).await.1, Vec::<String>::new());
    });
}
