//! Keeps the watch list in the commit that keeps a Change (SX-9, SD-9).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry::Vacant;
use std::sync::Arc;

use policy::{Policy, Reason as No, Refusal, Version, WatchFacts};
use rpc::Fault;
use store::Tx;
use terms::{Category, Division, Name, Scheme};
use wire::change::{Change, YearStand};

use super::{App, Problem, tell};
use crate::domain::{Entry, Kept, Line, Seen, Step, follow};
use crate::store::{people, watches};

/// Entries looked at in one go.
const MOST: u32 = 500;

/// What a line depends on.
type Under = (Version, Division, Scheme, chrono::NaiveDate, Vec<Category>);

/// The lines of years, asked of the policy before anything is locked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines(BTreeMap<Under, Line>);

impl Lines {
    /// The line of a year.
    pub(crate) fn of(&self, stand: &YearStand) -> Line {
        self.0.get(&under(stand)).copied().unwrap_or(Line::NotAsked)
    }
}

fn under(stand: &YearStand) -> Under {
    (stand.version, stand.division, stand.scheme, stand.rules_date, stand.categories.clone())
}

/// Asks the policies of years for their lines. Of one that cannot be had the line is asked later: shares do not wait for it.
pub(crate) async fn lines(app: &App, stands: Vec<&YearStand>) -> Lines {
    let mut lines = Lines::default();
    let mut policies: BTreeMap<Version, Option<Arc<Policy>>> = BTreeMap::new();
    for stand in stands {
        let under = under(stand);
        if lines.0.contains_key(&under) {
            continue;
        }
        if let Vacant(free) = policies.entry(stand.version) {
            let found = app.policies.version(stand.version).await.unwrap_or_else(|error| {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, version = %stand.version, "a policy could not be asked for lines");
                None
            });
            free.insert(found);
        }
        let policy = policies.get(&stand.version).and_then(Option::as_ref);
        lines.0.insert(under, policy.map_or(Line::NotAsked, |policy| line(policy, stand)));
    }
    lines
}

/// The lines of the years of Changes.
pub(crate) async fn lines_of(app: &App, changes: &[Change]) -> Lines {
    lines(app, changes.iter().flat_map(|change| &change.years).collect()).await
}

fn line(policy: &Policy, stand: &YearStand) -> Line {
    let facts = WatchFacts {
        division: stand.division,
        scheme: stand.scheme,
        categories: stand.categories.clone(),
        on: stand.rules_date,
        burden: stand.burden.unwrap_or_default(),
    };
    let is_absent = |no: &Refusal| no.causes.iter().any(|cause| cause.reason == No::AbsentValue);
    match policy.watch(&facts) {
        Ok(watch) => Line::Known(watch.line),
        Err(no) if is_absent(&no) => Line::Unknown,
        Err(_) => Line::None,
    }
}

/// Sets the entries of the years of Changes that are kept now, in the same commit.
///
/// # Errors
/// What the database said.
pub(crate) async fn keep(
    app: &App,
    tx: &Tx,
    changes: &[Change],
    answers: &[super::keep::Answer],
    lines: &Lines,
) -> Result<(), Problem> {
    let kept = changes.iter().zip(answers).filter(|(_, answer)| answer.kept == Kept::Now);
    let years = kept.flat_map(|(change, _)| change.years.iter().map(move |stand| (change, stand)));
    let seen = years.map(|(change, stand)| Seen {
        person: change.person,
        stand,
        line: lines.of(stand),
        sequence: change.sequence,
        about: change.id,
    });
    set(app, tx, &seen.collect::<Vec<_>>()).await?;
    tell::claims(app, tx, changes, answers).await
}

