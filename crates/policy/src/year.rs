//! A person's year as a fold over bills: apply, reverse in the middle, adjust what follows. Meters and admissions start
//! again with each calendar year of the day whose rules apply; balances of accounts go on.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use money::Fen;
use serde::Serialize;
use terms::{Division, Name, Scheme, Word};

use crate::decision::{Decision, Settlement};
use crate::facts::{Accumulators, Bill, Facts, Person};
use crate::pack::{NationalField, Value, in_force};
use crate::policy::Policy;

/// A person's year: its bills in the pack's order, and the decision that stands for each.
///
/// The state after a bill is what the bills before it accumulated; it is never kept apart from the fold.
#[derive(Clone, Debug)]
pub struct Year<'p> {
    policy: &'p Policy,
    start: Accumulators,
    start_year: Option<i32>,
    by_service_date: bool,
    bills: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    person: Person,
    bill: Bill,
    year: i32,
    decision: Decision,
}

/// What applying a bill did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The decision on the bill.
    pub decision: Decision,
    /// Differences of bills that come after it in the pack's order.
    pub adjustments: Vec<Adjustment>,
}

/// The difference between the decision that stood and the one that stands now: new less old, in fen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Adjustment {
    /// The bill.
    pub bill: Name,
    /// By payer's name; only payers whose share changed.
    pub payers: BTreeMap<String, Fen>,
    /// The person's cash.
    pub cash: Fen,
    /// The decision that stood.
    pub before: Decision,
    /// The decision that stands now.
    pub after: Decision,
}

/// Why a bill could not be applied or reversed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum YearError {
    /// The id is in the year already.
    #[error("a bill of this id is in the year already")]
    KnownBill,
    /// The id is not in the year.
    #[error("no bill of this id is in the year")]
    UnknownBill,
}

impl<'p> Year<'p> {
    /// An empty fold that starts from what is given; its meters belong to the year of the first bill applied.
    #[must_use]
    pub fn new(policy: &'p Policy, start: Accumulators) -> Self {
        Self { policy, start, start_year: None, by_service_date: false, bills: Vec::new() }
    }

    /// Applies a bill. Under order of settlement it comes last; under order of service date it takes its place and the
    /// bills after it are decided anew.
    ///
    /// # Errors
    /// [`YearError::KnownBill`] where the id is in the year already: a double submission is not counted twice.
    pub fn apply(&mut self, person: Person, bill: Bill) -> Result<Applied, YearError> {
        if self.bills.iter().any(|entry| entry.bill.id == bill.id) {
            return Err(YearError::KnownBill);
        }
        let year = self.policy.day_of_rules(&person, &bill).year();
        if self.start_year.is_none() {
            self.start_year = Some(year);
            self.by_service_date = self.policy.folds_by_service_date(&person, &bill);
        }
        let key = |bill: &Bill| (bill.from, bill.to, bill.id);
        let at = if self.by_service_date {
            self.bills.partition_point(|entry| key(&entry.bill) < key(&bill))
        } else {
            self.bills.len()
        };
        let accumulated = self.state_before(at, year);
        let decision = self.decide(&person, &bill, accumulated);
        self.bills.insert(at, Entry { person, bill, year, decision: decision.clone() });
        let adjustments = self.refold(at + 1);
        Ok(Applied { decision, adjustments })
    }

    /// Reverses a bill: it counts as never done, and the bills after it are decided anew.
    ///
    /// # Errors
    /// [`YearError::UnknownBill`] where the id is not in the year (never applied, or reversed already).
    pub fn reverse(&mut self, bill: &Name) -> Result<Vec<Adjustment>, YearError> {
        let at = self.bills.iter().position(|entry| entry.bill.id == *bill).ok_or(YearError::UnknownBill)?;
        self.bills.remove(at);
        Ok(self.refold(at))
    }

    /// What the year of the last bill holds now.
    #[must_use]
    pub fn state(&self) -> Accumulators {
        let year = self.bills.last().map_or(self.start_year, |entry| Some(entry.year));
        year.map_or_else(|| self.start.clone(), |year| self.state_before(self.bills.len(), year))
    }

    /// The decision that stands for a bill.
    #[must_use]
    pub fn decision(&self, bill: &Name) -> Option<&Decision> {
        self.bills.iter().find(|entry| entry.bill.id == *bill).map(|entry| &entry.decision)
    }

    /// Every bill and the decision that stands for it, in the pack's order.
    pub fn decisions(&self) -> impl Iterator<Item = (&Bill, &Decision)> {
        self.bills.iter().map(|entry| (&entry.bill, &entry.decision))
    }

