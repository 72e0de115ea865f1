use pb::policy::v1 as policy_pb;
use policy::{Decision, LayerShare, LineSplit, Outcome, PayerKind, Policy, Settlement, Shares};

use super::citation::{clauses, refusal};
use super::facts::{accumulators, parts};
use super::national::national;
use super::payment::payments;
use super::plain::{date, word};
use super::step::Sources;
use crate::words;

/// A decision, under the policy version that decided it. Under any other version the steps come without their sources.
#[must_use]
pub fn decision(policy: &Policy, decision: &Decision, with_steps: bool) -> policy_pb::Decision {
    let knows_its_sources = policy.version() == decision.version;
    let outcome = match &decision.outcome {
        Outcome::Settled(settled) => {
            let mut message = settlement(policy, settled);
            if with_steps {
                let mut sources = Sources::new(knows_its_sources.then_some(policy));
                message.steps = settled.steps.iter().map(|step| sources.step(step, settled.layers.len())).collect();
                message.clauses = clauses(policy, sources.cited());
                message.citations = sources.into_citations();
            }
            policy_pb::decision::Outcome::Settled(message)
        }
        Outcome::Refused(refused) => policy_pb::decision::Outcome::Refused(refusal(policy, refused)),
    };
    policy_pb::Decision {
        policy_version: decision.version.to_string(),
        rules_date: date(decision.date),
        outcome: Some(outcome),
    }
}

/// Who pays what of a bill, without steps, citations and clauses.
#[must_use]
pub fn settlement(policy: &Policy, settlement: &Settlement) -> policy_pb::Settlement {
    let apart_payer = settlement.apart_payer.filter(|_| !settlement.apart.is_zero());
    policy_pb::Settlement {
        category: word(settlement.category),
        parts: Some(parts(&settlement.parts)),
        apart_fen: settlement.apart.get(),
        apart_payer: payer_name(policy, apart_payer),
        lines: settlement.lines.iter().map(line).collect(),
        layers: settlement.layers.iter().map(|share| layer(policy, share)).collect(),
        shares: Some(shares(&settlement.shares)),
        accumulators: Some(accumulators(&settlement.accumulators)),
        steps: Vec::new(),
        payments: payments(policy, settlement),
        national: Some(national(policy, settlement)),
        citations: Vec::new(),
        clauses: Vec::new(),
    }
}

fn payer_name(policy: &Policy, number: Option<u16>) -> String {
    number.and_then(|number| policy.payer(number)).map(|payer| payer.name.to_string()).unwrap_or_default()
}

pub(super) const fn line(line: &LineSplit) -> policy_pb::LineSplit {
    policy_pb::LineSplit {
        parts: Some(parts(&line.parts)),
        apart_fen: line.apart.get(),
        hospital_fen: line.hospital.get(),
    }
}

fn layer(policy: &Policy, share: &LayerShare) -> policy_pb::LayerShare {
    policy_pb::LayerShare {
        layer: share.layer.to_string(),
        payer: payer_name(policy, Some(share.payer).filter(|_| share.kind != PayerKind::Nobody)),
        kind: words::payer_kind(share.kind),
        base_fen: share.base.get(),
        deductible_standard_fen: share.deductible_standard.get(),
        deductible_fen: share.deductible.get(),
        cost_fen: share.cost.get(),
        cost_paid_on_fen: share.cost_paid_on.get(),
        ratio: share.ratio.to_string(),
        computed_fen: share.computed.get(),
        paid_fen: share.paid.get(),
        paid_within_scope_fen: share.paid_within_scope.get(),
    }
}

const fn shares(shares: &Shares) -> policy_pb::Shares {
    policy_pb::Shares {
        total_fen: shares.total.get(),
        fund_fen: shares.fund.get(),
        hospital_fen: shares.hospital.get(),
        person_fen: shares.person.get(),
        other_fen: shares.other.get(),
        account_fen: shares.account.get(),
        family_account_fen: shares.family_account.get(),
        cash_fen: shares.cash.get(),
    }
}
