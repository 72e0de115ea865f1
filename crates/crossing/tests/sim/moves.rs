//! What a service does with a machine's move: writes the row and all that belongs to it in one commit, then calls and sends.

use std::rc::Rc;

use crossing::{
    Asks, BillId, Booked, CareBill, CareEvent, CareState, Effect, InsuredBill, InsuredEvent, InsuredState, Says, Step,
    Told,
};
use money::Fen;

use crate::sim::auditor::{Item, Side};
use crate::sim::books::Request;
use crate::sim::calls::Call;
use crate::sim::flaws::Flaw;
use crate::sim::network::Body;
use crate::sim::node::{CareRow, InsuredRow, Prepaid, care_word, insured_word};
use crate::sim::workload::day_number;
use crate::sim::world::{Out, Wants, World, asks_kind, content};

impl World {
    /// A hospital's call at its province.
    pub(crate) fn window(&mut self, number: usize, wants: Wants) {
        let visit = self.visits[number];
        let node = visit.care;
        if wants == Wants::Reverse && !self.nodes[node].care.contains_key(&visit.bill) {
            // by its key, before it came: whatever comes under it later is refused
            self.nodes[node].tombstones.insert(number);
            return self.outs.push(Out::Told(number, "reversed"));
        }
        if self.nodes[node].tombstones.contains(&number) {
            return self.outs.push(Out::Told(number, "reversed"));
        }
        let known = self.nodes[node].care.contains_key(&visit.bill);
        let event = match wants {
            Wants::Reverse => CareEvent::ReverseWanted,
            Wants::SettleOther if !known => return,
            Wants::Settle if !known && self.nodes[node].has_open(visit.request.hospital_bill, visit.bill) => return,
            Wants::Settle | Wants::SettleOther => {
                let asked =
                    Request { total: visit.request.total + i64::from(wants == Wants::SettleOther), ..visit.request };
                let wait = self.rng.between(30_000, 180_000);
                let deadline = self.clock(node) + chrono::Duration::milliseconds(wait);
                CareEvent::Settle { content: content(&asked), deadline }
            }
        };
        if !known {
            let (bill, peer, request) = (CareBill::new(visit.bill), visit.insured, visit.request);
            self.nodes[node].care.insert(visit.bill, CareRow { bill, peer, request, visit: number });
        }
        self.care_moves(node, visit.bill, event);
    }

    pub(crate) fn care_moves(&mut self, node: usize, id: BillId, event: CareEvent) {
        let Some(row) = self.nodes[node].care.get(&id).copied() else { return };
        let now = self.clock(node);
        let moved = self
            .flaw
            .care(&row.bill, event, now, &self.terms)
            .unwrap_or_else(|| row.bill.step(event, now, &self.terms));
        if self.trace {
            println!("{} care {node} {id} {event:?} -> {:?} {:?}", self.now, moved.state.state, moved.effects);
        }
        let after = CareRow { bill: moved.state, ..row };
        self.nodes[node].care.insert(id, after);
        for effect in moved.effects {
            self.care_effect(node, &after, effect);
        }
        self.auditor.care_row(id.0, row.request.hospital_bill, care_word(&moved.state));
        if moved.state.next_at != row.bill.next_at {
            self.wakes(node, Side::Care, id, moved.state.next_at);
        }
    }

