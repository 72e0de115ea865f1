//! Reconciles an institution's books with ours: totals first, then claim by claim.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use policy::Period;
use rpc::{Fault, Reason};
use store::Tx;
use store::idempotency::{self, Answered, Call};
use terms::{Care, Name, Scheme};
use tracing::{Instrument as _, Span};

use super::{Bench, Trouble, fault, store_fault};
use crate::domain::State;
use crate::domain::reconcile::{Difference, OurClaim, TheirClaim, Totals, added_up, details, totals};
use crate::store::{self as tables, Reconciliation, Stored};

/// The most claims of either side that are compared at once: they are held in memory.
pub const CLAIMS_MOST: usize = 200_000;

/// Totals to compare.
#[derive(Clone, Debug)]
pub struct ReconcileTotals {
    /// The call.
    pub call: Call,
    /// The institution.
    pub institution: Name,
    /// Days of settlement.
    pub settled: Period,
    /// The institution's totals, each group once.
    pub theirs: Vec<Totals>,
}

/// Claims to compare.
#[derive(Clone, Debug)]
pub struct ReconcileDetails {
    /// The call.
    pub call: Call,
    /// The reconciliation of the totals.
    pub reconciliation: Name,
    /// The institution's claims, each bill once.
    pub theirs: Vec<TheirClaim>,
}

/// Compares totals and records it; gives the answer, or the one that is kept for the key.
///
/// # Errors
/// What the caller is told; nothing is kept then.
pub async fn reconcile_totals(
    bench: &Bench,
    command: ReconcileTotals,
    encode: fn(&Reconciliation) -> Vec<u8>,
) -> Result<Vec<u8>, Fault> {
    let (bench, command) = (bench.clone(), Arc::new(command));
    kept(async move {
        let attempt = |tx: Tx| {
            let (bench, command) = (bench.clone(), Arc::clone(&command));
            async move {
                let compare = || async {
                    tables::close_past(&tx, &command.institution).await?;
                    let ours = tables::our_totals(&tx, &command.institution, command.settled).await?;
                    let made = Reconciliation {
                        id: Name::new(&bench.ids.next().to_string()).map_err(Trouble::internal)?,
                        institution: command.institution,
                        settled: command.settled,
                        groups: totals(&command.theirs, &ours),
                        at: bench.clock.now(),
                        differences: None,
                    };
                    tables::record(&tx, &made).await?;
                    Ok::<_, Trouble>(encode(&made))
                };
                idempotency::once(&tx, &command.call, compare).await
            }
        };
        let answered = bench.database.transaction(attempt).await;
        answered.map(|(Answered::Now(answer) | Answered::Before(answer))| answer).map_err(fault)
    })
    .await
}

/// Compares details and records the differences, once for a reconciliation.
///
/// # Errors
/// What the caller is told; nothing is kept then.
pub async fn reconcile_details(bench: &Bench, command: ReconcileDetails) -> Result<(), Fault> {
    let (bench, command) = (bench.clone(), Arc::new(command));
    kept(async move {
        let id = command.reconciliation;
        let reader = bench.database.reader();
        let found = tables::reconciliation(reader, &id).await.map_err(store_fault)?;
        let found = found.ok_or_else(|| Fault::not_found("reconciliation", id.as_str()))?;
        let differences = Arc::new(compare(&bench, &found, &command.theirs).await?);
        let sums = Arc::new(added_up(&command.theirs, &found.groups));
        let attempt = |tx: Tx| {
            let (command, differences, at) = (Arc::clone(&command), Arc::clone(&differences), bench.clock.now());
            let sums = Arc::clone(&sums);
            let is_equal = found.is_equal();
            async move {
                let record = || async {
                    if is_equal {
                        let message = "the totals are equal, no details are awaited";
                        return Err(Trouble::from(Fault::wrong_state("equal", message)));
                    }
                    if !tables::classify(&tx, &id, (&command.theirs, &sums), &differences, at).await? {
                        let message = "details of this reconciliation were compared already";
                        return Err(Fault::wrong_state("classified", message).into());
                    }
                    Ok(Vec::new())
                };
                idempotency::once(&tx, &command.call, record).await
            }
        };
        bench.database.transaction(attempt).await.map(drop).map_err(fault)
    })
    .await
}

/// The differences between their claims and ours: of ours those of groups that differ, and those they name.
async fn compare(bench: &Bench, found: &Reconciliation, theirs: &[TheirClaim]) -> Result<Vec<Stored>, Fault> {
    let ours = tables::our_claims(bench.database.reader(), &found.institution, found.settled, CLAIMS_MOST + 1).await;
    let ours = ours.map_err(store_fault)?;
    if ours.len() > CLAIMS_MOST {
        return Err(Fault::new(Reason::TooMuch, format!("at most {CLAIMS_MOST} claims are compared at once")));
    }
    let differ: BTreeSet<(Scheme, Care)> =
        found.groups.iter().filter(|group| !group.is_equal()).map(|group| (group.scheme, group.care)).collect();
    let bills: BTreeSet<&str> = theirs.iter().map(|claim| claim.bill_id.as_str()).collect();
    let ids: BTreeSet<&str> = theirs.iter().map(|claim| claim.claim_id.as_str()).collect();
    let is_asked = |claim: &OurClaim| {
        differ.contains(&(claim.scheme, claim.care))
            || bills.contains(claim.bill_id.as_str())
            || ids.contains(claim.claim_id.as_str())
    };
    let mut stood: BTreeMap<String, (i64, State)> = BTreeMap::new();
    let mut claims = Vec::with_capacity(ours.len());
    for one in ours.into_iter().filter(|one| is_asked(&one.claim)) {
        stood.insert(one.claim.claim_id.clone(), (one.revision, one.state));
        claims.push(one.claim);
    }
    let found = details(theirs, &claims);
    found.iter().zip(1_i64..).map(|(one, position)| stored(one, position, &stood)).collect()
}

fn stored(one: &Difference<'_>, position: i64, stood: &BTreeMap<String, (i64, State)>) -> Result<Stored, Fault> {
    let ours = one.ours.map(|claim| {
        let (revision, state) =
            stood.get(&claim.claim_id).copied().ok_or_else(|| Fault::internal("a claim of nobody"))?;
        Ok::<_, Fault>((Name::new(&claim.claim_id).map_err(Fault::internal)?, revision, state))
    });
    Ok(Stored {
        position,
        kind: one.kind,
        bill: one.bill_id().to_owned(),
        ours: ours.transpose()?,
        theirs: one.theirs.cloned(),
        advice: one.advice_zh(),
    })
}

/// Does what commits in a task of its own, so that it ends where the caller goes away.
async fn kept<T: Send + 'static>(work: impl Future<Output = Result<T, Fault>> + Send + 'static) -> Result<T, Fault> {
    let work = work.instrument(Span::current());
    let task = match rpc::Call::running() {
        Some(call) => tokio::spawn(call.carry(work)),
        None => tokio::spawn(work),
    };
    task.await.unwrap_or_else(|broken| Err(Fault::internal(broken)))
}
