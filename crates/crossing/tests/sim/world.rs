//! The provinces, their bureaus and hospitals, the network and the time, driven by one seed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;

use chrono::{DateTime, Datelike as _, Duration, NaiveDate, Utc};
use crossing::{Asks, BillId, CareEvent, InsuredEvent, InsuredState, Link, Sha, Taken, Terms, Undone};
use sha2::{Digest as _, Sha256};
use terms::Name;
use uuid::Uuid;

use crate::sim::auditor::{Auditor, Side};
use crate::sim::books::{Bureau, Request};
use crate::sim::calls::{Answer, Call, away};
use crate::sim::counts::Counts;
use crate::sim::flaws::Flaw;
use crate::sim::network::{Body, Message, Network};
use crate::sim::node::{Came, End, InsuredRow, Node, care_word, insured_word};
use crate::sim::rng::Rng;
use crate::sim::seals::{Seals, division};
use crate::sim::workload::{self, Visit};

pub(crate) const PROVINCES: usize = 31;
/// When the network heals, in milliseconds.
pub(crate) const HEALED: i64 = 45 * 60_000;
/// How long afterwards something may be in progress.
const LIMIT: i64 = 60 * 60_000;
/// More steps than any run takes that comes to an end.
const STEPS: u64 = 400_000;

pub(crate) enum Event {
    Arrive(Rc<Message>),
    Window { visit: usize, wants: Wants },
    Call { node: usize, life: u32, call: Call },
    Answer { node: usize, life: u32, bill: BillId, answer: Answer },
    Wake { node: usize, side: Side, bill: BillId },
    Restart(usize),
    Fill { node: usize, peer: usize },
    AtHome { node: usize, person: u32, total: i64 },
    Covers { node: usize, person: u32, covered: bool },
    Limit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wants {
    Settle,
    SettleOther,
    Reverse,
}

/// What is left to do after a commit; a crash forgets it.
pub(crate) enum Out {
    Net(Rc<Message>),
    Call(Call),
    Told(usize, &'static str),
}

pub(crate) struct World {
    pub(crate) rng: Rng,
    pub(crate) now: i64,
    queue: BinaryHeap<Reverse<(i64, u64)>>,
    events: std::collections::HashMap<u64, Event>,
    queued: u64,
    pub(crate) nodes: Vec<Node>,
    pub(crate) bureaus: Vec<Bureau>,
    pub(crate) network: Network,
    pub(crate) visits: Vec<Visit>,
    pub(crate) auditor: Auditor,
    pub(crate) flaw: Flaw,
    pub(crate) seals: Seals,
    skews: Vec<i64>,
    crashes: u64,
    /// How often of a thousand a call of a bureau is lost, or comes late.
    pub(crate) losses: u64,
    pub(crate) outs: Vec<Out>,
    pub(crate) terms: Terms,
    pub(crate) steps: u64,
    pub(crate) counts: Counts,
    pub(crate) trace: bool,
}

impl World {
    pub(crate) fn new(seed: u64, flaw: Flaw) -> Self {
        let mut rng = Rng::new(seed);
        let network = Network::new(&mut rng, PROVINCES, HEALED);
        let seals = if seed % 250 == 249 { Seals::ed25519(PROVINCES) } else { Seals::Hash };
        let skews = (0..PROVINCES).map(|_| rng.between(-300_000, 300_000)).collect();
        let (crashes, losses) = ([0, 2, 5, 12][rng.below(4)], [10, 40, 150][rng.below(3)]);
        let bureau = || {
            let mut bureau = Bureau::default();
            bureau.forgets_refusals = flaw == Flaw::RefusalNotKept;
            bureau
        };
        let seconds = Duration::seconds;
        let mut world = Self {
            now: 0,
            queue: BinaryHeap::new(),
            events: std::collections::HashMap::new(),
            queued: 0,
            nodes: (0..PROVINCES).map(|_| Node::default()).collect(),
            bureaus: (0..PROVINCES).map(|_| bureau()).collect(),
            network,
            visits: Vec::new(),
            auditor: Auditor::default(),
            flaw,
            seals,
            skews,
            crashes,
            losses,
            outs: Vec::new(),
            terms: Terms {
                offer: seconds(60),
                first_wait: Duration::milliseconds(250),
                most_wait: seconds(60),
                give_up_asking: seconds(5),
                rounds: 3,
            },
            steps: 0,
            counts: Counts::default(),
            rng,
            trace: false,
        };
        workload::fill(&mut world);
        world.at(HEALED + LIMIT, Event::Limit);
        world
    }

    /// The same work where nothing fails; clocks differ all the same.
    pub(crate) fn calm(seed: u64) -> Self {
        let mut world = Self::new(seed, Flaw::None);
        world.network.calm();
        (world.crashes, world.losses) = (0, 0);
        world
    }

