//! Finds what is in force, with the addresses and the lookup that compiling uses.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use money::Rounding;
use terms::{Care, Division, Name, Scheme, Word};

use super::{Group, Named, ShowError, ShownBenefit, ShownKey, ShownOther, ShownParameter, ShownRow};
use crate::compile::Place;
use crate::pack::{Amount, Home, InForce, PackDivision, Value, in_force, mechanism, mechanisms_of, parameters_of};
use crate::rules::index;
use crate::{Payer, Policy};

/// The benefits asked for.
pub(super) struct Wanted {
    scheme: Option<Scheme>,
    care: Care,
}

impl Wanted {
    pub(super) fn read(text: &str) -> Result<Self, ShowError> {
        let unknown = || ShowError::UnknownBenefit {
            found: text.to_owned(),
            expected: Care::ALL.iter().map(|care| care.word()).collect(),
        };
        let (scheme, care) = match text.split_once('.') {
            Some((scheme, care)) => (Some(Scheme::from_word(scheme).map_err(|_| unknown())?), care),
            None => (None, text),
        };
        Ok(Self { scheme, care: Care::from_word(care).map_err(|_| unknown())? })
    }

    fn wants(&self, scheme: Scheme, care: Care) -> bool {
        self.care == care && self.scheme.is_none_or(|wanted| wanted == scheme)
    }
}

/// A division on a day.
pub(super) struct Build<'p> {
    policy: &'p Policy,
    chain: Vec<&'p PackDivision>,
    division: Division,
    date: NaiveDate,
}

impl<'p> Build<'p> {
    pub(super) fn new(policy: &'p Policy, division: Division, date: NaiveDate) -> Result<Self, ShowError> {
        let chain = policy.chain(division);
        if chain.is_empty() {
            return Err(ShowError::UnknownDivision(division));
        }
        let parameters = chain.iter().flat_map(|division| division.parameters.values());
        let first = parameters.flat_map(|parameter| parameter.dates().collect::<Vec<_>>()).min();
        match first {
            Some(first) if date < first => Err(ShowError::BeforeEverything { division, date, first }),
            _ => Ok(Self { policy, chain, division, date }),
        }
    }

    pub(super) fn chain(&self) -> Vec<Named> {
        let named =
            |division: &&PackDivision| Named { code: division.code, zh: division.zh.clone(), en: division.en.clone() };
        self.chain.iter().map(named).collect()
    }

    pub(super) fn benefits(&self, wanted: Option<&Wanted>) -> Vec<ShownBenefit> {
        let both = Scheme::ALL.iter().flat_map(|scheme| Care::ALL.iter().map(|care| (*scheme, *care)));
        both.filter(|(scheme, care)| wanted.is_none_or(|wanted| wanted.wants(*scheme, *care)))
            .filter_map(|(scheme, care)| self.benefit(scheme, care))
            .collect()
    }

    fn benefit(&self, scheme: Scheme, care: Care) -> Option<ShownBenefit> {
        let place = Place { chain: self.chain.clone(), scheme, care };
        let stack = in_force(&self.chain, &place.of_benefit("stack"), self.date)?;
        let mut names: Vec<Name> = Vec::new();
        for (_, dated) in &stack.rows {
            if let Value::List(list) = &dated.value {
                let fresh: Vec<Name> = list.iter().filter(|name| !names.contains(name)).copied().collect();
                names.extend(fresh);
            }
        }
        let of_layer = |group: &str, home: Home| self.group(group, home, &|name| place.of_layer(group, name));
        let before = [
            self.group("benefit", Home::Benefit, &|name| place.of_benefit(name)),
            of_layer("scope", Home::Scope),
            of_layer("elsewhere", Home::Elsewhere),
        ];
        let layers = names.iter().map(|name| of_layer(name.as_str(), Home::Layer));
        Some(ShownBenefit {
            scheme,
            care,
            before: before.into_iter().filter(|group| !group.parameters.is_empty()).collect(),
            layers: layers.filter(|group| !group.parameters.is_empty()).collect(),
        })
    }

