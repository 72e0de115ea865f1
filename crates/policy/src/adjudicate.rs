//! From facts to a decision.

use chrono::NaiveDate;
use money::Fen;
use terms::{Admission, Category, Name, Scheme};

use crate::compile::{Benefit, CompiledDivision, DatedBy, History};
use crate::condition::{Fact, Situation};
use crate::decision::{
    Decision, LayerShare, LineSplit, Outcome, Reason, Refusal, Rule, Settlement, Shares, Step, Used,
};
use crate::facts::{Bill, Costs, Facts, Parts, Person};
use crate::policy::Policy;
use crate::recorder::{Recorder, Silent, Steps};
use crate::rules::held::Held;
use crate::rules::layer::Work;
use crate::rules::{category, deductible, elsewhere, layer, off_class_b, scope};
use crate::{PayerKind, door};

impl Policy {
    /// Decides a bill, with every step.
    #[must_use]
    pub fn adjudicate(&self, facts: &Facts) -> Decision {
        let mut steps = Steps(Vec::with_capacity(48));
        let (date, settled) = self.settle(facts, &mut steps);
        let outcome = match settled {
            Ok(mut settlement) => {
                settlement.steps = steps.0;
                Outcome::Settled(Box::new(settlement))
            }
            Err(refusal) => Outcome::Refused(refusal),
        };
        Decision { version: self.version(), date, outcome }
    }

    /// Decides a bill without steps: the same shares, faster.
    #[must_use]
    pub fn adjudicate_without_steps(&self, facts: &Facts) -> Decision {
        let (date, settled) = self.settle(facts, &mut Silent);
        let outcome = settled.map_or_else(Outcome::Refused, |settlement| Outcome::Settled(Box::new(settlement)));
        Decision { version: self.version(), date, outcome }
    }

    fn settle<R: Recorder + Default>(
        &self,
        facts: &Facts,
        recorder: &mut R,
    ) -> (NaiveDate, Result<Settlement, Refusal>) {
        let mut date = facts.bill.to;
        let settled = self.find(facts, &mut date).and_then(|found| self.most_favourable(facts, &found, recorder));
        let settled = settled.map_err(|refusal| self.cited(refusal, facts, date));
        (date, settled)
    }

    /// A refusal of a bill with its clauses.
    #[cold]
    pub(crate) fn cited(&self, refusal: Refusal, facts: &Facts, date: NaiveDate) -> Refusal {
        let (person, care) = (&facts.person, facts.bill.care);
        let scheme = person.schemes.first().copied().unwrap_or(person.group.scheme());
        self.with_clauses(refusal, (person.division, scheme), Some(care), date)
    }

