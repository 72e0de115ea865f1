//! The watch list: entries, their steps, and what departments answered.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};
use store::batch::Batch;
use store::rows::{self, Cell, Columns, Kind};
use store::sea_orm::{ConnectionTrait, QueryResult};
use store::{Error, Tx};
use terms::{Category, Division, Name, Word as _};
use wire::change::YearStand;

use super::row;
use crate::domain::{Entry, Office, Step, WatchState};

const ENTRY: &Columns = &[
    ("entry_id", Kind::Text),
    ("person_id", Kind::Text),
    ("year", Kind::Int),
    ("state", Kind::Text),
    ("division", Kind::Text),
    ("policy_version", Kind::Text),
    ("scheme", Kind::Text),
    ("rules_date", Kind::Text),
    ("categories", Kind::Text),
    ("burden_fen", Kind::Int),
    ("line_fen", Kind::Int),
    ("is_asked", Kind::Int),
    ("sequence", Kind::Int),
    ("steps", Kind::Int),
    ("answered", Kind::Int),
    ("listed_at", Kind::Int),
    ("changed_at", Kind::Int),
];
const STEP: &Columns = &[
    ("entry_id", Kind::Text),
    ("number", Kind::Int),
    ("state", Kind::Text),
    ("burden_fen", Kind::Int),
    ("line_fen", Kind::Int),
    ("sequence", Kind::Int),
    ("about", Kind::Text),
    ("done_at", Kind::Int),
];
const ANSWER: &Columns = &[
    ("entry_id", Kind::Text),
    ("number", Kind::Int),
    ("office", Kind::Text),
    ("verdict", Kind::Text),
    ("answer", Kind::Bytes),
    ("application_id", Kind::Text),
    ("answered_at", Kind::Int),
];
const WANTED: &Columns = &[
    ("application_id", Kind::Text),
    ("entry_id", Kind::Text),
    ("person_id", Kind::Text),
    ("year", Kind::Int),
    ("division", Kind::Text),
    ("terms", Kind::Bytes),
    ("operator_id", Kind::Text),
    ("wanted_at", Kind::Int),
];
const YEAR: &Columns = &[("person_id", Kind::Text), ("year", Kind::Int)];
const SEEN: &Columns = &[("person_id", Kind::Text), ("year", Kind::Int), ("sequence", Kind::Int)];

/// Which entries are listed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// The division and all below it.
    pub(crate) division: Option<Division>,
    pub(crate) person: Option<Name>,
    pub(crate) year: Option<i32>,
    /// Empty: every state.
    pub(crate) states: Vec<WatchState>,
    /// Only those behind this one.
    pub(crate) after: Option<Name>,
    pub(crate) most: u64,
}

/// An entry with the answer that holds, as it was said, and the application it opened.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) entry: Entry,
    pub(crate) answer: Option<Vec<u8>>,
    pub(crate) application: Option<Name>,
}

/// What a department said, to be kept with the step it made.
#[derive(Clone, Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) step: &'a Step,
    pub(crate) office: Office,
    /// As it was said.
    pub(crate) said: Vec<u8>,
    /// The application it opens, where the person is confirmed.
    pub(crate) opens: Option<Opens>,
}

/// An application that an answer opens.
#[derive(Clone, Debug)]
pub(crate) struct Opens {
    pub(crate) application: Name,
    pub(crate) terms: Vec<u8>,
    pub(crate) operator: String,
}

/// The entries of years of people who are locked, by person and year.
pub(crate) async fn of_years(tx: &Tx, years: &[(Name, i32)]) -> Result<BTreeMap<(Name, i32), Entry>, Error> {
    let years: Vec<Json> =
        years.iter().map(|(person, year)| json!({"person_id": person.as_str(), "year": year})).collect();
    let sql = "SELECT e.* FROM {rows} JOIN watch_entry e ON e.person_id = r.person_id AND e.year = r.year";
    let found = rows::query(tx, sql, YEAR, &years, []).await?;
    let read = |found: &QueryResult| entry(found).map(|entry| ((entry.person, entry.stand.year), entry));
    found.iter().map(read).collect()
}

