//! Writes plans and offers.

use ::pb::assistance::v1 as pb;
use money::Fen;
use wire::write::{date, moment, optional_date, word};

use crate::domain::{Offer, Plan};
use crate::rpc::words::{offer_base_number, offer_period_number, offer_state_number, other_payer_number};

/// A plan.
pub(super) fn plan(plan: &Plan, members: u64) -> pb::Plan {
    let pays = &plan.pays;
    let terms = pb::PlanTerms {
        payer: plan.payer.to_string(),
        zh: plan.zh.clone(),
        en: plan.en.clone(),
        kind: other_payer_number(plan.kind),
        division: plan.division.to_string(),
        from_date: date(plan.from),
        until_date: optional_date(plan.until),
        base: offer_base_number(pays.base),
        period: offer_period_number(pays.period),
        cares: plan.cares.iter().map(|care| word(*care)).collect(),
        deductible_fen: pays.deductible.get(),
        bands: pays
            .bands
            .iter()
            .map(|band| pb::PlanBand { from_fen: band.from.get(), ratio: band.ratio.to_string() })
            .collect(),
        ceiling_fen: pays.ceiling.map(Fen::get),
        tilts: pays
            .tilts
            .iter()
            .map(|tilt| pb::CategoryTilt { category: word(tilt.category), points_rate: tilt.points.to_string() })
            .collect(),
        source: plan.source.clone(),
    };
    pb::Plan {
        plan_id: plan.id.to_string(),
        version: plan.version,
        terms: Some(terms),
        members,
        operator_id: plan.operator.clone(),
        recorded_at: Some(moment(plan.recorded_at)),
    }
}

/// An offer.
pub(super) fn offer(offer: &Offer) -> pb::Offer {
    pb::Offer {
        offer_id: offer.id.to_string(),
        plan_id: offer.plan.to_string(),
        version: offer.version,
        payer: offer.payer.to_string(),
        person_id: offer.person.to_string(),
        claim_id: offer.claim.to_string(),
        revision: offer.revision,
        state: offer_state_number(offer.state),
        base_fen: offer.base.get(),
        promised_fen: offer.promised.get(),
        confirmed_fen: offer.confirmed.get(),
        paid_fen: offer.paid.get(),
        reason: offer.reason.clone(),
        payment_reference: offer.payment.clone(),
        offered_at: Some(moment(offer.offered_at)),
        answered_at: offer.answered_at.map(moment),
        paid_at: offer.paid_at.map(moment),
        zh: offer.zh.clone(),
        en: offer.en.clone(),
        overpaid_fen: 0,
    }
}
