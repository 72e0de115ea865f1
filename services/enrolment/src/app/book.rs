//! What a payment puts into the journal, and what it credits to an account.

use chrono::{DateTime, Utc};
use ledger::{Entry, Heading};
use money::Fen;
use policy::{Contribution, NationalField, PayerKind, Policy};
use rpc::Fault;
use store::outbox::Event;
use store::{Tx, journal, outbox};
use terms::{Division, Name};

use super::{App, Problem};
use crate::domain::{AccountCredit, CreditKind, Enrolment};
use crate::store::credits;

/// The topic of an account credit's event; its payload is the credit's id.
pub(crate) const CREDIT_TOPIC: &str = "account_credit";

/// The entry of an enrolment's contribution; none where nobody pays anything.
pub(crate) fn entry(app: &App, policy: &Policy, enrolment: &Enrolment) -> Result<Option<Entry>, Fault> {
    let amounts = amounts(&enrolment.contribution);
    if amounts.total.is_some_and(Fen::is_zero) {
        return Ok(None);
    }
    let name = |text: &str| Name::new(text).map_err(Fault::internal);
    let date = enrolment.payment.as_ref().map_or(enrolment.terms.enrolled, |payment| payment.paid);
    let heading = Heading { id: name(&app.id())?, date, reference: name(&enrolment.id)? };
    let division = enrolment.terms.division;
    let entry = ledger::book::contribution(heading, policy, (division, fund(policy, division)?), &amounts);
    // the version that computed the contribution may be an earlier one than the policy at hand
    let mut draft = entry.map_err(Fault::internal)?.into_draft();
    draft.policy = Some(enrolment.contribution_version.parse().map_err(Fault::internal)?);
    let values = enrolment.contribution.values.iter();
    let cites = values.filter_map(|value| value.citation.as_ref()).flat_map(|citation| citation.cite.iter().cloned());
    draft.clauses = cites.collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    draft.seal().map(Some).map_err(Fault::internal)
}

/// The fund contributions go to: the one whose share the national settlement result calls the pooled fund's.
pub(super) fn fund(policy: &Policy, division: Division) -> Result<Name, Fault> {
    let pooled = |payer: &&policy::Payer| {
        payer.kind == PayerKind::Fund
            && payer.field == Some(NationalField::HifpPay)
            && policy.knows_payer(division, payer.name.as_str())
    };
    let fund = (0..u16::MAX).map_while(|number| policy.payer(number)).find(pooled);
    fund.map(|payer| payer.name).ok_or_else(|| Fault::internal("the packs name no pooled fund"))
}

/// The amounts of a contribution as it was answered.
pub(crate) fn amounts(contribution: &pb::policy::v1::Contribution) -> Contribution {
    let known = |amount: Option<i64>| amount.map(Fen::new);
    Contribution {
        premium: Fen::new(contribution.premium_fen),
        subsidy: Fen::new(contribution.subsidy_fen),
        central: Fen::new(contribution.central_fen),
        province: Fen::new(contribution.province_fen),
        city: Fen::new(contribution.city_fen),
        county: Fen::new(contribution.county_fen),
        assisted: Fen::new(contribution.assisted_fen),
        own: known(contribution.own_fen),
        employer: known(contribution.employer_fen),
        employee: known(contribution.employee_fen),
        credit: Fen::new(contribution.credit_fen),
        total: known(contribution.total_fen),
        values: Vec::new(),
    }
}

/// What a paid enrolment credits to the person's account, if anything.
pub(crate) fn credit(app: &App, enrolment: &Enrolment, at: DateTime<Utc>) -> Option<AccountCredit> {
    let amount_fen = enrolment.contribution.credit_fen;
    (amount_fen > 0).then(|| AccountCredit {
        id: app.id(),
        person: enrolment.person.clone(),
        enrolment: enrolment.id.clone(),
        cover_year: enrolment.terms.cover_year,
        kind: CreditKind::Credit,
        amount_fen,
        delivered: false,
        recorded_at: at,
    })
}

/// Writes entries into the journal, and credits beside the events that will tell settlement.
pub(crate) async fn write(tx: &Tx, entries: &[Entry], owed: &[AccountCredit]) -> Result<(), Problem> {
    if !entries.is_empty() {
        journal::append(tx, entries).await?;
    }
    if !owed.is_empty() {
        credits::add(tx, owed).await?;
        let event = |credit: &AccountCredit| Event {
            id: credit.id.clone(),
            key: credit.person.clone(),
            topic: CREDIT_TOPIC.to_owned(),
            payload: credit.id.clone().into_bytes(),
            trace_context: rpc::trace::parent(),
            created_at: credit.recorded_at.timestamp_micros(),
        };
        outbox::put(tx, &owed.iter().map(event).collect::<Vec<_>>()).await?;
    }
    Ok(())
}