    /// What the bills before this place accumulated in a year; a refused bill accumulates nothing.
    fn state_before(&self, at: usize, year: i32) -> Accumulators {
        let settled = || {
            self.bills.iter().take(at).rev().filter_map(|entry| {
                entry.decision.settlement().map(|settlement| (entry.year, &settlement.accumulators))
            })
        };
        let balances = settled().next().map_or(&self.start, |(_, latest)| latest);
        let same_year = settled().find(|(of, _)| *of == year).map(|(_, accumulators)| accumulators);
        let mut state = match same_year {
            Some(accumulators) => accumulators.clone(),
            None if self.start_year == Some(year) => self.start.clone(),
            None => Accumulators::default(),
        };
        state.account = balances.account;
        state.family_account = balances.family_account;
        state
    }

    /// The policy's own decision: no payer's fund is asked what it lets a bill take.
    fn decide(&self, person: &Person, bill: &Bill, accumulated: Accumulators) -> Decision {
        let (person, bill) = (person.clone(), bill.clone());
        self.policy.adjudicate(&Facts { person, bill, accumulated, held: Vec::new() })
    }

    fn refold(&mut self, from: usize) -> Vec<Adjustment> {
        let mut adjustments = Vec::new();
        for at in from..self.bills.len() {
            let Some(entry) = self.bills.get(at) else { continue };
            let accumulated = self.state_before(at, entry.year);
            let after = self.decide(&entry.person, &entry.bill, accumulated);
            if let Some(entry) = self.bills.get_mut(at) {
                let before = std::mem::replace(&mut entry.decision, after.clone());
                adjustments.extend(self.policy.adjustment(entry.bill.id, before, after));
            }
        }
        adjustments
    }
}

/// The name under which a hospital bears what is over a price limit: the same as that of a hospital layer's payer.
const OVER_LIMIT_PAYER: &str = "hospital";

impl Policy {
    /// Whether the pack folds a year in order of service date (`year.toml`); otherwise in order of settlement.
    #[must_use]
    pub fn folds_by_service_date(&self, person: &Person, bill: &Bill) -> bool {
        self.year_by_service_date(person.division, person.schemes.first().copied(), bill.to)
    }

    /// Whether the pack of a division folds a scheme's year in order of service date, as in force on a day.
    #[must_use]
    pub fn year_by_service_date(&self, division: Division, scheme: Option<Scheme>, on: NaiveDate) -> bool {
        let scheme = scheme.map_or("common", |scheme| scheme.word());
        let addresses = [format!("{scheme}.year.order"), "common.year.order".to_owned()];
        let found = in_force(&self.chain(division), &addresses, on);
        found.is_some_and(|found| {
            found.rows.iter().any(|(_, dated)| matches!(&dated.value, Value::Word(word) if word == "service_date"))
        })
    }

    /// The payments of a settlement by payer's name; what is over a price limit and borne by the hospital is its own.
    #[must_use]
    pub fn payments(&self, settlement: &Settlement) -> BTreeMap<String, Fen> {
        let mut payments: BTreeMap<String, Fen> = BTreeMap::new();
        let over_limit = settlement.hospital_over_limit();
        if !over_limit.is_zero() {
            payments.insert(OVER_LIMIT_PAYER.to_owned(), over_limit);
        }
        let apart = settlement.apart_payer.map(|payer| (payer, settlement.apart));
        let layers = settlement.layers.iter().map(|layer| (layer.payer, layer.paid));
        for (payer, paid) in apart.into_iter().chain(layers) {
            if let Some(payer) = self.payer(payer).filter(|_| !paid.is_zero()) {
                *payments.entry(payer.name.to_string()).or_default() += paid;
            }
        }
        payments
    }

    /// What a settlement pays into one field of the national result: within scope, in fen.
    #[must_use]
    pub fn national_field(&self, settlement: &Settlement, field: NationalField) -> Fen {
        let is_field = |payer: u16| self.payer(payer).is_some_and(|payer| payer.field == Some(field));
        let apart = settlement.apart_payer.filter(|payer| is_field(*payer)).map_or(Fen::ZERO, |_| settlement.apart);
        let layers =
            settlement.layers.iter().filter(|layer| is_field(layer.payer)).map(|layer| layer.paid_within_scope);
        apart + layers.sum()
    }

    /// What of a bill changes from one decision to the next, in fen; nothing where both say the same.
    #[must_use]
    pub fn adjustment(&self, bill: Name, before: Decision, after: Decision) -> Option<Adjustment> {
        let payments =
            |decision: &Decision| decision.settlement().map(|settlement| self.payments(settlement)).unwrap_or_default();
        let cash = |decision: &Decision| decision.settlement().map_or(Fen::ZERO, |settlement| settlement.shares.cash);
        let mut payers = payments(&after);
        for (name, paid) in payments(&before) {
            *payers.entry(name).or_default() -= paid;
        }
        payers.retain(|_, difference| !difference.is_zero());
        let cash = cash(&after) - cash(&before);
        let same = payers.is_empty() && cash.is_zero() && before.outcome == after.outcome;
        if same { None } else { Some(Adjustment { bill, payers, cash, before, after }) }
    }
}
