//! What a report adds up: claims that stand, by place, month and category; in each sum a person counts once.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{Datelike as _, Months, NaiveDate};
use money::Fen;
use terms::{Care, Category, Division, Name};

/// A month of settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Month(NaiveDate);

impl Month {
    /// The month of a day.
    pub(crate) fn of(day: NaiveDate) -> Self {
        Self(day.with_day(1).unwrap_or(day))
    }

    /// From this one to another, both included.
    pub(crate) fn until(self, last: Self) -> impl Iterator<Item = Self> {
        let next = |month: &Self| month.0.checked_add_months(Months::new(1)).map(Self);
        std::iter::successors(Some(self), next).take_while(move |month| *month <= last)
    }

    /// Its last day.
    pub(crate) fn last_day(self) -> NaiveDate {
        let next = self.0.checked_add_months(Months::new(1));
        next.and_then(|next| next.pred_opt()).unwrap_or(self.0)
    }
}

/// `2022-10`.
impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

/// A claim that stands, as reports count it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) claim: Name,
    pub(crate) person: Name,
    pub(crate) division: Division,
    pub(crate) month: Month,
    pub(crate) care: Care,
    /// The category under which it was computed.
    pub(crate) category: Category,
    pub(crate) total: Fen,
    pub(crate) within_scope: Fen,
    /// All funds, within scope.
    pub(crate) fund: Fen,
    pub(crate) cash: Fen,
    pub(crate) payers: Vec<(Name, Fen)>,
    /// Whether a held payer paid something of it.
    pub(crate) is_assisted: bool,
}

/// A sum over claims.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) people: u64,
    pub(crate) bills: u64,
    pub(crate) people_assisted: u64,
    pub(crate) bills_assisted: u64,
    pub(crate) total: Fen,
    pub(crate) within_scope: Fen,
    pub(crate) fund: Fen,
    pub(crate) cash: Fen,
    pub(crate) payers: BTreeMap<Name, Fen>,
}

impl Sum {
    /// Counts a claim, and its person not yet.
    fn bill(&mut self, claim: &Counted) {
        self.bills += 1;
        self.bills_assisted += u64::from(claim.is_assisted);
        self.total += claim.total;
        self.within_scope += claim.within_scope;
        self.fund += claim.fund;
        self.cash += claim.cash;
        for (payer, amount) in &claim.payers {
            *self.payers.entry(*payer).or_default() += *amount;
        }
    }

    fn person(&mut self, is_assisted: bool) {
        self.people += 1;
        self.people_assisted += u64::from(is_assisted);
    }
}

/// What a row is about; none: all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cell {
    pub(crate) division: Option<Division>,
    pub(crate) month: Option<Month>,
    pub(crate) category: Option<Category>,
}

/// A row of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) cell: Cell,
    /// Only kinds of care of which there is a claim.
    pub(crate) cares: BTreeMap<Care, Sum>,
    pub(crate) sum: Sum,
}

/// Rows that claims are added to, the claims of a person one after the other: so that people are counted without being remembered.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: BTreeMap<Cell, Row>,
    person: Option<Name>,
    /// Where the person at hand was seen, and whether a held payer paid something there; by kind of care and over all kinds.
    seen: BTreeMap<(Cell, Option<Care>), bool>,
}

impl Table {
    /// A row that is there also where nothing is added to it.
    pub(crate) fn open(&mut self, cell: Cell) {
        self.rows.entry(cell).or_insert_with(|| Row { cell, ..Row::default() });
    }

    /// Adds a claim to rows.
    pub(crate) fn add(&mut self, claim: &Counted, cells: &[Cell]) {
        if self.person != Some(claim.person) {
            self.count();
            self.person = Some(claim.person);
        }
        for cell in cells {
            self.open(*cell);
            let Some(row) = self.rows.get_mut(cell) else { continue };
            row.sum.bill(claim);
            row.cares.entry(claim.care).or_default().bill(claim);
            for care in [None, Some(claim.care)] {
                *self.seen.entry((*cell, care)).or_default() |= claim.is_assisted;
            }
        }
    }

    /// The rows, in order of place, month and category; it is empty then.
    pub(crate) fn take(&mut self) -> BTreeMap<Cell, Row> {
        self.count();
        self.person = None;
        std::mem::take(&mut self.rows)
    }

