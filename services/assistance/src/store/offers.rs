//! Offers to other payers, and the bills they are made of.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use money::Fen;
use policy::PayerKind;
use serde_json::{Value as Json, json};
use store::rows::{self, Columns, Kind};
use store::sea_orm::{ConnectionTrait, QueryResult};
use store::{Error, Tx};
use terms::{Category, Name};
use wire::change::ThirdSystem;

use super::desks::third_system;
use super::row;
use crate::domain::{BillOf, Offer, OfferBill, OfferState, payment_key};

const OFFER: &Columns = &[
    ("offer_id", Kind::Text),
    ("plan_id", Kind::Text),
    ("version", Kind::Int),
    ("payer", Kind::Text),
    ("zh", Kind::Text),
    ("en", Kind::Text),
    ("person_id", Kind::Text),
    ("year", Kind::Int),
    ("claim_id", Kind::Text),
    ("revision", Kind::Int),
    ("state", Kind::Text),
    ("base_fen", Kind::Int),
    ("promised_fen", Kind::Int),
    ("confirmed_fen", Kind::Int),
    ("paid_fen", Kind::Int),
    ("reason", Kind::Text),
    ("payment_reference", Kind::Text),
    ("offered_at", Kind::Int),
    ("answered_at", Kind::Int),
    ("paid_at", Kind::Int),
    ("superseded_at", Kind::Int),
];
const PAYMENT: &Columns = &[
    ("payer", Kind::Text),
    ("payment_reference", Kind::Text),
    ("offer_id", Kind::Text),
    ("amount_fen", Kind::Int),
    ("paid_date", Kind::Text),
    ("recorded_at", Kind::Int),
];
const PERSON: &Columns = &[("person_id", Kind::Text)];
const YEAR: &Columns = &[("person_id", Kind::Text), ("year", Kind::Int)];

/// Which offers are listed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) claim: Option<Name>,
    /// With the claim also what was paid of these.
    pub(crate) earlier: Vec<Name>,
    pub(crate) person: Option<Name>,
    pub(crate) plan: Option<Name>,
    /// Empty: all but what was superseded.
    pub(crate) states: Vec<OfferState>,
    /// Only those behind this one.
    pub(crate) after: Option<Name>,
    pub(crate) most: u64,
}

/// The years people have claims of.
pub(crate) async fn years(
    connection: &impl ConnectionTrait,
    people: impl Iterator<Item = Name>,
) -> Result<BTreeSet<(Name, i32)>, Error> {
    let people: Vec<Json> = people.map(|person| json!({"person_id": person.as_str()})).collect();
    let sql = "SELECT DISTINCT f.person_id, f.year FROM {rows} JOIN claim_fact f ON f.person_id = r.person_id";
    let found = rows::query(connection, sql, PERSON, &people, []).await?;
    found.iter().map(|found| Ok((row::name(found, "person_id")?, row::number(found, "year")?))).collect()
}

/// What each claim of people was settled for, by person.
pub(crate) async fn bills_of(
    connection: &impl ConnectionTrait,
    people: impl Iterator<Item = Name>,
) -> Result<BTreeMap<Name, Vec<BillOf>>, Error> {
    let people: Vec<Json> = people.map(|person| json!({"person_id": person.as_str()})).collect();
    // rows of before bill and stay were told have none; those that come after have both
    let sql = "SELECT f.person_id, f.claim_id, min(f.year) AS year, min(f.number) AS number, \
         min(f.institution) AS institution, max(f.bill_id) AS bill_id, max(f.stay_id) AS stay_id \
         FROM {rows} JOIN claim_fact f ON f.person_id = r.person_id GROUP BY f.person_id, f.claim_id";
    let mut found: BTreeMap<Name, Vec<BillOf>> = BTreeMap::new();
    for one in &rows::query(connection, sql, PERSON, &people, []).await? {
        let claim = BillOf {
            claim: row::name(one, "claim_id")?,
            year: row::number(one, "year")?,
            number: row::int(one, "number")?,
            institution: row::name(one, "institution")?,
            bill: row::text(one, "bill_id")?,
            stay: row::text(one, "stay_id")?,
        };
        found.entry(row::name(one, "person_id")?).or_default().push(claim);
    }
    Ok(found)
}

