use std::collections::{BTreeMap, BTreeSet};

use money::Fen;
use terms::Name;

use super::expect::{Difference, compare, sorted};
use super::{Bills, Case, Question};
use crate::decision::{Decision, Outcome, Refusal, Settlement};
use crate::policy::Policy;
use crate::question::{Contribution, Coverage, FoundValue, Indicator, Watch};
use crate::year::{Adjustment, Year, YearError};
use crate::{Mark, NationalField, PayerKind};

/// What came out of a case.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The bills, in order, and what reversals changed.
    Bills {
        /// First decision on each bill.
        bills: Vec<BillAnswer>,
        /// The differences of later bills, in the order in which they arose.
        adjustments: Vec<Adjustment>,
        /// The decisions that stand in the end.
        standing: Vec<(Name, Decision)>,
        /// Bills that could not be applied or reversed.
        errors: Vec<(Name, YearError)>,
    },
    /// A year's contribution.
    Contribution(Result<Contribution, Refusal>),
    /// Coverage.
    Coverage(Result<Coverage, Refusal>),
    /// The watch list.
    Watch(Result<Watch, Refusal>),
    /// An indicator.
    Indicator(Result<Indicator, Refusal>),
}

/// A bill and the first decision on it.
#[derive(Clone, Debug)]
pub struct BillAnswer {
    /// The bill.
    pub bill: crate::Bill,
    /// The decision.
    pub decision: Decision,
}

impl Case {
    /// Answers the case.
    #[must_use]
    pub fn answer(&self, policy: &Policy) -> Answer {
        match &self.question {
            Question::Bills(bills) => answer_bills(policy, bills),
            Question::Contribution(facts) => Answer::Contribution(policy.contribution(facts)),
            Question::Coverage(facts) => Answer::Coverage(policy.coverage(facts)),
            Question::Watch(facts) => Answer::Watch(policy.watch(facts)),
            Question::Indicator(facts) => Answer::Indicator(policy.indicator(facts)),
        }
    }

    /// Names in the case that the policy does not know: a mistyped meter would quietly count nothing.
    #[must_use]
    pub fn unknown_names(&self, policy: &Policy) -> Vec<String> {
        let Question::Bills(bills) = &self.question else { return Vec::new() };
        let division = bills.person.division;
        let known_place = !policy.chain(division).is_empty();
        let meters = bills.accumulated.meters.iter().filter(|meter| !policy.knows_meter(division, &meter.name));
        let mut unknown: Vec<String> =
            meters.map(|meter| format!("[accumulated] the meter {:?}", meter.name.as_str())).collect();
        for expected in &self.expected {
            let payer = expected.about.split_once("payers.").map(|(_, name)| name).filter(|name| *name != "others");
            unknown.extend(
                payer
                    .filter(|name| !policy.knows_payer(division, name))
                    .map(|name| format!("line {}: the payer {name:?}", expected.line)),
            );
            let bill = expected.about.strip_prefix("adjustments.").and_then(|rest| rest.split('.').next());
            unknown.extend(
                bill.filter(|id| !bills.bills.iter().any(|bill| bill.id.as_str() == *id))
                    .map(|id| format!("line {}: the bill {id:?}", expected.line)),
            );
        }
        if known_place { unknown } else { Vec::new() }
    }

    /// The expectations that the answer does not meet.
    #[must_use]
    pub fn differences(&self, policy: &Policy, answer: &Answer) -> Vec<Difference> {
        if self.expected.is_empty() {
            return Vec::new();
        }
        let mut found = Found { policy, values: BTreeMap::new() };
        found.answer(self, answer);
        let expect_refusal = self.expected.iter().any(|expected| expected.about.ends_with("refusal"));
        let mut differences = self.compare_others(&found.values);
        let plain: Vec<_> =
            self.expected.iter().filter(|expected| !expected.about.ends_with("payers.others")).cloned().collect();
        let settled = |about: &str| !found.values.contains_key(&format!("{}refusal", prefix(about)));
        differences.extend(compare(&plain, &found.values, |about| {
            (about.contains("payers.") || about.contains("meters.") || about.starts_with("adjustments."))
                && settled(about)
        }));
        if !expect_refusal && let Some(refusal) = found.values.get("refusal").filter(|_| differences.is_empty()) {
            differences.push(Difference {
                about: "refusal".to_owned(),
                expected: "none".to_owned(),
                found: refusal.clone(),
                line: 1,
            });
        }
        differences
    }