    pub(crate) fn care_effect(&mut self, node: usize, row: &CareRow, effect: Effect) {
        let (id, peer) = (row.bill.id, row.peer);
        match effect {
            Effect::Send(step, asks) => {
                let key = (id, step, asks_kind(asks));
                let kept = self.end(node, peer).asked.get(&key).map(Rc::clone);
                let message = kept.unwrap_or_else(|| {
                    let message =
                        self.append(node, peer, None, Body::Asks { bill: id, step, asks, request: row.request });
                    self.end(node, peer).asked.insert(key, Rc::clone(&message));
                    message
                });
                self.outs.push(Out::Net(message));
            }
            Effect::Book(booked) => {
                if matches!(booked, Booked::Reversed(..)) {
                    self.counts.reversed += 1;
                } else {
                    self.counts.settled += 1;
                }
                self.book(node, Side::Care, peer, id, booked);
            }
            Effect::Hold(owed) => self.prepaid(node, peer, id, owed.get(), 0),
            Effect::Free => {
                let held = self.held_by(id, node, peer);
                self.prepaid(node, peer, id, -held, 0);
            }
            Effect::Use => {
                let held = self.held_by(id, node, peer);
                self.prepaid(node, peer, id, -held, held);
            }
            Effect::GiveBack => {
                let used = self.used_by(id, node, peer);
                self.prepaid(node, peer, id, 0, -used);
            }
            Effect::Answer(told) => {
                let (word, owed) = match told {
                    Told::Settled(receipt) => ("settled", receipt.owed.get()),
                    Told::Refused(_) => ("refused", 0),
                    Told::Lapsed(lapse) => {
                        self.counts.limits += u64::from(lapse == crossing::Lapse::Limit);
                        self.counts.rounds += u64::from(lapse == crossing::Lapse::Changed);
                        let lost = matches!(lapse, crossing::Lapse::NoAnswer | crossing::Lapse::Expired);
                        self.counts.lost += u64::from(lost);
                        ("lapsed", 0)
                    }
                    Told::Reversed => ("reversed", 0),
                    Told::Stands(_) => {
                        self.counts.late += 1;
                        ("stands", 0)
                    }
                    Told::KeyReused => return,
                };
                self.auditor.told(id.0, word, owed);
                self.outs.push(Out::Told(row.visit, word));
            }
            Effect::Reply(..)
            | Effect::Decide { .. }
            | Effect::Settle { .. }
            | Effect::Renew { .. }
            | Effect::Reverse { .. } => {
                unreachable!("no effect of the place of care: {effect:?}")
            }
        }
    }

    /// What the prepayment has left beside what a bill holds, read in the commit that will hold it.
    pub(crate) fn left(&self, node: usize, peer: usize, bill: BillId) -> Option<Fen> {
        let prepaid = self.nodes[node].prepaid.get(&peer)?;
        let held = self.nodes[node].care.get(&bill).map_or(0, |row| row.bill.held().get());
        let pending = if self.flaw == Flaw::HoldsBesideTheCommit { 0 } else { prepaid.pending - held };
        prepaid.amount.map(|amount| Fen::new(amount - pending - prepaid.used))
    }

    fn prepaid(&mut self, node: usize, peer: usize, bill: BillId, pending: i64, used: i64) {
        let prepaid: &mut Prepaid = self.nodes[node].prepaid.entry(peer).or_default();
        prepaid.pending += pending;
        prepaid.used += used;
        let now = (prepaid.amount, prepaid.pending, prepaid.used);
        self.holds_of(node, bill, pending, used);
        self.auditor.prepaid((node, peer), bill.0, (pending, used), now);
    }

    pub(crate) fn insured_moves(
        &mut self,
        node: usize,
        id: BillId,
        event: InsuredEvent,
        from: Option<(usize, Request)>,
    ) {
        let kept = self.nodes[node].insured.get(&id).copied();
        let fresh = from.map(|(peer, request)| InsuredRow { bill: InsuredBill::new(id), peer, request });
        let Some(row) = kept.or(fresh) else { return };
        let now = self.flaw.clock(&row.bill, event, self.clock(node));
        let moved = self.flaw.insured(row.bill, event).step(event, now, &self.terms);
        if self.trace {
            println!("{} insured {node} {id} {event:?} -> {:?} {:?}", self.now, moved.state.state, moved.effects);
        }
        let after = InsuredRow { bill: moved.state, ..row };
        if moved.state.state != InsuredState::Unseen {
            self.nodes[node].insured.insert(id, after);
        }
        let confirmed = match (row.bill.state, moved.state.state) {
            (InsuredState::Offered(offer), InsuredState::Settling(_)) => {
                Some((offer.until.timestamp_millis(), self.clock(node).timestamp_millis()))
            }
            _ => None,
        };
        if kept.is_some() || moved.state.state != InsuredState::Unseen {
            self.auditor.insured_row(id.0, insured_word(&moved.state), confirmed);
        }
        for effect in moved.effects {
            if let Effect::Reply(_, Says::Stale { .. }) = effect {
                self.counts.stale += 1;
                self.auditor.stale(id.0, (moved.state.state, moved.state.step) != (row.bill.state, row.bill.step));
            }
            self.insured_effect(node, &after, effect);
        }
        if moved.state.next_at != row.bill.next_at {
            self.wakes(node, Side::Insured, id, moved.state.next_at);
        }
        if self.flaw.forgets(&moved.state.state) {
            self.nodes[node].insured.remove(&id);
        }
    }