/// Sets the entries of years that are adopted, but for those of which a later Change is kept.
///
/// # Errors
/// What the database said.
pub(crate) async fn adopt(app: &App, tx: &Tx, seen: &[Seen<'_>]) -> Result<(), Problem> {
    let years: Vec<(Name, i32, u64)> = seen.iter().map(|one| (one.person, one.stand.year, one.sequence)).collect();
    let passed = watches::passed(tx, &years).await?;
    let is_now = |one: &&Seen<'_>| !passed.contains(&(one.person, one.stand.year));
    set(app, tx, &seen.iter().filter(is_now).copied().collect::<Vec<_>>()).await
}

/// Sets entries as years were seen, in this order; the people are locked.
async fn set(app: &App, tx: &Tx, seen: &[Seen<'_>]) -> Result<(), Problem> {
    if seen.is_empty() {
        return Ok(());
    }
    let now = app.now();
    let mut years: Vec<(Name, i32)> = seen.iter().map(|one| (one.person, one.stand.year)).collect();
    years.sort_unstable();
    years.dedup();
    let mut entries = watches::of_years(tx, &years).await?;
    let mut events = Vec::new();
    let (mut changed, mut steps): (BTreeMap<(Name, i32), Entry>, Vec<Step>) = (BTreeMap::new(), Vec::new());
    for one in seen {
        let key = (one.person, one.stand.year);
        let id = || Name::new(&app.id()).unwrap_or(Name::EMPTY);
        let before = entries.get(&key);
        let Some(followed) = follow(before, *one, now, id) else { continue };
        if let Some(news) = followed.news {
            let before = before.map(|before| before.stand.categories.as_slice()).unwrap_or_default();
            events.extend(tell::departments(app, &followed.entry, before, news, one.about));
        }
        entries.insert(key, followed.entry.clone());
        changed.insert(key, followed.entry);
        steps.extend(followed.step);
    }
    watches::put(tx, &changed.values().collect::<Vec<_>>(), &steps).await?;
    tell::write(tx, events).await
}

/// Asks once more for lines that could not be had; how many there were.
///
/// # Errors
/// What the database said.
pub(crate) async fn ask_again(app: &Arc<App>) -> Result<usize, Problem> {
    let (mut after, mut asked) = (String::new(), 0);
    loop {
        let found = watches::to_ask(app.database.reader(), &after, MOST).await?;
        let Some(last) = found.last() else { return Ok(asked) };
        after = last.id.to_string();
        let lines = Arc::new(lines(app, found.iter().map(|entry| &entry.stand).collect()).await);
        let known = |entry: &&Entry| lines.of(&entry.stand) != Line::NotAsked;
        let found: Arc<Vec<Entry>> = Arc::new(found.iter().filter(known).cloned().collect());
        asked += found.len();
        if found.is_empty() {
            continue;
        }
        let work = |tx: Tx| {
            let (app, lines, found) = (Arc::clone(app), Arc::clone(&lines), Arc::clone(&found));
            async move {
                people::lock(&tx, &found.iter().map(|entry| entry.person).collect()).await?;
                let seen: Vec<Seen<'_>> = found.iter().map(|entry| seen(entry, &lines)).collect();
                set(&app, &tx, &seen).await
            }
        };
        app.database.transaction::<_, Problem, _, _>(work).await?;
    }
}

fn seen<'a>(entry: &'a Entry, lines: &Lines) -> Seen<'a> {
    let Entry { person, stand, sequence, id, .. } = entry;
    Seen { person: *person, stand, line: lines.of(stand), sequence: *sequence, about: *id }
}

/// A department's answer.
#[derive(Clone, Debug)]
pub(crate) struct Answering {
    pub(crate) entry: Name,
    pub(crate) office: crate::domain::Office,
    /// As it was said.
    pub(crate) said: Vec<u8>,
    pub(crate) operator: String,
    /// The category in which the person is confirmed, as it was said; none where the answer is no.
    pub(crate) confirmed: Option<Vec<u8>>,
}

/// Records a department's answer; of a person who is confirmed the application to be opened.
///
/// # Errors
/// `NOT_FOUND`; `WRONG_STATE` where nobody is asked.
pub(crate) async fn answer(app: &App, tx: &Tx, given: &Answering) -> Result<Option<Name>, Problem> {
    let unknown = || Fault::not_found("watch_entry", given.entry.as_str());
    let found = watches::by_id(tx, given.entry).await?.ok_or_else(unknown)?;
    people::lock(tx, &[found.entry.person].into()).await?;
    let mut entry = watches::by_id(tx, given.entry).await?.ok_or_else(unknown)?.entry;
    let application = match &given.confirmed {
        Some(_) => Some(Name::new(&app.id()).map_err(Fault::internal)?),
        None => None,
    };
    let was = entry.state;
    let step = entry.answer(application.is_some(), application.unwrap_or(entry.id), app.now());
    let step = step.ok_or_else(|| Fault::wrong_state(was.word(), "the entry was answered, or has left the list"))?;
    watches::put(tx, &[&entry], &[step]).await?;
    let opens = given.confirmed.clone().zip(application).map(|(terms, application)| watches::Opens {
        application,
        terms,
        operator: given.operator.clone(),
    });
    let kept = watches::Answer { step: &step, office: given.office, said: given.said.clone(), opens };
    watches::answer(tx, &entry, kept).await?;
    Ok(application)
}
