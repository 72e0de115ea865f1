//! An audit of the report from outside: what the callers were answered, added up as whole fen, cell by cell. It knows neither policy,
//! nor ledger, nor how reports are made.

use std::collections::{BTreeMap, BTreeSet};

use pb::assistance::v1::ReportSum;
use pb::assistance::v1::stream_report_response::Part;
use pb::policy::v1::decision::Outcome;
use pb::settlement::v1::{Claim, ThirdSystem};
use pb::r#type::v1::{Care, Category};

use super::generate::{Billed, Person, Planned, month};
use super::serve::Reported;

/// The payers whose funds the assistance service keeps.
const HELD: [&str; 2] = ["assistance", "tilt"];

/// What the caller of a bill knows of it; amounts in fen.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) claim: String,
    /// Whether something may have changed since it was told.
    pub(super) is_open: bool,
    pub(super) person: String,
    month: String,
    care: i32,
    total: i64,
    within_scope: i64,
    answer: Answer,
}

/// What the caller was answered.
#[derive(Clone, Debug, Default)]
struct Answer {
    division: String,
    category: i32,
    fund: i64,
    cash: i64,
    payers: BTreeMap<String, i64>,
}

impl Told {
    /// A bill of a person, and the claim it became.
    pub(super) fn new(person: &Person, billed: &Billed, claim: &Claim) -> Self {
        let mut told = Self {
            claim: claim.claim_id.clone(),
            is_open: false,
            person: person.id.clone(),
            month: month(billed.settled),
            care: wire::write::word(billed.care),
            total: billed.total,
            within_scope: billed.within_scope,
            answer: Answer::default(),
        };
        told.renew(claim);
        told
    }

    /// The claim as it stands now; its share of the third system may still be short or follow.
    pub(super) fn renew(&mut self, claim: &Claim) {
        self.is_open |= matches!(claim.third_system(), ThirdSystem::Follows | ThirdSystem::Short);
        let decision = claim.decision.as_ref().and_then(|decision| decision.outcome.as_ref());
        let Some(Outcome::Settled(settled)) = decision else { return };
        let shares = settled.shares.unwrap_or_default();
        self.answer = Answer {
            division: claim.person_facts.as_ref().map(|facts| facts.division.clone()).unwrap_or_default(),
            category: settled.category,
            fund: shares.fund_fen,
            cash: shares.cash_fen,
            payers: settled.payments.iter().map(|paid| (paid.payer.clone(), paid.amount_fen)).collect(),
        };
    }

    fn is_assisted(&self) -> bool {
        HELD.iter().any(|payer| self.answer.payers.get(*payer).is_some_and(|paid| *paid > 0))
    }
}

/// Division, month, category and care; empty or none: all.
type Cell = (String, String, Option<i32>, Option<i32>);

/// The figures of a cell by name.
type Figures = BTreeMap<String, i64>;

/// What should be reported.
pub(super) struct Audit {
    planned: Vec<Planned>,
    told: BTreeMap<String, Told>,
}

impl Audit {
    pub(super) const fn new(planned: Vec<Planned>, told: BTreeMap<String, Told>) -> Self {
        Self { planned, told }
    }

    /// Claims of which something may have changed since they were told.
    pub(super) fn open(&mut self) -> impl Iterator<Item = &mut Told> {
        self.told.values_mut().filter(|told| told.is_open)
    }

    /// How many bills were settled.
    pub(super) fn bills(&self) -> u64 {
        u64::try_from(self.told.len()).unwrap_or_default()
    }

    /// How many of them were assisted.
    pub(super) fn assisted(&self) -> u64 {
        u64::try_from(self.told.values().filter(|told| told.is_assisted()).count()).unwrap_or_default()
    }

    /// How many cells were compared.
    pub(super) fn cells(&self) -> usize {
        self.expected().len()
    }

    /// Where a report is not what the callers were told, or the year not what was planned, in words.
    pub(super) fn differences(&self, report: &Reported) -> Vec<String> {
        let (expected, found) = (self.expected(), reported(report));
        let cells: BTreeSet<&Cell> = expected.keys().chain(found.keys()).collect();
        let nothing = Figures::new();
        let mut differences = Vec::new();
        for cell in cells {
            let (told, said) = (expected.get(cell).unwrap_or(&nothing), found.get(cell).unwrap_or(&nothing));
            let names: BTreeSet<&String> = told.keys().chain(said.keys()).collect();
            for name in names {
                let of = |figures: &Figures| figures.get(name).copied().unwrap_or_default();
                if of(told) != of(said) {
                    differences.push(format!("{}: {name}: told {}, reported {}", spelled(cell), of(told), of(said)));
                }
            }
        }
        differences.extend(self.not_as_planned());
        differences
    }

