//! The first officer's word, and what it would bring.

use std::time::Duration;

use rpc::{Fault, Violations};
use store::Tx;
use terms::Name;

use super::application::{done, may, policy, same_officer, seen};
use super::{App, Problem};
use crate::clients::Preview;
use crate::domain::{Act, Application, ApplicationStep, By, Decision, Terms, Verb, Wanted, has_decided};
use crate::store::applications;

/// When settlement is worth asking again.
const AGAIN: Duration = Duration::from_secs(1);

/// What is proposed, and by whom.
#[derive(Clone, Debug)]
pub(crate) struct Proposing {
    pub(crate) application: Name,
    pub(crate) decision: Decision,
    pub(crate) by: By,
}

/// A proposal as it counts, with what it would bring.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub(crate) proposing: Proposing,
    /// None where no category is to be approved.
    pub(crate) preview: Option<Preview>,
}

/// Looks at a proposal outside any transaction, and asks settlement what it would bring; nothing is kept.
///
/// # Errors
/// What proposing it would give; `UNAVAILABLE` where settlement does not say.
pub(crate) async fn prepare(app: &App, mut proposing: Proposing) -> Result<Prepared, Problem> {
    let reader = app.database.reader();
    let id = proposing.application;
    let application = applications::by_id(reader, id).await?;
    let application = application.ok_or_else(|| Fault::not_found("application", id.as_str()))?;
    fits(&application, &applications::steps(reader, id).await?, &proposing)?;
    let Decision::Category(terms) = &mut proposing.decision else {
        return Ok(Prepared { proposing, preview: None });
    };
    // whose bills count from when is the policy's to say (SD-8)
    terms.from = policy(app, application.division)?.approved_from(application.division, terms.category, terms.from);
    let away = |error| {
        Fault::unavailable("settlement, which says what the year's bills would change by,", AGAIN).because(error)
    };
    let preview = app.settlement.preview(application.person, application.year, terms).await.map_err(away)?;
    Ok(Prepared { proposing, preview: Some(preview) })
}

/// Proposes it.
///
/// # Errors
/// `NOT_FOUND`; `WRONG_STATE`, also of an officer who decided before; `INVALID_FIELDS` for a decision of what is not applied for.
pub(crate) async fn propose(app: &App, tx: &Tx, asked: &Prepared) -> Result<(), Problem> {
    let Proposing { application: id, decision, by } = &asked.proposing;
    let (mut application, _) = seen(tx, *id).await?;
    let steps = applications::steps(tx, *id).await?;
    let to = fits(&application, &steps, &asked.proposing)?;
    application.decision = Some(decision.clone());
    done(app, tx, &mut application, (Act::Proposed, to), by).await
}

fn fits(
    application: &Application,
    steps: &[ApplicationStep],
    asked: &Proposing,
) -> Result<crate::domain::ApplicationState, Fault> {
    let to = may(application, Verb::Propose)?;
    if has_decided(steps, &asked.by.operator) {
        let message = "an officer of the earlier decision cannot decide again: two other officers are to";
        return Err(same_officer(message));
    }
    let mut v = Violations::new();
    v.within("decision", |v| match (&asked.decision, application.wanted) {
        (Decision::Category(terms), Wanted::Category(_)) => in_the_year(v, terms, application.year),
        (Decision::Category(_), Wanted::Temporary(_)) => {
            v.add("approval.category", "a category", "nothing: temporary assistance is applied for");
        }
        (Decision::Temporary(_), Wanted::Category(_)) => {
            v.add("approval.temporary_fen", "an amount", "0: a category is applied for");
        }
        (Decision::Temporary(amount), Wanted::Temporary(wanted)) => {
            if *amount > wanted || *amount < application.approved {
                let expected = format!("from {} to {} fen", application.approved.get().max(1), wanted.get());
                v.add("approval.temporary_fen", amount.get(), expected);
            }
        }
        (Decision::Reject(_), _) if application.has_approval() => {
            v.add("rejection", "a rejection", "an approval: an appeal takes nothing away that was approved");
        }
        (Decision::Reject(_), _) => {}
    });
    let is_right = v.is_empty().then_some(to);
    v.finish(is_right)
}

fn in_the_year(v: &mut Violations, terms: &Terms, year: i32) {
    if chrono::Datelike::year(&terms.from) != year {
        v.add("approval.category.from_date", terms.from, format!("a day of {year}, whose bills it is about"));
    }
}
