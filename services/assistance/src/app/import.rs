//! Takes departments' lists in batches: a batch is one commit that also says how far the import is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rpc::{Fault, Violations};
use store::Tx;
use terms::Name;

use super::change::to_its_end;
use super::grant::after;
use super::{App, Problem, mend, tell};
use crate::clients::Document;
use crate::domain::{
    Compared, Difference, DifferenceKind, Grant, Import, ImportMode, ImportState, List, RowProblem, Said, Terms,
    compare, ended, known,
};
use crate::store::{categories, imports, people};

/// How many that a full list lacks are ended in one commit.
const ENDED_MOST: u32 = 500;

/// A row as it was read: whom it names, and what it says, or everything that is wrong with it.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) number: u64,
    pub(crate) who: Option<Who>,
    pub(crate) said: Result<Said, Vec<RowProblem>>,
}

/// Whom a row names.
#[derive(Clone)]
pub(crate) enum Who {
    Person(Name),
    Document(Document),
}

/// Rows to be decided in one commit.
#[derive(Clone)]
pub(crate) struct Batch {
    pub(crate) import: String,
    pub(crate) list: List,
    pub(crate) rows_total: u64,
    pub(crate) rows: Vec<Row>,
    pub(crate) last: bool,
}

/// A row whose person is looked up: nothing of its document is left.
struct Resolved {
    number: u64,
    person: Option<Name>,
    /// Whether enrolment does not know the person that is named.
    is_unknown: bool,
    said: Result<Said, Vec<RowProblem>>,
}

/// Keeps a batch, and after the last row ends what a full list lacks; gives how far the import is.
///
/// # Errors
/// `KEY_REUSED` for another list; `INVALID_FIELDS` for rows out of order; `WRONG_STATE` for rows after the end, and for documents
/// where enrolment is not connected; `UNAVAILABLE` where it is away.
pub(crate) async fn keep(app: &Arc<App>, batch: Batch) -> Result<Import, Fault> {
    let before = imports::by_id(app.database.reader(), &batch.import).await.map_err(Problem::Store)?;
    let read = before.map_or(0, |before| before.rows_read);
    let (head, rows) = resolve(app, batch, read).await?;
    let (app, batch) = (Arc::clone(app), Arc::new((head, rows)));
    let committing = async move {
        let work = |tx: Tx| {
            let (app, batch) = (Arc::clone(&app), Arc::clone(&batch));
            async move { kept(&app, &tx, &batch.0, &batch.1).await }
        };
        let mut import = app.database.transaction::<_, Problem, _, _>(work).await?;
        while import.state == ImportState::Ending {
            let work = |tx: Tx| {
                let (app, import) = (Arc::clone(&app), import.clone());
                async move { end_missing(&app, &tx, &import).await }
            };
            import = app.database.transaction::<_, Problem, _, _>(work).await?;
        }
        app.news.notify_one();
        Ok(import)
    };
    to_its_end(committing).await
}

/// Looks up the people of rows that were not read before; documents are asked about and forgotten.
async fn resolve(app: &App, batch: Batch, read: u64) -> Result<(Batch, Vec<Resolved>), Fault> {
    let rows: Vec<&Row> = batch.rows.iter().filter(|row| row.number > read).collect();
    let documents: Vec<&Document> = rows
        .iter()
        .filter_map(|row| match &row.who {
            Some(Who::Document(document)) => Some(document),
            _ => None,
        })
        .collect();
    let found = match &app.directory {
        Some(directory) => directory.find(&documents).await?,
        None if documents.is_empty() => BTreeMap::new(),
        None => {
            let message = "enrolment is not connected: a list must name people by their ids";
            return Err(Fault::wrong_state("enrolment_not_connected", message));
        }
    };
    let named =
        rows.iter().filter_map(|row| if let Some(Who::Person(person)) = &row.who { Some(*person) } else { None });
    let unknown = match &app.directory {
        Some(directory) => directory.unknown(&named.collect::<Vec<_>>()).await?,
        None => BTreeSet::new(),
    };
    let mut place = 0;
    let mut resolved = Vec::with_capacity(rows.len());
    for row in rows {
        let person = match &row.who {
            Some(Who::Person(person)) => Some(*person),
            Some(Who::Document(_)) => {
                place += 1;
                found.get(&(place - 1)).copied()
            }
            None => None,
        };
        let is_unknown = person.is_some_and(|person| unknown.contains(&person));
        resolved.push(Resolved { number: row.number, person, is_unknown, said: row.said.clone() });
    }
    Ok((Batch { rows: Vec::new(), ..batch }, resolved))
}

