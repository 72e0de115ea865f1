//! The same bill, and the person who should be better off pays more: a poorer category than a less poor one, care at a lower
//! grade than at a higher one, the retired than the active.

use std::collections::BTreeMap;

use money::Fen;
use terms::{Category, Institution, PersonGroup};

use super::benefit::{Curves, Probe, Words};
use super::curve::Curve;
use super::findings::{Finding, Findings, where_and_when};
use crate::batch::{Candidate, Room};
use crate::compile::words_of;
use crate::condition::{Fact, Situation};
use crate::decision::LayerShare;
use crate::pack::SourceId;

/// How many fen before the example the roundings of a few payers can reach.
const ROUNDING_REACH: i64 = 128;

/// Two words of a dimension: whoever has the first must not pay more than whoever has the second.
struct Pair {
    kind: &'static str,
    better: u128,
    worse: u128,
    mask: u128,
    expected: &'static str,
}

/// Compares every two situations that differ in one word of a pair.
pub(super) fn probe<'p>(
    probe: &Probe<'p>,
    words: &Words,
    situations: &[(Situation<'p>, usize)],
    curves: &mut Curves<'p>,
    poorer_first: &[Vec<Category>],
    findings: &mut Findings,
) {
    let mut room = Room::new(false);
    let key = |situation: &Situation<'p>| (situation.bits, situation.age, situation.disease, situation.plans);
    let by_situation: BTreeMap<_, usize> = situations.iter().map(|(situation, at)| (key(situation), *at)).collect();
    for pair in pairs(poorer_first) {
        let (better, worse) = (words.stand_in(pair.better), words.stand_in(pair.worse));
        for (situation, at) in situations.iter().filter(|(situation, _)| situation.bits & pair.mask == better) {
            let other = Situation { bits: (situation.bits & !pair.mask) | worse, ..*situation };
            let Some(other_at) = by_situation.get(&key(&other)).filter(|other| *other != at) else { continue };
            if !curves.compared.insert((pair.kind, *at, *other_at)) {
                continue;
            }
            let Some((curve, other_curve)) = curves.all.get(*at).zip(curves.all.get(*other_at)) else { continue };
            if let Some(costs) = compare(curve, other_curve, &mut room) {
                report(probe, &pair, (situation, &other), costs, &mut room, findings);
            }
        }
    }
}

fn pairs(poorer_first: &[Vec<Category>]) -> Vec<Pair> {
    let grade = |better: Institution, worse: Institution| Pair {
        kind: "grade_inversion",
        better: better.bit(),
        worse: worse.bit(),
        mask: Institution::MASK,
        expected: "care at a lower grade to leave the patient no more than at a higher one",
    };
    let mut pairs =
        vec![grade(Institution::Primary, Institution::Secondary), grade(Institution::Secondary, Institution::Tertiary)];
    pairs.push(Pair {
        kind: "retired_inversion",
        better: PersonGroup::Retired.bit(),
        worse: PersonGroup::Active.bit(),
        mask: PersonGroup::MASK,
        expected: "the retired to pay no more than the active",
    });
    for (at, rank) in poorer_first.iter().enumerate() {
        let poorer = rank.iter().flat_map(|poorer| {
            let less_poor = poorer_first.iter().skip(at + 1).flatten();
            less_poor.map(move |less_poor| (poorer.bit(), less_poor.bit()))
        });
        pairs.extend(poorer.map(|(better, worse)| Pair {
            kind: "category_inversion",
            better,
            worse,
            mask: Category::MASK,
            expected: "a poorer category to pay no more than a less poor one (list.toml, poverty)",
        }));
    }
    pairs
}

/// The smallest cost at which the first pays more than the second, and the breakpoint at which most more.
///
/// Between two breakpoints both curves are straight, so the difference is greatest at a breakpoint and passes what
/// rounding may move (as many fen as there are payers, and one) at most once.
fn compare(better: &Curve<'_>, worse: &Curve<'_>, room: &mut Room) -> Option<(Fen, Fen)> {
    let noise = better.noise().max(worse.noise());
    let mut more = |cost: Fen| better.cash(cost, room) - worse.cash(cost, room);
    let mut points: Vec<Fen> = better.points.iter().chain(&worse.points).copied().collect();
    points.sort_unstable();
    points.dedup();
    let first = points.iter().position(|point| more(*point) > noise)?;
    let most = points.iter().copied().max_by_key(|point| (more(*point), std::cmp::Reverse(*point)))?;
    let mut low = first.checked_sub(1).and_then(|before| points.get(before)).map_or(0, |fen| fen.get());
    let mut high = points.get(first)?.get();
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        if more(Fen::new(middle)) > noise {
            high = middle;
        } else {
            low = middle;
        }
    }
    // rounding may have passed it a little before, to and fro
    let smallest = (high.saturating_sub(ROUNDING_REACH).max(0)..=high).find(|cost| more(Fen::new(*cost)) > noise)?;
    Some((Fen::new(smallest), most))
}

