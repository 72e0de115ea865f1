use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use money::Fen;
use pb::policy::v1::{Contribution, Coverage, FoundValue};
use serde::{Deserialize, Serialize};
use terms::{Category, College, CountyKind, Division, EnrolHow, PersonGroup, Scheme};

use super::{CoverageKind, Days, EndReason, PremiumSource, State};

/// What a person is enrolled for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Terms {
    pub(crate) division: Division,
    pub(crate) scheme: Scheme,
    pub(crate) group: PersonGroup,
    pub(crate) cover_year: i32,
    pub(crate) how: EnrolHow,
    pub(crate) enrolled: NaiveDate,
    /// The day of the call, where the day of enrolment follows from another insurance's last day and is before it.
    #[serde(default)]
    pub(crate) joined: Option<NaiveDate>,
    pub(crate) county: CountyKind,
    pub(crate) college: College,
    pub(crate) categories: Vec<Category>,
    /// The grants they come from, where assistance was asked; none where they were handed in.
    #[serde(default)]
    pub(crate) grants: Option<Vec<String>>,
    pub(crate) employer: String,
    pub(crate) premium_base: Fen,
    pub(crate) history: History,
}

impl Terms {
    /// What assistance has granted counts from here on.
    pub(crate) fn granted(&mut self, granted: Granted) {
        self.categories = granted.categories;
        self.grants = Some(granted.grants);
    }

    /// First and last day of the cover year.
    pub(crate) fn year(&self) -> Days {
        let day = |month, day| NaiveDate::from_ymd_opt(self.cover_year, month, day).unwrap_or_default();
        Days { from: day(1, 1), to: day(12, 31) }
    }

    /// Begins the day after another insurance's last day, by a call of `today`.
    pub(crate) fn after(&mut self, ended: NaiveDate, today: NaiveDate) {
        self.enrolled = ended.succ_opt().unwrap_or(ended);
        self.joined = Some(today).filter(|today| *today > self.enrolled);
        self.history.employee_ended = Some(ended);
    }

    /// Whether one premium is due for both, of one person: the place, scheme and cover year; of employees the employer and group too.
    pub(crate) fn shares_premium(&self, other: &Self) -> bool {
        let whose = |terms: &Self| match terms.scheme {
            Scheme::Resident => None,
            Scheme::Employee => Some((super::certificate_key(&terms.employer), terms.group)),
        };
        let of = |terms: &Self| (terms.division, terms.scheme, terms.cover_year, whose(terms));
        of(self) == of(other)
    }

    /// The day before which nothing holds: the other insurance ran until then.
    pub(crate) fn not_before(&self) -> Option<NaiveDate> {
        self.history.employee_ended.and_then(|ended| ended.succ_opt())
    }
}

/// What assistance has granted a person that holds on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Granted {
    /// Each once, in order.
    pub(crate) categories: Vec<Category>,
    /// The ids of the grants.
    pub(crate) grants: Vec<String>,
}

/// What a person's insurance was before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct History {
    pub(crate) broken_years: u32,
    pub(crate) repaid_years: u32,
    pub(crate) employee_ended: Option<NaiveDate>,
    pub(crate) carried_months: u32,
}

/// A premium paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Payment {
    pub(crate) amount: Fen,
    pub(crate) paid: NaiveDate,
    pub(crate) source: PremiumSource,
    pub(crate) owner: Option<String>,
    pub(crate) receipt: String,
}

/// Days on which benefits are suspended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Suspension {
    pub(crate) from: NaiveDate,
    pub(crate) to: Option<NaiveDate>,
    pub(crate) reason: String,
    pub(crate) resumed_because: String,
}

/// The days with benefits that follow from the payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Covered {
    pub(crate) days: Days,
    pub(crate) waiting_months: u32,
}

/// A version of an enrolment: one person, one scheme, one place, one cover year.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Enrolment {
    pub(crate) id: String,
    pub(crate) person: String,
    pub(crate) terms: Terms,
    pub(crate) state: State,
    /// The category under which the premium was computed.
    pub(crate) category: Category,
    /// The days for which it holds; none where it ended before it began.
    pub(crate) days: Option<Days>,
    pub(crate) payment: Option<Payment>,
    pub(crate) covered: Option<Covered>,
    pub(crate) suspensions: Vec<Suspension>,
    pub(crate) ended: Option<NaiveDate>,
    pub(crate) end_reason: Option<EndReason>,
    /// Whether it ended before its cover began, so that what was booked for it is undone.
    #[serde(default)]
    pub(crate) void: bool,
    /// The enrolment whose premium of this cover year it rests on; none where it has one of its own.
    #[serde(default)]
    pub(crate) premium_of: Option<String>,
    /// The policy version that computed the contribution.
    pub(crate) contribution_version: String,
    /// The policy version that computed contribution and coverage.
    pub(crate) policy_version: String,
    #[serde(skip)]
    pub(crate) version: i64,
    #[serde(skip)]
    pub(crate) recorded_at: DateTime<Utc>,
    /// The contribution as it was answered, with its citations.
    #[serde(skip)]
    pub(crate) contribution: Contribution,
    /// The coverage as the policy answered it, with its citations.
    #[serde(skip)]
    pub(crate) coverage: Option<Coverage>,
}

