//! Questions other than bills: contributions, coverage, the watch list, indicators.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use money::{Fen, Rate};
use serde::{Deserialize, Serialize};
use terms::{Category, College, CountyKind, Division, EnrolHow, Filing, Name, PersonGroup, Scheme};

use crate::SourceId;
use crate::decision::Cause;

/// A value that was used for an answer, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FoundValue {
    /// The parameter's name.
    pub name: String,
    /// Where the value stands.
    pub source: SourceId,
}

/// Who asks what a year's contribution is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContributionFacts {
    /// Place of insurance.
    pub division: Division,
    /// Scheme.
    pub scheme: Scheme,
    /// The year that is covered; its first day decides which values are in force.
    pub cover_year: i32,
    /// Group of insured people.
    pub group: PersonGroup,
    /// Assistance categories; the most favourable counts.
    pub categories: Vec<Category>,
    /// Kind of county.
    pub county: CountyKind,
    /// Whether at a college directly under the region.
    pub college: College,
    /// How many people: all amounts are multiplied.
    pub people: u32,
    /// Yearly premium base of an employee, fen.
    pub premium_base: Fen,
}

/// What a year's contribution is, and who bears it; amounts in fen for all people together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Contribution {
    /// Individual premium of residents.
    pub premium: Fen,
    /// Government subsidy. A level's part that `unknown` names is not known, and zero here.
    pub subsidy: Fen,
    /// Of the subsidy: the centre.
    pub central: Fen,
    /// Of the subsidy: the province or region.
    pub province: Fen,
    /// Of the subsidy: the city.
    pub city: Fen,
    /// Of the subsidy: the county or district.
    pub county: Fen,
    /// Of the premium: paid by the assistance fund.
    pub assisted: Fen,
    /// Of the premium: paid by the person; `None` where the pack says that no rate is known.
    pub own: Option<Fen>,
    /// Employees: the employer's premium; `None` where the pack says that no rate is known.
    pub employer: Option<Fen>,
    /// Employees: the own premium; `None` where the pack says that no rate is known.
    pub employee: Option<Fen>,
    /// Credited to personal accounts.
    pub credit: Fen,
    /// Premium and subsidy, or employer's and employee's premium; `None` where the pack says that no rate is known.
    pub total: Option<Fen>,
    /// The values used.
    pub values: Vec<FoundValue>,
    /// Why an amount above is `None`, or a level's part of the subsidy not known: the parameter nobody has given, with its clauses.
    pub unknown: Vec<Cause>,
}

/// Who asks from when to when a person is covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageFacts {
    /// Place of insurance.
    pub division: Division,
    /// Scheme.
    pub scheme: Scheme,
    /// Group of insured people.
    pub group: PersonGroup,
    /// Assistance categories; the most favourable counts.
    pub categories: Vec<Category>,
    /// How the person came to be enrolled.
    pub how: EnrolHow,
    /// The year that is covered.
    pub cover_year: i32,
    /// Day of payment.
    pub paid: NaiveDate,
    /// Day of enrolment.
    pub enrolled: NaiveDate,
    /// The day on which that was done, where the enrolment is dated back; none: on the day of enrolment.
    #[serde(default)]
    pub joined: Option<NaiveDate>,
    /// Day of birth, for newborns.
    pub born: Option<NaiveDate>,
    /// Day on which the other scheme's insurance stopped.
    pub employee_ended: Option<NaiveDate>,
    /// Years without insurance before this one.
    pub broken_years: u32,
    /// Of those, years paid for afterwards.
    pub repaid_years: u32,
}

/// From when to when a person is covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// First day with benefits.
    pub from: NaiveDate,
    /// Last day with benefits.
    pub to: NaiveDate,
    /// Months of waiting.
    pub waiting_months: u32,
    /// How the enrolment counts: a newborn enrolled too late counts as late.
    pub counts_as: EnrolHow,
    /// The values used.
    pub values: Vec<FoundValue>,
}

/// Who asks whether a person is on the watch list (SD-9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchFacts {
    /// Place of insurance.
    pub division: Division,
    /// Scheme.
    pub scheme: Scheme,
    /// Assistance categories.
    pub categories: Vec<Category>,
    /// The day.
    pub on: NaiveDate,
    /// The year's burden within scope so far, fen.
    pub burden: Fen,
}

