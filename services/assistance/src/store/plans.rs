//! Plans of other payers and their members.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use money::{Fen, Rate};
use policy::{OfferBand, OfferBase, OfferPeriod, OfferTerms, OfferTilt};
use serde_json::{Value as Json, json};
use store::rows::{self, Columns, Kind};
use store::sea_orm::{ConnectionTrait, DbBackend, QueryResult};
use store::{Error, Tx};
use terms::{Care, Category, Name, Word as _};

use super::row;
use crate::domain::{Member, Plan};

const PLAN: &Columns = &[
    ("plan_id", Kind::Text),
    ("version", Kind::Int),
    ("payer", Kind::Text),
    ("zh", Kind::Text),
    ("en", Kind::Text),
    ("kind", Kind::Text),
    ("division", Kind::Text),
    ("from_date", Kind::Text),
    ("until_date", Kind::Text),
    ("base", Kind::Text),
    ("period", Kind::Text),
    ("cares", Kind::Text),
    ("deductible_fen", Kind::Int),
    ("bands", Kind::Text),
    ("ceiling_fen", Kind::Int),
    ("tilts", Kind::Text),
    ("source", Kind::Text),
    ("operator_id", Kind::Text),
    ("reason", Kind::Text),
    ("recorded_at", Kind::Int),
];
const MEMBER: &Columns = &[
    ("plan_id", Kind::Text),
    ("person_id", Kind::Text),
    ("from_date", Kind::Text),
    ("to_date", Kind::Text),
    ("joining", Kind::Text),
    ("number", Kind::Int),
    ("joined_at", Kind::Int),
];
const ID: &Columns = &[("plan_id", Kind::Text)];
const PERSON: &Columns = &[("person_id", Kind::Text)];

/// Adds a version of a plan.
pub(crate) async fn add(tx: &Tx, plan: &Plan) -> Result<(), Error> {
    let pays = &plan.pays;
    let cares: Vec<&str> = plan.cares.iter().map(|care| care.word()).collect();
    let band = |band: &OfferBand| json!({"from_fen": band.from.get(), "ratio": band.ratio.to_string()});
    let tilt = |tilt: &OfferTilt| json!({"category": tilt.category.word(), "points": tilt.points.to_string()});
    let row = json!({
        "plan_id": plan.id.as_str(), "version": plan.version, "payer": plan.payer.as_str(), "zh": plan.zh,
        "en": plan.en, "kind": plan.kind.word(), "division": plan.division.to_string(),
        "from_date": plan.from.to_string(), "until_date": plan.until.map(|day| day.to_string()),
        "base": base_word(pays.base), "period": period_word(pays.period), "cares": json!(cares).to_string(),
        "deductible_fen": pays.deductible.get(),
        "bands": Json::from(pays.bands.iter().map(band).collect::<Vec<_>>()).to_string(),
        "ceiling_fen": pays.ceiling.map(Fen::get),
        "tilts": Json::from(pays.tilts.iter().map(tilt).collect::<Vec<_>>()).to_string(),
        "source": plan.source, "operator_id": plan.operator, "reason": plan.reason,
        "recorded_at": plan.recorded_at.timestamp_micros(),
    });
    rows::insert(tx, "plan", PLAN, &[row], "").await.map(|_| ())
}

/// Locks a plan until the transaction ends; whether there is one.
pub(crate) async fn lock(tx: &Tx, plan: Name) -> Result<bool, Error> {
    let lock = if tx.get_database_backend() == DbBackend::Postgres { " FOR UPDATE" } else { "" };
    let sql = format!("SELECT version FROM plan WHERE plan_id = $1 AND version = 1{lock}");
    Ok(row::one(tx, &sql, vec![plan.as_str().into()]).await?.is_some())
}

/// Every version of plans, by plan, the first first.
pub(crate) async fn versions(
    connection: &impl ConnectionTrait,
    plans: impl Iterator<Item = Name>,
) -> Result<BTreeMap<Name, Vec<Plan>>, Error> {
    let ids: Vec<Json> = plans.map(|plan| json!({"plan_id": plan.as_str()})).collect();
    let sql = "SELECT p.* FROM {rows} JOIN plan p ON p.plan_id = r.plan_id ORDER BY p.plan_id, p.version";
    let mut found: BTreeMap<Name, Vec<Plan>> = BTreeMap::new();
    for one in &rows::query(connection, sql, ID, &ids, []).await? {
        let plan = plan(one)?;
        found.entry(plan.id).or_default().push(plan);
    }
    Ok(found)
}