    /// `payers.others`: what the payers that are not named pay together.
    fn compare_others(&self, found: &BTreeMap<String, String>) -> Vec<Difference> {
        let others = self.expected.iter().filter(|expected| expected.about.ends_with("payers.others"));
        let mut differences = Vec::new();
        for expectation in others {
            let prefix = expectation.about.trim_end_matches("others");
            let named: BTreeSet<&str> = self
                .expected
                .iter()
                .map(|expected| expected.about.as_str())
                .filter(|about| about.starts_with(prefix))
                .collect();
            let unnamed =
                found.iter().filter(|(about, _)| about.starts_with(prefix) && !named.contains(about.as_str()));
            let sum: Fen = unnamed.filter_map(|(_, value)| value.parse::<Fen>().ok()).sum();
            if sum.to_string() != expectation.value {
                differences.push(Difference {
                    about: expectation.about.clone(),
                    expected: expectation.value.clone(),
                    found: sum.to_string(),
                    line: expectation.line,
                });
            }
        }
        differences
    }
}

/// `B2.` of `B2.payers.x`; nothing of `payers.x`.
fn prefix(about: &str) -> &str {
    const KEYS: &[&str] = &["payers.", "meters.", "layers.", "adjustments."];
    KEYS.iter().filter_map(|key| about.find(key)).min().and_then(|at| about.get(..at)).unwrap_or("")
}

fn answer_bills(policy: &Policy, case: &Bills) -> Answer {
    let mut year = Year::new(policy, case.accumulated.clone());
    let (mut bills, mut adjustments, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for bill in &case.bills {
        match year.apply(case.person.clone(), bill.clone()) {
            Ok(applied) => {
                bills.push(BillAnswer { bill: bill.clone(), decision: applied.decision });
                adjustments.extend(applied.adjustments);
            }
            Err(error) => errors.push((bill.id, error)),
        }
    }
    for id in &case.reversed {
        match year.reverse(id) {
            Ok(more) => adjustments.extend(more),
            Err(error) => errors.push((*id, error)),
        }
    }
    let standing = year.decisions().map(|(bill, decision)| (bill.id, decision.clone())).collect();
    Answer::Bills { bills, adjustments, standing, errors }
}

/// What came out, as paths of keys and spelled values.
struct Found<'p> {
    policy: &'p Policy,
    values: BTreeMap<String, String>,
}

