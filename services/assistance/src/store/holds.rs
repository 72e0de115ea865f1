//! Holds and their parts.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};
use store::batch::Batch;
use store::rows::{self, Columns, Kind};
use store::sea_orm::{ConnectionTrait, DbBackend, QueryResult};
use store::{Database, Error, Tx};
use terms::{Name, Word as _};

use super::row;
use crate::domain::{Hold, HoldState, Part, Under};

const HOLD: &Columns = &[
    ("hold_id", Kind::Text),
    ("person_id", Kind::Text),
    ("division", Kind::Text),
    ("policy_version", Kind::Text),
    ("scheme", Kind::Text),
    ("owner", Kind::Text),
    ("state", Kind::Text),
    ("change_id", Kind::Text),
    ("reserved_at", Kind::Int),
    ("expires_at", Kind::Int),
    ("lease_until", Kind::Int),
    ("ended_at", Kind::Int),
];
const PART: &Columns = &[
    ("hold_id", Kind::Text),
    ("year", Kind::Int),
    ("payer", Kind::Text),
    ("asked_fen", Kind::Int),
    ("granted_fen", Kind::Int),
    ("posted_fen", Kind::Int),
];
const ID: &Columns = &[("hold_id", Kind::Text)];

/// Which holds are listed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) person: Option<Name>,
    /// Empty: every state.
    pub(crate) states: Vec<HoldState>,
    pub(crate) before: Option<DateTime<Utc>>,
    pub(crate) offset: u64,
    pub(crate) most: u64,
}

/// A hold nobody has heard of in time, to be asked about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Overdue {
    pub(crate) hold: Name,
    pub(crate) person: Name,
}

/// A hold.
pub(crate) async fn by_id(connection: &impl ConnectionTrait, id: Name) -> Result<Option<Hold>, Error> {
    Ok(by_ids(connection, &[id]).await?.pop())
}

/// Holds, those of the ids that are there.
pub(super) async fn by_ids(connection: &impl ConnectionTrait, ids: &[Name]) -> Result<Vec<Hold>, Error> {
    let ids: Vec<Json> = ids.iter().map(|id| json!({"hold_id": id.as_str()})).collect();
    let found =
        rows::query(connection, "SELECT h.* FROM {rows} JOIN hold h ON h.hold_id = r.hold_id", ID, &ids, []).await?;
    with_parts(connection, &found).await
}

/// Holds, in the order in which they were first asked for.
pub(crate) async fn list(connection: &impl ConnectionTrait, wanted: &Wanted) -> Result<Vec<Hold>, Error> {
    let states: Vec<&str> = wanted.states.iter().map(|state| state.word()).collect();
    let named = |state: HoldState| i64::from(states.is_empty() || states.contains(&state.word()));
    let sql = "SELECT * FROM hold WHERE ($1 = '' OR person_id = $1) AND reserved_at < $2 AND (($3 = 1 AND state = 'pending') \
         OR ($4 = 1 AND state = 'posted') OR ($5 = 1 AND state = 'voided')) ORDER BY reserved_at, hold_id LIMIT $6 OFFSET $7";
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let values = vec![
        wanted.person.map(|person| person.to_string()).unwrap_or_default().into(),
        wanted.before.map_or(i64::MAX, |before| before.timestamp_micros()).into(),
        named(HoldState::Pending).into(),
        named(HoldState::Posted).into(),
        named(HoldState::Voided).into(),
        count(wanted.most).into(),
        count(wanted.offset).into(),
    ];
    let found = row::all(connection, sql, values).await?;
    with_parts(connection, &found).await
}

async fn with_parts(connection: &impl ConnectionTrait, found: &[QueryResult]) -> Result<Vec<Hold>, Error> {
    let mut holds: Vec<Hold> = found.iter().map(read).collect::<Result<_, _>>()?;
    let ids: Vec<Json> = holds.iter().map(|hold| json!({"hold_id": hold.id.as_str()})).collect();
    let sql = "SELECT p.* FROM {rows} JOIN hold_part p ON p.hold_id = r.hold_id ORDER BY p.hold_id, p.year, p.payer";
    let mut parts: BTreeMap<Name, Vec<Part>> = BTreeMap::new();
    for found in &rows::query(connection, sql, ID, &ids, []).await? {
        let part = Part {
            year: row::number(found, "year")?,
            payer: row::name(found, "payer")?,
            asked: row::fen(found, "asked_fen")?,
            granted: row::fen(found, "granted_fen")?,
            posted: row::fen(found, "posted_fen")?,
        };
        parts.entry(row::name(found, "hold_id")?).or_default().push(part);
    }
    for hold in &mut holds {
        hold.parts = parts.remove(&hold.id).unwrap_or_default();
        // a database may order texts otherwise than names are ordered here
        hold.parts.sort_by_key(|part| (part.year, part.payer));
    }
    Ok(holds)
}

