//! A year that is drawn: the same seed and scale give the same people and bills. Everybody in it is made up, and says so.

use std::num::NonZeroU32;

use chrono::{Datelike as _, Days, Months, NaiveDate};
use pb::assistance::v1::ReportTerms;
use pb::policy::v1::bill::Costs;
use pb::policy::v1::{Bill, Parts, PersonFacts};
use pb::settlement::v1::{SettleRequest, Submission};
use serde::Deserialize;
use terms::{Care, Category, Division, Filing, Institution, PersonGroup, Place, Referral, Scheme};
use wire::write::word;

use crate::error::Error;

/// What says in each id that it is made up.
pub(super) const GENERATED: &str = "generated";

/// The shape of a year, as it stands in year.json.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Shape {
    division: Division,
    from: NaiveDate,
    months: u32,
    group: PersonGroup,
    age: u32,
    diseases: Vec<String>,
    categories: Vec<Category>,
    kinds: Vec<Kind>,
}

/// The bills of a kind of care.
#[derive(Clone, Debug, Deserialize)]
struct Kind {
    care: Care,
    bills: u32,
    /// Of them, those of people who are assisted.
    assisted: u32,
    /// Bills of a person.
    each: NonZeroU32,
    /// The longest stay.
    days: u32,
    disease: String,
    institutions: Vec<Institution>,
    least_fen: u64,
    most_fen: u64,
    outside_percent: u64,
    own_percent: u64,
}

/// A year that was drawn.
#[derive(Clone, Debug)]
pub(super) struct Year {
    pub(super) division: Division,
    pub(super) from: NaiveDate,
    months: u32,
    facts: PersonFacts,
    pub(super) people: Vec<Person>,
    pub(super) seed: u64,
    planned: Vec<Planned>,
}

/// How many bills there are of a kind of care, and how many of them are of people who are assisted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) care: Care,
    pub(super) bills: u32,
    pub(super) assisted: u32,
}

/// Somebody made up.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) id: String,
    pub(super) category: Option<Category>,
    /// In the order in which they are settled.
    pub(super) bills: Vec<Billed>,
}

/// A bill that was drawn; amounts in fen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Billed {
    pub(super) id: String,
    pub(super) care: Care,
    institution: Institution,
    hospital: String,
    disease: String,
    from: NaiveDate,
    pub(super) settled: NaiveDate,
    pub(super) total: i64,
    outside: i64,
    own: i64,
    pub(super) within_scope: i64,
}

impl Shape {
    /// The one that is built in.
    pub(super) fn built_in() -> Result<Self, Error> {
        serde_json::from_str(include_str!("../../../year.json")).map_err(Error::Year)
    }

    /// Draws a year; of all bills one of `scale`, rounded up.
    pub(super) fn year(self, seed: u64, scale: NonZeroU32) -> Year {
        let scaled = |kind: &Kind| {
            let (bills, assisted) = (kind.bills.div_ceil(scale.get()), kind.assisted.div_ceil(scale.get()));
            Planned { care: kind.care, bills, assisted }
        };
        let planned: Vec<Planned> = self.kinds.iter().map(scaled).collect();
        let mut lot = Lot(seed);
        let assisted = planned.iter().zip(&self.kinds).map(|(plan, kind)| plan.assisted.div_ceil(kind.each.get()));
        let assisted = assisted.max().unwrap_or_default();
        let mut people: Vec<Person> = Vec::new();
        for (plan, kind) in planned.iter().zip(&self.kinds) {
            for number in 0..plan.bills {
                // of a kind that assistance pays nothing of everybody has bills
                let nobody_apart = plan.assisted == 0 || number < plan.assisted;
                let at = if nobody_apart { number } else { number - plan.assisted } / kind.each.get();
                let at = if nobody_apart { at } else { at + assisted };
                while u32::try_from(people.len()).is_ok_and(|known| known <= at) {
                    let category = people.len() < usize::try_from(assisted).unwrap_or_default();
                    let category = if category { lot.one(&self.categories) } else { None };
                    let id = format!("{GENERATED}-{seed}-person-{:06}", people.len());
                    people.push(Person { id, category, bills: Vec::new() });
                }
                let billed = self.bill(kind, &mut lot, &format!("{GENERATED}-{}-{number:06}", kind.care));
                if let Some(person) = usize::try_from(at).ok().and_then(|at| people.get_mut(at)) {
                    person.bills.push(billed);
                }
            }
        }
        for person in &mut people {
            person.bills.sort_by_key(|bill| bill.settled);
        }
        let facts = PersonFacts {
            division: self.division.to_string(),
            schemes: vec![word(Scheme::Resident)],
            group: word(self.group),
            age: Some(self.age),
            diseases: self.diseases,
            ..PersonFacts::default()
        };
        let Self { division, from, months, .. } = self;
        Year { division, from, months, facts, people, seed, planned }
    }

    fn bill(&self, kind: &Kind, lot: &mut Lot, id: &str) -> Billed {
        let month = u32::try_from(lot.below(u64::from(self.months))).unwrap_or_default();
        let month = self.from.checked_add_months(Months::new(month)).unwrap_or(self.from);
        // every month has so many days
        let settled = month.checked_add_days(Days::new(lot.below(28))).unwrap_or(month);
        let from = settled.checked_sub_days(Days::new(lot.below(u64::from(kind.days) + 1))).unwrap_or(settled);
        let institution = lot.one(&kind.institutions).unwrap_or(Institution::Primary);
        // low amounts are more frequent than high ones
        let most = lot.below(kind.most_fen.saturating_sub(kind.least_fen) + 1);
        let span = lot.below(most + 1);
        let total = kind.least_fen.saturating_add(span);
        let outside = total * lot.below(kind.outside_percent + 1) / 100;
        let own = total * lot.below(kind.own_percent + 1) / 100;
        let fen = |amount: u64| i64::try_from(amount).unwrap_or(i64::MAX);
        let letter = if institution == Institution::Pharmacy { 'P' } else { 'H' };
        Billed {
            id: id.to_owned(),
            care: kind.care,
            institution,
            hospital: format!("{letter}{:011}", lot.below(20) + 1),
            disease: kind.disease.clone(),
            from: from.max(self.from),
            settled,
            total: fen(total),
            outside: fen(outside),
            own: fen(own),
            within_scope: fen(total) - fen(outside) - fen(own),
        }
    }
}

