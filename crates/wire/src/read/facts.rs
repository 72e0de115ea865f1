use std::collections::HashSet;

use pb::policy::v1 as policy_pb;
use policy::{Accumulators, Counts, Facts, Meter};
use rpc::Violations;
use terms::Name;

use super::bill::bill;
use super::lists::{LIST_AT_MOST, list};
use super::person::person;
use super::plain::fen_any;
use super::texts::{name, optional_name};

/// Everything a decision is made from, handed in whole: the day of settlement is required, and a line without terms is
/// outside the catalogue.
pub fn facts(v: &mut Violations, facts: &policy_pb::Facts) -> Option<Facts> {
    let who = v.required("person", facts.person.as_ref(), "the insured person");
    let who = who.and_then(|who| v.within("person", |v| person(v, who)));
    let what = v.required("bill", facts.bill.as_ref(), "the bill");
    let what = what.and_then(|what| v.within("bill", |v| bill(v, what, None)));
    let accumulated = match &facts.accumulated {
        Some(accumulated) => v.within("accumulated", |v| accumulators(v, accumulated)),
        None => Some(Accumulators::default()),
    };
    // A cap that the engine does not know yet must not be lost on the way: it would be paid in full.
    if !facts.held.is_empty() {
        v.add(
            "held",
            format!("{} shares", facts.held.len()),
            "none: no payer of the policy is held by another service",
        );
        return None;
    }
    let (mut person, read) = (who?, what?);
    person.use_account = read.use_account;
    Some(Facts { person, bill: read.bill, accumulated: accumulated?, held: Vec::new() })
}

/// What a person's year has accumulated; no two meters have the same name and part.
pub fn accumulators(v: &mut Violations, accumulators: &policy_pb::Accumulators) -> Option<Accumulators> {
    let admissions = u16::try_from(accumulators.admissions).ok();
    if admissions.is_none() {
        v.add("admissions", accumulators.admissions, "at most 65,535");
    }
    let mut known: HashSet<(Name, Name)> = HashSet::new();
    let meters = list(v, "meters", &accumulators.meters, LIST_AT_MOST, |v, _, meter| {
        let read = read_meter(v, meter)?;
        if !known.insert((read.name, read.part)) {
            let found = format!("a second meter {} {}", read.name, read.part);
            v.add("", found.trim_end(), "a name and part of its own");
            return None;
        }
        Some(read)
    });
    Some(Accumulators {
        admissions: admissions?,
        account: fen_any(accumulators.account_fen),
        family_account: fen_any(accumulators.family_account_fen),
        meters: meters?,
    })
}

fn read_meter(v: &mut Violations, meter: &policy_pb::Meter) -> Option<Meter> {
    let name = name(v, "name", &meter.name);
    let part = optional_name(v, "part", &meter.part);
    let counts = Counts {
        base: fen_any(meter.base_fen),
        deductible: fen_any(meter.deductible_fen),
        paid: fen_any(meter.paid_fen),
        cost: fen_any(meter.cost_fen),
    };
    Some(Meter { name: name?, part: part?, counts })
}
