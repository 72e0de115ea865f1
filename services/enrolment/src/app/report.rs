//! Adds up what came in, out of the journal.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rpc::Fault;
use terms::{Category, Division, IncomeSource, Scheme};

use super::{App, Problem, find};
use crate::store::report::{self, Asked, Income, People};

/// What was contributed for some people; amounts in fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Funding {
    pub(crate) people: u64,
    pub(crate) people_assisted: u64,
    pub(crate) assisted: i64,
    /// Residents' own premiums, or employees'.
    pub(crate) own: i64,
    pub(crate) employer: i64,
    pub(crate) central: i64,
    pub(crate) province: i64,
    pub(crate) city: i64,
    pub(crate) county: i64,
    /// Where the packs say no split.
    pub(crate) unsplit: i64,
    pub(crate) credit: i64,
    /// Enrolments whose employer's premium is not known.
    pub(crate) employer_unknown: u64,
}

impl Funding {
    fn booked(&mut self, income: &Income) -> Option<()> {
        let sum = match income.source.parse().ok()? {
            IncomeSource::PremiumOwn => &mut self.own,
            IncomeSource::PremiumEmployer => &mut self.employer,
            IncomeSource::PremiumAssisted => &mut self.assisted,
            IncomeSource::SubsidyCentral => &mut self.central,
            IncomeSource::SubsidyProvince => &mut self.province,
            IncomeSource::SubsidyCity => &mut self.city,
            IncomeSource::SubsidyCounty => &mut self.county,
            IncomeSource::SubsidyUnsplit => &mut self.unsplit,
        };
        *sum = sum.checked_add(income.amount_fen)?;
        Some(())
    }

    fn counted(&mut self, people: &People) -> Option<()> {
        self.people = self.people.checked_add(people.people)?;
        self.people_assisted = self.people_assisted.checked_add(people.assisted)?;
        self.credit = self.credit.checked_add(people.credit_fen)?;
        self.employer_unknown = self.employer_unknown.checked_add(people.employer_unknown)?;
        Some(())
    }
}

/// A funding report.
pub(crate) struct Report {
    pub(crate) total: Funding,
    pub(crate) categories: BTreeMap<Category, Funding>,
    pub(crate) divisions: BTreeMap<Division, Funding>,
}

/// What a cover year brought, as known at a moment.
pub(crate) async fn funding(
    app: &App,
    division: Division,
    scheme: Scheme,
    cover_year: i32,
    known_at: DateTime<Utc>,
) -> Result<Report, Problem> {
    let divisions = find::below(app, division);
    let asked = Asked { divisions: &divisions, scheme, cover_year, known_at };
    let (income, people) =
        (report::income(app.database.reader(), &asked).await?, report::people(app.database.reader(), &asked).await?);
    let mut report = Report { total: Funding::default(), categories: BTreeMap::new(), divisions: BTreeMap::new() };
    let too_large = || Fault::internal("the sums of a funding report do not fit");
    for row in &income {
        for funding in report.of(row.division, row.category) {
            funding.booked(row).ok_or_else(too_large)?;
        }
    }
    for row in &people {
        for funding in report.of(row.division, row.category) {
            funding.counted(row).ok_or_else(too_large)?;
        }
    }
    Ok(report)
}

impl Report {
    fn of(&mut self, division: Division, category: Category) -> [&mut Funding; 3] {
        let Self { total, categories, divisions } = self;
        [total, categories.entry(category).or_default(), divisions.entry(division).or_default()]
    }
}
