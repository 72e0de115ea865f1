//! The one place where something is committed. Commands that wait together are committed together: however many they are, a
//! commit takes the same few statements.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use host::{Clock, Ids, failpoint};
use registry::Registry;
use rpc::Fault;
use store::batch::Batch;
use store::idempotency::{self, Call, Kept};
use store::{Attempts, Database, Tx};
use tokio::sync::{Mutex, mpsc, oneshot};
use tracing::{Instrument as _, Span, info_span};

use super::command::{Command, Done};
use super::reverse::{TOMBSTONE, reversed_before, tombstone};
use super::{Context, Trouble, change};
use crate::domain::{Desk, Needed, Policies, Third};
use crate::store::{self as tables, Needs};

/// The most commands of one commit.
const TOGETHER_MOST: usize = 64;
/// How many commands may wait before callers wait to hand theirs in.
const WAITING_MOST: usize = 1024;
/// How often a commit is begun again because a key was taken meanwhile.
const ROUNDS_MOST: u32 = 8;

/// Writes down the answer to a command, as it is kept for its key.
pub type Encode = Arc<dyn Fn(&Policies, &Done) -> Result<Vec<u8>, Fault> + Send + Sync>;

/// A command and how its answer is written down.
pub struct Work {
    /// The command.
    pub command: Command,
    /// How its answer is written down.
    pub encode: Encode,
    /// What it may take of the third system's funds.
    pub third: Third,
}

/// Why a command is not committed.
#[derive(Debug)]
pub enum Denied {
    /// Its caller is told so.
    Fault(Fault),
    /// It takes more of the third system's funds than it came with.
    Hold(Box<Needed>),
    /// The hold it came with was refused for ever.
    Over,
}

impl From<Fault> for Denied {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

type Answered = Result<Vec<u8>, Denied>;

struct Job {
    work: Arc<Work>,
    span: Span,
    reply: oneshot::Sender<Answered>,
}

/// What commits are made with.
#[derive(Clone)]
pub struct Bench {
    /// Where.
    pub database: Database,
    /// Policy versions.
    pub registry: Registry,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
}

/// Takes commands and commits them. Clones share one queue.
#[derive(Clone)]
pub struct Committer {
    queue: mpsc::Sender<Job>,
}

impl Committer {
    /// Starts as many commits side by side as `workers` says; they end when every clone is gone. Needs a running tokio.
    #[must_use]
    pub fn start(bench: &Bench, workers: usize) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING_MOST);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..workers.max(1) {
            tokio::spawn(work(bench.clone(), Arc::clone(&waiting)));
        }
        Self { queue }
    }

    /// Commits a command and gives its answer, or the one that is kept for its key. The commit goes on where the caller goes away.
    ///
    /// # Errors
    /// What the command's caller is told; nothing was kept, unless the reason is `DEADLINE`.
    pub async fn commit(&self, work: Work) -> Result<Vec<u8>, Fault> {
        self.commit_held(work).await.map_err(|denied| match denied {
            Denied::Fault(fault) => fault,
            Denied::Hold(_) | Denied::Over => Fault::internal("a command without a grant needs one"),
        })
    }

    /// Commits a command that may take of the third system's funds.
    ///
    /// # Errors
    /// As [`Committer::commit`], or what it needs of these funds: nothing was kept then.
    pub async fn commit_held(&self, work: Work) -> Answered {
        let (reply, answer) = oneshot::channel();
        let job = Job { work: Arc::new(work), span: Span::current(), reply };
        let gone = |what| Fault::internal(format!("the commit {what}"));
        self.queue.send(job).await.map_err(|_| gone("is no longer served"))?;
        answer.await.unwrap_or_else(|_| Err(gone("broke off").into()))
    }
}

/// Takes what waits, as much as may go together, and commits it; on and on.
async fn work(bench: Bench, waiting: Arc<Mutex<mpsc::Receiver<Job>>>) {
    let mut held: Vec<Job> = Vec::new();
    loop {
        let mut jobs = std::mem::take(&mut held);
        if jobs.is_empty() {
            let mut waiting = waiting.lock().await;
            if waiting.recv_many(&mut jobs, TOGETHER_MOST).await == 0 {
                return;
            }
        }
        let mut keys = BTreeSet::new();
        let mut together = Vec::with_capacity(jobs.len());
        for job in jobs {
            // Two calls about one key are never in one commit: the second has to see what became of the first.
            let command = &job.work.command;
            let named =
                || std::iter::once(command.call()).chain(command.original()).map(|call| (call.caller(), call.key()));
            let named: Vec<(String, String)> = named().map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
            if named.iter().any(|key| keys.contains(key)) {
                held.push(job);
            } else {
                keys.extend(named);
                together.push(job);
            }
        }
        // In a task of its own: a defect breaks off this commit and not the next.
        failpoint("commit.taken");
        let _ = tokio::spawn(commit(bench.clone(), together)).await;
    }
}