    /// Counts the person at hand.
    fn count(&mut self) {
        for ((cell, care), is_assisted) in std::mem::take(&mut self.seen) {
            let Some(row) = self.rows.get_mut(&cell) else { continue };
            match care {
                None => row.sum.person(is_assisted),
                Some(care) => row.cares.entry(care).or_default().person(is_assisted),
            }
        }
    }
}

/// A division with all below it, by its codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Territory {
    first: u32,
    last: u32,
}

impl Territory {
    /// A division with all below it.
    pub(crate) fn of(division: Division) -> Self {
        let first = division.code();
        let below = [10_000, 100].into_iter().find(|size| first.is_multiple_of(*size)).unwrap_or(1);
        Self { first, last: first.saturating_add(below - 1) }
    }

    /// Divisions, each with all below it, so that nothing is in two of them; in order.
    pub(crate) fn apart(divisions: &[Division]) -> Vec<Self> {
        let mut all: Vec<Self> = divisions.iter().copied().map(Self::of).collect();
        // of two that begin alike the larger comes first
        all.sort_by_key(|one| (one.first, std::cmp::Reverse(one.last)));
        let mut apart: Vec<Self> = Vec::with_capacity(all.len());
        for one in all {
            if apart.last().is_none_or(|before| before.last < one.first) {
                apart.push(one);
            }
        }
        apart
    }

    /// Whether a division is in it.
    pub(crate) fn holds(self, division: Division) -> bool {
        (self.first..=self.last).contains(&division.code())
    }

    /// Its first and its last code.
    pub(crate) fn codes(self) -> (String, String) {
        (format!("{:06}", self.first), format!("{:06}", self.last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn division(code: &str) -> Division {
        code.parse().unwrap()
    }

    fn month(text: &str) -> Month {
        Month::of(format!("{text}-01").parse().unwrap())
    }

    fn claim(id: &str, person: &str, at: &str, assisted: bool) -> Counted {
        Counted {
            claim: Name::new(id).unwrap(),
            person: Name::new(person).unwrap(),
            division: division("990100"),
            month: month(at),
            care: Care::Inpatient,
            category: Category::Destitute,
            total: Fen::new(100),
            within_scope: Fen::new(90),
            fund: Fen::new(60),
            cash: Fen::new(40),
            payers: vec![(Name::new("fund").unwrap(), Fen::new(60))],
            is_assisted: assisted,
        }
    }

    #[test]
    fn months_are_counted_over_the_new_year_and_end_on_their_last_day() {
        let months: Vec<String> = month("2021-11").until(month("2022-02")).map(|month| month.to_string()).collect();
        assert_eq!(months, ["2021-11", "2021-12", "2022-01", "2022-02"]);
        assert_eq!(month("2024-02").last_day().to_string(), "2024-02-29");
        assert_eq!(month("2022-02").until(month("2022-01")).count(), 0);
    }

    #[test]
    fn a_division_in_another_is_asked_about_once() {
        let all = ["990102", "990100", "980000", "990203", "990102"].map(division);
        let apart: Vec<_> = Territory::apart(&all).into_iter().map(Territory::codes).collect();
        let expected = [("980000", "989999"), ("990100", "990199"), ("990203", "990203")];
        assert_eq!(apart, expected.map(|(first, last)| (first.to_owned(), last.to_owned())));
        assert!(Territory::of(division("990000")).holds(division("990102")));
        assert!(!Territory::of(division("990100")).holds(division("990200")));
    }

    #[test]
    fn a_person_counts_once_in_every_row_and_as_assisted_where_one_bill_was() {
        let mut table = Table::default();
        let (all, january) = (Cell::default(), Cell { month: Some(month("2022-01")), ..Cell::default() });
        let february = Cell { month: Some(month("2022-02")), ..Cell::default() };
        table.add(&claim("C1", "P1", "2022-01", false), &[all, january]);
        table.add(&claim("C2", "P1", "2022-01", true), &[all, january]);
        table.add(&claim("C3", "P1", "2022-02", false), &[all, february]);
        table.add(&claim("C4", "P2", "2022-02", false), &[all, february]);
        let rows = table.take();
        let people = |cell| {
            let sum = &rows[&cell].sum;
            assert_eq!(rows[&cell].cares[&Care::Inpatient], *sum);
            (sum.people, sum.bills, sum.people_assisted, sum.bills_assisted, sum.fund.get())
        };
        assert_eq!(people(all), (2, 4, 1, 1, 240));
        assert_eq!(people(january), (1, 2, 1, 1, 120));
        assert_eq!(people(february), (2, 2, 0, 0, 120));
        assert!(table.take().is_empty());
    }
}
