//! Changes, cancels and completes a filing: each a version more, kept in one commit.

use std::sync::Arc;

use ::policy::FilingFacts;
use chrono::{Days, NaiveDate};
use rpc::{Fault, Violations};
use store::Tx;
use store::idempotency::Call;
use terms::Division;

use super::filing::{self, Outcome};
use super::{App, Problem};
use crate::domain::{Act, Evidence, Filed, Version};
use crate::store::filings;

/// The most documents of a filing.
const DOCUMENTS_MAX: usize = 200;

/// What is to be done with a filing.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Another destination from today on, another last day, or both.
    Move { destination: Option<Division>, to: Option<NaiveDate> },
    /// It ends today.
    Cancel,
    /// Documents came.
    Supply(Vec<Evidence>),
}

/// A change that is asked for, read.
#[derive(Clone, Debug)]
pub(crate) struct ChangeFiling {
    pub(crate) call: Call,
    pub(crate) id: String,
    pub(crate) change: Change,
    pub(crate) reason: String,
    pub(crate) operator: String,
}

/// Changes a filing where the packs let it be; the same call again finds the filing as it was changed.
///
/// # Errors
/// `NOT_FOUND`, `WRONG_STATE` of one that has ended or was cancelled, `DUPLICATE`, `KEY_REUSED`; `UNAVAILABLE` where the policy is away.
pub(crate) async fn change(app: &Arc<App>, wanted: ChangeFiling) -> Result<Outcome, Fault> {
    let person = filing::person_of(app, &wanted.id).await?;
    let (working, wanted) = (Arc::clone(app), Arc::new((person, wanted)));
    let committing = async move {
        let work = |tx: Tx| {
            let (app, wanted) = (Arc::clone(&working), Arc::clone(&wanted));
            async move {
                let (person, wanted) = &*wanted;
                filings::lock(&tx, person).await?;
                if let Some(before) = filing::before(&tx, &wanted.call).await? {
                    return Ok(Outcome::Kept(before));
                }
                changed(&app, &tx, wanted).await
            }
        };
        working.database.transaction::<_, Problem, _, _>(work).await
    };
    super::to_its_end::to_its_end(committing).await
}

async fn changed(app: &App, tx: &Tx, wanted: &ChangeFiling) -> Result<Outcome, Problem> {
    let made = match &wanted.change {
        Change::Move { destination, to } => moved(app, tx, &wanted.id, (*destination, *to)).await?,
        Change::Cancel => cancelled(app, tx, &wanted.id).await?,
        Change::Supply(documents) => supplied(tx, &wanted.id, documents).await?,
    };
    let (mut filed, version) = match made {
        Ok(made) => made,
        Err(refused) => return Ok(refused),
    };
    filed.versions.push(Version {
        number: version.number.saturating_add(1),
        operator: wanted.operator.clone(),
        reason: wanted.reason.clone(),
        recorded_at: app.now(),
        ..version
    });
    if matches!(wanted.change, Change::Move { .. }) {
        filing::is_alone(tx, &filed).await?;
    }
    filing::keep(tx, &wanted.call, &filed).await.map(Outcome::Kept)
}

/// A filing and the version it is to have next, or why not.
type Made = Result<(Filed, Version), Outcome>;

async fn moved(
    app: &App,
    tx: &Tx,
    id: &str,
    (destination, to): (Option<Division>, Option<NaiveDate>),
) -> Result<Made, Problem> {
    let today = app.today();
    let (filed, last) = filing::standing(tx, id, today).await?;
    let policy = app.policy(filed.division)?;
    if let Err(refusal) = policy.unlocks(filed.division, filed.kind, (last.from, today)) {
        return Ok(Err(Outcome::refused(&policy, &refusal)));
    }
    let is_elsewhere = destination.is_some_and(|destination| destination != last.destination);
    let facts = FilingFacts {
        division: filed.division,
        kind: filed.kind,
        destination: destination.unwrap_or(last.destination),
        filed: today,
        // what has not begun begins there as it would have
        from: if is_elsewhere { today.max(last.from) } else { last.from },
        to: if is_elsewhere { to } else { to.or(last.to) },
        documents: filed.documents().map(|document| document.kind).collect(),
        // what was promised stays promised
        promise: !last.due.is_empty(),
    };
    let terms = match policy.files(&facts) {
        Ok(terms) => terms,
        Err(refusal) => return Ok(Err(Outcome::refused(&policy, &refusal))),
    };
    let version = Version {
        act: Act::Changed,
        destination: facts.destination,
        from: facts.from,
        to: terms.to,
        due: terms.due,
        documents: Vec::new(),
        policy_version: policy.version().to_string(),
        ..last
    };
    Ok(Ok((filed, version)))
}

async fn cancelled(app: &App, tx: &Tx, id: &str) -> Result<Made, Problem> {
    let today = app.today();
    let (filed, last) = filing::standing(tx, id, today).await?;
    let policy = app.policy(filed.division)?;
    if let Err(refusal) = policy.unlocks(filed.division, filed.kind, (last.from, today)) {
        return Ok(Err(Outcome::refused(&policy, &refusal)));
    }
    // one that has not begun ends before it begins: it never holds
    let never = last.from.checked_sub_days(Days::new(1)).unwrap_or(today);
    let version = Version {
        act: Act::Cancelled,
        to: Some(if last.from > today { never } else { today }),
        documents: Vec::new(),
        policy_version: policy.version().to_string(),
        ..last
    };
    Ok(Ok((filed, version)))
}

async fn supplied(tx: &Tx, id: &str, documents: &[Evidence]) -> Result<Made, Problem> {
    let (filed, last) = filing::on_record(tx, id).await?;
    let all = filed.documents().count().saturating_add(documents.len());
    if all > DOCUMENTS_MAX {
        let mut v = Violations::new();
        v.add("documents", format!("{all} with those on record"), format!("at most {DOCUMENTS_MAX}"));
        v.finish::<()>(None)?;
    }
    let due = last.due.iter().filter(|kind| documents.iter().all(|document| document.kind != **kind)).copied();
    let version = Version {
        act: Act::Supplied,
        due: due.collect(),
        documents: documents.to_vec(),
        policy_version: String::new(),
        ..last.clone()
    };
    Ok(Ok((filed, version)))
}
