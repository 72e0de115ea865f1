//! Desks: what of people a commit needs, loaded with a statement a table, and written so, whatever the number of Changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use ledger::Entry;
use serde_json::{Value as Json, json};
use store::batch::Batch;
use store::journal::append_with;
use store::rows::{self, Columns, Kind};
use store::sea_orm::QueryResult;
use store::{Error, Tx};
use terms::{Name, Word as _};
use wire::change::{Cause, Change, ThirdSystem};

use super::{categories, holds, limits, mends, people, row};
use crate::domain::{Desk, Fact, Grant, Hold, Limit, Mend, Move, News, Reassess, Standing};

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
    ("bill_id", Kind::Text),
    ("stay_id", Kind::Text),
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
    to_be_mended(tx, &people, &mut desks).await?;
    let opened = |change: &&Change| change.years.iter().any(|year| !year.opening.is_empty());
    let opened: Vec<Name> = changes.iter().filter(opened).map(|change| change.person).collect();
    load_openings(tx, &mut desks, &opened).await?;
    known_changes(tx, changes, &mut desks).await?;
    let named = changes.iter().flat_map(|change| change.hold.iter().chain(&change.released));
    let ids: BTreeSet<Name> = named.chain(further).copied().collect();
    let found = holds::by_ids(tx, &ids.into_iter().collect::<Vec<_>>()).await?;
    let all = changes.iter().flat_map(|change| &change.years).flat_map(|year| &year.claims);
    let claims = claims(tx, all.map(|claim| claim.claim).collect()).await?;
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

/// What the claims of people lack, and by which categories it is told.
async fn to_be_mended(tx: &Tx, people: &[Json], desks: &mut BTreeMap<Name, Desk>) -> Result<(), Error> {
    let mut grants: BTreeMap<String, Vec<Grant>> = BTreeMap::new();
    for grant in categories::of_people(tx, people).await? {
        grants.entry(grant.person.clone()).or_default().push(grant);
    }
    for desk in desks.values_mut() {
        desk.grants = Arc::new(grants.remove(desk.person.as_str()).unwrap_or_default());
        desk.before.clone_from(&desk.limits);
    }
    for (person, mend) in mends::open(tx, people).await? {
        if let Some(desk) = desks.get_mut(&person) {
            desk.mends.insert((mend.claim, mend.payer), mend);
        }
    }
    Ok(())
}

/// Loads what settlement is asked about these people and has not answered; rarely is there anything to be asked.
pub(crate) async fn load_asked(tx: &Tx, desks: &mut BTreeMap<Name, Desk>, of: &[Name]) -> Result<(), Error> {
    for asked in mends::asked(tx, &people_rows(of)).await? {
        if let Some(desk) = desks.get_mut(&asked.person) {
            desk.reassess.insert(asked.year, asked);
        }
    }
    Ok(())
}

fn people_rows(of: &[Name]) -> Vec<Json> {
    of.iter().map(|person| json!({"person_id": person.as_str()})).collect()
}

/// Loads what was paid to these people elsewhere before their years were opened here.
pub(crate) async fn load_openings(tx: &Tx, desks: &mut BTreeMap<Name, Desk>, of: &[Name]) -> Result<(), Error> {
    let sql = "SELECT o.* FROM {rows} JOIN opening_share o ON o.person_id = r.person_id \
         LEFT JOIN change c ON c.change_id = o.change_id ORDER BY coalesce(c.sequence, 0)";
    for found in &rows::query(tx, sql, &[("person_id", Kind::Text)], &people_rows(of), []).await? {
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

/// Loads what of claims is kept onto the desks of the people they are said to be of.
pub(crate) async fn load_claims(tx: &Tx, desks: &mut BTreeMap<Name, Desk>, of: &[(Name, Name)]) -> Result<(), Error> {
    let claims = claims(tx, of.iter().map(|(_, claim)| *claim).collect()).await?;
    for (person, claim) in of {
        if let (Some(desk), Some(known)) = (desks.get_mut(person), claims.get(claim)) {
            desk.claims.insert(*claim, known.clone());
        }
    }
    Ok(())
}

async fn claims(tx: &Tx, ids: BTreeSet<Name>) -> Result<BTreeMap<Name, Standing>, Error> {
    let ids: Vec<Json> = ids.iter().map(|id| json!({"claim_id": id.as_str()})).collect();
    let id: &Columns = &[("claim_id", Kind::Text)];
    let sql = "SELECT f.claim_id, f.revision, f.reversed, f.person_id, f.year, f.division, f.entry, f.change_id \
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
        change: row::name(found, "change_id")?,
    })
}

