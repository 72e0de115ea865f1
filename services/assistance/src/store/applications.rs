//! Applications: how each stands, its steps, its evidence and its payments.

mod kept;

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use store::rows::{self, Cell, Columns, Kind};
use store::sea_orm::{ConnectionTrait, QueryResult};
use store::{Error, Tx};
use terms::{Category, Division, Name, Word as _};

use super::row;
use super::watches::below;
use crate::domain::{
    Application, ApplicationState, ApplicationStep, Attached, Evidence, Payment, Revision, Wanted as Thing, payment_key,
};

const APPLICATION: &Columns = &[
    ("application_id", Kind::Text),
    ("person_id", Kind::Text),
    ("division", Kind::Text),
    ("year", Kind::Int),
    ("category", Kind::Text),
    ("temporary_fen", Kind::Int),
    ("state", Kind::Text),
    ("decided", Kind::Text),
    ("steps", Kind::Int),
    ("proposal", Kind::Int),
    ("decision", Kind::Text),
    ("grant_id", Kind::Text),
    ("since_sequence", Kind::Int),
    ("approved_fen", Kind::Int),
    ("paid_fen", Kind::Int),
    ("watch_entry_id", Kind::Text),
    ("applied_at", Kind::Int),
];
const STEP: &Columns = &[
    ("application_id", Kind::Text),
    ("number", Kind::Int),
    ("act", Kind::Text),
    ("operator_id", Kind::Text),
    ("remark", Kind::Text),
    ("state", Kind::Text),
    ("decision", Kind::Text),
    ("done_at", Kind::Int),
];
const EVIDENCE: &Columns = &[
    ("application_id", Kind::Text),
    ("number", Kind::Int),
    ("step", Kind::Int),
    ("kind", Kind::Text),
    ("reference", Kind::Text),
    ("sha256", Kind::Text),
];
const PAYMENT: &Columns = &[
    ("payment_reference", Kind::Text),
    ("application_id", Kind::Text),
    ("step", Kind::Int),
    ("amount_fen", Kind::Int),
    ("paid_date", Kind::Text),
];
const ID: &Columns = &[("application_id", Kind::Text)];
const PERSON: &Columns = &[("person_id", Kind::Text)];

/// Which applications are listed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) person: Option<Name>,
    /// The division and all below it.
    pub(crate) division: Option<Division>,
    /// Empty: every state.
    pub(crate) states: Vec<ApplicationState>,
    /// Only those behind this one.
    pub(crate) after: Option<Name>,
    pub(crate) most: u64,
}

/// Keeps a new application with its first step.
pub(crate) async fn add(tx: &Tx, new: &Application, step: &ApplicationStep) -> Result<(), Error> {
    rows::insert_cells(tx, "application", APPLICATION, vec![cells(new)?], "").await?;
    put_step(tx, new, step).await
}

/// Writes how an application stands after a step, and the step.
pub(crate) async fn go_on(tx: &Tx, now: &Application, step: &ApplicationStep) -> Result<(), Error> {
    let end = "ON CONFLICT (application_id) DO UPDATE SET state = excluded.state, decided = excluded.decided, \
         steps = excluded.steps, proposal = excluded.proposal, decision = excluded.decision, \
         grant_id = excluded.grant_id, since_sequence = excluded.since_sequence, \
         approved_fen = excluded.approved_fen, paid_fen = excluded.paid_fen";
    rows::insert_cells(tx, "application", APPLICATION, vec![cells(now)?], end).await?;
    put_step(tx, now, step).await
}

async fn put_step(tx: &Tx, of: &Application, step: &ApplicationStep) -> Result<(), Error> {
    let proposed = of.decision.as_ref().filter(|_| of.proposal == Some(step.number));
    let cells: Vec<Cell> = vec![
        of.id.as_str().into(),
        i64::from(step.number).into(),
        step.act.word().into(),
        step.operator.as_str().into(),
        step.remark.as_str().into(),
        step.state.word().into(),
        proposed.map(kept::text).transpose()?.into(),
        step.done_at.timestamp_micros().into(),
    ];
    rows::insert_cells(tx, "application_step", STEP, vec![cells], "").await.map(|_| ())
}

