//! What a layer's bands give for a bill, and the smallest cost that gives a payment.

use money::Fen;

use super::bands::{graduated, reaches};
use crate::compile::Layer;
use crate::facts::Counts;
use crate::pack::Band;

/// The bill's place on the bands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    /// Where the bands begin to pay (the deductible, or zero).
    offset: Fen,
    /// Where this bill's costs begin.
    pub(crate) start: Fen,
}

impl Stretch {
    /// Over this bill, or over the year's accumulated costs; from zero, or from the deductible upwards.
    pub(crate) fn of(layer: &Layer, own: &Counts, deductible: Fen) -> Self {
        let (base, paid_off) = if layer.how.bands_yearly { (own.base, own.deductible) } else { (Fen::ZERO, Fen::ZERO) };
        if layer.how.bands_from_deductible {
            Self { offset: Fen::ZERO, start: base - paid_off }
        } else {
            Self { offset: paid_off + deductible, start: base + deductible }
        }
    }

    /// What the bands give for `cost`: F(after) − F(before), each rounded, so that a year's bills add up to F of the year.
    pub(crate) fn payment(&self, layer: &Layer, bands: &[Band], cost: Fen) -> Fen {
        let how = (layer.how.rounding, layer.how.round_each_band);
        if !layer.how.bands_yearly {
            return graduated(bands, how, self.start, self.start + cost);
        }
        graduated(bands, how, self.offset, self.start + cost) - graduated(bands, how, self.offset, self.start)
    }

    /// F(after) of the whole year.
    pub(crate) fn payment_of_year(&self, layer: &Layer, bands: &[Band], cost: Fen) -> Fen {
        graduated(bands, (layer.how.rounding, layer.how.round_each_band), self.offset, self.start + cost)
    }

    /// The smallest cost up to `cost` that gives `payment` before rounding (`domain.md` 6.1: 2,000 at 60 % is 3,333.34).
    /// Nothing is paid on nothing: where the bills before have used a ceiling up, no fen of this bill counts.
    pub(crate) fn smallest_cost(
        &self,
        layer: &Layer,
        bands: &[Band],
        own: &Counts,
        (cost, payment): (Fen, Fen),
    ) -> Fen {
        if payment.is_zero() {
            return Fen::ZERO;
        }
        let from = if layer.how.bands_yearly { self.offset } else { self.start };
        let before = if layer.how.bands_yearly && layer.how.less_paid {
            own.paid
        } else {
            graduated(bands, (layer.how.rounding, layer.how.round_each_band), from, self.start)
        };
        reaches(bands, from, self.start + cost, before + payment).above(self.start)
    }
}
