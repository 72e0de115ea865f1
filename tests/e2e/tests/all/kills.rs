//! Many bills settled and reversed at once for people with tight limits, while one process or the other is killed again and again:
//! nothing is lost and nothing is done twice.
//!
//! `tests/bench/kills` runs the same with more of everything.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pb::settlement::v1::{ReverseClaimRequest, ReverseClaimResponse, SettleRequest, SettleResponse};
use testkit::Postgres;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::cluster::{BOTH, Cluster, Places, Who, until};
use crate::town::{bill, reversal};

/// How many calls are under way at once.
const CALLERS: usize = 4;

/// How much is done.
#[derive(Clone, Copy, Debug)]
struct Plan {
    settlements: usize,
    seed: u64,
}

impl Plan {
    /// As the environment says, else a small one.
    fn read() -> Self {
        Self { settlements: told("YIBAO_E2E_SETTLEMENTS", 300), seed: told("YIBAO_E2E_SEED", 7) }
    }

    /// About thirty bills each: enough to use up a year's limit several times.
    fn person(&self, lots: &mut Lots) -> String {
        format!("p{}", lots.below(self.settlements / 30 + 10))
    }

    /// Whether nobody is in a hurry: all comes to rest by itself.
    const fn is_large(&self) -> bool {
        self.settlements > 1_000
    }

    fn people(&self) -> impl Iterator<Item = String> {
        (0..self.settlements / 30 + 10).map(|number| format!("p{number}"))
    }
}

#[expect(clippy::disallowed_methods, reason = "a test is told by nobody else how much it is to do")]
fn told<T: std::str::FromStr>(name: &str, otherwise: T) -> T {
    std::env::var(name).ok().map_or(otherwise, |value| value.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

/// Numbers drawn by lot, the same for the same seed (SplitMix64).
struct Lots(u64);

impl Lots {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(most).expect("a number")).expect("a number")
    }
}

/// A call, and what it was answered.
#[derive(Clone, Debug)]
enum Made {
    Settled(Box<(SettleRequest, SettleResponse)>),
    Reversed(Box<(ReverseClaimRequest, ReverseClaimResponse)>),
}

impl Made {
    /// Asks once more, and says that the answer is the same.
    async fn answered_again(self, places: &Places) {
        match self {
            Self::Settled(made) => assert_eq!(places.settles(&made.0).await, made.1),
            Self::Reversed(made) => assert_eq!(places.reverses(&made.0).await, made.1),
        }
    }
}

/// What all callers share.
#[derive(Debug)]
struct Shared {
    plan: Plan,
    places: Places,
    begun: AtomicUsize,
    answers: AtomicUsize,
    made: Mutex<Vec<Made>>,
}

impl Shared {
    fn has(&self, made: Made) {
        self.made.lock().expect("a lock").push(made);
        self.answers.fetch_add(1, Ordering::SeqCst);
    }
}

/// Settles bills until there are enough; now and then reverses one of its own, and has a category granted late.
async fn calls(shared: Arc<Shared>, caller: usize) {
    let mut lots = Lots(shared.plan.seed.wrapping_mul(1_000).wrapping_add(u64::try_from(caller).expect("a number")));
    let (places, mut own) = (&shared.places, Vec::new());
    loop {
        let number = shared.begun.fetch_add(1, Ordering::SeqCst);
        if number >= shared.plan.settlements {
            return;
        }
        // 310.00 to 600.00 in whole tens, so that every share is a whole fen: the pooled fund pays little, assistance up to 300.00
        let (key, amount) = (format!("K{number}"), 31_000 + 1_000 * i64::try_from(lots.below(30)).expect("a number"));
        let who = shared.plan.person(&mut lots);
        let request = bill(&key, &who, amount);
        let answer = places.settles(&request).await;
        shared.has(Made::Settled(Box::new((request, answer))));
        own.push(key);
        if lots.below(4) == 0 {
            let original = own.swap_remove(lots.below(own.len()));
            let request = reversal(&format!("R{original}"), &original);
            let answer = places.reverses(&request).await;
            shared.has(Made::Reversed(Box::new((request, answer))));
        }
        if lots.below(10) == 0 {
            // the same person may be named often: it is granted once
            places.grants(&shared.plan.person(&mut lots)).await;
        }
    }
}

