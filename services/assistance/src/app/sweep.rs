//! Asks settlement what became of holds nobody has heard of in time; its answer ends them, and nothing else does.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use host::failpoint;
use rpc::{Call, Deadline, Fault};
use store::Tx;
use tonic::Code;

use super::deliver::chain;
use super::{App, Problem, keep, mend};
use crate::clients::Outcome;
use crate::domain::{HoldState, Kept};
use crate::store::holds::{self, Overdue};
use crate::store::{desks, people};

/// Holds taken at once.
const MOST: u32 = 100;
/// How long nobody else asks about a hold that was taken.
const LEASE: Duration = Duration::from_secs(20);
/// How long settlement may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often one hold is asked about in one turn: an answer has at most 100 Changes.
const ROUNDS: u32 = 100;

/// Why a hold stays as it is for now.
#[derive(Debug, thiserror::Error)]
enum Stays {
    #[error("learn of a hold")]
    NotSaid(#[source] crate::clients::NotSaid),
    #[error("keep what became of a hold")]
    Problem(#[from] Problem),
    #[error("keep a Change that settlement says used the hold")]
    NotKept,
}

/// Asks about all that is overdue; whether settlement answered, where it was asked.
pub(crate) async fn sweep(app: &Arc<App>, owner: &str) -> Option<bool> {
    let now = app.now();
    let taken = match holds::take_overdue(&app.database, owner, (now, now + LEASE), MOST).await {
        Ok(taken) => taken,
        Err(error) => {
            tracing::warn!(%error, "overdue holds were not looked for");
            return None;
        }
    };
    let was_asked = !taken.is_empty();
    for one in taken {
        let ended = Call { request_id: app.id(), deadline: Deadline::after(PATIENCE) }.carry(ask(app, one)).await;
        match ended {
            Ok(()) => {}
            Err(error) if error.is_away() => {
                // the others would wait for the same answer
                tracing::warn!(hold = %one.hold, error = chain(&error), "settlement did not say what became of a hold");
                return Some(false);
            }
            Err(error) => tracing::error!(hold = %one.hold, error = chain(&error), "a hold stays pending"),
        }
    }
    was_asked.then_some(true)
}

impl Stays {
    /// Whether settlement was not reached: of another hold it would say as little.
    fn is_away(&self) -> bool {
        let Self::NotSaid(crate::clients::NotSaid::Status(status)) = self else { return false };
        matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled)
    }
}

async fn ask(app: &Arc<App>, one: Overdue) -> Result<(), Stays> {
    for _ in 0..ROUNDS {
        let after = people::sequence(app.database.reader(), one.person).await.map_err(Problem::Store)?;
        let outcome = app.settlement.outcome(one.hold, one.person, after).await.map_err(Stays::NotSaid)?;
        failpoint("sweep.asked");
        match outcome {
            Outcome::Refused => return Ok(void(app, one).await?),
            Outcome::Used(changes) => {
                let has_more = !changes.is_empty() && changes.iter().all(|change| change.hold != Some(one.hold));
                let kept = keep::post(app, changes).await.map_err(Problem::Fault)?;
                if kept.iter().any(|answer| !matches!(answer.kept, Kept::Now | Kept::Known)) {
                    return Err(Stays::NotKept);
                }
                if !has_more {
                    return is_over(app, one).await;
                }
            }
        }
    }
    Err(Stays::NotKept)
}

/// Whether the Changes that were kept have ended the hold.
async fn is_over(app: &App, one: Overdue) -> Result<(), Stays> {
    let hold = holds::by_id(app.database.reader(), one.hold).await.map_err(Problem::Store)?;
    let is_pending = hold.is_some_and(|hold| hold.state == HoldState::Pending);
    if is_pending { Err(Stays::NotKept) } else { Ok(()) }
}

async fn void(app: &Arc<App>, one: Overdue) -> Result<(), Problem> {
    let work = |tx: Tx| {
        let app = Arc::clone(app);
        async move {
            let mut desks = desks::load(&tx, &BTreeSet::from([one.person]), &[], &[one.hold]).await?;
            let now = app.now();
            for desk in desks.values_mut() {
                desk.release(one.hold, None, now).map_err(Fault::internal)?;
            }
            mend::write(&app, &tx, &mut desks).await
        }
    };
    app.database.transaction(work).await?;
    failpoint("sweep.voided");
    app.news.notify_one();
    Ok(())
}
