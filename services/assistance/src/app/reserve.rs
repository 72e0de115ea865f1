//! Holds amounts of a year's limits for one call of settlement.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use host::failpoint;
use money::Fen;
use policy::{LimitFacts, Policy, Reason as No, Refusal};
use rpc::{Fault, Reason, Violation};
use store::Tx;
use terms::{Category, Name};
use wire::change::Change;

use super::change::to_its_end;
use super::standing::{OnDay, on_day};
use super::watch::{self, Lines};
use super::{App, Problem, keep, mend, offer};
use crate::domain::{Ask, Granted, HoldState, Kept, Reserved, Reserving, Under, known};
use crate::store::desks;

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) hold: Name,
    pub(crate) person: Name,
    pub(crate) under: Under,
    pub(crate) days: Vec<PlannedDay>,
    /// Year, payer and what the call adds, in fen.
    pub(crate) asks: Vec<(i32, Name, Fen)>,
    pub(crate) earlier: Vec<Change>,
    pub(crate) owner: String,
}

/// A day the plan was made with.
#[derive(Clone, Debug)]
pub(crate) struct PlannedDay {
    pub(crate) day: NaiveDate,
    pub(crate) categories: Vec<Category>,
    pub(crate) pinned: bool,
}

/// What became of it.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Held(Vec<Granted>, DateTime<Utc>),
    /// The days whose categories are others now.
    Stale(Vec<OnDay>),
    Over(HoldState),
}

/// Holds it. The policy is asked for the limits before anything is locked.
///
/// # Errors
/// `POLICY_VERSION`; `INVALID_FIELDS` for what the policy has no limit of; `WRONG_STATE` where an earlier Change cannot be kept.
pub(crate) async fn reserve(app: &Arc<App>, request: Request) -> Result<Answer, Fault> {
    let policy = policy(app, &request).await?;
    let asks = limits(&policy, &request)?;
    let lines = watch::lines_of(app, &request.earlier).await;
    let (app, request) = (Arc::clone(app), Arc::new((request, asks, lines)));
    let committing = async move {
        let work = |tx: Tx| {
            let (app, request) = (Arc::clone(&app), Arc::clone(&request));
            async move { held(&app, &tx, &request.0, (&request.1, &request.2)).await }
        };
        let held = app.database.transaction::<_, Problem, _, _>(work).await;
        failpoint("reserve.kept");
        app.news.notify_one();
        held
    };
    to_its_end(committing).await
}

async fn policy(app: &App, request: &Request) -> Result<Arc<Policy>, Fault> {
    let version = request.under.version;
    let unknown = || {
        let fault = Fault::new(Reason::PolicyVersion, "this policy version cannot be had here");
        fault.with("policy_version", version.to_string())
    };
    match app.policies.version(version).await {
        Ok(found) => found.ok_or_else(unknown),
        Err(error) => Err(unknown().because(error)),
    }
}

/// The asks with the limits of the policy: the highest of the days of its year counts; of a year without a day, of all days.
fn limits(policy: &Policy, request: &Request) -> Result<Vec<Ask>, Fault> {
    let mut asks = Vec::new();
    let mut wrong = Vec::new();
    for (at, (year, payer, net)) in request.asks.iter().enumerate() {
        let in_year: Vec<&PlannedDay> = request.days.iter().filter(|day| day.day.year() == *year).collect();
        let days = if in_year.is_empty() { request.days.iter().collect() } else { in_year };
        let mut cap = Some(Fen::ZERO);
        for day in days {
            let facts = LimitFacts {
                division: request.under.division,
                scheme: request.under.scheme,
                payer: *payer,
                categories: day.categories.clone(),
                on: day.day,
            };
            match policy.yearly_limit(&facts) {
                Ok(limit) => cap = cap.zip(limit).map(|(a, b)| a.max(b)),
                Err(no) => wrong.push(violation(at, *payer, day, &no)),
            }
        }
        asks.push(Ask { year: *year, payer: *payer, net: *net, cap });
    }
    if wrong.is_empty() { Ok(asks) } else { Err(Fault::invalid(wrong)) }
}

fn violation(at: usize, payer: Name, day: &PlannedDay, no: &Refusal) -> Violation {
    let is = |reason: No| no.causes.iter().any(|cause| cause.reason == reason);
    let (field, found, expected) = if is(No::BadHeld) {
        (format!("asks[{at}].payer"), payer.to_string(), "a payer whose fund is kept here")
    } else if is(No::UnknownDivision) {
        ("division".to_owned(), "another".to_owned(), "a division that the policy version has packs for")
    } else {
        ("days".to_owned(), day.day.to_string(), "categories of which the policy gives the limit")
    };
    Violation { field, found, expected: expected.to_owned() }
}

/// Keeps what came before, compares the categories, and holds.
async fn held(app: &App, tx: &Tx, request: &Request, (asks, lines): (&[Ask], &Lines)) -> Result<Answer, Problem> {
    let people = BTreeSet::from([request.person]);
    let mut desks = desks::load(tx, &people, &request.earlier, &[request.hold]).await?;
    let kept = keep::on_desks(app, &mut desks, &request.earlier)?;
    if let Some(answer) = kept.iter().find(|answer| !matches!(answer.kept, Kept::Now | Kept::Known)) {
        let fault = Fault::wrong_state("changes", "an earlier Change of the person cannot be kept");
        return Err(fault.with("change_id", answer.change.as_str()).into());
    }
    let desk = desks.get_mut(&request.person).ok_or_else(|| Fault::internal("the person has no desk"))?;
    let grants = known(desk.grants.to_vec(), None);
    let stale: Vec<OnDay> = request
        .days
        .iter()
        .filter(|planned| !planned.pinned)
        .map(|planned| (planned, on_day(&grants, planned.day)))
        .filter(|(planned, now)| planned.categories != now.categories)
        .map(|(_, now)| now)
        .collect();
    let now = app.now();
    let over =
        desk.holds.get(&request.hold).filter(|hold| hold.state != HoldState::Pending && hold.person == desk.person);
    let answer = if let Some(hold) = over {
        Answer::Over(hold.state)
    } else if stale.is_empty() {
        let reserving = Reserving {
            id: request.hold,
            under: request.under,
            owner: request.owner.clone(),
            asks: asks.to_vec(),
            now,
            expires_at: now + app.hold,
        };
        match desk.reserve(&reserving).map_err(Fault::internal)? {
            Reserved::Held(granted, until) => Answer::Held(granted, until),
            Reserved::Over(state) => Answer::Over(state),
            Reserved::Anothers => return Err(Fault::key_reused("person_id").into()),
        }
    } else {
        Answer::Stale(stale)
    };
    mend::write(app, tx, &mut desks).await?;
    watch::keep(app, tx, &request.earlier, &kept, lines).await?;
    offer::keep(app, tx, &request.earlier, &kept).await?;
    Ok(answer)
}
