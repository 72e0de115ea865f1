//! The second officer's word: what it approves is granted or booked in the same commit.

use chrono::{DateTime, Utc};
use ledger::{Entry, Heading, book};
use money::Fen;
use rpc::Fault;
use store::{Tx, journal};
use terms::Name;

use super::application::{done, may, policy, same_officer, seen};
use super::correct::{self, Correcting};
use super::grant::{self, Granting};
use super::{App, Problem};
use crate::domain::{Act, Application, ApplicationStep, By, Decision, Grant, Terms, Verb, has_decided, has_proposed};
use crate::store::{applications, categories};

/// What an officer says to a proposal.
#[derive(Clone, Debug)]
pub(crate) struct Confirming {
    pub(crate) application: Name,
    /// The step the officer saw.
    pub(crate) proposal: u32,
    pub(crate) sends_back: bool,
    pub(crate) by: By,
}

/// What a confirmation made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Confirmed {
    pub(crate) grant: Option<Grant>,
    pub(crate) entry: Option<(Entry, DateTime<Utc>)>,
}

/// Confirms a proposal, or sends it back.
///
/// # Errors
/// `NOT_FOUND`; `WRONG_STATE`, also of an officer who proposed it or decided before, and of a proposal that was not seen; `DUPLICATE`
/// where the person has the category by another grant.
pub(crate) async fn confirm(app: &App, tx: &Tx, asked: &Confirming) -> Result<Confirmed, Problem> {
    let (mut application, sequence) = seen(tx, asked.application).await?;
    let decision = application.decision.clone();
    let verb = match (&decision, asked.sends_back) {
        (_, true) => Verb::SendBack,
        (Some(Decision::Reject(_)), false) => Verb::Reject,
        _ => Verb::Approve,
    };
    let to = may(&application, verb)?;
    if application.proposal != Some(asked.proposal) {
        let fault = Fault::wrong_state("changed", "another decision is proposed than the one that was seen");
        let standing = application.proposal.unwrap_or_default().to_string();
        return Err(fault.with("proposal", standing).into());
    }
    is_another(&applications::steps(tx, application.id).await?, &asked.by.operator)?;
    let mut confirmed = Confirmed::default();
    match (verb, decision) {
        (Verb::Approve, Some(Decision::Category(terms))) => {
            let grant = granted(app, tx, &application, &terms, &asked.by).await?;
            let id = Name::new(&grant.id).map_err(Fault::internal)?;
            // what was decided anew since the first approval counts
            let since = application.grant.map_or(sequence, |(_, since)| since);
            application.grant = Some((id, since));
            confirmed.grant = Some(grant);
        }
        (Verb::Approve, Some(Decision::Temporary(amount))) => {
            confirmed.entry = booked(app, tx, &application, amount).await?;
            application.approved = amount;
        }
        _ => {}
    }
    let act = if asked.sends_back { Act::SentBack } else { Act::Confirmed };
    done(app, tx, &mut application, (act, to), &asked.by).await?;
    Ok(confirmed)
}

fn is_another(steps: &[ApplicationStep], operator: &str) -> Result<(), Fault> {
    if has_proposed(steps, operator) {
        return Err(same_officer("the officer who proposed it cannot confirm it: another officer is to"));
    }
    if has_decided(steps, operator) {
        return Err(same_officer("an officer of the earlier decision cannot decide again: two other officers are to"));
    }
    Ok(())
}

/// Grants what was approved; after an appeal the grant that is there is set right, and nothing is taken back that was paid.
async fn granted(app: &App, tx: &Tx, of: &Application, terms: &Terms, by: &By) -> Result<Grant, Problem> {
    let before = match of.grant {
        Some((id, _)) => categories::newest(tx, id.as_str()).await?.filter(|grant| !grant.taken_back),
        None => None,
    };
    let (operator, reason) = (by.operator.clone(), by.remark.clone());
    match before {
        Some(before) if before.terms == *terms => Ok(before),
        Some(before) => {
            let (grant, version, terms) = (before.id, before.version, Some(terms.clone()));
            let asked = Correcting { grant, version, terms, claw_back: false, operator, reason };
            Ok(correct::correct(app, tx, &asked).await?.0)
        }
        None => {
            let (person, terms, application) = (of.person, terms.clone(), Some(of.id));
            let asked = Granting { person, terms, operator, reason, application };
            Ok(grant::grant(app, tx, &asked).await?.0)
        }
    }
}

/// Books what is approved beyond what was: the fund owes it to the person from now on. No limit counts it (GX-9).
async fn booked(
    app: &App,
    tx: &Tx,
    of: &Application,
    approved: Fen,
) -> Result<Option<(Entry, DateTime<Utc>)>, Problem> {
    let more = approved - of.approved;
    if more <= Fen::ZERO {
        return Ok(None);
    }
    let policy = policy(app, of.division)?;
    let payer = policy.pays_temporary(of.division, app.today());
    let payer = payer.ok_or_else(|| Fault::wrong_state("no_fund", "no fund pays temporary assistance there"))?;
    let now = app.now();
    let id = Name::new(&app.id()).map_err(Fault::internal)?;
    let heading = Heading { id, date: host::china_day(now), reference: of.id };
    let entry = book::aid(heading, policy.version(), (of.division, payer), of.person, more).map_err(Fault::internal)?;
    journal::append_new(tx, std::slice::from_ref(&entry)).await?;
    Ok(Some((entry, now)))
}
