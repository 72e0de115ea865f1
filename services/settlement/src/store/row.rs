//! Claims and their decisions as rows and back.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use money::Fen;
use policy::{Decision, Shares};
use sea_orm::QueryResult;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use store::Error;
use store::rows::Kind::{Int, Text};
use store::rows::{Cell, Columns};
use terms::Name;

use crate::domain::{
    Account, Binding, Cause, Claim, Decided, Kind, Movement, MovementKind, Opening, PersonYear, State,
};

pub(super) const CLAIM: &Columns = &[
    ("id", Text),
    ("person", Text),
    ("institution", Text),
    ("bill", Text),
    ("visit", Text),
    ("stay", Text),
    ("kind", Text),
    ("state", Text),
    ("scheme", Text),
    ("care", Text),
    ("year", Int),
    ("number", Int),
    ("key", Text),
    ("entry", Text),
    ("origin", Text),
    ("settled_date", Text),
    ("settled_at", Int),
    ("revision", Int),
    ("total_fen", Int),
    ("fund_fen", Int),
    ("account_fen", Int),
    ("cash_fen", Int),
];

pub(super) const DECISION: &Columns = &[
    ("claim", Text),
    ("revision", Int),
    ("cause", Text),
    ("cause_claim", Text),
    ("policy", Text),
    ("facts", Text),
    ("sha256", Text),
    ("decision", Text),
    ("draws", Text),
    ("refunds", Text),
    ("decided_at", Int),
];

pub(super) const YEAR: &Columns = &[
    ("person", Text),
    ("year", Int),
    ("opening", Text),
    ("by_service_date", Int),
    ("numbers", Int),
    ("claims", Int),
    ("state", Text),
];

pub(super) const MOVEMENT: &Columns = &[
    ("id", Text),
    ("person", Text),
    ("number", Int),
    ("kind", Text),
    ("amount_fen", Int),
    ("balance_fen", Int),
    ("owed_fen", Int),
    ("about", Text),
    ("relative", Text),
    ("moved_at", Int),
];

pub(super) const BINDING: &Columns =
    &[("id", Text), ("owner", Text), ("relative", Text), ("relation", Text), ("from_date", Text), ("to_date", Text)];

/// What a claim's row and its standing decision's row are selected by; the decision's columns begin with `d_`.
pub(super) const SELECT: &str = "c.id, c.person, c.institution, c.visit, c.stay, c.kind, c.state, c.year, c.number, \
     c.key, c.entry, c.origin, c.settled_at, d.revision AS d_revision, d.cause AS d_cause, d.cause_claim AS d_cause_claim, \
     d.facts AS d_facts, d.decision AS d_decision, d.draws AS d_draws, d.refunds AS d_refunds, d.decided_at AS d_decided_at";

/// The SHA-256 of a decision's stored bytes, in hexadecimal.
#[must_use]
pub(crate) fn sha256(bytes: &str) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A decision's stored bytes: compact JSON in the order of its fields.
pub(crate) fn bytes_of(decision: &Decision) -> Result<String, Error> {
    text(decision, "a decision")
}

fn text<T: Serialize>(value: &T, what: &'static str) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| Error::Corrupt { what })
}

fn shares(decision: &Decision) -> Shares {
    decision.settlement().map(|settlement| settlement.shares).unwrap_or_default()
}

/// The row of a claim as it stands.
pub(super) fn claim_row(claim: &Claim) -> Result<Json, Error> {
    let (bill, person) = (&claim.origin.bill, &claim.decided.facts.person);
    let shares = shares(&claim.decided.decision);
    Ok(json!({
        "id": claim.id, "person": claim.person, "institution": claim.institution, "bill": bill.id, "visit": claim.visit,
        "stay": claim.stay, "kind": claim.kind.word(), "state": claim.state.word(),
        "scheme": person.schemes.first().map(ToString::to_string).unwrap_or_default(), "care": bill.care,
        "year": claim.year, "number": claim.number, "key": claim.key, "entry": claim.entry,
        "origin": text(&*claim.origin, "what was handed in")?, "settled_date": bill.settled.to_string(),
        "settled_at": claim.settled_at.timestamp_micros(), "revision": claim.decided.revision,
        "total_fen": shares.total.get(), "fund_fen": shares.fund.get(),
        "account_fen": (shares.account + shares.family_account).get(), "cash_fen": shares.cash.get(),
    }))
}

/// The row of the decision that stands for a claim, as [`DECISION`] has its columns.
pub(super) fn decision_row(claim: &Claim) -> Result<Vec<Cell>, Error> {
    let decided = &claim.decided;
    let bytes = bytes_of(&decided.decision)?;
    Ok(vec![
        claim.id.as_str().into(),
        i64::from(decided.revision).into(),
        decided.cause.word().into(),
        decided.cause_claim.map(|claim| claim.to_string()).into(),
        decided.decision.version.to_string().into(),
        text(&*decided.facts, "facts")?.into(),
        sha256(&bytes).into(),
        bytes.into(),
        text(&decided.draws, "draws")?.into(),
        text(&decided.refunds, "refunds")?.into(),
        decided.at.timestamp_micros().into(),
    ])
}

pub(super) fn year_row(year: &PersonYear) -> Result<Json, Error> {
    let opening = year.opening.as_ref().map(|opening| text(opening, "an opening")).transpose()?;
    Ok(json!({
        "person": year.person, "year": year.year, "opening": opening, "by_service_date": i32::from(year.by_service_date),
        "numbers": year.numbers, "claims": year.claims, "state": text(&year.state, "accumulators")?,
    }))
}

