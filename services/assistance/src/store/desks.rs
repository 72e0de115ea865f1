//! Desks: what of people a commit needs, loaded with a statement a table, and written so, whatever the number of Changes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use ledger::Entry;
use serde_json::{Value as Json, json};
use store::journal::append_new;
use store::rows::{self, Columns, Kind};
use store::sea_orm::QueryResult;
use store::{Error, Tx};
use terms::{Name, Word as _};
use wire::change::{Cause, Change, ThirdSystem};

use super::{holds, limits, people, row};
use crate::domain::{Desk, Fact, Hold, Limit, Move, News, Standing};

const CHANGE: &Columns = &[
    ("change_id", Kind::Text),
    ("person_id", Kind::Text),
    ("sequence", Kind::Int),
    ("sha256", Kind::Text),
    ("kept_at", Kind::Int),
];
const FACT: &Columns = &[
    ("claim_id", Kind::Text),
    ("revision", Kind::Int),
    ("reversed", Kind::Int),
    ("person_id", Kind::Text),
    ("year", Kind::Int),
    ("division", Kind::Text),
    ("entry", Kind::Text),
    ("cause", Kind::Text),
    ("institution", Kind::Text),
    ("rules_date", Kind::Text),
    ("settled_date", Kind::Text),
    ("care", Kind::Text),
    ("scheme", Kind::Text),
    ("category", Kind::Text),
    ("categories", Kind::Text),
    ("categories_handed_in", Kind::Int),
    ("third_system", Kind::Text),
    ("total_fen", Kind::Int),
    ("within_scope_fen", Kind::Int),
    ("fund_fen", Kind::Int),
    ("cash_fen", Kind::Int),
    ("payers", Kind::Text),
    ("short", Kind::Text),
    ("change_id", Kind::Text),
];
const SHARE: &Columns = &[
    ("claim_id", Kind::Text),
    ("revision", Kind::Int),
    ("payer", Kind::Text),
    ("amount_fen", Kind::Int),
    ("change_id", Kind::Text),
];
const OPENING: &Columns = &[
    ("change_id", Kind::Text),
    ("person_id", Kind::Text),
    ("year", Kind::Int),
    ("payer", Kind::Text),
    ("amount_fen", Kind::Int),
];

/// Locks people and loads what Changes of them, and further holds, need.
pub(crate) async fn load(
    tx: &Tx,
    people: &BTreeSet<Name>,
    changes: &[Change],
    further: &[Name],
) -> Result<BTreeMap<Name, Desk>, Error> {
    let sequences = people::lock(tx, people).await?;
    let desk = |(person, sequence): (Name, u64)| (person, Desk::new(person, sequence));
    let mut desks: BTreeMap<Name, Desk> = sequences.into_iter().map(desk).collect();
    let people: Vec<Json> = people.iter().map(|person| json!({"person_id": person.as_str()})).collect();
    for (person, (key, limit)) in limits::of_people(tx, &people).await? {
        if let Some(desk) = desks.get_mut(&person) {
            desk.limits.insert(key, limit);
        }
    }
    openings(tx, &people, &mut desks).await?;
    known_changes(tx, changes, &mut desks).await?;
    let named = changes.iter().flat_map(|change| change.hold.iter().chain(&change.released));
    let ids: BTreeSet<Name> = named.chain(further).copied().collect();
    let found = holds::by_ids(tx, &ids.into_iter().collect::<Vec<_>>()).await?;
    let claims = claims(tx, changes).await?;
    let found: BTreeMap<Name, Hold> = found.into_iter().map(|hold| (hold.id, hold)).collect();
    // a hold or claim of another person stands on every desk that might take it for its own
    let put = |desk: &mut Desk, id: &Name| {
        if let Some(hold) = found.get(id) {
            desk.holds.insert(*id, hold.clone());
        }
    };
    for desk in desks.values_mut() {
        further.iter().for_each(|id| put(desk, id));
    }
    for change in changes {
        let Some(desk) = desks.get_mut(&change.person) else { continue };
        change.hold.iter().chain(&change.released).for_each(|id| put(desk, id));
        for claim in change.years.iter().flat_map(|year| &year.claims) {
            if let Some(known) = claims.get(&claim.claim) {
                desk.claims.insert(claim.claim, known.clone());
            }
        }
    }
    Ok(desks)
}

