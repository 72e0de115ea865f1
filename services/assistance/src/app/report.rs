//! Reports (the shape of TB-4): the claims that stand, by place, month and category, then sums in which nobody counts twice, then how
//! funds compare with their target (SX-5, GX-4).
//!
//! Claims are read page by page, twice: by place for the rows, which go out as they are complete, and by person for the sums. What is
//! added meanwhile has a number behind the mark and is not counted, so that the sums are those of the rows; no transaction is open
//! between two pages, however slowly somebody reads. Kept in memory are a page, the rows of one place and month, and the sums.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use money::Fen;
use policy::{Indicator, IndicatorFacts, Policy};
use rpc::{Fault, Reason};
use terms::{Care, Category, Division, Scheme};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval};

use super::{App, Problem};
use crate::domain::{Cell, Month, Row, Table, Territory};
use crate::store::reports::{self, Behind, Wanted};

/// Rows of a page.
const PAGE: u32 = 500;
/// How long commits that are under way are waited for at the beginning.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked whether they are done.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// The indicator of SX-5 and GX-4.
pub(crate) const INDICATOR: &str = "inpatient_fund_share";

/// What a report is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reporting {
    pub(crate) from: Month,
    pub(crate) to: Month,
    /// Each with all below it.
    pub(crate) divisions: Vec<Division>,
    pub(crate) scheme: Option<Scheme>,
}

/// A part of a report.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Row(Row),
    Indicator(Compared),
    End { rows: u64, read_at: DateTime<Utc> },
}

/// How the funds of a division compare with their target.
#[derive(Clone, Debug)]
pub(crate) struct Compared {
    pub(crate) division: Division,
    pub(crate) fund: Fen,
    pub(crate) within_scope: Fen,
    /// The policy that sets the target; none where none does.
    pub(crate) policy: Option<Arc<Policy>>,
    /// None where there is no target, or nothing to compare.
    pub(crate) indicator: Option<Indicator>,
}

/// Who hears it.
pub(crate) type Heard = mpsc::Sender<Result<Part, Fault>>;

/// The reader has gone away, or something is wrong.
enum Ended {
    Gone,
    Problem(Problem),
}

impl From<store::Error> for Ended {
    fn from(error: store::Error) -> Self {
        Self::Problem(error.into())
    }
}

/// What is read, and how much was said.
struct Run<'a> {
    app: &'a App,
    asked: &'a Reporting,
    wanted: Wanted,
    territories: Vec<Territory>,
    heard: &'a Heard,
    rows: u64,
}

/// Says a report part by part; it ends early where nobody hears it any more.
///
/// # Errors
/// `CONTENDED` where commits that were under way did not end; what the database said.
pub(crate) async fn report(app: &App, asked: &Reporting, heard: &Heard) -> Result<(), Fault> {
    let mark = mark(app).await?;
    let read_at = app.now();
    let Reporting { from, to, scheme, .. } = *asked;
    let wanted = Wanted { from, to, scheme, mark, page: PAGE };
    let territories = Territory::apart(&asked.divisions);
    let mut run = Run { app, asked, wanted, territories, heard, rows: 0 };
    match run.whole(read_at).await {
        Ok(()) | Err(Ended::Gone) => Ok(()),
        Err(Ended::Problem(problem)) => Err(problem.into()),
    }
}

/// The last row that counts: those before it are all there once the commits have ended that had begun to add rows.
async fn mark(app: &App) -> Result<i64, Fault> {
    let reader = app.database.reader();
    let mark = reports::newest(reader).await.map_err(Problem::Store)?;
    let mut waiting = reports::adding(reader).await.map_err(Problem::Store)?;
    let until = Instant::now() + PATIENCE;
    let mut looks = interval(LOOK_EVERY);
    while !waiting.is_empty() {
        looks.tick().await;
        let adding = reports::adding(reader).await.map_err(Problem::Store)?;
        waiting.retain(|one| adding.contains(one));
        if Instant::now() > until {
            return Err(Fault::new(Reason::Contended, "commits that were under way did not end; ask again"));
        }
    }
    Ok(mark)
}

