use money::{Fen, Rate, Rounding};
use terms::Name;

use super::rows::Rows;
use super::tables::Bands;
use crate::PayerKind;

/// One of the four parts of a bill's costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pot {
    WithinScope,
    FirstSelfPaid,
    OverLimit,
    OutsideCatalogue,
}

/// The costs a layer looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    Pots(Vec<Pot>),
    /// Costs above an earlier layer's ceilings.
    OverCeiling(Name),
    /// The payment an earlier layer's ceilings cut off.
    CutByCeiling(Name),
    /// The patient's share of the costs an earlier layer paid on.
    OwnShareOf(Name),
    /// The deductible of an earlier layer.
    DeductibleOf(Name),
}

/// Over which time a ceiling counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CeilingPeriod {
    Year,
    Quarter,
    Month,
}

/// How a layer works: the mechanism keys of its pack.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a mechanism key of a pack, independent of the others")]
pub(crate) struct How {
    pub(crate) base: Base,
    pub(crate) whole: bool,
    pub(crate) deductible_yearly: bool,
    pub(crate) top_up: bool,
    pub(crate) off_class_b: bool,
    pub(crate) bands_yearly: bool,
    pub(crate) bands_from_deductible: bool,
    pub(crate) less_paid: bool,
    pub(crate) ceiling_counts_cost: bool,
    pub(crate) ceiling_period: CeilingPeriod,
    pub(crate) ceiling_per_disease: bool,
    pub(crate) rounding: Rounding,
    pub(crate) round_each_band: bool,
    pub(crate) plan: Option<Name>,
    pub(crate) obligatory: bool,
}

/// One payer's rule.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) name: Name,
    pub(crate) payer: u16,
    pub(crate) kind: PayerKind,
    /// The payer's name, where another service keeps its fund.
    pub(crate) held: Option<Name>,
    pub(crate) how: How,
    pub(crate) meter: Name,
    pub(crate) deductible_meter: Name,
    pub(crate) shared_meter: Option<Name>,

    pub(crate) applies: Rows<bool>,
    pub(crate) deductible: Rows<Fen>,
    pub(crate) deductible_factor: Rows<Rate>,
    pub(crate) deductible_floor: Rows<Fen>,
    pub(crate) ratio: Rows<Bands>,
    pub(crate) ratio_points: Rows<Rate>,
    pub(crate) ratio_per_year_of_age: Rows<Rate>,
    pub(crate) own_share_factor: Rows<Rate>,
    pub(crate) ratio_max: Rows<Rate>,
    pub(crate) bill_ceiling: Rows<Fen>,
    pub(crate) ceiling: Rows<Fen>,
    pub(crate) ceiling_extra: Rows<Fen>,
    pub(crate) shared_ceiling: Rows<Fen>,
}

impl Layer {
    /// Whether any row of it names an age, or its ratio rises with age.
    pub(super) fn asks_for_age(&self) -> bool {
        let amounts = [
            &self.deductible,
            &self.deductible_floor,
            &self.bill_ceiling,
            &self.ceiling,
            &self.ceiling_extra,
            &self.shared_ceiling,
        ];
        let rates = [&self.deductible_factor, &self.ratio_points, &self.own_share_factor, &self.ratio_max];
        !self.ratio_per_year_of_age.is_empty()
            || self.applies.names_age()
            || self.ratio.names_age()
            || amounts.iter().any(|rows| rows.names_age())
            || rates.iter().any(|rows| rows.names_age())
    }
}