    /// The cells as the callers know them.
    fn expected(&self) -> BTreeMap<Cell, Figures> {
        let mut figures: BTreeMap<Cell, Figures> = BTreeMap::new();
        let mut people: BTreeMap<Cell, BTreeMap<&str, bool>> = BTreeMap::new();
        for told in self.told.values() {
            let Told { month, care, answer, .. } = told;
            let (division, category) = (&answer.division, answer.category);
            let none = String::new;
            let rows = [
                (division.clone(), month.clone(), Some(category)),
                (division.clone(), none(), None),
                (none(), month.clone(), None),
                (none(), none(), Some(category)),
                (none(), none(), None),
            ];
            for (division, month, category) in rows {
                for care in [None, Some(*care)] {
                    let cell = (division.clone(), month.clone(), category, care);
                    told.add_to(figures.entry(cell.clone()).or_default());
                    *people.entry(cell).or_default().entry(&told.person).or_default() |= told.is_assisted();
                }
            }
            if *care == i32::from(Care::Inpatient) {
                let cell = indicator(division);
                add(figures.entry(cell.clone()).or_default(), "fund", answer.fund);
                add(figures.entry(cell).or_default(), "within_scope", told.within_scope);
            }
        }
        for (cell, people) in people {
            let figures = figures.entry(cell).or_default();
            add(figures, "people", count(people.len()));
            add(figures, "people_assisted", count(people.values().filter(|is_assisted| **is_assisted).count()));
        }
        figures
    }

    /// The counts of TB-4 are kept.
    fn not_as_planned(&self) -> Vec<String> {
        let mut differences = Vec::new();
        for Planned { care, bills, assisted } in &self.planned {
            let number = wire::write::word(*care);
            let of_care: Vec<&Told> = self.told.values().filter(|told| told.care == number).collect();
            let (settled, helped) = (of_care.len(), of_care.iter().filter(|told| told.is_assisted()).count());
            if (count(settled), count(helped)) != (i64::from(*bills), i64::from(*assisted)) {
                differences.push(format!(
                    "{care}: planned {bills} bills, {assisted} assisted; settled {settled}, {helped} assisted"
                ));
            }
        }
        differences
    }
}

impl Told {
    fn add_to(&self, figures: &mut Figures) {
        let Self { total, within_scope, answer, .. } = self;
        add(figures, "bills", 1);
        add(figures, "bills_assisted", i64::from(self.is_assisted()));
        add(figures, "total", *total);
        add(figures, "within_scope", *within_scope);
        add(figures, "fund", answer.fund);
        add(figures, "cash", answer.cash);
        for (payer, amount) in &answer.payers {
            add(figures, &format!("payer {payer}"), *amount);
        }
    }
}

/// What a report says, cell by cell.
fn reported(report: &Reported) -> BTreeMap<Cell, Figures> {
    let mut found: BTreeMap<Cell, Figures> = BTreeMap::new();
    // a cell that is said twice counts twice
    let mut say = |cell, said: Figures| {
        let figures = found.entry(cell).or_default();
        said.iter().for_each(|(name, figure)| add(figures, name, *figure));
    };
    for part in &report.0 {
        match part {
            Part::Row(row) => {
                let cell = |care| (row.division.clone(), row.month.clone(), row.category, care);
                let cares = row.cares.iter().map(|one| (Some(one.care), one.sum.as_ref()));
                for (care, sum) in cares.chain([(None, row.sum.as_ref())]) {
                    say(cell(care), sum.map(figures).unwrap_or_default());
                }
            }
            Part::Indicator(one) => {
                let figures = [("fund", one.fund_fen), ("within_scope", one.within_scope_fen)];
                say(indicator(&one.division), named(figures));
            }
            Part::End(_) => {}
        }
    }
    found
}

fn figures(sum: &ReportSum) -> Figures {
    let mut figures = named([
        ("people", whole(sum.people)),
        ("bills", whole(sum.bills)),
        ("people_assisted", whole(sum.people_assisted)),
        ("bills_assisted", whole(sum.bills_assisted)),
        ("total", sum.total_fen),
        ("within_scope", sum.within_scope_fen),
        ("fund", sum.fund_fen),
        ("cash", sum.cash_fen),
    ]);
    figures.extend(sum.payers.iter().map(|one| (format!("payer {}", one.payer), one.amount_fen)));
    figures
}

fn named<const N: usize>(figures: [(&str, i64); N]) -> Figures {
    figures.into_iter().map(|(name, figure)| (name.to_owned(), figure)).collect()
}

/// The cell of what funds paid of inpatient care, in a place.
fn indicator(division: &str) -> Cell {
    (division.to_owned(), "indicator".to_owned(), None, None)
}