impl Found<'_> {
    fn put(&mut self, about: impl Into<String>, value: impl std::fmt::Display) {
        self.values.insert(about.into(), format!("{value}"));
    }

    fn answer(&mut self, case: &Case, answer: &Answer) {
        match answer {
            Answer::Bills { bills, adjustments, standing, errors } => {
                let single = matches!(&case.question, Question::Bills(asked) if asked.bills.len() == 1);
                for (at, answer) in bills.iter().enumerate() {
                    self.decision(&format!("{}.", answer.bill.id), &answer.decision);
                    if single || (at == 0 && bills.len() == 1) {
                        self.decision("", &answer.decision);
                    }
                }
                for (id, decision) in standing {
                    self.decision(&format!("after_reversal.{id}."), decision);
                }
                self.adjustments(adjustments);
                for (id, error) in errors {
                    self.put(format!("errors.{id}"), error);
                }
            }
            Answer::Contribution(answer) => {
                self.question(answer.as_ref(), Found::contribution);
            }
            Answer::Coverage(answer) => self.question(answer.as_ref(), |found, answer| {
                found.put("from", answer.from);
                found.put("to", answer.to);
                found.put("waiting_months", answer.waiting_months);
                found.put("counts_as", answer.counts_as);
                found.assumed("", answer.values.iter());
            }),
            Answer::Watch(answer) => self.question(answer.as_ref(), |found, answer| {
                found.put("listed", answer.listed);
                found.put("line", answer.line);
                found.assumed("", answer.values.iter());
            }),
            Answer::Indicator(answer) => self.question(answer.as_ref(), |found, answer| {
                found.put("share", answer.share);
                found.put("target", answer.target);
                found.put("below", answer.below);
                found.assumed("", answer.values.iter());
            }),
        }
    }

    fn question<T>(&mut self, answer: Result<&T, &Refusal>, put: impl FnOnce(&mut Self, &T)) {
        match answer {
            Ok(answer) => put(self, answer),
            Err(refusal) => self.refusal("", refusal),
        }
    }

    fn contribution(&mut self, answer: &Contribution) {
        let amounts = [
            ("premium", Some(answer.premium)),
            ("subsidy", Some(answer.subsidy)),
            ("central", Some(answer.central)),
            ("province", Some(answer.province)),
            ("city", Some(answer.city)),
            ("county", Some(answer.county)),
            ("assisted", Some(answer.assisted)),
            ("credit", Some(answer.credit)),
            ("own", answer.own),
            ("employer", answer.employer),
            ("employee", answer.employee),
            ("total", answer.total),
        ];
        for (name, amount) in amounts {
            self.put(name, amount.map_or_else(|| "unknown".to_owned(), |fen| fen.to_string()));
        }
        self.assumed("", answer.values.iter());
    }

    fn refusal(&mut self, prefix: &str, refusal: &Refusal) {
        let reasons: Vec<&str> = refusal.causes.iter().map(|cause| cause.reason.word()).collect();
        self.put(format!("{prefix}refusal"), reasons.join(", "));
        let clauses: Vec<String> = refusal.causes.iter().flat_map(|cause| cause.cite.iter().cloned()).collect();
        self.put(format!("{prefix}clause"), sorted(&clauses));
    }

    fn assumed<'v>(&mut self, prefix: &str, values: impl Iterator<Item = &'v FoundValue>) {
        let sources: Vec<_> = values.map(|value| value.source).collect();
        self.assumed_of(prefix, &sources);
    }

    fn assumed_of(&mut self, prefix: &str, sources: &[crate::SourceId]) {
        let citations = sources.iter().filter_map(|source| self.policy.citation(*source));
        let ids: Vec<String> = citations
            .filter(|citation| citation.mark == Mark::Assumed)
            .flat_map(|citation| citation.cite.iter().cloned())
            .collect();
        self.put(format!("{prefix}assumed"), sorted(&ids));
    }

    fn decision(&mut self, prefix: &str, decision: &Decision) {
        match &decision.outcome {
            Outcome::Settled(settlement) => self.settlement(prefix, settlement),
            Outcome::Refused(refusal) => self.refusal(prefix, refusal),
        }
    }

    fn settlement(&mut self, prefix: &str, settlement: &Settlement) {
        let (parts, shares) = (&settlement.parts, &settlement.shares);
        let first_fund = settlement.layers.iter().find(|layer| layer.kind == PayerKind::Fund);
        let amounts = [
            ("total", shares.total),
            ("outside_catalogue", parts.outside_catalogue),
            ("over_limit", parts.over_limit),
            ("first_self_paid", parts.first_self_paid),
            ("within_scope", parts.within_scope),
            ("apart", settlement.apart),
            ("deductible", first_fund.map_or(Fen::ZERO, |layer| layer.deductible)),
            ("fund", shares.fund),
            ("hospital", shares.hospital),
            ("other", shares.other),
            ("person", shares.person),
            ("account", shares.account),
            ("family_account", shares.family_account),
            ("cash", shares.cash),
        ];
        for (name, amount) in amounts {
            self.put(format!("{prefix}{name}"), amount);
        }
        self.put(format!("{prefix}category"), settlement.category);
        for (name, paid) in self.policy.payments(settlement) {
            self.put(format!("{prefix}payers.{name}"), paid);
        }
        for (field, name) in NationalField::ALL {
            self.put(format!("{prefix}national.{name}"), self.policy.national_field(settlement, *field));
        }
        for layer in &settlement.layers {
            let layer_prefix = format!("{prefix}layers.{}", layer.layer);
            let figures = [
                ("base", layer.base),
                ("deductible", layer.deductible),
                ("deductible_standard", layer.deductible_standard),
                ("cost", layer.cost),
                ("cost_paid_on", layer.cost_paid_on),
                ("computed", layer.computed),
                ("paid", layer.paid),
            ];
            for (name, figure) in figures {
                self.put(format!("{layer_prefix}.{name}"), figure);
            }
            self.put(format!("{layer_prefix}.ratio"), layer.ratio);
        }
        self.meters(prefix, settlement);
        let sources: Vec<_> = settlement.steps.iter().flat_map(|step| [step.source, step.via]).flatten().collect();
        self.assumed_of(prefix, &sources);
    }

    fn meters(&mut self, prefix: &str, settlement: &Settlement) {
        self.put(format!("{prefix}admissions"), settlement.accumulators.admissions);
        for meter in &settlement.accumulators.meters {
            let name =
                if meter.part.is_empty() { meter.name.to_string() } else { format!("{}/{}", meter.name, meter.part) };
            let counts = meter.counts;
            for (count, value) in
                [("base", counts.base), ("deductible", counts.deductible), ("paid", counts.paid), ("cost", counts.cost)]
            {
                self.put(format!("{prefix}meters.{name}.{count}"), value);
            }
        }
    }

    /// A bill adjusted more than once: the sum.
    fn adjustments(&mut self, adjustments: &[Adjustment]) {
        let mut sums: BTreeMap<String, Fen> = BTreeMap::new();
        for adjustment in adjustments {
            let prefix = format!("adjustments.{}", adjustment.bill);
            *sums.entry(format!("{prefix}.cash")).or_default() += adjustment.cash;
            for (payer, difference) in &adjustment.payers {
                *sums.entry(format!("{prefix}.{payer}")).or_default() += *difference;
            }
        }
        for (about, sum) in sums {
            self.put(about, sum);
        }
    }
}
