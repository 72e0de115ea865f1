//! Waiting period and benefit window (GX-7), newborns, switching between schemes.

use chrono::{Datelike, Days, Months, NaiveDate};
use terms::{Category, EnrolHow};

use super::category;
use super::contribution::{Ask, bits};
use crate::condition::{Fact, Situation};
use crate::decision::{Reason, Refusal};
use crate::pack::Value;
use crate::policy::Policy;
use crate::question::{Coverage, CoverageFacts};

impl Policy {
    /// From when to when a person is covered, and how long the waiting is.
    ///
    /// # Errors
    /// A [`Refusal`]: no pack, dates that cannot be right, no value in force, or benefits that would begin after the year.
    pub fn coverage(&self, facts: &CoverageFacts) -> Result<Coverage, Refusal> {
        let on = facts.enrolled;
        self.covers(facts).map_err(|refusal| self.with_clauses(refusal, (facts.division, facts.scheme), None, on))
    }

    fn covers(&self, facts: &CoverageFacts) -> Result<Coverage, Refusal> {
        if facts.group.scheme() != facts.scheme {
            return Err(Refusal::of(Reason::WrongGroup, format!("{} in {}", facts.group, facts.scheme)));
        }
        let year = |month, day| NaiveDate::from_ymd_opt(facts.cover_year, month, day);
        let bad = || Refusal::of(Reason::BadDates, format!("cover year {}, paid {}", facts.cover_year, facts.paid));
        let (first, last) = year(1, 1).zip(year(12, 31)).ok_or_else(bad)?;
        if facts.born.is_some_and(|born| born > facts.paid) || facts.repaid_years > facts.broken_years {
            return Err(bad());
        }
        let mut best: Option<Coverage> = None;
        for category in category::candidates(&facts.categories) {
            let ask = Ask::new(self, facts.division, facts.scheme, "waiting", facts.enrolled.max(first))?;
            let coverage = window(ask, facts, category, (first, last))?;
            if best.as_ref().is_none_or(|best| coverage.from < best.from) {
                best = Some(coverage);
            }
        }
        let coverage = best.ok_or_else(bad)?;
        if coverage.from > coverage.to {
            let about = format!(
                "{} months of waiting end on {}, after {}",
                coverage.waiting_months, coverage.from, coverage.to
            );
            return Err(Refusal::of(Reason::NotCovered, about));
        }
        Ok(coverage)
    }
}

fn window(
    mut ask: Ask<'_>,
    facts: &CoverageFacts,
    category: Category,
    (first, last): (NaiveDate, NaiveDate),
) -> Result<Coverage, Refusal> {
    let plain = Situation::new(bits(facts.scheme, facts.group, category) | facts.how.bit(), &[]);
    let how = counts_as(&mut ask, facts, &plain, first)?;
    let situation = plain.with(how);
    let waiting_months = waiting(&mut ask, facts, &situation)?;
    let begin = match ask.need("benefit_from", &situation)? {
        Value::Word(word) => begin(word, facts, first, if how == facts.how { facts.enrolled } else { joined(facts) }),
        _ => first,
    };
    let from = begin.checked_add_months(Months::new(waiting_months)).unwrap_or(NaiveDate::MAX);
    Ok(Coverage { from, to: last, waiting_months, counts_as: how, values: ask.values })
}

/// A newborn, a switch or a payment in the central period outside its time counts as late. `first` is the cover year's first day.
fn counts_as(
    ask: &mut Ask<'_>,
    facts: &CoverageFacts,
    situation: &Situation<'_>,
    first: NaiveDate,
) -> Result<EnrolHow, Refusal> {
    let in_time = match facts.how {
        EnrolHow::CentralPeriod => {
            // where nothing is written the period ends with the year before
            let days = ask.number("central_period_days", situation)?.unwrap_or(0);
            first.checked_add_days(Days::new(days.into())).is_some_and(|after| facts.paid < after)
        }
        EnrolHow::NewBirth => {
            let days = ask.number("newborn_days", situation)?;
            let age = facts.born.map(|born| facts.paid.signed_duration_since(born).num_days());
            age.zip(days).is_some_and(|(age, days)| age <= i64::from(days))
        }
        EnrolHow::AfterEmployee | EnrolHow::AfterResident => {
            let months = ask.number("switch_gap_months", situation)?;
            let end = facts
                .employee_ended
                .zip(months)
                .and_then(|(ended, months)| ended.checked_add_months(Months::new(months)));
            // what is dated back was not joined on that day
            end.is_some_and(|end| joined(facts) <= end)
        }
        EnrolHow::Late => true,
    };
    Ok(if in_time { facts.how } else { EnrolHow::Late })
}

/// Fixed months and a month a broken year, less what was repaid; not below the floor after a long break.
fn waiting(ask: &mut Ask<'_>, facts: &CoverageFacts, situation: &Situation<'_>) -> Result<u32, Refusal> {
    let fixed = match ask.need("fixed_months", situation)? {
        Value::Number(months) => *months,
        _ => 0,
    };
    if fixed == 0 {
        return Ok(0);
    }
    let per_year = ask.number("months_per_broken_year", situation)?.unwrap_or(0);
    let off = ask.number("months_off_per_repaid_year", situation)?.unwrap_or(0);
    let more = per_year.saturating_mul(facts.broken_years).saturating_sub(off.saturating_mul(facts.repaid_years));
    let months = fixed.saturating_add(more);
    let long = ask.number("long_break_years", situation)?.is_some_and(|years| facts.broken_years >= years);
    let floor = if long { ask.number("long_break_floor_months", situation)?.unwrap_or(0) } else { 0 };
    Ok(months.max(floor).min(1200))
}

/// The day on which the person came: that of enrolment, unless it is dated back.
fn joined(facts: &CoverageFacts) -> NaiveDate {
    facts.joined.map_or(facts.enrolled, |joined| joined.max(facts.enrolled))
}

fn begin(word: &str, facts: &CoverageFacts, first: NaiveDate, enrolled: NaiveDate) -> NaiveDate {
    match word {
        "birth" => facts.born.unwrap_or(first),
        "month_of_enrolment" => enrolled.with_day(1).unwrap_or(enrolled).max(first),
        "day_of_payment" => facts.paid.max(first),
        "day_after_payment" => facts.paid.succ_opt().unwrap_or(facts.paid).max(first),
        _ => first,
    }
}