async fn kept(app: &App, tx: &Tx, batch: &Batch, rows: &[Resolved]) -> Result<Import, Problem> {
    let now = app.now();
    let mut import = imports::begin(
        tx,
        &Import {
            id: batch.import.clone(),
            list: batch.list.clone(),
            rows_total: batch.rows_total,
            rows_read: 0,
            found: BTreeMap::new(),
            state: ImportState::Open,
            begun_at: now,
            committed_at: now,
        },
    )
    .await?;
    if import.list != batch.list {
        return Err(Fault::key_reused("terms").into());
    }
    let rows: Vec<&Resolved> = rows.iter().filter(|row| row.number > import.rows_read).collect();
    if import.state != ImportState::Open {
        let message = "the import has had its last row; rows after it need an import of their own";
        return if rows.is_empty() { Ok(import) } else { Err(Fault::wrong_state("done", message).into()) };
    }
    in_order(&rows, import.rows_read)?;
    as_announced(&mut import, batch, &rows)?;
    let (differences, recorded) = decided(app, tx, &import, &rows).await?;
    if import.list.mode == ImportMode::Apply && !recorded.is_empty() {
        categories::add(tx, &recorded).await?;
        tell::categories(app, tx, &recorded).await?;
        mend::recategorised(app, tx, &recorded).await?;
    }
    import.rows_read = rows.last().map_or(import.rows_read, |row| row.number);
    if batch.last {
        import.state = if import.list.is_full { ImportState::Ending } else { ImportState::Done };
    }
    add(tx, &mut import, &differences).await?;
    import.committed_at = now.max(import.committed_at);
    imports::advance(tx, &import).await?;
    Ok(import)
}

/// What rows are to what is known, and the versions of grants that follow.
async fn decided(
    app: &App,
    tx: &Tx,
    import: &Import,
    rows: &[&Resolved],
) -> Result<(Vec<Difference>, Vec<Grant>), Problem> {
    // nothing is recorded of whom enrolment does not know
    let registered: BTreeSet<Name> = rows.iter().filter(|row| !row.is_unknown).filter_map(|row| row.person).collect();
    if import.list.mode == ImportMode::Apply && !registered.is_empty() {
        people::lock(tx, &registered).await?;
    }
    let people: BTreeSet<Name> = rows.iter().filter_map(|row| row.person).collect();
    let people: Vec<Name> = people.into_iter().collect();
    let mut versions: BTreeMap<String, Vec<Grant>> = BTreeMap::new();
    for grant in categories::of_all(tx, &people).await? {
        versions.entry(grant.person.clone()).or_default().push(grant);
    }
    let mut named = imports::named(tx, &import.id, &people).await?;
    let (mut differences, mut recorded) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        let of = row.person.and_then(|person| versions.get(person.as_str())).map(Vec::as_slice).unwrap_or_default();
        let difference = one(app, import, row, of, &named);
        if let Some(person) = row.person {
            named.entry(person).or_insert(row.number);
        }
        if matches!(difference.kind, DifferenceKind::New | DifferenceKind::Changed) {
            recorded.extend(difference.after.clone());
        }
        differences.push(difference);
    }
    Ok((differences, recorded))
}

fn one(app: &App, import: &Import, row: &Resolved, versions: &[Grant], named: &BTreeMap<Name, u64>) -> Difference {
    // who has categories here is on the list by the row that says so, although enrolment does not know the person (any more)
    let is_on_it = !row.is_unknown || !versions.is_empty();
    let person = row.person.filter(|_| is_on_it).map(|person| person.to_string());
    let (position, number) = (row.number, row.number);
    let kind = DifferenceKind::Rejected;
    let problems = Vec::new();
    let found = Difference { position, row: number, kind, person: person.clone(), before: None, after: None, problems };
    let said = match &row.said {
        Ok(said) => said,
        Err(problems) => return Difference { problems: problems.clone(), ..found },
    };
    let Some(person) = person.filter(|_| !row.is_unknown) else {
        return Difference { kind: DifferenceKind::UnknownPerson, ..found };
    };
    if let Some(before) = row.person.and_then(|person| named.get(&person)) {
        let description = format!("the person is named by row {before} already");
        let problem = RowProblem { field: String::new(), reason: "duplicate".to_owned(), description };
        return Difference { problems: vec![problem], ..found };
    }
    match compare(&import.list, said, &known(versions.to_vec(), None)) {
        Compared::Rejected(problem) => Difference { problems: vec![problem], ..found },
        Compared::Same(grant) => {
            let grant = Some(*grant);
            Difference { kind: DifferenceKind::Same, before: grant.clone(), after: grant, ..found }
        }
        Compared::New(terms) => {
            let after = Some(recorded(app, import, (&person, versions), None, (terms, false)));
            Difference { kind: DifferenceKind::New, after, ..found }
        }
        Compared::Changed(before, terms) => {
            let after = Some(recorded(app, import, (&person, versions), Some(&before), (terms, false)));
            Difference { kind: DifferenceKind::Changed, before: Some(*before), after, ..found }
        }
    }
}

