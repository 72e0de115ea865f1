//! Callers that settle: in a closed loop each as soon as it is answered, in an open loop at a rate whatever the answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pb::settlement::v1::settlement_service_client::SettlementServiceClient;
use pb::settlement::v1::{SettleRequest, Submission, settle_response};
use rpc::Client;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tonic_types::StatusExt as _;

use super::histogram::Histogram;

/// What is settled, by whom and for how long.
#[derive(Clone, Debug)]
pub(super) struct Load {
    /// The bill that every call differs from in its ids alone.
    pub(super) submission: Submission,
    /// A word that no other run has used, so that keys and bills are new.
    pub(super) run: String,
    /// How many call side by side.
    pub(super) callers: u32,
    /// How many persons the bills are for.
    pub(super) people: u64,
    /// Calls a second, whatever the answers; none: each caller calls again as soon as it is answered.
    pub(super) rate: Option<u32>,
    /// How long calls are made before they count.
    pub(super) warm_up: Duration,
    /// How long they count.
    pub(super) measured: Duration,
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Latencies of settled bills, in an open loop from when they were due.
    pub(super) latencies: Histogram,
    /// Calls that failed, by reason.
    pub(super) failed: BTreeMap<String, u64>,
    /// Bills the policy refused.
    pub(super) refused: u64,
}

/// Puts the load on; the clients are shared among the callers.
pub(super) async fn put_on(load: Load, clients: &[Client]) -> Seen {
    let load = Arc::new(load);
    let next = Arc::new(AtomicU64::new(0));
    let begin = Instant::now();
    let mut callers = JoinSet::new();
    for caller in 0..load.callers {
        let at = usize::try_from(caller).unwrap_or_default() % clients.len().max(1);
        let Some(client) = clients.get(at).cloned() else { continue };
        callers.spawn(call(Arc::clone(&load), client, Arc::clone(&next), begin));
    }
    let mut seen = Seen::default();
    while let Some(ended) = callers.join_next().await {
        let Ok(one) = ended else { continue };
        seen.latencies.add(&one.latencies);
        seen.refused += one.refused;
        for (reason, count) in one.failed {
            *seen.failed.entry(reason).or_default() += count;
        }
    }
    seen
}

async fn call(load: Arc<Load>, client: Client, next: Arc<AtomicU64>, begin: Instant) -> Seen {
    let mut client = SettlementServiceClient::new(client);
    let counts_from = begin + load.warm_up;
    let until = counts_from + load.measured;
    let mut seen = Seen::default();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let due = match load.rate {
            Some(rate) => begin + Duration::from_nanos(number.saturating_mul(1_000_000_000) / u64::from(rate.max(1))),
            None => Instant::now(),
        };
        if due >= until {
            return seen;
        }
        sleep_until(due).await;
        let answer = client.settle(request(&load, number)).await;
        if due < counts_from {
            continue;
        }
        match answer.map(|answer| answer.into_inner().outcome) {
            Ok(Some(settle_response::Outcome::Claim(_))) => {
                seen.latencies.record(u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX));
            }
            Ok(_) => seen.refused += 1,
            Err(status) => {
                let reason = status.get_details_error_info().map(|info| info.reason);
                *seen.failed.entry(reason.unwrap_or_else(|| status.code().to_string())).or_default() += 1;
            }
        }
    }
}

/// The id of a person of the benchmark.
pub(super) fn person(nth: u64) -> String {
    format!("bench-{nth}")
}

fn request(load: &Load, number: u64) -> SettleRequest {
    // a step that shares no divisor with most counts of people spreads neighbours over all of them
    let nth = number.wrapping_mul(7_919) % load.people.max(1);
    let mut submission = load.submission.clone();
    submission.person_id = person(nth);
    if let Some(bill) = &mut submission.bill {
        bill.bill_id = format!("{}-{number}", load.run);
    }
    SettleRequest { idempotency_key: format!("{}-{number}", load.run), submission: Some(submission) }
}
