//! One more fen of cost within scope that costs the patient more than a fen.

use money::Fen;

use super::benefit::Probe;
use super::curve::Curve;
use super::findings::{Finding, Findings, where_and_when};
use crate::batch::Room;

/// Looks between all neighbouring breakpoints of a curve.
///
/// What the patient pays beyond the cost itself must not rise with the cost. Each payer rounds once, so a rise of as many
/// fen as there are payers, and one more for the rounding of care elsewhere, is no cliff; a greater one is halved down to
/// the fen at which it happens.
pub(super) fn probe(probe: &Probe<'_>, curve: &Curve<'_>, room: &mut Room, findings: &mut Findings) {
    let mut before = Fen::ZERO;
    let mut beyond_before = Fen::ZERO;
    for point in &curve.points {
        let beyond = curve.cash(*point, room) - *point;
        if beyond - beyond_before > curve.noise()
            && let Some(cost) = narrow(curve, before, *point, room)
        {
            report(probe, curve, cost, room, findings);
            return;
        }
        (before, beyond_before) = (*point, beyond);
    }
}

/// The cost after which the next fen is a cliff; `None` where the rise is only that of many roundings.
pub(super) fn narrow(curve: &Curve<'_>, from: Fen, to: Fen, room: &mut Room) -> Option<Fen> {
    let mut beyond = |cost: i64| curve.cash(Fen::new(cost), room) - Fen::new(cost);
    let (mut low, mut high) = (from.get(), to.get());
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let here = beyond(middle);
        if here - beyond(low) > curve.noise() {
            high = middle;
        } else if beyond(high) - here > curve.noise() {
            low = middle;
        } else {
            return None;
        }
    }
    Some(Fen::new(low))
}

fn report(probe: &Probe<'_>, curve: &Curve<'_>, cost: Fen, room: &mut Room, findings: &mut Findings) {
    let next = cost + Fen::new(1);
    let pays = curve.cash(cost, room);
    let shares = room.shares.clone();
    let pays_next = curve.cash(next, room);
    let falls = shares.iter().zip(&room.shares).position(|(before, after)| after.paid < before.paid);
    let layer = falls.and_then(|at| curve.candidate.layers.get(at)).and_then(|(layer, _)| layer.as_ref());
    let Some(layer) = layer else { return };
    let found = format!(
        "a cliff at {}: costs within scope of {} leave the patient {}, costs of {} leave {} ({} pays less)",
        where_and_when(probe, &curve.candidate.situation, 0),
        cost.grouped(),
        pays.grouped(),
        next.grouped(),
        pays_next.grouped(),
        layer.layer.name,
    );
    let expected = "one more fen of cost to cost the patient a fen at most";
    findings.add(probe, Finding { kind: "cliff", source: layer.ratio.source, cost, found, expected });
}