/// Attaches evidence with the step that was just written, behind what is there.
pub(crate) async fn attach(tx: &Tx, of: &Application, there: u32, evidence: &[Evidence]) -> Result<(), Error> {
    let numbered = (there.saturating_add(1)..).zip(evidence);
    let row = |(number, one): (u32, &Evidence)| {
        json!({
            "application_id": of.id.as_str(), "number": number, "step": of.steps, "kind": one.kind,
            "reference": one.reference, "sha256": one.sha256,
        })
    };
    rows::insert(tx, "application_evidence", EVIDENCE, &numbered.map(row).collect::<Vec<_>>(), "").await.map(|_| ())
}

/// Keeps a payment with the step that was just written.
pub(crate) async fn pay(tx: &Tx, of: &Application, payment: &Payment) -> Result<(), Error> {
    let row = json!({
        "payment_reference": payment_key(&payment.reference), "application_id": of.id.as_str(), "step": of.steps,
        "amount_fen": payment.amount.get(), "paid_date": payment.day.to_string(),
    });
    rows::insert(tx, "application_payment", PAYMENT, &[row], "").await.map(|_| ())
}

/// The application a payment was recorded for.
pub(crate) async fn paid_by(tx: &Tx, reference: &str) -> Result<Option<Name>, Error> {
    let sql = "SELECT application_id FROM application_payment WHERE payment_reference = $1";
    let found = row::one(tx, sql, vec![payment_key(reference).into()]).await?;
    found.as_ref().map(|found| row::name(found, "application_id")).transpose()
}

/// An application by its id.
pub(crate) async fn by_id(connection: &impl ConnectionTrait, id: Name) -> Result<Option<Application>, Error> {
    let sql = "SELECT * FROM application WHERE application_id = $1";
    row::one(connection, sql, vec![id.as_str().into()]).await?.as_ref().map(read).transpose()
}

/// A person's applications of a year, the oldest first.
pub(crate) async fn of_year(tx: &Tx, person: Name, year: i32) -> Result<Vec<Application>, Error> {
    let sql = "SELECT * FROM application WHERE person_id = $1 AND year = $2 ORDER BY applied_at, application_id";
    row::all(tx, sql, vec![person.as_str().into(), i64::from(year).into()]).await?.iter().map(read).collect()
}

/// The applications of people on which a category was granted, in order of that.
pub(crate) async fn granted(connection: &impl ConnectionTrait, people: &[Name]) -> Result<Vec<Application>, Error> {
    let people: Vec<Json> = people.iter().map(|person| json!({"person_id": person.as_str()})).collect();
    let sql = "SELECT a.* FROM {rows} JOIN application a ON a.person_id = r.person_id WHERE a.grant_id IS NOT NULL \
         ORDER BY a.since_sequence, a.application_id";
    rows::query(connection, sql, PERSON, &people, []).await?.iter().map(read).collect()
}

/// The steps of an application, first to last.
pub(crate) async fn steps(connection: &impl ConnectionTrait, id: Name) -> Result<Vec<ApplicationStep>, Error> {
    let sql = "SELECT * FROM application_step WHERE application_id = $1 ORDER BY number";
    row::all(connection, sql, vec![id.as_str().into()]).await?.iter().map(step).collect()
}

/// The evidence of applications, each in order.
pub(crate) async fn evidence(
    connection: &impl ConnectionTrait,
    ids: &[Name],
) -> Result<BTreeMap<Name, Vec<Attached>>, Error> {
    let ids: Vec<Json> = ids.iter().map(|id| json!({"application_id": id.as_str()})).collect();
    let sql = "SELECT e.* FROM {rows} JOIN application_evidence e ON e.application_id = r.application_id \
         ORDER BY e.application_id, e.number";
    let mut found: BTreeMap<Name, Vec<Attached>> = BTreeMap::new();
    for one in &rows::query(connection, sql, ID, &ids, []).await? {
        let evidence = Evidence {
            kind: row::text(one, "kind")?,
            reference: row::text(one, "reference")?,
            sha256: row::text(one, "sha256")?,
        };
        let attached = Attached { number: row::number(one, "number")?, step: row::number(one, "step")?, evidence };
        found.entry(row::name(one, "application_id")?).or_default().push(attached);
    }
    Ok(found)
}

