//! A year's contribution: premium, subsidy by level of government, premium assistance, employees' premiums.

use chrono::NaiveDate;
use money::{Fen, Rounding};
use terms::{Category, Scheme};

use super::{account_credit, category, subsidy};
use crate::condition::{Fact, Situation};
use crate::decision::{Cause, Reason, Refusal};
use crate::door;
use crate::pack::{Amount, Assistance, InForce, PackDivision, SourceId, Value, in_force};
use crate::policy::Policy;
use crate::question::{Contribution, ContributionFacts, FoundValue};
use crate::rules::index;

/// Finds parameters of one address stem on one day, and remembers what was used.
pub(crate) struct Ask<'p> {
    pub(crate) policy: &'p Policy,
    pub(crate) chain: Vec<&'p PackDivision>,
    pub(crate) stems: Vec<String>,
    pub(crate) date: NaiveDate,
    pub(crate) values: Vec<FoundValue>,
}

impl<'p> Ask<'p> {
    /// A question to the parameters below `stem`, of the scheme or of both.
    pub(crate) fn new(
        policy: &'p Policy,
        division: terms::Division,
        scheme: Scheme,
        stem: &str,
        date: NaiveDate,
    ) -> Result<Self, Refusal> {
        let chain = policy.chain(division);
        if chain.is_empty() {
            return Err(Refusal::of(Reason::UnknownDivision, division.to_string()));
        }
        Ok(Self {
            policy,
            chain,
            stems: vec![format!("{scheme}.{stem}"), format!("common.{stem}")],
            date,
            values: Vec::new(),
        })
    }

