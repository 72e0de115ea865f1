//! Two processes with a line between them that is cut, stalled and broken, and either of them killed again and again: every bill is in
//! both provinces or in neither, and every answer stays what it was.
//!
//! `tests/bench/crossings` runs the same with more of everything.

use std::hash::{BuildHasher as _, RandomState};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pb::care_service_client::CareServiceClient;
use pb::cross_province::v1 as pb;
use pb::settle_bill_response::Outcome;
use store::Database;
use store::sea_orm::{ConnectionTrait as _, Statement};
use testkit::{Authority, Line, Postgres, Proxy, Serving, free_ports};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tonic::{Response, Status};

use crate::broken::{is_sound, many, rests, undo};
use crate::enrols::enrols;
use crate::pair::{self, CARE, INSURED, Pair, Province, asks, visit};
use crate::program::{Files, PROGRAM};
use crate::thin::reason;

/// How many calls are under way at once.
const CALLERS: u64 = 6;
/// How long one call is made again and again.
const PATIENCE: Duration = Duration::from_secs(120);

/// One of the two processes.
struct One {
    files: Files,
    province: &'static str,
    url: String,
    calls: SocketAddr,
    line: SocketAddr,
    settlement: String,
    running: Option<Serving>,
}

impl One {
    async fn start(&mut self) {
        let (calls, line) = (self.calls.to_string(), self.line.to_string());
        let named = self.files.variables();
        let mut all: Vec<(&str, &str)> = named.iter().map(|(name, path)| (*name, path.as_str())).collect();
        all.extend([
            ("DATABASE_URL", self.url.as_str()),
            ("DATABASE_CONNECTIONS", "8"),
            ("LISTEN", &calls),
            ("PEER_LISTEN", &line),
            ("LOG", "off"),
            ("PROVINCE", self.province),
            ("SIGNING_KEY_ID", "2026"),
            ("SETTLEMENT_ADDRESS", &self.settlement),
            ("RETRY_SECONDS_MAX", "2"),
        ]);
        self.running = Some(PROGRAM.serve(&all).await);
    }

    /// SIGKILL, and another start at the same place.
    async fn dies_and_comes_back(&mut self) {
        self.running.take().expect("it runs").kill();
        self.start().await;
    }
}

/// Both, and what a test looks at.
struct Town {
    pair: Pair,
    ones: [One; 2],
}

/// The URL of a database beside that of another.
fn url_beside(url: &str, name: &str) -> String {
    match url.strip_suffix("/postgres") {
        Some(server) => format!("{server}/{name}"),
        None => url.replace("test.db", &format!("{name}.db")),
    }
}

impl Town {
    async fn open(url: &str) -> Self {
        let settlement = Database::open(url).await.unwrap();
        let settled = format!("http://{}", pair::settles(&settlement, pair::packs(), enrols().await).await);
        let authority = Authority::new();
        let [care_calls, care_line, insured_calls, insured_line] = free_ports();
        let proxy = Proxy::to(insured_line).await;
        let files = [CARE, INSURED].map(|province| Files::of(province, &authority));
        let addresses = [care_line, proxy.address()].map(|address| format!("https://{address}"));
        let rows = [CARE, INSURED].iter().zip(&files).zip(&addresses);
        let peers: String = rows.map(|((province, files), address)| files.row(province, address)).collect();
        let databases = [pair::beside(url, "care").await, pair::beside(url, "insured").await];
        let urls = ["care", "insured"].map(|name| url_beside(url, name));
        for url in &urls {
            let migrated = PROGRAM.run(&["migrate"], &[("DATABASE_URL", url)]);
            assert_eq!(migrated.code, 0, "{migrated:?}");
        }
        let [care, insured] = databases;
        let care = Province { calls: care_calls, line: care_line, database: care };
        let insured = Province { calls: insured_calls, line: insured_line, database: insured };
        let table = cross_province::Peers::read(&peers).unwrap();
        let mut ones = Vec::new();
        for (at, (files, province)) in files.into_iter().zip([CARE, INSURED]).enumerate() {
            files.knows(&peers);
            let [calls, line] = [[care_calls, care_line], [insured_calls, insured_line]][at];
            let (url, settlement) = (urls[at].clone(), settled.clone());
            ones.push(One { files, province, url, calls, line, settlement, running: None });
        }
        let mut ones: [One; 2] = ones.try_into().ok().unwrap();
        for one in &mut ones {
            one.start().await;
        }
        let pair = Pair { care, insured, settlement, proxy, table, authority, hub: None };
        Self { pair, ones }
    }