/// Of years that were read up to a Change, those of which a later Change is kept.
pub(crate) async fn passed(tx: &Tx, years: &[(Name, i32, u64)]) -> Result<Vec<(Name, i32)>, Error> {
    let years: Vec<Json> = years
        .iter()
        .map(|(person, year, sequence)| json!({"person_id": person.as_str(), "year": year, "sequence": sequence}))
        .collect();
    let sql = "SELECT DISTINCT r.person_id, r.year FROM {rows} JOIN claim_fact f ON f.person_id = r.person_id \
         AND f.year = r.year JOIN change c ON c.change_id = f.change_id WHERE c.sequence > r.sequence";
    let found = rows::query(tx, sql, SEEN, &years, []).await?;
    found.iter().map(|found| Ok((row::name(found, "person_id")?, row::number(found, "year")?))).collect()
}

/// Writes how entries stand now, and their new steps.
pub(crate) async fn put(tx: &Tx, entries: &[&Entry], steps: &[Step]) -> Result<(), Error> {
    let entries: Vec<Json> = entries.iter().map(|entry| entry_row(entry)).collect();
    let end = "ON CONFLICT (entry_id) DO UPDATE SET state = excluded.state, division = excluded.division, \
         policy_version = excluded.policy_version, scheme = excluded.scheme, rules_date = excluded.rules_date, \
         categories = excluded.categories, burden_fen = excluded.burden_fen, line_fen = excluded.line_fen, \
         is_asked = excluded.is_asked, sequence = excluded.sequence, steps = excluded.steps, \
         answered = excluded.answered, changed_at = excluded.changed_at";
    let steps: Vec<Json> = steps.iter().map(step_row).collect();
    let mut batch = Batch::default();
    batch.insert("watch.entries", ("watch_entry", ENTRY), &entries, end)?;
    batch.insert("watch.steps", ("watch_step", STEP), &steps, "")?;
    batch.run(tx, |_| ()).await.map(|_| ())
}

/// Keeps an answer, and the application it opens for whoever keeps applications.
pub(crate) async fn answer(tx: &Tx, entry: &Entry, answer: Answer<'_>) -> Result<(), Error> {
    let Answer { step, office, said, opens } = answer;
    let at = step.done_at.timestamp_micros();
    let cells: Vec<Cell> = vec![
        step.entry.as_str().into(),
        i64::from(step.number).into(),
        office.word().into(),
        step.state.word().into(),
        said.into(),
        opens.as_ref().map(|opens| opens.application.to_string()).into(),
        at.into(),
    ];
    rows::insert_cells(tx, "watch_answer", ANSWER, vec![cells], "").await?;
    let Some(opens) = opens else { return Ok(()) };
    let cells: Vec<Cell> = vec![
        opens.application.as_str().into(),
        step.entry.as_str().into(),
        entry.person.as_str().into(),
        i64::from(entry.stand.year).into(),
        entry.stand.division.to_string().into(),
        opens.terms.into(),
        opens.operator.into(),
        at.into(),
    ];
    rows::insert_cells(tx, "application_wanted", WANTED, vec![cells], "").await.map(|_| ())
}

/// An entry by its id.
pub(crate) async fn by_id(connection: &impl ConnectionTrait, id: Name) -> Result<Option<Listed>, Error> {
    let sql = format!("{LISTED} WHERE e.entry_id = $1");
    row::one(connection, &sql, vec![id.as_str().into()]).await?.as_ref().map(listed).transpose()
}

/// The steps of an entry, first to last.
pub(crate) async fn steps(connection: &impl ConnectionTrait, id: Name) -> Result<Vec<Step>, Error> {
    let sql = "SELECT * FROM watch_step WHERE entry_id = $1 ORDER BY number";
    row::all(connection, sql, vec![id.as_str().into()]).await?.iter().map(step).collect()
}

const LISTED: &str = "SELECT e.*, a.answer, a.application_id FROM watch_entry e \
     LEFT JOIN watch_answer a ON a.entry_id = e.entry_id AND a.number = e.answered";