async fn openings(tx: &Tx, people: &[Json], desks: &mut BTreeMap<Name, Desk>) -> Result<(), Error> {
    let sql = "SELECT o.* FROM {rows} JOIN opening_share o ON o.person_id = r.person_id \
         JOIN change c ON c.change_id = o.change_id ORDER BY c.sequence";
    for found in &rows::query(tx, sql, &[("person_id", Kind::Text)], people, []).await? {
        if let Some(desk) = desks.get_mut(&row::name(found, "person_id")?) {
            let key = (row::number(found, "year")?, row::name(found, "payer")?);
            desk.opening.insert(key, row::fen(found, "amount_fen")?);
        }
    }
    Ok(())
}

async fn known_changes(tx: &Tx, changes: &[Change], desks: &mut BTreeMap<Name, Desk>) -> Result<(), Error> {
    let ids: Vec<Json> = changes.iter().map(|change| json!({"change_id": change.id.as_str()})).collect();
    let sql = "SELECT c.* FROM {rows} JOIN change c ON c.change_id = r.change_id";
    for found in &rows::query(tx, sql, &[("change_id", Kind::Text)], &ids, []).await? {
        let (id, owner) = (row::name(found, "change_id")?, row::name(found, "person_id")?);
        let known = (row::number(found, "sequence")?, row::text(found, "sha256")?);
        for change in changes.iter().filter(|change| change.id == id) {
            let Some(desk) = desks.get_mut(&change.person) else { continue };
            // under another person it is another content, whatever it says
            let known = if change.person == owner { known.clone() } else { (0, String::new()) };
            desk.changes.insert(id, known);
        }
    }
    Ok(())
}

async fn claims(tx: &Tx, changes: &[Change]) -> Result<BTreeMap<Name, Standing>, Error> {
    let all = changes.iter().flat_map(|change| &change.years).flat_map(|year| &year.claims);
    let ids: BTreeSet<Name> = all.map(|claim| claim.claim).collect();
    let ids: Vec<Json> = ids.iter().map(|id| json!({"claim_id": id.as_str()})).collect();
    let id: &Columns = &[("claim_id", Kind::Text)];
    let sql = "SELECT f.claim_id, f.revision, f.reversed, f.person_id, f.year, f.division, f.entry \
         FROM {rows} JOIN claim_fact f ON f.claim_id = r.claim_id ORDER BY f.revision, f.reversed";
    let mut claims = BTreeMap::new();
    for found in &rows::query(tx, sql, id, &ids, []).await? {
        claims.insert(row::name(found, "claim_id")?, standing(found)?);
    }
    let sql = "SELECT s.* FROM {rows} JOIN claim_share s ON s.claim_id = r.claim_id";
    for found in &rows::query(tx, sql, id, &ids, []).await? {
        let Some(claim) = claims.get_mut(&row::name(found, "claim_id")?) else { continue };
        if !claim.reversed && claim.revision == row::number::<u32>(found, "revision")? {
            claim.held.insert(row::name(found, "payer")?, row::fen(found, "amount_fen")?);
        }
    }
    Ok(claims)
}

fn standing(found: &QueryResult) -> Result<Standing, Error> {
    Ok(Standing {
        person: row::name(found, "person_id")?,
        year: row::number(found, "year")?,
        division: row::parsed(found, "division")?,
        entry: row::optional_name(found, "entry")?,
        revision: row::number(found, "revision")?,
        reversed: row::flag(found, "reversed")?,
        held: BTreeMap::new(),
    })
}

/// Writes what is new on desks.
pub(crate) async fn write(tx: &Tx, desks: &BTreeMap<Name, Desk>, now: DateTime<Utc>) -> Result<(), Error> {
    let of = |desk: &'_ Desk| !desk.news.changes.is_empty();
    let moved_on: Vec<(Name, u64)> =
        desks.values().filter(|desk| of(desk)).map(|desk| (desk.person, desk.sequence)).collect();
    people::go_on(tx, &moved_on).await?;
    let news: Vec<(Name, &News)> = desks.values().map(|desk| (desk.person, &desk.news)).collect();
    changes(tx, &news, now).await?;
    facts(tx, &news).await?;
    let entries: Vec<Entry> = news.iter().flat_map(|(_, news)| news.entries.iter().cloned()).collect();
    append_new(tx, &entries).await?;
    let mut now_limits: BTreeMap<(Name, i32, Name), Limit> = BTreeMap::new();
    for desk in desks.values() {
        for key in &desk.news.limits {
            let limit = desk.limits.get(key).copied().unwrap_or_default();
            now_limits.insert((desk.person, key.0, key.1), limit);
        }
    }
    limits::put(tx, &now_limits).await?;
    let moves: Vec<(Name, Move)> =
        news.iter().flat_map(|(person, news)| news.moves.iter().map(|one| (*person, *one))).collect();
    limits::moved(tx, &moves, now).await?;
    let touched: Vec<&Hold> =
        desks.values().flat_map(|desk| desk.news.holds.iter().filter_map(|id| desk.holds.get(id))).collect();
    holds::put(tx, &touched).await
}

