//! The monthly comparison (SD-10): what settlement folds anew from the claims against the list as it was after the same Changes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rpc::{Call, Deadline, Fault, Reason};
use store::Tx;
use terms::{Division, Name};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval};

use super::deliver::chain;
use super::watch::{self, Lines};
use super::{App, Problem};
use crate::clients::{Burden, NotSaid};
use crate::domain::{Entry, Line, Seen, WatchDifference, WatchDifferenceKind, WatchState, differs};
use crate::store::comparisons::{self, Comparison};
use crate::store::watches::{self, Wanted};

/// Years compared at once.
const CHUNK: usize = 500;
/// Differences that are kept; all are counted.
pub(crate) const KEPT_MOST: usize = 1_000;
/// Years whose Changes have not come yet that wait for the end; more, and this service is behind.
const LATE_MOST: usize = 10_000;
/// How long Changes that are on their way are waited for, at the end.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long Changes of years that settlement has folded are waited for: longer than a process that died held them back (its lease, and
/// the pauses before it is tried again), so that who comes late is not taken for who is missing.
const LATE_PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked for them.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long settlement may take for one stretch of its answer; it goes on behind it.
const STRETCH: Duration = Duration::from_secs(120);
/// How often settlement is asked to go on without anything new.
const TRIES: u32 = 3;

/// What is to be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Comparing {
    pub(crate) key: String,
    pub(crate) division: Division,
    /// `YYYY-MM`.
    pub(crate) month: String,
    pub(crate) year: i32,
}

/// What is said meanwhile, and at the end.
#[derive(Clone, Debug)]
pub(crate) enum Report {
    Difference(WatchDifference),
    Progress { people: u64, differences: u64 },
    Done(Comparison),
}

/// Who hears it; who has gone away hears nothing, and the comparison goes on.
pub(crate) type Heard = mpsc::Sender<Result<Report, Fault>>;

/// What was found so far.
struct Run<'a> {
    app: &'a App,
    asked: &'a Comparing,
    heard: &'a Heard,
    begun_at: DateTime<Utc>,
    people: u64,
    listed: u64,
    count: u64,
    differences: Vec<WatchDifference>,
    /// People of the stream who have an entry.
    met: BTreeSet<Name>,
    late: Vec<Burden>,
}

/// Compares, keeps what was found, and says it; the same key says what is kept.
///
/// # Errors
/// `KEY_REUSED`; `UNAVAILABLE` where settlement does not answer; `POLICY_VERSION`; `CONTENDED` where too many Changes are on
/// their way.
pub(crate) async fn compare(app: &Arc<App>, asked: &Comparing, heard: &Heard) -> Result<(), Fault> {
    if let Some(kept) = comparisons::by_key(app.database.reader(), &asked.key).await.map_err(Problem::Store)? {
        return repeat(app, asked, kept, heard).await;
    }
    let mut run = Run {
        app,
        asked,
        heard,
        begun_at: app.now(),
        people: 0,
        listed: 0,
        count: 0,
        differences: Vec::new(),
        met: BTreeSet::new(),
        late: Vec::new(),
    };
    run.stream().await?;
    run.late().await?;
    run.unseen().await?;
    let id = Name::new(&app.id()).map_err(Fault::internal)?;
    let done = Comparison {
        id,
        key: asked.key.clone(),
        division: asked.division,
        month: asked.month.clone(),
        people: run.people,
        listed: run.listed,
        differences: run.count,
        begun_at: run.begun_at,
        done_at: app.now(),
    };
    if done.differences > 0 {
        let (division, month, differences) = (done.division, &done.month, done.differences);
        tracing::error!(%division, month, differences, "the watch list is not what computing gives");
    }
    let kept = (Arc::new(done), Arc::new(run.differences));
    let work = |tx: Tx| {
        let (done, differences) = kept.clone();
        async move { Ok::<_, Problem>(comparisons::keep(&tx, &done, &differences).await?) }
    };
    let kept = app.database.transaction(work).await?;
    if kept.division != asked.division || kept.month != asked.month {
        return Err(Fault::key_reused("division"));
    }
    drop(heard.send(Ok(Report::Done(kept))).await);
    Ok(())
}

/// Says what is kept under a key.
async fn repeat(app: &App, asked: &Comparing, kept: Comparison, heard: &Heard) -> Result<(), Fault> {
    for (field, is_same) in [("division", kept.division == asked.division), ("month", kept.month == asked.month)] {
        if !is_same {
            return Err(Fault::key_reused(field));
        }
    }
    let found = comparisons::differences(app.database.reader(), kept.id, KEPT_MOST).await.map_err(Problem::Store)?;
    for one in found {
        drop(heard.send(Ok(Report::Difference(one))).await);
    }
    drop(heard.send(Ok(Report::Done(kept))).await);
    Ok(())
}

