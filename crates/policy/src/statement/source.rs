//! Where a value stands, resolved: clauses, since when, which division, how sure.

use std::collections::BTreeMap;

use terms::Division;

use super::figures::yuan;
use super::{Lang, Statement, labels};
use crate::decision::Step;
use crate::pack::{Citation, Clause, Mark, SourceId};
use crate::policy::Policy;

/// A citation in a policy, seen from a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) id: SourceId,
    pub(super) citation: &'a Citation,
    pub(super) policy: &'a Policy,
    /// The place of insurance.
    seen_from: Division,
}

impl<'a> Source<'a> {
    /// The citation of this number, for people of a place.
    pub(super) fn find(policy: &'a Policy, seen_from: Division, id: SourceId) -> Option<Self> {
        policy.citation(id).map(|citation| Self { id, citation, policy, seen_from })
    }

    /// Whether another division's pack says it.
    pub(super) fn is_inherited(&self) -> bool {
        self.citation.division != self.seen_from
    }

    /// Whether the document is silent.
    pub(super) fn is_assumed(&self) -> bool {
        self.citation.mark == Mark::Assumed
    }

    /// The division whose pack says it.
    pub(super) fn division(&self, lang: Lang) -> String {
        labels::division(self.policy, self.citation.division, lang)
    }

    /// For whom the row holds; empty for all.
    pub(super) fn condition(&self, lang: Lang) -> String {
        labels::condition(self.policy, &self.citation.row, lang)
    }

    /// The clause ids in one text.
    pub(super) fn ids(&self, lang: Lang) -> String {
        self.citation.cite.join(lang.of("、", ", "))
    }

    /// The clauses cited, as far as the policy knows them.
    pub(super) fn clauses(&self) -> impl Iterator<Item = &'a Clause> + use<'a> {
        let policy = self.policy;
        self.citation.cite.iter().filter_map(move |id| policy.clause(id))
    }

    /// From when to when it is in force.
    pub(super) fn in_force(&self, lang: Lang) -> String {
        let (from, last) = (self.citation.from, self.citation.until.and_then(|until| until.pred_opt()));
        match (lang, last) {
            (Lang::Zh, None) => format!("{from} 起"),
            (Lang::Zh, Some(last)) => format!("{from} 至 {last}"),
            (Lang::En, None) => format!("since {from}"),
            (Lang::En, Some(last)) => format!("{from} to {last}"),
        }
    }

    /// How sure it is, where the document does not say it.
    pub(super) fn mark(&self, lang: Lang) -> Option<&'static str> {
        match self.citation.mark {
            Mark::Said => None,
            Mark::Derived => Some(lang.of("推算值", "derived")),
            Mark::Assumed => Some(lang.of("假定值", "assumed")),
        }
    }

    /// All of it in one breath, as a clerk would put it in brackets.
    pub(super) fn phrase(&self, lang: Lang) -> String {
        let (ids, since, division) = (self.ids(lang), self.in_force(lang), self.division(lang));
        let (condition, mark) = (self.condition(lang), self.mark(lang).unwrap_or(""));
        let said = match lang {
            Lang::Zh => vec![condition.as_str(), &ids, &since, &division, mark],
            Lang::En => {
                let place = format!("{since}, {ids} ({division})");
                return [condition.as_str(), &place, mark]
                    .into_iter()
                    .filter(|part| !part.is_empty())
                    .collect::<Vec<_>>()
                    .join("; ");
            }
        };
        said.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("，")
    }

    /// A share of an index, spelled out: `0.50 × 39,066.00`; empty for other values.
    pub(super) fn share_of(&self, index: &Self, lang: Lang) -> String {
        let share = self.citation.value.split_once(" of ").map_or("", |(share, _)| share);
        let figure = index.citation.value.parse().map_or_else(|_| index.citation.value.clone(), |fen| yuan(lang, fen));
        if share.is_empty() { String::new() } else { format!("{share} × {figure}") }
    }
}

impl<'a> Statement<'a> {
    /// Where a value of a step stands; nothing under another version than the one that decided.
    pub(super) fn source(&self, id: Option<SourceId>) -> Option<Source<'a>> {
        id.filter(|_| self.knows_its_sources()).and_then(|id| Source::find(self.policy, self.person.division, id))
    }

    /// The sources of a step: its value's, and the index's it is a share of.
    pub(super) fn sources_of(&self, step: &Step) -> Vec<Source<'a>> {
        [step.source, step.via].into_iter().filter_map(|id| self.source(id)).collect()
    }

    /// Every source used, once each, in order of first use.
    pub(super) fn sources(&self) -> Vec<Source<'a>> {
        let steps = self.decision.settlement().map_or(&[][..], |settlement| &settlement.steps);
        once(steps.iter().flat_map(|step| self.sources_of(step)))
    }

    /// The assumed values used, once each, in order of first use.
    pub(super) fn assumed(&self) -> Vec<Source<'a>> {
        self.sources().into_iter().filter(Source::is_assumed).collect()
    }

    /// The clauses a refusal names.
    pub(super) fn refusal_clauses(&self) -> impl Iterator<Item = &'a Clause> + use<'a> {
        let policy = self.policy;
        let causes = self.decision.refusal().map_or(&[][..], |refusal| &refusal.causes);
        causes.iter().flat_map(|cause| &cause.cite).filter_map(move |id| policy.clause(id))
    }

    /// Every clause behind the decision, by id.
    pub(super) fn clauses(&self) -> BTreeMap<&'a str, &'a Clause> {
        let of_values = self.sources().into_iter().flat_map(|source| source.clauses());
        of_values.chain(self.refusal_clauses()).map(|clause| (clause.id.as_str(), clause)).collect()
    }
}

/// Each source once, in order of first use.
pub(super) fn once<'a>(sources: impl Iterator<Item = Source<'a>>) -> Vec<Source<'a>> {
    let mut found: Vec<Source<'a>> = Vec::new();
    for source in sources {
        if !found.iter().any(|known| known.id == source.id) {
            found.push(source);
        }
    }
    found
}
