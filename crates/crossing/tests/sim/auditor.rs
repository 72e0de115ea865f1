//! Looks at the rows, the books and what hospitals are told, after every step, and knows no machine: words and fen only.
//!
//! Its rules, as they are named where one is broken:
//!  1 told      a hospital is told that a bill is settled only while the claim stands at its place of insurance
//!  2 once      a claim is of one bill; a hospital's bill has at most one claim that stands, and is paid once
//!  3 agreed    what a place of care books stands in the books of the place of insurance, with this amount and day
//!  4 conserved each entry adds up to zero, and so do all books of a bill over both provinces once it is over
//!  5 prepaid   pending and used are never below zero, never above the amount, and the sums of their bills
//!  6 kept      an item that stands is never changed or removed
//!  7 ended     no bill leaves an end
//!  8 stale     who answers that he knows better has changed nothing
//!  9 dead      what was undone before it came, ended, refused or reversed is never settled
//! 10 until     nothing is confirmed after its offer was over, by the clock of the place of insurance
//! 11 single    no claim stands of a bill that the place of care has given up
//! 12 quiet     when all is healed nothing is in progress past its limit, and both sides have the same

use std::collections::{BTreeMap, BTreeSet};

type Bill = [u8; 16];

/// An item as it stands in a province's books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Item {
    pub(crate) bill: Bill,
    pub(crate) reversed: bool,
    pub(crate) day: i64,
    pub(crate) owed: i64,
    pub(crate) cash: i64,
}

/// Which books: of the place of care or of insurance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Care,
    Insured,
}

#[derive(Default)]
struct Known {
    care: &'static str,
    insured: &'static str,
    hospital_bill: u32,
    /// Round and try -> owed, cash, day, whether it stands.
    claims: BTreeMap<(u32, u32), (i64, i64, i64, bool)>,
    /// What the bureau's own journal has for the place of care.
    bureau_cross: i64,
    insured_cross: i64,
    insured_province: i64,
    care_province: i64,
    care_payable: i64,
    pending: i64,
    used: i64,
}

#[derive(Default)]
pub(crate) struct Auditor {
    bills: BTreeMap<Bill, Known>,
    /// Hospital's bill -> how many claims stand.
    standing: BTreeMap<u32, i64>,
    items: BTreeMap<(usize, Side, usize), Vec<Item>>,
    /// Place of care, place of insurance -> pending, used, as its bills add up.
    prepaid: BTreeMap<(usize, usize), (i64, i64)>,
    pub(crate) wrong: Option<String>,
    pub(crate) looked: u64,
    pub(crate) claims: u64,
}

const DEAD: [&str; 4] = ["tombstone", "ended", "refused", "reversed"];
const GIVEN_UP: [&str; 3] = ["lapsed", "refused", "reversed"];

impl Auditor {
    fn holds(&mut self, rule: &str, bill: Bill, holds: bool, what: &str) {
        self.looked += 1;
        if !holds && self.wrong.is_none() {
            self.wrong = Some(format!("{rule}: bill {:02x?}: {what}", &bill[..4]));
        }
    }

    fn known(&mut self, bill: Bill) -> &mut Known {
        self.bills.entry(bill).or_default()
    }

    /// A row at the place of care is written.
    pub(crate) fn care_row(&mut self, bill: Bill, hospital_bill: u32, after: &'static str) {
        let known = self.known(bill);
        let before = std::mem::replace(&mut known.care, after);
        known.hospital_bill = hospital_bill;
        let stands = known.claims.values().any(|claim| claim.3);
        self.holds(
            "ended",
            bill,
            !GIVEN_UP.contains(&before) || before == after,
            "it leaves an end at the place of care",
        );
        self.holds("single", bill, !(GIVEN_UP.contains(&after) && stands), "given up while a claim stands");
    }

