//! Builds the tables of one division from the packs of its chain.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;
use money::{Fen, Rounding};
use terms::{Care, Name, Scheme, Word};

use super::gaps;
use super::held;
use super::layer::{Base, Layer};
use super::rows::{Given, PickedRow, Rows};
use super::tables::{Bands, Benefit, CompiledDivision, DatedBy, History, Scope};
use crate::pack::{
    Amount, InForce, Mechanism, PackDivision, PackTree, Parameter, Payer, PayerKind, SourceId, Value, in_force,
    mechanism,
};
use crate::rules::index;
use crate::{Problem, Problems, Severity};

/// The payers of a version, numbered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    pub(crate) payers: Vec<Payer>,
}

impl Index {
    pub(super) fn number(&mut self, payer: &Payer) -> u16 {
        let at = self.payers.iter().position(|known| known == payer).unwrap_or_else(|| {
            self.payers.push(payer.clone());
            self.payers.len() - 1
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }
}

/// The place a benefit is compiled for.
pub(crate) struct Place<'t> {
    pub(crate) chain: Vec<&'t PackDivision>,
    pub(crate) scheme: Scheme,
    pub(crate) care: Care,
}

impl<'t> Place<'t> {
    /// Addresses of a parameter of the benefit itself.
    pub(crate) fn of_benefit(&self, name: &str) -> Vec<String> {
        vec![format!("{}.{}.{name}", self.scheme, self.care), format!("common.{}.{name}", self.care)]
    }

    /// Addresses of a parameter of a layer, or of `scope` and `elsewhere`.
    pub(crate) fn of_layer(&self, layer: &str, name: &str) -> Vec<String> {
        vec![
            format!("{}.{}.{layer}.{name}", self.scheme, self.care),
            format!("common.{}.{layer}.{name}", self.care),
            format!("{}.{layer}.{name}", self.scheme),
            format!("common.{layer}.{name}"),
        ]
    }

    /// The parameter as the nearest division writes it, in force or not.
    pub(super) fn written(&self, addresses: &[String]) -> Option<&'t Parameter> {
        self.chain.iter().find_map(|division| addresses.iter().find_map(|address| division.parameters.get(address)))
    }

    pub(super) fn label(&self) -> String {
        let division = self.chain.first().map_or(String::new(), |division| division.code.to_string());
        format!("{division} {}.{}", self.scheme, self.care)
    }
}

/// Compiles all benefits of a division; `parent` is shared where the division changes nothing.
pub(crate) fn compile_division(
    tree: &PackTree,
    division: &PackDivision,
    parent: Option<&CompiledDivision>,
    index: &mut Index,
    problems: &mut Problems,
) -> CompiledDivision {
    let chain = tree.chain(division.code);
    let mut compiled = CompiledDivision::new(diseases(&chain));
    for &scheme in Scheme::ALL {
        for &care in Care::ALL {
            let place = Place { chain: chain.clone(), scheme, care };
            let shared =
                parent.and_then(|parent| parent.history(scheme, care)).filter(|_| !says_anything(&place, division));
            let history = shared.cloned().or_else(|| compile_history(&place, index, problems).map(Arc::new));
            if let Some(history) = history {
                compiled.set(scheme, care, history);
            }
        }
        held::check_scheme(&chain, &compiled, scheme, problems);
    }
    compiled
}

fn diseases(chain: &[&PackDivision]) -> Vec<(String, Name)> {
    let mut diseases: Vec<(String, Name)> = Vec::new();
    for division in chain {
        for (group, disease) in &division.diseases {
            for code in disease
                .codes
                .iter()
                .filter(|code| !diseases.iter().any(|(known, _)| known == *code))
                .cloned()
                .collect::<Vec<_>>()
            {
                diseases.push((code, *group));
            }
        }
    }
    diseases.sort_by_key(|(code, _)| std::cmp::Reverse(code.len()));
    diseases
}

/// Whether a division's own pack says anything a benefit of this place may depend on.
fn says_anything(place: &Place<'_>, division: &PackDivision) -> bool {
    let concerns = |address: &String| {
        let parts: Vec<&str> = address.split('.').collect();
        let ours = parts.first().is_some_and(|first| *first == "common" || *first == place.scheme.word());
        let second = parts.get(1).copied().unwrap_or("");
        let other_benefit = Care::from_word(second).is_ok_and(|care| care != place.care);
        let never =
            ["contribution", "waiting", "watch", "one_stop", "application", "cross_province", "indicator", "year"]
                .contains(&second);
        ours && !other_benefit && !never
    };
    division.parameters.keys().any(concerns)
        || division.mechanisms.keys().any(concerns)
        || !division.payers.is_empty()
        || !division.diseases.is_empty()
}

