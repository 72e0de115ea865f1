//! A start of a year, checked against the policy of its division.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use chrono::{Datelike as _, NaiveDate};
use money::Fen;
use pb::policy::v1 as policy_pb;
use pb::settlement::v1::OpenYearRequest;
use policy::{Accumulators, MostPaid, PaidBefore, Period};
use prost::Message as _;
use registry::Registry;
use rpc::{Fault, Violations};
use terms::{Division, Name, Scheme};
use wire::read;

use super::call;
use crate::app::OpenYear;
use crate::domain::OpenedThird;

const SOURCE_CHARS_MAX: usize = 1_000;
const OPERATOR_CHARS_MAX: usize = 64;
/// Nobody is admitted more often than a year has days.
const ADMISSIONS_MOST: u32 = 366;
/// How many years back a year may be: bills come late, by hand years after the fact.
const YEARS_BACK: i32 = 5;
/// How many parts a violation names: a disease each month are many.
const PARTS_SHOWN: usize = 12;

pub(in crate::rpc::accounts) fn open_year(
    request: &OpenYearRequest,
    registry: &Registry,
    today: NaiveDate,
) -> Result<OpenYear, Fault> {
    let mut v = Violations::new();
    let key = read::key(&mut v, "idempotency_key", &request.idempotency_key);
    let person = read::id(&mut v, "person_id", &request.person_id);
    let year = near(&mut v, request.year, today.year() - YEARS_BACK..=today.year() + 1);
    let start = v.required("accumulators", request.accumulators.as_ref(), "what the year starts from");
    let source = read::text(&mut v, "source", &request.source, SOURCE_CHARS_MAX);
    let operator = read::text(&mut v, "operator_id", &request.operator_id, OPERATOR_CHARS_MAX);
    let division = read::division(&mut v, "division", &request.division);
    let meters = division.and_then(|division| known(&mut v, registry, division, year));
    let start = start.and_then(|start| {
        v.within("accumulators", |v| {
            let read = read::accumulators(v, start);
            bounds(v, start);
            if let Some((meters, most)) = &meters {
                are_known(v, start, meters);
                can_be_paid(v, start, most);
            }
            read
        })
    });
    let replaces = match request.replaces.as_str() {
        "" => Some(None),
        id => read::id(&mut v, "replaces", id).map(Some),
    };
    let command = (|| {
        let given = request.accumulators.as_ref().map(policy_pb::Accumulators::encode_to_vec).unwrap_or_default();
        let call = call(&key?, "OpenYear")
            .field("person_id", &request.person_id)
            .field("year", request.year.to_be_bytes())
            .field("accumulators", given)
            .field("source", &request.source)
            .field("operator_id", &request.operator_id)
            .field("division", &request.division)
            .field("replaces", &request.replaces);
        let (person, year, division) = (person?, year?, division?);
        let (start, source, operator) = (start?, source?, operator?);
        let third = third(registry, division, year, &start);
        Some(OpenYear { call, person, year, division, start, source, operator, replaces: replaces?, third })
    })();
    v.finish(command)
}

/// What of a start the third system paid, by the policy that knows its meters.
fn third(registry: &Registry, division: Division, year: i32, start: &Accumulators) -> Option<OpenedThird> {
    let policy = registry.head(division)?;
    let (from, to) = NaiveDate::from_ymd_opt(year, 1, 1).zip(NaiveDate::from_ymd_opt(year, 12, 31))?;
    let PaidBefore { scheme, held } = policy.paid_before(division, Period { from, to }, start);
    let scheme = scheme.unwrap_or(Scheme::Resident);
    Some(OpenedThird { version: policy.version(), scheme, burden: policy.burden(division, scheme, start), held })
}

fn near(v: &mut Violations, year: u32, years: RangeInclusive<i32>) -> Option<i32> {
    let near = i32::try_from(year).ok().filter(|year| years.contains(year));
    if near.is_none() {
        let found = if year == 0 { "nothing".to_owned() } else { year.to_string() };
        v.add("year", found, format!("a year from {} to {}", years.start(), years.end()));
    }
    near
}

/// By name, the parts a meter has beside the whole.
type Meters = BTreeMap<Name, BTreeSet<Name>>;

/// How much a meter's layers can have paid, by its name.
type Most = BTreeMap<Name, MostPaid>;