/// How many people are members of a plan on a day.
pub(crate) async fn members_on(connection: &impl ConnectionTrait, plan: Name, day: NaiveDate) -> Result<u64, Error> {
    let sql = "SELECT count(DISTINCT person_id) AS n FROM plan_member \
         WHERE plan_id = $1 AND from_date <= $2 AND to_date >= $2";
    let found = row::one(connection, sql, vec![plan.as_str().into(), day.to_string().into()]).await?;
    found.map_or(Ok(0), |found| row::number(&found, "n"))
}

/// The memberships of people.
pub(crate) async fn members(
    connection: &impl ConnectionTrait,
    people: impl Iterator<Item = Name>,
) -> Result<Vec<Member>, Error> {
    let found = of_people(connection, people).await?;
    found.iter().map(member).collect()
}

/// The memberships of people in a plan: each with the stream that said so, and its place there.
pub(crate) async fn members_of(
    tx: &Tx,
    plan: Name,
    people: impl Iterator<Item = Name>,
) -> Result<Vec<(Member, String, u64)>, Error> {
    let mut members = Vec::new();
    for found in &of_people(tx, people).await? {
        let member = member(found)?;
        if member.plan == plan {
            members.push((member, row::text(found, "joining")?, row::number(found, "number")?));
        }
    }
    Ok(members)
}

async fn of_people(
    connection: &impl ConnectionTrait,
    people: impl Iterator<Item = Name>,
) -> Result<Vec<QueryResult>, Error> {
    let people: Vec<Json> = people.map(|person| json!({"person_id": person.as_str()})).collect();
    let sql = "SELECT m.* FROM {rows} JOIN plan_member m ON m.person_id = r.person_id \
         ORDER BY m.person_id, m.plan_id, m.from_date, m.to_date";
    rows::query(connection, sql, PERSON, &people, []).await
}

/// Adds memberships, each at its place in a stream.
pub(crate) async fn join(tx: &Tx, joining: &str, members: &[(u64, Member)], now: DateTime<Utc>) -> Result<(), Error> {
    let row = |(number, member): &(u64, Member)| {
        json!({
            "plan_id": member.plan.as_str(), "person_id": member.person.as_str(),
            "from_date": member.from.to_string(), "to_date": member.to.to_string(), "joining": joining,
            "number": number, "joined_at": now.timestamp_micros(),
        })
    };
    rows::insert(tx, "plan_member", MEMBER, &members.iter().map(row).collect::<Vec<_>>(), "").await.map(|_| ())
}

/// A stream of members: its plan, and its answer with the hash of its content where it has ended.
pub(crate) type Joining = (Name, Option<(Vec<u8>, String)>);

/// The stream of a key, begun if nobody has.
pub(crate) async fn begin(tx: &Tx, key: &str, plan: Name, now: DateTime<Utc>) -> Result<Joining, Error> {
    let sql = "INSERT INTO plan_joining (idempotency_key, plan_id, begun_at) VALUES ($1, $2, $3) \
         ON CONFLICT (idempotency_key) DO NOTHING";
    row::execute(tx, sql, vec![key.into(), plan.as_str().into(), now.timestamp_micros().into()]).await?;
    let lock = if tx.get_database_backend() == DbBackend::Postgres { " FOR UPDATE" } else { "" };
    let sql = format!("SELECT plan_id, answer, sha256 FROM plan_joining WHERE idempotency_key = $1{lock}");
    let found = row::one(tx, &sql, vec![key.into()]).await?.ok_or(Error::Corrupt { what: "a stream of members" })?;
    let (answer, hash): (Option<Vec<u8>>, Option<String>) =
        (found.try_get("", "answer")?, found.try_get("", "sha256")?);
    Ok((row::name(&found, "plan_id")?, answer.zip(hash)))
}

