//! Calls of a province's bureau, which are lost, late, or answered late.

use crossing::{BillId, InsuredEvent, Sha, Shares, Step, Unsettled, Why};

use crate::sim::books::{Request, Settled};
use crate::sim::flaws::Flaw;
use crate::sim::workload;
use crate::sim::world::{Event, HEALED, World};

/// A call of a bureau.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    Decide { bill: BillId, step: Step, content: Sha, round: u32, request: Request },
    Settle { bill: BillId, round: u32, attempt: u32, request: Request, shares: (i64, i64) },
    Withdraw { bill: BillId, round: u32, request: Request },
    Reverse { bill: BillId, round: u32 },
}

impl Call {
    pub(crate) fn bill(&self) -> BillId {
        match self {
            Self::Decide { bill, .. }
            | Self::Settle { bill, .. }
            | Self::Withdraw { bill, .. }
            | Self::Reverse { bill, .. } => *bill,
        }
    }
}

/// What a bureau answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    Is(InsuredEvent, Option<Request>),
    Withdrawn { round: u32, request: Request },
}

impl World {
    /// A call reaches the bureau.
    pub(crate) fn call(&mut self, node: usize, life: u32, call: Call) {
        let day = self.day(node);
        let bureau = &mut self.bureaus[node];
        let answer = match call {
            Call::Decide { step, content, round, request, .. } => {
                let shares = |(owed, cash)| Shares { owed: money::Fen::new(owed), cash: money::Fen::new(cash) };
                let result = bureau.decide(request).map(shares).ok_or(Why::Policy);
                Answer::Is(InsuredEvent::Decided { step, content, round, result }, Some(request))
            }
            Call::Settle { bill, round, attempt, request, shares } => {
                let attempt = if self.flaw == Flaw::NewKeyOnRetry { attempt } else { 0 };
                let (settled, committed) = bureau.settle((bill, round, attempt), request, shares, day);
                if let Some(claim) = committed {
                    let amounts = (claim.owed, claim.cash, claim.day);
                    self.auditor.committed(bill.0, request.hospital_bill, (round, attempt), amounts, request.total);
                }
                let result = match settled {
                    Settled::Is(claim) => Ok(workload::receipt(bill, &claim)),
                    Settled::Refused => Err(Unsettled::Refused(Why::Policy)),
                    Settled::Changed => Err(Unsettled::Changed),
                };
                self.counts.changed += u64::from(settled == Settled::Changed);
                Answer::Is(InsuredEvent::Committed { round, result }, None)
            }
            Call::Withdraw { bill, round, request } => {
                if bureau.reverse((bill, round, 0), day).1.is_some() {
                    self.auditor.taken_out(bill.0, (round, 0));
                }
                Answer::Withdrawn { round, request }
            }
            Call::Reverse { bill, round } => {
                let (day, taken) = bureau.reverse((bill, round, 0), day);
                if taken.is_some() {
                    self.auditor.taken_out(bill.0, (round, 0));
                }
                Answer::Is(InsuredEvent::TakenOut { round, day: Some(workload::date(day)) }, None)
            }
        };
        let slow = self.now < HEALED && self.losses > 0 && self.rng.chance(20);
        let at = self.now + if slow { self.rng.between(1_000, 300_000) } else { self.rng.between(1, 20) };
        self.at(at, Event::Answer { node, life, bill: call.bill(), answer });
    }
}

/// What a call that was lost is answered with.
pub(crate) fn away(call: &Call) -> Answer {
    match *call {
        Call::Settle { round, .. } => Answer::Is(InsuredEvent::Committed { round, result: Err(Unsettled::Away) }, None),
        Call::Reverse { round, .. } => Answer::Is(InsuredEvent::TakenOut { round, day: None }, None),
        // nothing waits for these but the bill's next tick
        Call::Decide { .. } | Call::Withdraw { .. } => Answer::Is(InsuredEvent::Tick, None),
    }
}
