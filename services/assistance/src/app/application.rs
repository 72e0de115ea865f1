//! What the verbs of applications share: what was seen, what is allowed, what is written.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use policy::Policy;
use rpc::{Fault, Reason};
use store::Tx;
use store::sea_orm::ConnectionTrait;
use terms::{Division, Name};

use super::{App, Problem, tell};
use crate::domain::{
    Act, Application, ApplicationState, ApplicationStep, Awarding, By, EVIDENCE_MOST, Evidence, Grant, Verb, Wanted,
    allowed, awards, of_application,
};
use crate::store::{applications, categories, people};

/// After how long it is worth asking again for a policy that is not there.
const AGAIN: Duration = Duration::from_secs(5);

/// An application as it stands, its person locked; and the last of the person's Changes that is kept.
///
/// # Errors
/// `NOT_FOUND`; what the database said.
pub(super) async fn seen(tx: &Tx, id: Name) -> Result<(Application, u64), Problem> {
    let unknown = || Fault::not_found("application", id.as_str());
    let found = applications::by_id(tx, id).await?.ok_or_else(unknown)?;
    let locked = people::lock(tx, &[found.person].into()).await?;
    // what was found before the lock may be old by now
    let found = applications::by_id(tx, id).await?.ok_or_else(unknown)?;
    let sequence = locked.get(&found.person).copied().unwrap_or_default();
    Ok((found, sequence))
}

/// The state a verb leads to.
///
/// # Errors
/// `WRONG_STATE`, with what the state allows.
pub(super) fn may(application: &Application, verb: Verb) -> Result<ApplicationState, Fault> {
    let state = application.state;
    let refused = || {
        let message = format!("the application is {}, which allows {}", state.word(), allowed(state));
        Fault::wrong_state(state.word(), message)
    };
    application.leads_to(verb).ok_or_else(refused)
}

/// The fault of an officer who has decided before.
pub(super) fn same_officer(message: &str) -> Fault {
    Fault::wrong_state("same_officer", message)
}

/// Writes what was done, and tells the person of it.
///
/// # Errors
/// What the database said.
pub(super) async fn done(
    app: &App,
    tx: &Tx,
    application: &mut Application,
    (act, to): (Act, ApplicationState),
    by: &By,
) -> Result<(), Problem> {
    let step = application.step(act, to, by, app.now());
    applications::go_on(tx, application, &step).await?;
    told(app, tx, application, &step).await
}

/// Tells a person of a step, where there is something to tell.
pub(super) async fn told(app: &App, tx: &Tx, of: &Application, step: &ApplicationStep) -> Result<(), Problem> {
    let day = host::china_day(step.done_at);
    match of_application(of, step, day) {
        Some(said) => tell::application(app, tx, of, said).await,
        None => Ok(()),
    }
}

/// Attaches evidence to the step that was just written.
///
/// # Errors
/// `INVALID_FIELDS` where there would be too much.
pub(super) async fn attached(tx: &Tx, of: &Application, evidence: &[Evidence]) -> Result<(), Problem> {
    if evidence.is_empty() {
        return Ok(());
    }
    let there = applications::evidence(tx, &[of.id]).await?.remove(&of.id).unwrap_or_default().len();
    if there.saturating_add(evidence.len()) > EVIDENCE_MOST {
        let mut v = rpc::Violations::new();
        let left = EVIDENCE_MOST.saturating_sub(there);
        v.add(
            "evidence",
            format!("{} more", evidence.len()),
            format!("at most {left}: an application has {EVIDENCE_MOST}"),
        );
        return Ok(v.finish(None)?);
    }
    Ok(applications::attach(tx, of, u32::try_from(there).unwrap_or(u32::MAX), evidence).await?)
}

/// The policy in use in a division.
///
/// # Errors
/// `UNAVAILABLE` where there is none yet.
pub(super) fn policy(app: &App, division: Division) -> Result<Arc<Policy>, Fault> {
    app.policies.head(division).ok_or_else(|| Fault::unavailable("the policy of the division", AGAIN))
}

/// What applications have brought since they were approved, in fen: temporary assistance as approved, and of a category what the bills
/// that were decided anew are paid more.
///
/// # Errors
/// What the database said.
pub(crate) async fn awarded(
    connection: &impl ConnectionTrait,
    of: &[Application],
) -> Result<BTreeMap<Name, money::Fen>, Problem> {
    let temporary = |one: &&Application| matches!(one.wanted, Wanted::Temporary(_));
    let mut found: BTreeMap<Name, money::Fen> = of.iter().filter(temporary).map(|one| (one.id, one.approved)).collect();
    let mut people: Vec<Name> = of.iter().filter(|one| one.grant.is_some()).map(|one| one.person).collect();
    people.sort_unstable();
    people.dedup();
    if people.is_empty() {
        return Ok(found);
    }
    // others of the same people may have given the same bill something first
    let granted = applications::granted(connection, &people).await?;
    let grants = categories::of_all(connection, &people).await?;
    let revisions = applications::revisions(connection, &people).await?;
    for person in people {
        let own = granted.iter().filter(|one| one.person == person);
        let awarding: Vec<Awarding<'_>> = own
            .filter_map(|one| Some((one.id, one.grant?.1)))
            .map(|(application, since)| Awarding { application, since, grants: grants_of(&grants, application) })
            .collect();
        found.extend(awards(revisions.get(&person).map(Vec::as_slice).unwrap_or_default(), &awarding));
    }
    Ok(found)
}

fn grants_of(grants: &[Grant], application: Name) -> Vec<&Grant> {
    grants.iter().filter(|grant| grant.application == Some(application)).collect()
}

/// The fault of a second one.
pub(super) fn duplicate(message: &str, other: Name) -> Fault {
    Fault::new(Reason::Duplicate, message).with("application_id", other.as_str())
}