pub(super) fn movement_row(movement: &Movement) -> Json {
    json!({
        "id": movement.id, "person": movement.person, "number": movement.number, "kind": movement.kind.word(),
        "amount_fen": movement.amount.get(), "balance_fen": movement.balance.get(), "owed_fen": movement.owed.get(),
        "about": movement.about, "relative": movement.relative, "moved_at": movement.at.timestamp_micros(),
    })
}

pub(super) fn binding_row(binding: &Binding) -> Json {
    json!({
        "id": binding.id, "owner": binding.owner, "relative": binding.relative, "relation": binding.relation,
        "from_date": binding.from.to_string(), "to_date": binding.to.map(|day| day.to_string()),
    })
}

/// A claim of its row joined with a decision's ([`SELECT`]).
pub(super) fn claim(row: &QueryResult) -> Result<Claim, Error> {
    let settled_at = moment(row, "settled_at")?;
    Ok(Claim {
        id: name(row, "id")?,
        person: name(row, "person")?,
        institution: name(row, "institution")?,
        visit: row.try_get("", "visit")?,
        stay: row.try_get("", "stay")?,
        kind: word(row, "kind", Kind::of_word)?,
        state: word(row, "state", State::of_word)?,
        year: whole(row, "year")?,
        number: row.try_get("", "number")?,
        key: row.try_get("", "key")?,
        settled_at,
        entry: name(row, "entry")?,
        origin: Arc::new(from_json(row, "origin")?),
        decided: decided(row)?,
    })
}

/// The decision in a row of [`SELECT`].
pub(super) fn decided(row: &QueryResult) -> Result<Decided, Error> {
    Ok(Decided {
        revision: whole(row, "d_revision")?,
        cause: word(row, "d_cause", Cause::of_word)?,
        cause_claim: optional_name(row, "d_cause_claim")?,
        facts: Arc::new(from_json(row, "d_facts")?),
        decision: Arc::new(from_json(row, "d_decision")?),
        draws: from_json(row, "d_draws")?,
        refunds: from_json(row, "d_refunds")?,
        at: moment(row, "d_decided_at")?,
    })
}

pub(super) fn year(row: &QueryResult) -> Result<PersonYear, Error> {
    let opening: Option<String> = row.try_get("", "opening")?;
    let opening = opening.map(|text| serde_json::from_str::<Opening>(&text)).transpose();
    Ok(PersonYear {
        person: name(row, "person")?,
        year: whole(row, "year")?,
        opening: opening.map_err(|_| Error::Corrupt { what: "an opening" })?,
        by_service_date: row.try_get::<i64>("", "by_service_date")? != 0,
        numbers: row.try_get("", "numbers")?,
        claims: row.try_get("", "claims")?,
        state: from_json(row, "state")?,
    })
}

pub(super) fn account(row: &QueryResult) -> Result<(Name, Account), Error> {
    let (balance, owed, reserved) = (fen(row, "balance_fen")?, fen(row, "owed_fen")?, fen(row, "reserved_fen")?);
    Ok((
        name(row, "person")?,
        Account { balance, owed, reserved, moves: row.try_get("", "moves")?, changes: row.try_get("", "changes")? },
    ))
}

pub(super) fn movement(row: &QueryResult) -> Result<Movement, Error> {
    Ok(Movement {
        id: name(row, "id")?,
        person: name(row, "person")?,
        number: row.try_get("", "number")?,
        kind: word(row, "kind", MovementKind::of_word)?,
        amount: fen(row, "amount_fen")?,
        balance: fen(row, "balance_fen")?,
        owed: fen(row, "owed_fen")?,
        about: row.try_get("", "about")?,
        relative: optional_name(row, "relative")?,
        at: moment(row, "moved_at")?,
    })
}

pub(super) fn binding(row: &QueryResult) -> Result<Binding, Error> {
    let day = |text: String| text.parse().map_err(|_| Error::Corrupt { what: "a binding's day" });
    Ok(Binding {
        id: name(row, "id")?,
        owner: name(row, "owner")?,
        relative: name(row, "relative")?,
        relation: row.try_get("", "relation")?,
        from: day(row.try_get("", "from_date")?)?,
        to: row.try_get::<Option<String>>("", "to_date")?.map(day).transpose()?,
    })
}

pub(super) fn name(row: &QueryResult, column: &'static str) -> Result<Name, Error> {
    Name::new(&row.try_get::<String>("", column)?).map_err(|_| Error::Corrupt { what: column })
}

fn optional_name(row: &QueryResult, column: &'static str) -> Result<Option<Name>, Error> {
    let text: Option<String> = row.try_get("", column)?;
    text.map(|text| Name::new(&text).map_err(|_| Error::Corrupt { what: column })).transpose()
}

fn fen(row: &QueryResult, column: &'static str) -> Result<Fen, Error> {
    Ok(Fen::new(row.try_get("", column)?))
}

pub(super) fn moment(row: &QueryResult, column: &'static str) -> Result<DateTime<Utc>, Error> {
    DateTime::from_timestamp_micros(row.try_get("", column)?).ok_or(Error::Corrupt { what: column })
}

fn whole<T: TryFrom<i64>>(row: &QueryResult, column: &'static str) -> Result<T, Error> {
    T::try_from(row.try_get::<i64>("", column)?).map_err(|_| Error::Corrupt { what: column })
}

fn word<T>(row: &QueryResult, column: &'static str, of: fn(&str) -> Option<T>) -> Result<T, Error> {
    of(&row.try_get::<String>("", column)?).ok_or(Error::Corrupt { what: column })
}

pub(super) fn from_json<T: DeserializeOwned>(row: &QueryResult, column: &'static str) -> Result<T, Error> {
    serde_json::from_str(&row.try_get::<String>("", column)?).map_err(|_| Error::Corrupt { what: column })
}