/// Writes what is new on desks; `asked` are the questions to settlement that are new, with the trace they come from.
pub(crate) async fn write(
    tx: &Tx,
    desks: &BTreeMap<Name, Desk>,
    (asked, trace): (&[Reassess], Option<&str>),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let of = |desk: &'_ Desk| !desk.news.changes.is_empty();
    let moved_on: Vec<(Name, u64)> =
        desks.values().filter(|desk| of(desk)).map(|desk| (desk.person, desk.sequence)).collect();
    let mut batch = Batch::default();
    people::go_on(&mut batch, &moved_on)?;
    let news: Vec<(Name, &News)> = desks.values().map(|desk| (desk.person, &desk.news)).collect();
    changes(&mut batch, &news, now)?;
    facts(&mut batch, &news)?;
    let entries: Vec<Entry> = news.iter().flat_map(|(_, news)| news.entries.iter().cloned()).collect();
    append_with(&mut batch, &entries)?;
    let mut now_limits: BTreeMap<(Name, i32, Name), Limit> = BTreeMap::new();
    for desk in desks.values() {
        for key in &desk.news.limits {
            let limit = desk.limits.get(key).copied().unwrap_or_default();
            now_limits.insert((desk.person, key.0, key.1), limit);
        }
    }
    limits::put(&mut batch, &now_limits)?;
    let moves: Vec<(Name, Move)> =
        news.iter().flat_map(|(person, news)| news.moves.iter().map(|one| (*person, *one))).collect();
    limits::moved(&mut batch, &moves, now)?;
    let touched: Vec<&Hold> =
        desks.values().flat_map(|desk| desk.news.holds.iter().filter_map(|id| desk.holds.get(id))).collect();
    holds::add(&mut batch, &touched)?;
    let lacking: Vec<(Name, &Mend)> =
        news.iter().flat_map(|(person, news)| news.mends.values().map(|mend| (*person, mend))).collect();
    mends::put(&mut batch, &lacking)?;
    batch.run(tx, |_| ()).await?;
    holds::end(tx, &touched).await?;
    let added_to: Vec<&Reassess> = desks
        .values()
        .flat_map(|desk| desk.news.reassess.iter().filter_map(|year| desk.reassess.get(year)))
        .chain(desks.values().filter_map(|desk| desk.news.answered.as_ref()))
        .collect();
    mends::update(tx, &added_to).await?;
    mends::ask(tx, asked, trace).await
}

fn changes(batch: &mut Batch, news: &[(Name, &News)], now: DateTime<Utc>) -> Result<(), Error> {
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
    batch.insert("desk.changes", ("change", CHANGE), &kept, "")?;
    batch.insert("desk.openings", ("opening_share", OPENING), &opened, "")
}

fn facts(batch: &mut Batch, news: &[(Name, &News)]) -> Result<(), Error> {
    let all = || news.iter().flat_map(|(_, news)| &news.facts);
    let facts: Vec<Json> = all().map(fact).collect();
    batch.insert("desk.facts", ("claim_fact", FACT), &facts, "")?;
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
    batch.insert("desk.shares", ("claim_share", SHARE), &shares, "")
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
        "institution": stand.institution.as_str(), "bill_id": stand.bill, "stay_id": stand.stay,
        "rules_date": stand.rules_date.to_string(),
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

pub(super) const fn third_system(third: ThirdSystem) -> &'static str {
    match third {
        ThirdSystem::NotConcerned => "not_concerned",
        ThirdSystem::Whole => "whole",
        ThirdSystem::Follows => "follows",
        ThirdSystem::Short => "short",
    }
}
