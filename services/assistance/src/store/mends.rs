//! What claims lack, and what settlement was asked so that it is put right.

use serde_json::{Value as Json, json};
use store::batch::Batch;
use store::outbox::{self, Event};
use store::rows::{self, Cell, Columns, Kind};
use store::sea_orm::{ConnectionTrait, QueryResult};
use store::{Error, Tx};
use terms::Name;
use wire::change::Cause;

use super::row;
use crate::domain::{AskState, Mend, Occasion, Reassess, Refused};

/// The topic of the events that ask settlement to decide a year anew.
pub(crate) const TOPIC: &str = "reassess";

const MEND: &Columns = &[
    ("claim_id", Kind::Text),
    ("payer", Kind::Text),
    ("person_id", Kind::Text),
    ("year", Kind::Int),
    ("why", Kind::Text),
    ("short_fen", Kind::Int),
    ("is_open", Kind::Int),
];
const REASSESS: &Columns = &[
    ("reassess_id", Kind::Text),
    ("person_id", Kind::Text),
    ("year", Kind::Int),
    ("cause", Kind::Text),
    ("about", Kind::Text),
    ("claw_back", Kind::Int),
    ("state", Kind::Text),
    ("is_sent", Kind::Int),
    ("again_cause", Kind::Text),
    ("again_about", Kind::Text),
    ("again_claw_back", Kind::Int),
    ("refusal", Kind::Bytes),
    ("refused_claim", Kind::Text),
    ("division", Kind::Text),
    ("policy_version", Kind::Text),
    ("asked_at", Kind::Int),
    ("answered_at", Kind::Int),
];
const PERSON: &Columns = &[("person_id", Kind::Text)];
const YEAR: &Columns = &[("person_id", Kind::Text), ("year", Kind::Int)];
/// The payer of what is not about one.
const ALL: &str = "*";

/// Why settlement is asked, each with its spelling.
const CAUSES: [(Cause, &str); 3] = [
    (Cause::PersonChanged, "person_changed"),
    (Cause::ThirdFollowed, "third_followed"),
    (Cause::LimitFreed, "limit_freed"),
];

/// Which questions are listed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) person: Option<Name>,
    pub(crate) year: Option<i32>,
    /// Empty: every state.
    pub(crate) states: Vec<AskState>,
    pub(crate) offset: u64,
    pub(crate) most: u64,
}

/// What claims of people lack, by person: what is open.
pub(super) async fn open(tx: &Tx, people: &[Json]) -> Result<Vec<(Name, Mend)>, Error> {
    let sql = "SELECT m.* FROM {rows} JOIN mend m ON m.person_id = r.person_id WHERE m.is_open = 1";
    let read = |found: &QueryResult| {
        let payer = row::text(found, "payer")?;
        let payer = if payer == ALL { None } else { Some(row::name(found, "payer")?) };
        let mend = Mend {
            claim: row::name(found, "claim_id")?,
            payer,
            year: row::number(found, "year")?,
            why: row::parsed(found, "why")?,
            short: row::fen(found, "short_fen")?,
            is_open: true,
        };
        Ok((row::name(found, "person_id")?, mend))
    };
    rows::query(tx, sql, PERSON, people, []).await?.iter().map(read).collect()
}

/// Writes what claims lack, by person.
pub(super) fn put(batch: &mut Batch, mends: &[(Name, &Mend)]) -> Result<(), Error> {
    let row = |(person, mend): &(Name, &Mend)| {
        json!({
            "claim_id": mend.claim.as_str(), "payer": mend.payer.as_ref().map_or(ALL, Name::as_str),
            "person_id": person.as_str(), "year": mend.year, "why": mend.why.word(),
            "short_fen": mend.short.get(), "is_open": i64::from(mend.is_open),
        })
    };
    let mends: Vec<Json> = mends.iter().map(row).collect();
    let end = "ON CONFLICT (claim_id, payer) DO UPDATE SET why = excluded.why, short_fen = excluded.short_fen, \
         is_open = excluded.is_open";
    batch.insert("desk.mends", ("mend", MEND), &mends, end)
}