async fn commit(bench: Bench, jobs: Vec<Job>) {
    let spans: Vec<Span> =
        jobs.iter().map(|job| info_span!(parent: &job.span, "commit", together = jobs.len())).collect();
    let first = spans.first().cloned().unwrap_or_else(Span::none);
    let works: Vec<Arc<Work>> = jobs.iter().map(|job| Arc::clone(&job.work)).collect();
    let answers = match caught(&bench, works.clone(), first).await {
        Ok(answers) => answers,
        Err(trouble) if works.len() > 1 && may_be_one_of_them(&trouble) => {
            let mut answers = Vec::with_capacity(works.len());
            for (work, span) in works.iter().zip(&spans) {
                let alone = caught(&bench, vec![Arc::clone(work)], span.clone()).await;
                answers.push(
                    alone.map_or_else(|trouble| Err(denied(trouble)), |mut one| one.pop().unwrap_or_else(missing)),
                );
            }
            answers
        }
        Err(trouble) => {
            // What may have been kept of one may have been kept of all.
            let is_unknown = matches!(trouble, Trouble::Store(store::Error::UnknownOutcome(_)));
            let other = || if is_unknown { Fault::late() } else { Fault::unavailable("the database", RETRY) };
            let mut answers = vec![Err(denied(trouble))];
            answers.resize_with(works.len(), || Err(other().into()));
            answers
        }
    };
    drop(spans);
    failpoint("commit.committed");
    for (job, answer) in jobs.into_iter().zip(answers) {
        // A caller that went away looks the outcome up by its key.
        let _ = job.reply.send(answer);
    }
}

/// Commits commands in a task of its own: a defect that panics breaks off this commit and nothing else, and what it had begun is
/// taken back with its transaction.
async fn caught(bench: &Bench, works: Vec<Arc<Work>>, span: Span) -> Result<Answers, Trouble> {
    let bench = bench.clone();
    let committing = async move { together(&bench, &works).await };
    tokio::spawn(committing.instrument(span)).await.unwrap_or(Err(Trouble::Panicked))
}

/// After how long a caller may try again when the database is away.
const RETRY: Duration = Duration::from_secs(1);

fn missing() -> Answered {
    Err(Fault::internal("a command got no answer").into())
}

/// Whether what the database said may be about one command of several: the others are then not to suffer.
fn may_be_one_of_them(trouble: &Trouble) -> bool {
    !matches!(trouble, Trouble::Store(store::Error::Unavailable(_) | store::Error::UnknownOutcome(_)))
}

type Answers = Vec<Answered>;

/// Commits commands in one transaction; one that fails by itself keeps nothing, and the others are kept.
async fn together(bench: &Bench, works: &[Arc<Work>]) -> Result<Answers, Trouble> {
    let mut policies = Policies::new();
    for work in works {
        if let Command::Settle(settle) = &work.command {
            policies.insert(settle.new.policy.version(), Arc::clone(&settle.new.policy));
        }
    }
    let (mut round, mut looked_again) = (1, false);
    loop {
        let known = Arc::new(policies.clone());
        let attempt = |tx: Tx| {
            let (bench, known, works) = (bench.clone(), Arc::clone(&known), works.to_vec());
            async move { attempt(&bench, &tx, &known, &works).await }
        };
        match bench.database.transaction_with(Attempts::default(), attempt).await {
            // each version is fetched once
            Err(Trouble::NeedVersion(version)) if !policies.contains_key(&version) => {
                let found = bench.registry.version(version).await.map_err(Trouble::internal)?;
                let found = found.ok_or_else(|| Trouble::internal(format!("policy version {version} is gone")))?;
                policies.insert(version, found);
            }
            Err(Trouble::KeyTaken) if round < ROUNDS_MOST => round += 1,
            // what was free when it was looked up, a bill's or a credit's id or a hold, is taken now: the next look finds it
            Err(Trouble::Store(store::Error::Forbidden(_))) if !looked_again => looked_again = true,
            ended => return ended,
        }
    }
}