/// Applications, in the order in which they were applied for.
pub(crate) async fn list(connection: &impl ConnectionTrait, wanted: &Wanted) -> Result<Vec<Application>, Error> {
    let words: Vec<String> = wanted.states.iter().map(|state| format!("'{}'", state.word())).collect();
    let states = if words.is_empty() { String::new() } else { format!("AND state IN ({})", words.join(", ")) };
    let after = match wanted.after {
        Some(_) => {
            "AND (applied_at, application_id) > \
             (SELECT l.applied_at, l.application_id FROM application l WHERE l.application_id = $4)"
        }
        None => "AND $4 = ''",
    };
    let sql = format!(
        "SELECT * FROM application WHERE ($1 = '' OR person_id = $1) AND division BETWEEN $2 AND $3 {states} {after} \
         ORDER BY applied_at, application_id LIMIT $5"
    );
    let (first, last) = wanted.division.map_or_else(|| ("0".to_owned(), "9999999".to_owned()), below);
    let name = |name: Option<Name>| name.map(|name| name.to_string()).unwrap_or_default();
    let values = vec![
        name(wanted.person).into(),
        first.into(),
        last.into(),
        name(wanted.after).into(),
        i64::try_from(wanted.most).unwrap_or(i64::MAX).into(),
    ];
    row::all(connection, &sql, values).await?.iter().map(read).collect()
}

/// How the claims of people stood after each Change, by person; in order of their Changes.
pub(crate) async fn revisions(
    connection: &impl ConnectionTrait,
    people: &[Name],
) -> Result<BTreeMap<Name, Vec<Revision>>, Error> {
    let people: Vec<Json> = people.iter().map(|person| json!({"person_id": person.as_str()})).collect();
    // what was adopted came with no Change: it stood before all of them
    let sql = "SELECT f.person_id, f.claim_id, f.reversed, f.cause, f.rules_date, f.categories, f.cash_fen, \
         coalesce(c.sequence, 0) AS sequence FROM {rows} JOIN claim_fact f ON f.person_id = r.person_id \
         LEFT JOIN change c ON c.change_id = f.change_id \
         ORDER BY f.person_id, coalesce(c.sequence, 0), f.claim_id, f.revision, f.reversed";
    let mut found: BTreeMap<Name, Vec<Revision>> = BTreeMap::new();
    for one in &rows::query(connection, sql, PERSON, &people, []).await? {
        let words: Vec<String> = row::json(one, "categories")?;
        let categories: Result<Vec<Category>, _> = words.iter().map(|word| word.parse()).collect();
        let cause = row::text(one, "cause")?;
        let revision = Revision {
            claim: row::name(one, "claim_id")?,
            is_reversed: row::flag(one, "reversed")?,
            is_late: ["person_changed", "third_followed", "limit_freed"].contains(&cause.as_str()),
            day: row::date(one, "rules_date")?,
            categories: categories.map_err(|_| Error::Corrupt { what: "categories" })?,
            cash: row::fen(one, "cash_fen")?,
            sequence: row::number(one, "sequence")?,
        };
        found.entry(row::name(one, "person_id")?).or_default().push(revision);
    }
    Ok(found)
}

/// Applications that answers of departments open and nobody has opened yet, the oldest first.
pub(crate) async fn wishes(connection: &impl ConnectionTrait, most: u32) -> Result<Vec<Name>, Error> {
    let sql = "SELECT w.application_id FROM application_wanted w WHERE NOT EXISTS \
         (SELECT 1 FROM application a WHERE a.application_id = w.application_id) \
         ORDER BY w.wanted_at, w.application_id LIMIT $1";
    let found = row::all(connection, sql, vec![i64::from(most).into()]).await?;
    found.iter().map(|found| row::name(found, "application_id")).collect()
}