/// The version a list brings; in a check one without a number, and without an id where it is new.
fn recorded(
    app: &App,
    import: &Import,
    (person, versions): (&str, &[Grant]),
    before: Option<&Grant>,
    (terms, taken_back): (Terms, bool),
) -> Grant {
    let is_kept = import.list.mode == ImportMode::Apply;
    let new = || if is_kept { app.id() } else { String::new() };
    Grant {
        id: before.map_or_else(new, |before| before.id.clone()),
        version: if is_kept { before.map_or(1, |before| before.version + 1) } else { 0 },
        person: person.to_owned(),
        terms,
        taken_back,
        claw_back: false,
        operator: import.list.operator.clone(),
        reason: import.list.source.clone(),
        recorded_at: after(app, versions),
        import: import.id.clone(),
        application: before.and_then(|before| before.application),
        list_division: Some(import.list.division),
    }
}

/// Ends the first of what a full list lacks; the import is done when there is nothing more.
async fn end_missing(app: &App, tx: &Tx, import: &Import) -> Result<Import, Problem> {
    let mut import = imports::begin(tx, import).await?;
    if import.state != ImportState::Ending {
        return Ok(import);
    }
    let missing = imports::missing(tx, &import, ENDED_MOST).await?;
    let names: Result<BTreeSet<Name>, _> = missing.iter().map(|grant| Name::new(&grant.person)).collect();
    let names = names.map_err(Fault::internal)?;
    let is_kept = import.list.mode == ImportMode::Apply;
    if is_kept && !names.is_empty() {
        people::lock(tx, &names).await?;
    }
    let versions = categories::of_all(tx, &names.into_iter().collect::<Vec<_>>()).await?;
    let mut position = import.rows_read + import.found.get(&DifferenceKind::Ended).copied().unwrap_or_default();
    let (mut differences, mut ends) = (Vec::new(), Vec::new());
    for grant in missing {
        // what was found before the lock may be old by now: then it is looked for once more
        let newest = versions.iter().filter(|one| one.id == grant.id).max_by_key(|one| one.version);
        if newest.is_some_and(|newest| newest.version != grant.version) {
            continue;
        }
        let of: Vec<Grant> = versions.iter().filter(|one| one.person == grant.person).cloned().collect();
        let after = recorded(app, &import, (&grant.person, &of), Some(&grant), ended(&import.list, &grant));
        ends.push(after.clone());
        position += 1;
        differences.push(Difference {
            position,
            row: 0,
            kind: DifferenceKind::Ended,
            person: Some(grant.person.clone()),
            before: Some(grant),
            after: Some(after),
            problems: Vec::new(),
        });
    }
    if differences.is_empty() {
        import.state = ImportState::Done;
    }
    if is_kept {
        categories::add(tx, &ends).await?;
        tell::categories(app, tx, &ends).await?;
    }
    add(tx, &mut import, &differences).await?;
    import.committed_at = app.now().max(import.committed_at);
    imports::advance(tx, &import).await?;
    Ok(import)
}

async fn add(tx: &Tx, import: &mut Import, differences: &[Difference]) -> Result<(), Problem> {
    for difference in differences {
        *import.found.entry(difference.kind).or_default() += 1;
    }
    imports::add(tx, &import.id, differences).await?;
    Ok(())
}

/// Each row's number is one more than the one before.
fn in_order(rows: &[&Resolved], read: u64) -> Result<(), Fault> {
    let mut violations = Violations::new();
    for (expected, (at, row)) in (read.saturating_add(1)..).zip(rows.iter().enumerate()) {
        if row.number != expected {
            violations.within_item("rows", at, |v| v.add("row", row.number, format!("row {expected}")));
            break;
        }
    }
    violations.finish(Some(()))
}

/// No more rows than announced, and no fewer when the last ones come; the newest announcement holds.
fn as_announced(import: &mut Import, batch: &Batch, rows: &[&Resolved]) -> Result<(), Fault> {
    if batch.rows_total > 0 {
        import.rows_total = batch.rows_total;
    }
    let read = rows.last().map_or(import.rows_read, |row| row.number);
    let total = import.rows_total;
    let mut violations = Violations::new();
    if total > 0 && read > total {
        violations.add("rows_total", total, format!("at least {read}, the number of a row that came, or 0"));
    } else if total > 0 && batch.last && read < total {
        let expected = format!("all {total} rows that were announced before the import ends");
        violations.add("last", format!("row {read}"), expected);
    }
    violations.finish(Some(()))
}
