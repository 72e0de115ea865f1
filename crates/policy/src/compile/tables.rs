use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use money::{Fen, Rate, Rounding};
use terms::{Care, Name, Scheme, Word};

use super::layer::{CeilingPeriod, Layer};
use super::rows::{Given, Rows};
use crate::condition::Condition;
use crate::facts::Period;
use crate::pack::Band;
use crate::question::MostPaid;
use crate::rules::ceiling;

/// A ratio: its bands, the last open.
pub(crate) type Bands = Arc<[Band]>;

/// Everything compiled for a division.
#[derive(Clone, Debug)]
pub(crate) struct CompiledDivision {
    /// By scheme and kind of care.
    histories: Vec<Option<Arc<History>>>,
    /// Disease codes and their groups, the longest code first.
    pub(crate) diseases: Vec<(String, Name)>,
}

impl CompiledDivision {
    pub(crate) fn new(diseases: Vec<(String, Name)>) -> Self {
        Self { histories: vec![None; Scheme::ALL.len() * Care::ALL.len()], diseases }
    }

    fn at(scheme: Scheme, care: Care) -> usize {
        scheme.index() * Care::ALL.len() + care.index()
    }

    pub(crate) fn set(&mut self, scheme: Scheme, care: Care, history: Arc<History>) {
        if let Some(slot) = self.histories.get_mut(Self::at(scheme, care)) {
            *slot = Some(history);
        }
    }

    pub(crate) fn history(&self, scheme: Scheme, care: Care) -> Option<&Arc<History>> {
        self.histories.get(Self::at(scheme, care)).and_then(Option::as_ref)
    }

    /// Whether a scheme has a benefit on any of these days.
    pub(crate) fn has_benefit(&self, scheme: Scheme, days: Period) -> bool {
        let of_scheme = Care::ALL.iter().filter_map(|care| self.history(scheme, *care));
        of_scheme.flat_map(|history| history.within(days)).next().is_some()
    }

    /// Whether any layer of any benefit counts in a meter of this name, on any day.
    pub(crate) fn knows_meter(&self, name: &Name) -> bool {
        let benefits = self.histories.iter().flatten().flat_map(|history| &history.stretches);
        benefits
            .filter_map(|(_, benefit)| benefit.as_ref())
            .flat_map(|benefit| &benefit.layers)
            .any(|layer| layer.meter == *name || layer.deductible_meter == *name || layer.shared_meter == Some(*name))
    }

    /// The meters that any layer of any benefit counts in on a day of these, each with the parts it can have beside the whole.
    pub(crate) fn meters(&self, days: Period) -> BTreeMap<Name, BTreeSet<Name>> {
        let mut meters: BTreeMap<Name, BTreeSet<Name>> = BTreeMap::new();
        let groups: BTreeSet<Name> = self.diseases.iter().map(|(_, group)| *group).collect();
        for benefit in self.histories.iter().flatten().flat_map(|history| history.within(days)) {
            for layer in &benefit.layers {
                meters.entry(layer.meter).or_default().extend(ceiling::parts(layer, &groups));
                for meter in [Some(layer.deductible_meter), layer.shared_meter].into_iter().flatten() {
                    meters.entry(meter).or_default();
                }
            }
        }
        meters
    }

    /// How much each meter's layers can have paid on days of these at most.
    pub(crate) fn most_paid(&self, days: Period) -> BTreeMap<Name, MostPaid> {
        let mut most: BTreeMap<Name, MostPaid> = BTreeMap::new();
        let mut lent = BTreeSet::new();
        for benefit in self.histories.iter().flatten().flat_map(|history| history.within(days)) {
            for layer in &benefit.layers {
                let of_layer = highest(&layer.ceiling, &layer.ceiling_extra).filter(|_| !layer.how.ceiling_counts_cost);
                let is_in_parts = layer.how.ceiling_period != CeilingPeriod::Year || layer.how.ceiling_per_disease;
                let own = most.entry(layer.meter).or_default();
                if is_in_parts {
                    own.of_part(of_layer);
                    own.of_whole(None);
                } else {
                    own.of_whole(of_layer);
                }
                if let Some(shared) = layer.shared_meter.filter(|shared| *shared != layer.meter) {
                    let of_shared = highest(&layer.shared_ceiling, &Rows::empty());
                    let shared = most.entry(shared).or_default();
                    shared.of_whole(of_shared.filter(|_| !layer.how.ceiling_counts_cost));
                    shared.share();
                }
                if layer.deductible_meter != layer.meter {
                    lent.insert(layer.deductible_meter);
                }
            }
        }
        most.iter_mut().filter(|(meter, _)| lent.contains(meter)).for_each(|(_, most)| most.lend());
        most
    }

    /// Every layer of every benefit in force on a day of these, with its scheme, in the order of the words.
    pub(crate) fn layers(&self, days: Period) -> impl Iterator<Item = (Scheme, &Layer)> {
        let cares = |scheme: &'static Scheme| Care::ALL.iter().map(move |care| (*scheme, *care));
        let histories = Scheme::ALL.iter().flat_map(cares);
        let histories = histories.filter_map(|(scheme, care)| Some((scheme, self.history(scheme, care)?)));
        histories.flat_map(move |(scheme, history)| {
            history.within(days).flat_map(|benefit| &benefit.layers).map(move |layer| (scheme, layer))
        })
    }