async fn attempt(bench: &Bench, tx: &Tx, policies: &Policies, works: &[Arc<Work>]) -> Result<Answers, Trouble> {
    failpoint("commit.begun");
    let context = Context { policies, now: bench.clock.now(), ids: &*bench.ids, third: &Third::Whole };
    let mut calls: Vec<&Call> = Vec::with_capacity(works.len());
    for work in works {
        calls.push(work.command.call());
        calls.extend(work.command.original());
    }
    let mut kept = idempotency::look_up(tx, &calls).await?.into_iter();
    let (mut answers, mut fresh, mut needs) = (Answers::new(), Vec::new(), Needs::default());
    for work in works {
        let own = kept.next().flatten();
        let original = if work.command.original().is_some() { kept.next().flatten() } else { None };
        let known = own.map(|kept| known(work.command.call(), kept));
        if known.is_none() {
            work.command.needs(&mut needs);
            needs.holds.extend(work.third.hold());
        }
        fresh.push((known.is_none(), original));
        answers.push(known.unwrap_or_else(missing));
    }
    if !fresh.iter().any(|(is_fresh, _)| *is_fresh) {
        return Ok(answers);
    }
    let mut desk = tables::load(tx, Some(tx), &needs, context.today()).await?;
    failpoint("commit.locked");
    let (mut made, mut failed) = (Vec::new(), Vec::new());
    for ((work, answer), (is_fresh, original)) in works.iter().zip(&mut answers).zip(&fresh) {
        if !is_fresh {
            continue;
        }
        let context = Context { third: &work.third, ..context };
        let done = match carry_out(&context, &mut desk, &work.command, original.as_ref()) {
            Err(trouble @ (Trouble::Fault(_) | Trouble::Hold(_) | Trouble::HoldOver)) => {
                failed.push(work.command.call());
                Err(denied(trouble))
            }
            Err(trouble) => return Err(trouble),
            // An answer that cannot be written down is a defect: what it would answer is not committed either.
            Ok(done) => Ok((work.encode)(policies, &done)?),
        };
        if let Ok(bytes) = &done {
            made.push((work.command.call(), bytes.clone()));
        }
        *answer = done;
    }
    // The same call may have been made while this one waited for its person: its answer is then the one that is kept.
    if !failed.is_empty() && idempotency::look_up(tx, &failed).await?.iter().any(Option::is_some) {
        return Err(Trouble::KeyTaken);
    }
    failpoint("commit.decided");
    let mut batch = Batch::default();
    tables::write(tx, &desk, &mut batch).await?;
    failpoint("commit.written");
    made.extend(desk.writes.tombstones.iter().map(|call| (call, Vec::new())));
    idempotency::keep_with(&mut batch, &made)?;
    let kept = batch.run(tx, failpoint).await?;
    let is_kept = usize::try_from(kept).is_ok_and(|kept| kept == made.len());
    if is_kept { Ok(answers) } else { Err(Trouble::KeyTaken) }
}

/// Carries one command out, and notes what the keeper of the third system is told of it.
fn carry_out(
    context: &Context<'_>,
    desk: &mut Desk,
    command: &Command,
    original: Option<&Kept>,
) -> Result<Done, Trouble> {
    let Third::Granted(_) = context.third else { return command.carry_out(context, desk, original) };
    if context.third.hold().is_some_and(|hold| desk.refused_holds.contains(&hold)) {
        return Err(Trouble::HoldOver);
    }
    let before = desk.writes.touched.len();
    let done = command.carry_out(context, desk, original)?;
    // The desk is changed already: what cannot be told is not committed, nor what stands beside it.
    change::tell(context, desk, before).map_err(|trouble| match trouble {
        Trouble::Fault(fault) => Trouble::Untold(fault),
        trouble => trouble,
    })?;
    Ok(done)
}

pub(super) fn denied(trouble: Trouble) -> Denied {
    match trouble {
        Trouble::Hold(needed) => Denied::Hold(needed),
        Trouble::HoldOver => Denied::Over,
        trouble => Denied::Fault(fault(trouble)),
    }
}

/// The answer to a call whose key is known.
fn known(call: &Call, kept: Kept) -> Answered {
    if kept.has_field(TOMBSTONE) && kept.first_difference(&tombstone(call)).is_none() {
        return Err(reversed_before().into());
    }
    kept.first_difference(call).map_or(Ok(kept.answer), |field| Err(Fault::key_reused(&field).into()))
}

/// What a caller is told of trouble.
pub fn fault(trouble: Trouble) -> Fault {
    match trouble {
        Trouble::Fault(fault) | Trouble::Untold(fault) => fault,
        Trouble::NeedVersion(_) | Trouble::Panicked | Trouble::Hold(_) | Trouble::HoldOver => Fault::internal(trouble),
        Trouble::KeyTaken => contended().because(trouble),
        Trouble::Store(error) => store_fault(error),
    }
}

fn contended() -> Fault {
    Fault::new(rpc::Reason::Contended, "others kept changing the same; try again with the same key").retry_after(RETRY)
}

/// What a caller is told of the database.
pub fn store_fault(error: store::Error) -> Fault {
    match error {
        store::Error::Unavailable(_) | store::Error::Deadline(_) => {
            Fault::unavailable("the database", RETRY).because(error)
        }
        store::Error::UnknownOutcome(_) => Fault::late().because(error),
        store::Error::Contended { .. } => contended().because(error),
        error => Fault::internal(error),
    }
}