impl Enrolment {
    /// Whether it counts as never made: it was a mistake, or a duplicate of which no day is left, or its cover never began.
    pub(crate) fn never_was(&self) -> bool {
        self.void
            || self.end_reason == Some(EndReason::Mistake)
            || (self.end_reason == Some(EndReason::Duplicate) && self.days.is_none())
    }

    /// Whether a premium of its own was paid and stands.
    pub(crate) fn bears_premium(&self) -> bool {
        self.premium_of.is_none() && self.payment.is_some() && !self.never_was()
    }

    /// Whether it is paid, and ended by what nobody chose before a day of its cover had begun.
    pub(crate) fn never_covered(&self) -> bool {
        let is_moot = matches!(self.end_reason, Some(EndReason::Death | EndReason::Transferred));
        let covered = self.covered.as_ref().map(|covered| covered.days).zip(self.days);
        is_moot && self.payment.is_some() && covered.and_then(|(covered, days)| covered.shared(days)).is_none()
    }

    /// The employer's premium, in fen: by the policy, else what an employer paid beside the own premium; none where nobody knows it.
    pub(crate) fn employer(&self) -> Option<i64> {
        let contribution = &self.contribution;
        if self.terms.scheme == Scheme::Resident || contribution.employer_fen.is_some() {
            return Some(contribution.employer_fen.unwrap_or(0));
        }
        let payment = self.payment.as_ref().filter(|payment| payment.source == PremiumSource::Employer)?;
        payment.amount.get().checked_sub(contribution.employee_fen?)
    }

    /// Whether it holds on a day, paid or not.
    pub(crate) fn holds(&self, day: NaiveDate) -> bool {
        self.days.is_some_and(|days| days.holds(day))
    }

    /// The days with benefits: the covered days without those suspended and after its end.
    pub(crate) fn benefits(&self) -> Vec<Days> {
        let covered = self.covered.as_ref().map(|covered| covered.days);
        let Some(window) = covered.zip(self.days).and_then(|(covered, days)| covered.shared(days)) else {
            return Vec::new();
        };
        let mut left = vec![window];
        for gap in self.suspended() {
            left = left.into_iter().flat_map(|days| days.without(gap)).collect();
        }
        left
    }

    fn suspended(&self) -> impl Iterator<Item = Days> {
        self.suspensions
            .iter()
            .filter_map(|suspension| Days::new(suspension.from, suspension.to.unwrap_or(super::CENTURY)))
    }

    /// Calendar months with insurance that was paid for, up to a day.
    pub(crate) fn paid_months(&self, until: NaiveDate) -> u32 {
        let covered = self.covered.as_ref().map(|covered| covered.days).zip(self.days);
        let days = covered.and_then(|(covered, days)| covered.shared(days));
        days.and_then(|days| Days::new(days.from, days.to.min(until))).map_or(0, |days| {
            let months = |day: NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month0());
            u32::try_from(months(days.to) - months(days.from) + 1).unwrap_or(0)
        })
    }
}

/// Days on which the coverage by one enrolment is of one kind.
#[derive(Clone, Debug)]
pub(crate) struct Interval {
    pub(crate) kind: CoverageKind,
    pub(crate) days: Days,
    pub(crate) enrolment: String,
    pub(crate) division: Division,
    pub(crate) scheme: Scheme,
    pub(crate) cite: Vec<String>,
    pub(crate) recorded_at: DateTime<Utc>,
}

/// The intervals of an enrolment, in order of their first day.
pub(crate) fn intervals(enrolment: &Enrolment) -> Vec<Interval> {
    let Some(held) = enrolment.days else { return Vec::new() };
    let interval = |kind, days, cite: &[FoundValue]| Interval {
        kind,
        days,
        enrolment: enrolment.id.clone(),
        division: enrolment.terms.division,
        scheme: enrolment.terms.scheme,
        cite: clauses(cite),
        recorded_at: enrolment.recorded_at,
    };
    let Some(covered) = &enrolment.covered else {
        return vec![interval(CoverageKind::Unpaid, held, &enrolment.contribution.values)];
    };
    let values = enrolment.coverage.as_ref().map_or(&[][..], |coverage| &coverage.values);
    let mut found: Vec<Interval> =
        enrolment.benefits().into_iter().map(|days| interval(CoverageKind::Benefit, days, values)).collect();
    let paid = enrolment.payment.as_ref().map_or(held.from, |payment| payment.paid.max(held.from));
    let waiting =
        covered.days.from.pred_opt().and_then(|last| Days::new(paid, last)).and_then(|days| days.shared(held));
    if covered.waiting_months > 0 {
        found.extend(waiting.map(|days| interval(CoverageKind::Waiting, days, values)));
    }
    let suspended = enrolment.suspended().filter_map(|days| days.shared(covered.days)?.shared(held));
    found.extend(suspended.map(|days| interval(CoverageKind::Suspended, days, values)));
    found.sort_by_key(|interval| interval.days.from);
    found
}

/// The clauses values rest on, each once, in order of id.
pub(crate) fn clauses(values: &[FoundValue]) -> Vec<String> {
    let cites = values.iter().filter_map(|value| value.citation.as_ref()).flat_map(|citation| &citation.cite);
    cites.collect::<std::collections::BTreeSet<_>>().into_iter().cloned().collect()
}
