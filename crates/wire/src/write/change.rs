use money::Fen;
use pb::settlement::v1 as settlement_pb;

use super::plain::{date, moment, word, words};
use crate::change::{Change, ClaimStand, PayerAmount, PayerShare, StandingYear, ThirdSystem, YearStand};
use crate::words as sets;

/// What one commit of settlement did to a person.
#[must_use]
pub fn change(change: &Change) -> settlement_pb::Change {
    settlement_pb::Change {
        change_id: change.id.to_string(),
        person_id: change.person.to_string(),
        sequence: change.sequence,
        hold_id: change.hold.map(|hold| hold.to_string()).unwrap_or_default(),
        released_holds: change.released.iter().map(ToString::to_string).collect(),
        years: change.years.iter().map(year_stand).collect(),
        committed_at: Some(moment(change.committed_at)),
    }
}

/// One year of a person, whole.
#[must_use]
pub fn standing_year(standing: &StandingYear) -> settlement_pb::StandingYear {
    settlement_pb::StandingYear {
        person_id: standing.person.to_string(),
        sequence: standing.sequence,
        year: Some(year_stand(&standing.year)),
    }
}

/// How a person's year stands.
#[must_use]
pub fn year_stand(stand: &YearStand) -> settlement_pb::YearStand {
    settlement_pb::YearStand {
        year: u32::try_from(stand.year).unwrap_or_default(),
        division: stand.division.to_string(),
        policy_version: stand.version.to_string(),
        scheme: word(stand.scheme),
        rules_date: date(stand.rules_date),
        categories: words(&stand.categories),
        burden_fen: stand.burden.map(Fen::get),
        claims: stand.claims.iter().map(claim_stand).collect(),
        opening: amounts(&stand.opening),
    }
}

/// How one claim stands.
#[must_use]
pub fn claim_stand(stand: &ClaimStand) -> settlement_pb::ClaimStand {
    settlement_pb::ClaimStand {
        claim_id: stand.claim.to_string(),
        division: stand.division.to_string(),
        revision: stand.revision,
        cause: sets::cause(stand.cause),
        reversed: stand.reversed,
        institution_id: stand.institution.to_string(),
        rules_date: date(stand.rules_date),
        settled_date: date(stand.settled_date),
        care: word(stand.care),
        scheme: word(stand.scheme),
        category: word(stand.category),
        categories: words(&stand.categories),
        categories_handed_in: stand.categories_handed_in,
        third_system: sets::third_system(stand.third_system),
        total_fen: stand.total.get(),
        within_scope_fen: stand.within_scope.get(),
        fund_fen: stand.fund.get(),
        cash_fen: stand.cash.get(),
        payers: stand.payers.iter().map(share).collect(),
        held: amounts(&stand.held),
        short: amounts(&stand.short),
        bill_id: stand.bill.clone(),
        stay_id: stand.stay.clone(),
    }
}

/// Whether the third system is whole in a claim.
#[must_use]
pub fn third_system(third_system: ThirdSystem) -> i32 {
    sets::third_system(third_system)
}

fn share(share: &PayerShare) -> settlement_pb::PayerShare {
    settlement_pb::PayerShare {
        payer: share.payer.to_string(),
        kind: sets::payer_kind(share.kind),
        amount_fen: share.amount.get(),
        within_scope_fen: share.within_scope.get(),
    }
}

fn amounts(amounts: &[PayerAmount]) -> Vec<settlement_pb::PayerAmount> {
    let amount =
        |one: &PayerAmount| settlement_pb::PayerAmount { payer: one.payer.to_string(), amount_fen: one.amount.get() };
    amounts.iter().map(amount).collect()
}