/// The meters that a division's benefits count in during a year, and how much can have been paid; none where that cannot be said.
fn known(v: &mut Violations, registry: &Registry, division: Division, year: Option<i32>) -> Option<(Meters, Most)> {
    let policy = registry.head(division).filter(|policy| policy.divisions().any(|known| known.code == division));
    let Some(policy) = policy else {
        v.add("division", division, "a division whose policy is published here");
        return None;
    };
    let year = year?;
    let (from, to) = NaiveDate::from_ymd_opt(year, 1, 1).zip(NaiveDate::from_ymd_opt(year, 12, 31))?;
    let meters = policy.meters(division, Period { from, to });
    if meters.is_empty() {
        v.add("year", year, format!("a year in which {division} has benefits, by the policy published for it"));
        return None;
    }
    Some((meters, policy.most_paid(division, Period { from, to })))
}

/// Complains of what cannot have been paid: more than the costs that were looked at, or than the policy lets be paid in the year; and
/// of parts of these costs that are more than they were.
fn can_be_paid(v: &mut Violations, start: &policy_pb::Accumulators, most: &Most) {
    for (at, meter) in start.meters.iter().take(read::LIST_AT_MOST).enumerate() {
        let Some(most) = Name::new(&meter.name).ok().and_then(|name| most.get(&name)) else { continue };
        if !(0..=Fen::LIMIT.get()).contains(&meter.paid_fen) {
            continue;
        }
        let ceiling = if meter.part.is_empty() { most.whole() } else { most.part() };
        v.within_item("meters", at, |v| {
            if most.counts_base() && meter.paid_fen > meter.base_fen {
                let expected =
                    format!("at most base_fen, {}: what was paid is paid of the costs looked at", meter.base_fen);
                v.add("paid_fen", meter.paid_fen, expected);
            } else if let Some(ceiling) = ceiling.filter(|ceiling| meter.paid_fen > ceiling.get()) {
                let expected = format!("at most {} fen, the highest ceiling of the policy in that year", ceiling.get());
                v.add("paid_fen", meter.paid_fen, expected);
            }
            let (deductible, cost) = (i128::from(meter.deductible_fen), i128::from(meter.cost_fen));
            let is_shown = (0..=Fen::LIMIT.get()).contains(&meter.base_fen);
            if is_shown && most.counts_parts_of_base() && deductible + cost > i128::from(meter.base_fen) {
                let (field, found) = if cost == 0 { ("deductible_fen", deductible) } else { ("cost_fen", cost) };
                let expected =
                    format!("deductible and cost together at most base_fen, {}: they are of it", meter.base_fen);
                v.add(field, found, expected);
            }
        });
    }
}

/// What a year may start from: no balances, they are credited, and meters within the limits of every amount.
fn bounds(v: &mut Violations, start: &policy_pb::Accumulators) {
    if (ADMISSIONS_MOST + 1..=u16::MAX.into()).contains(&start.admissions) {
        v.add("admissions", start.admissions, format!("at most {ADMISSIONS_MOST}"));
    }
    for (field, balance) in [("account_fen", start.account_fen), ("family_account_fen", start.family_account_fen)] {
        if balance != 0 {
            v.add(field, balance, "0: balances are credited to the account");
        }
    }
    for (at, meter) in start.meters.iter().take(read::LIST_AT_MOST).enumerate() {
        v.within_item("meters", at, |v| {
            read::fen(v, "base_fen", meter.base_fen);
            read::fen(v, "deductible_fen", meter.deductible_fen);
            read::fen(v, "paid_fen", meter.paid_fen);
            read::fen(v, "cost_fen", meter.cost_fen);
        });
    }
}

/// A name that is none would leave open what it was to have met.
fn are_known(v: &mut Violations, start: &policy_pb::Accumulators, meters: &Meters) {
    let named = |names: Vec<&Name>| names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    for (at, meter) in start.meters.iter().take(read::LIST_AT_MOST).enumerate() {
        let (Ok(name), Ok(part)) = (Name::new(&meter.name), Name::new(&meter.part)) else { continue };
        if name.is_empty() {
            continue;
        }
        v.within_item("meters", at, |v| match meters.get(&name) {
            None => {
                let names = named(meters.keys().collect());
                v.add("name", policy::printable(&meter.name), format!("a meter of the division in that year: {names}"));
            }
            Some(parts) if !part.is_empty() && !parts.contains(&part) => {
                let found = policy::printable(&meter.part);
                if parts.is_empty() {
                    v.add("part", found, "nothing: this meter counts the whole year");
                } else {
                    let some = named(parts.iter().take(PARTS_SHOWN).collect());
                    v.add("part", found, format!("nothing, or a part such as {some}"));
                }
            }
            Some(_) => {}
        });
    }
}
