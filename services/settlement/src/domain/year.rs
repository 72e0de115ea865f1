use std::collections::BTreeMap;
use std::sync::Arc;

use money::Fen;
use policy::{Accumulators, Bill, Decision, Policy, Version};
use serde::{Deserialize, Serialize};
use terms::{Division, Name, Scheme};

/// The policy versions at hand.
pub type Policies = BTreeMap<Version, Arc<Policy>>;

/// A person's year: what it started from, what it holds now, and how its bills are ordered.
///
/// Invariant: `state` is what the standing claims have accumulated from `start` in order; `verify` folds it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonYear {
    /// The person.
    pub person: Name,
    /// The year.
    pub year: i32,
    /// What it started from, where it was opened with figures from elsewhere.
    pub opening: Option<Opening>,
    /// Whether bills are ordered by days of service; otherwise by settlement. Its first bill decides.
    pub by_service_date: bool,
    /// How many claims it ever had.
    pub numbers: i64,
    /// How many of them stand.
    pub claims: i64,
    /// Meters and admissions now; the balances of accounts in it are zero, they are kept with the accounts.
    pub state: Accumulators,
}

/// Where a person's year starts from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Its id.
    pub id: Name,
    /// The place of insurance whose policy knows the meters; none where it was opened before that was asked for.
    #[serde(default)]
    pub division: Option<Division>,
    /// Meters and admissions; balances zero.
    pub start: Accumulators,
    /// Where the figures are from.
    pub source: String,
    /// Who opened it.
    pub operator: String,
    /// What of it the third system paid; none where it was opened before that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub third: Option<OpenedThird>,
}

/// What of a year's start the third system paid, by the policy that knows its meters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedThird {
    /// The policy.
    pub version: Version,
    /// The scheme.
    pub scheme: Scheme,
    /// The burden that the watch list is about; none where the policy counts none.
    pub burden: Option<Fen>,
    /// What each payer paid, in fen, whose fund another service keeps; who paid nothing is left out.
    pub held: BTreeMap<Name, Fen>,
}

impl PersonYear {
    /// A year without claims.
    #[must_use]
    pub fn new(person: Name, year: i32) -> Self {
        let state = Accumulators::default();
        Self { person, year, opening: None, by_service_date: false, numbers: 0, claims: 0, state }
    }

    /// What the first bill finds.
    #[must_use]
    pub fn start(&self) -> Accumulators {
        self.opening.as_ref().map_or_else(Accumulators::default, |opening| opening.start.clone())
    }
}

/// The key by which a bill takes its place in a year ordered by days of service.
#[must_use]
pub fn order(bill: &Bill) -> (chrono::NaiveDate, chrono::NaiveDate, Name) {
    (bill.from, bill.to, bill.id)
}

/// Accumulators with the balances of accounts.
#[must_use]
pub fn balances_of(meters: &Accumulators, own: Fen, family: Fen) -> Accumulators {
    Accumulators { account: own, family_account: family, ..meters.clone() }
}

/// What a decision leaves in the year: its accumulators with the balances taken out; what was there where it settles nothing.
#[must_use]
pub(crate) fn after(decision: &Decision, before: &Accumulators) -> Accumulators {
    decision
        .settlement()
        .map_or_else(|| before.clone(), |settlement| balances_of(&settlement.accumulators, Fen::ZERO, Fen::ZERO))
}

/// What a decision takes from the own account and from relatives' accounts, in fen.
pub(crate) fn taken(decision: &Decision) -> (Fen, Fen) {
    let shares = decision.settlement().map(|settlement| settlement.shares).unwrap_or_default();
    (shares.account, shares.family_account)
}