/// Kills one process, or both, again and again until all calls are answered; how often.
async fn kills(cluster: &mut Cluster, shared: &Shared, callers: &mut JoinSet<()>) -> usize {
    let (mut lots, mut killed) = (Lots(shared.plan.seed), 0);
    loop {
        let next =
            shared.answers.load(Ordering::SeqCst) + 10 + lots.below(if shared.plan.is_large() { 100 } else { 50 });
        until("calls are answered", async || {
            while let Some(ended) = callers.try_join_next() {
                ended.expect("a caller ends well");
            }
            callers.is_empty() || shared.answers.load(Ordering::SeqCst) >= next
        })
        .await;
        if callers.is_empty() {
            return killed;
        }
        let (one, both) = (BOTH[lots.below(2)], lots.below(5) == 0);
        for who in BOTH.into_iter().filter(|who| both || *who == one) {
            cluster.kill(who).await;
            killed += 1;
        }
        if both || one == Who::Settlement {
            cluster.start(Who::Settlement, "").await;
        }
        if both || one == Who::Assistance {
            // for a while it is away: two systems are settled then
            let (some, until_then) =
                (shared.answers.load(Ordering::SeqCst) + lots.below(6), Instant::now() + AWAY_MOST);
            let is_enough = || shared.answers.load(Ordering::SeqCst) >= some || Instant::now() > until_then;
            until("some are answered without it", async || is_enough()).await;
            cluster.start(Who::Assistance, "").await;
        }
    }
}

/// The longest that assistance stays away.
const AWAY_MOST: Duration = Duration::from_secs(2);

async fn killed_again_and_again(url: String, database: &str) {
    let (plan, began) = (Plan::read(), Instant::now());
    println!("{database}: {plan:?}");
    let mut cluster = Cluster::open(&url).await;
    // every third has no category before somebody grants it
    for (number, who) in plan.people().enumerate() {
        if number % 3 != 0 {
            cluster.places.grants(&who).await;
        }
    }
    let (begun, answers) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let shared = Arc::new(Shared { plan, places: cluster.places.clone(), begun, answers, made: Mutex::default() });
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        callers.spawn(calls(Arc::clone(&shared), caller));
    }
    let killed = kills(&mut cluster, &shared, &mut callers).await;
    let answered = began.elapsed();
    if plan.is_large() {
        cluster.is_at_rest().await;
    } else {
        cluster.is_at_rest_soon().await;
    }
    let rested = began.elapsed();
    let (standing, reversed) = cluster.books.audited(&cluster.places).await;
    let made = std::mem::take(&mut *shared.made.lock().expect("a lock"));
    let is_settled = |made: &&Made| matches!(made, Made::Settled(_));
    let settled = made.iter().filter(is_settled).count();
    assert_eq!((settled, standing + reversed, made.len() - settled), (plan.settlements, plan.settlements, reversed));
    let books = cluster.books.found().await;
    let mut again = JoinSet::new();
    for part in made.chunks(made.len() / CALLERS + 1) {
        let (part, places) = (part.to_vec(), cluster.places.clone());
        again.spawn(async move {
            for made in part {
                made.answered_again(&places).await;
            }
        });
    }
    again.join_all().await;
    assert_eq!(cluster.books.found().await, books, "to ask again changes nothing");
    println!(
        "{database}: {settled} settled, {reversed} reversed, {killed} kills; answered after {answered:.1?}, at rest after {rested:.1?}, \
         looked at after {:.1?}",
        began.elapsed()
    );
}

fn run(body: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(body);
}

#[test]
fn settlements_while_processes_are_killed_lose_nothing_and_do_nothing_twice_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    run(killed_again_and_again(format!("sqlite:{}", folder.path().join("test.db").display()), "SQLite"));
}

#[test]
fn settlements_while_processes_are_killed_lose_nothing_and_do_nothing_twice_on_postgresql() {
    let server = Postgres::start();
    run(killed_again_and_again(server.url(), "PostgreSQL"));
}
