use std::collections::BTreeSet;

use money::Fen;
use pb::settlement::v1 as settlement_pb;
use rpc::Violations;
use terms::Name;

use super::lists::{LIST_AT_MOST, list, words};
use super::plain::{date, division, fen, moment, version, word, year};
use super::texts::{id, name, optional_text};
use crate::change::{Change, ClaimStand, PayerAmount, PayerShare, StandingYear, YearStand};
use crate::words as sets;

/// The most claims of a person's year that are read: a stream sends the rest in further messages.
const CLAIMS_AT_MOST: usize = 10_000;
/// The most characters of an institution's id of a bill or stay.
const ID_CHARS_MAX: usize = 64;

/// What one commit of settlement did to a person: years in order and each once, payers in order of name and each once,
/// nothing paid of a claim that is reversed.
pub fn change(v: &mut Violations, change: &settlement_pb::Change) -> Option<Change> {
    let change_id = id(v, "change_id", &change.change_id);
    let person = id(v, "person_id", &change.person_id);
    if change.sequence == 0 {
        v.add("sequence", 0, "a place from 1");
    }
    let hold = if change.hold_id.is_empty() { Some(None) } else { id(v, "hold_id", &change.hold_id).map(Some) };
    let released = list(v, "released_holds", &change.released_holds, LIST_AT_MOST, |v, _, hold| {
        if *hold == change.hold_id {
            v.add("", hold, "another hold than the one that was used");
            return None;
        }
        id(v, "", hold)
    });
    let mut last = 0;
    let years = list(v, "years", &change.years, LIST_AT_MOST, |v, _, stand| {
        if stand.year <= last {
            v.add("year", stand.year, format!("a year after {last}"));
            return None;
        }
        last = stand.year;
        year_stand(v, stand)
    });
    let committed_at = moment(v, "committed_at", &change.committed_at);
    let committed_at = committed_at.and_then(|moment| v.required("committed_at", moment, "when it was committed"));
    Some(Change {
        id: change_id?,
        person: person?,
        sequence: Some(change.sequence).filter(|sequence| *sequence > 0)?,
        hold: hold?,
        released: released?,
        years: years?,
        committed_at: committed_at?,
    })
}

/// One year of a person, whole.
pub fn standing_year(v: &mut Violations, standing: &settlement_pb::StandingYear) -> Option<StandingYear> {
    let person = id(v, "person_id", &standing.person_id);
    let year = v.required("year", standing.year.as_ref(), "how the year stands");
    let year = year.and_then(|year| v.within("year", |v| year_stand(v, year)));
    Some(StandingYear { person: person?, sequence: standing.sequence, year: year? })
}

/// How a person's year stands: each claim once.
pub fn year_stand(v: &mut Violations, stand: &settlement_pb::YearStand) -> Option<YearStand> {
    let year = year(v, "year", stand.year);
    let division = division(v, "division", &stand.division);
    let version = version(v, "policy_version", &stand.policy_version);
    let scheme = word(v, "scheme", stand.scheme);
    let rules_date = date(v, "rules_date", &stand.rules_date);
    let categories = words(v, "categories", &stand.categories);
    let burden = match stand.burden_fen {
        Some(burden) => fen(v, "burden_fen", burden).map(Some),
        None => Some(None),
    };
    let mut known = BTreeSet::new();
    let claims = list(v, "claims", &stand.claims, CLAIMS_AT_MOST, |v, _, claim| {
        let claim = claim_stand(v, claim)?;
        if !known.insert(claim.claim) {
            v.add("claim_id", claim.claim, "each claim once");
            return None;
        }
        Some(claim)
    });
    let opening = opening(v, &stand.opening);
    Some(YearStand {
        year: year?,
        division: division?,
        version: version?,
        scheme: scheme?,
        rules_date: rules_date?,
        categories: categories?,
        burden: burden?,
        claims: claims?,
        opening: opening?,
    })
}