/// The claims of years as they stand now, also those that were reversed.
pub(crate) async fn bills(
    connection: &impl ConnectionTrait,
    years: &BTreeSet<(Name, i32)>,
) -> Result<BTreeMap<(Name, i32), Vec<OfferBill>>, Error> {
    let sql =
        format!("{BILLS} FROM {{rows}} JOIN claim_fact f ON f.person_id = r.person_id AND f.year = r.year {NEWEST}");
    let mut found: BTreeMap<(Name, i32), Vec<OfferBill>> = BTreeMap::new();
    for one in &rows::query(connection, &sql, YEAR, &year_rows(years), []).await? {
        let year = (row::name(one, "person_id")?, row::number(one, "year")?);
        found.entry(year).or_default().push(bill(one)?);
    }
    Ok(found)
}

/// Whose a claim is, and of which year.
pub(crate) async fn year_of(connection: &impl ConnectionTrait, claim: Name) -> Result<Option<(Name, i32)>, Error> {
    let sql = "SELECT person_id, year FROM claim_fact WHERE claim_id = $1 LIMIT 1";
    let found = row::one(connection, sql, vec![claim.as_str().into()]).await?;
    found.map(|found| Ok((row::name(&found, "person_id")?, row::number(&found, "year")?))).transpose()
}

/// A claim as it stands now.
pub(crate) async fn claim(connection: &impl ConnectionTrait, claim: Name) -> Result<Option<OfferBill>, Error> {
    let sql = format!("{BILLS} FROM claim_fact f {NEWEST} AND f.claim_id = $1");
    row::one(connection, &sql, vec![claim.as_str().into()]).await?.as_ref().map(bill).transpose()
}

/// Rows of claims, each with the number of the first of its claim.
const BILLS: &str = "SELECT f.person_id, f.year, f.claim_id, f.revision, f.reversed, f.division, f.scheme, f.rules_date, \
     f.settled_date, f.care, f.categories, f.within_scope_fen, f.fund_fen, f.cash_fen, f.payers, f.third_system, \
     (SELECT min(o.number) FROM claim_fact o WHERE o.claim_id = f.claim_id) AS first_number";
/// Of each claim the newest row.
const NEWEST: &str = "WHERE NOT EXISTS (SELECT 1 FROM claim_fact n WHERE n.claim_id = f.claim_id \
     AND (n.revision > f.revision OR (n.revision = f.revision AND n.reversed > f.reversed)))";

fn year_rows(years: &BTreeSet<(Name, i32)>) -> Vec<Json> {
    years.iter().map(|(person, year)| json!({"person_id": person.as_str(), "year": year})).collect()
}

/// Every offer of years, by year, the oldest first.
pub(crate) async fn of_years(
    connection: &impl ConnectionTrait,
    years: &BTreeSet<(Name, i32)>,
) -> Result<BTreeMap<(Name, i32), Vec<Offer>>, Error> {
    let sql = "SELECT o.* FROM {rows} JOIN offer o ON o.person_id = r.person_id AND o.year = r.year \
         ORDER BY o.offered_at, o.offer_id";
    let mut found: BTreeMap<(Name, i32), Vec<Offer>> = BTreeMap::new();
    for one in &rows::query(connection, sql, YEAR, &year_rows(years), []).await? {
        let offer = offer(one)?;
        found.entry((offer.person, offer.year)).or_default().push(offer);
    }
    Ok(found)
}

/// An offer by its id.
pub(crate) async fn by_id(connection: &impl ConnectionTrait, id: Name) -> Result<Option<Offer>, Error> {
    let sql = "SELECT * FROM offer WHERE offer_id = $1";
    row::one(connection, sql, vec![id.as_str().into()]).await?.as_ref().map(offer).transpose()
}

