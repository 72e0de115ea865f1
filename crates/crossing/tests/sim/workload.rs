//! What hospitals, patients and offices do in a run, drawn from its seed.

use chrono::{Datelike as _, NaiveDate};
use crossing::chain::{self, Record};
use crossing::{BillId, Keys, Receipt};
use money::Fen;
use sha2::{Digest as _, Sha256};

use crate::sim::books::{Claim, Request};
use crate::sim::node::{Node, Prepaid};
use crate::sim::seals::division;
use crate::sim::world::{Event, HEALED, PROVINCES, Wants, World};

/// A hospital's call about a bill, under one key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visit {
    pub(crate) care: usize,
    pub(crate) insured: usize,
    pub(crate) bill: BillId,
    pub(crate) request: Request,
    /// What the hospital was told last; empty while it was told nothing.
    pub(crate) told: &'static str,
    pub(crate) pending: i64,
    pub(crate) used: i64,
}

pub(crate) fn fill(world: &mut World) {
    let count = world.rng.between(60, 200);
    for _ in 0..count {
        // a few provinces see most of each other, as neighbours do
        let provinces = if world.rng.chance(600) { 4 } else { PROVINCES };
        let care = world.rng.below(provinces);
        let insured = (care + 1 + world.rng.below(provinces - 1)) % provinces;
        let at = world.rng.between(0, HEALED - 300_000);
        visit(world, care, insured, at);
    }
    burst(world);
    prepayments(world);
}

/// Ten bills of one pair at once, of which its prepayment has room for a few.
fn burst(world: &mut World) {
    let (care, insured) = (4, 5);
    let at = world.rng.between(0, HEALED - 300_000);
    for person in 0..10 {
        let number = world.visits.len();
        let hospital_bill = u32::try_from(number).unwrap();
        add(world, care, insured, Request { person: 100 + person, total: 1_500_000, hospital_bill }, "first");
        let soon = at + world.rng.between(0, 40);
        world.at(soon, Event::Window { visit: number, wants: Wants::Settle });
    }
    world.nodes[care].prepaid.insert(insured, Prepaid { amount: Some(3_500_000), ..Prepaid::default() });
}

fn visit(world: &mut World, care: usize, insured: usize, at: i64) {
    let number = world.visits.len();
    let hospital_bill = u32::try_from(number).unwrap();
    let person = u32::try_from(world.rng.below(3)).unwrap();
    let total = world.rng.between(1_000, 3_000_000);
    let request = Request { person, total, hospital_bill };
    add(world, care, insured, request, "first");
    world.at(at, Event::Window { visit: number, wants: Wants::Settle });
    let rng = &mut world.rng;
    let soon = at + rng.between(10, 200);
    let (twice, reversed, other) = (rng.chance(100), rng.chance(250), rng.chance(30));
    let (again, undo) = (at + rng.between(1, 3_000), undone_at(rng.between(0, 3), at, rng.between(0, 600_000)));
    let (home, refused) = (rng.chance(300), rng.chance(40));
    let most = [2_000, 240_000][rng.below(2)];
    let (home_total, back) = (rng.between(1_000, 500_000), soon + rng.between(700, most));
    if twice {
        world.at(again, Event::Window { visit: number, wants: Wants::Settle });
    }
    if other {
        world.at(again, Event::Window { visit: number, wants: Wants::SettleOther });
    }
    if home {
        // once as a rule; now and then again and again, until all rounds are used
        let times = if home_total % 4 == 0 { 12 } else { 1 };
        for time in 0..times {
            world.at(soon + time * 60, Event::AtHome { node: insured, person, total: home_total / times });
        }
        if home_total % 3 == 0 {
            // and taken back: what was offered first is right again
            let total = -(home_total / times) * times;
            world.at(back, Event::AtHome { node: insured, person, total });
        }
    }
    if refused {
        world.at(soon, Event::Covers { node: insured, person, covered: false });
        world.at(back, Event::Covers { node: insured, person, covered: true });
    }
    if reversed {
        world.at(undo, Event::Window { visit: number, wants: Wants::Reverse });
        if world.rng.chance(400) {
            // the hospital bill is tried again under another key
            let number = world.visits.len();
            add(world, care, insured, request, "second");
            let later = undo + world.rng.between(1_000, 300_000);
            world.at(later, Event::Window { visit: number, wants: Wants::Settle });
        }
    }
}