impl Run<'_> {
    /// Reads what settlement folds, to its end; where the stream breaks, it goes on behind what was read.
    async fn stream(&mut self) -> Result<(), Fault> {
        let (mut token, mut tries) = (String::new(), 0);
        loop {
            let before = token.clone();
            let call = Call { request_id: self.app.id(), deadline: Deadline::after(STRETCH) };
            let ended = call.carry(self.stretch(&mut token)).await;
            match ended {
                Ok(()) => return Ok(()),
                Err(Ended::Fault(fault)) => return Err(fault),
                Err(Ended::Broken(error)) => {
                    tracing::warn!(error = chain(&error), "settlement's burdens broke off");
                    tries = if token == before { tries + 1 } else { 1 };
                    if tries >= TRIES {
                        return Err(Fault::unavailable("settlement", Duration::from_secs(1)).because(error));
                    }
                }
            }
        }
    }

    async fn stretch(&mut self, token: &mut String) -> Result<(), Ended> {
        let (division, year) = (self.asked.division, self.asked.year);
        let mut stream = self.app.settlement.burdens(division, year, token).await.map_err(Ended::Broken)?;
        let mut chunk: Vec<Burden> = Vec::with_capacity(CHUNK);
        loop {
            let next = stream.next().await;
            let is_over = !matches!(next, Ok(Some(_)));
            if let Ok(Some(burden)) = &next {
                chunk.push(burden.clone());
            }
            if (is_over || chunk.len() >= CHUNK)
                && let Some(last) = chunk.last().map(|burden| burden.resume_token.clone())
            {
                self.chunk(std::mem::take(&mut chunk), false).await.map_err(Ended::Fault)?;
                *token = last;
            }
            match next {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(()),
                Err(error) => return Err(Ended::Broken(error)),
            }
        }
    }

    /// Compares years; those whose Changes are still on their way wait, unless it is the last time they are looked at.
    async fn chunk(&mut self, years: Vec<Burden>, is_last: bool) -> Result<(), Fault> {
        let reader = self.app.database.reader();
        let people: Vec<Name> = years.iter().map(|year| year.person).collect();
        let kept = watches::sequences(reader, &people).await.map_err(Problem::Store)?;
        let has_come = |year: &Burden| kept.get(&year.person).copied().unwrap_or_default() >= year.sequence;
        let (now, late): (Vec<Burden>, Vec<Burden>) = years.into_iter().partition(|year| is_last || has_come(year));
        self.late.extend(late);
        if self.late.len() > LATE_MOST {
            let message = "too many Changes are on their way; compare again when they are kept";
            return Err(Fault::new(Reason::Contended, message));
        }
        let lines = watch::lines(self.app, now.iter().map(|year| &year.stand).collect()).await;
        let as_of: Vec<(Name, u64)> = now.iter().map(|year| (year.person, year.sequence)).collect();
        self.met.extend(watches::having(reader, self.asked.year, &people).await.map_err(Problem::Store)?);
        let steps = watches::as_of(reader, self.asked.year, &as_of).await.map_err(Problem::Store)?;
        for year in &now {
            let seen = seen(year, &lines)?;
            let step = steps.get(&year.person);
            self.people += 1;
            self.listed += u64::from(seen.line.is_passed(year.stand.burden.unwrap_or_default()));
            if let Some(difference) = differs(seen, step) {
                self.found(difference).await;
            }
        }
        let (people, differences) = (self.people, self.count);
        drop(self.heard.send(Ok(Report::Progress { people, differences })).await);
        Ok(())
    }

    /// Waits for the Changes that were on their way; who still lacks them then is compared with what there is.
    async fn late(&mut self) -> Result<(), Fault> {
        let until = Instant::now() + LATE_PATIENCE;
        let mut looks = interval(LOOK_EVERY);
        while !self.late.is_empty() {
            looks.tick().await;
            let is_last = Instant::now() >= until;
            let mut waiting = std::mem::take(&mut self.late);
            while !waiting.is_empty() {
                let rest = waiting.split_off(waiting.len().min(CHUNK));
                self.chunk(std::mem::replace(&mut waiting, rest), is_last).await?;
            }
        }
        Ok(())
    }

    /// Entries of people whom settlement does not name. One that was touched since the beginning is another comparison's.
    async fn unseen(&mut self) -> Result<(), Fault> {
        let states = vec![WatchState::Listed, WatchState::LineUnknown, WatchState::Confirmed, WatchState::Rejected];
        let (division, year) = (Some(self.asked.division), Some(self.asked.year));
        let most = u64::try_from(CHUNK).unwrap_or(u64::MAX);
        let mut wanted = Wanted { division, person: None, year, states, after: None, most };
        let until = Instant::now() + PATIENCE;
        let mut looks = interval(LOOK_EVERY);
        let mut left: Vec<Entry>;
        loop {
            looks.tick().await;
            (left, wanted.after) = (Vec::new(), None);
            loop {
                let found = watches::list(self.app.database.reader(), &wanted).await.map_err(Problem::Store)?;
                let Some(last) = found.last() else { break };
                wanted.after = Some(last.entry.id);
                let entries = found.into_iter().map(|listed| listed.entry);
                left.extend(
                    entries.filter(|entry| entry.changed_at < self.begun_at && !self.met.contains(&entry.person)),
                );
            }
            // the Change that takes them off may be on its way
            if left.is_empty() || Instant::now() >= until {
                break;
            }
        }
        for Entry { person, stand, sequence, .. } in left {
            let (kind, year) = (WatchDifferenceKind::TooMany, stand.year);
            let (kept, computed, line) = (stand.burden, money::Fen::ZERO, None);
            self.found(WatchDifference { kind, person, year, sequence, kept, computed, line }).await;
        }
        Ok(())
    }

    async fn found(&mut self, difference: WatchDifference) {
        self.count += 1;
        if self.differences.len() < KEPT_MOST {
            self.differences.push(difference);
        }
        drop(self.heard.send(Ok(Report::Difference(difference))).await);
    }
}

/// Why a stretch of the stream is over before its end.
enum Ended {
    Broken(NotSaid),
    Fault(Fault),
}

fn seen<'a>(year: &'a Burden, lines: &Lines) -> Result<Seen<'a>, Fault> {
    let line = lines.of(&year.stand);
    if line == Line::NotAsked {
        let fault = Fault::new(Reason::PolicyVersion, "this policy version cannot be had here");
        return Err(fault.with("policy_version", year.stand.version.to_string()));
    }
    Ok(Seen { person: year.person, stand: &year.stand, line, sequence: year.sequence, about: Name::EMPTY })
}