impl Year {
    /// How many bills there are.
    pub(super) fn bills(&self) -> u64 {
        self.people.iter().map(|person| u64::try_from(person.bills.len()).unwrap_or_default()).sum()
    }

    /// What there is of each kind of care.
    pub(super) fn planned(&self) -> Vec<Planned> {
        self.planned.clone()
    }

    /// What a report on it is about.
    pub(super) fn terms(&self) -> ReportTerms {
        let last = self.from.checked_add_months(Months::new(self.months.saturating_sub(1))).unwrap_or(self.from);
        ReportTerms {
            from_month: month(self.from),
            to_month: month(last),
            divisions: vec![self.division.to_string()],
            scheme: None,
        }
    }

    /// A bill as it is handed in; as what its person is assisted is for the assistance service to say.
    pub(super) fn request(&self, person: &Person, billed: &Billed) -> SettleRequest {
        let parts = Parts {
            outside_catalogue_fen: billed.outside,
            over_limit_fen: 0,
            first_self_paid_fen: billed.own,
            within_scope_fen: billed.within_scope,
            hospital_fen: 0,
            apart_fen: 0,
        };
        let bill = Bill {
            bill_id: billed.id.clone(),
            care: word(billed.care),
            institution: word(billed.institution),
            place: word(Place::Local),
            filing: word(Filing::AtHome),
            referral: word(Referral::Followed),
            from_date: billed.from.to_string(),
            to_date: billed.settled.to_string(),
            settled_date: billed.settled.to_string(),
            disease: billed.disease.clone(),
            total_fen: billed.total,
            costs: Some(Costs::Parts(parts)),
            use_account: Some(false),
        };
        let submission = Submission {
            person_id: person.id.clone(),
            institution_id: billed.hospital.clone(),
            visit_id: format!("{GENERATED}-visit"),
            bill: Some(bill),
            person_facts: Some(self.facts.clone()),
            ..Submission::default()
        };
        SettleRequest { idempotency_key: format!("{}-{}", self.seed, billed.id), submission: Some(submission) }
    }
}

/// The month of a day, as reports write it.
pub(super) fn month(day: NaiveDate) -> String {
    format!("{:04}-{:02}", day.year(), day.month())
}

/// What is drawn: the same numbers for the same seed (SplitMix64).
struct Lot(u64);

impl Lot {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below another; 0 where that is 0.
    fn below(&mut self, end: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(end);
        u64::try_from(wide >> 64).unwrap_or_default()
    }

    /// One of several; none where there is none.
    fn one<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        let at = self.below(u64::try_from(of.len()).unwrap_or_default());
        of.get(usize::try_from(at).unwrap_or_default()).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn year(seed: u64, scale: u32) -> Year {
        Shape::built_in().unwrap().year(seed, NonZeroU32::new(scale).unwrap())
    }

    #[test]
    fn a_whole_year_has_the_counts_of_tb_4_and_says_that_it_is_made_up() {
        let year = year(1, 1);
        let count = |care: Care, is_assisted: bool| {
            let of = |person: &&Person| !is_assisted || person.category.is_some();
            let bills = year.people.iter().filter(of).flat_map(|person| &person.bills);
            bills.filter(|bill| bill.care == care).count()
        };
        let counts = [Care::Inpatient, Care::Chronic, Care::Outpatient].map(|care| count(care, false));
        assert_eq!(counts, [10_930, 28_552, 23_869]);
        assert_eq!((count(Care::Inpatient, true), count(Care::Chronic, true)), (523, 2_845));
        assert_eq!(year.bills(), 63_351);
        let keys: BTreeSet<String> = year
            .people
            .iter()
            .flat_map(|person| person.bills.iter().map(|bill| year.request(person, bill).idempotency_key))
            .collect();
        assert_eq!(keys.len(), 63_351);
        let people: BTreeSet<&String> = year.people.iter().map(|person| &person.id).collect();
        assert!(people.len() == year.people.len() && people.iter().all(|id| id.starts_with(GENERATED)));
        let months: BTreeSet<String> =
            year.people.iter().flat_map(|person| &person.bills).map(|bill| month(bill.settled)).collect();
        assert_eq!((months.len(), months.first().unwrap().as_str()), (10, "2022-01"));
    }

    #[test]
    fn the_same_seed_gives_the_same_year_and_a_hundredth_is_rounded_up() {
        let bills = |year: Year| year.people.into_iter().flat_map(|person| person.bills).collect::<Vec<_>>();
        assert_eq!(bills(year(3, 100)), bills(year(3, 100)));
        assert_ne!(bills(year(3, 100)), bills(year(4, 100)));
        assert_eq!(year(3, 100).bills(), 110 + 286 + 239);
        for bill in bills(year(3, 100)) {
            assert!(bill.within_scope > 0 && bill.total == bill.within_scope + bill.outside + bill.own);
            assert!(bill.from <= bill.settled);
        }
    }
}