    /// The benefit and the day whose rules apply.
    pub(crate) fn find<'p>(&'p self, facts: &Facts, date: &mut NaiveDate) -> Result<Found<'p>, Refusal> {
        let scheme = door::check(facts)?;
        let (person, bill) = (&facts.person, &facts.bill);
        let division = self.divisions.get(&person.division);
        let division = division.ok_or_else(|| Refusal::of(Reason::UnknownDivision, person.division.to_string()))?;
        let history = division.history(scheme, bill.care);
        if let Some(history) = history {
            *date = dated_by(history, bill);
        }
        covered(person, *date)?;
        let none =
            || Refusal::of(Reason::NoBenefit, format!("{scheme}.{} in {} on {date}", bill.care, person.division));
        let benefit = history.and_then(|history| history.on(*date)).ok_or_else(none)?;
        if bill.institution == terms::Institution::Pharmacy && !benefit.at_pharmacy {
            return Err(Refusal::of(Reason::NotAtPharmacy, bill.care.to_string()));
        }
        self.check_held(facts)?;
        let disease = disease(division, benefit, person, bill)?;
        if benefit.looks_at_age && person.age.is_none() {
            return Err(Refusal::of(Reason::NoValue, "person.age: a rule here looks at it"));
        }
        Ok(Found { benefit, scheme, disease, date: *date })
    }

    /// Computes the bill under each of the person's categories; the smallest personal share stands.
    fn most_favourable<R: Recorder + Default>(
        &self,
        facts: &Facts,
        found: &Found<'_>,
        recorder: &mut R,
    ) -> Result<Settlement, Refusal> {
        let mut candidates = category::candidates(&facts.person.categories);
        let first = candidates.next().unwrap_or(Category::None);
        let mut best = first;
        let mut best_share = None;
        for other in candidates {
            let share_of =
                |category| self.compute(facts, found, category, &mut Silent).map(|settlement| settlement.shares.person);
            let so_far = match best_share {
                Some(share) => share,
                None => share_of(first)?,
            };
            let share = share_of(other)?;
            if share < so_far {
                best = other;
            }
            best_share = Some(share.min(so_far));
        }
        self.compute(facts, found, best, recorder)
    }

    fn compute<R: Recorder>(
        &self,
        facts: &Facts,
        found: &Found<'_>,
        category: Category,
        recorder: &mut R,
    ) -> Result<Settlement, Refusal> {
        let (benefit, bill) = (found.benefit, &facts.bill);
        let situation = situation(facts, found, category);
        let mut split = match &bill.costs {
            Costs::Lines(lines) => scope::split(self, &benefit.scope, &situation, lines, recorder)?,
            Costs::Parts(parts) => scope::of_parts(self, &benefit.scope, &situation, parts, recorder)?,
        };
        let row = benefit.stack.pick(&situation).ok_or_else(|| Refusal::of(Reason::NoValue, "stack"))?;
        let stack = self.given(row)?;
        self.off_class_b(facts, found, stack, &situation, &mut split.lines, recorder)?;
        let (mut parts, apart, hospital) = sum_parts(bill, &split.lines);
        let extra = elsewhere::extra(self, benefit, &situation, parts.within_scope - apart, recorder)?;
        parts.first_self_paid += extra;
        parts.within_scope -= extra;

        let whole =
            Parts { within_scope: parts.within_scope - apart, over_limit: parts.over_limit - hospital, ..parts };
        let mut accumulators = facts.accumulated.clone();
        accumulators.meters.reserve_exact(stack.len());
        let held = Held::of(&facts.held);
        let mut work = Work { whole, left: whole, accumulators, use_account: facts.person.use_account, held };
        if R::ON {
            recorder.keep(stack_step(row.source, bill.total));
        }
        let mut layers: Vec<LayerShare> = Vec::with_capacity(stack.len());
        for &at in stack {
            let Some(layer) = benefit.layers.get(at) else {
                continue;
            };
            if let Some(resolved) = layer::resolve(self, layer, &situation, found.date)? {
                if let Some(row) = layer.applies.pick(&situation) {
                    let source = Some(row.source);
                    recorder.layer(layers.len(), Rule::Applied, (Used::Nothing, source), Fen::ZERO, Fen::ZERO);
                }
                let share = resolved.pay(&mut work, &layers, &situation, recorder);
                layers.push(share);
            } else {
                let source = layer.applies.pick(&situation).map(|row| row.source);
                recorder.layer(layers.len(), Rule::NotApplied, (Used::Nothing, source), Fen::ZERO, Fen::ZERO);
                layers.push(not_applied(layer));
            }
        }
        if benefit.counts_admission {
            work.accumulators.admissions = work.accumulators.admissions.saturating_add(1);
        }
        let shares = sum_shares(bill.total, apart, hospital, &layers);
        recorder.layer(layers.len(), Rule::Cash, (Used::Amount(shares.cash), None), bill.total, shares.cash);
        Ok(Settlement {
            category,
            parts,
            apart,
            apart_payer: split.apart_payer,
            lines: split.lines,
            layers,
            shares,
            accumulators: work.accumulators,
            steps: Vec::new(),
        })
    }

    /// The first layer of the stack whose deductible comes off class B costs.
    fn off_class_b<R: Recorder>(
        &self,
        facts: &Facts,
        found: &Found<'_>,
        stack: &[usize],
        situation: &Situation<'_>,
        splits: &mut [LineSplit],
        recorder: &mut R,
    ) -> Result<(), Refusal> {
        let stack = stack.iter().filter_map(|at| found.benefit.layers.get(*at));
        let layer = layer::off_class_b(self, stack, situation)?;
        let Some(layer) = layer else { return Ok(()) };
        let Costs::Lines(lines) = &facts.bill.costs else {
            return Err(Refusal::of(Reason::LinesNeeded, format!("{}.deductible_off_class_b", layer.name)));
        };
        let standard = deductible::standard(self, layer, situation)?;
        let due = deductible::due(layer, standard, &facts.accumulated);
        off_class_b::apply(layer, &found.benefit.scope, due, situation, lines, splits, recorder);
        Ok(())
    }
}

const fn stack_step(source: crate::SourceId, total: Fen) -> Step {
    Step {
        rule: Rule::Stack,
        layer: None,
        line: None,
        used: Used::Nothing,
        source: Some(source),
        via: None,
        before: total,
        after: total,
    }
}

/// What was found before any amount is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'p> {
    pub(crate) benefit: &'p Benefit,
    pub(crate) scheme: Scheme,
    pub(crate) disease: Name,
    pub(crate) date: NaiveDate,
}