/// Ends a stream with its answer.
pub(crate) async fn end(tx: &Tx, key: &str, (answer, hash): (Vec<u8>, &str), now: DateTime<Utc>) -> Result<(), Error> {
    let sql = "UPDATE plan_joining SET answer = $1, sha256 = $2, ended_at = $3 WHERE idempotency_key = $4";
    row::execute(tx, sql, vec![answer.into(), hash.into(), now.timestamp_micros().into(), key.into()]).await
}

fn member(found: &QueryResult) -> Result<Member, Error> {
    Ok(Member {
        plan: row::name(found, "plan_id")?,
        person: row::name(found, "person_id")?,
        from: row::date(found, "from_date")?,
        to: row::date(found, "to_date")?,
    })
}

const BASES: &[(OfferBase, &str)] = &[(OfferBase::LeftWithinScope, "left_within_scope"), (OfferBase::Cash, "cash")];
const PERIODS: &[(OfferPeriod, &str)] = &[(OfferPeriod::Bill, "bill"), (OfferPeriod::Year, "year")];

fn base_word(base: OfferBase) -> &'static str {
    BASES.iter().find(|(known, _)| *known == base).map_or("", |(_, word)| word)
}

fn period_word(period: OfferPeriod) -> &'static str {
    PERIODS.iter().find(|(known, _)| *known == period).map_or("", |(_, word)| word)
}

#[derive(serde::Deserialize)]
struct BandRow {
    from_fen: i64,
    ratio: String,
}

#[derive(serde::Deserialize)]
struct TiltRow {
    category: String,
    points: String,
}

fn plan(found: &QueryResult) -> Result<Plan, Error> {
    let until: Option<NaiveDate> = row::optional(found, "until_date")?;
    let ceiling: Option<i64> = found.try_get("", "ceiling_fen")?;
    Ok(Plan {
        id: row::name(found, "plan_id")?,
        version: row::number(found, "version")?,
        payer: row::name(found, "payer")?,
        zh: row::text(found, "zh")?,
        en: row::text(found, "en")?,
        kind: row::parsed(found, "kind")?,
        division: row::parsed(found, "division")?,
        from: row::date(found, "from_date")?,
        until,
        cares: cares(found)?,
        pays: OfferTerms {
            base: of_word(BASES, &row::text(found, "base")?, "base")?,
            period: of_word(PERIODS, &row::text(found, "period")?, "period")?,
            deductible: row::fen(found, "deductible_fen")?,
            bands: bands(found)?,
            ceiling: ceiling.map(Fen::new),
            tilts: tilts(found)?,
        },
        source: row::text(found, "source")?,
        operator: row::text(found, "operator_id")?,
        reason: row::text(found, "reason")?,
        recorded_at: row::moment(found, "recorded_at")?,
    })
}

fn of_word<T: Copy>(words: &[(T, &str)], text: &str, what: &'static str) -> Result<T, Error> {
    words.iter().find(|(_, word)| *word == text).map(|(known, _)| *known).ok_or(Error::Corrupt { what })
}

fn cares(found: &QueryResult) -> Result<Vec<Care>, Error> {
    let words: Vec<String> = row::json(found, "cares")?;
    words.iter().map(|word| word.parse().map_err(|_| Error::Corrupt { what: "cares" })).collect()
}

fn rate(text: &str) -> Result<Rate, Error> {
    text.parse().map_err(|_| Error::Corrupt { what: "a rate" })
}

fn bands(found: &QueryResult) -> Result<Vec<OfferBand>, Error> {
    let rows: Vec<BandRow> = row::json(found, "bands")?;
    rows.iter().map(|one| Ok(OfferBand { from: Fen::new(one.from_fen), ratio: rate(&one.ratio)? })).collect()
}

fn tilts(found: &QueryResult) -> Result<Vec<OfferTilt>, Error> {
    let rows: Vec<TiltRow> = row::json(found, "tilts")?;
    let category = |word: &str| word.parse::<Category>().map_err(|_| Error::Corrupt { what: "tilts" });
    rows.iter().map(|one| Ok(OfferTilt { category: category(&one.category)?, points: rate(&one.points)? })).collect()
}