    pub(crate) fn insured_effect(&mut self, node: usize, row: &InsuredRow, effect: Effect) {
        let (bill, peer, request) = (row.bill.id, row.peer, row.request);
        match effect {
            Effect::Reply(step, says) => self.reply(node, peer, bill, step, says),
            Effect::Decide { round } => {
                let step = 1;
                self.outs.push(Out::Call(Call::Decide { bill, step, content: content(&request), round, request }));
            }
            Effect::Settle { round } => {
                let InsuredState::Settling(offer) = row.bill.state else {
                    unreachable!("settles what is not confirmed")
                };
                let shares = (offer.owed.get(), offer.cash.get());
                let attempt = row.bill.attempts;
                self.outs.push(Out::Call(Call::Settle { bill, round, attempt, request, shares }));
            }
            Effect::Renew { round } if self.flaw == Flaw::DoesNotWithdraw => {
                let call = Call::Decide { bill, step: 0, content: [0; 32], round: round + 1, request };
                self.outs.push(Out::Call(call));
            }
            Effect::Renew { round } => self.outs.push(Out::Call(Call::Withdraw { bill, round, request })),
            Effect::Reverse { round } => self.outs.push(Out::Call(Call::Reverse { bill, round })),
            Effect::Book(booked) => {
                if self.flaw != Flaw::LosesItems || bill.0[1] % 8 != 0 {
                    self.book(node, Side::Insured, peer, bill, booked);
                }
            }
            Effect::Send(..) | Effect::Hold(_) | Effect::Free | Effect::Use | Effect::GiveBack | Effect::Answer(_) => {
                unreachable!("no effect of the place of insurance: {effect:?}")
            }
        }
    }

    /// Answers the message that asked with this step; what was answered to it before goes out as the same bytes.
    fn reply(&mut self, node: usize, peer: usize, bill: BillId, step: Step, says: Says) {
        let Some(asker) = self.end(node, peer).askers.get(&(bill, step)).copied() else { return };
        let body = Body::Says { bill, step, says };
        let kept = self
            .end(node, peer)
            .replied
            .get(&asker)
            .and_then(|kept| kept.iter().find(|kept| kept.says == body))
            .map(Rc::clone);
        let message = kept.unwrap_or_else(|| {
            let message = self.append(node, peer, Some(asker), body);
            self.end(node, peer).replied.entry(asker).or_default().push(Rc::clone(&message));
            message
        });
        self.outs.push(Out::Net(message));
    }

    pub(crate) fn book(&mut self, node: usize, side: Side, peer: usize, bill: BillId, booked: Booked) {
        let (reversed, receipt, day) = match booked {
            Booked::Settled(receipt) => (false, receipt, receipt.day),
            Booked::Reversed(receipt, day) => (true, receipt, day),
        };
        let (owed, cash) = (receipt.owed.get(), receipt.cash.get());
        let item = Item { bill: bill.0, reversed, day: day_number(day), owed, cash };
        self.nodes[node].items.entry((side, peer)).or_default().push(item);
        self.auditor.booked(node, side, peer, item);
    }
}

/// A state a flawed machine makes of an offer: settled, without a receipt.
pub(crate) fn settled_on_offer(bill: &CareBill, says: Says) -> Option<CareBill> {
    let (CareState::Asking { .. }, Says::Offered(offer)) = (bill.state, says) else { return None };
    let receipt =
        crossing::Receipt { message: [0; 32], owed: offer.owed, cash: offer.cash, day: offer.until.date_naive() };
    Some(CareBill { state: CareState::Settled { receipt, finished: false }, step: bill.step + 1, ..*bill })
}

/// Whether a message asks to be finished, which a flawed machine forgets to send again.
pub(crate) const fn is_finish(effect: &Effect) -> bool {
    matches!(effect, Effect::Send(_, Asks::Finish { .. }))
}