impl Policy {
    /// The day whose rules apply to a bill: of discharge, admission or settlement, as the pack says; its year is the
    /// year whose accumulators it meets.
    #[must_use]
    pub fn day_of_rules(&self, person: &Person, bill: &Bill) -> NaiveDate {
        let scheme = person.schemes.first().copied();
        let division = self.divisions.get(&person.division);
        let history = division.zip(scheme).and_then(|(division, scheme)| division.history(scheme, bill.care));
        history.map_or(bill.to, |history| dated_by(history, bill))
    }
}

pub(crate) fn dated_by(history: &History, bill: &Bill) -> NaiveDate {
    match history.dated_by {
        DatedBy::Discharge => bill.to,
        DatedBy::Admission => bill.from,
        DatedBy::Settlement => bill.settled,
    }
}

fn covered(person: &Person, date: NaiveDate) -> Result<(), Refusal> {
    match person.covered {
        Some(period) if date < period.from || date > period.to => {
            Err(Refusal::of(Reason::NotCovered, format!("{date}, covered {} to {}", period.from, period.to)))
        }
        _ => Ok(()),
    }
}

/// The disease group of the bill, recognised where the benefit asks for it.
fn disease(division: &CompiledDivision, benefit: &Benefit, person: &Person, bill: &Bill) -> Result<Name, Refusal> {
    if bill.disease.is_empty() {
        return if benefit.needs_qualification {
            Err(Refusal::of(Reason::NotQualified, "bill.disease"))
        } else {
            Ok(Name::EMPTY)
        };
    }
    let group = |code: &Name| division.disease_group(code.as_str());
    let here = group(&bill.disease);
    if !benefit.needs_qualification {
        return Ok(here.unwrap_or(Name::EMPTY));
    }
    let here = here.ok_or_else(|| Refusal::of(Reason::UnknownDisease, bill.disease.as_str()))?;
    let recognised = person.diseases.iter().any(|code| group(code) == Some(here));
    if recognised { Ok(here) } else { Err(Refusal::of(Reason::NotQualified, bill.disease.as_str())) }
}

/// The words of the facts as bits.
pub(crate) fn situation<'f>(facts: &'f Facts, found: &Found<'_>, category: Category) -> Situation<'f> {
    let (person, bill) = (&facts.person, &facts.bill);
    let bits = bill.institution.bit()
        | person.group.bit()
        | found.scheme.bit()
        | category.bit()
        | bill.place.bit()
        | bill.filing.bit()
        | bill.referral.bit()
        | Admission::after(facts.accumulated.admissions).bit()
        | bill.care.bit();
    let mut situation = Situation::new(bits, &person.plans);
    situation.age = person.age.unwrap_or(0);
    situation.disease = found.disease;
    situation
}

/// The parts of the bill, what of it is borne apart, and what the hospital bears.
fn sum_parts(bill: &Bill, lines: &[LineSplit]) -> (Parts, Fen, Fen) {
    if let Costs::Parts(parts) = bill.costs {
        return (parts, parts.apart, parts.hospital);
    }
    let mut parts = Parts::default();
    let (mut apart, mut hospital) = (Fen::ZERO, Fen::ZERO);
    for line in lines {
        parts.outside_catalogue += line.parts.outside_catalogue;
        parts.over_limit += line.parts.over_limit;
        parts.first_self_paid += line.parts.first_self_paid;
        parts.within_scope += line.parts.within_scope;
        apart += line.apart;
        hospital += line.hospital;
    }
    (parts, apart, hospital)
}

pub(crate) fn sum_shares(total: Fen, apart: Fen, hospital: Fen, layers: &[LayerShare]) -> Shares {
    let mut shares = Shares { total, fund: apart, hospital, ..Shares::default() };
    for layer in layers {
        match layer.kind {
            PayerKind::Fund => {
                shares.fund += layer.paid_within_scope;
                shares.other += layer.paid - layer.paid_within_scope;
            }
            PayerKind::Hospital => shares.hospital += layer.paid,
            PayerKind::Other => shares.other += layer.paid,
            PayerKind::Account => shares.account += layer.paid,
            PayerKind::FamilyAccount => shares.family_account += layer.paid,
            PayerKind::Nobody => {}
        }
    }
    shares.person = total - shares.fund - shares.hospital;
    shares.cash = shares.person - shares.other - shares.account - shares.family_account;
    shares
}

pub(crate) fn not_applied(layer: &crate::compile::Layer) -> LayerShare {
    LayerShare {
        layer: layer.name,
        payer: layer.payer,
        kind: layer.kind,
        base: Fen::ZERO,
        deductible_standard: Fen::ZERO,
        deductible: Fen::ZERO,
        cost: Fen::ZERO,
        cost_paid_on: Fen::ZERO,
        ratio: money::Rate::ZERO,
        computed: Fen::ZERO,
        paid: Fen::ZERO,
        paid_within_scope: Fen::ZERO,
    }
}