fn report<'p>(
    probe: &Probe<'p>,
    pair: &Pair,
    (better, worse): (&Situation<'p>, &Situation<'p>),
    (cost, most): (Fen, Fen),
    room: &mut Room,
    findings: &mut Findings,
) {
    let Some((better, worse)) = probe.candidate(*better).zip(probe.candidate(*worse)) else { return };
    let parts = |within_scope| crate::Parts { within_scope, ..crate::Parts::default() };
    let mut at = |candidate: &Candidate<'_>, cost: Fen| {
        let shares = candidate.shares(&parts(cost), &crate::Accumulators::default(), room);
        (shares.cash, room.shares.clone())
    };
    let (pays, layers) = at(&better, cost);
    let (other_pays, other_layers) = at(&worse, cost);
    let most_more = at(&better, most).0 - at(&worse, most).0;
    let Some(source) = to_blame(probe, &better, &layers, &other_layers) else { return };
    let found = format!(
        "{} worse off than {} at {}: costs within scope of {} leave {} and {}; at most {} more, at {}",
        words_of(pair.better).join(""),
        words_of(pair.worse).join(""),
        where_and_when(probe, &better.situation, pair.mask),
        cost.grouped(),
        pays.grouped(),
        other_pays.grouped(),
        most_more.grouped(),
        most.grouped(),
    );
    findings.add(probe, Finding { kind: pair.kind, source, cost, found, expected: pair.expected });
}

/// The row of the layer that pays most less: why it does not apply, its deductible, its ceiling, or its ratio.
fn to_blame(
    probe: &Probe<'_>,
    better: &Candidate<'_>,
    layers: &[LayerShare],
    others: &[LayerShare],
) -> Option<SourceId> {
    let other = |share: &LayerShare| others.iter().find(|other| other.layer == share.layer).copied();
    let less = |share: &LayerShare| other(share).map_or(Fen::ZERO, |other| other.paid - share.paid);
    let (at, share) = layers.iter().enumerate().max_by_key(|(at, share)| (less(share), std::cmp::Reverse(*at)))?;
    let situation = &better.situation;
    let stack = probe.benefit.stack.pick(situation).map(|row| row.source);
    if less(share) <= Fen::ZERO {
        let extra = probe.benefit.extra_first_self_paid.pick(situation).map(|row| row.source);
        return extra.or(stack);
    }
    let Some(resolved) = better.layers.get(at).and_then(|(resolved, _)| resolved.as_ref()) else {
        let layer = probe.benefit.layers.iter().find(|layer| layer.name == share.layer)?;
        let applies = layer.applies.pick(situation).or_else(|| layer.applies.iter().next());
        return applies.map(|row| row.source).or(stack);
    };
    let layer = resolved.layer;
    let deductible = layer.deductible.pick(situation).map(|row| row.source);
    let ceiling = [&layer.bill_ceiling, &layer.ceiling, &layer.shared_ceiling]
        .into_iter()
        .find_map(|rows| rows.pick(situation))
        .map(|row| row.source);
    let other = other(share)?;
    let lower_ratio = share.computed.get() < other.computed.get() && share.deductible <= other.deductible;
    let reason = if share.deductible > other.deductible {
        deductible
    } else if !lower_ratio && share.cost_paid_on < share.cost {
        ceiling
    } else {
        None
    };
    reason.or(Some(resolved.ratio.source))
}
