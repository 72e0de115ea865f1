//! Answers to questions other than bills, with the values they stand on.

mod rows;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use terms::Division;

use super::record::{CitedValue, causes as cause_records, cited};
use super::source::{Source, once};
use super::text::{Page, Style, assumed_values, causes, clauses};
use super::{Lang, Paint, canonical, labels};
use crate::case::{Answer, Case, Question};
use crate::decision::Refusal;
use crate::pack::Clause;
use crate::policy::Policy;
use crate::question::{
    Contribution, ContributionFacts, Coverage, CoverageFacts, FoundValue, Indicator, IndicatorFacts, Watch, WatchFacts,
};

use rows::Row;

/// A question and its answer.
#[derive(Clone, Copy, Debug)]
pub enum Answered<'a> {
    /// A year's contribution.
    Contribution(&'a ContributionFacts, Result<&'a Contribution, &'a Refusal>),
    /// From when to when a person is covered.
    Coverage(&'a CoverageFacts, Result<&'a Coverage, &'a Refusal>),
    /// Whether a person is on the watch list.
    Watch(&'a WatchFacts, Result<&'a Watch, &'a Refusal>),
    /// How an aggregate compares with its target.
    Indicator(&'a IndicatorFacts, Result<&'a Indicator, &'a Refusal>),
}

impl<'a> Answered<'a> {
    /// The question of a case and its answer; `None` where the case is about bills.
    #[must_use]
    pub fn of(case: &'a Case, answer: &'a Answer) -> Option<Self> {
        match (&case.question, answer) {
            (Question::Contribution(facts), Answer::Contribution(answer)) => {
                Some(Self::Contribution(facts, answer.as_ref()))
            }
            (Question::Coverage(facts), Answer::Coverage(answer)) => Some(Self::Coverage(facts, answer.as_ref())),
            (Question::Watch(facts), Answer::Watch(answer)) => Some(Self::Watch(facts, answer.as_ref())),
            (Question::Indicator(facts), Answer::Indicator(answer)) => Some(Self::Indicator(facts, answer.as_ref())),
            _ => None,
        }
    }

    const fn name(&self, lang: Lang) -> &'static str {
        match self {
            Self::Contribution(..) => lang.of("年度筹资", "Contribution"),
            Self::Coverage(..) => lang.of("待遇享受期", "Coverage"),
            Self::Watch(..) => lang.of("因病致贫监测", "Watch list"),
            Self::Indicator(..) => lang.of("监测指标", "Indicator"),
        }
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::Contribution(..) => "contribution",
            Self::Coverage(..) => "coverage",
            Self::Watch(..) => "watch",
            Self::Indicator(..) => "indicator",
        }
    }

    const fn division(&self) -> Division {
        match self {
            Self::Contribution(facts, _) => facts.division,
            Self::Coverage(facts, _) => facts.division,
            Self::Watch(facts, _) => facts.division,
            Self::Indicator(facts, _) => facts.division,
        }
    }

    fn refusal(&self) -> Option<&'a Refusal> {
        match self {
            Self::Contribution(_, answer) => answer.err(),
            Self::Coverage(_, answer) => answer.err(),
            Self::Watch(_, answer) => answer.err(),
            Self::Indicator(_, answer) => answer.err(),
        }
    }

    fn values(&self) -> &'a [FoundValue] {
        match self {
            Self::Contribution(_, Ok(answer)) => &answer.values,
            Self::Coverage(_, Ok(answer)) => &answer.values,
            Self::Watch(_, Ok(answer)) => &answer.values,
            Self::Indicator(_, Ok(answer)) => &answer.values,
            _ => &[],
        }
    }

    fn sources(&self, policy: &'a Policy) -> Vec<Source<'a>> {
        let place = self.division();
        once(self.values().iter().filter_map(|value| Source::find(policy, place, value.source)))
    }

    fn clauses(&self, policy: &'a Policy) -> BTreeMap<&'a str, &'a Clause> {
        let causes = self.refusal().map_or(&[][..], |refusal| &refusal.causes);
        let of_refusal = causes.iter().flat_map(|cause| &cause.cite).filter_map(|id| policy.clause(id));
        let of_values = self.sources(policy).into_iter().flat_map(|source| source.clauses());
        of_values.chain(of_refusal).map(|clause| (clause.id.as_str(), clause)).collect()
    }
}

/// An answer in 100 columns: what was asked, what comes out, the values used and where they stand.
#[must_use]
pub fn answer_text(policy: &Policy, answered: &Answered<'_>, lang: Lang, paint: Paint) -> String {
    let mut page = Page::new(lang, paint);
    page.title(answered.name(lang));
    page.fact(lang.of("参保地", "Insured in"), &labels::chain(policy, answered.division(), lang));
    for (label, text) in rows::asked(policy, answered, lang) {
        page.fact(label, &lang.sentence(&text));
    }
    page.heading(lang.of("结果", "Answer"));
    if let Some(refusal) = answered.refusal() {
        causes(&mut page, refusal);
    }
    for row in rows::answer(policy, answered, lang) {
        match row {
            Row::Figure(label, figure) => page.row(Style::Plain, label, &figure, ""),
            Row::Sentence(text) => page.note(Style::Strong, &text),
        }
    }
    let sources = answered.sources(policy);
    if !sources.is_empty() {
        page.heading(lang.of("所用数值", "Values used"));
    }
    for source in &sources {
        let address = labels::address(policy, &source.citation.address, lang);
        let text = format!("{address} = {}{}", source.citation.value, lang.brackets(&source.phrase(lang)));
        page.paragraph(if source.is_assumed() { Style::Warn } else { Style::Plain }, 0, 4, &text);
    }
    let assumed: Vec<Source<'_>> = sources.into_iter().filter(Source::is_assumed).collect();
    if !assumed.is_empty() {
        assumed_values(&mut page, &assumed);
    }
    clauses(&mut page, answered.clauses(policy).into_values());
    page.finish()
}

/// An answer as a value: amounts as decimal strings in yuan, no floats.
#[must_use]
pub fn answer_json(policy: &Policy, answered: &Answered<'_>) -> Value {
    canonical::value(&record(policy, answered))
}

/// The same as bytes to keep.
#[must_use]
pub fn answer_json_text(policy: &Policy, answered: &Answered<'_>) -> String {
    canonical::text(&record(policy, answered))
}

#[derive(Serialize)]
struct Record<'a> {
    form: u8,
    version: String,
    question: &'static str,
    division: String,
    asked: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<BTreeMap<&'static str, Option<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Vec<super::record::Cause<'a>>>,
    values: Vec<CitedValue<'a>>,
    assumed: Vec<CitedValue<'a>>,
    clauses: BTreeMap<&'a str, &'a Clause>,
}

fn record<'a>(policy: &'a Policy, answered: &Answered<'a>) -> Record<'a> {
    let sources = answered.sources(policy);
    let assumed: Vec<Source<'a>> = sources.iter().copied().filter(Source::is_assumed).collect();
    Record {
        form: 1,
        version: policy.version().to_string(),
        question: answered.word(),
        division: answered.division().to_string(),
        asked: rows::asked_fields(answered),
        answer: rows::answer_fields(answered),
        refusal: answered.refusal().map(cause_records),
        values: cited(&sources),
        assumed: cited(&assumed),
        clauses: answered.clauses(policy),
    }
}
