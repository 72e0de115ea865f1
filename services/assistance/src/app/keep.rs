//! Keeps what settlement has committed: shares, limits, holds and the journal, all in one commit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use host::failpoint;
use prost::Message as _;
use rpc::Fault;
use sha2::{Digest as _, Sha256};
use store::Tx;
use terms::Name;
use wire::change::Change;
use wire::write;

use super::change::to_its_end;
use super::{App, Problem, mend, offer, watch};
use crate::domain::{Circumstances, Desk, Kept};
use crate::store::desks;

/// What became of a Change, and the last of its person that is kept now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) change: Name,
    pub(crate) kept: Kept,
    pub(crate) sequence: u64,
}

/// Keeps Changes in a commit of their own, to its end.
pub(crate) async fn post(app: &Arc<App>, changes: Vec<Change>) -> Result<Vec<Answer>, Fault> {
    let lines = Arc::new(watch::lines_of(app, &changes).await);
    let (counted, app, changes) = (Arc::clone(&app.refused), Arc::clone(app), Arc::new(changes));
    let committing = async move {
        let work = |tx: Tx| {
            let (app, changes, lines) = (Arc::clone(&app), Arc::clone(&changes), Arc::clone(&lines));
            async move {
                let people = changes.iter().map(|change| change.person).collect();
                let mut desks = desks::load(&tx, &people, &changes, &[]).await?;
                let answers = on_desks(&app, &mut desks, &changes)?;
                mend::write(&app, &tx, &mut desks).await?;
                watch::keep(&app, &tx, &changes, &answers, &lines).await?;
                offer::keep(&app, &tx, &changes, &answers).await?;
                Ok::<_, Problem>(answers)
            }
        };
        let kept = app.database.transaction(work).await;
        failpoint("post.kept");
        app.news.notify_one();
        kept
    };
    let answers: Vec<Answer> = to_its_end(committing).await?;
    let refused = answers.iter().filter(|answer| matches!(answer.kept, Kept::Refused(_))).count();
    counted.fetch_add(i64::try_from(refused).unwrap_or(i64::MAX), Ordering::Relaxed);
    Ok(answers)
}

/// Keeps Changes on the desks of their people, which are loaded with what they need: each is answered for itself.
///
/// # Errors
/// An id that cannot be made.
pub(crate) fn on_desks(
    app: &App,
    desks: &mut BTreeMap<Name, Desk>,
    changes: &[Change],
) -> Result<Vec<Answer>, Problem> {
    let now = app.now();
    let id = || Name::new(&app.id()).unwrap_or(Name::EMPTY);
    let with = Circumstances { day: host::china_day(now), now, id: &id };
    let mut answers = Vec::with_capacity(changes.len());
    let mut refused: BTreeSet<Name> = BTreeSet::new();
    for change in changes {
        let unknown = || Fault::internal("a Change of a person who is not on a desk");
        let desk = desks.get_mut(&change.person).ok_or_else(unknown)?;
        let kept = desk.keep(change, &hash(change), with);
        if let Kept::Refused(error) = kept
            && refused.insert(change.person)
        {
            // it is sent again until it is put right
            tracing::error!(change = %change.id, %error, "a Change cannot be kept");
        }
        answers.push(Answer { change: change.id, kept, sequence: desk.sequence });
    }
    Ok(answers)
}

/// SHA-256 of what a Change says.
fn hash(change: &Change) -> String {
    hex::encode(Sha256::digest(write::change(change).encode_to_vec()))
}