/// Whether a person is on the watch list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Watch {
    /// Whether the burden is above the line.
    pub listed: bool,
    /// The line, fen.
    pub line: Fen,
    /// The meter whose base is the burden that is compared.
    pub meter: Option<Name>,
    /// The values used.
    pub values: Vec<FoundValue>,
}

/// What of a year's start payers have paid whose fund another service keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaidBefore {
    /// The scheme whose benefits the start is of; none where none of its meters is known.
    pub scheme: Option<Scheme>,
    /// What each payer paid, in fen; who paid nothing is left out.
    pub held: BTreeMap<Name, Fen>,
}

/// How much the layers that count in a meter can have paid in a year, whoever the person is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MostPaid {
    whole: Option<Option<Fen>>,
    part: Option<Option<Fen>>,
    /// Whether it counts the costs its layers looked at too: one that several layers share counts what they paid only.
    is_shared: bool,
    /// Whether layers of other meters count their deductible in it.
    is_lent: bool,
}

impl MostPaid {
    /// The most in the whole year, in fen; none where there is no end.
    #[must_use]
    pub fn whole(&self) -> Option<Fen> {
        self.whole.flatten()
    }

    /// The most in one part of the year, or for one disease, in fen; none where there is no end.
    #[must_use]
    pub fn part(&self) -> Option<Fen> {
        self.part.flatten()
    }

    /// Whether it counts the costs its layers looked at, so that nothing is paid of none.
    #[must_use]
    pub const fn counts_base(&self) -> bool {
        !self.is_shared
    }

    /// Whether the deductible and the costs paid on that it counts are of the costs it counts, so that they are no more together.
    #[must_use]
    pub const fn counts_parts_of_base(&self) -> bool {
        !self.is_shared && !self.is_lent
    }

    pub(crate) fn of_whole(&mut self, most: Option<Fen>) {
        self.whole = Some(higher(self.whole, most));
    }

    pub(crate) fn of_part(&mut self, most: Option<Fen>) {
        self.part = Some(higher(self.part, most));
    }

    pub(crate) const fn share(&mut self) {
        self.is_shared = true;
    }

    pub(crate) const fn lend(&mut self) {
        self.is_lent = true;
    }
}

/// The higher of two ends; no end is the highest.
fn higher(before: Option<Option<Fen>>, now: Option<Fen>) -> Option<Fen> {
    match before {
        None => now,
        Some(before) => before.zip(now).map(|(before, now)| before.max(now)),
    }
}

/// Who asks how much of a year a payer pays at most whose fund another service keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitFacts {
    /// Place of insurance.
    pub division: Division,
    /// Scheme.
    pub scheme: Scheme,
    /// The payer's name in packs.
    pub payer: Name,
    /// Assistance categories; the highest of their limits counts.
    pub categories: Vec<Category>,
    /// The day whose rules apply.
    pub on: NaiveDate,
}

/// Who asks how an aggregate compares with its target (SX-5, GX-4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndicatorFacts {
    /// Place of insurance.
    pub division: Division,
    /// The indicator.
    pub name: String,
    /// The day.
    pub on: NaiveDate,
    /// Paid by funds, fen.
    pub fund: Fen,
    /// Costs within scope, fen.
    pub within_scope: Fen,
}

/// How an aggregate compares with its target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Indicator {
    /// The share, four decimals, half up.
    pub share: Rate,
    /// The target.
    pub target: Rate,
    /// Whether the share is below the target.
    pub below: bool,
    /// The values used.
    pub values: Vec<FoundValue>,
}

/// A filing of care elsewhere that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilingFacts {
    /// Place of insurance.
    pub division: Division,
    /// As what it is filed.
    pub kind: Filing,
    /// The city or province it is filed to.
    pub destination: Division,
    /// The day on which it is filed: that day's rules hold.
    pub filed: NaiveDate,
    /// Its first day.
    pub from: NaiveDate,
    /// Its last day; none where no end is asked for.
    pub to: Option<NaiveDate>,
    /// The kinds of documents that are handed in.
    pub documents: Vec<Name>,
    /// Whether those that are missing are promised.
    pub promise: bool,
}

/// What a filing is under the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilingTerms {
    /// Its last day; none where it has no end.
    pub to: Option<NaiveDate>,
    /// The kinds of documents that were promised.
    pub due: Vec<Name>,
    /// The values that were used.
    pub values: Vec<FoundValue>,
}