    /// The disease group of a code: the exact code before its first four characters.
    pub(crate) fn disease_group(&self, code: &str) -> Option<Name> {
        let exact = self.diseases.iter().find(|(known, _)| known == code);
        let family = || {
            let family = code.get(..4)?;
            self.diseases.iter().find(|(known, _)| known.get(..4) == Some(family))
        };
        exact.or_else(family).map(|(_, group)| *group)
    }
}

/// The highest of the rows with all that may be added to it; none where there is a situation without end, or a value is not known.
fn highest(rows: &Rows<Fen>, extra: &Rows<Fen>) -> Option<Fen> {
    let known = |value: &Given<Fen>| match value {
        Given::Is(value) if *value < Fen::UNLIMITED => Some(*value),
        _ => None,
    };
    let values = rows.iter().map(|row| known(&row.value)).collect::<Option<Vec<_>>>()?;
    let more = extra.iter().map(|row| known(&row.value)).collect::<Option<Vec<_>>>()?;
    values.into_iter().max().map(|highest| highest + more.into_iter().sum())
}

/// A benefit through time.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) dated_by: DatedBy,
    /// In order of first day; `None` where no stack is in force.
    pub(crate) stretches: Vec<(NaiveDate, Option<Arc<Benefit>>)>,
}

impl History {
    pub(crate) fn on(&self, date: NaiveDate) -> Option<&Arc<Benefit>> {
        let after = self.stretches.partition_point(|(from, _)| *from <= date);
        self.stretches.get(after.checked_sub(1)?).and_then(|(_, benefit)| benefit.as_ref())
    }

    /// The benefits in force on any of these days.
    fn within(&self, days: Period) -> impl Iterator<Item = &Benefit> {
        let ends = self.stretches.iter().skip(1).map(|(from, _)| Some(*from)).chain([None]);
        let touched = self.stretches.iter().zip(ends);
        let touched = touched.filter(move |((from, _), end)| *from <= days.to && end.is_none_or(|end| end > days.from));
        touched.filter_map(|((_, benefit), _)| benefit.as_deref())
    }
}

/// Which day's rules apply to a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DatedBy {
    Discharge,
    Admission,
    Settlement,
}

/// A benefit on a stretch of days.
#[derive(Clone, Debug)]
pub(crate) struct Benefit {
    pub(crate) scheme: Scheme,
    pub(crate) care: Care,
    pub(crate) counts_admission: bool,
    pub(crate) needs_qualification: bool,
    pub(crate) at_pharmacy: bool,
    /// Whether any row or slope of it depends on the person's age.
    pub(crate) looks_at_age: bool,
    pub(crate) scope: Scope,
    pub(crate) extra_first_self_paid: Rows<Rate>,
    pub(crate) stack: Rows<Vec<usize>>,
    pub(crate) layers: Vec<Layer>,
}

impl Benefit {
    /// Whether any row of it names an age, or a ratio rises with age.
    pub(super) fn asks_for_age(&self) -> bool {
        let scope = &self.scope;
        self.stack.names_age()
            || self.extra_first_self_paid.names_age()
            || scope.first_self_paid.names_age()
            || scope.price_limit.names_age()
            || scope.borne_by_hospital.names_age()
            || scope.borne_apart.names_age()
            || self.layers.iter().any(Layer::asks_for_age)
    }
}

/// How fee lines are split.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) first_self_paid: Rows<Bands>,
    pub(crate) price_limit: Rows<Option<Fen>>,
    pub(crate) borne_by_hospital: Rows<bool>,
    pub(crate) borne_apart: Rows<u16>,
    pub(crate) rounding: Rounding,
    pub(crate) round_on_bill: bool,
}

impl Benefit {
    /// The conditions of every row that a bill's situation is tested against, before and in the layers.
    pub(crate) fn conditions(&self) -> Vec<&Condition> {
        let mut all: Vec<&Condition> = conditions_of(&self.stack).collect();
        all.extend(conditions_of(&self.extra_first_self_paid));
        for layer in &self.layers {
            all.extend(conditions_of(&layer.applies));
            for rows in [&layer.deductible, &layer.deductible_floor, &layer.bill_ceiling] {
                all.extend(conditions_of(rows));
            }
            for rows in [&layer.ceiling, &layer.ceiling_extra, &layer.shared_ceiling] {
                all.extend(conditions_of(rows));
            }
            all.extend(conditions_of(&layer.ratio));
            for rows in [&layer.deductible_factor, &layer.ratio_points, &layer.ratio_per_year_of_age] {
                all.extend(conditions_of(rows));
            }
            all.extend(conditions_of(&layer.own_share_factor).chain(conditions_of(&layer.ratio_max)));
        }
        all
    }
}

impl Scope {
    /// The conditions of every row that a fee line is tested against.
    pub(crate) fn conditions(&self) -> Vec<&Condition> {
        let own = conditions_of(&self.first_self_paid).chain(conditions_of(&self.price_limit));
        own.chain(conditions_of(&self.borne_by_hospital)).chain(conditions_of(&self.borne_apart)).collect()
    }
}

fn conditions_of<T>(rows: &Rows<T>) -> impl Iterator<Item = &Condition> {
    rows.iter().map(|row| &row.condition)
}
