//! Builds the layers of a benefit.

use money::Fen;
use terms::Name;

use super::builder::{Builder, rounding};
use super::layer::{Base, CeilingPeriod, How, Layer, Pot};
use super::rows::{Given, Rows};
use super::tables::Bands;
use crate::pack::{Home, InForce, Mechanism, Payer, PayerKind, Value, in_force, mechanism, parameters_of};

impl<'t> Builder<'_, 't> {
    pub(super) fn layer(&mut self, name: &Name, stack: &InForce<'t>) -> Option<Layer> {
        let layer = name.as_str();
        let key = |key: &str| self.place.of_layer(layer, key);
        let Some((payer_at, payer_address)) = mechanism(&self.place.chain, &key("payer")) else {
            let found = format!("the layer {layer:?} in the stack of {}", self.place.label());
            self.complain(stack, "unknown_name", found, "a layer with payer = \"…\"");
            return None;
        };
        let payer = self.payer(payer_at)?;
        let meter = self.meter(layer, payer_at, &payer_address)?;
        if !self.is_in_force(layer) {
            self.warn_not_in_force(layer, payer_at);
            return None;
        }
        let (applies, ratio) = self.applies_and_ratio(layer, stack);
        let built = Layer {
            name: *name,
            payer: payer.as_ref().map_or(u16::MAX, |payer| self.index.number(payer)),
            held: payer.as_ref().filter(|payer| payer.held_by.is_some()).map(|payer| payer.name),
            kind: payer.map_or(PayerKind::Nobody, |payer| payer.kind),
            how: self.how(layer),
            meter,
            deductible_meter: self.named(&key("deductible_meter")).unwrap_or(meter),
            shared_meter: self.named(&key("shared_meter")),
            applies,
            deductible: self.amounts(layer, "deductible", Fen::ZERO),
            deductible_factor: self.rates(layer, "deductible_factor").in_order(),
            deductible_floor: self.amounts(layer, "deductible_floor", Fen::ZERO),
            ratio,
            ratio_points: self.rates(layer, "ratio_points").in_order(),
            ratio_per_year_of_age: self.rates(layer, "ratio_per_year_of_age"),
            own_share_factor: self.rates(layer, "own_share_factor"),
            ratio_max: self.rates(layer, "ratio_max"),
            bill_ceiling: self.amounts(layer, "bill_ceiling", Fen::UNLIMITED),
            ceiling: self.amounts(layer, "ceiling", Fen::UNLIMITED),
            ceiling_extra: self.amounts(layer, "ceiling_extra", Fen::ZERO).in_order(),
            shared_ceiling: self.amounts(layer, "shared_ceiling", Fen::UNLIMITED),
        };
        self.check_held(&built, payer_at);
        Some(built)
    }

    /// The name of the layer's own meter: after the address at which its payer is written.
    fn meter(&mut self, layer: &str, payer_at: &Mechanism, payer_address: &str) -> Option<Name> {
        let own = payer_address.strip_suffix(".payer").unwrap_or(payer_address);
        let own = own.replacen("common.", &format!("{}.", self.place.scheme), 1);
        let meter = self.named(&self.place.of_layer(layer, "meter")).or_else(|| Name::new(&own).ok());
        if meter.is_none() {
            self.complain_of(
                payer_at,
                "wrong_value",
                format!("the meter name {own:?}"),
                "at most 47 bytes: set meter = \"…\"",
            );
        }
        meter
    }

    /// A layer without any parameter in force is not there on that day: it has not begun, or it has ended.
    fn warn_not_in_force(&mut self, layer: &str, payer_at: &Mechanism) {
        let mut written =
            parameters_of(Home::Layer).filter_map(|name| self.place.written(&self.place.of_layer(layer, name)));
        let ended = written.any(|parameter| parameter.dates().any(|day| day < self.date));
        let (kind, why) = if ended { ("date_gap", "has ended") } else { ("not_in_force", "is not yet in force") };
        let found = format!("the layer {layer:?} of {}, which {why} on some days of the stack", self.place.label());
        self.warn(payer_at, kind, found, "a value in force, or a stack without the layer");
    }

    /// A layer that may apply needs a ratio.
    fn applies_and_ratio(&mut self, layer: &str, stack: &InForce<'t>) -> (Rows<bool>, Rows<Bands>) {
        let ratio = self.bands(layer, "ratio");
        let applies = self.rows(layer, "applies", |value| if let Value::Yes(yes) = value { Some(*yes) } else { None });
        let may_apply = applies.is_empty() || applies.iter().any(|row| row.value != Given::Is(false));
        if ratio.is_empty() && may_apply {
            let found = format!("the layer {layer:?} of {} without ratio on {}", self.place.label(), self.date);
            let addresses = self.place.of_layer(layer, "ratio");
            let written = self.place.written(&addresses);
            let address = addresses.into_iter().next().unwrap_or_default();
            self.complain_at(
                written.unwrap_or(stack.parameter),
                "gap",
                found,
                format!("{address} in force on that day"),
            );
        }
        (applies, ratio)
    }

    fn how(&self, layer: &str) -> How {
        let key = |key: &str| self.place.of_layer(layer, key);
        let is = |name: &str, word: &str| self.word(&key(name)) == Some(word);
        How {
            base: self.base(&key("base")),
            whole: is("measure", "whole"),
            deductible_yearly: is("deductible_period", "year"),
            top_up: self.yes(&key("top_up")),
            off_class_b: self.yes(&key("deductible_off_class_b")),
            bands_yearly: is("bands_over", "year"),
            bands_from_deductible: is("bands_from", "deductible"),
            less_paid: is("increment", "less_paid"),
            ceiling_counts_cost: is("ceiling_counts", "cost"),
            ceiling_period: match self.word(&key("ceiling_period")) {
                Some("quarter") => CeilingPeriod::Quarter,
                Some("month") => CeilingPeriod::Month,
                _ => CeilingPeriod::Year,
            },
            ceiling_per_disease: is("ceiling_per", "disease"),
            rounding: rounding(self.word(&key("rounding"))),
            round_each_band: is("round_at", "band"),
            plan: self.named(&key("plan")),
            obligatory: self.yes(&key("obligatory")),
        }
    }

    /// Whether any parameter of a layer is in force: a layer that has none on a day is not there on that day.
    fn is_in_force(&self, layer: &str) -> bool {
        let mut names = parameters_of(Home::Layer);
        names.any(|name| in_force(&self.place.chain, &self.place.of_layer(layer, name), self.date).is_some())
    }

    /// The payer of a layer; `Some(None)` is nobody, `None` is unknown.
    fn payer(&mut self, at: &Mechanism) -> Option<Option<Payer>> {
        let name = at.words.first().map_or("", String::as_str);
        if name == "nobody" {
            return Some(None);
        }
        let payer = self.place.chain.iter().find_map(|division| division.payers.get(name)).cloned();
        if payer.is_none() {
            self.complain_of(at, "unknown_name", format!("the payer {name:?}"), "a name of payers.toml, or nobody");
        }
        payer.map(Some)
    }

    fn base(&self, addresses: &[String]) -> Base {
        let Some((found, _)) = mechanism(&self.place.chain, addresses) else {
            return Base::Pots(vec![Pot::WithinScope]);
        };
        let phrase = found
            .words
            .first()
            .and_then(|word| word.split_once(' '))
            .and_then(|(what, layer)| Name::new(layer).ok().map(|layer| (what, layer)));
        match phrase {
            Some(("over_ceiling", layer)) => Base::OverCeiling(layer),
            Some(("cut_by_ceiling", layer)) => Base::CutByCeiling(layer),
            Some(("own_share_of", layer)) => Base::OwnShareOf(layer),
            Some(("deductible_of", layer)) => Base::DeductibleOf(layer),
            _ => Base::Pots(found.words.iter().filter_map(|word| pot(word)).collect()),
        }
    }
}

fn pot(word: &str) -> Option<Pot> {
    Some(match word {
        "within_scope" => Pot::WithinScope,
        "first_self_paid" => Pot::FirstSelfPaid,
        "over_limit" => Pot::OverLimit,
        "outside_catalogue" => Pot::OutsideCatalogue,
        _ => return None,
    })
}
