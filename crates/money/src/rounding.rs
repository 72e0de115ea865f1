use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

use crate::{Fen, Rate};

/// How an exact product becomes whole fen. Which one applies, and at which step, is policy data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// To the nearest fen, halves away from zero (四舍五入).
    #[default]
    HalfUp,
    /// To the nearest fen, halves towards zero.
    HalfDown,
    /// Towards zero.
    Down,
    /// Away from zero.
    Up,
    /// To the nearest fen, halves to the even fen.
    HalfEven,
}

/// An exact amount in millionths of a fen, not yet money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unrounded(i128);

impl Unrounded {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    pub(crate) fn product(rate: Rate, amount: Fen) -> Self {
        Self(i128::from(rate.millionths()) * i128::from(amount.get()))
    }

    /// The exact amount in millionths of a fen.
    #[must_use]
    pub const fn millionths_of_fen(self) -> i128 {
        self.0
    }

    /// The smallest whole fen of cost that gives this much at `ratio`; nothing where the ratio or the amount is not above zero.
    #[must_use]
    pub fn cost_at(self, ratio: Rate) -> Fen {
        let ratio = i128::from(ratio.millionths());
        if ratio <= 0 || self.0 <= 0 {
            return Fen::ZERO;
        }
        // Inside 64 bits for every amount a door admits, where division is fast.
        let cost = match (i64::try_from(self.0), i64::try_from(ratio)) {
            (Ok(amount), Ok(ratio)) => amount / ratio + i64::from(amount % ratio != 0),
            _ => i64::try_from((self.0 + ratio - 1) / ratio).unwrap_or(i64::MAX),
        };
        Fen::new(cost)
    }

    /// The whole fen under the named rounding.
    #[must_use]
    pub fn round(self, rounding: Rounding) -> Fen {
        // Amounts a door admits stay far inside 64 bits, where division by a constant is a multiplication.
        match i64::try_from(self.0) {
            Ok(small) => Fen::new(round_small(small, rounding)),
            Err(_) => Fen::new(round_large(self.0, rounding)),
        }
    }
}

fn round_small(value: i64, rounding: Rounding) -> i64 {
    let (quotient, rest) = (value / Rate::SCALE, value % Rate::SCALE);
    let twice = (rest * 2).abs();
    quotient
        + if away_from_zero(rounding, twice.cmp(&Rate::SCALE), rest != 0, quotient % 2 != 0) {
            rest.signum()
        } else {
            0
        }
}

fn round_large(value: i128, rounding: Rounding) -> i64 {
    let scale = i128::from(Rate::SCALE);
    let (quotient, rest) = (value / scale, value % scale);
    let away = away_from_zero(rounding, (rest * 2).abs().cmp(&scale), rest != 0, quotient % 2 != 0);
    let whole = quotient + if away { rest.signum() } else { 0 };
    i64::try_from(whole).unwrap_or(if whole < 0 { i64::MIN } else { i64::MAX })
}

fn away_from_zero(rounding: Rounding, to_half: std::cmp::Ordering, inexact: bool, odd: bool) -> bool {
    match rounding {
        Rounding::HalfUp => to_half.is_ge(),
        Rounding::HalfDown => to_half.is_gt(),
        Rounding::Down => false,
        Rounding::Up => inexact,
        Rounding::HalfEven => to_half.is_gt() || (to_half.is_eq() && odd),
    }
}

impl Add for Unrounded {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Unrounded {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rounded(rate: &str, fen: i64, rounding: Rounding) -> i64 {
        (rate.parse::<Rate>().unwrap() * Fen::new(fen)).round(rounding).get()
    }

    #[test]
    fn halves_go_where_the_rounding_says() {
        assert_eq!(rounded("0.5", 1, Rounding::HalfUp), 1);
        assert_eq!(rounded("0.5", -1, Rounding::HalfUp), -1);
        assert_eq!(rounded("0.5", 1, Rounding::HalfDown), 0);
        assert_eq!(rounded("0.500001", 1, Rounding::HalfDown), 1);
        assert_eq!(rounded("0.5", 3, Rounding::HalfEven), 2);
        assert_eq!(rounded("0.5", 5, Rounding::HalfEven), 2);
        assert_eq!(rounded("0.85", 100, Rounding::Down), 85);
        assert_eq!(rounded("0.333333", 100, Rounding::Down), 33);
        assert_eq!(rounded("0.333333", 100, Rounding::Up), 34);
        assert_eq!(rounded("0.499999", 1, Rounding::HalfUp), 0);
    }

    #[test]
    fn openfisca_float_money_68212208_is_exact_here() {
        // 32-bit floats give 68,212,200 for this product.
        assert_eq!(rounded("1", 6_821_220_800, Rounding::HalfUp), 6_821_220_800);
        assert_eq!(rounded("0.8", 8_526_526_000, Rounding::HalfUp), 6_821_220_800);
    }

    proptest! {
        #[test]
        fn the_two_paths_of_rounding_agree(value in -4_000_000_000_000_000_000i64..4_000_000_000_000_000_000i64) {
            for rounding in [Rounding::HalfUp, Rounding::HalfDown, Rounding::Down, Rounding::Up, Rounding::HalfEven] {
                prop_assert_eq!(round_small(value, rounding), round_large(i128::from(value), rounding));
            }
        }

        #[test]
        fn rounding_moves_an_amount_by_less_than_a_fen(rate in 0i64..2_000_000, fen in -100_000_000_000i64..100_000_000_000) {
            let exact = Rate::from_millionths(rate) * Fen::new(fen);
            for rounding in [Rounding::HalfUp, Rounding::HalfDown, Rounding::Down, Rounding::Up, Rounding::HalfEven] {
                let moved = i128::from(exact.round(rounding).get()) * 1_000_000 - exact.millionths_of_fen();
                prop_assert!(moved.abs() < 1_000_000);
            }
        }
    }
}