/// Offers, in the order in which they were made.
pub(crate) async fn list(connection: &impl ConnectionTrait, wanted: &Wanted) -> Result<Vec<Offer>, Error> {
    let words: Vec<String> = wanted.states.iter().map(|state| format!("'{}'", state.word())).collect();
    let states =
        if words.is_empty() { "state <> 'superseded'".to_owned() } else { format!("state IN ({})", words.join(", ")) };
    let mut values = Vec::new();
    let mut and = String::new();
    if let Some(claim) = wanted.claim {
        values.push(claim.as_str().into());
        let first = values.len() + 1;
        values.extend(wanted.earlier.iter().map(|claim| claim.as_str().into()));
        let earlier: Vec<String> = (first..=values.len()).map(|at| format!("${at}")).collect();
        let paid = "state = 'superseded' AND paid_fen > 0";
        let or = if earlier.is_empty() {
            String::new()
        } else {
            format!(" OR ({paid} AND claim_id IN ({}))", earlier.join(", "))
        };
        and.push_str(&format!(" AND (claim_id = ${}{or})", first - 1));
    }
    for (column, of) in [("person_id", wanted.person), ("plan_id", wanted.plan)] {
        if let Some(of) = of {
            values.push(of.as_str().into());
            and.push_str(&format!(" AND {column} = ${}", values.len()));
        }
    }
    if let Some(after) = wanted.after {
        values.push(after.as_str().into());
        let at = values.len();
        and.push_str(&format!(
            " AND (offered_at, offer_id) > (SELECT l.offered_at, l.offer_id FROM offer l WHERE l.offer_id = ${at})"
        ));
    }
    values.push(i64::try_from(wanted.most).unwrap_or(i64::MAX).into());
    let at = values.len();
    let sql = format!("SELECT * FROM offer WHERE {states}{and} ORDER BY offered_at, offer_id LIMIT ${at}");
    row::all(connection, &sql, values).await?.iter().map(offer).collect()
}

/// Adds offers.
pub(crate) async fn add(tx: &Tx, offers: &[Offer]) -> Result<(), Error> {
    rows::insert(tx, "offer", OFFER, &offers.iter().map(offer_row).collect::<Vec<_>>(), "").await.map(|_| ())
}

/// Writes how offers stand now.
pub(crate) async fn go_on(tx: &Tx, offers: &[Offer]) -> Result<(), Error> {
    let sql = "UPDATE offer SET state = r.state, confirmed_fen = r.confirmed_fen, paid_fen = r.paid_fen, \
         reason = r.reason, payment_reference = r.payment_reference, answered_at = r.answered_at, \
         paid_at = r.paid_at, superseded_at = r.superseded_at FROM {rows} WHERE offer.offer_id = r.offer_id";
    rows::execute(tx, sql, OFFER, &offers.iter().map(offer_row).collect::<Vec<_>>()).await.map(|_| ())
}

/// Records a payment of an offer; the offer it was recorded for, where it is known.
pub(crate) async fn pay(tx: &Tx, paid: &Offer, day: NaiveDate, now: DateTime<Utc>) -> Result<Name, Error> {
    let key = payment_key(&paid.payment);
    let row = json!({
        "payer": paid.payer.as_str(), "payment_reference": key, "offer_id": paid.id.as_str(),
        "amount_fen": paid.paid.get(), "paid_date": day.to_string(), "recorded_at": now.timestamp_micros(),
    });
    // who records the same payment meanwhile is waited for
    rows::insert(tx, "offer_payment", PAYMENT, &[row], "ON CONFLICT (payer, payment_reference) DO NOTHING").await?;
    let sql = "SELECT offer_id FROM offer_payment WHERE payer = $1 AND payment_reference = $2";
    let found = row::one(tx, sql, vec![paid.payer.as_str().into(), key.into()]).await?;
    row::name(&found.ok_or(Error::Corrupt { what: "a payment" })?, "offer_id")
}

fn micros(at: Option<DateTime<Utc>>) -> Option<i64> {
    at.map(|at| at.timestamp_micros())
}