async fn changes(tx: &Tx, news: &[(Name, &News)], now: DateTime<Utc>) -> Result<(), Error> {
    let mut kept = Vec::new();
    let mut opened = Vec::new();
    for (person, news) in news {
        for (id, sequence, hash) in &news.changes {
            kept.push(json!({
                "change_id": id.as_str(), "person_id": person.as_str(), "sequence": sequence, "sha256": hash,
                "kept_at": now.timestamp_micros(),
            }));
        }
        for one in &news.opening {
            opened.push(json!({
                "change_id": one.change.as_str(), "person_id": person.as_str(), "year": one.year,
                "payer": one.payer.as_str(), "amount_fen": one.amount.get(),
            }));
        }
    }
    rows::insert(tx, "change", CHANGE, &kept, "").await?;
    rows::insert(tx, "opening_share", OPENING, &opened, "").await.map(|_| ())
}

async fn facts(tx: &Tx, news: &[(Name, &News)]) -> Result<(), Error> {
    let all = || news.iter().flat_map(|(_, news)| &news.facts);
    let facts: Vec<Json> = all().map(fact).collect();
    rows::insert(tx, "claim_fact", FACT, &facts, "").await?;
    let shares: Vec<Json> = all()
        .flat_map(|fact| {
            fact.stand.held.iter().map(|share| {
                json!({
                    "claim_id": fact.stand.claim.as_str(), "revision": fact.stand.revision,
                    "payer": share.payer.as_str(), "amount_fen": share.amount.get(), "change_id": fact.change.as_str(),
                })
            })
        })
        .collect();
    rows::insert(tx, "claim_share", SHARE, &shares, "").await.map(|_| ())
}

fn fact(fact: &Fact) -> Json {
    let stand = &fact.stand;
    let categories: Vec<&str> = stand.categories.iter().map(|category| category.word()).collect();
    let payers: Vec<Json> = stand
        .payers
        .iter()
        .map(|share| {
            json!({
                "payer": share.payer.as_str(), "kind": share.kind, "amount_fen": share.amount.get(),
                "within_scope_fen": share.within_scope.get(),
            })
        })
        .collect();
    let short: Vec<Json> =
        stand.short.iter().map(|one| json!({"payer": one.payer.as_str(), "amount_fen": one.amount.get()})).collect();
    json!({
        "claim_id": stand.claim.as_str(), "revision": stand.revision, "reversed": i64::from(stand.reversed),
        "person_id": fact.person.as_str(), "year": fact.year, "division": fact.division.to_string(),
        "entry": fact.entry.map(|entry| entry.to_string()), "cause": cause(stand.cause),
        "institution": stand.institution.as_str(), "rules_date": stand.rules_date.to_string(),
        "settled_date": stand.settled_date.to_string(), "care": stand.care.word(), "scheme": stand.scheme.word(),
        "category": stand.category.word(), "categories": json!(categories).to_string(),
        "categories_handed_in": i64::from(stand.categories_handed_in),
        "third_system": third_system(stand.third_system), "total_fen": stand.total.get(),
        "within_scope_fen": stand.within_scope.get(), "fund_fen": stand.fund.get(), "cash_fen": stand.cash.get(),
        "payers": json!(payers).to_string(), "short": json!(short).to_string(), "change_id": fact.change.as_str(),
    })
}

const fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Settled => "settled",
        Cause::EarlierReversed => "earlier_reversed",
        Cause::EarlierRefunded => "earlier_refunded",
        Cause::EarlierAdded => "earlier_added",
        Cause::Refunded => "refunded",
        Cause::StayEnded => "stay_ended",
        Cause::PersonChanged => "person_changed",
        Cause::ThirdFollowed => "third_followed",
        Cause::LimitFreed => "limit_freed",
        Cause::StartCorrected => "start_corrected",
    }
}

const fn third_system(third: ThirdSystem) -> &'static str {
    match third {
        ThirdSystem::NotConcerned => "not_concerned",
        ThirdSystem::Whole => "whole",
        ThirdSystem::Follows => "follows",
        ThirdSystem::Short => "short",
    }
}