/// What an answer opens: the person's id, year and place, what was said, by whom, of which entry and when.
pub(crate) async fn wish(tx: &Tx, application: Name) -> Result<Option<Opened>, Error> {
    let sql = "SELECT * FROM application_wanted WHERE application_id = $1";
    let read = |found: &QueryResult| {
        Ok(Opened {
            entry: row::name(found, "entry_id")?,
            person: row::name(found, "person_id")?,
            year: row::number(found, "year")?,
            division: row::parsed(found, "division")?,
            terms: found.try_get("", "terms")?,
            operator: row::text(found, "operator_id")?,
            wanted_at: row::moment(found, "wanted_at")?,
        })
    };
    row::one(tx, sql, vec![application.as_str().into()]).await?.as_ref().map(read).transpose()
}

/// An application as a department's answer opens it.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) entry: Name,
    pub(crate) person: Name,
    pub(crate) year: i32,
    pub(crate) division: Division,
    /// `yibao.assistance.v1.CategoryTerms`, as it was said.
    pub(crate) terms: Vec<u8>,
    pub(crate) operator: String,
    pub(crate) wanted_at: chrono::DateTime<chrono::Utc>,
}

fn cells(one: &Application) -> Result<Vec<Cell>, Error> {
    let (category, temporary) = match one.wanted {
        Thing::Category(category) => (Some(category.word()), None),
        Thing::Temporary(amount) => (None, Some(amount.get())),
    };
    let (grant, since) = one.grant.unzip();
    let since = since.map(i64::try_from).transpose().map_err(|_| Error::Corrupt { what: "since_sequence" })?;
    Ok(vec![
        one.id.as_str().into(),
        one.person.as_str().into(),
        one.division.to_string().into(),
        i64::from(one.year).into(),
        category.into(),
        temporary.into(),
        one.state.word().into(),
        one.decided.map(ApplicationState::word).into(),
        i64::from(one.steps).into(),
        one.proposal.map(i64::from).into(),
        one.decision.as_ref().map(kept::text).transpose()?.into(),
        grant.map(|grant| grant.to_string()).into(),
        since.into(),
        one.approved.get().into(),
        one.paid.get().into(),
        one.watch_entry.map(|entry| entry.to_string()).into(),
        one.applied_at.timestamp_micros().into(),
    ])
}

fn optional_number<T: TryFrom<i64>>(found: &QueryResult, column: &'static str) -> Result<Option<T>, Error> {
    let number: Option<i64> = found.try_get("", column)?;
    number.map(|number| T::try_from(number).map_err(|_| Error::Corrupt { what: column })).transpose()
}

fn read(found: &QueryResult) -> Result<Application, Error> {
    let temporary: Option<i64> = found.try_get("", "temporary_fen")?;
    let wanted = match temporary {
        Some(amount) => Thing::Temporary(money::Fen::new(amount)),
        None => Thing::Category(row::parsed(found, "category")?),
    };
    let decision: Option<String> = found.try_get("", "decision")?;
    let grant = row::optional_name(found, "grant_id")?;
    Ok(Application {
        id: row::name(found, "application_id")?,
        person: row::name(found, "person_id")?,
        division: row::parsed(found, "division")?,
        year: row::number(found, "year")?,
        wanted,
        state: row::parsed(found, "state")?,
        decided: row::optional(found, "decided")?,
        steps: row::number(found, "steps")?,
        proposal: optional_number(found, "proposal")?,
        decision: decision.as_deref().map(kept::read).transpose()?,
        grant: grant.zip(optional_number(found, "since_sequence")?),
        approved: row::fen(found, "approved_fen")?,
        paid: row::fen(found, "paid_fen")?,
        watch_entry: row::optional_name(found, "watch_entry_id")?,
        applied_at: row::moment(found, "applied_at")?,
    })
}

fn step(found: &QueryResult) -> Result<ApplicationStep, Error> {
    Ok(ApplicationStep {
        number: row::number(found, "number")?,
        act: row::parsed(found, "act")?,
        operator: row::text(found, "operator_id")?,
        remark: row::text(found, "remark")?,
        state: row::parsed(found, "state")?,
        done_at: row::moment(found, "done_at")?,
    })
}