/// How one claim stands.
pub fn claim_stand(v: &mut Violations, stand: &settlement_pb::ClaimStand) -> Option<ClaimStand> {
    let claim = id(v, "claim_id", &stand.claim_id);
    let division = division(v, "division", &stand.division);
    let cause = known(v, "cause", stand.cause, sets::cause_of(stand.cause));
    let institution = id(v, "institution_id", &stand.institution_id);
    let bill = optional_text(v, "bill_id", &stand.bill_id, ID_CHARS_MAX);
    let stay = optional_text(v, "stay_id", &stand.stay_id, ID_CHARS_MAX);
    let rules_date = date(v, "rules_date", &stand.rules_date);
    let settled_date = date(v, "settled_date", &stand.settled_date);
    let care = word(v, "care", stand.care);
    let scheme = word(v, "scheme", stand.scheme);
    let category = word(v, "category", stand.category);
    let categories = words(v, "categories", &stand.categories);
    let third_system = known(v, "third_system", stand.third_system, sets::third_system_of(stand.third_system));
    let total = fen(v, "total_fen", stand.total_fen);
    let within_scope = fen(v, "within_scope_fen", stand.within_scope_fen);
    let fund = fen(v, "fund_fen", stand.fund_fen);
    let cash = fen(v, "cash_fen", stand.cash_fen);
    let payers = shares(v, &stand.payers);
    let held = amounts(v, "held", &stand.held);
    let short = amounts(v, "short", &stand.short);
    nothing_paid_if_reversed(
        v,
        ClaimStand {
            claim: claim?,
            division: division?,
            revision: stand.revision,
            cause: cause?,
            reversed: stand.reversed,
            institution: institution?,
            bill: bill?,
            stay: stay?,
            rules_date: rules_date?,
            settled_date: settled_date?,
            care: care?,
            scheme: scheme?,
            category: category?,
            categories: categories?,
            categories_handed_in: stand.categories_handed_in,
            third_system: third_system?,
            total: total?,
            within_scope: within_scope?,
            fund: fund?,
            cash: cash?,
            payers: payers?,
            held: held?,
            short: short?,
        },
    )
}

fn nothing_paid_if_reversed(v: &mut Violations, stand: ClaimStand) -> Option<ClaimStand> {
    let unpaid = stand.fund.is_zero() && stand.cash.is_zero();
    let is_nothing = unpaid && stand.payers.is_empty() && stand.held.is_empty() && stand.short.is_empty();
    if stand.reversed && !is_nothing {
        v.add("reversed", "true", "no share of a claim that is reversed");
        return None;
    }
    Some(stand)
}

/// A value of a set that is no set of words: none where the number is `UNSPECIFIED` or not known here.
fn known<T>(v: &mut Violations, field: &str, number: i32, read: Option<T>) -> Option<T> {
    if read.is_none() {
        let found = if number == 0 { "nothing".to_owned() } else { format!("the number {number}") };
        v.add(field, found, "one of its values");
    }
    read
}

fn shares(v: &mut Violations, shares: &[settlement_pb::PayerShare]) -> Option<Vec<PayerShare>> {
    let mut before = None;
    list(v, "payers", shares, LIST_AT_MOST, |v, _, share| {
        let payer = payer(v, &share.payer, &mut before);
        let kind = known(v, "kind", share.kind, sets::payer_kind_of(share.kind));
        let amount = above_zero(v, share.amount_fen);
        let within_scope = fen(v, "within_scope_fen", share.within_scope_fen);
        Some(PayerShare { payer: payer?, kind: kind?, amount: amount?, within_scope: within_scope? })
    })
}

fn amounts(v: &mut Violations, field: &str, amounts: &[settlement_pb::PayerAmount]) -> Option<Vec<PayerAmount>> {
    let mut before = None;
    list(v, field, amounts, LIST_AT_MOST, |v, _, one| {
        let payer = payer(v, &one.payer, &mut before);
        let amount = above_zero(v, one.amount_fen);
        Some(PayerAmount { payer: payer?, amount: amount? })
    })
}

/// What was paid before a year was opened: a start that is corrected may say that nothing was.
fn opening(v: &mut Violations, amounts: &[settlement_pb::PayerAmount]) -> Option<Vec<PayerAmount>> {
    let mut before = None;
    list(v, "opening", amounts, LIST_AT_MOST, |v, _, one| {
        let payer = payer(v, &one.payer, &mut before);
        let amount = fen(v, "amount_fen", one.amount_fen);
        Some(PayerAmount { payer: payer?, amount: amount? })
    })
}

/// The payer's name, which comes after the one before it.
fn payer(v: &mut Violations, text: &str, before: &mut Option<Name>) -> Option<Name> {
    let payer = name(v, "payer", text)?;
    if let Some(before) = before.replace(payer).filter(|before| before.as_str() >= payer.as_str()) {
        v.add("payer", payer, format!("a name after {before}"));
        return None;
    }
    Some(payer)
}

fn above_zero(v: &mut Violations, amount: i64) -> Option<Fen> {
    let read = fen(v, "amount_fen", amount)?;
    if read.is_zero() {
        v.add("amount_fen", 0, "an amount above zero");
        return None;
    }
    Some(read)
}
