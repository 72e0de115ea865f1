use pb::policy::v1 as policy_pb;
use policy::{ContributionFacts, CoverageFacts, IndicatorFacts, WatchFacts};
use rpc::Violations;

use super::lists::words;
use super::plain::{date, division, fen_any, optional_date, word, year};
use super::texts::text;

const INDICATOR_CHARS_MAX: usize = 100;

/// Who asks what a year's contribution is.
pub fn contribution_facts(v: &mut Violations, facts: &policy_pb::ContributionFacts) -> Option<ContributionFacts> {
    let division = division(v, "division", &facts.division);
    let scheme = word(v, "scheme", facts.scheme);
    let cover_year = year(v, "cover_year", facts.cover_year);
    let group = word(v, "group", facts.group);
    let categories = words(v, "categories", &facts.categories);
    let county = word(v, "county", facts.county);
    let college = word(v, "college", facts.college);
    if facts.people == 0 {
        v.add("people", 0, "at least 1");
        return None;
    }
    Some(ContributionFacts {
        division: division?,
        scheme: scheme?,
        cover_year: cover_year?,
        group: group?,
        categories: categories?,
        county: county?,
        college: college?,
        people: facts.people,
        premium_base: fen_any(facts.premium_base_fen),
    })
}

/// Who asks from when to when a person is covered; enrolled on the day of payment where nothing else is said.
pub fn coverage_facts(v: &mut Violations, facts: &policy_pb::CoverageFacts) -> Option<CoverageFacts> {
    let division = division(v, "division", &facts.division);
    let scheme = word(v, "scheme", facts.scheme);
    let group = word(v, "group", facts.group);
    let categories = words(v, "categories", &facts.categories);
    let how = word(v, "how", facts.how);
    let cover_year = year(v, "cover_year", facts.cover_year);
    let paid = date(v, "paid_date", &facts.paid_date);
    let enrolled = optional_date(v, "enrolled_date", &facts.enrolled_date);
    let born = optional_date(v, "born_date", &facts.born_date);
    let joined = optional_date(v, "joined_date", &facts.joined_date);
    let employee_ended = optional_date(v, "employee_ended_date", &facts.employee_ended_date);
    Some(CoverageFacts {
        division: division?,
        scheme: scheme?,
        group: group?,
        categories: categories?,
        how: how?,
        cover_year: cover_year?,
        paid: paid?,
        enrolled: enrolled?.or(paid)?,
        joined: joined?,
        born: born?,
        employee_ended: employee_ended?,
        broken_years: facts.broken_years,
        repaid_years: facts.repaid_years,
    })
}

/// Who asks whether a person is on the watch list.
pub fn watch_facts(v: &mut Violations, facts: &policy_pb::WatchFacts) -> Option<WatchFacts> {
    let division = division(v, "division", &facts.division);
    let scheme = word(v, "scheme", facts.scheme);
    let categories = words(v, "categories", &facts.categories);
    let on = date(v, "on_date", &facts.on_date);
    Some(WatchFacts {
        division: division?,
        scheme: scheme?,
        categories: categories?,
        on: on?,
        burden: fen_any(facts.burden_fen),
    })
}

/// Who asks how an aggregate compares with its target.
pub fn indicator_facts(v: &mut Violations, facts: &policy_pb::IndicatorFacts) -> Option<IndicatorFacts> {
    let division = division(v, "division", &facts.division);
    let name = text(v, "name", &facts.name, INDICATOR_CHARS_MAX);
    let on = date(v, "on_date", &facts.on_date);
    Some(IndicatorFacts {
        division: division?,
        name: name?,
        on: on?,
        fund: fen_any(facts.fund_fen),
        within_scope: fen_any(facts.within_scope_fen),
    })
}