    async fn rests_soon(&self) {
        let (mut turns, end) = (interval(Duration::from_secs(1)), Instant::now() + PATIENCE);
        while !rests(&self.pair).await {
            assert!(Instant::now() < end, "it does not come to rest");
            turns.tick().await;
        }
    }
}

/// Numbers drawn by lot, the same for the same seed (SplitMix64).
struct Lots(u64);

impl Lots {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % most
    }
}

/// Calls again and again, with the same key, until there is an answer, or a reason that does not go away by itself; after a while,
/// the last status.
async fn answered<T, F>(calling: impl Fn() -> F) -> Result<T, String>
where
    F: Future<Output = Result<Response<T>, Status>>,
{
    let (mut turns, end) = (interval(Duration::from_millis(50)), Instant::now() + PATIENCE);
    loop {
        turns.tick().await;
        match calling().await {
            Ok(answer) => return Ok(answer.into_inner()),
            Err(status) => {
                let reason = reason(&status);
                if Instant::now() > end {
                    return Err(format!("after {PATIENCE:?} still {status:?}"));
                }
                if !["", "UNAVAILABLE", "DEADLINE", "CONTENDED"].contains(&reason.as_str()) {
                    return Err(reason);
                }
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test is told by nobody else how much it is to do")]
fn told(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |value| value.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

/// What all callers share.
struct Shared {
    hospital: CareServiceClient<rpc::Client>,
    bills: u64,
    seed: u64,
    begun: AtomicU64,
    databases: [Database; 2],
}

async fn rows(database: &Database, sql: &str) -> Vec<(String, String)> {
    let statement = Statement::from_string(database.reader().get_database_backend(), sql);
    let found = database.reader().query_all_raw(statement).await.unwrap();
    found.iter().map(|row| (row.try_get("", "id").unwrap(), row.try_get("", "said").unwrap())).collect()
}

/// A bill and what its hospital was told of it last.
type Told = (pb::SettleBillRequest, pb::SettleBillResponse);

impl Shared {
    async fn settles(&self, request: &pb::SettleBillRequest) -> Result<pb::SettleBillResponse, String> {
        answered(|| {
            let (mut hospital, request) = (self.hospital.clone(), request.clone());
            async move { hospital.settle_bill(request).await }
        })
        .await
    }

    /// Where a bill stands on both sides, and what was said of it.
    async fn stands(&self, key: &str) -> String {
        let care = format!(
            "SELECT bill_id AS id, state || ' ' || machine AS said FROM care_bill WHERE idempotency_key = '{key}'"
        );
        let care = rows(&self.databases[0], &care).await;
        let Some((id, said)) = care.first() else { return "never seen".to_owned() };
        let mut all = vec![format!("care: {said}")];
        let insured =
            format!("SELECT '' AS id, state || ' ' || machine AS said FROM insured_bill WHERE bill_id = '{id}'");
        all.extend(rows(&self.databases[1], &insured).await.into_iter().map(|(_, said)| format!("insured: {said}")));
        for (at, database) in self.databases.iter().enumerate() {
            let steps = "SELECT role AS id, number || ' ' || event || ' ' || state || ' ' || step || ' ' || happened_at AS said";
            let steps = format!("{steps} FROM bill_step WHERE bill_id = '{id}' ORDER BY number");
            all.extend(rows(database, &steps).await.into_iter().map(|(_, said)| format!("{at}: {said}")));
        }
        all.join("\n")
    }

    async fn takes_back(&self, key: &str) -> pb::ReverseEffect {
        let undone = answered(|| {
            let (mut hospital, request) = (self.hospital.clone(), undo(key));
            async move { hospital.reverse_bill(request).await }
        });
        match undone.await {
            Ok(undone) => undone.effect(),
            Err(error) => panic!("{key} is not taken back: {error}: {}", self.stands(key).await),
        }
    }
}

/// Settles bills until there are enough, and takes some of them back, one in twenty before it came; what still holds of the answers.
async fn calls(shared: Arc<Shared>, caller: u64) -> Vec<Told> {
    let (mut lots, mut told) = (Lots(shared.seed.wrapping_mul(1_000).wrapping_add(caller)), Vec::new());
    loop {
        let number = shared.begun.fetch_add(1, Ordering::SeqCst);
        if number >= shared.bills {
            return told;
        }
        let key = format!("K{number}");
        let amount = 30_000 + 1_000 * i64::try_from(lots.below(100)).unwrap();
        let mut request = asks(&key, visit(&format!("B{number}"), amount));
        request.submission.as_mut().unwrap().insured_id = format!("p{}", lots.below(50));
        if lots.below(20) == 0 {
            assert_eq!(shared.takes_back(&key).await, pb::ReverseEffect::OriginalRefusedFromNowOn, "{key}");
            assert_eq!(shared.settles(&request).await, Err("REVERSED_BEFORE".to_owned()), "{key}");
            continue;
        }
        let answer = match shared.settles(&request).await {
            Ok(answer) => answer,
            Err(error) => panic!("{key} is not answered: {error}: {}", shared.stands(&key).await),
        };
        let is_settled = matches!(answer.outcome, Some(Outcome::Settled(_)));
        if is_settled && lots.below(4) == 0 {
            assert_eq!(shared.takes_back(&key).await, pb::ReverseEffect::Reversed, "{key}");
        } else {
            told.push((request, answer));
        }
    }
}

/// Kills one process or both, and makes the line so and so, until all calls are answered; how often it killed.
async fn harm(town: &mut Town, callers: &mut JoinSet<Vec<Told>>, seed: u64) -> (usize, Vec<Told>) {
    let (mut lots, mut killed, mut told, mut turn) = (Lots(seed), 0, Vec::new(), 0);
    let mut turns = interval(Duration::from_millis(400));
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        while let Some(ended) = callers.try_join_next() {
            told.extend(ended.expect("a caller ends well"));
        }
        if callers.is_empty() {
            return (killed, told);
        }
        turn += 1;
        // whatever is drawn later, first one is killed, then both
        match if turn < 3 { 2 * (turn - 1) } else { lots.below(12) } {
            0 | 1 => {
                let [care, insured] = &mut town.ones;
                let one = if lots.below(2) == 0 { care } else { insured };
                one.dies_and_comes_back().await;
                killed += 1;
            }
            2 => {
                for one in &mut town.ones {
                    one.dies_and_comes_back().await;
                    killed += 1;
                }
            }
            3 => town.pair.proxy.set(Line::Cut),
            4 => town.pair.proxy.set(Line::Stalled),
            5 => town.pair.proxy.set(Line::NoAnswers),
            6..9 => town.pair.proxy.set(Line::Breaks(lots.below(u64::MAX))),
            _ => town.pair.proxy.set(Line::Whole),
        }
    }
}

async fn cut_stalled_and_killed(url: String) {
    let bills = told("YIBAO_CROSSINGS", 60);
    let (seed, began) = (told("YIBAO_CROSSINGS_SEED", RandomState::new().hash_one(0)), Instant::now());
    println!("{bills} bills, seed {seed}");
    let mut town = Town::open(&url).await;
    let (hospital, databases) =
        (town.pair.hospital(), [town.pair.care.database.clone(), town.pair.insured.database.clone()]);
    let shared = Arc::new(Shared { hospital, bills, seed, begun: AtomicU64::new(0), databases });
    let mut callers: JoinSet<Vec<Told>> = (0..CALLERS).map(|caller| calls(Arc::clone(&shared), caller)).collect();
    let (killed, answers) = harm(&mut town, &mut callers, seed).await;
    let cuts = town.pair.proxy.cuts();
    town.pair.proxy.set(Line::Whole);
    town.rests_soon().await;
    let settled = answers.iter().filter(|(_, answer)| matches!(answer.outcome, Some(Outcome::Settled(_)))).count();
    println!("{killed} kills, {cuts} cuts; {settled} stand settled; {:.0?}", began.elapsed());
    assert!(killed > 0 && settled > 0, "nothing was tried");
    let standing = many(&town.pair.care.database, "care_bill WHERE state = 'settled'").await;
    assert_eq!(usize::try_from(standing).unwrap(), settled, "what hospitals were told is what stands");
    is_sound(&town.pair).await;
    for (request, answer) in answers {
        assert_eq!(shared.settles(&request).await, Ok(answer), "asked again");
    }
}

fn run(body: impl Future<Output = ()>) {
    // it takes as long as it is told to
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(body);
}

#[test]
fn whatever_is_cut_stalled_or_killed_every_bill_is_in_both_provinces_or_in_neither_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    run(cut_stalled_and_killed(format!("sqlite:{}", folder.path().join("test.db").display())));
}

#[test]
fn whatever_is_cut_stalled_or_killed_every_bill_is_in_both_provinces_or_in_neither_on_postgresql() {
    let server = Postgres::start();
    run(cut_stalled_and_killed(server.url()));
}
