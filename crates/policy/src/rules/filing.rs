//! Filing of care elsewhere (备案) and what is settled directly between provinces (TB-12, GX-15, DM-2.2, DM-2.3).

use chrono::{Days, Months, NaiveDate};
use terms::{Care, Division, Filing, Name, Place, Scheme, Word};

use super::contribution::Ask;
use crate::condition::{Fact, Situation};
use crate::decision::{Cause, Reason, Refusal};
use crate::pack::Value;
use crate::policy::Policy;
use crate::question::{FilingFacts, FilingTerms};

/// Filing is the same for both schemes: the national list lets no pack set it for one.
const EITHER: Scheme = Scheme::Resident;

fn ask(policy: &Policy, division: Division, on: NaiveDate) -> Result<Ask<'_>, Refusal> {
    Ask::new(policy, division, EITHER, "cross_province", on)
}

/// What is known of a care elsewhere where its filing is asked for.
struct Asked<'p> {
    ask: Ask<'p>,
    situation: Situation<'static>,
    division: Division,
}

impl<'p> Asked<'p> {
    fn new(
        policy: &'p Policy,
        division: Division,
        (place, filing): (Place, Filing),
        on: NaiveDate,
    ) -> Result<Self, Refusal> {
        let ask = ask(policy, division, on)?;
        Ok(Self { ask, situation: Situation::new(place.bit() | filing.bit(), &[]), division })
    }

    fn find(&mut self, name: &str) -> Result<Option<&'p Value>, Refusal> {
        self.ask.find(name, &self.situation)
    }

    fn yes(&mut self, name: &str, otherwise: bool) -> Result<bool, Refusal> {
        Ok(match self.find(name)? {
            Some(Value::Yes(yes)) => *yes,
            _ => otherwise,
        })
    }

    fn months(&mut self, name: &str) -> Result<Option<u32>, Refusal> {
        self.ask.number(name, &self.situation)
    }

    fn list(&mut self, name: &str) -> Result<Option<&'p [Name]>, Refusal> {
        Ok(match self.find(name)? {
            Some(Value::List(names)) => Some(names),
            _ => None,
        })
    }

    /// A "no" for this reason, with the clauses of the value it rests on.
    fn no(&self, reason: Reason, about: String, name: &str) -> Cause {
        let source = self.ask.values.iter().find(|value| value.name == name).map(|value| value.source);
        let all = source.and_then(|source| self.ask.policy.citation(source)).map(|found| found.cite.as_slice());
        let all = all.unwrap_or_default();
        let holding = self.ask.policy.holding(self.division, all);
        // a value that rests on another place's document alone cites that: the pack of this place took it over
        let cite = if holding.is_empty() { all.to_vec() } else { holding };
        Cause { reason, about, cite }
    }
}

impl Policy {
    /// Whether care may be filed so, until when it is valid, and which documents are still to come.
    ///
    /// # Errors
    /// A [`Refusal`] with every cause: nothing to file there, longer than it is valid, documents that are missing.
    pub fn files(&self, facts: &FilingFacts) -> Result<FilingTerms, Refusal> {
        let of = (facts.division, EITHER);
        self.filed(facts).map_err(|refusal| self.with_clauses(refusal, of, None, facts.filed))
    }

    fn filed(&self, facts: &FilingFacts) -> Result<FilingTerms, Refusal> {
        let place = place_of(facts.division, facts.destination);
        let mut asked = Asked::new(self, facts.division, (place, facts.kind), facts.filed)?;
        let mut causes = Vec::new();
        let there = format!("{} of who is insured in {}", facts.destination, facts.division);
        if place == Place::Local {
            causes.push(Cause { reason: Reason::BadPlace, about: there, cite: Vec::new() });
        } else if !asked.yes("needed", true)? {
            causes.push(asked.no(Reason::FilingNotNeeded, there, "needed"));
        }
        let last = asked.months("valid_months")?.map(|months| last_day(facts.from, months));
        if facts.to.is_some_and(|to| to < facts.from) {
            let about = format!("from {} to {}", facts.from, facts.to.unwrap_or_default());
            causes.push(Cause { reason: Reason::BadDates, about, cite: Vec::new() });
        }
        if let Some((to, last)) = facts.to.zip(last).filter(|(to, last)| to > last) {
            let about = format!("from {} to {to}: at most to {last}", facts.from);
            causes.push(asked.no(Reason::FilingTooLong, about, "valid_months"));
        }
        let wanted = asked.list("documents")?.unwrap_or_default();
        let due: Vec<Name> = wanted.iter().filter(|kind| !facts.documents.contains(kind)).copied().collect();
        let is_promised = facts.promise && asked.yes("promise", false)?;
        if !is_promised {
            causes.extend(due.iter().map(|kind| asked.no(Reason::DocumentMissing, kind.to_string(), "documents")));
        }
        if !causes.is_empty() {
            return Err(Refusal { causes });
        }
        Ok(FilingTerms { to: facts.to.or(last), due, values: asked.ask.values })
    }