    /// A row at the place of insurance is written: its words, its offer's end and the time there where it is being confirmed.
    pub(crate) fn insured_row(&mut self, bill: Bill, after: &'static str, confirmed: Option<(i64, i64)>) {
        let known = self.known(bill);
        let before = std::mem::replace(&mut known.insured, after);
        let stands = known.claims.values().any(|claim| claim.3);
        let leaves = match before {
            "tombstone" | "ended" | "reversed" => before != after,
            "refused" => after != "refused" && after != "ended",
            _ => false,
        };
        self.holds("ended", bill, !leaves, "it leaves an end at the place of insurance");
        self.holds("dead", bill, !(DEAD.contains(&after) && stands), "ended while a claim stands");
        if let Some((until, now)) = confirmed {
            self.holds("until", bill, now <= until, "confirmed after the offer's end");
        }
    }

    /// A row was answered as stale.
    pub(crate) fn stale(&mut self, bill: Bill, changed: bool) {
        self.holds("stale", bill, !changed, "answered as stale, and changed");
    }

    /// The bureau has committed a claim.
    pub(crate) fn committed(
        &mut self,
        bill: Bill,
        hospital_bill: u32,
        key: (u32, u32),
        claim: (i64, i64, i64),
        total: i64,
    ) {
        self.claims += 1;
        let (owed, cash, day) = claim;
        let known = self.known(bill);
        known.bureau_cross += owed;
        known.hospital_bill = hospital_bill;
        let twice = known.claims.insert(key, (owed, cash, day, true)).is_some();
        let (care, insured) = (known.care, known.insured);
        self.holds("once", bill, !twice, "a key is committed twice");
        self.holds("conserved", bill, owed + cash == total && owed >= 0 && cash >= 0, "the shares are not the bill");
        self.holds("dead", bill, !DEAD.contains(&insured), "settled after its end");
        self.holds("single", bill, !GIVEN_UP.contains(&care), "settled after it was given up");
        let standing = self.standing.entry(hospital_bill).or_default();
        *standing += 1;
        let standing = *standing;
        self.holds("once", bill, standing == 1, "two claims of a hospital's bill stand");
    }

    /// The bureau has taken a claim out.
    pub(crate) fn taken_out(&mut self, bill: Bill, key: (u32, u32)) {
        let known = self.known(bill);
        let stood = known.claims.get_mut(&key).map(|claim| (std::mem::replace(&mut claim.3, false), claim.0));
        let hospital_bill = known.hospital_bill;
        known.bureau_cross -= stood.map_or(0, |claim| claim.1);
        *self.standing.entry(hospital_bill).or_default() -= 1;
        self.holds("once", bill, stood.is_some_and(|claim| claim.0), "taken out what does not stand");
    }

    /// A side books an item, with the entry that goes with it: its amounts by account.
    pub(crate) fn booked(&mut self, node: usize, side: Side, peer: usize, item: Item) {
        let bill = item.bill;
        let sign = if item.reversed { -1 } else { 1 };
        let known = self.known(bill);
        match side {
            Side::Care => {
                known.care_province += sign * item.owed;
                known.care_payable -= sign * item.owed;
            }
            Side::Insured => {
                known.insured_cross -= sign * item.owed;
                known.insured_province -= sign * item.owed;
            }
        }
        let payable = -known.care_payable;
        let claimed = known
            .claims
            .values()
            .any(|claim| (claim.0, claim.1) == (item.owed, item.cash) && (item.reversed || claim.2 == item.day));
        let agreed = side == Side::Insured
            || self.items.get(&(peer, Side::Insured, node)).is_some_and(|items| items.contains(&item));
        let paid_once = payable >= 0 && (payable == 0 || payable == item.owed);
        self.holds("agreed", bill, claimed, "booked what the fund has not agreed to");
        self.holds("agreed", bill, agreed, "booked what the place of insurance has not");
        self.holds("once", bill, paid_once, "the hospital is owed it more or less than once");
        let items = self.items.entry((node, side, peer)).or_default();
        let twice = items.iter().any(|other| (other.bill, other.reversed) == (item.bill, item.reversed));
        items.push(item);
        self.holds("once", bill, !twice, "an item stands twice");
    }