/// The questions of people that are not answered.
pub(super) async fn asked(tx: &Tx, people: &[Json]) -> Result<Vec<Reassess>, Error> {
    let sql = "SELECT q.* FROM {rows} JOIN reassess q ON q.person_id = r.person_id WHERE q.state = 'asked'";
    rows::query(tx, sql, PERSON, people, []).await?.iter().map(read).collect()
}

/// The years of people that settlement refused and was not asked about since.
pub(crate) async fn refused(tx: &Tx, people: &[Name]) -> Result<Vec<(Name, i32)>, Error> {
    let people: Vec<Json> = people.iter().map(|person| json!({"person_id": person.as_str()})).collect();
    let sql =
        "SELECT q.person_id, q.year FROM {rows} JOIN reassess q ON q.person_id = r.person_id WHERE q.state = 'refused'";
    let found = rows::query(tx, sql, PERSON, &people, []).await?;
    found.iter().map(|found| Ok((row::name(found, "person_id")?, row::number(found, "year")?))).collect()
}

/// Refused questions, the oldest first: those after an id, in order of it.
pub(crate) async fn all_refused(
    connection: &impl ConnectionTrait,
    after: &str,
    most: u32,
) -> Result<Vec<Reassess>, Error> {
    let sql = "SELECT * FROM reassess WHERE state = 'refused' AND reassess_id > $1 ORDER BY reassess_id LIMIT $2";
    let found = row::all(connection, sql, vec![after.into(), i64::from(most).into()]).await?;
    found.iter().map(read).collect()
}

/// A question.
pub(crate) async fn by_id(connection: &impl ConnectionTrait, id: &str) -> Result<Option<Reassess>, Error> {
    let sql = "SELECT * FROM reassess WHERE reassess_id = $1";
    row::one(connection, sql, vec![id.into()]).await?.as_ref().map(read).transpose()
}

/// Questions, newest first.
pub(crate) async fn list(connection: &impl ConnectionTrait, wanted: &Wanted) -> Result<Vec<Reassess>, Error> {
    let states = [AskState::Asked, AskState::Done, AskState::NothingChanged, AskState::Refused, AskState::AskedAgain];
    let named = |state: &AskState| wanted.states.is_empty() || wanted.states.contains(state);
    let words: Vec<String> =
        states.iter().filter(|state| named(state)).map(|one| format!("'{}'", one.word())).collect();
    let sql = format!(
        "SELECT * FROM reassess WHERE ($1 = '' OR person_id = $1) AND ($2 = 0 OR year = $2) AND state IN ({}) \
         ORDER BY asked_at DESC, reassess_id DESC LIMIT $3 OFFSET $4",
        words.join(", ")
    );
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let values = vec![
        wanted.person.map(|person| person.to_string()).unwrap_or_default().into(),
        i64::from(wanted.year.unwrap_or_default()).into(),
        count(wanted.most).into(),
        count(wanted.offset).into(),
    ];
    row::all(connection, &sql, values).await?.iter().map(read).collect()
}

/// Records that settlement is about to be asked.
pub(crate) async fn sent(tx: &Tx, id: &str) -> Result<(), Error> {
    let sql = "UPDATE reassess SET is_sent = 1 WHERE reassess_id = $1 AND state = 'asked'";
    row::execute(tx, sql, vec![id.into()]).await
}

/// Asks: new questions, each with the event that carries it to settlement. What was refused before is asked again by it.
pub(super) async fn ask(tx: &Tx, asked: &[Reassess], trace_context: Option<&str>) -> Result<(), Error> {
    if asked.is_empty() {
        return Ok(());
    }
    let years: Vec<Json> =
        asked.iter().map(|one| json!({"person_id": one.person.as_str(), "year": one.year})).collect();
    let sql = "UPDATE reassess SET state = 'asked_again' FROM {rows} \
         WHERE reassess.person_id = r.person_id AND reassess.year = r.year AND reassess.state = 'refused'";
    rows::execute(tx, sql, YEAR, &years).await?;
    rows::insert_cells(tx, "reassess", REASSESS, asked.iter().map(cells).collect(), "").await?;
    let event = |one: &Reassess| Event {
        id: one.id.clone(),
        key: one.person.to_string(),
        topic: TOPIC.to_owned(),
        payload: one.id.clone().into_bytes(),
        trace_context: trace_context.map(str::to_owned),
        created_at: one.asked_at.timestamp_micros(),
    };
    outbox::put(tx, &asked.iter().map(event).collect::<Vec<_>>()).await
}

