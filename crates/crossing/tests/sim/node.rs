//! A province's cross-province service: what it keeps, which a crash leaves, and nothing else. The machines do the deciding.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use crossing::{BillId, CareBill, CareState, Held, InsuredBill, InsuredState, Kept, Link, Step};
use uuid::Uuid;

use crate::sim::auditor::{Item, Side};
use crate::sim::books::Request;
use crate::sim::network::Message;

#[derive(Clone, Copy, Debug)]
pub(crate) struct CareRow {
    pub(crate) bill: CareBill,
    pub(crate) peer: usize,
    pub(crate) request: Request,
    pub(crate) visit: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct InsuredRow {
    pub(crate) bill: InsuredBill,
    pub(crate) peer: usize,
    pub(crate) request: Request,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Prepaid {
    pub(crate) amount: Option<i64>,
    pub(crate) pending: i64,
    pub(crate) used: i64,
}

/// The end of a pair's chains, with both logs.
pub(crate) struct End {
    pub(crate) link: Link,
    pub(crate) sent: Vec<Rc<Message>>,
    pub(crate) came: BTreeMap<u64, (Kept, Rc<Message>)>,
    pub(crate) ids: BTreeSet<Uuid>,
    /// What was sent of a bill's step: a repeat is the same bytes.
    pub(crate) asked: HashMap<(BillId, Step, &'static str), Rc<Message>>,
    /// What was answered to a message.
    pub(crate) replied: HashMap<Uuid, Vec<Rc<Message>>>,
    /// The message that last asked with this step.
    pub(crate) askers: HashMap<(BillId, Step), Uuid>,
}

impl End {
    pub(crate) fn new(link: Link) -> Self {
        Self {
            link,
            sent: Vec::new(),
            came: BTreeMap::new(),
            ids: BTreeSet::new(),
            asked: HashMap::new(),
            replied: HashMap::new(),
            askers: HashMap::new(),
        }
    }
}

/// What came, as the link looks at it.
pub(crate) struct Came<'a>(pub(crate) &'a BTreeMap<u64, (Kept, Rc<Message>)>, pub(crate) &'a BTreeSet<Uuid>);

impl Held for Came<'_> {
    fn at(&self, sequence: u64) -> Option<Kept> {
        self.0.get(&sequence).map(|came| came.0)
    }

    fn has(&self, id: Uuid) -> bool {
        self.1.contains(&id)
    }
}

#[derive(Default)]
pub(crate) struct Node {
    pub(crate) care: BTreeMap<BillId, CareRow>,
    pub(crate) insured: BTreeMap<BillId, InsuredRow>,
    pub(crate) ends: BTreeMap<usize, End>,
    pub(crate) prepaid: BTreeMap<usize, Prepaid>,
    pub(crate) items: BTreeMap<(Side, usize), Vec<Item>>,
    /// Keys of hospitals that were undone before they came.
    pub(crate) tombstones: BTreeSet<usize>,
    pub(crate) down: bool,
    /// How often it was started: what was under way for an earlier life is not answered to a later one.
    pub(crate) life: u32,
}

impl Node {
    /// Whether a hospital's bill has a row that is not over, other than this one.
    pub(crate) fn has_open(&self, hospital_bill: u32, id: BillId) -> bool {
        self.care.values().any(|row| {
            row.request.hospital_bill == hospital_bill
                && row.bill.id != id
                && !["refused", "lapsed", "reversed"].contains(&care_word(&row.bill))
        })
    }
}

/// A row's word for the auditor.
pub(crate) fn care_word(bill: &CareBill) -> &'static str {
    match bill.state {
        CareState::New => "new",
        CareState::Asking { .. } => "asking",
        CareState::Confirming { .. } => "confirming",
        CareState::Settled { finished: true, .. } => "settled",
        CareState::Settled { .. } => "unfinished",
        CareState::Cancelling { .. } => "cancelling",
        CareState::Reversing { .. } => "reversing",
        CareState::Refused(_) => "refused",
        CareState::Lapsed(_) => "lapsed",
        CareState::Reversed => "reversed",
    }
}

/// A row's word for the auditor.
pub(crate) fn insured_word(bill: &InsuredBill) -> &'static str {
    match bill.state {
        InsuredState::Unseen => "unseen",
        InsuredState::Offered(_) => "offered",
        InsuredState::Settling(_) => "settling",
        InsuredState::Renewing(_) => "renewing",
        InsuredState::Settled(_) => "booked",
        InsuredState::Finished(_) => "finished",
        InsuredState::Reversing { .. } => "reversing",
        InsuredState::Reversed { .. } => "reversed",
        InsuredState::Refused(_) => "refused",
        InsuredState::Ended(_) => "ended",
        InsuredState::Tombstone => "tombstone",
    }
}
