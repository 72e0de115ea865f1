//! Writes what the answers share.

use ::pb::assistance::v1 as pb;
use ::pb::policy::v1 as policy_pb;
use ::pb::settlement::v1 as settlement_pb;
use money::Fen;
use prost::{DecodeError, Message as _};
use terms::Name;
use wire::write;

use super::words::{ask_state_number, office_number, state_number};
use crate::app::standing::OnDay;
use crate::clients::cause_number;
use crate::domain::{Authority, Evidence, Grant, Granted, Hold, Limit, Reassess, Terms};

/// A grant, in one version.
pub(super) fn grant(grant: &Grant) -> pb::CategoryGrant {
    pb::CategoryGrant {
        grant_id: grant.id.clone(),
        version: grant.version,
        person_id: grant.person.clone(),
        terms: Some(terms(&grant.terms)),
        taken_back: grant.taken_back,
        application_id: grant.application.map(|id| id.to_string()).unwrap_or_default(),
        import_id: grant.import.clone(),
        operator_id: grant.operator.clone(),
        reason: grant.reason.clone(),
        // what a check would record has no version and was never recorded
        recorded_at: (grant.version > 0).then(|| write::moment(grant.recorded_at)),
    }
}

/// What is granted.
pub(super) fn terms(terms: &Terms) -> pb::CategoryTerms {
    pb::CategoryTerms {
        category: write::word(terms.category),
        treated_as: terms.treated_as.map(write::word),
        from_date: write::date(terms.from),
        to_date: write::optional_date(terms.to),
        authority: Some(authority(&terms.authority)),
        evidence: terms.evidence.iter().map(evidence).collect(),
    }
}

/// What proves something.
pub(super) fn evidence(one: &Evidence) -> settlement_pb::Evidence {
    settlement_pb::Evidence { kind: one.kind.clone(), reference: one.reference.clone(), sha256: one.sha256.clone() }
}

/// Who grants.
pub(super) fn authority(authority: &Authority) -> pb::Authority {
    pb::Authority {
        office: office_number(authority.office),
        division: authority.division.to_string(),
        name: authority.name.clone(),
    }
}

/// The categories of a day.
pub(super) fn day(day: &OnDay) -> pb::DayCategories {
    pb::DayCategories {
        on_date: write::date(day.day),
        categories: day.categories.iter().map(|category| write::word(*category)).collect(),
        grant_ids: day.grants.iter().map(|grant| grant.id.clone()).collect(),
    }
}

/// What is held of an ask.
pub(super) fn granted(granted: &Granted) -> pb::Granted {
    pb::Granted {
        year: year(granted.year),
        payer: granted.payer.to_string(),
        asked_fen: granted.asked.get(),
        granted_fen: granted.granted.get(),
    }
}

/// A hold.
pub(super) fn hold(hold: &Hold) -> pb::Reservation {
    let under = |of: &dyn Fn(&crate::domain::Under) -> String| hold.under.as_ref().map(of).unwrap_or_default();
    pb::Reservation {
        hold_id: hold.id.to_string(),
        person_id: hold.person.to_string(),
        division: under(&|under| under.division.to_string()),
        policy_version: under(&|under| under.version.to_string()),
        scheme: hold.under.map(|under| write::word(under.scheme)).unwrap_or_default(),
        state: state_number(hold.state),
        parts: hold
            .parts
            .iter()
            .map(|part| pb::ReservationPart {
                year: year(part.year),
                payer: part.payer.to_string(),
                asked_fen: part.asked.get(),
                granted_fen: part.granted.get(),
                posted_fen: part.posted.get(),
            })
            .collect(),
        owner: hold.owner.clone(),
        change_id: hold.change.map(|change| change.to_string()).unwrap_or_default(),
        reserved_at: Some(write::moment(hold.reserved_at)),
        expires_at: Some(write::moment(hold.expires_at)),
        asked_at: hold.asked_at.map(write::moment),
        ended_at: hold.ended_at.map(write::moment),
    }
}

/// How a limit stands.
pub(super) fn limit(payer: Name, limit: &Limit) -> pb::Limit {
    pb::Limit {
        payer: payer.to_string(),
        limit_fen: limit.cap.map(Fen::get),
        pending_fen: limit.pending.get(),
        posted_fen: limit.posted.get(),
    }
}

/// A year.
pub(super) fn year(year: i32) -> u32 {
    u32::try_from(year).unwrap_or_default()
}

/// A question to settlement.
pub(super) fn reassessment(asked: &Reassess) -> Result<pb::Reassessment, DecodeError> {
    let refused = asked.refused.as_ref();
    Ok(pb::Reassessment {
        reassessment_id: asked.id.clone(),
        person_id: asked.person.to_string(),
        year: year(asked.year),
        cause: cause_number(asked.occasion.cause),
        about_id: asked.occasion.about.to_string(),
        claw_back: asked.occasion.claw_back,
        state: ask_state_number(asked.state),
        refused: refused.map(|refused| policy_pb::Refusal::decode(refused.refusal.as_slice())).transpose()?,
        refused_claim_id: refused.and_then(|refused| refused.claim.clone()).unwrap_or_default(),
        asked_at: Some(write::moment(asked.asked_at)),
        answered_at: asked.answered_at.map(write::moment),
    })
}