    /// A hospital is told this word.
    pub(crate) fn told(&mut self, bill: Bill, word: &'static str, owed: i64) {
        let known = self.known(bill);
        let stands = known.claims.values().any(|claim| claim.3 && claim.0 == owed);
        let payable = -known.care_payable;
        if word == "settled" {
            self.holds("told", bill, stands, "told settled, and no such claim stands");
            self.holds("told", bill, payable == owed, "told settled, and it is not booked");
        }
        if word == "reversed" || word == "lapsed" || word == "refused" {
            let none = !self.known(bill).claims.values().any(|claim| claim.3);
            self.holds("told", bill, none && payable == 0, "told that it is not, and it is");
        }
    }

    /// A bill holds, uses or gives back some of a prepayment, which now stands so.
    pub(crate) fn prepaid(
        &mut self,
        pair: (usize, usize),
        bill: Bill,
        moves: (i64, i64),
        now: (Option<i64>, i64, i64),
    ) {
        let sums = self.prepaid.entry(pair).or_default();
        *sums = (sums.0 + moves.0, sums.1 + moves.1);
        let sums = *sums;
        let known = self.known(bill);
        known.pending += moves.0;
        known.used += moves.1;
        let own = (known.pending, known.used);
        let (amount, pending, used) = now;
        self.holds("prepaid", bill, pending >= 0 && used >= 0 && own.0 >= 0 && own.1 >= 0, "below zero");
        self.holds("prepaid", bill, amount.is_none_or(|amount| pending + used <= amount), "the limit is passed");
        self.holds("prepaid", bill, (pending, used) == sums, "not the sum of its bills");
    }

    /// An item list as it stands must begin with what was booked.
    pub(crate) fn items_stand(&mut self, node: usize, side: Side, peer: usize, items: &[Item]) {
        let kept = self.items.get(&(node, side, peer)).is_some_and(|kept| kept == items) || items.is_empty();
        self.holds("kept", [0; 16], kept, "an item was changed, added or removed unseen");
    }

    /// When all is healed: rows that are still in progress.
    pub(crate) fn quiet(&mut self, bill: Bill, row: &str) {
        let open = [
            "new",
            "asking",
            "confirming",
            "cancelling",
            "reversing",
            "settling",
            "renewing",
            "offered",
            "unfinished",
            "booked",
        ];
        self.holds("quiet", bill, !open.contains(&row), &format!("still {row}"));
    }

    /// At the end: both sides of each bill and of each pair.
    pub(crate) fn ends(&mut self) {
        for (bill, known) in std::mem::take(&mut self.bills) {
            let stands: i64 = known.claims.values().filter(|claim| claim.3).map(|claim| claim.0).sum();
            let settled = known.claims.values().any(|claim| claim.3);
            self.holds(
                "conserved",
                bill,
                known.bureau_cross + known.insured_cross == 0,
                "cross is not zero in the bureau",
            );
            self.holds("conserved", bill, known.care_province + known.insured_province == 0, "the provinces differ");
            self.holds("conserved", bill, known.care_province == stands, "what is owed is not what stands");
            self.holds("quiet", bill, (known.care == "settled") == settled, "settled on one side only");
            self.holds("prepaid", bill, known.pending == 0, "something is held for ever");
            self.holds("prepaid", bill, known.used == stands, "used is not what stands");
        }
        let items = std::mem::take(&mut self.items);
        let sides: BTreeSet<(usize, usize)> = items
            .keys()
            .map(|(node, side, peer)| if *side == Side::Care { (*node, *peer) } else { (*peer, *node) })
            .collect();
        for (care, insured) in sides {
            let sorted = |side, node, peer| {
                let mut list: Vec<Item> = items.get(&(node, side, peer)).cloned().unwrap_or_default();
                list.sort_unstable();
                list
            };
            let same = sorted(Side::Care, care, insured) == sorted(Side::Insured, insured, care);
            self.holds("quiet", [0; 16], same, &format!("the items of {care} and {insured} differ"));
        }
    }
}
