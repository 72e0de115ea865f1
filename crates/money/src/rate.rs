use std::fmt;
use std::ops::{Add, Mul, Sub};
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Fen, Unrounded};

/// An exact rate with at most six decimals, kept as a whole number of millionths (0.85 is 850,000).
///
/// Whole millionths and not [`Decimal`] inside, because a policy is compiled into tables of integers; a `Decimal`
/// converts both ways at the edge and never loses a digit (more than six decimals are refused).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(i64);

/// Why a text is not a rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a decimal rate with at most six decimals, such as \"0.85\"")]
pub struct ParseRateError;

impl Rate {
    /// Millionths in one.
    pub const SCALE: i64 = 1_000_000;
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The whole.
    pub const ONE: Self = Self(Self::SCALE);

    /// A rate of `millionths` millionths.
    #[must_use]
    pub const fn from_millionths(millionths: i64) -> Self {
        Self(millionths)
    }

    /// The rate as a number of millionths.
    #[must_use]
    pub const fn millionths(self) -> i64 {
        self.0
    }

    /// The rate `count` times (points a year of age).
    #[must_use]
    pub const fn times(self, count: i64) -> Self {
        Self(self.0.saturating_mul(count))
    }

    /// The product of two rates where it has at most six decimals, else `None`: never rounded quietly.
    #[must_use]
    pub fn exact_product(self, other: Self) -> Option<Self> {
        let product = i128::from(self.0) * i128::from(other.0);
        let scale = i128::from(Self::SCALE);
        if product % scale != 0 {
            return None;
        }
        i64::try_from(product / scale).ok().map(Self)
    }

    /// `part / whole` to four decimals, half up, as ratios are reported; `None` where the whole is nothing.
    #[must_use]
    pub fn quotient(part: Fen, whole: Fen) -> Option<Self> {
        if whole.get() <= 0 || part.is_negative() {
            return None;
        }
        let ten_thousandths =
            (i128::from(part.get()) * 10_000 * 2 + i128::from(whole.get())) / (i128::from(whole.get()) * 2);
        i64::try_from(ten_thousandths).ok().and_then(|value| value.checked_mul(100)).map(Self)
    }

    /// Not below zero and not above one.
    #[must_use]
    pub fn clamped(self, max: Self) -> Self {
        Self(self.0.clamp(0, max.0.max(0)))
    }
}

impl Add for Rate {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Rate {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Mul<Fen> for Rate {
    type Output = Unrounded;
    fn mul(self, amount: Fen) -> Unrounded {
        Unrounded::product(self, amount)
    }
}

impl From<Rate> for Decimal {
    fn from(rate: Rate) -> Self {
        Self::new(rate.0, 6).normalize()
    }
}

impl TryFrom<Decimal> for Rate {
    type Error = ParseRateError;
    fn try_from(decimal: Decimal) -> Result<Self, ParseRateError> {
        let mut scaled = decimal.normalize();
        if scaled.scale() > 6 {
            return Err(ParseRateError);
        }
        scaled.rescale(6);
        i64::try_from(scaled.mantissa()).map(Self).map_err(|_| ParseRateError)
    }
}

/// As a decimal without needless zeros: `0.85`.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&Decimal::from(*self).to_string())
    }
}

impl FromStr for Rate {
    type Err = ParseRateError;
    fn from_str(text: &str) -> Result<Self, ParseRateError> {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        let well_formed = digits.len() <= 16
            && digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.ends_with(|c: char| c.is_ascii_digit())
            && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if !well_formed {
            return Err(ParseRateError);
        }
        Decimal::from_str_exact(text).map_err(|_| ParseRateError)?.try_into()
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_reads_back_as_it_was_written() {
        for text in ["0", "0.85", "1", "0.002", "0.000001", "-0.1", "12.5"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        assert_eq!("+0.05".parse::<Rate>(), Ok(Rate::from_millionths(50_000)));
    }

    #[test]
    fn a_rate_of_seven_decimals_or_another_form_is_refused() {
        for text in ["", "0.1234567", "85%", ".5", "5.", "1e-2", "0,85", "1.2.3", "99999999999999999"] {
            assert_eq!(text.parse::<Rate>(), Err(ParseRateError), "{text}");
        }
    }

    #[test]
    fn a_quotient_is_given_to_four_decimals_half_up() {
        let share = |part, whole| Rate::quotient(Fen::new(part), Fen::new(whole)).unwrap().to_string();
        assert_eq!(share(1, 3), "0.3333");
        assert_eq!(share(2, 3), "0.6667");
        assert_eq!(share(5, 100_000), "0.0001");
        assert_eq!(Rate::quotient(Fen::new(1), Fen::ZERO), None);
    }

    #[test]
    fn an_inexact_product_of_rates_is_not_given() {
        let rate = |text: &str| text.parse::<Rate>().unwrap();
        assert_eq!(rate("0.15").exact_product(rate("0.6")), Some(rate("0.09")));
        assert_eq!(rate("0.123456").exact_product(rate("0.1")), None);
    }
}