/// Entries, in the order in which they were listed.
pub(crate) async fn list(connection: &impl ConnectionTrait, wanted: &Wanted) -> Result<Vec<Listed>, Error> {
    let words: Vec<String> = wanted.states.iter().map(|state| format!("'{}'", state.word())).collect();
    let states = if words.is_empty() { String::new() } else { format!("AND e.state IN ({})", words.join(", ")) };
    let after = match wanted.after {
        Some(_) => {
            "AND (e.listed_at, e.entry_id) > (SELECT l.listed_at, l.entry_id FROM watch_entry l WHERE l.entry_id = $5)"
        }
        None => "AND $5 = ''",
    };
    let sql = format!(
        "{LISTED} WHERE ($1 = '' OR e.person_id = $1) AND ($2 = 0 OR e.year = $2) AND e.division BETWEEN $3 AND $4 \
         {states} {after} ORDER BY e.listed_at, e.entry_id LIMIT $6"
    );
    let (first, last) = wanted.division.map_or_else(|| ("0".to_owned(), "9999999".to_owned()), below);
    let name = |name: Option<Name>| name.map(|name| name.to_string()).unwrap_or_default();
    let values = vec![
        name(wanted.person).into(),
        i64::from(wanted.year.unwrap_or_default()).into(),
        first.into(),
        last.into(),
        name(wanted.after).into(),
        i64::try_from(wanted.most).unwrap_or(i64::MAX).into(),
    ];
    row::all(connection, &sql, values).await?.iter().map(listed).collect()
}

/// The codes of a division and all below it, first and last.
pub(super) fn below(division: Division) -> (String, String) {
    let code = division.code();
    let more = if code.is_multiple_of(10_000) {
        9_999
    } else if code.is_multiple_of(100) {
        99
    } else {
        0
    };
    (division.to_string(), format!("{:06}", code.saturating_add(more)))
}

/// Entries whose line could not be asked for, in order of id.
pub(crate) async fn to_ask(connection: &impl ConnectionTrait, after: &str, most: u32) -> Result<Vec<Entry>, Error> {
    let sql = "SELECT * FROM watch_entry WHERE is_asked = 0 AND entry_id > $1 ORDER BY entry_id LIMIT $2";
    row::all(connection, sql, vec![after.into(), i64::from(most).into()]).await?.iter().map(entry).collect()
}

/// Those of people who have an entry of a year.
pub(crate) async fn having(connection: &impl ConnectionTrait, year: i32, people: &[Name]) -> Result<Vec<Name>, Error> {
    let people: Vec<Json> = people.iter().map(|person| json!({"person_id": person.as_str(), "year": year})).collect();
    let sql = "SELECT e.person_id FROM {rows} JOIN watch_entry e ON e.person_id = r.person_id AND e.year = r.year";
    let found = rows::query(connection, sql, YEAR, &people, []).await?;
    found.iter().map(|found| row::name(found, "person_id")).collect()
}

/// How years were on the list after a Change of their person: the last step up to it, by person.
pub(crate) async fn as_of(
    connection: &impl ConnectionTrait,
    year: i32,
    people: &[(Name, u64)],
) -> Result<BTreeMap<Name, Step>, Error> {
    let people: Vec<Json> = people
        .iter()
        .map(|(person, sequence)| json!({"person_id": person.as_str(), "year": year, "sequence": sequence}))
        .collect();
    let sql = "SELECT e.person_id, s.* FROM {rows} JOIN watch_entry e ON e.person_id = r.person_id AND e.year = r.year \
         JOIN watch_step s ON s.entry_id = e.entry_id WHERE s.number = (SELECT max(l.number) FROM watch_step l \
         WHERE l.entry_id = e.entry_id AND l.sequence <= r.sequence)";
    let found = rows::query(connection, sql, SEEN, &people, []).await?;
    found.iter().map(|found| Ok((row::name(found, "person_id")?, step(found)?))).collect()
}