    pub(crate) fn at(&mut self, at: i64, event: Event) {
        self.queue.push(Reverse((at, self.queued)));
        self.events.insert(self.queued, event);
        self.queued += 1;
    }

    /// A province's clock.
    pub(crate) fn clock(&self, node: usize) -> DateTime<Utc> {
        let start = NaiveDate::from_ymd_opt(2026, 3, 31).unwrap().and_hms_opt(23, 30, 0).unwrap().and_utc();
        start + Duration::milliseconds(self.now + self.skews[node])
    }

    pub(crate) fn day(&self, node: usize) -> i64 {
        i64::from(self.clock(node).date_naive().num_days_from_ce())
    }

    /// Runs until nothing is left to happen. The first broken rule, or none.
    pub(crate) fn run(&mut self) -> Option<String> {
        self.drain();
        // each day's heads: what was lost at the end of a chain is missed only now, and answering it may lose something again
        for _ in 0..5 {
            self.heads();
            self.drain();
        }
        if self.auditor.wrong.is_none() {
            self.compare();
        }
        self.auditor.wrong.clone()
    }

    fn heads(&mut self) {
        let pairs = |(node, kept): (usize, &Node)| kept.ends.keys().map(move |peer| (node, *peer)).collect::<Vec<_>>();
        let pairs: Vec<(usize, usize)> = self.nodes.iter().enumerate().flat_map(pairs).collect();
        for (node, peer) in pairs {
            let sent = self.nodes[node].ends[&peer].link.sent.sequence;
            self.end(peer, node).link.hears(sent);
            self.at(self.now, Event::Fill { node: peer, peer: node });
        }
    }

    fn drain(&mut self) {
        while let Some(Reverse((at, number))) = self.queue.pop() {
            self.now = at;
            self.steps += 1;
            let event = self.events.remove(&number).unwrap();
            self.happens(event);
            if self.steps > STEPS && self.auditor.wrong.is_none() {
                self.auditor.wrong = Some("quiet: it never ends".to_owned());
            }
            if self.auditor.wrong.is_some() {
                return;
            }
        }
    }

    fn happens(&mut self, event: Event) {
        let node = match &event {
            Event::Arrive(message) => message.to,
            Event::Window { visit, .. } => self.visits[*visit].care,
            Event::Answer { node, life, .. } if self.nodes[*node].life != *life => return,
            Event::Answer { node, .. } | Event::Wake { node, .. } => *node,
            Event::Call { node, life, call } => return self.call(*node, *life, *call),
            Event::Restart(node) => return self.restart(*node),
            Event::Fill { node, peer } => return self.fill(*node, *peer),
            Event::AtHome { node, person, total } => return self.bureaus[*node].at_home(*person, *total),
            Event::Covers { node, person, covered } => return self.bureaus[*node].covers(*person, *covered),
            Event::Limit => return self.limit(),
        };
        if let Event::Window { visit, wants } = event {
            self.comes_again(visit, wants);
        }
        if self.nodes[node].down {
            return;
        }
        let crashes = self.now < HEALED && self.rng.chance(self.crashes);
        if crashes && self.rng.chance(300) {
            return self.crash(node); // before the commit: nothing of it happened
        }
        match event {
            Event::Arrive(message) => self.arrive(&message),
            Event::Window { visit, wants } => self.window(visit, wants),
            Event::Answer { bill, answer, .. } => self.answered(node, bill, answer),
            Event::Wake { side, bill, .. } => self.wake(node, side, bill),
            _ => {}
        }
        let outs = std::mem::take(&mut self.outs);
        // after the commit: some of what follows is done, or all
        let most = if crashes { self.rng.below(outs.len() + 1) } else { outs.len() };
        for out in outs.into_iter().take(most) {
            self.goes_out(node, out);
        }
        if crashes {
            self.crash(node);
        }
    }

    fn goes_out(&mut self, node: usize, out: Out) {
        match out {
            Out::Net(message) => {
                self.counts.messages += 1;
                let arrivals = self.network.arrivals(&mut self.rng, message.from, message.to, self.now);
                for at in arrivals {
                    let message = self.flaw.alters(&message, &mut self.rng, &mut self.network.forged);
                    self.at(at, Event::Arrive(message));
                }
            }
            Out::Call(call) => {
                let life = self.nodes[node].life;
                let at = self.now + self.rng.between(2, 30);
                if self.now < HEALED && self.rng.chance(self.losses) {
                    // lost, or late: the caller hears that it was away
                    self.at(at + 2_000, Event::Answer { node, life, bill: call.bill(), answer: away(&call) });
                    if self.rng.chance(600) {
                        let late = self.now + self.rng.between(2_000, 400_000);
                        self.at(late, Event::Call { node, life, call });
                    }
                    return;
                }
                self.at(at, Event::Call { node, life, call });
            }
            Out::Told(visit, word) => self.visits[visit].told = word,
        }
    }

