//! The network between the provinces: drops, delays, doubles, reorders, cuts itself in parts, and brings old copies days later.

use crossing::{Asks, BillId, Says, Sealed, Step};

use crate::sim::books::Request;
use crate::sim::rng::Rng;

/// A signed message, with what its body says.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) sealed: Sealed,
    pub(crate) says: Body,
}

/// What a body says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Asks { bill: BillId, step: Step, asks: Asks, request: Request },
    Says { bill: BillId, step: Step, says: Says },
}

impl Body {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Asks { asks, .. } => match asks {
                Asks::Prepare { .. } => "PREPARE",
                Asks::Confirm { .. } => "CONFIRM",
                Asks::Finish { .. } => "FINISH",
                Asks::Cancel => "CANCEL",
                Asks::Reverse { .. } => "REVERSE",
                Asks::Ask => "ASK",
            },
            Self::Says { .. } => "SAYS",
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        format!("{self:?}").into_bytes()
    }
}

/// Provinces on one side of a cut, and when it heals.
struct Cut {
    side: u32,
    from: i64,
    to: i64,
}

pub(crate) struct Network {
    drops: u64,
    doubles: u64,
    slow: u64,
    cuts: Vec<Cut>,
    healed_at: i64,
    sent: u64,
    /// How many messages it altered, where it forges.
    pub(crate) forged: u64,
}

impl Network {
    pub(crate) fn new(rng: &mut Rng, provinces: usize, healed_at: i64) -> Self {
        let mut cuts = Vec::new();
        for _ in 0..rng.below(4) {
            let from = rng.between(0, healed_at - 60_000);
            cuts.push(Cut { side: bits(rng.next()), from, to: from + rng.between(5_000, 600_000) });
        }
        // provinces behind a hub are away together when it is
        let behind = bits(rng.next()) & bits(rng.next());
        for _ in 0..rng.below(3) {
            let from = rng.between(0, healed_at - 60_000);
            for province in (0..provinces).filter(|province| behind >> province & 1 == 1) {
                cuts.push(Cut { side: 1 << province, from, to: from + 90_000 });
            }
        }
        let drops = [0, 10, 50, 200][rng.below(4)];
        Self {
            drops,
            doubles: [0, 20, 100][rng.below(3)],
            slow: [5, 20, 60][rng.below(3)],
            cuts,
            healed_at,
            sent: 0,
            forged: 0,
        }
    }

    /// When a message sent now arrives, as often as it does.
    pub(crate) fn arrivals(&mut self, rng: &mut Rng, from: usize, to: usize, now: i64) -> Vec<i64> {
        let mut arrivals = Vec::new();
        self.sent += 1;
        let is_cut = |cut: &Cut| (cut.from..cut.to).contains(&now) && (cut.side >> from ^ cut.side >> to) & 1 == 1;
        let faulty = now < self.healed_at;
        if !(faulty && (rng.chance(self.drops) || self.cuts.iter().any(is_cut))) {
            arrivals.push(now + self.delay(rng));
            if rng.chance(self.doubles) {
                arrivals.push(now + self.delay(rng));
            }
        }
        if self.sent.is_multiple_of(20) {
            arrivals.push(now + rng.between(3_600_000, 3 * 86_400_000));
        }
        arrivals
    }

    /// From now on nothing is lost, doubled or slow.
    pub(crate) fn calm(&mut self) {
        (self.drops, self.doubles, self.slow) = (0, 0, 0);
        self.cuts.clear();
    }

    fn delay(&self, rng: &mut Rng) -> i64 {
        if rng.chance(self.slow) {
            return if rng.chance(200) { rng.between(10_000, 600_000) } else { rng.between(200, 10_000) };
        }
        rng.between(5, 60)
    }
}

fn bits(number: u64) -> u32 {
    u32::try_from(number >> 33).unwrap()
}