    fn group(&self, group: &str, home: Home, addresses: &dyn Fn(&str) -> Vec<String>) -> Group {
        let keys = mechanisms_of(home).filter_map(|key| {
            let (found, _) = mechanism(&self.chain, &addresses(key))?;
            let (division, value) = (found.division, found.words.join(", "));
            Some(ShownKey { key: key.to_owned(), value, division, inherited: division != self.division })
        });
        let mechanism: Vec<ShownKey> = keys.collect();
        let payer = mechanism.iter().find(|key| key.key == "payer").and_then(|key| self.payer(&key.value));
        let parameters = parameters_of(home).filter_map(|name| self.parameter(name, &addresses(name))).collect();
        Group { name: group.to_owned(), payer, mechanism, parameters }
    }

    fn payer(&self, name: &str) -> Option<Payer> {
        self.chain.iter().find_map(|division| division.payers.get(name)).cloned()
    }

    fn parameter(&self, name: &str, addresses: &[String]) -> Option<ShownParameter> {
        let found: InForce<'_> = in_force(&self.chain, addresses, self.date)?;
        let rows = found.rows.iter().filter_map(|(_, dated)| {
            let citation = self.policy.citation(dated.source)?.clone();
            let inherited = citation.division != self.division;
            Some(ShownRow { citation, comes_to: self.comes_to(&dated.value), inherited })
        });
        Some(ShownParameter { name: name.to_owned(), rows: rows.collect() })
    }

    fn comes_to(&self, value: &Value) -> Option<String> {
        let Value::Amount(Amount::Share(rate, name)) = value else { return None };
        let figure = index::figure(&self.chain, name, self.date)?.0?;
        Some((*rate * figure).round(Rounding::HalfUp).to_string())
    }

    /// What stands beside the benefits; what is the same for both schemes stands once.
    pub(super) fn others(&self) -> Vec<ShownOther> {
        let stems = [
            ("contribution", Home::Contribution),
            ("waiting", Home::Waiting),
            ("watch", Home::Watch),
            ("one_stop", Home::OneStop),
            ("application", Home::Application),
            ("cross_province", Home::CrossProvince),
            ("year", Home::Year),
            ("index", Home::Index),
            ("indicator", Home::Indicator),
        ];
        let mut others = Vec::new();
        for (stem, home) in stems {
            let of_scheme = |scheme: Scheme| self.other(scheme, stem, home);
            let groups: Vec<(Scheme, Group)> = Scheme::ALL.iter().map(|scheme| (*scheme, of_scheme(*scheme))).collect();
            let same = groups.windows(2).all(|two| two.first().map(|one| &one.1) == two.last().map(|one| &one.1));
            let kept = groups.into_iter().take(if same { 1 } else { Scheme::ALL.len() });
            let kept = kept.filter(|(_, group)| !group.parameters.is_empty());
            others.extend(kept.map(|(scheme, group)| ShownOther { scheme: Some(scheme).filter(|_| !same), group }));
        }
        others
    }

    fn other(&self, scheme: Scheme, stem: &str, home: Home) -> Group {
        let addresses = |name: &str| vec![format!("{scheme}.{stem}.{name}"), format!("common.{stem}.{name}")];
        let mut group = self.group(stem, home, &addresses);
        if matches!(home, Home::Index | Home::Indicator) {
            let named = self.free_names(scheme, stem);
            group.parameters = named.iter().filter_map(|name| self.parameter(name, &addresses(name))).collect();
        }
        group
    }

    /// Names that packs are free to choose.
    fn free_names(&self, scheme: Scheme, stem: &str) -> BTreeSet<String> {
        let prefixes = [format!("{scheme}.{stem}."), format!("common.{stem}.")];
        let addresses = self.chain.iter().flat_map(|division| division.parameters.keys());
        addresses
            .filter_map(|address| prefixes.iter().find_map(|prefix| address.strip_prefix(prefix.as_str())))
            .map(str::to_owned)
            .collect()
    }
}
