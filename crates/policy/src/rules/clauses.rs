//! The clauses of a "no": those of the division's own packs and of the packs above it, and of no other place.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use terms::{Care, Division, Scheme};

use super::contribution::Ask;
use crate::decision::{Reason, Refusal};
use crate::pack::Parameter;
use crate::policy::Policy;

impl Policy {
    /// The ids of the clauses by which benefits begin in a division on a day: what a "no" for a day without coverage cites.
    /// In order of id; empty where no pack says it.
    #[must_use]
    pub fn coverage_clauses(&self, division: Division, scheme: Scheme, on: NaiveDate) -> Vec<String> {
        self.in_force(("waiting", "benefit_from"), division, scheme, on).into_iter().collect()
    }

    /// The ids of the clauses that a "no" for this reason rests on in a division on a day, in order. Of a division without a pack
    /// they are the nation's. Empty where no pack says any: what is only a matter of form (dates in the wrong order, too many
    /// lines) has no clause.
    #[must_use]
    pub fn refusal_clauses(&self, reason: Reason, division: Division, scheme: Scheme, on: NaiveDate) -> Vec<String> {
        self.clauses_of(reason, (division, scheme), None, on).into_iter().collect()
    }

    /// A refusal each of whose causes cites its clauses, where the packs have some and it cites none yet.
    #[cold]
    pub(crate) fn with_clauses(
        &self,
        mut refusal: Refusal,
        place: (Division, Scheme),
        care: Option<Care>,
        on: NaiveDate,
    ) -> Refusal {
        for cause in refusal.causes.iter_mut().filter(|cause| cause.cite.is_empty()) {
            cause.cite = self.clauses_of(cause.reason, place, care, on).into_iter().collect();
        }
        refusal
    }

    fn clauses_of(
        &self,
        reason: Reason,
        (division, scheme): (Division, Scheme),
        care: Option<Care>,
        on: NaiveDate,
    ) -> BTreeSet<String> {
        let known = |code: &Division| !self.chain(*code).is_empty();
        let nation = || self.divisions().map(|pack| pack.code).find(|code| self.chain(*code).len() == 1);
        let near = Some(division).filter(known).or_else(nation).unwrap_or(division);
        let rule = |name| self.in_force(("year", name), near, scheme, on);
        match reason {
            Reason::NotCovered => self.in_force(("waiting", "benefit_from"), division, scheme, on),
            Reason::NoScheme | Reason::TwoSchemes => rule("schemes"),
            Reason::UnknownDivision => rule("division"),
            Reason::NoBenefit => {
                let written = care.map(|care| self.written(&format!("{scheme}.{care}.stack"), division));
                rule("division").into_iter().chain(written.unwrap_or_default()).collect()
            }
            Reason::WrongGroup => rule("groups"),
            Reason::BadPlace => rule("filing"),
            Reason::NotQualified | Reason::UnknownDisease => rule("diseases"),
            Reason::NotAtPharmacy => rule("pharmacy"),
            Reason::NegativeAmount | Reason::AmountTooLarge | Reason::SumMismatch | Reason::BadLine => rule("amounts"),
            Reason::NoValue
            | Reason::AbsentValue
            | Reason::BadDates
            | Reason::LinesNeeded
            | Reason::TooManyLines
            | Reason::BadHeld
            // each of these cites the value it rests on
            | Reason::NotFiled
            | Reason::NotAcross
            | Reason::FilingNotNeeded
            | Reason::FilingTooLong
            | Reason::FilingLocked
            | Reason::DocumentMissing => BTreeSet::new(),
        }
    }

    /// The clauses of all rows of a parameter on a day, as the nearest division sets it.
    fn in_force(
        &self,
        (stem, name): (&str, &str),
        division: Division,
        scheme: Scheme,
        on: NaiveDate,
    ) -> BTreeSet<String> {
        let found = Ask::new(self, division, scheme, stem, on).ok().and_then(|ask| ask.in_force(name));
        let rows = found.into_iter().flat_map(|found| found.rows);
        let citations = rows.filter_map(|(_, dated)| self.citation(dated.source));
        citations.flat_map(|citation| citation.cite.iter().cloned()).collect()
    }

    /// The clauses of a parameter as the nearest division writes it, in force or not.
    fn written(&self, address: &str, division: Division) -> BTreeSet<String> {
        let chain = self.chain(division);
        let parameter: Option<&Parameter> = chain.iter().find_map(|pack| pack.parameters.get(address));
        let dated = parameter.into_iter().flat_map(|parameter| &parameter.rows).flat_map(|row| &row.dated);
        let citations = dated.filter_map(|dated| self.citation(dated.source));
        citations.flat_map(|citation| citation.cite.iter().cloned()).collect()
    }
}