/// The last Changes of people that are kept; those nobody knows are left out.
pub(crate) async fn sequences(
    connection: &impl ConnectionTrait,
    people: &[Name],
) -> Result<BTreeMap<Name, u64>, Error> {
    let people: Vec<Json> = people.iter().map(|person| json!({"person_id": person.as_str()})).collect();
    let sql = "SELECT p.person_id, p.sequence FROM {rows} JOIN person p ON p.person_id = r.person_id";
    let found = rows::query(connection, sql, &[("person_id", Kind::Text)], &people, []).await?;
    found.iter().map(|found| Ok((row::name(found, "person_id")?, row::number(found, "sequence")?))).collect()
}

fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

fn entry_row(entry: &Entry) -> Json {
    let stand = &entry.stand;
    let categories: Vec<&str> = stand.categories.iter().map(|category| category.word()).collect();
    json!({
        "entry_id": entry.id.as_str(), "person_id": entry.person.as_str(), "year": stand.year,
        "state": entry.state.word(), "division": stand.division.to_string(),
        "policy_version": stand.version.to_string(), "scheme": stand.scheme.word(),
        "rules_date": stand.rules_date.to_string(), "categories": json!(categories).to_string(),
        "burden_fen": stand.burden.unwrap_or_default().get(), "line_fen": entry.line.map(money::Fen::get),
        "is_asked": i64::from(entry.is_asked), "sequence": entry.sequence, "steps": entry.steps,
        "answered": entry.answered, "listed_at": micros(entry.listed_at), "changed_at": micros(entry.changed_at),
    })
}

fn step_row(step: &Step) -> Json {
    json!({
        "entry_id": step.entry.as_str(), "number": step.number, "state": step.state.word(),
        "burden_fen": step.burden.get(), "line_fen": step.line.map(money::Fen::get), "sequence": step.sequence,
        "about": step.about.as_str(), "done_at": micros(step.done_at),
    })
}

fn listed(found: &QueryResult) -> Result<Listed, Error> {
    let (answer, application) = (found.try_get("", "answer")?, row::optional_name(found, "application_id")?);
    Ok(Listed { entry: entry(found)?, answer, application })
}

fn line(found: &QueryResult) -> Result<Option<money::Fen>, Error> {
    let line: Option<i64> = found.try_get("", "line_fen")?;
    Ok(line.map(money::Fen::new))
}

fn entry(found: &QueryResult) -> Result<Entry, Error> {
    let words: Vec<String> = row::json(found, "categories")?;
    let categories: Result<Vec<Category>, _> = words.iter().map(|word| word.parse()).collect();
    let answered: Option<i64> = found.try_get("", "answered")?;
    let stand = YearStand {
        year: row::number(found, "year")?,
        division: row::parsed(found, "division")?,
        version: row::parsed(found, "policy_version")?,
        scheme: row::parsed(found, "scheme")?,
        rules_date: row::date(found, "rules_date")?,
        categories: categories.map_err(|_| Error::Corrupt { what: "categories" })?,
        burden: Some(row::fen(found, "burden_fen")?),
        claims: Vec::new(),
        opening: Vec::new(),
    };
    Ok(Entry {
        id: row::name(found, "entry_id")?,
        person: row::name(found, "person_id")?,
        state: row::parsed(found, "state")?,
        stand,
        line: line(found)?,
        is_asked: row::flag(found, "is_asked")?,
        sequence: row::number(found, "sequence")?,
        steps: row::number(found, "steps")?,
        answered: answered.map(u32::try_from).transpose().map_err(|_| Error::Corrupt { what: "answered" })?,
        listed_at: row::moment(found, "listed_at")?,
        changed_at: row::moment(found, "changed_at")?,
    })
}

fn step(found: &QueryResult) -> Result<Step, Error> {
    Ok(Step {
        entry: row::name(found, "entry_id")?,
        number: row::number(found, "number")?,
        state: row::parsed(found, "state")?,
        burden: row::fen(found, "burden_fen")?,
        line: line(found)?,
        sequence: row::number(found, "sequence")?,
        about: row::name(found, "about")?,
        done_at: row::moment(found, "done_at")?,
    })
}