/// Before the call, in the middle of it, soon after, or later.
fn undone_at(when: i64, at: i64, by: i64) -> i64 {
    match when {
        0 => (at - by).max(0),
        1 => at + by % 300,
        2 => at + by % 20_000,
        _ => at + by,
    }
}

fn add(world: &mut World, care: usize, insured: usize, request: Request, key: &str) {
    let bill = BillId::of(division(care), "hospital", &request.hospital_bill.to_string(), key);
    world.visits.push(Visit { care, insured, bill, request, told: "", pending: 0, used: 0 });
}

/// Half of the pairs have a prepayment that is less than what will be asked of it.
fn prepayments(world: &mut World) {
    for number in 0..world.visits.len() {
        let (care, insured) = (world.visits[number].care, world.visits[number].insured);
        if world.nodes[care].prepaid.contains_key(&insured) {
            continue;
        }
        let same = world.visits.iter().filter(|visit| (visit.care, visit.insured) == (care, insured));
        let demand: i64 = same.map(|visit| visit.request.total).sum();
        let amount = world.rng.chance(500).then_some(demand * 6 / 10);
        world.nodes[care].prepaid.insert(insured, Prepaid { amount, ..Prepaid::default() });
    }
}

impl World {
    pub(crate) fn holds_of(&mut self, node: usize, bill: BillId, pending: i64, used: i64) {
        if let Some(visit) = self.visits.iter_mut().find(|visit| visit.care == node && visit.bill == bill) {
            visit.pending += pending;
            visit.used += used;
        }
    }

    pub(crate) fn held_by(&self, bill: BillId, node: usize, peer: usize) -> i64 {
        let own = |visit: &&Visit| (visit.bill, visit.care, visit.insured) == (bill, node, peer);
        self.visits.iter().find(own).map_or(0, |visit| visit.pending)
    }

    pub(crate) fn used_by(&self, bill: BillId, node: usize, peer: usize) -> i64 {
        let own = |visit: &&Visit| (visit.bill, visit.care, visit.insured) == (bill, node, peer);
        self.visits.iter().find(own).map_or(0, |visit| visit.used)
    }
}

/// The receipt of a claim.
pub(crate) fn receipt(bill: BillId, claim: &Claim) -> Receipt {
    let message = Sha256::digest(format!("{bill} {} {} {}", claim.owed, claim.cash, claim.day)).into();
    Receipt { message, owed: Fen::new(claim.owed), cash: Fen::new(claim.cash), day: date(claim.day) }
}

pub(crate) fn date(day: i64) -> NaiveDate {
    NaiveDate::from_num_days_from_ce_opt(i32::try_from(day).unwrap()).unwrap()
}

pub(crate) fn day_number(day: NaiveDate) -> i64 {
    i64::from(day.num_days_from_ce())
}

/// Bills whose year is closed to reversals.
pub(crate) const fn is_late(bill: BillId) -> bool {
    bill.0[0] < 24
}

/// How much is wrong with all logs.
pub(crate) fn findings(nodes: &[Node], keys: &Keys) -> usize {
    let mut found = 0;
    for node in nodes {
        for end in node.ends.values() {
            let sent = end.sent.iter().map(|message| &message.sealed);
            let came = end.came.values().map(|came| &came.1.sealed);
            let records = sent.chain(came).map(|sealed| Record {
                sender: sealed.header.sender,
                receiver: sealed.header.receiver,
                sequence: sealed.header.sequence,
                header: sealed.header.bytes(),
                signature: sealed.signature.clone(),
                body: Some(sealed.body.clone()),
            });
            found += chain::verify(records.collect::<Vec<_>>().into_iter(), keys, &[]).count();
        }
    }
    found
}
