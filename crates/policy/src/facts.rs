//! What a decision is made from: the person, the bill, and what the year accumulated before it.

use chrono::NaiveDate;
use money::{Fen, Rate};
use serde::{Deserialize, Serialize};
use terms::{
    Care, Category, Division, Epidemic, Filing, HeldWhy, Institution, LineClass, LineKind, Name, PersonGroup, Place,
    Referral, Scheme,
};

/// Everything one decision is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The insured person, on the day of the bill.
    pub person: Person,
    /// The bill.
    pub bill: Bill,
    /// What the person's year held before this bill.
    pub accumulated: Accumulators,
    /// What payers whose fund another service keeps let this bill take, in order of the payer's name, each payer once.
    /// A payer that is not named pays what the policy says. Facts without it are written as they were before it was known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldShare>,
}

/// The most that a payer whose fund another service keeps lets a bill take ([`crate::Payer::held_by`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldShare {
    /// The payer's name in packs.
    pub payer: Name,
    /// The most it pays of this bill over all its layers, in fen.
    pub most: Fen,
    /// Why it is no more.
    pub why: HeldWhy,
}

/// The insured person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Place of insurance (参保地).
    pub division: Division,
    /// Active schemes; two at once are refused (GX-17).
    pub schemes: Vec<Scheme>,
    /// Group of insured people.
    pub group: PersonGroup,
    /// Age in whole years; needed only where a rule looks at it.
    pub age: Option<u8>,
    /// Assistance categories valid on the day; the most favourable counts.
    pub categories: Vec<Category>,
    /// Plans the person is a member of.
    pub plans: Vec<Name>,
    /// Codes of recognised outpatient chronic and special diseases.
    pub diseases: Vec<Name>,
    /// Whether the person wants accounts to be used.
    pub use_account: bool,
    /// Days with benefits, both ends included; `None` where the caller has checked coverage.
    pub covered: Option<Period>,
}

/// Days from `from` to `to`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
}

/// A bill of one visit, stay or purchase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bill {
    /// The caller's id.
    pub id: Name,
    /// Kind of care.
    pub care: Care,
    /// Level of the hospital, or pharmacy.
    pub institution: Institution,
    /// Place of care seen from the place of insurance.
    pub place: Place,
    /// How care elsewhere was filed.
    pub filing: Filing,
    /// Whether the referral rules were followed.
    pub referral: Referral,
    /// First day of service.
    pub from: NaiveDate,
    /// Last day of service.
    pub to: NaiveDate,
    /// Day of settlement.
    pub settled: NaiveDate,
    /// Disease code, for chronic, special and two-disease care; empty otherwise.
    pub disease: Name,
    /// Total cost in fen; must equal the sum of the costs.
    pub total: Fen,
    /// The costs.
    pub costs: Costs,
}

/// A bill's costs: fee lines that this engine splits, or the parts the place of care has split already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Costs {
    /// Fee lines.
    Lines(Vec<Line>),
    /// The four parts.
    Parts(Parts),
}

/// The four parts of a bill (national interface: `fulamt_ownpay_amt`, `overlmt_selfpay`, `preselfpay_amt`, `inscp_scp_amt`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// Outside the catalogue, fen.
    pub outside_catalogue: Fen,
    /// Above price limits, fen.
    pub over_limit: Fen,
    /// First self-paid share, fen.
    pub first_self_paid: Fen,
    /// Within policy scope, fen.
    pub within_scope: Fen,
    /// Of `over_limit`, what the hospital bears, fen. Only of a bill that the place of care has split: where this engine splits
    /// lines, [`crate::LineSplit`] says it.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub hospital: Fen,
    /// Of `within_scope`, what is borne apart from all benefits (GX-19), fen. As `hospital`.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub apart: Fen,
}

/// Parts are stored as before where nothing is borne by the hospital or apart.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_nothing(amount: &Fen) -> bool {
    amount.is_zero()
}

impl Parts {
    /// The sum of the four parts; the national interface's first identity (`domain.md` 1.4).
    #[must_use]
    pub fn total(&self) -> Fen {
        self.outside_catalogue + self.over_limit + self.first_self_paid + self.within_scope
    }

    /// Whether what the hospital bears, and what is borne apart, are parts of what they are of.
    pub(crate) fn are_within(&self) -> bool {
        self.hospital <= self.over_limit && self.apart <= self.within_scope
    }
}

/// A fee line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Catalogue code or name of the item.
    pub item: String,
    /// Kind of item.
    pub kind: LineKind,
    /// Class in the catalogue; `None` is outside it.
    pub class: Option<LineClass>,
    /// Amount of the line, fen.
    pub amount: Fen,
    /// Quantity, an exact decimal.
    pub quantity: Rate,
    /// Price of a unit, fen.
    pub unit_price: Fen,
    /// The catalogue's price limit for a unit, fen.
    pub price_limit: Option<Fen>,
    /// The catalogue's first self-paid share.
    pub first_self_paid: Option<Rate>,
    /// Whether it belongs to a designated epidemic.
    pub epidemic: Epidemic,
}

/// What a person's year has accumulated, and the balances of the accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accumulators {
    /// Admissions counted this year.
    pub admissions: u16,
    /// Balance of the own personal account, fen.
    pub account: Fen,
    /// What relatives' accounts offer, fen.
    pub family_account: Fen,
    /// The meters, in the order in which they first counted.
    pub meters: Vec<Meter>,
}

/// A named count of a person's year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    /// Its name: `resident.inpatient.pooled`.
    pub name: Name,
    /// The part of a ceiling per disease, quarter or month; empty for the whole.
    pub part: Name,
    /// What it counts.
    pub counts: Counts,
}

/// What a meter counts, each in fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Costs the layer looked at.
    pub base: Fen,
    /// Deductible paid.
    pub deductible: Fen,
    /// Paid by the layer.
    pub paid: Fen,
    /// Costs it paid on.
    pub cost: Fen,
}

impl Accumulators {
    /// The counts of a meter; nothing where it never counted.
    #[must_use]
    pub fn counts(&self, name: &Name, part: &Name) -> Counts {
        let found = self.meters.iter().find(|meter| meter.name == *name && meter.part == *part);
        found.map_or_else(Counts::default, |meter| meter.counts)
    }

    /// Adds to a meter, making it if it never counted.
    pub(crate) fn add(&mut self, name: &Name, part: &Name, more: &Counts) {
        if *more == Counts::default() {
            return;
        }
        if let Some(meter) = self.meters.iter_mut().find(|meter| meter.name == *name && meter.part == *part) {
            meter.counts.add(more);
        } else {
            self.meters.push(Meter { name: *name, part: *part, counts: *more });
        }
    }
}

impl Counts {
    fn add(&mut self, more: &Self) {
        self.base += more.base;
        self.deductible += more.deductible;
        self.paid += more.paid;
        self.cost += more.cost;
    }
}
