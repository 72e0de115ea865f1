//! One more fen of a fee line's unit price that costs the patient more than a fen: rows that hold from a price on.

use std::collections::BTreeSet;

use money::{Fen, Rate};
use terms::{Epidemic, LineClass, LineKind, Word};

use super::benefit::Probe;
use super::curve::Curve;
use super::findings::{Finding, Findings, where_and_when};
use crate::batch::Room;
use crate::compile::Rows;
use crate::condition::Situation;
use crate::facts::{Accumulators, Line, Parts};
use crate::pack::SourceId;
use crate::recorder::Silent;
use crate::rules::scope;

/// Puts one unit, a fen below each price that a row names and at it, on a bill whose other costs are just enough for a
/// payer to pay. The patient may pay the fen more, and a fen for each rounding.
pub(super) fn probe(
    probe: &Probe<'_>,
    curve: &Curve<'_>,
    situation: &Situation<'_>,
    room: &mut Room,
    findings: &mut Findings,
) {
    let prices = prices(probe);
    if prices.is_empty() {
        return;
    }
    let others = curve.points.iter().copied().find(|point| curve.cash(*point, room) < *point);
    let Some(others) = others else { return };
    let bill = Bill { probe, curve, situation, others };
    let fen = Fen::new(1);
    for line in lines() {
        for price in &prices {
            let below = bill.cash(&of_price(&line, *price - fen), room);
            let at = bill.cash(&of_price(&line, *price), room);
            if let Some((below, at)) = below.zip(at)
                && at - below > fen + curve.noise() + fen
            {
                bill.report(&line, *price, (below, at), findings);
            }
        }
    }
}

/// The prices from which, or to which, a row of the scope holds.
fn prices(probe: &Probe<'_>) -> BTreeSet<Fen> {
    let conditions = probe.benefit.scope.conditions();
    let ranges = conditions.iter().filter_map(|condition| condition.more.as_ref()).filter_map(|more| more.price);
    ranges.flat_map(|(from, to)| [from, to]).filter(|price| *price > Fen::ZERO && *price < Fen::LIMIT).collect()
}

/// A line of every class in the catalogue, kind and epidemic word.
fn lines() -> Vec<Line> {
    let mut lines = Vec::new();
    for class in [LineClass::A, LineClass::B] {
        for kind in LineKind::ALL {
            lines.extend(Epidemic::ALL.iter().map(|epidemic| Line {
                item: String::new(),
                kind: *kind,
                class: Some(class),
                amount: Fen::ZERO,
                quantity: Rate::ONE,
                unit_price: Fen::ZERO,
                price_limit: None,
                first_self_paid: None,
                epidemic: *epidemic,
            }));
        }
    }
    lines
}

fn of_price(line: &Line, price: Fen) -> Line {
    Line { amount: price, unit_price: price, ..line.clone() }
}

/// A bill of one line and other costs within scope.
struct Bill<'b, 'p> {
    probe: &'b Probe<'b>,
    curve: &'b Curve<'p>,
    situation: &'b Situation<'b>,
    others: Fen,
}

impl Bill<'_, '_> {
    fn cash(&self, line: &Line, room: &mut Room) -> Option<Fen> {
        let (policy, rows) = (self.probe.policy, &self.probe.benefit.scope);
        let split = scope::split(policy, rows, self.situation, std::slice::from_ref(line), &mut Silent).ok()?;
        let line = split.lines.first()?;
        let parts = Parts {
            within_scope: line.parts.within_scope - line.apart + self.others,
            over_limit: line.parts.over_limit - line.hospital,
            ..line.parts
        };
        Some(self.curve.candidate.shares(&parts, &Accumulators::default(), room).cash)
    }

    fn report(&self, line: &Line, price: Fen, (below, at): (Fen, Fen), findings: &mut Findings) {
        let Some(source) = self.to_blame(line, price) else { return };
        let class = line.class.map_or("", Word::word);
        let found = format!(
            "a cliff at {}, {class} & {} & {}: at a unit price of {} the patient pays {}, at {} {} (with other costs \
             within scope of {})",
            where_and_when(self.probe, self.situation, 0),
            line.kind,
            line.epidemic,
            (price - Fen::new(1)).grouped(),
            below.grouped(),
            price.grouped(),
            at.grouped(),
            self.others.grouped(),
        );
        let expected = "a price one fen higher to cost the patient a fen at most (bands take a share of each stretch)";
        findings.add(self.probe, Finding { kind: "cliff", source, cost: price, found, expected });
    }

    /// The row that begins or ends to hold at the price.
    fn to_blame(&self, line: &Line, price: Fen) -> Option<SourceId> {
        let (before, after) = (of_price(line, price - Fen::new(1)), of_price(line, price));
        let before = scope::of_line(self.situation, &before);
        let after = scope::of_line(self.situation, &after);
        let rows = &self.probe.benefit.scope;
        changed(&rows.borne_apart, &before, &after)
            .or_else(|| changed(&rows.first_self_paid, &before, &after))
            .or_else(|| changed(&rows.price_limit, &before, &after))
            .or_else(|| changed(&rows.borne_by_hospital, &before, &after))
    }
}

fn changed<T>(rows: &Rows<T>, before: &Situation<'_>, after: &Situation<'_>) -> Option<SourceId> {
    let pick = |situation: &Situation<'_>| rows.pick(situation).map(|row| row.source);
    let (before, after) = (pick(before), pick(after));
    if before == after { None } else { after.or(before) }
}