impl Run<'_> {
    async fn whole(&mut self, read_at: DateTime<Utc>) -> Result<(), Ended> {
        for territory in self.territories.clone() {
            self.rows_of(territory).await?;
        }
        let inpatient = self.sums().await?;
        for division in &self.asked.divisions {
            self.say(Part::Indicator(self.compared(*division, &inpatient))).await?;
        }
        self.say(Part::End { rows: self.rows, read_at }).await
    }

    /// The rows of a territory: those of a place and month are complete when the next ones begin.
    async fn rows_of(&mut self, territory: Territory) -> Result<(), Ended> {
        let (mut table, mut at) = (Table::default(), None);
        let mut behind = Behind::default();
        loop {
            let page = reports::by_place(self.app.database.reader(), &self.wanted, territory, &behind).await?;
            for claim in &page.claims {
                let here = Some((claim.division, claim.month));
                if at != here {
                    self.say_rows(table.take().into_values().collect()).await?;
                    at = here;
                }
                table.add(claim, &[cell(Some(claim.division), Some(claim.month), Some(claim.category))]);
            }
            let Some(last) = page.last else { break };
            behind = last;
        }
        self.say_rows(table.take().into_values().collect()).await
    }

    /// The sums by place, by month, by category and over all; gives what inpatient care cost in each place, and what funds paid of it.
    async fn sums(&mut self) -> Result<BTreeMap<Division, (Fen, Fen)>, Ended> {
        let mut table = Table::default();
        for month in self.asked.from.until(self.asked.to) {
            table.open(cell(None, Some(month), None));
        }
        table.open(Cell::default());
        let mut inpatient: BTreeMap<Division, (Fen, Fen)> = BTreeMap::new();
        let mut behind = Behind::default();
        loop {
            let reader = self.app.database.reader();
            let page = reports::by_person(reader, &self.wanted, &self.territories, &behind).await?;
            for claim in &page.claims {
                let (division, month, category) = (Some(claim.division), Some(claim.month), Some(claim.category));
                let cells = [cell(division, None, None), cell(None, month, None), cell(None, None, category)];
                table.add(claim, &cells);
                table.add(claim, &[Cell::default()]);
                if matches!(claim.care, Care::Inpatient | Care::MaternityInpatient) {
                    let (fund, within_scope) = inpatient.entry(claim.division).or_default();
                    *fund += claim.fund;
                    *within_scope += claim.within_scope;
                }
            }
            let Some(last) = page.last else { break };
            behind = last;
        }
        let (mut divisions, mut months, mut categories, mut all) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for row in table.take().into_values() {
            match row.cell {
                Cell { division: Some(_), .. } => divisions.push(row),
                Cell { month: Some(_), .. } => months.push(row),
                Cell { category: Some(_), .. } => categories.push(row),
                _ => all.push(row),
            }
        }
        for rows in [divisions, months, categories, all] {
            self.say_rows(rows).await?;
        }
        Ok(inpatient)
    }

    fn compared(&self, division: Division, inpatient: &BTreeMap<Division, (Fen, Fen)>) -> Compared {
        let territory = Territory::of(division);
        let here = inpatient.iter().filter(|(place, _)| territory.holds(**place)).map(|(_, sums)| *sums);
        let (fund, within_scope) = here.fold((Fen::ZERO, Fen::ZERO), |a, b| (a.0 + b.0, a.1 + b.1));
        let on = self.asked.to.last_day();
        let facts = |fund, within_scope| {
            let name = INDICATOR.to_owned();
            IndicatorFacts { division, name, on, fund, within_scope }
        };
        let policy = self.app.policies.head(division);
        // whether there is a target can only be asked with a cost
        let policy = policy.filter(|policy| policy.indicator(&facts(Fen::ZERO, Fen::new(1))).is_ok());
        let indicator = policy.as_ref().and_then(|policy| policy.indicator(&facts(fund, within_scope)).ok());
        Compared { division, fund, within_scope, policy, indicator }
    }

    async fn say_rows(&mut self, rows: Vec<Row>) -> Result<(), Ended> {
        for row in rows {
            self.rows += 1;
            self.say(Part::Row(row)).await?;
        }
        Ok(())
    }

    async fn say(&self, part: Part) -> Result<(), Ended> {
        self.heard.send(Ok(part)).await.map_err(|_| Ended::Gone)
    }
}

const fn cell(division: Option<Division>, month: Option<Month>, category: Option<Category>) -> Cell {
    Cell { division, month, category }
}