fn add(figures: &mut Figures, name: &str, more: i64) {
    *figures.entry(name.to_owned()).or_default() += more;
}

fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn spelled((division, month, category, care): &Cell) -> String {
    let or_all = |text: &str| if text.is_empty() { "all".to_owned() } else { text.to_owned() };
    let category = category.and_then(|number| Category::try_from(number).ok());
    let care = care.and_then(|number| Care::try_from(number).ok());
    let (category, care) = (category.map(|one| one.as_str_name()), care.map(|one| one.as_str_name()));
    format!("{} {} {} {}", or_all(division), or_all(month), category.unwrap_or("all"), care.unwrap_or("all"))
}

#[cfg(test)]
mod tests {
    use pb::assistance::v1::{CareSum, ReportRow};
    use pb::settlement::v1::PayerAmount;

    use super::*;

    const PLACE: &str = "990100";

    fn told(claim: &str, person: &str, assisted: i64) -> (String, Told) {
        let payers = [("pooled_fund", 60), ("assistance", assisted)];
        let answer = Answer {
            division: PLACE.to_owned(),
            category: Category::Destitute.into(),
            fund: 60 + assisted,
            cash: 40 - assisted,
            payers: payers.into_iter().map(|(payer, paid)| (payer.to_owned(), paid)).collect(),
        };
        let told = Told {
            claim: claim.to_owned(),
            is_open: false,
            person: person.to_owned(),
            month: "2022-01".to_owned(),
            care: Care::Chronic.into(),
            total: 100,
            within_scope: 90,
            answer,
        };
        (claim.to_owned(), told)
    }

    /// Two bills of one person, one of them assisted, as they should be reported: every cell holds both.
    fn report() -> Reported {
        let payer = |payer: &str, amount_fen| PayerAmount { payer: payer.to_owned(), amount_fen };
        let sum = ReportSum {
            people: 1,
            bills: 2,
            people_assisted: 1,
            bills_assisted: 1,
            total_fen: 200,
            within_scope_fen: 180,
            fund_fen: 130,
            cash_fen: 70,
            payers: vec![payer("assistance", 10), payer("pooled_fund", 120)],
        };
        let row = |division: &str, month: &str, category: Option<i32>| {
            let cares = vec![CareSum { care: Care::Chronic.into(), sum: Some(sum.clone()) }];
            let (division, month) = (division.to_owned(), month.to_owned());
            Part::Row(ReportRow { division, month, category, cares, sum: Some(sum.clone()) })
        };
        let category = Some(Category::Destitute.into());
        Reported(vec![
            row(PLACE, "2022-01", category),
            row(PLACE, "", None),
            row("", "2022-01", None),
            row("", "", category),
            row("", "", None),
        ])
    }

    fn audit() -> Audit {
        let planned = vec![Planned { care: terms::Care::Chronic, bills: 2, assisted: 1 }];
        Audit::new(planned, [told("C1", "P1", 10), told("C2", "P1", 0)].into())
    }

    #[test]
    fn a_report_of_what_was_told_has_no_difference_and_a_fen_is_named_with_its_cell() {
        assert_eq!((audit().differences(&report()), audit().cells()), (Vec::new(), 10));
        let mut wrong = report();
        let Some(Part::Row(row)) = wrong.0.get_mut(2) else { panic!("a row") };
        row.sum.as_mut().unwrap().cash_fen += 1;
        let expected = "all 2022-01 all all: cash: told 70, reported 71";
        assert_eq!(audit().differences(&wrong), [expected]);
    }

    #[test]
    fn a_person_counted_twice_a_row_left_out_and_a_count_that_was_not_planned_are_differences() {
        let mut twice = report();
        let Some(Part::Row(row)) = twice.0.get_mut(0) else { panic!("a row") };
        row.cares[0].sum.as_mut().unwrap().people = 2;
        let expected = "990100 2022-01 CATEGORY_DESTITUTE CARE_CHRONIC: people: told 1, reported 2";
        assert_eq!(audit().differences(&twice), [expected]);
        let mut short = report();
        short.0.pop();
        assert!(audit().differences(&short).contains(&"all all all all: bills: told 2, reported 0".to_owned()));
        let mut said_twice = report();
        said_twice.0.push(report().0.remove(0));
        assert!(!audit().differences(&said_twice).is_empty());
        let planned = vec![Planned { care: terms::Care::Chronic, bills: 2, assisted: 2 }];
        let other = Audit::new(planned, audit().told);
        assert_eq!(other.differences(&report()), ["chronic: planned 2 bills, 2 assisted; settled 2, 1 assisted"]);
    }
}