fn read(found: &QueryResult) -> Result<Hold, Error> {
    let under =
        (row::optional(found, "division")?, row::optional(found, "policy_version")?, row::optional(found, "scheme")?);
    let under = match under {
        (Some(division), Some(version), Some(scheme)) => Some(Under { division, version, scheme }),
        _ => None,
    };
    Ok(Hold {
        id: row::name(found, "hold_id")?,
        person: row::name(found, "person_id")?,
        under,
        owner: row::text(found, "owner")?,
        state: row::parsed(found, "state")?,
        parts: Vec::new(),
        change: row::optional_name(found, "change_id")?,
        reserved_at: row::moment(found, "reserved_at")?,
        expires_at: row::moment(found, "expires_at")?,
        asked_at: row::optional_moment(found, "asked_at")?,
        ended_at: row::optional_moment(found, "ended_at")?,
    })
}

/// Adds new holds, and what holds that are or were pending hold now. Those that have ended are ended by [`end`] after it: the parts of
/// a hold that has ended stay as they are.
pub(super) fn add(batch: &mut Batch, holds: &[&Hold]) -> Result<(), Error> {
    let pending: Vec<Json> = holds.iter().map(|hold| hold_row(hold, HoldState::Pending)).collect();
    let longer = "ON CONFLICT (hold_id) DO UPDATE SET expires_at = excluded.expires_at";
    batch.insert("desk.holds", ("hold", HOLD), &pending, longer)?;
    let parts: Vec<Json> = holds
        .iter()
        .flat_map(|hold| {
            hold.parts.iter().map(|part| {
                json!({
                    "hold_id": hold.id.as_str(), "year": part.year, "payer": part.payer.as_str(),
                    "asked_fen": part.asked.get(), "granted_fen": part.granted.get(), "posted_fen": part.posted.get(),
                })
            })
        })
        .collect();
    let now = "ON CONFLICT (hold_id, year, payer) DO UPDATE SET asked_fen = excluded.asked_fen, \
         granted_fen = excluded.granted_fen, posted_fen = excluded.posted_fen";
    batch.insert("desk.parts", ("hold_part", PART), &parts, now)
}

/// Ends those of these holds that are no longer pending.
pub(super) async fn end(tx: &Tx, holds: &[&Hold]) -> Result<(), Error> {
    let ended = holds.iter().filter(|hold| hold.state != HoldState::Pending);
    let ended: Vec<Json> = ended.map(|hold| hold_row(hold, hold.state)).collect();
    let sql = "UPDATE hold SET state = r.state, change_id = r.change_id, expires_at = r.expires_at, ended_at = r.ended_at \
         FROM {rows} WHERE hold.hold_id = r.hold_id";
    rows::execute(tx, sql, HOLD, &ended).await.map(|_| ())
}

fn hold_row(hold: &Hold, state: HoldState) -> Json {
    let ended = hold.ended_at.filter(|_| state != HoldState::Pending);
    json!({
        "hold_id": hold.id.as_str(), "person_id": hold.person.as_str(),
        "division": hold.under.map(|under| under.division.to_string()),
        "policy_version": hold.under.map(|under| under.version.to_string()),
        "scheme": hold.under.map(|under| under.scheme.word()),
        "owner": hold.owner, "state": state.word(), "change_id": hold.change.map(|change| change.to_string()),
        "reserved_at": hold.reserved_at.timestamp_micros(), "expires_at": hold.expires_at.timestamp_micros(),
        "lease_until": 0, "ended_at": ended.map(|at| at.timestamp_micros()),
    })
}

/// Takes, under a lease, the pending holds whose time has passed, the oldest first: nobody else asks about them meanwhile.
pub(crate) async fn take_overdue(
    database: &Database,
    owner: &str,
    (now, until): (DateTime<Utc>, DateTime<Utc>),
    most: u32,
) -> Result<Vec<Overdue>, Error> {
    let work = |tx: Tx| async move {
        let lock = if tx.get_database_backend() == DbBackend::Postgres { " FOR UPDATE SKIP LOCKED" } else { "" };
        let sql = format!(
            "UPDATE hold SET asked_at = $1, lease_owner = $2, lease_until = $3 WHERE hold_id IN (SELECT hold_id FROM hold \
             WHERE state = 'pending' AND expires_at <= $1 AND lease_until <= $1 ORDER BY expires_at LIMIT $4{lock}) \
             RETURNING hold_id, person_id"
        );
        let values =
            vec![now.timestamp_micros().into(), owner.into(), until.timestamp_micros().into(), i64::from(most).into()];
        let taken = row::all(&tx, &sql, values).await?;
        let read = |found| Ok(Overdue { hold: row::name(found, "hold_id")?, person: row::name(found, "person_id")? });
        taken.iter().map(read).collect()
    };
    database.transaction(work).await
}

/// How many pending holds' time has passed, and that of the oldest, in microseconds since 1970.
pub(crate) async fn overdue(connection: &impl ConnectionTrait, now: i64) -> Result<(i64, Option<i64>), Error> {
    let sql =
        "SELECT count(*) AS overdue, min(expires_at) AS oldest FROM hold WHERE state = 'pending' AND expires_at <= $1";
    let found = row::one(connection, sql, vec![now.into()]).await?.ok_or(Error::Corrupt { what: "a count" })?;
    Ok((row::int(&found, "overdue")?, found.try_get("", "oldest")?))
}