fn offer_row(offer: &Offer) -> Json {
    json!({
        "offer_id": offer.id.as_str(), "plan_id": offer.plan.as_str(), "version": offer.version,
        "payer": offer.payer.as_str(), "zh": offer.zh, "en": offer.en, "person_id": offer.person.as_str(),
        "year": offer.year, "claim_id": offer.claim.as_str(), "revision": offer.revision,
        "state": offer.state.word(), "base_fen": offer.base.get(), "promised_fen": offer.promised.get(),
        "confirmed_fen": offer.confirmed.get(), "paid_fen": offer.paid.get(), "reason": offer.reason,
        "payment_reference": offer.payment, "offered_at": offer.offered_at.timestamp_micros(),
        "answered_at": micros(offer.answered_at), "paid_at": micros(offer.paid_at),
        "superseded_at": micros(offer.superseded_at),
    })
}

fn offer(found: &QueryResult) -> Result<Offer, Error> {
    Ok(Offer {
        id: row::name(found, "offer_id")?,
        plan: row::name(found, "plan_id")?,
        version: row::number(found, "version")?,
        payer: row::name(found, "payer")?,
        zh: row::text(found, "zh")?,
        en: row::text(found, "en")?,
        person: row::name(found, "person_id")?,
        year: row::number(found, "year")?,
        claim: row::name(found, "claim_id")?,
        revision: row::number(found, "revision")?,
        state: row::parsed(found, "state")?,
        base: row::fen(found, "base_fen")?,
        promised: row::fen(found, "promised_fen")?,
        confirmed: row::fen(found, "confirmed_fen")?,
        paid: row::fen(found, "paid_fen")?,
        reason: row::text(found, "reason")?,
        payment: row::text(found, "payment_reference")?,
        offered_at: row::moment(found, "offered_at")?,
        answered_at: row::optional_moment(found, "answered_at")?,
        paid_at: row::optional_moment(found, "paid_at")?,
        superseded_at: row::optional_moment(found, "superseded_at")?,
    })
}

#[derive(serde::Deserialize)]
struct ShareRow {
    payer: String,
    kind: PayerKind,
    within_scope_fen: i64,
}

fn bill(found: &QueryResult) -> Result<OfferBill, Error> {
    let words: Vec<String> = row::json(found, "categories")?;
    let categories: Result<Vec<Category>, _> = words.iter().map(|word| word.parse()).collect();
    let shares: Vec<ShareRow> = row::json(found, "payers")?;
    // what funds pay within scope stands by itself; accounts are the person's own money
    let beside = |share: &&ShareRow| matches!(share.kind, PayerKind::Hospital | PayerKind::Other);
    let beside: Fen = shares.iter().filter(beside).map(|share| Fen::new(share.within_scope_fen)).sum();
    let payers: Result<Vec<Name>, _> = shares.iter().map(|share| Name::new(&share.payer)).collect();
    let is_reversed = row::flag(found, "reversed")?;
    let left = row::fen(found, "within_scope_fen")?.above(row::fen(found, "fund_fen")? + beside);
    Ok(OfferBill {
        claim: row::name(found, "claim_id")?,
        year: row::number(found, "year")?,
        revision: row::number(found, "revision")?,
        is_reversed,
        division: row::parsed(found, "division")?,
        scheme: row::parsed(found, "scheme")?,
        rules_date: row::date(found, "rules_date")?,
        settled_date: row::date(found, "settled_date")?,
        number: row::int(found, "first_number")?,
        care: row::parsed(found, "care")?,
        categories: categories.map_err(|_| Error::Corrupt { what: "categories" })?,
        left: if is_reversed { Fen::ZERO } else { left },
        cash: if is_reversed { Fen::ZERO } else { row::fen(found, "cash_fen")? },
        payers: payers.map_err(|_| Error::Corrupt { what: "payers" })?,
        is_waiting: row::text(found, "third_system")? == third_system(ThirdSystem::Follows),
    })
}