    fn crash(&mut self, node: usize) {
        self.outs.clear();
        self.counts.crashes += 1;
        self.nodes[node].down = true;
        let at = self.now + self.rng.between(500, 120_000);
        self.at(at, Event::Restart(node));
    }

    /// A new life has the rows and nothing else: everything open is taken up as its state says.
    fn restart(&mut self, node: usize) {
        let now = self.clock(node);
        self.nodes[node].down = false;
        self.nodes[node].life += 1;
        let terms = self.terms;
        let care: Vec<_> = self.nodes[node].care.values().copied().collect();
        for row in care {
            if let Some(effect) = row.bill.due(now, &terms) {
                self.care_effect(node, &row, effect);
            }
            self.wakes(node, Side::Care, row.bill.id, row.bill.next_at);
        }
        let insured: Vec<_> = self.nodes[node].insured.values().copied().collect();
        for row in insured {
            if let Some(effect) = row.bill.due() {
                self.insured_effect(node, &row, effect);
            }
            self.wakes(node, Side::Insured, row.bill.id, row.bill.next_at);
        }
        let peers: Vec<usize> = self.nodes[node].ends.keys().copied().collect();
        for peer in peers {
            self.at(self.now + 10_000, Event::Fill { node, peer });
        }
        for out in std::mem::take(&mut self.outs) {
            self.goes_out(node, out);
        }
    }

    pub(crate) fn wakes(&mut self, node: usize, side: Side, bill: BillId, next_at: Option<DateTime<Utc>>) {
        if let Some(at) = next_at {
            let wait = (at - self.clock(node)).num_milliseconds().max(1);
            self.at(self.now + wait, Event::Wake { node, side, bill });
        }
    }

    fn wake(&mut self, node: usize, side: Side, bill: BillId) {
        match side {
            Side::Care => self.care_moves(node, bill, CareEvent::Tick),
            Side::Insured => self.insured_moves(node, bill, InsuredEvent::Tick, None),
        }
    }

    /// A hospital asks again until it is told.
    fn comes_again(&mut self, visit: usize, wants: Wants) {
        let told = self.visits[visit].told;
        let done = match wants {
            Wants::Settle => !told.is_empty(),
            Wants::SettleOther => true,
            Wants::Reverse => ["reversed", "lapsed", "refused", "stands"].contains(&told),
        };
        // a second attempt is not taken while the first stands, and that may be for good
        if !done && self.now < HEALED + LIMIT / 2 {
            let at = self.now + self.rng.between(20_000, 60_000);
            self.at(at, Event::Window { visit, wants });
        }
    }

    fn arrive(&mut self, message: &Rc<Message>) {
        let (node, peer) = (message.to, message.from);
        let on = self.clock(node).date_naive();
        if !self.seals.believes(&message.sealed, on) && self.flaw != Flaw::BelievesForgeries {
            self.counts.refused += 1;
            return;
        }
        let header = message.sealed.header;
        let end = self.end(node, peer);
        match end.link.take(&header, &Came(&end.came, &end.ids)) {
            Taken::Refused(_) => {
                self.counts.refused += 1;
                return;
            }
            Taken::Again => self.counts.again += 1,
            Taken::New { gap } => {
                let kept = crossing::Kept { id: header.message_id, sha256: header.hash(), previous: header.previous };
                end.came.insert(header.sequence, (kept, Rc::clone(message)));
                end.ids.insert(header.message_id);
                if gap.is_some() {
                    self.counts.gaps += 1;
                    self.at(self.now + 30_000, Event::Fill { node, peer });
                }
            }
        }
        match message.says {
            Body::Asks { bill, step, asks, request } => {
                self.counts.asked += u64::from(asks == Asks::Ask);
                self.end(node, peer).askers.insert((bill, step), header.message_id);
                self.insured_moves(
                    node,
                    bill,
                    InsuredEvent::Asked { step, asks, closed: workload::is_late(bill) },
                    Some((peer, request)),
                );
            }
            Body::Says { bill, step, says } => {
                if let crossing::Says::Reversed(Undone::NeverCame) = says {
                    self.counts.tombstones += 1;
                }
                let left = self.left(node, peer, bill);
                self.care_moves(node, bill, CareEvent::Said { step, says, left });
            }
        }
    }

