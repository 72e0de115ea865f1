//! A bill split by the place of care: its own scope rules, and no decision.

use chrono::NaiveDate;
use money::Fen;
use serde::{Deserialize, Serialize};
use terms::{Admission, Category, Division, Filing, Name, PersonGroup, Place as PlaceOfCare, Scheme};

use crate::adjudicate::dated_by;
use crate::compile::{Scope, scope_of};
use crate::condition::{Fact, Situation};
use crate::decision::{LineSplit, Reason, Refusal, Step};
use crate::facts::{Bill, Costs, Parts};
use crate::policy::Policy;
use crate::recorder::Steps;
use crate::rules::scope;
use crate::{Version, door};

/// What a bill is split from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SplitFacts {
    /// The place of care, whose rules apply.
    pub division: Division,
    /// The patient's scheme.
    pub scheme: Scheme,
    /// The patient's group.
    pub group: PersonGroup,
    /// The bill, in fee lines. Its place and filing are not looked at: it is split as a patient's of the place itself.
    pub bill: Bill,
}

/// A split bill. All amounts in fen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// The policy version that split it.
    pub version: Version,
    /// The day whose rules applied.
    pub date: NaiveDate,
    /// The sums of the lines, with what the hospital bears and what is borne apart.
    pub parts: Parts,
    /// Each fee line's split.
    pub lines: Vec<LineSplit>,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

impl Policy {
    /// Splits a bill's fee lines by the scope rules of the place of care, as [`Policy::adjudicate`] splits those of a person who is
    /// insured there; what only a decision knows (a deductible taken off class B first, a share for care elsewhere) is not in it.
    /// Where the place has no benefit of that care, its scope rules for all kinds of care apply.
    ///
    /// # Errors
    /// A [`Refusal`]: facts that cannot be right, a bill in parts, no pack, no value in force.
    pub fn split(&self, facts: &SplitFacts) -> Result<Split, Refusal> {
        let (place, care, date) = ((facts.division, facts.scheme), facts.bill.care, self.day_of_split(facts));
        self.split_on(facts, date).map_err(|refusal| self.with_clauses(refusal, place, Some(care), date))
    }

    fn day_of_split(&self, facts: &SplitFacts) -> NaiveDate {
        let division = self.divisions.get(&facts.division);
        let history = division.and_then(|division| division.history(facts.scheme, facts.bill.care));
        history.map_or(facts.bill.to, |history| dated_by(history, &facts.bill))
    }

    fn split_on(&self, facts: &SplitFacts, date: NaiveDate) -> Result<Split, Refusal> {
        door::check_split(facts)?;
        let Costs::Lines(lines) = &facts.bill.costs else {
            return Err(Refusal::of(Reason::LinesNeeded, "bill.parts"));
        };
        let division = self.divisions.get(&facts.division);
        let division = division.ok_or_else(|| Refusal::of(Reason::UnknownDivision, facts.division.to_string()))?;
        let history = division.history(facts.scheme, facts.bill.care);
        let benefit = history.and_then(|history| history.on(date));
        let disease = Some(facts.bill.disease.as_str()).filter(|code| !code.is_empty());
        let disease = disease.and_then(|code| division.disease_group(code)).unwrap_or(Name::EMPTY);
        let situation = situation(facts, disease);
        let mut steps = Steps(Vec::with_capacity(lines.len()));
        let lines = match benefit {
            Some(benefit) => scope::split(self, &benefit.scope, &situation, lines, &mut steps)?.lines,
            None => scope::split(self, &self.scope_without_benefit(facts, date)?, &situation, lines, &mut steps)?.lines,
        };
        Ok(Split { version: self.version(), date, parts: sums(&lines), lines, steps: steps.0 })
    }

    fn scope_without_benefit(&self, facts: &SplitFacts, date: NaiveDate) -> Result<Scope, Refusal> {
        let scope = scope_of(self.chain(facts.division), (facts.scheme, facts.bill.care), date);
        scope.ok_or_else(|| Refusal::of(Reason::NoValue, format!("scope in {} on {date}", facts.division)))
    }
}

/// The words of a patient of the place itself of whom nothing else is known.
fn situation(facts: &SplitFacts, disease: Name) -> Situation<'static> {
    let bill = &facts.bill;
    let bits = bill.institution.bit()
        | facts.group.bit()
        | facts.scheme.bit()
        | Category::None.bit()
        | PlaceOfCare::Local.bit()
        | Filing::AtHome.bit()
        | bill.referral.bit()
        | Admission::after(0).bit()
        | bill.care.bit();
    let mut situation = Situation::new(bits, &[]);
    situation.disease = disease;
    situation
}

/// The sums of lines, what the hospital bears and what is apart among them.
fn sums(lines: &[LineSplit]) -> Parts {
    let sum = |of: fn(&LineSplit) -> Fen| lines.iter().map(of).sum::<Fen>();
    Parts {
        outside_catalogue: sum(|line| line.parts.outside_catalogue),
        over_limit: sum(|line| line.parts.over_limit),
        first_self_paid: sum(|line| line.parts.first_self_paid),
        within_scope: sum(|line| line.parts.within_scope),
        hospital: sum(|line| line.hospital),
        apart: sum(|line| line.apart),
    }
}