    /// Whether a filing of a kind whose destination began on `since` may be changed or cancelled on a day.
    ///
    /// # Errors
    /// A [`Refusal`]: it is locked until a day that is named.
    pub fn unlocks(
        &self,
        division: Division,
        filing: Filing,
        (since, on): (NaiveDate, NaiveDate),
    ) -> Result<(), Refusal> {
        let asking = || {
            let mut asked = Asked::new(self, division, (Place::OutOfProvince, filing), on)?;
            let months = asked.months("lock_months")?.unwrap_or(0);
            let free = since.checked_add_months(Months::new(months)).unwrap_or(NaiveDate::MAX);
            // what has not begun binds nobody
            if on < since || on >= free {
                return Ok(());
            }
            let about = format!("{filing} since {since}: from {free} on");
            Err(Refusal { causes: vec![asked.no(Reason::FilingLocked, about, "lock_months")] })
        };
        asking().map_err(|refusal| self.with_clauses(refusal, (division, EITHER), None, on))
    }

    /// Of several filings that cover a bill, the order in which they count on a day.
    ///
    /// # Errors
    /// A [`Refusal`]: no pack, or a value nobody has given.
    pub fn filing_precedence(&self, division: Division, on: NaiveDate) -> Result<Vec<Filing>, Refusal> {
        let mut ask = ask(self, division, on)?;
        let named = match ask.find("precedence", &Situation::new(0, &[]))? {
            Some(Value::List(names)) => names.iter().filter_map(|name| Filing::from_word(name.as_str()).ok()).collect(),
            _ => Vec::new(),
        };
        let is_filed = |filing: &Filing| !matches!(filing, Filing::AtHome | Filing::Unfiled);
        // one that is not named comes behind those that are: it covers the bill all the same
        let others = Filing::ALL.iter().copied().filter(is_filed).filter(|filing| !named.contains(filing));
        let others: Vec<Filing> = others.collect();
        Ok(named.into_iter().chain(others).collect())
    }

    /// Whether a bill of another province, filed so, is settled directly on a day. `disease` is the code on the bill, or empty.
    ///
    /// # Errors
    /// A [`Refusal`] with every cause: not filed, or chronic or special care for a disease that is not settled between provinces.
    pub fn crosses(
        &self,
        division: Division,
        filing: Filing,
        (care, disease): (Care, &str),
        on: NaiveDate,
    ) -> Result<(), Refusal> {
        let crossed = self.crossed(division, filing, (care, disease), on);
        crossed.map_err(|refusal| self.with_clauses(refusal, (division, EITHER), Some(care), on))
    }

    /// Whether somebody with these recognised diseases, by their codes, may be settled chronic or special care for this one.
    ///
    /// # Errors
    /// A [`Refusal`] with its clauses: it is not recognised.
    pub fn recognised(
        &self,
        division: Division,
        (care, disease): (Care, &str),
        codes: &[Name],
        on: NaiveDate,
    ) -> Result<(), Refusal> {
        let group = |code: &str| self.divisions.get(&division).and_then(|tables| tables.disease_group(code));
        let asked = group(disease);
        let is_theirs = asked.is_some() && codes.iter().any(|code| group(code.as_str()) == asked);
        if is_theirs || !matches!(care, Care::Chronic | Care::Special) {
            return Ok(());
        }
        let refusal = Refusal::of(Reason::NotQualified, disease);
        Err(self.with_clauses(refusal, (division, EITHER), Some(care), on))
    }

    fn crossed(
        &self,
        division: Division,
        filing: Filing,
        (care, disease): (Care, &str),
        on: NaiveDate,
    ) -> Result<(), Refusal> {
        let mut asked = Asked::new(self, division, (Place::OutOfProvince, filing), on)?;
        let mut causes = Vec::new();
        if !asked.yes("direct", true)? {
            causes.push(asked.no(Reason::NotFiled, filing.word().to_owned(), "direct"));
        }
        if matches!(care, Care::Chronic | Care::Special)
            && let Some(groups) = asked.list("diseases")?
        {
            let group = self.divisions.get(&division).and_then(|tables| tables.disease_group(disease));
            if !group.is_some_and(|group| groups.contains(&group)) {
                let about = if disease.is_empty() { "no disease".to_owned() } else { disease.to_owned() };
                causes.push(asked.no(Reason::NotAcross, about, "diseases"));
            }
        }
        if causes.is_empty() { Ok(()) } else { Err(Refusal { causes }) }
    }
}

/// Where a place is, seen from the place of insurance: a filing to a whole province holds its cities too.
fn place_of(insured: Division, elsewhere: Division) -> Place {
    if insured.province() != elsewhere.province() {
        return Place::OutOfProvince;
    }
    if insured.prefecture() == elsewhere.prefecture() { Place::Local } else { Place::InProvince }
}

/// The last day of so many months that begin on a day.
fn last_day(from: NaiveDate, months: u32) -> NaiveDate {
    let end = from.checked_add_months(Months::new(months)).and_then(|end| end.checked_sub_days(Days::new(1)));
    end.unwrap_or(NaiveDate::MAX)
}
