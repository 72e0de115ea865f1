//! Probes one benefit through its whole history, in every situation that its rows tell apart.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use terms::{Category, Division, Epidemic, Filing, LineClass, LineKind, Name, Place};

use super::curve::{Curve, Key};
use super::findings::Findings;
use super::{cliffs, inversions, prices};
use crate::Policy;
use crate::batch::{Candidate, Room};
use crate::compile::{Benefit, History, combinations, possible_words};
use crate::condition::{Condition, DIMENSIONS, Dimension, Fact, Situation};

/// What a probe is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe<'p> {
    pub(super) policy: &'p Policy,
    pub(super) division: Division,
    pub(super) benefit: &'p Benefit,
    pub(super) date: NaiveDate,
}

impl<'p> Probe<'p> {
    /// The values of a situation; `None` where one of them is not known, or not set.
    pub(super) fn candidate(&self, situation: Situation<'p>) -> Option<Candidate<'p>> {
        Candidate::resolve(self.policy, self.benefit, situation, self.date).ok()
    }
}

/// The curves found so far in a history, and the pairs of them that were compared.
#[derive(Debug, Default)]
pub(super) struct Curves<'p> {
    pub(super) all: Vec<Curve<'p>>,
    by_key: BTreeMap<Key, usize>,
    pub(super) compared: BTreeSet<(&'static str, usize, usize)>,
}

/// Probes every stretch of a history.
pub(super) fn probe(
    policy: &Policy,
    division: Division,
    history: &History,
    poorer_first: &[Vec<Category>],
    findings: &mut Findings,
) {
    let plans = plans_of(history);
    let mut curves = Curves::default();
    let mut room = Room::new(false);
    for (date, benefit) in &history.stretches {
        let Some(benefit) = benefit else { continue };
        let probe = Probe { policy, division, benefit, date: *date };
        let words = Words::of(benefit);
        let mut situations: Vec<(Situation<'_>, usize)> = Vec::new();
        for situation in words.situations(benefit, &plans) {
            let Some(candidate) = probe.candidate(situation) else { continue };
            let known = curves.by_key.len();
            let at = *curves.by_key.entry(Curve::key(&candidate)).or_insert(known);
            if at == known {
                let curve = Curve::new(candidate, &mut room);
                cliffs::probe(&probe, &curve, &mut room, findings);
                curves.all.push(curve);
            }
            if let Some(curve) = curves.all.get(at) {
                prices::probe(&probe, curve, &situation, &mut room, findings);
            }
            situations.push((situation, at));
        }
        inversions::probe(&probe, &words, &situations, &mut curves, poorer_first, findings);
    }
}

/// Every plan that a layer is for or a row asks for.
fn plans_of(history: &History) -> Vec<Name> {
    let mut plans = BTreeSet::new();
    for benefit in history.stretches.iter().filter_map(|(_, benefit)| benefit.as_ref()) {
        plans.extend(benefit.layers.iter().filter_map(|layer| layer.how.plan));
        for condition in benefit.conditions() {
            plans.extend(condition.more.iter().flat_map(|more| more.plans.iter().copied()));
        }
    }
    plans.into_iter().collect()
}

/// The words that the rows of a benefit tell apart: of words that all rows treat alike, one stands for all.
#[derive(Debug, Default)]
pub(super) struct Words {
    lists: Vec<Vec<u128>>,
    stand_ins: BTreeMap<u128, u128>,
    ages: Vec<u8>,
    diseases: Vec<Name>,
}

impl Words {
    fn of(benefit: &Benefit) -> Self {
        let mut conditions = benefit.conditions();
        conditions.extend(benefit.scope.conditions());
        let more = || conditions.iter().filter_map(|condition| condition.more.as_deref());
        let mut ages = BTreeSet::from([0]);
        ages.extend(more().filter_map(|more| more.age).flat_map(|(from, to)| [from, to.saturating_add(1)]));
        let mut diseases: BTreeSet<Name> = more().flat_map(|more| more.diseases.iter().copied()).collect();
        if diseases.is_empty() || !benefit.needs_qualification {
            diseases.insert(Name::EMPTY);
        }
        let (ages, diseases) = (ages.into_iter().collect(), diseases.into_iter().collect());
        let mut words = Self { lists: Vec::new(), stand_ins: BTreeMap::new(), ages, diseases };
        let of_lines = LineClass::MASK | LineKind::MASK | Epidemic::MASK;
        for (at, dimension) in DIMENSIONS.iter().enumerate().filter(|(_, of)| of.mask & of_lines == 0) {
            if conditions.iter().any(|condition| condition.named & (1 << at) != 0) {
                words.add(benefit, dimension, &conditions);
            }
        }
        words
    }

    fn add(&mut self, benefit: &Benefit, dimension: &Dimension, conditions: &[&Condition]) {
        let alone = Place::Local.bit() | Filing::AtHome.bit();
        let alike = |one: u128, other: u128| {
            (one | other) & alone == 0
                && conditions.iter().all(|condition| (condition.allowed & one == 0) == (condition.allowed & other == 0))
        };
        let mut list: Vec<u128> = Vec::new();
        for word in possible_words(benefit, dimension, false) {
            let known = list.iter().copied().find(|known| alike(*known, word));
            self.stand_ins.insert(word, known.unwrap_or(word));
            if known.is_none() {
                list.push(word);
            }
        }
        self.lists.push(list);
    }

    /// The word that stands for this one; itself where the rows do not name its dimension.
    pub(super) fn stand_in(&self, word: u128) -> u128 {
        self.stand_ins.get(&word).copied().unwrap_or(word)
    }

    fn situations<'s>(&self, benefit: &Benefit, plans: &'s [Name]) -> Vec<Situation<'s>> {
        let fixed = benefit.scheme.bit() | benefit.care.bit();
        let mut all = Vec::new();
        for bits in combinations(&self.lists) {
            for age in &self.ages {
                for disease in &self.diseases {
                    let none: &[Name] = &[];
                    all.extend(std::iter::once(none).chain(plans.chunks(1)).map(|plans| Situation {
                        age: *age,
                        disease: *disease,
                        ..Situation::new(bits | fixed, plans)
                    }));
                }
            }
        }
        all
    }
}
