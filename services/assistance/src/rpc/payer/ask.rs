//! Reads what is asked of plans and offers.

use std::collections::BTreeSet;

use ::pb::assistance::v1 as pb;
use chrono::{DateTime, NaiveDate};
use money::{Fen, Rate};
use pb::answer_offer_request::Answer;
use policy::{OfferBand, OfferTerms, OfferTilt};
use rpc::Violations;
use terms::{Care, Name};
use wire::read as fields;

use crate::app::answer_offer::{Answering, Paying};
use crate::app::plan::{Ending, Registering};
use crate::domain::Plan;
use crate::rpc::read;
use crate::rpc::words::{offer_base, offer_period, other_payer};

/// The most bands of a plan, and the most categories it pays more to.
const BANDS_MOST: usize = 50;

/// A plan to be registered.
pub(super) fn registering(v: &mut Violations, r: &pb::RegisterPlanRequest, today: NaiveDate) -> Option<Registering> {
    let plan = if r.plan_id.is_empty() { Some(None) } else { fields::id(v, "plan_id", &r.plan_id).map(Some) };
    let given = v.required("terms", r.terms.as_ref(), "what the plan pays");
    let terms = given.and_then(|given| v.within("terms", |v| terms_of(v, given)));
    if let (Some(Some(_)), Some(terms)) = (plan, &terms)
        && terms.from < today
    {
        v.add("terms.from_date", terms.from, format!("a day not before {today}: what was promised stays"));
    }
    let operator = fields::text(v, "operator_id", &r.operator_id, 100);
    Some(Registering { plan: plan?, terms: Plan { operator: operator?, ..terms? } })
}

fn terms_of(v: &mut Violations, given: &pb::PlanTerms) -> Option<Plan> {
    let payer = fields::name(v, "payer", &given.payer).and_then(|payer| {
        let is_named = is_named_as_in_packs(payer.as_str());
        if !is_named {
            v.add("payer", payer, "a name as packs have them: small letters, digits and _, a letter first");
        }
        is_named.then_some(payer)
    });
    let zh = fields::text(v, "zh", &given.zh, 100);
    let en = fields::optional_text(v, "en", &given.en, 100);
    let kind = other_payer(v, "kind", given.kind);
    let division = fields::division(v, "division", &given.division);
    let from = fields::date(v, "from_date", &given.from_date);
    let until = fields::optional_date(v, "until_date", &given.until_date);
    if let Some((from, until)) = from.zip(until.flatten()).filter(|(from, until)| until <= from) {
        v.add("until_date", until, format!("a day after {from}"));
    }
    let mut known = BTreeSet::new();
    let cares = read::list(v, "cares", &given.cares, (0, 20), |v, number| {
        let care: Care = fields::word(v, "", *number)?;
        once(v, "", known.insert(care), care).then_some(care)
    });
    let pays = pays(v, given);
    let source = fields::text(v, "source", &given.source, 1_000);
    Some(Plan {
        id: Name::EMPTY,
        version: 0,
        payer: payer?,
        zh: zh?,
        en: en?,
        kind: kind?,
        division: division?,
        from: from?,
        until: until?,
        cares: cares?,
        pays: pays?,
        source: source?,
        operator: String::new(),
        reason: String::new(),
        recorded_at: DateTime::UNIX_EPOCH,
    })
}

/// Otherwise a payer of the settlement would pass as another one that is spelled nearly the same.
fn is_named_as_in_packs(name: &str) -> bool {
    name.starts_with(|char: char| char.is_ascii_lowercase())
        && name.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_')
}

fn once(v: &mut Violations, field: &str, is_new: bool, found: impl std::fmt::Display) -> bool {
    if !is_new {
        v.add(field, found, "each once");
    }
    is_new
}