fn compile_history(place: &Place<'_>, index: &mut Index, problems: &mut Problems) -> Option<History> {
    let layers = layer_names(place);
    let dates = change_dates(place, &layers);
    let mut builder = Builder { place, date: *dates.first()?, index, problems };
    let dated_by = match builder.word(&place.of_benefit("dated_by")) {
        Some("admission") => DatedBy::Admission,
        Some("settlement") => DatedBy::Settlement,
        _ => DatedBy::Discharge,
    };
    let mut stretches: Vec<(NaiveDate, Option<Arc<Benefit>>)> = Vec::new();
    for date in dates {
        builder.date = date;
        let benefit = builder.benefit().map(Arc::new);
        if benefit.is_some() || stretches.last().is_some_and(|(_, last)| last.is_some()) {
            stretches.push((date, benefit));
        }
    }
    warn_of_pauses(place, &stretches, problems);
    if stretches.is_empty() { None } else { Some(History { dated_by, stretches }) }
}

/// The scope rules of a place on a day, also where it has no benefit of that care; `None` where they hang on a figure that it does
/// not have. Payers are numbered for these rules alone.
pub(crate) fn scope_of(chain: Vec<&PackDivision>, (scheme, care): (Scheme, Care), date: NaiveDate) -> Option<Scope> {
    let (place, mut index, mut problems) = (Place { chain, scheme, care }, Index::default(), Problems::default());
    let scope = Builder { place: &place, date, index: &mut index, problems: &mut problems }.scope();
    Some(scope).filter(|_| !problems.has_errors())
}

/// A stack that ends and begins again later: bills of the days between are refused.
fn warn_of_pauses(place: &Place<'_>, stretches: &[(NaiveDate, Option<Arc<Benefit>>)], problems: &mut Problems) {
    for (pause, after) in stretches.iter().zip(stretches.iter().skip(1)) {
        let (Some(parameter), None) = (place.written(&place.of_benefit("stack")), &pause.1) else { continue };
        problems.add(Problem {
            file: parameter.file.clone(),
            line: parameter.line,
            column: parameter.column,
            severity: Severity::Warning,
            kind: "date_gap",
            found: format!("no stack of {} from {} until {}", place.label(), pause.0, after.0),
            expected: "a stack in force on every day once it has begun".to_owned(),
        });
    }
}

/// Every layer that any stack of this benefit ever names.
fn layer_names(place: &Place<'_>) -> BTreeSet<Name> {
    let addresses = place.of_benefit("stack");
    let stacks =
        place.chain.iter().flat_map(|division| addresses.iter().filter_map(|address| division.parameters.get(address)));
    let values =
        stacks.flat_map(|parameter| parameter.rows.iter().flat_map(|row| row.dated.iter().map(|dated| &dated.value)));
    values
        .filter_map(|value| if let Value::List(names) = value { Some(names.clone()) } else { None })
        .flatten()
        .collect()
}

fn change_dates(place: &Place<'_>, layers: &BTreeSet<Name>) -> BTreeSet<NaiveDate> {
    if layers.is_empty() {
        return BTreeSet::new();
    }
    let concerns = |address: &str| {
        let parts: Vec<&str> = address.split('.').collect();
        let second = parts.get(1).copied().unwrap_or("");
        let ours = parts.first().is_some_and(|first| *first == "common" || *first == place.scheme.word());
        let layer = || Name::new(second).is_ok_and(|name| layers.contains(&name));
        ours && (second == place.care.word() || matches!(second, "scope" | "elsewhere" | "index") || layer())
    };
    let parameters = place.chain.iter().flat_map(|division| division.parameters.iter());
    parameters.filter(|(address, _)| concerns(address)).flat_map(|(_, parameter)| parameter.dates()).collect()
}

pub(super) struct Builder<'b, 't> {
    pub(super) place: &'b Place<'t>,
    pub(super) date: NaiveDate,
    pub(super) index: &'b mut Index,
    pub(super) problems: &'b mut Problems,
}