    fn answered(&mut self, node: usize, bill: BillId, answer: Answer) {
        match answer {
            Answer::Is(event, request) => {
                let peer = self.nodes[node].insured.get(&bill).map(|row| row.peer);
                let peer = peer.or_else(|| self.visits.iter().find(|visit| visit.bill == bill).map(|visit| visit.care));
                self.insured_moves(node, bill, event, peer.zip(request));
            }
            Answer::Withdrawn { round, request } => {
                let call = Call::Decide { bill, step: 0, content: [0; 32], round: round + 1, request };
                self.outs.push(Out::Call(call));
            }
        }
    }

    pub(crate) fn end(&mut self, node: usize, peer: usize) -> &mut End {
        let link = || End::new(Link::new(division(node), division(peer)));
        self.nodes[node].ends.entry(peer).or_insert_with(link)
    }

    /// Signs and keeps a message in the commit that is under way, and sends it afterwards.
    pub(crate) fn append(&mut self, node: usize, peer: usize, reply_to: Option<Uuid>, says: Body) -> Rc<Message> {
        let (high, low) = (self.rng.next(), self.rng.next());
        let at = self.clock(node);
        let draft =
            crossing::Draft { id: Uuid::from_u64_pair(high, low), kind: Name::new(says.kind()).unwrap(), reply_to, at };
        self.end(node, peer);
        let end = self.nodes[node].ends.get_mut(&peer).unwrap();
        let sealed = self.seals.with(node, |key| end.link.append(draft, says.bytes(), key));
        let message = Rc::new(Message { from: node, to: peer, sealed, says });
        end.sent.push(Rc::clone(&message));
        message
    }

    /// Asks a peer for what has not come, and again until it has.
    fn fill(&mut self, node: usize, peer: usize) {
        let Some(missing) = self.nodes[node].ends.get(&peer).and_then(|end| end.link.missing()) else { return };
        if !self.nodes[node].down && !self.nodes[peer].down {
            for sequence in missing.take(50) {
                let known = self.nodes[node].ends[&peer].came.contains_key(&sequence);
                let index = usize::try_from(sequence - 1).unwrap();
                if let Some(message) = self.nodes[peer].ends[&node].sent.get(index).filter(|_| !known) {
                    let message = Rc::clone(message);
                    for at in self.network.arrivals(&mut self.rng, peer, node, self.now) {
                        self.at(at, Event::Arrive(Rc::clone(&message)));
                    }
                }
            }
        }
        self.at(self.now + 60_000, Event::Fill { node, peer });
    }

    fn limit(&mut self) {
        let clocks: Vec<DateTime<Utc>> = (0..PROVINCES).map(|node| self.clock(node)).collect();
        for (number, node) in self.nodes.iter().enumerate() {
            for row in node.care.values() {
                self.auditor.quiet(row.bill.id.0, care_word(&row.bill));
            }
            // an offer that can still be confirmed is not past its limit: a Prepare may come for the first time days late
            let is_over = |row: &&InsuredRow| match row.bill.state {
                InsuredState::Offered(offer) => offer.until + Duration::seconds(1) < clocks[number],
                _ => true,
            };
            for row in node.insured.values().filter(is_over) {
                self.auditor.quiet(row.bill.id.0, insured_word(&row.bill));
            }
        }
    }

    /// Both sides at the end: rows, items, logs.
    fn compare(&mut self) {
        self.limit();
        for (number, node) in self.nodes.iter().enumerate() {
            for ((side, peer), items) in &node.items {
                self.auditor.items_stand(number, *side, *peer, items);
            }
            for (peer, end) in &node.ends {
                let came: Vec<Sha> = self.nodes[*peer].ends[&number].came.values().map(|came| came.0.sha256).collect();
                let sent: Vec<Sha> = end.sent.iter().map(|message| message.sealed.header.hash()).collect();
                if came != sent && self.auditor.wrong.is_none() {
                    self.auditor.wrong = Some(format!("quiet: the logs of {number} and {peer} differ"));
                }
            }
        }
        if let Seals::Ed25519(_, keys) = &self.seals {
            let findings = workload::findings(&self.nodes, keys);
            if findings > 0 && self.auditor.wrong.is_none() {
                self.auditor.wrong = Some(format!("quiet: {findings} findings in the logs"));
            }
        }
        self.auditor.ends();
    }
}

/// The hash of what a hospital asks.
pub(crate) fn content(request: &Request) -> Sha {
    Sha256::digest(format!("{request:?}")).into()
}

pub(crate) fn asks_kind(asks: Asks) -> &'static str {
    match asks {
        Asks::Prepare { .. } => "prepare",
        Asks::Confirm { .. } => "confirm",
        Asks::Finish { .. } => "finish",
        Asks::Cancel => "cancel",
        Asks::Reverse { .. } => "reverse",
        Asks::Ask => "ask",
    }
}
