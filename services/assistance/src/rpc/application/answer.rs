//! Writes applications.

use std::collections::BTreeMap;

use ::pb::assistance::v1 as pb;
use money::Fen;
use pb::application_terms::Wanted as WantedPb;
use pb::proposed_decision::Verdict;
use rpc::Fault;
use store::sea_orm::ConnectionTrait;
use terms::Name;
use wire::write::{moment, word};

use crate::app::Problem;
use crate::app::application::awarded;
use crate::domain::{Application, ApplicationStep, Attached, Decision, Wanted};
use crate::rpc::words::{act_number, application_state_number};
use crate::rpc::write;
use crate::store::applications;

/// An application with all that belongs to it.
pub(super) async fn whole(connection: &impl ConnectionTrait, id: Name) -> Result<pb::Application, Problem> {
    let found = applications::by_id(connection, id).await?;
    let found = found.ok_or_else(|| Fault::not_found("application", id.as_str()))?;
    let steps = applications::steps(connection, id).await?;
    let mut written = listed(connection, std::slice::from_ref(&found)).await?;
    let written = written.pop().ok_or_else(|| Fault::internal("an application that is not written"))?;
    Ok(pb::Application { steps: steps.iter().map(step).collect(), ..written })
}

/// Applications without their steps.
pub(super) async fn listed(
    connection: &impl ConnectionTrait,
    found: &[Application],
) -> Result<Vec<pb::Application>, Problem> {
    let ids: Vec<Name> = found.iter().map(|one| one.id).collect();
    let evidence = applications::evidence(connection, &ids).await?;
    let awarded: BTreeMap<Name, Fen> = awarded(connection, found).await?;
    let none = Vec::new();
    let one = |one: &Application| {
        application(one, evidence.get(&one.id).unwrap_or(&none), awarded.get(&one.id).copied().unwrap_or_default())
    };
    Ok(found.iter().map(one).collect())
}

fn application(one: &Application, evidence: &[Attached], awarded: Fen) -> pb::Application {
    let wanted = match one.wanted {
        Wanted::Category(category) => WantedPb::Category(word(category)),
        Wanted::Temporary(amount) => WantedPb::Temporary(pb::TemporaryAid { amount_fen: amount.get() }),
    };
    let (division, year) = (one.division.to_string(), write::year(one.year));
    let id = |id: Option<Name>| id.map(|id| id.to_string()).unwrap_or_default();
    pb::Application {
        application_id: one.id.to_string(),
        person_id: one.person.to_string(),
        terms: Some(pb::ApplicationTerms { division, year, wanted: Some(wanted) }),
        state: application_state_number(one.state),
        evidence: evidence.iter().map(|one| write::evidence(&one.evidence)).collect(),
        decision: one.decision.as_ref().map(decision),
        awarded_fen: awarded.get(),
        paid_fen: one.paid.get(),
        grant_id: id(one.grant.map(|(grant, _)| grant)),
        watch_entry_id: id(one.watch_entry),
        steps: Vec::new(),
        applied_at: Some(moment(one.applied_at)),
    }
}

fn decision(decision: &Decision) -> pb::ProposedDecision {
    let approval = |category, temporary_fen| Verdict::Approval(pb::Approval { category, temporary_fen });
    let verdict = match decision {
        Decision::Category(terms) => approval(Some(write::terms(terms)), 0),
        Decision::Temporary(amount) => approval(None, amount.get()),
        Decision::Reject(reason) => Verdict::Rejection(reason.clone()),
    };
    pb::ProposedDecision { verdict: Some(verdict) }
}

fn step(step: &ApplicationStep) -> pb::ApplicationStep {
    pb::ApplicationStep {
        number: step.number,
        act: act_number(step.act),
        operator_id: step.operator.clone(),
        remark: step.remark.clone(),
        state: application_state_number(step.state),
        done_at: Some(moment(step.done_at)),
    }
}