impl<'t> Builder<'_, 't> {
    fn benefit(&mut self) -> Option<Benefit> {
        let stack_in_force = in_force(&self.place.chain, &self.place.of_benefit("stack"), self.date)?;
        let mut names: Vec<Name> = Vec::new();
        for (_, dated) in &stack_in_force.rows {
            if let Value::List(list) = &dated.value {
                names.extend(list.iter().filter(|name| !names.contains(name)).copied().collect::<Vec<_>>());
            }
        }
        let layers: Vec<Layer> = names.iter().filter_map(|name| self.layer(name, &stack_in_force)).collect();
        self.check_bases(&layers, &stack_in_force);
        let stack = rows_of(&stack_in_force, |value| match value {
            Value::List(list) => Some((
                list.iter().filter_map(|name| layers.iter().position(|layer| layer.name == *name)).collect(),
                None,
            )),
            _ => None,
        });
        let mut benefit = Benefit {
            scheme: self.place.scheme,
            care: self.place.care,
            counts_admission: self.yes(&self.place.of_benefit("counts_admission")),
            needs_qualification: self.yes(&self.place.of_benefit("needs_qualification")),
            at_pharmacy: self.yes(&self.place.of_benefit("at_pharmacy")),
            scope: self.scope(),
            extra_first_self_paid: self.rates("elsewhere", "extra_first_self_paid"),
            stack,
            layers,
            looks_at_age: false,
        };
        benefit.looks_at_age = benefit.asks_for_age();
        gaps::check(self.place, &benefit, self.date, self.problems);
        Some(benefit)
    }

    fn scope(&mut self) -> Scope {
        let payers: Vec<(String, Payer)> = self
            .place
            .chain
            .iter()
            .flat_map(|division| division.payers.iter().map(|(name, payer)| (name.clone(), payer.clone())))
            .collect();
        let apart = in_force(&self.place.chain, &self.place.of_layer("scope", "borne_apart"), self.date);
        let mut unknown = None;
        let borne_apart = apart.as_ref().map_or_else(Rows::empty, |found| {
            rows_of(found, |value| match value {
                Value::Word(word) => {
                    // What is apart no layer sees: a share of a fund kept elsewhere would pass its cap.
                    let fits = |payer: &Payer| payer.kind == PayerKind::Fund && payer.held_by.is_none();
                    let payer = payers.iter().find(|(name, payer)| name == word && fits(payer));
                    if payer.is_none() {
                        unknown = Some(word.clone());
                    }
                    payer.map(|(_, payer)| (self.index.number(payer), None))
                }
                _ => None,
            })
        });
        if let (Some(word), Some(found)) = (unknown, &apart) {
            self.complain(
                found,
                "unknown_name",
                format!("the payer {word:?}"),
                "a fund of payers.toml that no other service keeps",
            );
        }
        Scope {
            first_self_paid: self.bands("scope", "first_self_paid"),
            price_limit: self.amounts_or_none("scope", "price_limit"),
            borne_by_hospital: self.rows("scope", "over_limit_borne_by", |value| match value {
                Value::Word(word) => Some(word == "hospital"),
                _ => None,
            }),
            borne_apart,
            rounding: rounding(self.word(&self.place.of_layer("scope", "rounding"))),
            round_on_bill: self.word(&self.place.of_layer("scope", "round_at")) == Some("bill"),
        }
    }

    /// A base that speaks of another layer needs that layer earlier in every stack.
    fn check_bases(&mut self, layers: &[Layer], stack: &InForce<'_>) {
        for layer in layers {
            let (Base::OverCeiling(of) | Base::CutByCeiling(of) | Base::OwnShareOf(of) | Base::DeductibleOf(of)) =
                layer.how.base
            else {
                continue;
            };
            for (_, dated) in &stack.rows {
                let Value::List(list) = &dated.value else { continue };
                let place = |name: &Name| list.iter().position(|known| known == name);
                let earlier = place(&of).zip(place(&layer.name)).is_some_and(|(of, layer)| of < layer);
                if place(&layer.name).is_some() && !earlier {
                    self.complain(
                        stack,
                        "unknown_name",
                        format!(
                            "the layer {} looks at {of}, which is not before it in the stack of {}",
                            layer.name,
                            self.place.label()
                        ),
                        format!("{of} before {} in the stack", layer.name),
                    );
                }
            }
        }
    }

    pub(super) fn rows<T>(&mut self, layer: &str, name: &str, convert: impl Fn(&Value) -> Option<T>) -> Rows<T> {
        let found = in_force(&self.place.chain, &self.place.of_layer(layer, name), self.date);
        found.map_or_else(Rows::empty, |found| rows_of(&found, |value| convert(value).map(|value| (value, None))))
    }

    pub(super) fn rates(&mut self, layer: &str, name: &str) -> Rows<money::Rate> {
        self.rows(layer, name, |value| if let Value::Rate(rate) = value { Some(*rate) } else { None })
    }

    pub(super) fn bands(&mut self, layer: &str, name: &str) -> Rows<Bands> {
        self.rows(
            layer,
            name,
            |value| {
                if let Value::Bands(bands) = value { Some(Arc::from(bands.as_slice())) } else { None }
            },
        )
    }

    pub(super) fn amounts(&mut self, layer: &str, name: &str, none: Fen) -> Rows<Fen> {
        let rows = self.amounts_or_none(layer, name);
        let rows = rows.iter().map(|row| PickedRow {
            condition: row.condition.clone(),
            value: match &row.value {
                Given::Is(amount) => Given::Is(amount.unwrap_or(none)),
                Given::Absent => Given::Absent,
            },
            source: row.source,
            via: row.via,
            at: row.at,
        });
        Rows::new(rows.collect())
    }

    fn amounts_or_none(&mut self, layer: &str, name: &str) -> Rows<Option<Fen>> {
        let Some(found) = in_force(&self.place.chain, &self.place.of_layer(layer, name), self.date) else {
            return Rows::empty();
        };
        let mut missing = None;
        let rows = given_rows_of(&found, |value| match value {
            Value::Amount(Amount::None) => Some((Given::Is(None), None)),
            Value::Amount(Amount::Fen(fen)) => Some((Given::Is(Some(*fen)), None)),
            Value::Amount(Amount::Share(rate, name)) => {
                let figure = index::figure(&self.place.chain, name, self.date);
                if figure.is_none() {
                    missing = Some(name.clone());
                }
                let (figure, via) = figure?;
                let share = figure.map(|figure| Some((*rate * figure).round(Rounding::HalfUp)));
                Some((share.map_or(Given::Absent, Given::Is), Some(via)))
            }
            _ => None,
        });
        if let Some(index) = missing {
            self.complain(
                &found,
                "gap",
                format!("a share of {index}, which has no value on {} for {}", self.date, self.place.label()),
                format!("common.index.{index} in force on that day"),
            );
        }
        rows
    }

    pub(super) fn word(&self, addresses: &[String]) -> Option<&'t str> {
        mechanism(&self.place.chain, addresses).and_then(|(found, _)| found.words.first()).map(String::as_str)
    }

    pub(super) fn yes(&self, addresses: &[String]) -> bool {
        self.word(addresses) == Some("true")
    }

    pub(super) fn named(&self, addresses: &[String]) -> Option<Name> {
        self.word(addresses).and_then(|word| Name::new(word).ok())
    }

    pub(super) fn complain(
        &mut self,
        at: &InForce<'_>,
        kind: &'static str,
        found: String,
        expected: impl Into<String>,
    ) {
        self.complain_at(at.parameter, kind, found, expected);
    }

    pub(super) fn complain_at(
        &mut self,
        parameter: &Parameter,
        kind: &'static str,
        found: String,
        expected: impl Into<String>,
    ) {
        let beginning = found.split_once(" on ").map_or(found.as_str(), |(beginning, _)| beginning).to_owned();
        let problem = Problem {
            file: parameter.file.clone(),
            line: parameter.line,
            column: parameter.column,
            severity: Severity::Error,
            kind,
            found,
            expected: expected.into(),
        };
        self.problems.add_first(problem, &beginning);
    }

    pub(super) fn warn(&mut self, at: &Mechanism, kind: &'static str, found: String, expected: impl Into<String>) {
        self.problems.add(Problem {
            file: at.file.clone(),
            line: at.line,
            column: at.column,
            severity: Severity::Warning,
            kind,
            found,
            expected: expected.into(),
        });
    }

    pub(super) fn complain_of(
        &mut self,
        at: &Mechanism,
        kind: &'static str,
        found: String,
        expected: impl Into<String>,
    ) {
        self.problems.add(Problem {
            file: at.file.clone(),
            line: at.line,
            column: at.column,
            severity: Severity::Error,
            kind,
            found,
            expected: expected.into(),
        });
    }
}

fn rows_of<T>(found: &InForce<'_>, mut convert: impl FnMut(&Value) -> Option<(T, Option<SourceId>)>) -> Rows<T> {
    given_rows_of(found, |value| convert(value).map(|(value, via)| (Given::Is(value), via)))
}

/// The same, where a value may turn out to be unknown because the index it is a share of is.
fn given_rows_of<T>(
    found: &InForce<'_>,
    mut convert: impl FnMut(&Value) -> Option<(Given<T>, Option<SourceId>)>,
) -> Rows<T> {
    let rows = found.rows.iter().enumerate().filter_map(|(at, (row, dated))| {
        let (value, via) = match &dated.value {
            Value::Absent => (Given::Absent, None),
            value => convert(value)?,
        };
        Some(PickedRow { condition: row.condition.clone(), value, source: dated.source, via, at })
    });
    Rows::new(rows.collect())
}

pub(super) fn rounding(word: Option<&str>) -> Rounding {
    match word {
        Some("half_down") => Rounding::HalfDown,
        Some("down") => Rounding::Down,
        Some("up") => Rounding::Up,
        Some("half_even") => Rounding::HalfEven,
        _ => Rounding::HalfUp,
    }
}