    pub(super) fn in_force(&self, name: &str) -> Option<InForce<'p>> {
        let addresses: Vec<String> = self.stems.iter().map(|stem| format!("{stem}.{name}")).collect();
        in_force(&self.chain, &addresses, self.date)
    }

    /// The value of the most specific row that holds, if there is one.
    pub(crate) fn find(&mut self, name: &str, situation: &Situation<'_>) -> Result<Option<&'p Value>, Refusal> {
        let Some(found) = self.in_force(name) else {
            return Ok(None);
        };
        let holding = found.rows.iter().enumerate().filter(|(_, (row, _))| row.condition.holds(situation));
        let best = holding.max_by_key(|(at, (row, _))| (row.condition.rank(), std::cmp::Reverse(*at)));
        let Some((_, (_, dated))) = best else {
            return Ok(None);
        };
        if dated.value == Value::Absent {
            return Err(self.policy.absent(dated.source));
        }
        self.note(name, dated.source);
        Ok(Some(&dated.value))
    }

    /// The same, where there must be one.
    pub(crate) fn need(&mut self, name: &str, situation: &Situation<'_>) -> Result<&'p Value, Refusal> {
        let stem = self.stems.first().cloned().unwrap_or_default();
        let date = self.date;
        self.find(name, situation)?.ok_or_else(|| Refusal::of(Reason::NoValue, format!("{stem}.{name} on {date}")))
    }

    /// An amount, with a share of an index worked out.
    pub(crate) fn amount(&mut self, value: &Value) -> Result<Fen, Refusal> {
        match value {
            Value::Amount(Amount::Fen(fen)) => Ok(*fen),
            Value::Amount(Amount::Share(rate, name)) => {
                let none = || Refusal::of(Reason::NoValue, format!("common.index.{name} on {}", self.date));
                let (figure, via) = index::figure(&self.chain, name, self.date).ok_or_else(none)?;
                let figure = figure.ok_or_else(|| self.policy.absent(via))?;
                self.note(name, via);
                Ok((*rate * figure).round(Rounding::HalfUp))
            }
            _ => Ok(Fen::ZERO),
        }
    }

    /// A whole number.
    pub(crate) fn number(&mut self, name: &str, situation: &Situation<'_>) -> Result<Option<u32>, Refusal> {
        Ok(self.find(name, situation)?.and_then(
            |value| {
                if let Value::Number(number) = value { Some(*number) } else { None }
            },
        ))
    }

    fn note(&mut self, name: &str, source: SourceId) {
        let value = FoundValue { name: name.to_owned(), source };
        if !self.values.contains(&value) {
            self.values.push(value);
        }
    }
}

/// The bits of a question about a person.
pub(crate) fn bits(scheme: Scheme, group: terms::PersonGroup, category: Category) -> u128 {
    scheme.bit() | group.bit() | category.bit()
}

impl Policy {
    /// What a cover year's contribution is, and who bears it.
    ///
    /// # Errors
    /// A [`Refusal`]: no pack for the division, the group is not of the scheme, no value in force, or a value nobody has given.
    pub fn contribution(&self, facts: &ContributionFacts) -> Result<Contribution, Refusal> {
        let on = NaiveDate::from_ymd_opt(facts.cover_year, 1, 1).unwrap_or_default();
        self.contributes(facts).map_err(|refusal| self.with_clauses(refusal, (facts.division, facts.scheme), None, on))
    }

    fn contributes(&self, facts: &ContributionFacts) -> Result<Contribution, Refusal> {
        if facts.group.scheme() != facts.scheme {
            return Err(Refusal::of(Reason::WrongGroup, format!("{} in {}", facts.group, facts.scheme)));
        }
        door::check_amount(facts.premium_base, "premium_base")?;
        let date = NaiveDate::from_ymd_opt(facts.cover_year, 1, 1)
            .ok_or_else(|| Refusal::of(Reason::BadDates, facts.cover_year.to_string()))?;
        let mut ask = Ask::new(self, facts.division, facts.scheme, "contribution", date)?;
        let mut one = Contribution::default();
        let base = bits(facts.scheme, facts.group, Category::None) | facts.county.bit() | facts.college.bit();
        let plain = Situation::new(base, &[]);
        match facts.scheme {
            Scheme::Resident => residents(&mut ask, facts, &plain, &mut one)?,
            Scheme::Employee => employees(&mut ask, facts, &plain, &mut one)?,
        }
        one.credit = account_credit::credit(&mut ask, facts, &plain)?;
        one.values = ask.values;
        for_all(one, facts.people)
    }
}

fn residents(
    ask: &mut Ask<'_>,
    facts: &ContributionFacts,
    plain: &Situation<'_>,
    one: &mut Contribution,
) -> Result<(), Refusal> {
    let premium = ask.need("premium", plain)?;
    one.premium = ask.amount(premium)?;
    subsidy::split(ask, plain, one)?;
    one.assisted = premium_assistance(ask, facts, plain, one.premium)?;
    one.own = Some(one.premium - one.assisted);
    (one.employer, one.employee) = (Some(Fen::ZERO), Some(Fen::ZERO));
    one.total = Some(one.premium + one.subsidy);
    Ok(())
}

fn employees(
    ask: &mut Ask<'_>,
    facts: &ContributionFacts,
    plain: &Situation<'_>,
    one: &mut Contribution,
) -> Result<(), Refusal> {
    one.employer = of_base(ask, facts, plain, "employer_rate", &mut one.unknown)?;
    one.employee = of_base(ask, facts, plain, "employee_rate", &mut one.unknown)?;
    one.own = one.employee;
    one.total = one.employer.zip(one.employee).map(|(employer, employee)| employer + employee);
    Ok(())
}

/// A rate of the premium base. One that nobody has given leaves its figure open, not the whole question; a rate of which the
/// packs say nothing at all is not known either: it is not zero.
fn of_base(
    ask: &mut Ask<'_>,
    facts: &ContributionFacts,
    plain: &Situation<'_>,
    name: &str,
    unknown: &mut Vec<Cause>,
) -> Result<Option<Fen>, Refusal> {
    let open = match ask.need(name, plain) {
        Ok(Value::Rate(rate)) => return Ok(Some((*rate * facts.premium_base).round(Rounding::HalfUp))),
        Ok(_) => return Ok(Some(Fen::ZERO)),
        Err(refusal) => refusal,
    };
    if open.causes.iter().all(|cause| matches!(cause.reason, Reason::AbsentValue | Reason::NoValue)) {
        unknown.extend(open.causes);
        return Ok(None);
    }
    Err(open)
}

/// The most favourable of the person's categories (SD-2, TB-3).
fn premium_assistance(
    ask: &mut Ask<'_>,
    facts: &ContributionFacts,
    plain: &Situation<'_>,
    premium: Fen,
) -> Result<Fen, Refusal> {
    let mut best = Fen::ZERO;
    let mut open: Option<Refusal> = None;
    for category in category::candidates(&facts.categories) {
        let assisted = match ask.find("premium_assistance", &plain.with(category)) {
            Ok(Some(Value::Assistance(Assistance::Full))) => premium,
            Ok(Some(Value::Assistance(Assistance::Amount(fen)))) => (*fen).min(premium),
            Ok(Some(Value::Assistance(Assistance::Share(rate)))) => (*rate * premium).round(Rounding::HalfUp),
            Ok(_) => Fen::ZERO,
            Err(refusal) => {
                open = open.or(Some(refusal));
                continue;
            }
        };
        best = best.max(assisted);
    }
    match open {
        // what nobody knows of one category cannot be more than the whole premium, which another one brings
        Some(refusal) if best < premium => Err(refusal),
        _ => Ok(best),
    }
}

fn for_all(one: Contribution, people: u32) -> Result<Contribution, Refusal> {
    let all = |fen: Fen| {
        fen.times(i64::from(people)).ok_or_else(|| Refusal::of(Reason::AmountTooLarge, format!("{people} people")))
    };
    let known = |fen: Option<Fen>| fen.map(all).transpose();
    Ok(Contribution {
        premium: all(one.premium)?,
        subsidy: all(one.subsidy)?,
        central: all(one.central)?,
        province: all(one.province)?,
        city: all(one.city)?,
        county: all(one.county)?,
        assisted: all(one.assisted)?,
        own: known(one.own)?,
        employer: known(one.employer)?,
        employee: known(one.employee)?,
        credit: all(one.credit)?,
        total: known(one.total)?,
        values: one.values,
        unknown: one.unknown,
    })
}