fn pays(v: &mut Violations, given: &pb::PlanTerms) -> Option<OfferTerms> {
    let base = offer_base(v, "base", given.base);
    let period = offer_period(v, "period", given.period);
    let deductible = fields::fen(v, "deductible_fen", given.deductible_fen);
    let bands = bands(v, &given.bands);
    let ceiling = match given.ceiling_fen {
        Some(amount) => above_zero(v, "ceiling_fen", amount).map(Some),
        None => Some(None),
    };
    let highest = bands.iter().flatten().map(|band| band.ratio).max().unwrap_or(Rate::ZERO);
    let mut known = BTreeSet::new();
    let tilts = read::list(v, "tilts", &given.tilts, (0, BANDS_MOST), |v, tilt| {
        let category = read::category(v, "category", tilt.category);
        let points = share(v, "points_rate", &tilt.points_rate);
        if let Some(points) = points.filter(|points| highest + *points > Rate::ONE) {
            v.add("points_rate", points, format!("no more than 1 together with the highest ratio, {highest}"));
            return None;
        }
        let (category, points) = category.zip(points)?;
        once(v, "category", known.insert(category), category).then_some(OfferTilt { category, points })
    });
    Some(OfferTerms {
        base: base?,
        period: period?,
        deductible: deductible?,
        bands: bands?,
        ceiling: ceiling?,
        tilts: tilts?,
    })
}

fn bands(v: &mut Violations, given: &[pb::PlanBand]) -> Option<Vec<OfferBand>> {
    let mut last: Option<Fen> = None;
    read::list(v, "bands", given, (1, BANDS_MOST), |v, band| {
        let from = fields::fen(v, "from_fen", band.from_fen);
        let ratio = share(v, "ratio", &band.ratio);
        let is_next = from.is_none_or(|from| last.map_or(from.is_zero(), |last| from > last));
        if !is_next {
            let expected = last.map_or_else(|| "0".to_owned(), |last| format!("more than {}", last.get()));
            v.add(
                "from_fen",
                band.from_fen,
                format!("{expected}: the first band begins at 0, each other behind the one before"),
            );
        }
        last = from.or(last);
        Some(OfferBand { from: from.filter(|_| is_next)?, ratio: ratio? })
    })
}

/// A rate from 0 to 1.
fn share(v: &mut Violations, field: &str, text: &str) -> Option<Rate> {
    let rate = fields::rate(v, field, text)?;
    if rate < Rate::ZERO || rate > Rate::ONE {
        v.add(field, text, "a rate from 0 to 1");
        return None;
    }
    Some(rate)
}

fn above_zero(v: &mut Violations, field: &str, amount: i64) -> Option<Fen> {
    if amount == 0 {
        v.add(field, 0, "an amount above zero");
        return None;
    }
    fields::fen(v, field, amount)
}

/// A plan to be ended.
pub(super) fn ending(v: &mut Violations, r: &pb::EndPlanRequest, today: NaiveDate) -> Option<Ending> {
    let plan = fields::id(v, "plan_id", &r.plan_id);
    let until = fields::date(v, "until_date", &r.until_date);
    if until.is_some_and(|until| until < today) {
        v.add("until_date", &r.until_date, format!("a day not before {today}"));
    }
    let operator = fields::text(v, "operator_id", &r.operator_id, 100);
    let reason = fields::text(v, "reason", &r.reason, 1_000);
    Some(Ending { plan: plan?, until: until?, operator: operator?, reason: reason? })
}

/// What a payer says.
pub(super) fn answering(v: &mut Violations, r: &pb::AnswerOfferRequest) -> Option<Answering> {
    let offer = fields::id(v, "offer_id", &r.offer_id);
    let (confirmed, reason) = match &r.answer {
        Some(Answer::Confirmed(confirmed)) => v.within("confirmed", |v| {
            let amount = above_zero(v, "amount_fen", confirmed.amount_fen);
            let reason = fields::optional_text(v, "reason", &confirmed.reason, 1_000);
            Some((Some(amount?), reason?))
        }),
        Some(Answer::Declined(declined)) => {
            v.within("declined", |v| fields::text(v, "reason", &declined.reason, 1_000)).map(|reason| (None, reason))
        }
        None => v.required("confirmed", None, "confirmed, or declined"),
    }?;
    Some(Answering { offer: offer?, confirmed, reason })
}

/// What a payer paid.
pub(super) fn paying(v: &mut Violations, r: &pb::RecordOfferPaidRequest, today: NaiveDate) -> Option<Paying> {
    let offer = fields::id(v, "offer_id", &r.offer_id);
    let amount = above_zero(v, "amount_fen", r.amount_fen);
    let day = fields::date(v, "paid_date", &r.paid_date);
    if day.is_some_and(|day| day > today) {
        v.add("paid_date", &r.paid_date, format!("a day not after {today}"));
    }
    let reference = fields::text(v, "payment_reference", &r.payment_reference, 100);
    Some(Paying { offer: offer?, amount: amount?, day: day?, reference: reference? })
}