/// Writes how questions that were there stand now.
pub(super) async fn update(tx: &Tx, asked: &[&Reassess]) -> Result<(), Error> {
    let end = "ON CONFLICT (reassess_id) DO UPDATE SET claw_back = excluded.claw_back, state = excluded.state, \
         again_cause = excluded.again_cause, again_about = excluded.again_about, \
         again_claw_back = excluded.again_claw_back, refusal = excluded.refusal, \
         refused_claim = excluded.refused_claim, division = excluded.division, \
         policy_version = excluded.policy_version, answered_at = excluded.answered_at";
    rows::insert_cells(tx, "reassess", REASSESS, asked.iter().map(|one| cells(one)).collect(), end).await.map(|_| ())
}

/// The spelling of a cause; every other one is that the person is another.
fn cause(cause: Cause) -> &'static str {
    CAUSES.iter().find(|(known, _)| *known == cause).map_or("person_changed", |(_, word)| *word)
}

fn cause_of(word: &str) -> Result<Cause, Error> {
    let found = CAUSES.iter().find(|(_, known)| *known == word).map(|(cause, _)| *cause);
    found.ok_or(Error::Corrupt { what: "a cause" })
}

fn cells(one: &Reassess) -> Vec<Cell> {
    let refused = one.refused.clone().unwrap_or_default();
    let (division, version) = refused.under.unzip();
    vec![
        one.id.as_str().into(),
        one.person.as_str().into(),
        i64::from(one.year).into(),
        cause(one.occasion.cause).into(),
        one.occasion.about.as_str().into(),
        i64::from(one.occasion.claw_back).into(),
        one.state.word().into(),
        i64::from(one.is_sent).into(),
        one.again.map(|again| cause(again.cause)).into(),
        one.again.map(|again| again.about.to_string()).into(),
        i64::from(one.again.is_some_and(|again| again.claw_back)).into(),
        one.refused.as_ref().map(|refused| refused.refusal.clone()).into(),
        refused.claim.into(),
        division.into(),
        version.into(),
        one.asked_at.timestamp_micros().into(),
        one.answered_at.map(|at| at.timestamp_micros()).into(),
    ]
}

fn read(found: &QueryResult) -> Result<Reassess, Error> {
    let of = |column: &'static str| cause_of(&row::text(found, column)?);
    let occasion =
        Occasion { cause: of("cause")?, about: row::name(found, "about")?, claw_back: row::flag(found, "claw_back")? };
    let again: Option<Occasion> = match row::optional_name(found, "again_about")? {
        Some(about) => {
            Some(Occasion { cause: of("again_cause")?, about, claw_back: row::flag(found, "again_claw_back")? })
        }
        None => None,
    };
    let refusal: Option<Vec<u8>> = found.try_get("", "refusal")?;
    let refused = match refusal {
        Some(refusal) => {
            let (division, version) = (found.try_get("", "division")?, found.try_get("", "policy_version")?);
            let under = Option::<String>::zip(division, version);
            Some(Refused { refusal, claim: found.try_get("", "refused_claim")?, under })
        }
        None => None,
    };
    Ok(Reassess {
        id: row::text(found, "reassess_id")?,
        person: row::name(found, "person_id")?,
        year: row::number(found, "year")?,
        occasion,
        state: row::parsed(found, "state")?,
        is_sent: row::flag(found, "is_sent")?,
        again,
        refused,
        asked_at: row::moment(found, "asked_at")?,
        answered_at: row::optional_moment(found, "answered_at")?,
    })
}

/// How many claims lack something, and how many years settlement refused: for the gauges.
pub(crate) async fn open_and_refused(connection: &impl ConnectionTrait) -> Result<(i64, i64), Error> {
    let sql = "SELECT (SELECT count(*) FROM mend WHERE is_open = 1) AS lacking, \
         (SELECT count(*) FROM reassess WHERE state = 'refused') AS refused";
    let found = row::one(connection, sql, Vec::new()).await?.ok_or(Error::Corrupt { what: "a count" })?;
    Ok((row::int(&found, "lacking")?, row::int(&found, "refused")?))
}
