//! Registers plans of other payers, and ends them: each time a version is added.

use chrono::NaiveDate;
use rpc::{Fault, Violations};
use store::Tx;
use terms::{Division, Name};

use super::{App, Problem};
use crate::domain::{Plan, is_within, version_on};
use crate::store::plans;

/// A plan as it is registered: id, version and moment are given by the service.
#[derive(Clone, Debug)]
pub(crate) struct Registering {
    /// The plan of which it is a new version; none: a new plan.
    pub(crate) plan: Option<Name>,
    pub(crate) terms: Plan,
}

/// Registers a plan or a version of one; gives its id.
///
/// # Errors
/// `NOT_FOUND`; `WRONG_STATE` where the payer pays in the settlement there; `INVALID_FIELDS` where no policy is published there, or
/// the plan is another payer's or place's.
pub(crate) async fn register(app: &App, tx: &Tx, asked: &Registering) -> Result<Plan, Problem> {
    pays_behind_the_settlement(app, asked.terms.payer, asked.terms.division)?;
    let before = match asked.plan {
        Some(plan) => versions(tx, plan).await?,
        None => Vec::new(),
    };
    if let Some(first) = before.first() {
        same_plan(first, &asked.terms)?;
    }
    let id = match asked.plan {
        Some(plan) => plan,
        None => Name::new(&app.id()).map_err(Fault::internal)?,
    };
    let version = next(&before);
    let plan = Plan { id, version, recorded_at: app.now(), ..asked.terms.clone() };
    plans::add(tx, &plan).await?;
    Ok(plan)
}

/// A plan's versions, the plan locked: versions are numbered one after the other.
async fn versions(tx: &Tx, plan: Name) -> Result<Vec<Plan>, Problem> {
    if !plans::lock(tx, plan).await? {
        return Err(Fault::not_found("plan", plan.as_str()).into());
    }
    Ok(plans::versions(tx, [plan].into_iter()).await?.remove(&plan).unwrap_or_default())
}

fn next(versions: &[Plan]) -> u32 {
    versions.iter().map(|plan| plan.version).max().unwrap_or_default().saturating_add(1)
}

/// Refuses a payer that the policy knows in the place or in one below it: it pays in the settlement and would pay twice.
fn pays_behind_the_settlement(app: &App, payer: Name, division: Division) -> Result<(), Fault> {
    let Some(policy) = app.policies.head(division).filter(|_| app.serves(division)) else {
        let mut v = Violations::new();
        v.add("terms.division", division, "a division whose policy is published");
        return v.finish(None);
    };
    let below = policy.divisions().map(|pack| pack.code).filter(|code| is_within(division, *code));
    let knows = |place: Division| {
        let of_its_own = app.policies.head(place);
        of_its_own.is_some_and(|policy| policy.knows_payer(place, payer.as_str()))
    };
    match std::iter::once(division).chain(below).find(|place| knows(*place)) {
        None => Ok(()),
        Some(place) => {
            let message = "the payer pays in the settlement, by the policy in use: it would pay twice";
            Err(Fault::wrong_state("layer", message).with("division", place.to_string()))
        }
    }
}

fn same_plan(first: &Plan, terms: &Plan) -> Result<(), Fault> {
    let mut v = Violations::new();
    if first.payer != terms.payer {
        v.add("terms.payer", terms.payer, format!("{}, whose plan it is", first.payer));
    }
    if first.division != terms.division {
        v.add("terms.division", terms.division, format!("{}, which the plan is for", first.division));
    }
    if first.kind != terms.kind {
        v.add("terms.kind", terms.kind.word(), format!("{}, as in the first version", first.kind.word()));
    }
    let is_right = v.is_empty().then_some(());
    v.finish(is_right)
}

/// An end of a plan.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub(crate) plan: Name,
    /// The first day of service it is not for.
    pub(crate) until: NaiveDate,
    pub(crate) operator: String,
    pub(crate) reason: String,
}

/// Ends a plan, for all days of service from a day on.
///
/// # Errors
/// `NOT_FOUND`; `WRONG_STATE` where it has ended by then, or not begun.
pub(crate) async fn end(app: &App, tx: &Tx, asked: &Ending) -> Result<Plan, Problem> {
    let versions = versions(tx, asked.plan).await?;
    let on = version_on(&versions, asked.until);
    let on = on.ok_or_else(|| Fault::wrong_state("not_begun", "the plan begins later: end it with its first day"))?;
    if on.until.is_some_and(|until| until <= asked.until) {
        return Err(Fault::wrong_state("ended", "the plan has ended by that day").into());
    }
    let (operator, reason) = (asked.operator.clone(), asked.reason.clone());
    let (version, until, recorded_at) = (next(&versions), Some(asked.until), app.now());
    let plan = Plan { version, until, operator, reason, recorded_at, ..on.clone() };
    plans::add(tx, &plan).await?;
    Ok(plan)
}
